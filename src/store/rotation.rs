//! The change of the master key: what is sealed under it directly is sealed anew, stretch by stretch, while
//! nodes go on. A woman's own fields are sealed with her data key, of which only the wrapping changes.
//!
//! Nothing is remembered between runs: the number of the key stands first in what is sealed, so that a run
//! that was cut off goes on with what is left.

use std::ops::ControlFlow;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::privacy::Keyring;

/// A column that is sealed under the master key.
#[derive(Clone, Copy, Debug)]
pub struct SealedColumn {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// What it is sealed for.
    purpose: &'static str,
    /// What binds it to its row, as SQL.
    bound: &'static str,
    /// Which rows, as SQL: in others the column is sealed with a person's key.
    only: &'static str,
    /// Rows that are taken at once.
    at_once: i32,
}

const fn of(
    table: &'static str,
    column: &'static str,
    purpose: &'static str,
    bound: &'static str,
) -> SealedColumn {
    SealedColumn { table, column, purpose, bound, only: "true", at_once: 500 }
}

/// All of them. A test asks the catalogue whether there are others.
pub const SEALED: [SealedColumn; 17] = [
    of("person", "wrapped_key", "person key", "uuid_send(id)"),
    of("ussd_session", "state", "ussd session", "key"),
    SealedColumn {
        only: "person IS NULL",
        ..of(
            "outbox",
            "recipient",
            "outbox",
            r"convert_to('recipient', 'UTF8') || '\x00' || convert_to(cause, 'UTF8')",
        )
    },
    SealedColumn {
        only: "person IS NULL",
        ..of("outbox", "body", "outbox", r"convert_to('body', 'UTF8') || '\x00' || convert_to(cause, 'UTF8')")
    },
    of("staff", "email", "staff.email", "uuid_send(id)"),
    of("staff", "name", "staff.name", "uuid_send(id)"),
    of("staff_guard", "totp_secret", "staff.totp", "uuid_send(staff)"),
    of("staff_detail", "detail", "staff_detail.detail", "uuid_send(staff)"),
    // Up to five megabytes each.
    SealedColumn { at_once: 4, ..of("document", "content", "document.content", "uuid_send(id)") },
    of("referral_feedback", "detail", "referral_feedback.detail", "uuid_send(id)"),
    of("once", "answer", "once.answer", "uuid_send(actor) || key"),
    of("sms_inbound", "sender", "sms_inbound", r"convert_to('sender', 'UTF8') || '\x00' || delivery"),
    of("sms_inbound", "body", "sms_inbound", r"convert_to('body', 'UTF8') || '\x00' || delivery"),
    of(
        "sms_question",
        "about",
        "sms_question",
        r"convert_to('about', 'UTF8') || '\x00' || convert_to(cause, 'UTF8')",
    ),
    of(
        "sms_question",
        "answer",
        "sms_question",
        r"convert_to('answer', 'UTF8') || '\x00' || convert_to(id::text, 'UTF8')",
    ),
    of("staff_task", "note", "staff_task", r"convert_to('note', 'UTF8') || '\x00' || uuid_send(id)"),
    of("staff_task", "result", "staff_task", r"convert_to('result', 'UTF8') || '\x00' || uuid_send(id)"),
];

/// Blocks of a table that are looked through at once.
const BLOCKS: i64 = 64;

/// Rounds over a column: a row that somebody holds is left for the next.
const ROUNDS: u8 = 5;

/// How far it is with one column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Blocks of the table that were looked through, of this round.
    pub looked_through: i64,
    /// Blocks that it has.
    pub blocks: i64,
    /// Values that were sealed anew.
    pub sealed: u64,
}

/// What still stands under another key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Left {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Values.
    pub values: i64,
}

/// The kept keys as they are stored, if any were yet.
pub async fn kept(connection: &mut PgConnection) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("SELECT sealed FROM kept_keys").fetch_optional(connection).await
}

