//! Single values of a screen, found where they stand: no context is gathered for a text that only
//! shows one or two of them.

use std::borrow::Cow;

use crate::menu::{Fields, Seen, Shape, TextId, Value, Values};

use super::scope::{Scene, typed};
use super::{EngineError, Machine};

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

    /// The same values as [`Machine::scope`] gathers; a data source comes before the names that
    /// every state knows.
    fn seen(&self, root: &str, field: Option<&str>) -> Option<Seen<'_>> {
        if let Some((shape, items)) = self.answer_of(root) {
            return match shape {
                Shape::One => items.first()?.get(field?).map(Seen::from),
                Shape::Many => None,
            };
        }
        let (session, menu) = (&self.session, self.ground.menu);
        let text = |text| Some(Seen::Text(Cow::Borrowed(text)));
        match (root, field) {
            ("today", None) => Some(Seen::Date(self.ground.today)),
            ("phone", Some(field)) => {
                let facts = &session.facts;
                match field {
                    "known" => Some(Seen::Flag(facts.people > 0)),
                    "people" => Some(Seen::Number(i64::from(facts.people))),
                    "language" => text(facts.language.as_deref().unwrap_or_default()),
                    "district" => text(facts.district.as_deref().unwrap_or_default()),
                    "stopped" => Some(Seen::Flag(facts.stopped)),
                    "own" => Some(Seen::Text(Cow::Owned(self.ground.msisdn.local()))),
                    _ => None,
                }
            }
            ("input", Some(field)) => {
                let (var, value) = session.answers.iter().find(|(var, _)| {
                    menu.vars.get(usize::from(var.0)).is_some_and(|name| name.as_str() == field)
                })?;
                Some(match typed(menu.var_kinds.get(usize::from(var.0)).copied(), value) {
                    Value::Number(number) => Seen::Number(number),
                    _ => Seen::Text(Cow::Borrowed(value)),
                })
            }
            ("outcome", Some(field)) => {
                session.outcome.iter().find(|(name, _)| name.as_str() == field).map(|(_, value)| value.into())
            }
            ("const", Some(field)) => {
                let (_, value) = menu.constants.iter().find(|(name, _)| name.as_str() == field)?;
                text(value)
            }
            ("session", Some("language")) => {
                text(menu.languages.get(usize::from(session.language.0))?.code.as_str())
            }
            ("session", Some("service_code")) => text(self.ground.service_code),
            _ => None,
        }
    }
}
