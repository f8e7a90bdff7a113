//! One woman and all her doors: the phone, the API and SMS, over one database and one clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use mamacare::app::inbound::{Inbound, InboundParts, InboundSettings};
use mamacare::app::port::{Port, PortParts, PortSettings};
use mamacare::app::turns::DataPort;
use mamacare::care::Country;
use mamacare::care::calendar::local_day;
use mamacare::channels::sms::inbound::InboundTaker;
use mamacare::identity::{PinPolicy, TryLimits};
use mamacare::menu::Value;
use mamacare::messages::keywords::Keywords;
use mamacare::privacy::Vault;
use mamacare::store::facilities::Directory;
use mamacare::store::turns::Turns;
use mamacare::ussd::SessionKey;
use mamacare::ussd::catalog::CATALOG;
use mamacare::ussd::port::{Caller, Deed, Outcome, Proof, Secret};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::api::world::{Told, World};
use crate::outbox::queued::{Queued, queued};
use crate::textcare::world::{Shelf, Taker, World as ByText};

/// Her number.
pub const HERS: &str = "+23276000001";
/// One that is added to it, or takes its place.
pub const NEW: &str = "+23277000002";
/// The PIN that she chose.
pub const PIN: &str = "480625";

pub struct Doors {
    pub world: World,
    pub vault: Arc<Vault>,
    pub nurse: String,
    pub patient: Uuid,
    port: Port<Shelf>,
    taker: Taker,
    sessions: AtomicU8,
}

impl Doors {
    /// A patient with one number and a PIN of her own, both some days old.
    pub async fn new() -> Self {
        let world = World::new().await;
        let vault = Arc::new(Vault::new(Arc::clone(&world.keyring)));
        let nurse = world.sign_in("nurse").await;
        let patient = world.patient(&nurse, "Aminata", Some(HERS)).await;
        world.chosen_pin(HERS, PIN).await;
        let (port, directory) = port(&world, &vault).await;
        let taker = Inbound::new(InboundParts {
            pool: world.service.clone(),
            vault: Arc::clone(&vault),
            port: self::port(&world, &vault).await.0,
            directory,
            country: Arc::new(Country::shipped().unwrap()),
            keywords: Keywords::shipped().unwrap(),
            menus: Shelf::shipped(),
            clock: world.clock.clone(),
            settings: InboundSettings::new("*468#"),
        });
        world.clock.advance(Duration::from_hours(72));
        let nurse = world.sign_in("nurse").await;
        let doors = Self { world, vault, nurse, patient, port, taker, sessions: AtomicU8::new(1) };
        assert!(doors.queued().await.is_empty());
        doors
    }

    /// Time passes; staff sign in again, since their tokens are short.
    pub async fn later(&mut self, minutes: u64) {
        self.world.clock.advance(Duration::from_mins(minutes));
        self.nurse = self.world.sign_in("nurse").await;
    }

    pub fn caller(&self, number: &str) -> Caller {
        let msisdn = number.parse().unwrap();
        let now = self.world.now();
        Caller {
            session: SessionKey([self.sessions.fetch_add(1, Ordering::Relaxed); 16]),
            turn: 1,
            channel: "africastalking",
            msisdn,
            phone: self.world.keyring.phone_index(msisdn),
            chosen: 0,
            proof: Proof::None,
            language: "en".to_owned(),
            now,
            today: local_day(now),
        }
    }

    async fn act(
        &self,
        caller: &Caller,
        action: &str,
        params: BTreeMap<&'static str, String>,
        secret: Option<&str>,
    ) -> Outcome {
        let action = CATALOG.action(action).unwrap();
        let secret = secret.map(|pin| Secret::new(pin.to_owned()));
        let mut work = None;
        let outcome = self.port.act(caller, Deed { action, params, secret }, &mut work).await.unwrap();
        if let Some(work) = work {
            work.commit().await.unwrap();
        }
        outcome
    }

    /// A PIN typed on the phone.
    pub async fn types(&self, number: &str, pin: &str) -> Outcome {
        self.act(&self.caller(number), "verify_pin", BTreeMap::new(), Some(pin)).await
    }

    /// "I forgot my PIN" on the phone, with that year.
    pub async fn forgot(&self, number: &str, year: &str) -> Outcome {
        let params = BTreeMap::from([("birth_year", year.to_owned())]);
        self.act(&self.caller(number), "recover_pin", params, None).await
    }

    /// "It was not me" on the phone.
    pub async fn not_me(&self, number: &str) -> &'static str {
        self.act(&self.caller(number), "stop_pin", BTreeMap::new(), None).await.name
    }

    /// The PIN that was sent, and in the same call one of her own.
    pub async fn chooses(&self, number: &str, sent: &str, own: &str) {
        let caller = self.caller(number);
        let outcome = self.act(&caller, "verify_pin", BTreeMap::new(), Some(sent)).await;
        assert_eq!(outcome.name, "must_change");
        let caller = Caller { proof: outcome.proof.unwrap(), ..caller };
        for action in ["propose_pin", "confirm_pin"] {
            assert_eq!(self.act(&caller, action, BTreeMap::new(), Some(own)).await.name, "ok");
        }
    }

    /// A message that comes in by SMS.
    pub async fn writes(&self, number: &str, text: &str) {
        let id = Uuid::now_v7().to_string();
        self.taker.take(ByText::message(number, text, &id)).await.unwrap();
    }

    /// Her sign-in at the API.
    pub async fn signs_in(&self, number: &str, pin: &str) -> Told {
        let body = json!({"phone": number, "pin": pin});
        self.world.call("POST", "/api/patient/login", None, Some(body)).await
    }

    /// A request of staff about her.
    pub async fn staff(&self, part: &str, body: Json) -> Told {
        let path = format!("/api/v1/patients/{}/{part}", self.patient);
        self.world.call("POST", &path, Some(&self.nurse), (!body.is_null()).then_some(body)).await
    }

    pub async fn queued(&self) -> Vec<Queued> {
        queued(&self.world.database.pool, &self.vault, self.world.now()).await
    }

    /// What is queued, to whom and what, and from now on counts as sent.
    pub async fn sent(&self) -> Vec<(String, String)> {
        let queued = self.queued().await;
        self.run("UPDATE outbox SET state = 'sent', body = NULL WHERE state = 'queued'").await;
        queued.into_iter().map(|message| (message.to, message.text)).collect()
    }

    pub async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.world.database.pool).await.unwrap();
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.world.database.pool).await.unwrap()
    }
}

/// The PIN in a message.
pub fn pin_in(text: &str) -> Option<&str> {
    text.split(|letter: char| !letter.is_ascii_digit()).find(|part| part.len() == 6)
}

/// For how many minutes an outcome says.
pub fn minutes(outcome: &Outcome) -> Option<i64> {
    outcome.facts.iter().find_map(|(name, value)| match (*name, value) {
        ("minutes", Value::Number(minutes)) => Some(*minutes),
        _ => None,
    })
}

async fn port(world: &World, vault: &Arc<Vault>) -> (Port<Shelf>, Directory) {
    let directory = Directory::open(&world.service).await.unwrap();
    let turns = Turns::start(world.service.clone(), Arc::clone(&world.keyring), Duration::from_mins(10));
    let port = Port::open(PortParts {
        pool: world.service.clone(),
        turns,
        vault: Arc::clone(vault),
        hasher: world.hasher.clone(),
        directory: directory.clone(),
        country: Arc::new(Country::shipped().unwrap()),
        menus: Shelf::shipped(),
        settings: PortSettings::new("*468#", PinPolicy::default(), TryLimits::default()),
    });
    (port.await.unwrap(), directory)
}
