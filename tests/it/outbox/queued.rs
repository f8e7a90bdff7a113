//! What waits in the outbox, looked at as a worker would.

use chrono::{DateTime, Utc};
use mamacare::messages::{Kind, Lane, Medium};
use mamacare::privacy::Vault;
use mamacare::store::outbox::{self, Claim};
use sqlx::PgPool;
use uuid::Uuid;

/// A message that is queued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Queued {
    pub id: i64,
    pub kind: String,
    pub to: String,
    pub text: String,
}

/// What could go now, by urgency. It is taken only to be looked at, and put back.
pub async fn queued(pool: &PgPool, vault: &Vault, now: DateTime<Utc>) -> Vec<Queued> {
    let share: Vec<_> = [Medium::Sms, Medium::Email]
        .into_iter()
        .flat_map(|medium| Lane::all(medium).into_iter().map(move |lane| (medium, lane)))
        .flat_map(|(medium, lane)| Kind::ALL.map(|kind| (medium, lane, kind.priority())))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let claim = Claim {
        owner: Uuid::nil(),
        now,
        lease_until: now,
        pin_lease_until: now,
        share: &share,
        most: 1000,
        daily_limit: 0,
        day_began: now,
        next_morning: now,
    };
    let claimed = outbox::claim(pool, &claim).await.unwrap().messages;
    let back =
        "UPDATE outbox SET state = 'queued', lease_until = NULL, lease_owner = NULL WHERE state = 'sending'";
    sqlx::query(back).execute(pool).await.unwrap();
    let shown = |message: &outbox::Claimed| {
        let opened = message.open(vault).unwrap();
        let kind = message.kind().unwrap().name().to_owned();
        Queued { id: message.id, kind, to: opened.to, text: opened.text }
    };
    claimed.iter().map(shown).collect()
}
