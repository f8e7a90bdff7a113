//! A small country with two mothers who share a phone, and a port to ask about them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use mamacare::app::port::{Port, PortParts, PortSettings};
use mamacare::app::turns::{DataPort, MenuShelf, PortError};
use mamacare::care::{Country, Msisdn};
use mamacare::identity::{HasherSettings, PinHasher, PinPolicy, TryLimits};
use mamacare::menu::{Fields, LoadOptions, Menu, MenuVersion, Sources, load};
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::facilities::Directory;
use mamacare::store::sealed::{MedicineNote, Sealed};
use mamacare::store::turns::Turns;
use mamacare::ussd::SessionKey;
use mamacare::ussd::catalog::CATALOG;
use mamacare::ussd::port::{Answer, Caller, Deed, Outcome, Params, Proof, Question, Secret};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::mothers::fill;
use crate::harness::TestDatabase;
use crate::outbox::queued::queued;

pub const NUMBER: &str = "+23276000001";
pub const FATMATA: Uuid = Uuid::from_u128(1);
pub const ISATU: Uuid = Uuid::from_u128(2);
pub const FATMATAS_PIN: &str = "739150";
pub const ISATUS_PIN: &str = "2846";
pub const BO_HOSPITAL: i32 = 6;
pub const PHARMACY: i32 = 900;

pub type Work = Option<Transaction<'static, Postgres>>;

#[derive(Clone)]
pub struct Shelf(Arc<Menu>);

impl MenuShelf for Shelf {
    fn current(&self) -> Arc<Menu> {
        Arc::clone(&self.0)
    }

    async fn version(&self, _: MenuVersion) -> Option<Arc<Menu>> {
        None
    }
}

pub struct World {
    pub database: TestDatabase,
    pub port: Arc<Port<Shelf>>,
    pub vault: Arc<Vault>,
    pub hasher: PinHasher,
    pub directory: Directory,
    pub menus: Shelf,
    pub now: DateTime<Utc>,
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn hasher(keyring: &Keyring) -> PinHasher {
    let cheap =
        HasherSettings { memory_kib: 64, passes: 1, lanes: 1, threads: 2, max_wait: Duration::from_mins(1) };
    PinHasher::start(cheap, keyring.pepper(), || [7; 16]).unwrap()
}

impl World {
    /// Tuesday 24 November 2026, half past eight.
    pub async fn new() -> Self {
        Self::made(hasher, |_| {}).await
    }

    pub async fn with(hasher_of: fn(&Keyring) -> PinHasher) -> Self {
        Self::made(hasher_of, |_| {}).await
    }

    pub async fn with_settings(change: fn(&mut PortSettings)) -> Self {
        Self::made(hasher, change).await
    }

    async fn made(hasher_of: fn(&Keyring) -> PinHasher, change: fn(&mut PortSettings)) -> Self {
        let database = TestDatabase::new().await;
        let keyring = Arc::new(Keyring::demo());
        let vault = Arc::new(Vault::new(Arc::clone(&keyring)));
        let now = "2026-11-24T08:30:00Z".parse().unwrap();
        let country = Arc::new(Country::shipped().unwrap());
        let pins = hasher(&keyring);
        fill(&database.pool, &country, &vault, &pins, now).await;
        let directory = Directory::open(&database.pool).await.unwrap();
        let mut settings = PortSettings::new("*468#", PinPolicy::default(), TryLimits::default());
        change(&mut settings);
        let hasher = hasher_of(&keyring);
        let menus = Shelf(Arc::new(menu()));
        let port = Port::open(PortParts {
            pool: database.pool.clone(),
            turns: Turns::start(database.pool.clone(), Arc::clone(&keyring), Duration::from_mins(10)),
            vault: Arc::clone(&vault),
            hasher: hasher.clone(),
            directory: directory.clone(),
            country,
            menus: menus.clone(),
            settings,
        });
        let port = Arc::new(port.await.unwrap());
        Self { database, port, vault, hasher, directory, menus, now }
    }

    /// A session of her phone, with nothing proved.
    pub fn caller(&self, session: u8) -> Caller {
        self.caller_at(NUMBER, session)
    }

    pub fn caller_at(&self, number: &str, session: u8) -> Caller {
        let msisdn: Msisdn = number.parse().unwrap();
        Caller {
            session: SessionKey([session; 16]),
            turn: 1,
            channel: "africastalking",
            msisdn,
            phone: self.vault.keyring().phone_index(msisdn),
            chosen: 0,
            proof: Proof::None,
            language: "en".to_owned(),
            now: self.now,
            today: self.now.date_naive(),
        }
    }

    /// After her PIN.
    pub fn known(&self, person: Uuid) -> Caller {
        Caller { proof: Proof::Pin { person, consented: true }, ..self.caller(200) }
    }

