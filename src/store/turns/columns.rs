//! Turns as the columns that one statement takes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::privacy::Keyring;
use crate::ussd::port::Effect;

use super::super::access::Act;
use super::TurnRow;
use super::open::SEALED_FOR;

/// The sessions of a batch, one row a turn.
pub(super) struct Sessions<'a> {
    pub(super) keys: Vec<&'a [u8]>,
    pub(super) phones: Vec<&'a [u8]>,
    pub(super) times: Vec<DateTime<Utc>>,
    pub(super) turns: Vec<i32>,
    pub(super) resumable: Vec<bool>,
    pub(super) states: Vec<Vec<u8>>,
}

impl<'a> Sessions<'a> {
    pub(super) fn of(keys: &Keyring, batch: &'a [TurnRow]) -> Result<Self, sqlx::Error> {
        let mut states = Vec::with_capacity(batch.len());
        for row in batch {
            let plain =
                postcard::to_stdvec(&row.session).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
            states.push(keys.seal(SEALED_FOR, &row.key.0, &plain));
        }
        Ok(Self {
            keys: batch.iter().map(|row| row.key.0.as_slice()).collect(),
            phones: batch.iter().map(|row| row.session.phone.as_slice()).collect(),
            times: batch.iter().map(|row| row.now).collect(),
            turns: batch.iter().map(|row| i32::try_from(row.session.turn).unwrap_or(i32::MAX)).collect(),
            resumable: batch.iter().map(|row| row.session.resumable() && !closed_by(batch, row)).collect(),
            states,
        })
    }
}

/// Whether another turn of the batch, of the same number, ends the offer to go on with this one.
/// The statement closes only rows outside of its batch: no row is updated twice by one.
fn closed_by(batch: &[TurnRow], row: &TurnRow) -> bool {
    let closes = |other: &&TurnRow| other.effects.contains(&Effect::CloseSuspended);
    batch.iter().filter(closes).any(|other| other.session.phone == row.session.phone && other.key != row.key)
}

/// What the turns of a batch leave behind beside their sessions.
#[derive(Default)]
pub(super) struct Effects<'a> {
    pub(super) remembering: Vec<&'a [u8]>,
    pub(super) languages: Vec<Option<&'a str>>,
    pub(super) districts: Vec<Option<&'a str>>,
    pub(super) looking: Vec<&'a [u8]>,
    pub(super) look_times: Vec<DateTime<Utc>>,
    pub(super) people: Vec<Uuid>,
    pub(super) acts: Vec<&'static str>,
    pub(super) sources: Vec<&'static str>,
    pub(super) channels: Vec<&'static str>,
    pub(super) closing: Vec<&'a [u8]>,
}

impl<'a> Effects<'a> {
    pub(super) fn of(batch: &'a [TurnRow]) -> Self {
        let mut effects = Self::default();
        for row in batch {
            for effect in &row.effects {
                effects.add(row, effect);
            }
        }
        effects
    }

    fn add(&mut self, row: &'a TurnRow, effect: &'a Effect) {
        let session = row.key.0.as_slice();
        match effect {
            Effect::Language(code) => self.remember(session, Some(code), None),
            Effect::District(id) => self.remember(session, None, Some(id)),
            Effect::Read { person, source } => self.note(row, *person, Act::Read, source),
            Effect::SignedIn { person } => self.note(row, *person, Act::SignIn, "pin"),
            Effect::CloseSuspended => self.closing.push(session),
        }
    }

    fn note(&mut self, row: &'a TurnRow, person: Uuid, act: Act, what: &'static str) {
        self.looking.push(&row.key.0);
        self.look_times.push(row.now);
        self.people.push(person);
        self.acts.push(act.name());
        self.sources.push(what);
        self.channels.push(row.channel);
    }

    fn remember(&mut self, session: &'a [u8], language: Option<&'a str>, district: Option<&'a str>) {
        self.remembering.push(session);
        self.languages.push(language);
        self.districts.push(district);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.remembering.is_empty() && self.looking.is_empty() && self.closing.is_empty()
    }
}
