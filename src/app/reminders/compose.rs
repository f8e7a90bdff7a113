//! The text of an occasion, in her language and wording.

use std::collections::HashMap;

use crate::app::messages::{Said, SayError, Seen, constant, say};
use crate::menu::Menu;
use crate::messages::planner::Occasion;
use crate::store::facilities::Places;

/// Composes the texts of a round. Many women get the same: each text is rendered once.
pub(super) struct Composer<'a> {
    menu: &'a Menu,
    places: &'a Places,
    service_code: &'a str,
    emergency: String,
    said: HashMap<Key, Said>,
}

type Key = (String, String, String);

impl<'a> Composer<'a> {
    pub(super) fn new(menu: &'a Menu, places: &'a Places, service_code: &'a str) -> Self {
        Self { menu, places, service_code, emergency: constant(menu, "emergency"), said: HashMap::new() }
    }

    /// What she is told.
    pub(super) fn compose(
        &mut self,
        occasion: &Occasion<'_>,
        language: &str,
        covert: bool,
    ) -> Result<&Said, SayError> {
        let rule = occasion.rule;
        let name = if covert { rule.covert.as_ref().unwrap_or(&rule.text) } else { &rule.text };
        let time = occasion.time.map(|time| time.format("%H:%M").to_string()).unwrap_or_default();
        let facility = occasion.facility.map(|id| self.places.facility_name(id)).unwrap_or_default();
        let key = (name.clone(), language.to_owned(), format!("{} {time} {facility}", occasion.day));
        let values: [Seen<'_>; 5] = [
            ("day", occasion.day.to_string()),
            ("time", time),
            ("facility", facility.to_owned()),
            ("service_code", self.service_code.to_owned()),
            ("emergency", self.emergency.clone()),
        ];
        match self.said.entry(key) {
            std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(new) => {
                Ok(new.insert(say(self.menu, name, language, &values)?))
            }
        }
    }
}
