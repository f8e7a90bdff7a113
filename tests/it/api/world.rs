//! A running API with two hospitals, a pharmacy, staff and a patient.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mamacare::api::{Api, ApiParts, ApiSettings, EnglishTexts, Rate, Rates, router};
use mamacare::app::clock::Clock;
use mamacare::app::database::{pool, scoped_pool};
use mamacare::app::settings::{Database, Secret};
use mamacare::care::Country;
use mamacare::identity::{HasherSettings, PinHasher, Role};
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::accounts::{self, NewAccount};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::harness::TestDatabase;
use crate::outbox::queued::queued;

pub const PASSWORD: &str = "river stone lantern";
pub const HOSPITAL: i32 = 90_001;
pub const OTHER_HOSPITAL: i32 = 90_002;
pub const PHARMACY: i32 = 90_003;

pub struct World {
    pub database: TestDatabase,
    pub scoped: PgPool,
    pub service: PgPool,
    pub keyring: Arc<Keyring>,
    pub base: String,
    pub clock: Clock,
    pub hasher: PinHasher,
    client: Client,
}

/// An answer, read.
#[derive(Debug)]
pub struct Told {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub retry_after: Option<u32>,
    pub body: Value,
    pub text: String,
}

impl Told {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.body
    }
}

impl World {
    pub async fn new() -> Self {
        Self::limited(generous()).await
    }

    /// One where PostgreSQL reads a table from end to end only where it has no other way.
    pub async fn without_sequential_scans() -> Self {
        let mut database = TestDatabase::new().await;
        let forbid = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$";
        sqlx::raw_sql(forbid).execute(&database.pool).await.unwrap();
        let later = PgPoolOptions::new().max_connections(8).connect(&database.url()).await.unwrap();
        std::mem::replace(&mut database.pool, later).close().await;
        Self::furnished(database, generous(), Keyring::demo(), cheap()).await
    }

    pub async fn limited(rates: Rates) -> Self {
        Self::furnished(TestDatabase::new().await, rates, Keyring::demo(), cheap()).await
    }

    /// One with those costs of a check, and so many that may wait.
    pub async fn with_costs(costs: HasherSettings) -> Self {
        Self::furnished(TestDatabase::new().await, generous(), Keyring::demo(), costs).await
    }

    /// One whose node has these keys.
    pub async fn with_keys(keyring: Keyring) -> Self {
        Self::furnished(TestDatabase::new().await, generous(), keyring, cheap()).await
    }

    async fn furnished(
        database: TestDatabase,
        rates: Rates,
        keyring: Keyring,
        costs: HasherSettings,
    ) -> Self {
        // As in production: the one bound by row-level security, the other not, neither the owner.
        let mut options = Database { url: Some(Secret::new(database.url())), ..Database::default() };
        options.statement_timeout_ms = 30_000;
        let (scoped, service) = (scoped_pool(&options).unwrap(), pool(&options).unwrap());
        let keyring = Arc::new(keyring);
        let clock = Clock::manual("2026-11-24T12:00:00Z".parse().unwrap());
        let hasher = PinHasher::start(costs, keyring.pepper(), mamacare::app::clock::octets).unwrap();
        let told = clock.clone();
        let parts = ApiParts {
            scoped: scoped.clone(),
            service: service.clone(),
            vault: Arc::new(Vault::new(Arc::clone(&keyring))),
            pins: hasher.clone(),
            passwords: hasher.clone(),
            country: Arc::new(Country::shipped().unwrap()),
            texts: Arc::new(EnglishTexts),
            clock: Arc::new(move || told.now()),
            settings: ApiSettings { rates, refusal_after: Duration::ZERO, ..ApiSettings::default() },
        };
        let app = router(&Arc::new(Api::new(parts))).into_make_service_with_connect_info::<SocketAddr>();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        let world = Self { database, scoped, service, keyring, base, clock, hasher: hasher.clone(), client };
        world.furnish(&hasher).await;
        world
    }

    async fn furnish(&self, hasher: &PinHasher) {
        sqlx::raw_sql(
            "INSERT INTO district (id, name, region) VALUES ('bo', 'Bo', 'South'), ('kenema', 'Kenema', 'East')
             ON CONFLICT DO NOTHING;
             INSERT INTO facility (id, name, town, district, kind, services, updated_at) VALUES
             (90001, 'First Hospital', 'Bo', 'bo', 'hospital', '{maternity}', now()),
             (90002, 'Second Hospital', 'Kenema', 'kenema', 'hospital', '{maternity}', now()),
             (90003, 'Corner Pharmacy', 'Bo', 'bo', 'pharmacy', '{}', now())",
        )
        .execute(&self.database.pool)
        .await
        .unwrap();
        let hash = hasher.hash(PASSWORD).await.unwrap();
        for (role, name, profession, facility) in [
            (Role::Administrator, "admin", None, None),
            (Role::Hospital, "hospital", None, Some(HOSPITAL)),
            (Role::Hospital, "other-hospital", None, Some(OTHER_HOSPITAL)),
            (Role::Professional, "nurse", Some("nurse"), Some(HOSPITAL)),
            (Role::Professional, "other-nurse", Some("nurse"), Some(OTHER_HOSPITAL)),
            (Role::Professional, "other-doctor", Some("doctor"), Some(OTHER_HOSPITAL)),
            (Role::Pharmacy, "pharmacy", None, Some(PHARMACY)),
        ] {
            self.account(role, name, profession, facility, &hash).await;
        }
    }

