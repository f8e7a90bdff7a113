//! Data behind a conversation: what the sources answer and how the actions end.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::super::catalog::{ActionSpec, FieldKind, FieldSpec, SourceSpec};
use super::super::value::{Fields, Value};

/// Parameters of a question or a deed.
type Params = BTreeMap<&'static str, String>;

/// The data behind a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fixtures {
    /// The day.
    pub today: NaiveDate,
    /// Who calls.
    pub msisdn: String,
    /// What is dialled, without a suffix.
    pub service_code: String,
    /// Facts about the number.
    pub phone: PhoneFixture,
    /// Whether she has agreed before.
    pub consented: bool,
    /// What the sources answer.
    pub(super) data: BTreeMap<&'static str, Cases<Vec<Fields>>>,
    /// How the actions end.
    pub(super) actions: BTreeMap<&'static str, Cases<Outcomes>>,
}

/// Facts about the number.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PhoneFixture {
    /// People who share it.
    pub people: u8,
    /// Language remembered.
    pub language: Option<String>,
    /// District remembered.
    pub district: Option<String>,
    /// Whether messages are stopped.
    pub stopped: bool,
}

/// Something that a parameter can decide.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cases<What> {
    /// By the value of any parameter, or the PIN.
    pub(super) when: Vec<(String, What)>,
    /// In all other cases.
    pub(super) otherwise: Option<What>,
}

impl<What> Cases<What> {
    pub(super) const fn always(what: What) -> Self {
        Self { when: Vec::new(), otherwise: Some(what) }
    }

    fn pick(&self, params: &Params, secret: Option<&str>) -> Option<&What> {
        let decides = |value: &str| secret == Some(value) || params.values().any(|param| param == value);
        let case = self.when.iter().find(|(value, _)| decides(value)).map(|(_, what)| what);
        case.or(self.otherwise.as_ref())
    }
}

/// How an action ends, time after time; the last goes on for ever.
pub type Outcomes = Vec<Told>;

/// An outcome with its facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// One of the action's outcomes.
    pub name: &'static str,
    /// Its facts.
    pub facts: Vec<(&'static str, Value)>,
}

impl Fixtures {
    /// What a source answers; none where the script says nothing of it.
    pub fn answer(&self, source: &SourceSpec, params: &Params) -> Option<Vec<Fields>> {
        self.data.get(source.name)?.pick(params, None).cloned()
    }

    /// How an action ends when it is done for the `nth` time (from 0); none where the script says
    /// nothing of it.
    pub fn outcome(
        &self,
        action: &ActionSpec,
        params: &Params,
        secret: Option<&str>,
        nth: usize,
    ) -> Option<&Told> {
        let told = self.actions.get(action.name)?.pick(params, secret)?;
        told.get(nth).or_else(|| told.last())
    }
}

/// A value as it is written in a script.
pub(super) fn value(kind: FieldKind, text: &str) -> Option<Value> {
    match kind {
        FieldKind::Text => Some(Value::Text(text.to_owned())),
        FieldKind::Number => text.parse().ok().map(Value::Number),
        FieldKind::Date => text.parse().ok().map(Value::Date),
        FieldKind::Flag => text.parse().ok().map(Value::Flag),
    }
}

/// What a kind of value is called, for messages.
pub(super) const fn kind_name(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "a text",
        FieldKind::Number => "a whole number",
        FieldKind::Date => "a day, as 2026-11-24",
        FieldKind::Flag => "`true` or `false`",
    }
}

/// What a field shows that a fixture leaves out, as the store does where there is nothing.
pub(super) fn fill(specs: &'static [FieldSpec], item: &mut Fields) {
    for spec in specs {
        let nothing = match spec.kind {
            FieldKind::Text => Value::Text(String::new()),
            FieldKind::Number => Value::Number(0),
            FieldKind::Flag => Value::Flag(false),
            FieldKind::Date => continue,
        };
        item.entry(Cow::Borrowed(spec.name)).or_insert(nothing);
    }
}
