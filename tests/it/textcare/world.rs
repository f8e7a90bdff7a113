//! A country with a few women in it, a clock, and somebody who takes their SMS.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use mamacare::app::clock::{self, Clock};
use mamacare::app::inbound::{Inbound, InboundParts, InboundSettings};
use mamacare::app::port::{Port, PortParts, PortSettings};
use mamacare::app::reminders::{ReminderParts, ReminderSettings, Reminders};
use mamacare::app::turns::MenuShelf;
use mamacare::care::Country;
use mamacare::care::calendar::{add_days, local_day};
use mamacare::channels::sms::inbound::{InboundTaker, Received, Sender};
use mamacare::identity::{HasherSettings, PinHasher, PinPolicy, TryLimits};
use mamacare::menu::{LoadOptions, Menu, MenuVersion, Sources, load};
use mamacare::messages::keywords::Keywords;
use mamacare::messages::schedule::Schedule;
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::bulk::{
    AppointmentRow, Batch, ChildRow, ConsentRow, History, Line, PinRow, PregnancyRow, Standing, Trust,
    VisitRow, Wording,
};
use mamacare::store::facilities::Directory;
use mamacare::store::places::add_country;
use mamacare::store::sealed::{ChildNote, Identity, PregnancyNote, VisitNote};
use mamacare::store::turns::Turns as Sessions;
use mamacare::ussd::catalog::CATALOG;
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::TestDatabase;
use crate::outbox::queued::{Queued, queued};

pub const HOME: i32 = 6;
pub const AMA: &str = "+23276000001";
pub const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA";

pub struct Shelf(Arc<Menu>);

impl Shelf {
    pub fn shipped() -> Self {
        let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
        Self(Arc::new(load(&Sources::from_embedded(), &CATALOG, &options).unwrap()))
    }
}

impl MenuShelf for Shelf {
    fn current(&self) -> Arc<Menu> {
        Arc::clone(&self.0)
    }

    async fn version(&self, _: MenuVersion) -> Option<Arc<Menu>> {
        None
    }
}

pub type Taker = Inbound<Port<Shelf>, Shelf>;

pub struct World {
    pub database: TestDatabase,
    pub clock: Clock,
    pub vault: Arc<Vault>,
    pub country: Arc<Country>,
    pub taker: Arc<Taker>,
}

impl World {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let clock = Clock::manual("2026-11-24T10:00:00Z".parse().unwrap());
        let country = Arc::new(Country::shipped().unwrap());
        let mut connection = database.pool.acquire().await.unwrap();
        add_country(&mut connection, &country.districts, &country.facilities, clock.now()).await.unwrap();
        drop(connection);
        let keys = Arc::new(Keyring::demo());
        let vault = Arc::new(Vault::new(Arc::clone(&keys)));
        let taker = Arc::new(taker(&database.pool, &clock, &vault, &country, |_| {}).await);
        Self { database, clock, vault, country, taker }
    }

    pub fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn today(&self) -> NaiveDate {
        local_day(self.clock.now())
    }

    pub fn phone(&self, number: &str) -> [u8; 16] {
        self.vault.keyring().phone_index(number.parse().unwrap())
    }

    pub fn later(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Another node's taker, with settings of its own.
    pub async fn taker_with(&self, change: impl FnOnce(&mut InboundSettings)) -> Taker {
        taker(self.pool(), &self.clock, &self.vault, &self.country, change).await
    }

    /// A planner of a node.
    pub async fn planner(&self) -> Reminders<Shelf> {
        let settings = ReminderSettings { together: 7, ..ReminderSettings::new("*468#") };
        Reminders::new(ReminderParts {
            pool: self.pool().clone(),
            vault: Arc::clone(&self.vault),
            menus: Shelf::shipped(),
            directory: Directory::open(self.pool()).await.unwrap(),
            country: Arc::clone(&self.country),
            schedule: Schedule::shipped().unwrap(),
            clock: self.clock.clone(),
            settings,
        })
        .unwrap()
    }

    pub async fn add(&self, history: &History) {
        let mut connection = self.pool().acquire().await.unwrap();
        let mut batch = Batch::default();
        batch.add(history, &self.vault);
        batch.write(Trust::Check, &mut connection).await.unwrap();
    }

    /// A message that comes in, with an id of its own.
    pub async fn says(&self, from: &str, text: &str) {
        let id = Uuid::from_bytes(clock::octets()).to_string();
        self.taker.take(Self::message(from, text, &id)).await.unwrap();
    }

    pub fn message(from: &str, text: &str, id: &str) -> Received {
        let from = from.parse().map_or_else(|_| Sender::Other(from.to_owned()), Sender::Number);
        Received {
            provider: "http".into(),
            id: id.to_owned(),
            from,
            to: "4680".to_owned(),
            text: text.to_owned(),
            sent_at: None,
        }
    }

    /// What is queued, and from now on counts as sent.
    pub async fn sent(&self) -> Vec<Queued> {
        let queued = queued(self.pool(), &self.vault, self.now()).await;
        for message in &queued {
            sqlx::query("UPDATE outbox SET state = 'sent', body = NULL WHERE id = $1")
                .bind(message.id)
                .execute(self.pool())
                .await
                .unwrap();
        }
        queued
    }

    /// She says something; what it is answered with.
    pub async fn asks(&self, from: &str, text: &str) -> Vec<Queued> {
        self.says(from, text).await;
        self.sent().await
    }

    /// The one answer to what she says.
    pub async fn answer(&self, from: &str, text: &str) -> String {
        let answers = self.asks(from, text).await;
        let [answer] = answers.as_slice() else { panic!("{text}: {answers:?}") };
        assert_eq!(answer.to, from);
        answer.text.clone()
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(self.pool()).await.unwrap()
    }

    pub async fn run(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(self.pool()).await.unwrap();
    }
}

