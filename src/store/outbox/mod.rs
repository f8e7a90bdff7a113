//! The outbox: a message is a row, written with its cause in one transaction. The same cause never
//! makes two. Workers claim rows, send them, and mark what became of each.

mod claim;
mod ledger;
mod mark;
mod queue;
mod receipts;
mod renewal;
mod rescue;
mod sealing;
mod spend;
mod tidy;
mod workers;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub use crate::messages::Kind;
pub use claim::{Claim, Claimed, Claims, Opened, claim};
pub use ledger::{
    Change, Selection, Shown, Tally, Waiting, WorkerSeen, cancel, phone_of, retry, show, tally, waiting,
    workers,
};
pub use mark::{Mark, ids, mark};
pub use queue::{NewMessage, NewPinMail, Planned, enqueue, enqueue_pin_mail, enqueue_planned};
pub use receipts::{StoredReceipt, Untold, park, receive, settle};
pub use renewal::{DoubtfulPin, Renewal, doubtful_pins, renew};
pub use rescue::{Rescued, rescue_dead, rescue_own};
pub use spend::spent;
pub use tidy::{Keep, Tidied, forget_workers, tidy};
pub use workers::{beat, live, retire};

/// Cancels the PINs of a person that have not left yet: another one counts now.
pub async fn cancel_pins(
    work: &mut PgConnection,
    person: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'cancelled', body = NULL, recipient = NULL, changed_at = $2
         WHERE person = $1 AND kind = 'pin' AND state = 'queued'",
    )
    .bind(person)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Cancels what is queued for a number, but a PIN that was asked for.
pub async fn cancel_all_but_pins(
    work: &mut PgConnection,
    phone: &[u8; 16],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'cancelled', body = NULL, recipient = NULL, changed_at = $2
         WHERE phone = $1 AND kind <> 'pin' AND state = 'queued'",
    )
    .bind(phone)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}
