//! NEXT and BABY: a day, to a woman who has the number to herself; nothing medical without her PIN.

use chrono::NaiveDate;

use super::scene::Scene;
use super::{Done, Inbound, Work};
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::care::{Child, Given, VisitState};
use crate::store::access::Act;
use crate::store::numbers::Sharer;
use crate::store::{appointments, children};

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    /// NEXT.
    pub(super) async fn next_visit(&self, scene: &Scene, work: &mut Work) -> Result<Done, PortError> {
        let Some(person) = readable(scene) else { return self.with_pin(scene, "dial_with_pin", work).await };
        self.note(scene, person.person, Act::Read, "next_visit", work).await?;
        let Some(visit) = appointments::next(work, person.person, scene.today).await? else {
            return self.with_pin(scene, "nothing_booked", work).await;
        };
        if person.covert {
            return self.meeting(scene, visit.starts_on, work).await;
        }
        let time = visit.starts_at.map(|time| time.format("%H:%M").to_string()).unwrap_or_default();
        let values = [
            ("day", visit.starts_on.to_string()),
            ("time", time),
            ("facility", self.parts.directory.places().facility_name(visit.facility).to_owned()),
        ];
        Ok(Done::asked(self.reply(scene, "next_visit", &values, work).await?))
    }

    /// BABY.
    pub(super) async fn next_vaccines(&self, scene: &Scene, work: &mut Work) -> Result<Done, PortError> {
        let Some(person) = readable(scene) else { return self.with_pin(scene, "dial_with_pin", work).await };
        self.note(scene, person.person, Act::Read, "vaccines", work).await?;
        let Some(day) = self.next_vaccine_day(scene, person, work).await? else {
            return self.with_pin(scene, "nothing_booked", work).await;
        };
        if person.covert {
            return self.meeting(scene, day, work).await;
        }
        Ok(Done::asked(self.reply(scene, "next_vaccines_open", &[("day", day.to_string())], work).await?))
    }

    /// The next day of any child of hers; today where it is past. None while a hold lasts.
    async fn next_vaccine_day(
        &self,
        scene: &Scene,
        person: &Sharer,
        work: &mut Work,
    ) -> Result<Option<NaiveDate>, PortError> {
        if crate::store::holds::lasts(work, person.person, scene.now).await? {
            return Ok(None);
        }
        let mut days = Vec::new();
        for (born, district, doses) in children::doses_of_all(work, person.person).await? {
            let given: Vec<Given<'_>> = doses.iter().map(|(dose, on)| Given { dose, on: *on }).collect();
            let child = Child { born, district: district.as_deref().unwrap_or_default() };
            let plan = self.parts.country.immunisation.plan(child, &given, scene.today);
            let next = plan.iter().find(|visit| visit.state != VisitState::Given);
            days.extend(next.map(|visit| visit.due.max(scene.today)));
        }
        Ok(days.into_iter().min())
    }

    async fn meeting(&self, scene: &Scene, day: NaiveDate, work: &mut Work) -> Result<Done, PortError> {
        Ok(Done::asked(self.reply(scene, "next_visit_covert", &[("day", day.to_string())], work).await?))
    }

    async fn with_pin(&self, scene: &Scene, name: &str, work: &mut Work) -> Result<Done, PortError> {
        let values = [("service_code", self.parts.settings.service_code.clone())];
        Ok(Done::asked(self.reply(scene, name, &values, work).await?))
    }
}

/// Whose day may be told without a PIN: hers who has the number to herself and agrees that her record
/// is kept.
fn readable(scene: &Scene) -> Option<&Sharer> {
    scene.alone().filter(|person| person.in_care)
}
