//! Values to draw a screen with: realistic ones, the longest, none; flags on and off.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::super::catalog::{FieldKind, FieldSpec, Shape};
use super::super::model::{Choice, InputKind, Kind, SourceCall, VarId};
use super::super::texts::TextContext;
use super::super::value::{Fields, Value};
use super::knowledge::Knowledge;
use super::{Looked, Subject};

/// Items that a source of many gives at most.
const MOST_ITEMS: usize = 20;

/// Sets of values for the answers that menus give (`set`), at most.
const MOST_VARIANTS: usize = 6;

/// Which value of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Pick {
    Typical,
    Longest,
    /// What a source of one item gives where there is nothing; a source of many gives no items.
    Nothing,
}

/// One set of values.
#[derive(Debug)]
pub(super) struct Sample {
    /// For messages: "with typical values".
    pub(super) name: &'static str,
    /// Values of the state.
    pub(super) context: TextContext,
    /// An item of its list.
    pub(super) item: Option<Fields>,
}

/// Sets of values for one state.
pub(super) fn samples(subject: &Subject<'_>, looked: &Looked<'_>, knowledge: &Knowledge) -> Vec<Sample> {
    let answers = Answers::of(subject, knowledge);
    let variants = answers.variants().clamp(1, MOST_VARIANTS);
    let mut samples = Vec::new();
    for variant in 0..variants {
        for (name, pick, flag) in [
            ("with typical values", Pick::Typical, true),
            ("with typical values", Pick::Typical, false),
            ("with the longest values", Pick::Longest, true),
            ("with the longest values", Pick::Longest, false),
            ("where there is nothing to show", Pick::Nothing, false),
        ] {
            let context = context(subject, looked, knowledge, &answers, (pick, flag, variant));
            let item = match &looked.state.kind {
                Kind::List(list) if pick != Pick::Nothing => {
                    Some(fields(list.from.source.fields, pick, flag))
                }
                _ => None,
            };
            samples.push(Sample { name, context, item });
        }
    }
    samples
}

fn context(
    subject: &Subject<'_>,
    looked: &Looked<'_>,
    knowledge: &Knowledge,
    answers: &Answers,
    (pick, flag, variant): (Pick, bool, usize),
) -> TextContext {
    let menu = subject.menu;
    let mut context = TextContext::new();
    context.insert("phone", &fields(subject.catalog.phone, pick, flag));
    context.insert("input", &answers.pick(subject, pick, variant));
    let mut facts = Fields::new();
    for (state, outcome) in &knowledge.outcomes {
        if let Some(Kind::Action(call)) = menu.state(*state).map(|state| &state.kind) {
            let specs = call.action.outcomes.get(*outcome).map(|outcome| outcome.facts).unwrap_or_default();
            let shown = if pick == Pick::Nothing { Pick::Typical } else { pick };
            facts.extend(fields(specs, shown, flag));
        }
    }
    context.insert("outcome", &facts);
    context.insert("const", &menu.constants.iter().cloned().collect::<BTreeMap<_, _>>());
    let code = menu.languages.iter().map(|language| language.code.as_str()).max_by_key(|code| code.len());
    context.insert(
        "session",
        &BTreeMap::from([("language", code.unwrap_or_default()), ("service_code", "*468#")]),
    );
    context.insert("today", &today());
    for call in &looked.state.uses {
        insert_source(&mut context, call, pick, flag);
    }
    context
}

fn insert_source(context: &mut TextContext, call: &SourceCall, pick: Pick, flag: bool) {
    let one = fields(call.source.fields, pick, flag);
    match (call.source.shape, pick) {
        (Shape::One, _) => context.insert(call.alias.clone(), &one),
        (Shape::Many, Pick::Nothing) => context.insert(call.alias.clone(), &Vec::<Fields>::new()),
        (Shape::Many, Pick::Typical) => context.insert(call.alias.clone(), &vec![one; 2]),
        (Shape::Many, Pick::Longest) => context.insert(call.alias.clone(), &vec![one; MOST_ITEMS]),
    }
}

/// A day with the longest name of a month in English.
fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 30).unwrap_or_default()
}

fn fields(specs: &'static [FieldSpec], pick: Pick, flag: bool) -> Fields {
    specs.iter().filter_map(|spec| Some((Cow::Borrowed(spec.name), value(spec, pick, flag)?))).collect()
}