async fn taker(
    pool: &PgPool,
    clock: &Clock,
    vault: &Arc<Vault>,
    country: &Arc<Country>,
    change: impl FnOnce(&mut InboundSettings),
) -> Taker {
    let cheap = HasherSettings { memory_kib: 64, passes: 1, ..HasherSettings::default() };
    let hasher = PinHasher::start(cheap, vault.keyring().pepper(), clock::octets).unwrap();
    let directory = Directory::open(pool).await.unwrap();
    let port = Port::open(PortParts {
        pool: pool.clone(),
        turns: Sessions::start(pool.clone(), Arc::clone(vault.keyring()), Duration::from_mins(10)),
        vault: Arc::clone(vault),
        hasher,
        directory: directory.clone(),
        country: Arc::clone(country),
        menus: Shelf::shipped(),
        settings: PortSettings::new("*468#", PinPolicy::default(), TryLimits::default()),
    })
    .await
    .unwrap();
    let mut settings = InboundSettings::new("*468#");
    change(&mut settings);
    Inbound::new(InboundParts {
        pool: pool.clone(),
        vault: Arc::clone(vault),
        port,
        directory,
        country: Arc::clone(country),
        keywords: Keywords::shipped().unwrap(),
        menus: Shelf::shipped(),
        clock: clock.clone(),
        settings,
    })
}

/// Octets as a dump shows them.
pub fn hexadecimal(octets: &[u8]) -> String {
    use std::fmt::Write;
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

/// A woman who agrees to be cared for and reminded, with open wording.
pub fn woman(id: u128, number: &str, now: DateTime<Utc>) -> History {
    let consent = |purpose| ConsentRow { purpose, given_at: now, channel: "staff", text_version: "1" };
    History {
        id: Uuid::from_u128(id),
        identity: Identity {
            given: "Given".to_owned(),
            family: "Family".to_owned(),
            birth_year: Some(1998),
            birth_date: None,
        },
        standing: Standing::Verified,
        language: "en",
        home_facility: Some(HOME),
        district: Some("bo".to_owned()),
        greet_by_name: false,
        wording: Wording::Open,
        synthetic: true,
        created_at: now,
        lines: vec![Line { msisdn: number.parse().unwrap(), ordinal: 1 }],
        pin: Some(PinRow { hash: HASH.into(), must_change: false, expires_at: None }),
        pregnancies: vec![],
        appointments: vec![],
        visits: vec![],
        medicines: vec![],
        children: vec![],
        consents: vec![consent("care"), consent("reminders")],
        looks: vec![],
    }
}

pub fn pregnancy(due_on: NaiveDate) -> PregnancyRow {
    PregnancyRow { due_on, dated_by: "lmp", precision: "day", ended_on: None, note: PregnancyNote::default() }
}

pub fn appointment(on: NaiveDate, purpose: &'static str) -> AppointmentRow {
    AppointmentRow { facility: HOME, on, at: NaiveTime::from_hms_opt(9, 30, 0), purpose, status: "booked" }
}

pub fn visit(on: NaiveDate, kind: &'static str) -> VisitRow {
    VisitRow { facility: HOME, on, kind, note: VisitNote::default() }
}

pub fn child(born_on: NaiveDate, doses: &[(&str, i64)]) -> ChildRow {
    let doses = doses.iter().map(|(dose, age)| ((*dose).to_owned(), add_days(born_on, *age), HOME)).collect();
    ChildRow { born_on, note: ChildNote::default(), doses }
}
