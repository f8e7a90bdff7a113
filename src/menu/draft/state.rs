//! A state and its parts.

use super::choice::{read_arms, read_choices};
use super::form::{self, target};
use super::{
    CallDraft, Form, GUARDS, KindDraft, ListDraft, Name, StateDraft, entries, items, name, pairs, say,
};
use crate::menu::model::InputKind;
use crate::menu::report::{Finding, Place};
use crate::menu::yaml::Node;

/// The keys that say what a state is.
pub(in crate::menu) const KINDS: &[&str] =
    &["menu", "list", "input", "text", "branch", "action", "call", "end"];
/// All keys of a state.
pub(in crate::menu) const KEYS: &[&str] = &[
    "say", "requires", "use", "back", "paged", "menu", "list", "input", "text", "branch", "action", "call",
    "end",
];
pub(in crate::menu) const LIST_KEYS: &[&str] = &["from", "with", "item", "save", "go", "empty", "choices"];
pub(in crate::menu) const USE_KEYS: &[&str] = &["from", "with", "as"];
pub(in crate::menu) const INPUT_KEYS: &[&str] = &["type", "min", "max", "from_days", "to_days", "save", "go"];
pub(in crate::menu) const ACTION_KEYS: &[&str] = &["do", "with", "on"];
pub(in crate::menu) const CALL_KEYS: &[&str] = &["flow", "go"];

pub(super) fn read(name: Option<Name>, node: &Node, findings: &mut Vec<Finding>) -> Option<StateDraft> {
    let form = Form::of(node, "a state", KEYS, findings);
    let name = name?;
    let Some(form) = form else {
        return Some(StateDraft {
            name,
            say: None,
            requires: super::Guard::Anonymous,
            uses: Vec::new(),
            back: true,
            paged: false,
            kind: KindDraft::Broken,
        });
    };
    let kind = read_kind(&form, name.place, findings);
    let say = form.get("say").and_then(|node| say(node, "`say`", findings));
    let state = StateDraft {
        say,
        requires: form.one_of("requires", &GUARDS, findings).unwrap_or_default(),
        uses: form.get("use").map(|node| read_uses(node, findings)).unwrap_or_default(),
        back: form.flag("back", true, findings),
        paged: form.flag("paged", false, findings),
        kind,
        name,
    };
    check_fit(&form, &state, findings);
    Some(state)
}

/// What belongs to which kind of state.
fn check_fit(form: &Form<'_>, state: &StateDraft, findings: &mut Vec<Finding>) {
    let silent =
        matches!(state.kind, KindDraft::Branch(_) | KindDraft::Action { .. } | KindDraft::Call { .. });
    let broken = matches!(state.kind, KindDraft::Broken);
    if silent && let Some(place) = form.key_place("say") {
        findings.push(
            Finding::error("wrong-kind", place, "a `branch`, an `action` and a `call` show no text")
                .hint("write the text in the state that follows"),
        );
    }
    if !silent && !broken && form.get("say").is_none() {
        findings.push(Finding::error(
            "missing-key",
            state.name.place,
            format!("state `{}` needs `say`, its text", state.name.text),
        ));
    }
    if silent && let Some(place) = form.key_place("back") {
        findings.push(Finding::error("wrong-kind", place, "`back` is for states with a screen"));
    }
    if !matches!(state.kind, KindDraft::Menu(_) | KindDraft::Broken)
        && let Some(place) = form.key_place("paged")
    {
        findings.push(Finding::error("wrong-kind", place, "`paged` is for a `menu`").hint(
            "a `list` and a `text` break into pages by themselves; an `input` and an `end` must fit one",
        ));
    }
}

