//! What the tests of the outbox stand on.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mamacare::care::Msisdn;
use mamacare::messages::{Kind, Lane, Medium, Price, State};
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::outbox::{self, Claim, Claimed, Mark, NewMessage};
use sqlx::PgConnection;
use sqlx::postgres::PgListener;
use uuid::Uuid;

use crate::harness::TestDatabase;

/// A database with an outbox, at ten in the morning.
pub struct Stage {
    pub database: TestDatabase,
    pub vault: Arc<Vault>,
    pub now: DateTime<Utc>,
}

/// Every change has its row in the history; whoever waits for one is told.
const TELL_CHANGES: &str = "
    CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_notify('outbox_changed', ''); RETURN NULL; END $$;
    CREATE TRIGGER tell_change AFTER INSERT ON outbox_event FOR EACH STATEMENT EXECUTE FUNCTION tell_change();";

pub const WORKER: Uuid = Uuid::from_u128(1);
pub const OTHER: Uuid = Uuid::from_u128(2);

pub fn number(last: u64) -> Msisdn {
    Msisdn::from_digits(23_276_000_000 + last).unwrap()
}

impl Stage {
    pub async fn new() -> Self {
        let vault = Arc::new(Vault::new(Arc::new(Keyring::demo())));
        let stage =
            Self { database: TestDatabase::new().await, vault, now: "2026-11-24T10:00:00Z".parse().unwrap() };
        sqlx::raw_sql(TELL_CHANGES).execute(&stage.database.pool).await.unwrap();
        stage
    }

    /// Until a change of the outbox makes it so; fails where none does.
    pub async fn until(&self, what: &str, mut reached: impl AsyncFnMut() -> bool) {
        let mut changes = PgListener::connect_with(&self.database.pool).await.unwrap();
        changes.listen("outbox_changed").await.unwrap();
        let waited = tokio::time::timeout(Duration::from_mins(1), async {
            while !reached().await {
                changes.recv().await.unwrap();
            }
        });
        assert!(waited.await.is_ok(), "it never came to this: {what}");
    }

    /// Until a message is in that state; fails where it does not get there.
    pub async fn becomes(&self, cause: &str, state: State) {
        let what = format!("{cause} is {state:?}");
        self.until(&what, async || self.state(cause).await == state).await;
    }

    /// Queues a message that lasts an hour.
    pub async fn queue(&self, cause: &str, kind: Kind, to: Msisdn) {
        self.queue_until(cause, kind, to, self.now + TimeDelta::hours(1)).await;
    }

    pub async fn queue_until(&self, cause: &str, kind: Kind, to: Msisdn, expires_at: DateTime<Utc>) {
        let mut work = self.database.pool.begin().await.unwrap();
        self.queue_in(&mut work, cause, kind, to, expires_at).await;
        work.commit().await.unwrap();
    }

    /// Queues a message that has already been claimed for the worker that has that one, who knows nothing of it.
    pub async fn queue_lost(&self, cause: &str, kind: Kind, to: Msisdn, like: &str) {
        let mut work = self.database.pool.begin().await.unwrap();
        self.queue_in(&mut work, cause, kind, to, self.now + TimeDelta::hours(1)).await;
        let claimed = "UPDATE outbox SET state = 'sending', lease_owner = other.lease_owner, lease_until = other.lease_until
                       FROM outbox AS other WHERE outbox.cause = $1 AND other.cause = $2 AND other.state = 'sending'";
        let done = sqlx::query(claimed).bind(cause).bind(like).execute(&mut *work).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{like} is no worker's");
        work.commit().await.unwrap();
    }

    async fn queue_in(
        &self,
        work: &mut PgConnection,
        cause: &str,
        kind: Kind,
        to: Msisdn,
        expires_at: DateTime<Utc>,
    ) {
        let message = NewMessage {
            cause,
            kind,
            owner: None,
            to,
            phone: self.vault.keyring().phone_index(to),
            language: "en",
            text: &format!("Text of {cause}"),
            segments: 1,
            now: self.now,
            expires_at,
        };
        outbox::enqueue(work, self.vault.keyring(), &message).await.unwrap();
    }

    /// Everything that a single provider would take.
    pub fn share() -> Vec<(Medium, Lane, i16)> {
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.medium() == Medium::Sms);
        kinds
            .flat_map(|kind| {
                Lane::all(Medium::Sms).into_iter().map(move |lane| (Medium::Sms, lane, kind.priority()))
            })
            .collect()
    }

    pub fn claim_of<'a>(&self, owner: Uuid, share: &'a [(Medium, Lane, i16)]) -> Claim<'a> {
        Claim {
            owner,
            now: self.now,
            lease_until: self.now + TimeDelta::minutes(1),
            pin_lease_until: self.now + TimeDelta::minutes(1),
            share,
            most: 100,
            daily_limit: 0,
            day_began: "2026-11-24T00:00:00Z".parse().unwrap(),
            next_morning: "2026-11-25T08:00:00Z".parse().unwrap(),
        }
    }

    /// Claims everything; gives the causes in their order.
    pub async fn claim(&self, owner: Uuid) -> Vec<Claimed> {
        let share = Self::share();
        outbox::claim(&self.database.pool, &self.claim_of(owner, &share)).await.unwrap().messages
    }

    pub fn sent(&self, id: i64, provider_id: &str) -> Mark {
        Mark {
            id,
            lease_until: self.now + TimeDelta::minutes(1),
            at: self.now,
            state: State::Sent,
            again_at: None,
            counted: false,
            doubted: false,
            left: true,
            keeps_body: false,
            keeps_recipient: false,
            stops: false,
            provider: Some("peer".to_owned()),
            provider_id: Some(provider_id.to_owned()),
            words: "accepted".to_owned(),
            segments: 2,
            cost: Some(Price(100)),
        }
    }

    pub async fn mark(&self, marks: &[Mark]) -> Vec<i64> {
        let pool = &self.database.pool;
        let overtaken = outbox::mark(pool, WORKER, self.now.date_naive(), 0, marks).await.unwrap();
        outbox::settle(pool, &outbox::ids(marks)).await.unwrap();
        overtaken
    }

    pub async fn state(&self, cause: &str) -> State {
        let state: String = sqlx::query_scalar("SELECT state FROM outbox WHERE cause = $1")
            .bind(cause)
            .fetch_one(&self.database.pool)
            .await
            .unwrap();
        State::of_name(&state).unwrap()
    }

    /// Each change of a message, as `state: words`.
    pub async fn history(&self, cause: &str) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT outbox_event.state || coalesce(': ' || outbox_event.words, '')
             FROM outbox_event JOIN outbox ON outbox.id = message WHERE cause = $1 ORDER BY at, outbox_event.ctid",
        )
        .bind(cause)
        .fetch_all(&self.database.pool)
        .await
        .unwrap()
    }

    pub async fn count(&self, condition: &'static str) -> i64 {
        let query = format!("SELECT count(*) FROM outbox WHERE {condition}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&self.database.pool).await.unwrap()
    }
}

pub fn causes(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|message| message.cause.as_str()).collect()
}
