//! Choices, and the arms of a branch.

use super::form::target;
use super::{ArmDraft, ChoiceDraft, Form, Name, entries, items, pairs, say, scalar};
use crate::menu::report::Finding;
use crate::menu::yaml::{Node, Scalar};

pub(in crate::menu) const CHOICE_KEYS: &[&str] = &["key", "say", "go", "words", "when", "set"];
pub(in crate::menu) const ARM_KEYS: &[&str] = &["when", "go", "otherwise"];

pub(super) fn read_choices(node: &Node, findings: &mut Vec<Finding>) -> Vec<ChoiceDraft> {
    items(node, "the choices", findings).iter().filter_map(|node| read_choice(node, findings)).collect()
}

fn read_choice(node: &Node, findings: &mut Vec<Finding>) -> Option<ChoiceDraft> {
    let form = Form::of(node, "a choice", CHOICE_KEYS, findings)?;
    let key = form.need("key", findings).and_then(|node| scalar(node, "a key", findings))?;
    if !super::root::is_key(&key.text) && !matches!(key.text.as_str(), "*" | "#") {
        findings.push(
            Finding::error("bad-key", key.place(), format!("nobody can type the key `{}`", key.text))
                .hint("a key is one to four digits; words go in `words`"),
        );
    }
    let words = form.get("words").and_then(|node| entries(node, "`words`", findings)).unwrap_or_default();
    let words = words
        .into_iter()
        .map(|(code, node)| {
            let words = items(node, "the words of a language", findings)
                .iter()
                .filter_map(|node| scalar(node, "a word", findings).map(Name::of))
                .collect();
            (Name::of(code), words)
        })
        .collect();
    let set = pairs(form.get("set"), "an answer", findings);
    for (_, value) in &set {
        if value.text.contains("{{") || value.text.contains("{%") {
            findings.push(Finding::error(
                "bad-value",
                value.place(),
                "`set` gives a fixed answer, not a template",
            ));
        }
    }
    Some(ChoiceDraft {
        place: form.place,
        key: Name::of(key),
        words,
        say: form.need("say", findings).and_then(|node| say(node, "a choice's `say`", findings)),
        when: condition(&form, findings),
        set,
        go: form.need_target("go", findings),
    })
}

fn condition(form: &Form<'_>, findings: &mut Vec<Finding>) -> Option<Scalar> {
    let scalar = scalar(form.get("when")?, "a condition", findings)?.clone();
    if ["{{", "{%", "%}", "}}"].iter().any(|brace| scalar.text.contains(brace)) {
        findings.push(
            Finding::error("bad-condition", scalar.place(), "a condition is an expression, without braces")
                .hint("write `when: \"phone.people > 1\"`"),
        );
        return None;
    }
    Some(scalar)
}

pub(super) fn read_arms(node: &Node, findings: &mut Vec<Finding>) -> Vec<ArmDraft> {
    let nodes = items(node, "`branch`", findings);
    let last = nodes.len().saturating_sub(1);
    let mut arms = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let Some(form) = Form::of(node, "an arm of a branch", ARM_KEYS, findings) else { continue };
        let otherwise = form.get("otherwise");
        if let Some(otherwise) = otherwise {
            if at != last {
                findings.push(Finding::error(
                    "bad-branch",
                    otherwise.place(),
                    "`otherwise` is the last arm: those after it are never reached",
                ));
            }
            if form.get("when").is_some() || form.get("go").is_some() {
                findings.push(Finding::error(
                    "bad-branch",
                    form.place,
                    "an arm is `{when, go}` or `{otherwise}`, not both",
                ));
            }
            arms.push(ArmDraft { when: None, go: target(otherwise, findings) });
        } else {
            form.need("when", findings);
            let when = condition(&form, findings);
            let go = form.need_target("go", findings);
            if let Some(when) = when {
                arms.push(ArmDraft { when: Some(when), go });
            }
        }
    }
    let ends = nodes.last().is_some_and(|node| {
        matches!(node, Node::Map(map) if map.items.iter().any(|(key, _)| {
            matches!(key, Node::Scalar(scalar) if scalar.text == "otherwise")
        }))
    });
    if !ends && matches!(node, Node::List(_)) {
        findings.push(
            Finding::error("bad-branch", node.place(), "the last arm of a branch is `otherwise`")
                .hint("add `- {otherwise: target}`"),
        );
    }
    arms
}
