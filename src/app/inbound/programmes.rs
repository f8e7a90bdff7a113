//! STOP and START.

use super::scene::Scene;
use super::{Done, Inbound, Work};
use crate::app::messages::say;
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::messages::keywords::{Programme, Scope};
use crate::store::StoreError;
use crate::store::programmes;

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    /// STOP: at once, also what is queued. It is confirmed once: who is stopped already hears no more.
    pub(super) async fn stop(
        &self,
        scene: &Scene,
        scope: &Scope,
        tell: bool,
        work: &mut Work,
    ) -> Result<Done, PortError> {
        let Some((_, phone)) = &scene.from else { return Ok(Done::asked(false)) };
        if scene.stops.all {
            return Ok(Done::asked(false));
        }
        let after = match scope {
            Scope::All => {
                programmes::stop_all(work, phone, scene.now).await?;
                return Ok(Done::asked(tell && self.confirm(scene, "stopped_all", &[], work).await?));
            }
            Scope::These(these) if these.is_subset(&scene.stops.these) => return Ok(Done::asked(false)),
            Scope::These(these) => {
                programmes::stop(work, phone, these, scene.now).await?;
                programmes::stops(work, phone).await?
            }
        };
        if !tell {
            return Ok(Done::asked(false));
        }
        let coming = after.coming();
        let told = if coming.is_empty() {
            self.confirm(scene, "stopped_all", &[], work).await?
        } else if scene.covert() {
            self.confirm(scene, "stopped_some_covert", &[], work).await?
        } else {
            let stopped: Vec<Programme> = after.these.into_iter().collect();
            let values = [("stopped", self.names(scene, &stopped)?), ("coming", self.names(scene, &coming)?)];
            self.confirm(scene, "stopped_some", &values, work).await?
        };
        Ok(Done::asked(told))
    }

    /// START: all again, or what it names.
    pub(super) async fn start(
        &self,
        scene: &Scene,
        scope: &Scope,
        work: &mut Work,
    ) -> Result<Done, PortError> {
        let Some((_, phone)) = &scene.from else { return Ok(Done::asked(false)) };
        let nothing_stopped = !scene.stops.all && scene.stops.these.is_empty();
        let told = match scope {
            Scope::All => {
                programmes::start_all(work, phone).await?;
                // Whoever starts what was never stopped is answered as for any other question.
                if nothing_stopped {
                    self.reply(scene, "started_all", &[], work).await?
                } else {
                    self.confirm(scene, "started_all", &[], work).await?
                }
            }
            Scope::These(_) if nothing_stopped => self.reply(scene, "started_all", &[], work).await?,
            Scope::These(these) => {
                programmes::start(work, phone, these, scene.now).await.map_err(|error| match error {
                    StoreError::Database(error) => PortError::from(error),
                    sealed @ StoreError::Sealed(_) => PortError::Broken(sealed.to_string()),
                })?;
                let coming = programmes::stops(work, phone).await?.coming();
                if scene.covert() {
                    self.confirm(scene, "started_some_covert", &[], work).await?
                } else {
                    let values = [("coming", self.names(scene, &coming)?)];
                    self.confirm(scene, "started_some", &values, work).await?
                }
            }
        };
        let people: Vec<_> = scene.people.iter().map(|person| person.person).collect();
        crate::store::reminders::withdraw(work, &people, scene.now).await?;
        Ok(Done::asked(told))
    }

    /// `visits, medicine`, in the language of the answer.
    fn names(&self, scene: &Scene, these: &[Programme]) -> Result<String, PortError> {
        let menu = self.parts.menus.current();
        let names: Result<Vec<String>, _> = these
            .iter()
            .map(|programme| {
                // Only a phone with open wording is told names.
                let open = if *programme == Programme::Child { "_open" } else { "" };
                say(&menu, &format!("programme_{}{open}", programme.code()), &scene.language, &[])
            })
            .map(|said| said.map(|said| said.text))
            .collect();
        Ok(names.map_err(|error| PortError::Broken(error.to_string()))?.join(", "))
    }
}
