//! PIN by SMS: as on the screen, for a year of birth, and no more often.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::scene::Scene;
use super::{CHANNEL, Done, Inbound, Work, begun};
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::menu::Value;
use crate::store::people;
use crate::ussd::SessionKey;
use crate::ussd::catalog::CATALOG;
use crate::ussd::port::{Caller, Deed, Proof};

/// A place that nobody has on a number.
const NOBODY: u8 = u8::MAX;

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    pub(super) async fn new_pin(
        &self,
        scene: &Scene,
        year: Option<i16>,
        work: &mut Option<Work>,
    ) -> Result<Done, PortError> {
        let service_code = ("service_code", self.parts.settings.service_code.clone());
        let (Some(year), Some((msisdn, phone))) = (year, scene.from) else {
            return Ok(Done::asked(self.reply(scene, "pin_how", &[service_code], begun(work)?).await?));
        };
        // One who is alone on her number is meant whatever the year, so that an answer about her number does
        // not say that the year was right.
        let alone = scene.alone().is_some();
        let chosen = if alone { 0 } else { self.born_in(scene, year, begun(work)?).await? };
        let caller = Caller {
            session: SessionKey(scene.delivery),
            turn: 1,
            channel: CHANNEL,
            msisdn,
            phone,
            chosen,
            proof: Proof::None,
            language: scene.language.clone(),
            now: scene.now,
            today: scene.today,
        };
        let action = CATALOG
            .action("recover_pin")
            .ok_or_else(|| PortError::Broken("the catalogue has no action recover_pin".to_owned()))?;
        let params = BTreeMap::from([("birth_year", year.to_string())]);
        let outcome = self.parts.port.act(&caller, Deed { action, params, secret: None }, work).await?;
        let told = match outcome.name {
            "wait" => {
                let minutes = outcome.facts.iter().find_map(|(name, value)| match (*name, value) {
                    ("minutes", Value::Number(minutes)) => Some(minutes.to_string()),
                    _ => None,
                });
                let values = [("minutes", minutes.unwrap_or_else(|| "10".to_owned()))];
                self.reply(scene, "pin_wait", &values, begun(work)?).await?
            }
            "cooling" | "stopped" if alone => self.reply(scene, "pin_nurse", &[], begun(work)?).await?,
            _ => self.reply(scene, "pin_asked", &[service_code], begun(work)?).await?,
        };
        Ok(Done::asked(told))
    }

    /// The place on the number of the only one born in that year; nobody's where there is not one
    /// alone.
    async fn born_in(&self, scene: &Scene, year: i16, work: &mut Work) -> Result<u8, PortError> {
        let mut found = NOBODY;
        for (place, sharer) in (0..).zip(&scene.people) {
            let Some(person) = people::open(work, &self.parts.vault, sharer.person).await? else { continue };
            let identity = &person.identity;
            let born =
                identity.birth_year.map(i32::from).or_else(|| identity.birth_date.map(|date| date.year()));
            if born == Some(i32::from(year)) {
                if found != NOBODY {
                    return Ok(NOBODY);
                }
                found = place;
            }
        }
        Ok(found)
    }
}
