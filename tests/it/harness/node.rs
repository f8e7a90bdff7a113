//! A node of a test's own, called over HTTP as an operator calls it.

use std::sync::Arc;
use std::time::Duration;

use mamacare::app::clock::{self, Clock};
use mamacare::app::metrics::Metrics;
use mamacare::app::node::Node;
use mamacare::app::serve::Foundation;
use mamacare::app::settings::{Secret, SecretList, Settings};
use mamacare::care::Country;
use mamacare::identity::{HasherSettings, PinHasher};
use mamacare::privacy::{Keyring, Vault};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{TestDatabase, TestFolder};

pub const SECRET: &str = "0f1e2d3c4b5a69788796";

/// A node, its database and its menus.
pub struct TestNode {
    pub database: TestDatabase,
    pub menus: TestFolder,
    /// It checks PINs cheaply.
    pub hasher: PinHasher,
    node: Node,
    client: Client,
}

/// What the phone shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Screen {
    pub status: u16,
    pub text: String,
}

impl TestNode {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A node with settings of its own.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(TestDatabase::new().await, change).await
    }

    /// A node on that database.
    pub async fn on(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        let keys = Arc::new(Keyring::new(&clock::octets(), clock::generator()));
        Self::keyed(database, keys, change).await
    }

    /// A node on that database with those keys; it serves the shipped menus out of a folder.
    pub async fn keyed(
        database: TestDatabase,
        keys: Arc<Keyring>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let menus = TestFolder::new();
        for (name, text) in mamacare::menu::Sources::from_embedded().pairs() {
            let file = menus.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let mut settings = Settings::default();
        settings.menu.serve_unreviewed = vec!["kri".to_owned()];
        let channels = &mut settings.channels;
        for channel in [&mut channels.africastalking, &mut channels.json] {
            channel.enabled = true;
            channel.secrets = SecretList(vec![Secret::new(SECRET)]);
        }
        // As in production: a node is not the owner.
        settings.database.url = Some(Secret::new(database.url_as(mamacare::store::roles::APPLICATION)));
        settings.menu.dir = Some(menus.path().to_owned());
        change(&mut settings);
        let cheap = HasherSettings { memory_kib: 64, passes: 1, ..settings.pin.hasher() };
        let hasher = PinHasher::start(cheap, keys.pepper(), clock::octets).unwrap();
        let node = start(settings, keys, hasher.clone()).await;
        let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { database, menus, hasher, node, client }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.node.address())
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// One turn as Africa's Talking sends it.
    pub async fn turn(&self, session: &str, msisdn: &str, text: &str) -> Screen {
        let fields = [
            ("sessionId", session),
            ("phoneNumber", msisdn),
            ("networkCode", "61901"),
            ("serviceCode", "*468#"),
            ("text", text),
        ];
        let path = format!("/ussd/africastalking/{SECRET}");
        let response = self.post(&path).form(&fields).send().await.unwrap();
        Screen { status: response.status().as_u16(), text: response.text().await.unwrap() }
    }

    /// One turn in the generic JSON form.
    pub async fn numbered(&self, session: &str, sequence: u32, input: &str, event: &str) -> (u16, Value) {
        let body = json!({"session": session, "msisdn": "+23276000001", "service_code": "*468#",
            "network": "61901", "sequence": sequence, "input": input, "event": event});
        let request = self.post("/ussd/json").bearer_auth(SECRET).json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Rows of sessions.
    pub async fn sessions(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM ussd_session").fetch_one(&self.database.pool).await.unwrap()
    }

    pub async fn reload_menus(&self) {
        self.node.menus().reload().await;
    }

    pub async fn stop(self) {
        self.node.stop().await;
    }
}

async fn start(settings: Settings, keys: Arc<Keyring>, hasher: PinHasher) -> Node {
    let foundation = Foundation {
        tls: mamacare::app::tls::Tls::of(&settings.server).unwrap(),
        clock: Clock::system(),
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        pool: mamacare::app::database::pool(&settings.database).unwrap(),
        scoped: mamacare::app::database::scoped_pool(&settings.database).unwrap(),
        hasher,
        vault: Arc::new(Vault::new(keys)),
        country: Arc::new(Country::shipped().unwrap()),
        metrics: Metrics::install().unwrap(),
        settings,
    };
    foundation.start().await.unwrap()
}
