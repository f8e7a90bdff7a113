//! The driver of turns over the real session store: what is answered is durable, happens once, and
//! goes on at any node.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mamacare::app::clock::Clock;
use mamacare::app::turns::{Committed, DataPort, MenuShelf, PortError, TurnSettings, TurnWrite, Turns};
use mamacare::menu::{LoadOptions, Menu, MenuVersion, Sources, load};
use mamacare::privacy::Keyring;
use mamacare::store::turns::Turns as SessionStore;
use mamacare::text::Display;
use mamacare::ussd::catalog::CATALOG;
use mamacare::ussd::port::{Answer, Caller, Deed, Opening, Outcome, Question, Stored};
use mamacare::ussd::{Event, Input, Network, ServiceCode, SessionKey, Taken, Turn};
use sqlx::{PgPool, Postgres, Transaction};

use crate::harness::TestDatabase;

const ROOT: &str = r#"
mamacare: 1
start: main.home
home: main.home
resume: main.cut
prove: {phone: prove, pin: prove, consent: prove}
strikes: {limit: 3}
keys: {back: "0", home: "00", more: "98", previous: "99", leave: "999"}
languages: [{code: en, name: English, review: reviewed}]
"#;

const FLOW: &str = r#"
mamacare: 1
flow: main
start: home
states:
  home:
    say: {en: Home}
    menu:
      - {key: "1", say: {en: Weeks}, go: weeks}
      - {key: "2", say: {en: Send}, go: send}
  cut:
    say: {en: You were cut off.}
    menu: [{key: "1", say: {en: Go on}, go: resume}, {key: "2", say: {en: Anew}, go: home}]
  weeks:
    say: {en: Weeks?}
    input: {type: number, min: 1, max: 42, save: weeks, go: told}
  told:
    say: {en: "{{ input.weeks }} weeks"}
    text: []
  send:
    action: {do: send_clinic, with: {id: "1"}, on: {sent: sent, wait: sent, unknown: sent}}
  sent:
    say: {en: Sent.}
    text: []
"#;

const PROVE: &str = r"
mamacare: 1
flow: prove
start: no
states:
  no:
    say: {en: Not here.}
    menu: [{key: '1', say: {en: Back}, go: return}]
";

fn menu() -> Arc<Menu> {
    let english = include_str!("../../menus/languages/en.yaml");
    let files =
        [("mamacare.yaml", ROOT), ("main.yaml", FLOW), ("prove.yaml", PROVE), ("languages/en.yaml", english)];
    let sources = Sources::from_pairs(files);
    Arc::new(
        load(&sources, &CATALOG, &LoadOptions::default())
            .unwrap_or_else(|report| panic!("{}", report.render(false))),
    )
}

struct Shelf(Arc<Menu>);

impl MenuShelf for Shelf {
    fn current(&self) -> Arc<Menu> {
        Arc::clone(&self.0)
    }

    async fn version(&self, _: MenuVersion) -> Option<Arc<Menu>> {
        None
    }
}

/// The session store, with one deed that leaves a row.
struct Port {
    store: SessionStore,
    pool: PgPool,
}

impl DataPort for Port {
    type Work = Transaction<'static, Postgres>;

    async fn opening(
        &self,
        key: SessionKey,
        phone: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<Opening, PortError> {
        Ok(self.store.opening(key, phone, now).await?)
    }

    async fn load(&self, key: SessionKey) -> Result<Option<Stored>, PortError> {
        Ok(self.store.load(key).await?)
    }

    async fn answer(
        &self,
        _: &Caller,
        questions: &[Question],
        _: &mut Option<Self::Work>,
    ) -> Result<Vec<Answer>, PortError> {
        Ok(questions.iter().map(|_| Answer::new()).collect())
    }

    async fn act(
        &self,
        caller: &Caller,
        _: Deed,
        work: &mut Option<Self::Work>,
    ) -> Result<Outcome, PortError> {
        if work.is_none() {
            *work = Some(self.pool.begin().await?);
        }
        let work = work.as_mut().unwrap();
        sqlx::query("INSERT INTO sent (session, turn) VALUES ($1, $2)")
            .bind(caller.session.0.as_slice())
            .bind(i32::try_from(caller.turn).unwrap())
            .execute(&mut **work)
            .await?;
        Ok(Outcome { name: "sent", ..Outcome::default() })
    }

    async fn commit(&self, work: Option<Self::Work>, write: TurnWrite) -> Result<Committed, PortError> {
        let written = match work {
            Some(work) => self.store.commit_with(work, write).await?,
            None => self.store.commit(write).await?,
        };
        Ok(if written { Committed::Yes } else { Committed::Overtaken })
    }
}

struct Country {
    database: TestDatabase,
    clock: Clock,
    keys: Arc<Keyring>,
}

impl Country {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        sqlx::query("CREATE TABLE sent (session bytea, turn integer)").execute(&database.pool).await.unwrap();
        let clock = Clock::manual("2026-11-24T08:00:00Z".parse().unwrap());
        Self { database, clock, keys: Arc::new(Keyring::demo()) }
    }

