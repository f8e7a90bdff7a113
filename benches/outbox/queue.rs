//! A queue as a planner fills it: reminders to as many numbers, over all operators.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use mamacare::app::clock::Clock;
use mamacare::care::Msisdn;
use mamacare::messages::Kind;
use mamacare::privacy::Keyring;
use mamacare::store::outbox::{self, NewMessage, Planned};
use sqlx::PgPool;

const AT_ONCE: u64 = 2000;
/// Ranges of the numbering plan.
const RANGES: [u64; 8] = [30, 31, 33, 75, 76, 77, 88, 99];

pub async fn fill(pool: &PgPool, count: u64) -> Result<()> {
    let keyring = Keyring::demo();
    let now = Clock::system().now();
    for first in (0..count).step_by(usize::try_from(AT_ONCE)?) {
        let mut drafts = Vec::new();
        for n in first..(first + AT_ONCE).min(count) {
            let range = RANGES.get(usize::try_from(n)? % RANGES.len()).context("a range")?;
            let number = Msisdn::from_digits(23_200_000_000 + range * 1_000_000 + n / 8)?;
            let text = format!("MamaCare: a visit is near. Please dial *468# to see when and where. ({n})");
            drafts.push((format!("visit/{n}/1"), number, text));
        }
        let messages: Vec<Planned<'_>> = drafts
            .iter()
            .map(|(cause, number, text)| {
                let message = NewMessage {
                    cause,
                    kind: Kind::Reminder,
                    owner: None,
                    to: *number,
                    phone: keyring.phone_index(*number),
                    language: "en",
                    text,
                    segments: 1,
                    now,
                    expires_at: now + TimeDelta::days(2),
                };
                Planned { message, not_before: now }
            })
            .collect();
        let mut work = pool.begin().await?;
        outbox::enqueue_planned(&mut work, &keyring, &messages).await?;
        work.commit().await?;
    }
    Ok(())
}
