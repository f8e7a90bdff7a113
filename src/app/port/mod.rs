//! The data port over PostgreSQL: sources answered as the catalogue says, actions done with the
//! outcomes that it names. Sessions are `store::turns`' affair.

mod answers;
mod fields;
mod messages;
mod pins;
mod places;
mod privacy;
mod recovery;
mod registration;
mod settings;
mod stop;
mod tries;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::app::turns::{Committed, DataPort, MenuShelf, PortError, TurnWrite};
use crate::care::Country;
use crate::identity::PinHasher;
use crate::menu::Guard;
use crate::privacy::{Keyring, Vault};
use crate::store::facilities::Directory;
use crate::store::turns::Turns;
use crate::store::{StoreError, access, phones};
use crate::ussd::SessionKey;
use crate::ussd::port::{
    Answer, Caller, Deed, Opening, Outcome, Params, PhoneFacts, Proof, Question, Secret, Stored,
};

pub use settings::PortSettings;

/// A turn's open transaction.
type Work = Transaction<'static, Postgres>;

/// What the port is made of.
pub struct PortParts<M> {
    /// Connections.
    pub pool: PgPool,
    /// Sessions.
    pub turns: Turns,
    /// Sealing.
    pub vault: Arc<Vault>,
    /// PIN checks.
    pub hasher: PinHasher,
    /// Districts and facilities.
    pub directory: Directory,
    /// Schedules and words of the country.
    pub country: Arc<Country>,
    /// The menus, for the texts of messages.
    pub menus: M,
    /// What it is set to.
    pub settings: PortSettings,
}

/// The store and identity, as the driver of turns sees them.
pub struct Port<M> {
    parts: PortParts<M>,
    /// Hash of a PIN that nobody has: who has none is checked against it, to take as long.
    nobody: String,
}

impl<M: MenuShelf> Port<M> {
    /// Makes the port; hashes once, so the hasher must have started.
    pub async fn open(parts: PortParts<M>) -> Result<Self, PortError> {
        let unknown = u64::from_be_bytes(parts.vault.keyring().random());
        let nobody = parts.hasher.hash(&format!("{unknown:06}")).await.map_err(|_| PortError::Busy)?;
        Ok(Self { parts, nobody })
    }

    fn keyring(&self) -> &Keyring {
        self.parts.vault.keyring()
    }

    fn reading<'turn>(&self, work: &'turn mut Option<Work>) -> Reading<'turn> {
        Reading { pool: self.parts.pool.clone(), work, spare: None }
    }

    /// The turn's transaction, begun where it is not yet.
    async fn work<'work>(
        &self,
        caller: &Caller,
        work: &'work mut Option<Work>,
    ) -> Result<&'work mut Work, PortError> {
        if work.is_none() {
            *work = Some(self.parts.turns.begin(caller.session).await?);
        }
        work.as_mut().ok_or_else(|| PortError::Broken("a transaction that was begun is not there".to_owned()))
    }
}

/// Where a turn reads: in its transaction where that is open, so that what it has done counts
/// already; else on a connection that is taken when the first query needs it.
struct Reading<'turn> {
    pool: PgPool,
    work: &'turn mut Option<Work>,
    spare: Option<PoolConnection<Postgres>>,
}

impl Reading<'_> {
    async fn connection(&mut self) -> Result<&mut PgConnection, PortError> {
        if let Some(work) = self.work {
            return Ok(work);
        }
        if self.spare.is_none() {
            self.spare = Some(self.pool.acquire().await?);
        }
        let spare = self.spare.as_mut();
        Ok(spare.ok_or_else(|| broken("a connection that was taken is not there"))?)
    }
}

impl<M: MenuShelf> DataPort for Port<M> {
    type Work = Work;

    async fn opening(
        &self,
        key: SessionKey,
        phone: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<Opening, PortError> {
        Ok(self.parts.turns.opening(key, phone, now).await?)
    }

    async fn load(&self, key: SessionKey) -> Result<Option<Stored>, PortError> {
        Ok(self.parts.turns.load(key).await?)
    }

    async fn answer(
        &self,
        caller: &Caller,
        questions: &[Question],
        work: &mut Option<Work>,
    ) -> Result<Vec<Answer>, PortError> {
        let mut reading = self.reading(work);
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            answers.push(self.answer_one(caller, question, &mut reading).await?);
        }
        Ok(answers)
    }