    pub async fn try_ask(
        &self,
        caller: &Caller,
        source: &str,
        params: &[(&'static str, &str)],
    ) -> Result<Answer, PortError> {
        self.ask_in(&mut None, caller, source, params).await
    }

    /// Asks within a turn that has done something already.
    pub async fn ask_in(
        &self,
        work: &mut Work,
        caller: &Caller,
        source: &str,
        params: &[(&'static str, &str)],
    ) -> Result<Answer, PortError> {
        let question = Question { source: CATALOG.source(source).unwrap(), params: to_params(params) };
        let mut answers = self.port.answer(caller, &[question], work).await?;
        Ok(answers.remove(0))
    }

    /// The items of a source; all their fields are in the catalogue.
    pub async fn ask(&self, caller: &Caller, source: &str, params: &[(&'static str, &str)]) -> Answer {
        let answer = self.try_ask(caller, source, params).await.unwrap();
        let spec = CATALOG.source(source).unwrap();
        for fields in &answer {
            for name in fields.keys() {
                assert!(spec.fields.iter().any(|field| field.name == name), "{source}.{name}");
            }
        }
        answer
    }

    /// The one item of a source.
    pub async fn ask_one(&self, caller: &Caller, source: &str, params: &[(&'static str, &str)]) -> Fields {
        let mut answer = self.ask(caller, source, params).await;
        assert_eq!(answer.len(), 1, "{source}");
        answer.remove(0)
    }

    pub async fn try_act(
        &self,
        caller: &Caller,
        action: &str,
        params: &[(&'static str, &str)],
        secret: Option<&str>,
        work: &mut Work,
    ) -> Result<Outcome, PortError> {
        let action = CATALOG.action(action).unwrap();
        let secret = secret.map(|pin| Secret::new(pin.to_owned()));
        let outcome = self.port.act(caller, Deed { action, params: to_params(params), secret }, work).await?;
        let spec = action.outcomes.iter().find(|spec| spec.name == outcome.name);
        let spec = spec.unwrap_or_else(|| panic!("{} is no outcome of {}", outcome.name, action.name));
        for (name, _) in &outcome.facts {
            assert!(spec.facts.iter().any(|fact| fact.name == *name), "{}: {name}", action.name);
        }
        Ok(outcome)
    }

    /// Does it in a turn of its own, which is committed.
    pub async fn act(&self, caller: &Caller, action: &str, params: &[(&'static str, &str)]) -> Outcome {
        let mut work = None;
        let outcome = self.try_act(caller, action, params, None, &mut work).await.unwrap();
        commit(work).await;
        outcome
    }

    /// The same, with a PIN.
    pub async fn type_pin(&self, caller: &Caller, action: &str, pin: &str) -> Outcome {
        let mut work = None;
        let outcome = self.try_act(caller, action, &[], Some(pin), &mut work).await.unwrap();
        commit(work).await;
        outcome
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.database.pool).await.unwrap()
    }

    pub async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.database.pool).await.unwrap();
    }

    /// Gives the first mother one more medicine, begun yesterday.
    pub async fn give_medicine(&self, code: &str, may_be_shown: bool) {
        let mut connection = self.database.pool.acquire().await.unwrap();
        let (wrapped, number): (Vec<u8>, i32) = sqlx::query_as(
            "SELECT wrapped_key, (SELECT max(number) + 1 FROM medicine WHERE person = id) FROM person WHERE id = $1",
        )
        .bind(FATMATA)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        let key = self.vault.unwrap(FATMATA, &wrapped).unwrap();
        let note = MedicineNote { code: code.to_owned(), may_be_shown, ..MedicineNote::default() };
        sqlx::query(
            "INSERT INTO medicine (person, number, started_on, until_on, note, created_at, updated_at)
             VALUES ($1, $2, '2026-11-23', '2026-12-23', $3, $4, $4)",
        )
        .bind(FATMATA)
        .bind(number)
        .bind(note.seal(&key, number))
        .bind(self.now)
        .execute(&mut *connection)
        .await
        .unwrap();
    }

    /// Kind and text of all queued messages.
    pub async fn queued(&self, now: DateTime<Utc>) -> Vec<(String, String)> {
        let queued = queued(&self.database.pool, &self.vault, now).await;
        queued.into_iter().map(|message| (message.kind, message.text)).collect()
    }

    /// The PIN in the one PIN message that is queued.
    pub async fn sent_pin(&self, now: DateTime<Utc>) -> String {
        let queued = self.queued(now).await;
        let pins: Vec<_> = queued.into_iter().filter(|(kind, _)| kind == "pin").collect();
        assert_eq!(pins.len(), 1);
        let text = &pins[0].1;
        text.split(|letter: char| !letter.is_ascii_digit()).find(|part| part.len() == 6).unwrap().to_owned()
    }
}

pub async fn commit(work: Work) {
    if let Some(work) = work {
        work.commit().await.unwrap();
    }
}

fn to_params(params: &[(&'static str, &str)]) -> Params {
    params.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<BTreeMap<_, _>>()
}

/// The shipped messages, on a menu that is quickly read.
fn menu() -> Menu {
    let root = r#"
mamacare: 1
start: main.home
home: main.home
prove: {phone: prove, pin: prove, consent: prove}
strikes: {limit: 3}
keys: {back: "0", home: "00", more: "98", previous: "99", leave: "999"}
constants: {emergency: "117"}
languages:
  - {code: en, name: English, review: reviewed}
  - {code: kri, name: Krio, review: unreviewed, fallback: [en]}
"#;
    let main = r#"
mamacare: 1
flow: main
start: home
states:
  home: {say: "{{ const.emergency }}", text: []}
"#;
    let prove = r#"
mamacare: 1
flow: prove
start: ask
states:
  ask:
    say: "?"
    menu: [{key: "1", say: "!", go: return}]
"#;
    let sources = Sources::from_pairs([
        ("prove.yaml", prove),
        ("mamacare.yaml", root),
        ("main.yaml", main),
        ("languages/en.yaml", include_str!("../../../menus/languages/en.yaml")),
        ("languages/kri.yaml", include_str!("../../../menus/languages/kri.yaml")),
        ("messages.yaml", include_str!("../../../menus/messages.yaml")),
    ]);
    let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
    load(&sources, &CATALOG, &options).unwrap_or_else(|report| panic!("{}", report.render(false)))
}
