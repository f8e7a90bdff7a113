//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ipnet::IpNet;
use moka::sync::Cache;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::gate::Actor;
use super::records::Records;
use super::witness::Witness;
use super::{Limits, Problem, Rates};
use crate::care::Country;
use crate::care::calendar::local_day;
use crate::identity::{AccessTokens, GuardTimes, PinHasher, Role, TryLimits};
use crate::privacy::{Keyring, Vault};
use crate::store::accounts::{Live, Subject};
use crate::store::record::prescriptions;
use crate::store::scope::Scope;
use crate::store::trail::{self, Doer, Line};

/// What can be set.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The service's address as others reach it; tokens name it as their issuer.
    pub public_url: String,
    /// What people dial.
    pub service_code: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How much is let in.
    pub rates: Rates,
    /// Wrong PINs before a lock, as on the phone.
    pub pin_tries: TryLimits,
    /// How long changes hold a new PIN back, and a new one leaves a lock, as on the phone.
    pub guard: GuardTimes,
    /// Fewest digits of a PIN that somebody chooses.
    pub pin_min_length: u8,
    /// How long a sign-in of staff lasts without being used.
    pub staff_sign_in: TimeDelta,
    /// How long a sign-in of a patient lasts without being used.
    pub patient_sign_in: TimeDelta,
    /// A refused sign-in is answered no sooner, so that time tells nothing of why.
    pub refusal_after: Duration,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            service_code: "*468#".to_owned(),
            trusted_proxies: Vec::new(),
            rates: Rates::default(),
            pin_tries: TryLimits::default(),
            guard: GuardTimes::default(),
            pin_min_length: 4,
            staff_sign_in: TimeDelta::days(14),
            patient_sign_in: TimeDelta::days(1),
            refusal_after: Duration::from_millis(400),
        }
    }
}

/// The texts of the SMS that the API causes, in the languages of the menus.
pub trait Texts: Send + Sync + 'static {
    /// Tells a PIN that was issued.
    fn pin_issued(&self, language: &str, pin: &str, service_code: &str) -> String;

    /// The same where a lock lasts, for so many minutes.
    fn pin_issued_later(&self, language: &str, pin: &str, minutes: i64, service_code: &str) -> String;

    /// Tells that a PIN is locked, and for how many minutes.
    fn pin_locked(&self, language: &str, minutes: i64, service_code: &str) -> String;

    /// Tells of a change that she may not have made.
    fn warning(&self, about: About, language: &str, service_code: &str) -> String;
}

/// A change that is told to somebody's numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum About {
    /// A new PIN went elsewhere.
    PinSentElsewhere,
    /// Her PIN is another now.
    PinChanged,
    /// A number was added, or leads to her no more.
    NumberChanged,
}

impl About {
    /// Name of the message in the menus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PinSentElsewhere => "pin_sent_elsewhere",
            Self::PinChanged => "pin_changed",
            Self::NumberChanged => "number_changed",
        }
    }
}

/// The texts in English, where there are no menus.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnglishTexts;

impl Texts for EnglishTexts {
    fn pin_issued(&self, _: &str, pin: &str, service_code: &str) -> String {
        format!(
            "MamaCare: your PIN is {pin}. Dial {service_code} and choose your own. Keep it for you alone."
        )
    }

    fn pin_issued_later(&self, _: &str, pin: &str, minutes: i64, service_code: &str) -> String {
        format!(
            "MamaCare: your PIN is {pin}. It opens in {minutes} minutes: dial {service_code} then and choose your own. Keep it for you alone."
        )
    }

    fn pin_locked(&self, _: &str, minutes: i64, service_code: &str) -> String {
        format!(
            "MamaCare: your PIN is locked for {minutes} minutes after wrong tries. If that was not you, dial {service_code} and choose a new one."
        )
    }