    async fn act(&self, caller: &Caller, deed: Deed, work: &mut Option<Work>) -> Result<Outcome, PortError> {
        check_guard(caller, deed.action.guard, deed.action.name)?;
        let params = &deed.params;
        let secret = deed.secret.as_ref().map(Secret::reveal);
        let pin = || secret.ok_or_else(|| broken(format!("{} came without a PIN", deed.action.name)));
        match deed.action.name {
            "verify_pin" => self.verify_pin(caller, pin()?, work).await,
            "propose_pin" => self.propose_pin(caller, pin()?, work).await,
            "confirm_pin" => self.confirm_pin(caller, pin()?, work).await,
            "recover_pin" => self.recover_pin(caller, param(params, "birth_year")?, work).await,
            "stop_pin" => self.stop_pin(caller, work).await,
            "send_clinic" => self.send_clinic(caller, param(params, "id")?, work).await,
            "register" => self.register(caller, params, work).await,
            "report_pregnancy" => self.report_pregnancy(caller, params, work).await,
            "stop_messages" => self.set_messages(caller, false, work).await,
            "start_messages" => self.set_messages(caller, true, work).await,
            "set_greeting" => self.set_greeting(caller, param(params, "on")?, work).await,
            "give_consent" => self.set_consent(caller, param(params, "purpose")?, true, work).await,
            "withdraw_consent" => self.set_consent(caller, param(params, "purpose")?, false, work).await,
            other => Err(broken(format!("the store does no action {other}"))),
        }
    }

    async fn commit(&self, work: Option<Work>, write: TurnWrite) -> Result<Committed, PortError> {
        self.parts.hasher.count_turn();
        let written = match work {
            Some(work) => self.parts.turns.commit_with(work, write).await?,
            None => self.parts.turns.commit(write).await?,
        };
        Ok(if written { Committed::Yes } else { Committed::Overtaken })
    }
}

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            StoreError::Sealed(error) => Self::Broken(error.to_string()),
        }
    }
}

fn broken(reason: impl Into<String>) -> PortError {
    PortError::Broken(reason.into())
}

/// A parameter that must be there.
fn param<'params>(params: &'params Params, name: &str) -> Result<&'params str, PortError> {
    params.get(name).map(String::as_str).ok_or_else(|| broken(format!("the menu gives no {name}")))
}

/// The engine enforces guards; this refuses once more, should it ever fail to.
fn check_guard(caller: &Caller, guard: Guard, name: &str) -> Result<(), PortError> {
    let proved = match caller.proof {
        Proof::None | Proof::Choosing { .. } => Guard::Phone,
        Proof::Pin { consented: false, .. } => Guard::Pin,
        Proof::Pin { consented: true, .. } => Guard::Consent,
    };
    if guard <= proved { Ok(()) } else { Err(broken(format!("{name} was asked for without its guard"))) }
}

/// Who gave her PIN.
fn person_of(caller: &Caller) -> Result<Uuid, PortError> {
    match caller.proof {
        Proof::Pin { person, .. } => Ok(person),
        Proof::None | Proof::Choosing { .. } => {
            Err(broken("a person's own data was asked for without her PIN"))
        }
    }
}

/// What asks: this turn of this session, the same however often it comes.
fn cause(caller: &Caller) -> [u8; 20] {
    let mut cause = [0; 20];
    let turn = caller.turn.to_be_bytes();
    for (to, from) in cause.iter_mut().zip(caller.session.0.iter().chain(&turn)) {
        *to = *from;
    }
    cause
}

/// The same in words, for the idempotency key of a message.
fn cause_name(kind: &str, caller: &Caller) -> String {
    use std::fmt::Write;
    let mut name = format!("{kind}/");
    for octet in caller.session.0 {
        let _ = write!(name, "{octet:02x}");
    }
    let _ = write!(name, "/{}", caller.turn);
    name
}

fn outcome(name: &'static str) -> Outcome {
    Outcome { name, ..Outcome::default() }
}

/// The longest that an outcome says, in minutes: that of what cools down.
const LONGEST_WAIT: i64 = 72 * 60;

/// An outcome that says for how many minutes.
fn outcome_for(name: &'static str, minutes: i64) -> Outcome {
    Outcome { name, facts: vec![("minutes", minutes.clamp(1, LONGEST_WAIT).into())], ..Outcome::default() }
}

/// What happened at the caller's own phone, for the audit trail.
async fn note(
    work: &mut PgConnection,
    caller: &Caller,
    person: Uuid,
    act: access::Act,
    what: &str,
) -> Result<(), PortError> {
    let line = access::OwnAccess {
        person,
        act,
        what,
        channel: caller.channel,
        session: caller.session.0,
        at: caller.now,
    };
    Ok(access::record(work, &[line]).await?)
}

async fn facts(work: &mut PgConnection, caller: &Caller) -> Result<PhoneFacts, PortError> {
    Ok(phones::facts(work, &caller.phone).await?)
}
