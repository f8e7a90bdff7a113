//! Giving a PIN, and choosing one.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Port, Work, note, outcome, outcome_for};
use crate::app::turns::{MenuShelf, PortError};
use crate::identity::{HasherBusy, Pin, PinOwner, PinRefused, Tries};
use crate::store::access::Act;
use crate::store::credentials::Credential;
use crate::store::sign_ins::RightPin;
use crate::store::turns::{Admitted, Counted, Meant};
use crate::store::{counters, credentials, outbox, people};
use crate::ussd::port::{Caller, Effect, Outcome, Proof};

impl<M: MenuShelf> Port<M> {
    /// Checks the PIN of the person chosen. Who has none is checked against a PIN that nobody has,
    /// so that the time it takes says nothing.
    pub(super) async fn verify_pin(
        &self,
        caller: &Caller,
        pin: &str,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        if self.parts.hasher.is_full() {
            return Ok(outcome("busy"));
        }
        let counted = match self.count_try(caller, pin).await? {
            Admitted::Counted(counted) => *counted,
            Admitted::Locked(until) => return Ok(locked(until, caller.now)),
        };
        let hash = counted.meant.as_ref().map_or(self.nobody.as_str(), |meant| &meant.credential.hash);
        let Ok(right) = self.check(pin, hash).await else {
            self.take_back(caller, pin, &counted, work).await?;
            return Ok(outcome("busy"));
        };
        let Some(Meant { person, credential, consented }) = &counted.meant else {
            return Ok(outcome("none"));
        };
        let person = *person;
        if credential.stopped {
            return Ok(outcome("stopped"));
        }
        if credential.expires_at.is_some_and(|expires| expires <= caller.now) {
            return Ok(outcome("expired"));
        }
        if !(right && self.signed_in(caller, person, credential, pin).await?) {
            return self.was_wrong(caller, person, pin, &counted, work).await;
        }
        let (name, proof) = if credential.must_change {
            ("must_change", Proof::Choosing { person })
        } else {
            ("ok", Proof::Pin { person, consented: *consented })
        };
        Ok(Outcome { proof: Some(proof), effects: vec![Effect::SignedIn { person }], ..outcome(name) })
    }

    /// Whether the PIN is the one of that hash. Busy is also a check that takes longer than she can wait.
    async fn check(&self, pin: &str, hash: &str) -> Result<bool, HasherBusy> {
        let check = self.parts.hasher.verify(pin, hash);
        tokio::time::timeout(self.parts.settings.check_within, check).await.unwrap_or(Err(HasherBusy))
    }

    /// Whether the PIN that was right still counts: another may since it was read.
    async fn signed_in(
        &self,
        caller: &Caller,
        person: Uuid,
        credential: &Credential,
        pin: &str,
    ) -> Result<bool, PortError> {
        let hash = credential.hash.clone();
        let dated = self.parts.hasher.needs_rehash(&hash);
        let renewed = if dated { self.parts.hasher.hash(pin).await.ok() } else { None };
        let right = RightPin { person, phone: caller.phone, hash, renewed };
        Ok(self.parts.turns.sign_in(right).await?)
    }

    async fn was_wrong(
        &self,
        caller: &Caller,
        person: Uuid,
        pin: &str,
        counted: &Counted,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let work = self.work(caller, work).await?;
        if counted.repeat {
            // The same turn on another node may have taken it back when it could not check it. Now that this one
            // holds the session, it cannot any more.
            self.count_try(caller, pin).await?;
        }
        note(work, caller, person, Act::SignInFailed, "pin").await?;
        match counted.locked_until.filter(|until| counted.left == 0 && *until > caller.now) {
            Some(until) => {
                self.tell_lock(caller, person, until, work).await?;
                Ok(locked(until, caller.now))
            }
            None => Ok(Outcome { facts: vec![("left", i64::from(counted.left).into())], ..outcome("wrong") }),
        }
    }

    /// Takes a new PIN, to be typed once more.
    pub(super) async fn propose_pin(
        &self,
        caller: &Caller,
        typed: &str,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let Ok(pin) = Pin::new(typed) else { return Ok(outcome("length")) };
        let Some((person, credential)) = self.prover(caller, work).await? else {
            return Ok(outcome("refused"));
        };
        let phones = [caller.msisdn];
        let owner = PinOwner {
            birth_year: person.identity.birth_year.map(i32::from),
            birth_date: person.identity.birth_date,
            phones: &phones,
        };
        match self.parts.settings.pins.check(&pin, &owner) {
            Ok(()) => {}
            Err(PinRefused::TooShort { .. }) => return Ok(outcome("length")),
            Err(PinRefused::Weak(_)) => return Ok(outcome("weak")),
        }
        let checked = self.check(pin.reveal(), &credential.hash).await;
        let hash = match checked {
            Ok(true) => return Ok(outcome("same")),
            Ok(false) => self.parts.hasher.hash(pin.reveal()).await,
            Err(HasherBusy) => Err(HasherBusy),
        };
        let Ok(hash) = hash else { return Ok(outcome("busy")) };
        let work = self.work(caller, work).await?;
        credentials::propose(work, person.id, &hash, &caller.session.0).await?;
        Ok(outcome("ok"))
    }

    /// Makes the proposed PIN hers.
    pub(super) async fn confirm_pin(
        &self,
        caller: &Caller,
        typed: &str,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let Some((person, credential)) = self.prover(caller, work).await? else {
            return Ok(outcome("refused"));
        };
        let here = credential.pending_session.as_deref() == Some(caller.session.0.as_slice());
        let Some(pending) = credential.pending_hash.filter(|_| here) else { return Ok(outcome("refused")) };
        match self.check(typed, &pending).await {
            Ok(true) => {}
            Ok(false) => return Ok(outcome("differs")),
            Err(HasherBusy) => return Ok(outcome("busy")),
        }
        let work = self.work(caller, work).await?;
        counters::hold(work, &caller.phone, Some(person.id)).await?;
        let Some(chosen) = credentials::confirm(work, person.id, &pending, caller.now).await? else {
            return Ok(outcome("refused"));
        };
        outbox::cancel_pins(work, person.id, caller.now).await?;
        note(work, caller, person.id, Act::Change, "pin").await?;
        if chosen.in_place {
            self.tell_change(caller, &person, work).await?;
        }
        let proof = Proof::Pin { person: person.id, consented: person.consented };
        Ok(Outcome { proof: Some(proof), ..outcome("ok") })
    }

    /// Who may choose a PIN: she has given hers in this session, and still has it.
    async fn prover(
        &self,
        caller: &Caller,
        work: &mut Option<Work>,
    ) -> Result<Option<(people::Person, Credential)>, PortError> {
        let (Proof::Pin { person, .. } | Proof::Choosing { person }) = caller.proof else { return Ok(None) };
        let mut reading = self.reading(work);
        let connection = reading.connection().await?;
        let found = people::open(connection, &self.parts.vault, person).await?;
        let credential =
            credentials::find(connection, person).await?.filter(|credential| !credential.stopped);
        Ok(found.zip(credential))
    }
}

fn locked(until: DateTime<Utc>, now: DateTime<Utc>) -> Outcome {
    outcome_for("locked", Tries::minutes_left(until, now))
}