fn read_kind(form: &Form<'_>, place: Place, findings: &mut Vec<Finding>) -> KindDraft {
    let kinds: Vec<&str> = KINDS.iter().copied().filter(|kind| form.get(kind).is_some()).collect();
    let (kind, node) = match kinds.as_slice() {
        [kind] => match form.get(kind) {
            Some(node) => (*kind, node),
            None => return KindDraft::Broken,
        },
        [] => {
            findings.push(
                Finding::error("missing-key", place, "nothing says what this state is")
                    .hint(format!("give it one of {}", listed(KINDS))),
            );
            return KindDraft::Broken;
        }
        [first, second, ..] => {
            findings.push(Finding::error(
                "double-kind",
                form.key_place(second).unwrap_or(place),
                format!("a state is one thing: this one has `{first}` and `{second}`"),
            ));
            return KindDraft::Broken;
        }
    };
    match kind {
        "menu" => {
            let choices = read_choices(node, findings);
            if choices.is_empty() && matches!(node, Node::List(list) if list.items.is_empty()) {
                findings.push(
                    Finding::error("dead-end", node.place(), "a `menu` needs at least one choice")
                        .hint("a text with nothing to choose is `text: []`"),
                );
            }
            KindDraft::Menu(choices)
        }
        "text" => KindDraft::Text(read_choices(node, findings)),
        "list" => read_list(node, findings).map_or(KindDraft::Broken, |list| KindDraft::List(Box::new(list))),
        "input" => read_input(node, findings).unwrap_or(KindDraft::Broken),
        "branch" => KindDraft::Branch(read_arms(node, findings)),
        "action" => read_action(node, findings).unwrap_or(KindDraft::Broken),
        "call" => read_call(node, findings).unwrap_or(KindDraft::Broken),
        _ => {
            if !form.flag("end", true, findings) {
                findings.push(Finding::error("bad-value", node.place(), "`end` is `true` or left out"));
            }
            KindDraft::End
        }
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn read_uses(node: &Node, findings: &mut Vec<Finding>) -> Vec<CallDraft> {
    items(node, "`use`", findings)
        .iter()
        .filter_map(|node| match node {
            Node::Map(_) => {
                let form = Form::of(node, "an entry of `use`", USE_KEYS, findings)?;
                read_source(&form, form.name("as", findings), findings)
            }
            _ => Some(CallDraft { source: name(node, findings)?, with: Vec::new(), alias: None }),
        })
        .collect()
}

fn read_source(form: &Form<'_>, alias: Option<Name>, findings: &mut Vec<Finding>) -> Option<CallDraft> {
    let source = form.need_name("from", findings)?;
    Some(CallDraft { source, with: pairs(form.get("with"), "a parameter", findings), alias })
}

fn read_list(node: &Node, findings: &mut Vec<Finding>) -> Option<ListDraft> {
    let form = Form::of(node, "`list`", LIST_KEYS, findings)?;
    let from = read_source(&form, None, findings);
    let list = ListDraft {
        item: form.need("item", findings).and_then(|node| say(node, "`item`", findings)),
        save: form.name("save", findings),
        go: form.get("go").and_then(|node| target(node, findings)),
        empty: form.need_target("empty", findings),
        choices: form.get("choices").map(|node| read_choices(node, findings)).unwrap_or_default(),
        from: from?,
    };
    if let (Some(save), None) = (&list.save, &list.go) {
        findings.push(
            Finding::error("missing-key", save.place, "a `list` that saves a choice needs `go`")
                .hint("without `go` the items are only shown"),
        );
    }
    Some(list)
}

fn read_input(node: &Node, findings: &mut Vec<Finding>) -> Option<KindDraft> {
    let form = Form::of(node, "`input`", INPUT_KEYS, findings)?;
    let types = ["digits", "pin", "number", "date", "phone", "name", "text"].map(|word| (word, word));
    form.need("type", findings);
    let wanted = form.one_of("type", &types, findings);
    let save = form.name("save", findings);
    let go = form.need_target("go", findings);
    // What cannot be read stands as a name: the answer and the way on stay known.
    let Some(wanted) = wanted else {
        return Some(KindDraft::Input { kind: InputKind::Name, place: form.place, save, go });
    };
    let kind = read_input_kind(&form, wanted, findings).unwrap_or(InputKind::Name);
    let allowed: &[&str] = match wanted {
        "digits" | "number" => &["min", "max"],
        "date" => &["from_days", "to_days"],
        "text" => &["max"],
        _ => &[],
    };
    for key in ["min", "max", "from_days", "to_days"] {
        if let Some(place) = form.key_place(key)
            && !allowed.contains(&key)
        {
            findings.push(Finding::error(
                "unknown-key",
                place,
                format!("an input of type `{wanted}` has no `{key}`"),
            ));
        }
    }
    match (wanted, &save) {
        ("pin", Some(save)) => findings.push(
            Finding::error("saved-pin", save.place, "a PIN is never saved")
                .hint("leave `save` out: the PIN goes to the action that `go` leads to"),
        ),
        ("pin", None) | (_, Some(_)) => {}
        (_, None) => findings.push(Finding::warning(
            "lost-answer",
            form.place,
            "the answer to this question is not saved",
        )),
    }
    Some(KindDraft::Input { kind, place: form.place, save: save.filter(|_| wanted != "pin"), go })
}

fn read_input_kind(form: &Form<'_>, wanted: &str, findings: &mut Vec<Finding>) -> Option<InputKind> {
    let kind = match wanted {
        "digits" => {
            let min = form.need_number("min", 1..=20, findings);
            let max = form.need_number("max", 1..=20, findings);
            InputKind::Digits { min: u8::try_from(min?).ok()?, max: u8::try_from(max?).ok()? }
        }
        "pin" => InputKind::Pin,
        "number" => {
            let min = form.need_number("min", -1_000_000..=1_000_000_000, findings);
            let max = form.need_number("max", -1_000_000..=1_000_000_000, findings);
            InputKind::Number { min: min?, max: max? }
        }
        "date" => {
            let from = form.need_number("from_days", -40_000..=40_000, findings);
            let to = form.need_number("to_days", -40_000..=40_000, findings);
            InputKind::Date { from_days: from?, to_days: to? }
        }
        "phone" => InputKind::Phone,
        "name" => InputKind::Name,
        _ => {
            let max = form.need_number("max", 1..=160, findings);
            InputKind::Text { max: u16::try_from(max?).ok()? }
        }
    };
    let empty = match kind {
        InputKind::Digits { min, max } => min > max,
        InputKind::Number { min, max } => min > max,
        InputKind::Date { from_days, to_days } => from_days > to_days,
        _ => false,
    };
    if empty {
        findings.push(Finding::error(
            "bad-value",
            form.place,
            "no answer fits: the least is more than the most",
        ));
    }
    Some(kind)
}

fn read_action(node: &Node, findings: &mut Vec<Finding>) -> Option<KindDraft> {
    let form = Form::of(node, "`action`", ACTION_KEYS, findings)?;
    let action = form.need_name("do", findings);
    let with = pairs(form.get("with"), "a parameter", findings);
    let on = form.need("on", findings).and_then(|node| entries(node, "`on`", findings)).unwrap_or_default();
    let on = on
        .into_iter()
        .filter_map(|(outcome, node)| {
            let outcome = form::name_of(outcome, findings);
            let target = target(node, findings);
            Some((outcome?, target?))
        })
        .collect();
    Some(KindDraft::Action { action: action?, with, on, place: form.place })
}

fn read_call(node: &Node, findings: &mut Vec<Finding>) -> Option<KindDraft> {
    let form = Form::of(node, "`call`", CALL_KEYS, findings)?;
    let flow = form.need_name("flow", findings);
    let go = form.need_target("go", findings);
    Some(KindDraft::Call { flow: flow?, go })
}
