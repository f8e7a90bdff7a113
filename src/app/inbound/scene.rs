//! What is known when a message is worked on.

use chrono::{DateTime, NaiveDate, Utc};

use super::Work;
use crate::app::turns::PortError;
use crate::care::Msisdn;
use crate::care::calendar::local_day;
use crate::messages::keywords::Reading;
use crate::store::inbound::{self, Lately};
use crate::store::numbers::{self, Sharer};
use crate::store::phones;
use crate::store::programmes::{self, Stops};

/// What is known when a message is worked on.
#[derive(Clone)]
pub(super) struct Scene {
    /// Row of the message.
    pub(super) inbound: i64,
    /// Its keyed digest; stands for it as a session does for a turn.
    pub(super) delivery: [u8; 16],
    /// Who sent it, with the blind index; none where it was no number of the country.
    pub(super) from: Option<(Msisdn, [u8; 16])>,
    /// The people on that number.
    pub(super) people: Vec<Sharer>,
    /// Language of the answer, ISO code.
    pub(super) language: String,
    /// District remembered for the number.
    pub(super) district: Option<String>,
    /// What the number does not want.
    pub(super) stops: Stops,
    /// How much it sent and got lately.
    pub(super) lately: Lately,
    /// Now.
    pub(super) now: DateTime<Utc>,
    /// Today in Africa/Freetown.
    pub(super) today: NaiveDate,
    /// Whether the language was chosen by somebody, not taken from the words sent.
    chosen: bool,
}

impl Scene {
    pub(super) async fn read(
        inbound: i64,
        delivery: [u8; 16],
        from: Option<(Msisdn, [u8; 16])>,
        text_mark: u64,
        now: DateTime<Utc>,
        work: &mut Work,
    ) -> Result<Self, PortError> {
        let today = local_day(now);
        let mut scene = Self {
            inbound,
            delivery,
            from,
            people: Vec::new(),
            language: "en".to_owned(),
            district: None,
            stops: Stops::default(),
            lately: Lately::default(),
            now,
            today,
            chosen: false,
        };
        let Some((_, phone)) = &scene.from else { return Ok(scene) };
        let facts = phones::facts(work, phone).await?;
        scene.people = numbers::sharers(work, phone, today).await?;
        scene.stops = programmes::stops(work, phone).await?;
        scene.lately = inbound::lately(work, phone, inbound, text_mark, now).await?;
        scene.district = facts.district;
        let hers = scene.people.first().map(|person| person.language.clone());
        if let Some(language) = facts.language.or(hers) {
            scene.language = language;
            scene.chosen = true;
        }
        Ok(scene)
    }

    /// The same, answered in the language of the words sent where nobody has chosen one.
    pub(super) fn in_language_of(&self, reading: &Reading) -> Self {
        let mut scene = self.clone();
        if let (false, Some(language)) = (self.chosen, &reading.language) {
            scene.language.clone_from(language);
        }
        scene
    }

    /// The only person on the number.
    pub(super) fn alone(&self) -> Option<&Sharer> {
        match self.people.as_slice() {
            [person] => Some(person),
            _ => None,
        }
    }

    /// Whether answers must not say what they are about: somebody on the number wants it so.
    pub(super) fn covert(&self) -> bool {
        self.people.iter().any(|person| person.covert)
    }

    /// Whose staff see to it: those of the only facility that cares for somebody on the number.
    pub(super) fn facility(&self) -> Option<i32> {
        let mut facilities = self.people.iter().map(|person| person.home_facility);
        let first = facilities.next().flatten()?;
        facilities.all(|facility| facility == Some(first)).then_some(first)
    }

    /// Cause of what follows from the message.
    pub(super) fn cause(&self, what: &str) -> String {
        format!("{what}/inbound/{}", self.inbound)
    }
}