fn value(spec: &FieldSpec, pick: Pick, flag: bool) -> Option<Value> {
    let written = if pick == Pick::Longest { spec.longest } else { spec.typical };
    Some(match (spec.kind, pick) {
        (FieldKind::Flag, _) => Value::Flag(flag),
        (FieldKind::Number, Pick::Nothing) => Value::Number(0),
        (FieldKind::Date, Pick::Nothing) => return None,
        (FieldKind::Text, Pick::Nothing) => Value::Text(String::new()),
        (FieldKind::Number, _) => Value::Number(written.parse().unwrap_or_default()),
        (FieldKind::Date, _) => Value::Date(written.parse().unwrap_or_else(|_| today())),
        (FieldKind::Text, _) => Value::Text(written.to_owned()),
    })
}

/// What the saved answers can be.
struct Answers {
    /// By name: realistic, longest, and each that a choice sets.
    by_var: BTreeMap<VarId, Possible>,
}

#[derive(Default)]
struct Possible {
    typical: Option<Value>,
    longest: Option<Value>,
    set: Vec<String>,
}

impl Answers {
    fn of(subject: &Subject<'_>, knowledge: &Knowledge) -> Self {
        let mut by_var: BTreeMap<VarId, Possible> = BTreeMap::new();
        let mut typed = |var: VarId, typical: Value, longest: Value| {
            if knowledge.maybe.contains(&var) {
                let possible = by_var.entry(var).or_default();
                possible.typical.get_or_insert(typical);
                possible.longest.get_or_insert(longest);
            }
        };
        for state in &subject.menu.states {
            match &state.kind {
                Kind::Input(input) => {
                    if let Some(var) = input.save {
                        let (typical, longest) = typed_values(&input.kind);
                        typed(var, typical, longest);
                    }
                }
                Kind::List(list) => {
                    let id = list.from.source.fields.iter().find(|field| field.name == "id");
                    if let (Some(var), Some(id)) = (list.save, id) {
                        typed(var, id.typical.into(), id.longest.into());
                    }
                }
                _ => {}
            }
        }
        for state in &subject.menu.states {
            for (var, value) in choices(&state.kind).iter().flat_map(|choice| &choice.set) {
                if knowledge.maybe.contains(var) {
                    let set = &mut by_var.entry(*var).or_default().set;
                    if !set.contains(value) {
                        set.push(value.clone());
                    }
                }
            }
        }
        Self { by_var }
    }

    fn variants(&self) -> usize {
        self.by_var.values().map(|possible| possible.set.len()).max().unwrap_or(0)
    }

    fn pick(&self, subject: &Subject<'_>, pick: Pick, variant: usize) -> BTreeMap<String, Value> {
        let mut answers = BTreeMap::new();
        for (var, possible) in &self.by_var {
            let set =
                if possible.set.is_empty() { None } else { possible.set.get(variant % possible.set.len()) };
            let typed = if pick == Pick::Longest { &possible.longest } else { &possible.typical };
            let kind = subject.menu.var_kinds.get(usize::from(var.0)).copied().unwrap_or(FieldKind::Text);
            let value = set.map(|value| answer(kind, value)).or_else(|| typed.clone());
            let name = subject.menu.vars.get(usize::from(var.0));
            if let (Some(name), Some(value)) = (name, value) {
                answers.insert(name.clone(), value);
            }
        }
        answers
    }
}

/// An answer as the engine hands it to a text.
fn answer(kind: FieldKind, value: &str) -> Value {
    match (kind, value.parse()) {
        (FieldKind::Number, Ok(number)) => Value::Number(number),
        _ => Value::Text(value.to_owned()),
    }
}

fn choices(kind: &Kind) -> &[Choice] {
    match kind {
        Kind::Prompt(prompt) => &prompt.choices,
        Kind::List(list) => &list.choices,
        _ => &[],
    }
}

fn typed_values(kind: &InputKind) -> (Value, Value) {
    let text = |typical: String, longest: String| (Value::Text(typical), Value::Text(longest));
    match *kind {
        InputKind::Digits { min, max } => text("7".repeat(min.into()), "7".repeat(max.into())),
        InputKind::Pin => text(String::new(), String::new()),
        InputKind::Number { min, max } => {
            let longest = if min.to_string().len() > max.to_string().len() { min } else { max };
            (Value::Number(min.midpoint(max)), Value::Number(longest))
        }
        InputKind::Date { from_days, .. } => {
            let typical = today().checked_sub_days(Days::new(from_days.unsigned_abs())).unwrap_or_else(today);
            (Value::Date(typical), Value::Date(today()))
        }
        InputKind::Phone => text("+23276000001".to_owned(), "+23276000001".to_owned()),
        InputKind::Name => text("Fatmata Kamara".to_owned(), "m".repeat(40)),
        InputKind::Text { max } => text("a few words".to_owned(), "m".repeat(max.into())),
    }
}