    /// A node of its own: nothing shared with another but the database.
    fn node(&self) -> Turns<Port, Shelf> {
        let pool = self.database.pool.clone();
        let store = SessionStore::start(pool.clone(), Arc::clone(&self.keys), Duration::from_mins(10));
        let settings = TurnSettings { deadline: Duration::from_secs(30), ..TurnSettings::default() };
        Turns::new(Port { store, pool }, Shelf(menu()), Arc::clone(&self.keys), self.clock.clone(), settings)
    }

    fn turn(&self, session: &str, input: Input, event: Event) -> Turn {
        Turn {
            channel: "json",
            session: SessionKey(self.keys.session_key("json", session)),
            msisdn: "076000001".parse().unwrap(),
            service_code: ServiceCode("*468#".to_owned()),
            network: Network("61901".to_owned()),
            input,
            event,
        }
    }

    async fn sent(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM sent").fetch_one(&self.database.pool).await.unwrap()
    }
}

async fn text(country: &Country, node: &Turns<Port, Shelf>, session: &str, text: &str) -> String {
    let turn = country.turn(session, Input::Cumulative(text.to_owned()), Event::Turn);
    shown(node.take(turn, Display::default()).await)
}

fn shown(taken: Taken) -> String {
    match taken {
        Taken::Reply(reply) => format!("{} {}", if reply.more { "CON" } else { "END" }, reply.text),
        other => format!("{other:?}"),
    }
}

/// A screen that ends the session and says how to begin again.
fn closed(screen: &str) -> bool {
    screen.starts_with("END ") && screen.contains("*468#")
}

const HOME: &str = "CON Home\n1. Weeks\n2. Send";

#[tokio::test]
async fn a_session_goes_on_at_any_node_and_after_its_node_has_died() {
    let country = Country::new().await;
    let (first, second) = (country.node(), country.node());
    assert_eq!(text(&country, &first, "s", "").await, HOME);
    assert!(text(&country, &second, "s", "1").await.starts_with("CON Weeks?"));
    drop(second);
    assert!(text(&country, &first, "s", "1*20").await.starts_with("CON 20 weeks"), "its copy was behind");
    let third = country.node();
    assert!(
        text(&country, &third, "s", "1*20").await.starts_with("CON 20 weeks"),
        "a repeat at another node"
    );
}

#[tokio::test]
async fn a_deed_is_done_once_however_often_and_wherever_the_turn_arrives() {
    let country = Country::new().await;
    let nodes: Vec<Arc<Turns<Port, Shelf>>> = (0..3).map(|_| Arc::new(country.node())).collect();
    for node in &nodes {
        assert_eq!(text(&country, node, "s", "").await, HOME);
    }
    let mut repeats = tokio::task::JoinSet::new();
    for at in 0..30 {
        let node = Arc::clone(&nodes[at % 3]);
        let turn = country.turn("s", Input::Cumulative("2".to_owned()), Event::Turn);
        repeats.spawn(async move { shown(node.take(turn, Display::default()).await) });
    }
    while let Some(answer) = repeats.join_next().await {
        assert_eq!(answer.unwrap(), "CON Sent.\n0 Back 00 Home");
    }
    assert_eq!(country.sent().await, 1);
}

#[tokio::test]
async fn late_and_foreign_turns_change_nothing() {
    let country = Country::new().await;
    let node = country.node();
    text(&country, &node, "s", "").await;
    text(&country, &node, "s", "1").await;
    let now = text(&country, &node, "s", "1*20").await;
    assert_eq!(text(&country, &node, "s", "1").await, now, "a late turn gets the screen of now");
    assert!(closed(&text(&country, &node, "s", "9*20*2").await));
    let mut stolen = country.turn("s", Input::Cumulative("1*20*0".to_owned()), Event::Turn);
    stolen.msisdn = "077000002".parse().unwrap();
    assert!(closed(&shown(node.take(stolen, Display::default()).await)));
    assert_eq!(text(&country, &node, "s", "1*20").await, now);
}