    fn warning(&self, about: About, _: &str, service_code: &str) -> String {
        let what = match about {
            About::PinSentElsewhere => "a new PIN was sent for you, not to this number",
            About::PinChanged => "your PIN was changed",
            About::NumberChanged => "your phone number with us was changed",
        };
        format!("MamaCare: {what}. Was it not you? Dial {service_code}, then Help, and stop it.")
    }
}

/// What the API is made of.
pub struct ApiParts {
    /// The database, as the API: row-level security shows what a transaction's scope opens.
    pub scoped: PgPool,
    /// The database, as the service itself: for who is not known yet, and for what no patient's row is in.
    pub service: PgPool,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    /// Checks PINs.
    pub pins: PinHasher,
    /// Checks passwords.
    pub passwords: PinHasher,
    /// What the country sets: words for codes, limits of measurements.
    pub country: Arc<Country>,
    /// The texts of SMS.
    pub texts: Arc<dyn Texts>,
    /// Tells the time.
    pub clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// What can be set.
    pub settings: ApiSettings,
}

/// What the handlers share.
pub struct Api {
    /// The database, as the API: row-level security shows what a transaction's scope opens.
    scoped: PgPool,
    /// The database, as the service itself: for who is not known yet, and for what no patient's row is in.
    pub service: PgPool,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    /// Checks PINs.
    pub pins: PinHasher,
    /// Checks passwords.
    pub passwords: PinHasher,
    /// What the country sets: words for codes, limits of measurements.
    pub country: Arc<Country>,
    /// The texts of SMS.
    pub texts: Arc<dyn Texts>,
    /// Makes and reads access tokens.
    pub tokens: AccessTokens,
    /// What can be set.
    pub settings: ApiSettings,
    /// How much is let in.
    pub limits: Limits,
    /// Sign-ins that were alive a moment ago.
    pub live: Cache<Uuid, Arc<Live>>,
    /// Writes down who read what.
    pub witness: Witness,
    /// Reads whole records.
    pub records: Records,
    clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    decoy: OnceCell<String>,
    pin_decoy: OnceCell<String>,
}

/// A sign-in that was ended on another node is good here for this long at most.
const LIVE_FOR: Duration = Duration::from_secs(5);

impl Api {
    /// Puts it together; must be called within the runtime.
    pub fn new(parts: ApiParts) -> Self {
        let keyring = Arc::clone(parts.vault.keyring());
        Self {
            tokens: AccessTokens::new(Arc::clone(&keyring), &parts.settings.public_url),
            limits: Limits::new(parts.settings.rates),
            live: Cache::builder().max_capacity(100_000).time_to_live(LIVE_FOR).build(),
            witness: Witness::start(parts.service.clone(), keyring),
            records: Records::start(&parts.scoped, &parts.vault),
            scoped: parts.scoped,
            service: parts.service,
            vault: parts.vault,
            pins: parts.pins,
            passwords: parts.passwords,
            country: parts.country,
            texts: parts.texts,
            settings: parts.settings,
            clock: parts.clock,
            decoy: OnceCell::new(),
            pin_decoy: OnceCell::new(),
        }
    }

    /// Now, to the microsecond, as the database keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.clock)();
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    /// The day in Sierra Leone.
    pub fn today(&self) -> NaiveDate {
        local_day(self.now())
    }

    /// The keys of the service.
    pub fn keyring(&self) -> &Keyring {
        self.vault.keyring()
    }