    pub async fn account(
        &self,
        role: Role,
        name: &str,
        profession: Option<&str>,
        facility: Option<i32>,
        hash: &str,
    ) -> Uuid {
        let id = Uuid::now_v7();
        let email = address(name);
        let account = NewAccount {
            id,
            role,
            email: &email,
            name,
            profession,
            facility,
            status: "active",
            password_hash: Some(hash),
            now: self.clock.now(),
        };
        let mut work = self.database.pool.acquire().await.unwrap();
        assert!(accounts::add(&mut work, &self.keyring, &account).await.unwrap());
        id
    }

    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Told {
        self.ask(method, path, token, body, &[]).await
    }

    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Told {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    /// A request with a raw body.
    pub async fn raw(
        &self,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Told {
        self.send("POST", path, token, &[("content-type", content_type)], body).await
    }

    /// A request of which every octet is said.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Told {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send().await.unwrap()).await
    }

    pub async fn sign_in(&self, name: &str) -> String {
        let body = json!({"email": address(name), "password": PASSWORD});
        let told = self.call("POST", "/api/login", None, Some(body)).await.expect(200);
        told["token"].as_str().unwrap().to_owned()
    }

    /// Registers a patient at the first hospital; her id.
    pub async fn patient(&self, nurse: &str, given: &str, phone: Option<&str>) -> Uuid {
        let mut body = json!({
            "given_name": given, "family_name": "Example", "birth_date": "1998-04-12",
            "consents": ["care", "reminders"]
        });
        if let Some(phone) = phone {
            body["phone"] = phone.into();
        }
        let view = self.call("POST", "/api/v1/patients", Some(nurse), Some(body)).await.expect(201);
        view["id"].as_str().unwrap().parse().unwrap()
    }

    /// The newest message in the outbox: whom it goes to, and its text.
    pub async fn newest_mail(&self) -> (String, String) {
        let (cause, to, body): (String, Vec<u8>, Vec<u8>) = sqlx::query_as(
            "SELECT cause, recipient, body FROM outbox WHERE medium = 'email' ORDER BY id DESC LIMIT 1",
        )
        .fetch_one(&self.database.pool)
        .await
        .unwrap();
        let open = |column: &str, sealed: &[u8]| {
            let bound = [column.as_bytes(), &[0], cause.as_bytes()].concat();
            String::from_utf8(self.keyring.open("outbox", &bound, sealed).unwrap()).unwrap()
        };
        (open("recipient", &to), open("body", &body))
    }

    /// The token of the link in the newest mail.
    pub async fn mailed_token(&self) -> String {
        let (_, text) = self.newest_mail().await;
        text.split("#token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
    }

    /// Texts of the SMS that are queued, oldest first.
    pub async fn messages(&self) -> Vec<String> {
        let vault = Vault::new(Arc::clone(&self.keyring));
        let mut queued = queued(&self.database.pool, &vault, self.clock.now()).await;
        queued.retain(|message| message.kind != "mail");
        queued.sort_by_key(|message| message.id);
        queued.into_iter().map(|message| message.text).collect()
    }

    /// The PIN that was sent last, replaced by one that she chose.
    pub async fn chosen_pin(&self, phone: &str, pin: &str) {
        let texts = self.messages().await;
        let text = texts.iter().rev().find(|text| text.contains("PIN is")).unwrap();
        let sent = text.split("PIN is ").nth(1).unwrap().split('.').next().unwrap();
        let body = json!({"phone": phone, "pin": sent, "new_pin": pin});
        self.call("POST", "/api/patient/pin", None, Some(body)).await.expect(204);
    }

    pub async fn patient_sign_in(&self, phone: &str, pin: &str) -> String {
        let body = json!({"phone": phone, "pin": pin});
        let told = self.call("POST", "/api/patient/login", None, Some(body)).await.expect(200);
        told["token"].as_str().unwrap().to_owned()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

async fn read(response: Response) -> Told {
    let status = response.status();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let etag = header("etag");
    let retry_after = header("retry-after").map(|seconds| seconds.parse().unwrap());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Told { status, etag, retry_after, body, text }
}

pub fn address(name: &str) -> String {
    format!("{name}@mamacare.example")
}

/// Checks that take no time, and for which anybody may wait.
fn cheap() -> HasherSettings {
    HasherSettings { memory_kib: 64, passes: 1, lanes: 1, threads: 2, max_wait: Duration::from_secs(30) }
}

pub fn generous() -> Rates {
    let much = Rate { per_minute: 1_000_000, burst: 1_000_000 };
    Rates { address: much, account: much, knock: much }
}