#[tokio::test]
async fn numbered_turns_say_what_comes_next() {
    let country = Country::new().await;
    let node = country.node();
    let numbered = |sequence, text: &str| {
        country.turn("s", Input::Sequenced { sequence, text: text.to_owned() }, Event::Turn)
    };
    let take = async |sequence, text| shown(node.take(numbered(sequence, text), Display::default()).await);
    assert_eq!(take(2, "").await, "OutOfOrder { expected: 1 }");
    assert_eq!(take(1, "").await, HOME);
    assert!(take(2, "1").await.starts_with("CON Weeks?"));
    assert_eq!(take(4, "20").await, "OutOfOrder { expected: 3 }");
    assert!(take(2, "1").await.starts_with("CON Weeks?"));
    assert!(take(3, "20").await.starts_with("CON 20 weeks"));
}

#[tokio::test]
async fn an_idle_session_is_over_and_a_redial_offers_to_go_on() {
    let country = Country::new().await;
    let node = country.node();
    text(&country, &node, "s", "").await;
    text(&country, &node, "s", "1").await;
    text(&country, &node, "s", "1*20").await;
    country.clock.advance(Duration::from_secs(181));
    assert!(closed(&text(&country, &node, "s", "1*20*0").await));
    assert!(text(&country, &node, "t", "").await.starts_with("CON You were cut off."));
    assert!(text(&country, &node, "t", "1").await.starts_with("CON 20 weeks"));
    assert_eq!(text(&country, &node, "t", "1*00").await, HOME);
    assert_eq!(text(&country, &node, "u", "").await, HOME, "taken up once, it is not offered again");
}

#[tokio::test]
async fn what_was_left_or_is_long_past_is_not_offered() {
    let country = Country::new().await;
    let node = country.node();
    text(&country, &node, "s", "").await;
    text(&country, &node, "s", "1").await;
    assert!(text(&country, &node, "s", "1*999").await.starts_with("END "));
    assert_eq!(text(&country, &node, "t", "").await, HOME);
    text(&country, &node, "t", "1").await;
    country.clock.advance(Duration::from_secs(601));
    assert_eq!(text(&country, &node, "u", "").await, HOME);
}

#[tokio::test]
async fn the_operators_notice_ends_a_session() {
    let country = Country::new().await;
    let node = country.node();
    text(&country, &node, "s", "").await;
    text(&country, &node, "s", "1").await;
    let notice = |session, event| country.turn(session, Input::Cumulative(String::new()), event);
    assert_eq!(node.take(notice("s", Event::Dropped), Display::default()).await, Taken::Noted);
    assert_eq!(node.take(notice("unknown", Event::Dropped), Display::default()).await, Taken::Noted);
    assert!(text(&country, &node, "s", "1*20").await.starts_with("END "));
    assert!(text(&country, &node, "t", "").await.starts_with("CON You were cut off."));
    assert_eq!(node.take(notice("t", Event::Closed), Display::default()).await, Taken::Noted);
}

#[tokio::test]
async fn a_stored_session_shows_neither_number_nor_answer_and_is_small() {
    let country = Country::new().await;
    let node = country.node();
    text(&country, &node, "s", "").await;
    text(&country, &node, "s", "1").await;
    let (row, octets): (String, i32) =
        sqlx::query_as("SELECT s::text, pg_column_size(s.*) FROM ussd_session s")
            .fetch_one(&country.database.pool)
            .await
            .unwrap();
    assert!(!row.contains("23276000001") && !row.contains("weeks"), "{row}");
    assert!(octets < 200, "{octets} octets");
}

#[tokio::test]
async fn old_sessions_are_swept() {
    let country = Country::new().await;
    let node = country.node();
    text(&country, &node, "s", "").await;
    let store = SessionStore::start(
        country.database.pool.clone(),
        Arc::clone(&country.keys),
        Duration::from_mins(10),
    );
    let now = country.clock.now();
    assert_eq!(store.sweep(now).await.unwrap(), 0);
    assert_eq!(store.sweep(now + Duration::from_secs(1)).await.unwrap(), 1);
    // More than go at once, and one that is not as old.
    sqlx::query(
        "INSERT INTO ussd_session (key, phone, started_at, touched_at, turn, resumable, state)
         SELECT decode(md5(number::text), 'hex'), decode(md5(number::text), 'hex'),
                $1 - number * interval '1 second', $1, 1, false, ''
         FROM generate_series(0, 1200) AS number",
    )
    .bind(now)
    .execute(&country.database.pool)
    .await
    .unwrap();
    assert_eq!(store.sweep(now).await.unwrap(), 1200);
    assert_eq!(store.sweep(now + Duration::from_secs(1)).await.unwrap(), 1);
}