    /// A new id, which sorts by the time at which it was made.
    pub fn new_id(&self) -> Uuid {
        let octets: [u8; 10] = self.keyring().random();
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &octets).into_uuid()
    }

    /// The hash of a password that nobody has, for checking where there is no account.
    pub async fn decoy(&self) -> Result<&str, Problem> {
        let nobody = || async {
            let octets: [u8; 16] = self.keyring().random();
            self.passwords.hash(&Uuid::from_bytes(octets).to_string()).await
        };
        Ok(self.decoy.get_or_try_init(nobody).await?)
    }

    /// The same for PINs, whose hasher may have other costs.
    pub async fn pin_decoy(&self) -> Result<&str, Problem> {
        let nobody = || async {
            let octets: [u8; 16] = self.keyring().random();
            self.pins.hash(&Uuid::from_bytes(octets).to_string()).await
        };
        Ok(self.pin_decoy.get_or_try_init(nobody).await?)
    }

    /// Waits until a refusal may be answered; made when the request arrives.
    pub fn refusal(&self) -> impl Future<Output = ()> + use<> {
        tokio::time::sleep_until(tokio::time::Instant::now() + self.settings.refusal_after)
    }

    /// Forgets that somebody's sign-ins were alive.
    pub fn forget(&self, subject: Subject) {
        let of_subject: Vec<Uuid> =
            self.live.iter().filter(|(_, live)| live.subject == subject).map(|(id, _)| *id).collect();
        for id in of_subject {
            self.live.invalidate(&id);
        }
    }

    /// A transaction that sees and changes what whoever asks may.
    pub async fn begin(&self, actor: &Actor) -> Result<Transaction<'static, Postgres>, Problem> {
        self.within(actor.scope()).await
    }

    /// The same for a table of patients, or a count of them: an administrator's are all.
    pub async fn country(&self, actor: &Actor) -> Result<Transaction<'static, Postgres>, Problem> {
        self.within(match actor.scope() {
            Scope::Administrator { account } => Scope::Country { account },
            other => other,
        })
        .await
    }

    /// The same for the prescription of a code that somebody was shown.
    pub async fn with_code(
        &self,
        actor: &Actor,
        code: &str,
    ) -> Result<Transaction<'static, Postgres>, Problem> {
        let digest = prescriptions::code_key(self.keyring(), code);
        self.within(Scope::Code { account: actor.id(), digest }).await
    }

    /// A transaction for a patient who proved who she is.
    pub async fn herself(&self, person: Uuid) -> Result<Transaction<'static, Postgres>, Problem> {
        self.within(Scope::Herself(person)).await
    }

    /// A transaction for whoever comes by: it sees no patient.
    pub async fn nobody(&self) -> Result<Transaction<'static, Postgres>, Problem> {
        self.within(Scope::Nobody { account: Uuid::nil() }).await
    }

    /// A transaction at the door, where it is found out who asks. Row-level security does not bound it: see
    /// `tests/it/safety/rows.rs` for the files that may use it.
    pub async fn door(&self) -> Result<Transaction<'static, Postgres>, Problem> {
        Ok(self.service.begin().await?)
    }

    async fn within(&self, scope: Scope) -> Result<Transaction<'static, Postgres>, Problem> {
        Ok(scope.begin(&self.scoped, self.now()).await?)
    }

    /// A line of the trail for something that somebody does.
    pub fn line(&self, actor: &Actor, person: Option<Uuid>, act: &'static str, what: &'static str) -> Line {
        let staff = match actor.subject {
            Subject::Staff(id) => Some(id),
            Subject::Person(_) => None,
        };
        let role = match actor.role {
            Role::Patient => None,
            Role::Professional => actor.profession.clone().or_else(|| Some(actor.role.word().to_owned())),
            other => Some(other.word().to_owned()),
        };
        let doer = Doer { staff, role, facility: actor.facility, sign_in: actor.sign_in };
        Line { at: self.now(), doer, person, act, what, reason: None }
    }

    /// Writes down a change, in the transaction that makes it.
    pub async fn changed(
        &self,
        work: &mut PgConnection,
        actor: &Actor,
        person: Option<Uuid>,
        what: &'static str,
    ) -> Result<(), Problem> {
        Ok(trail::add(work, self.keyring(), &[self.line(actor, person, "change", what)]).await?)
    }

    /// Writes down a read; returns once that is safe.
    pub async fn seen(&self, actor: &Actor, person: Uuid, what: &'static str) -> Result<(), Problem> {
        self.witness.note(vec![self.line(actor, Some(person), "read", what)]).await
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Api({})", self.settings.public_url)
    }
}
