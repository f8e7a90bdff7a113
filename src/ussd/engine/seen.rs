//! Single values of a screen, found where they stand: no context is gathered for a text that only
//! shows one or two of them.

use std::borrow::Cow;

use crate::menu::{FieldKind, Fields, Seen, Shape, TextId, Values, VarId};

use super::scope::Scene;
use super::{EngineError, Machine};

/// Names with fields that every state knows.
pub(super) const ROOTS: [&str; 5] = ["phone", "input", "outcome", "const", "session"];

/// What the texts of a screen see, and those of a list's lines one item more.
pub(super) struct Sight<'a, 'm> {
    pub(super) machine: &'a Machine<'m>,
    pub(super) item: Option<&'a Fields>,
}

impl Values for Sight<'_, '_> {
    fn value(&self, root: &str, field: Option<&str>) -> Option<Seen<'_>> {
        match (self.item, field) {
            (Some(item), Some(field)) if root == "item" => item.get(field).map(Seen::from),
            _ => self.machine.seen(root, field),
        }
    }
}

impl Machine<'_> {
    /// Whether a condition holds.
    pub(super) fn holds(&self, condition: TextId, scene: &Scene) -> Result<bool, EngineError> {
        let texts = &self.ground.menu.texts;
        match texts.plain(condition, None, &Sight { machine: self, item: None }) {
            Some(shown) => Ok(shown == "1"),
            None => Ok(texts.holds(condition, scene.values(self)?)?),
        }
    }

    /// The value of a name; a data source comes before the names that every state knows.
    fn seen(&self, root: &str, field: Option<&str>) -> Option<Seen<'_>> {
        match (self.answer_of(root), field) {
            (Some((Shape::One, items)), Some(field)) => items.first()?.get(field).map(Seen::from),
            (Some(_), _) => None,
            (None, None) => (root == "today").then_some(Seen::Date(self.ground.today)),
            (None, Some(field)) => {
                let fields = self.known_everywhere(root);
                fields.into_iter().find(|(name, _)| *name == field).map(|(_, value)| value)
            }
        }
    }

    /// What every state knows under a name of [`ROOTS`].
    pub(super) fn known_everywhere<'a>(&'a self, root: &str) -> Vec<(&'a str, Seen<'a>)> {
        let (session, menu, facts) = (&self.session, self.ground.menu, &self.session.facts);
        let text = |text: &'a str| Seen::Text(Cow::Borrowed(text));
        match root {
            "phone" => vec![
                ("known", Seen::Flag(facts.people > 0)),
                ("people", Seen::Number(i64::from(facts.people))),
                ("language", text(facts.language.as_deref().unwrap_or_default())),
                ("district", text(facts.district.as_deref().unwrap_or_default())),
                ("stopped", Seen::Flag(facts.stopped)),
                ("own", Seen::Text(Cow::Owned(self.ground.msisdn.local()))),
            ],
            "input" => {
                let answer = |(var, value): &'a (VarId, String)| {
                    let at = usize::from(var.0);
                    let seen = match (menu.var_kinds.get(at), value.parse()) {
                        // A number as a number, so that it can be compared.
                        (Some(FieldKind::Number), Ok(number)) => Seen::Number(number),
                        _ => text(value),
                    };
                    Some((menu.vars.get(at)?.as_str(), seen))
                };
                session.answers.iter().filter_map(answer).collect()
            }
            "outcome" => session.outcome.iter().map(|(name, value)| (name.as_str(), value.into())).collect(),
            "const" => menu.constants.iter().map(|(name, value)| (name.as_str(), text(value))).collect(),
            "session" => {
                let language = menu.languages.get(usize::from(session.language.0));
                vec![
                    ("language", text(language.map(|language| language.code.as_str()).unwrap_or_default())),
                    ("service_code", text(self.ground.service_code)),
                ]
            }
            _ => Vec::new(),
        }
    }
}