/// Seals everything anew under the first key of the ring. `step` is told before each stretch is kept, and may
/// end it there; what was kept before stays.
pub async fn rotate(
    connection: &mut PgConnection,
    keyring: &Keyring,
    mut step: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, sqlx::Error> {
    // From here on a node can start without the key that is to go.
    sqlx::query(
        "INSERT INTO kept_keys (sealed) VALUES ($1) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(keyring.seal_kept())
    .execute(&mut *connection)
    .await?;
    for column in &SEALED {
        for _ in 0..ROUNDS {
            if left_of(connection, keyring, column).await? == 0 {
                break;
            }
            if round(connection, keyring, column, &mut step).await?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// What still stands under another key than the first of the ring.
pub async fn left(connection: &mut PgConnection, keyring: &Keyring) -> Result<Vec<Left>, sqlx::Error> {
    let mut found = Vec::new();
    for column in &SEALED {
        let values = left_of(connection, keyring, column).await?;
        if values > 0 {
            found.push(Left { table: column.table, column: column.column, values });
        }
    }
    // Reasons in the trail from before there were kept keys: a line of it may not be changed.
    let values: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM access_log WHERE substring(reason FROM 1 FOR 1) NOT IN ($1, '\\x00')",
    )
    .bind(vec![keyring.number()])
    .fetch_one(connection)
    .await?;
    if values > 0 {
        found.push(Left { table: "access_log", column: "reason", values });
    }
    Ok(found)
}

async fn left_of(
    connection: &mut PgConnection,
    keyring: &Keyring,
    of: &SealedColumn,
) -> Result<i64, sqlx::Error> {
    let SealedColumn { table, column, only, .. } = of;
    let count =
        format!("SELECT count(*) FROM {table} WHERE substring({column} FROM 1 FOR 1) <> $1 AND {only}");
    sqlx::query_scalar(AssertSqlSafe(count)).bind(vec![keyring.number()]).fetch_one(connection).await
}

async fn round(
    connection: &mut PgConnection,
    keyring: &Keyring,
    of: &SealedColumn,
    step: &mut impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, sqlx::Error> {
    let blocks: i64 =
        sqlx::query_scalar("SELECT pg_relation_size($1::regclass) / current_setting('block_size')::bigint")
            .bind(of.table)
            .fetch_one(&mut *connection)
            .await?;
    let (mut from, mut sealed) = (0, 0);
    while from < blocks {
        let mut work = connection.begin().await?;
        let (taken, made) = stretch(&mut work, keyring, of, from).await?;
        sealed += u64::try_from(made).unwrap_or_default();
        // A full stretch may have more of them.
        let more = made > 0 && taken >= of.at_once.unsigned_abs() as usize;
        if !more {
            from += BLOCKS;
        }
        let progress =
            Progress { table: of.table, column: of.column, looked_through: from.min(blocks), blocks, sealed };
        if step(&progress).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        work.commit().await?;
    }
    Ok(ControlFlow::Continue(()))
}

/// Seals a stretch anew: how many rows were taken, and how many of them opened and were changed.
async fn stretch(
    work: &mut PgConnection,
    keyring: &Keyring,
    of: &SealedColumn,
    from: i64,
) -> Result<(usize, usize), sqlx::Error> {
    let SealedColumn { table, column, purpose, bound, only, at_once } = of;
    // Places in the table and not keys of it: they need no index, and are read in order.
    let take = format!(
        "SELECT ctid::text, {column}, {bound} FROM {table}
         WHERE ctid >= format('(%s,0)', $1::bigint)::tid AND ctid < format('(%s,0)', $2::bigint)::tid
           AND substring({column} FROM 1 FOR 1) <> $3 AND {only}
         LIMIT {at_once} FOR NO KEY UPDATE SKIP LOCKED"
    );
    let rows: Vec<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(take))
        .bind(from)
        .bind(from + BLOCKS)
        .bind(vec![keyring.number()])
        .fetch_all(&mut *work)
        .await?;
    let (mut places, mut values) = (Vec::new(), Vec::new());
    for (place, sealed, bound) in &rows {
        if let Some(plain) = keyring.open(purpose, bound, sealed).map(zeroize::Zeroizing::new) {
            places.push(place.clone());
            values.push(keyring.seal(purpose, bound, &plain));
        }
    }
    let made = places.len();
    if made > 0 {
        let change = format!(
            "UPDATE {table} SET {column} = anew.value FROM unnest($1::text[], $2::bytea[]) AS anew (place, value)
             WHERE {table}.ctid = anew.place::tid"
        );
        sqlx::query(AssertSqlSafe(change)).bind(places).bind(values).execute(work).await?;
    }
    Ok((rows.len(), made))
}
