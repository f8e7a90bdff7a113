//! The chain over the audit trail, in the database.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, PgExecutor};

use crate::privacy::{AuditHead, AuditLine, AuditLink};

/// Where the chain ends, as its row says.
#[derive(Clone, Debug, FromRow)]
pub struct HeadRow {
    /// Position of the last link; 0 before the first.
    pub position: i64,
    link: Vec<u8>,
    /// Every line up to this id is chained.
    pub settled: i64,
    sealed_at: Option<DateTime<Utc>>,
    seal: Option<Vec<u8>>,
    /// What may become `settled` after a round that leaves nothing out.
    pub ripe: Option<i64>,
}

impl HeadRow {
    /// The last link.
    pub fn link(&self) -> AuditLink {
        // The column holds 32 octets; anything else would match no link.
        AuditLink(self.link.as_slice().try_into().unwrap_or([0xff; 32]))
    }

    /// The head and its signature, where one was signed.
    pub fn signed(&self) -> Option<(AuditHead, [u8; 32])> {
        let (at, seal) = (self.sealed_at?, self.seal.as_deref()?.try_into().ok()?);
        let head = AuditHead { position: self.position, link: self.link(), settled: self.settled, at };
        Some((head, seal))
    }
}

/// How long a mark must have stood before it may settle, beside the end of all transactions before it:
/// an id is drawn a moment before its transaction has a number.
const RIPENING_SECONDS: i32 = 30;

const HEAD: &str = "SELECT position, link, settled, sealed_at, seal,
        CASE WHEN mark_at <= $1 - make_interval(secs => $2)
                  AND pg_snapshot_xmin(pg_current_snapshot()) >= mark_xid THEN mark_line END AS ripe
    FROM access_head WHERE id = 1";

/// Takes the head for this transaction; none where another node has it.
pub async fn take(work: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<HeadRow>, sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!("{HEAD} FOR UPDATE SKIP LOCKED"));
    sqlx::query_as(query).bind(now).bind(RIPENING_SECONDS).fetch_optional(work).await
}

/// Looks at the head.
pub async fn head(work: &mut PgConnection) -> Result<Option<HeadRow>, sqlx::Error> {
    let query = sqlx::query_as(HEAD);
    query.bind(DateTime::<Utc>::UNIX_EPOCH).bind(RIPENING_SECONDS).fetch_optional(work).await
}

/// Some lines in the order of their ids.
#[derive(Debug)]
pub struct Stretch {
    /// Id of the last of them; none where there are none.
    pub last: Option<i64>,
    /// How many they are.
    pub lines: usize,
    /// Those that have no link.
    pub unlinked: Vec<AuditLine>,
}

/// The first `most` lines after `after`. It costs what so many cost, however long the trail is: both tables
/// are read by their indexes, between two ids.
pub async fn stretch(work: &mut PgConnection, after: i64, most: i64) -> Result<Stretch, sqlx::Error> {
    let (last, lines, unlinked): (Option<i64>, i64, Option<Vec<i64>>) = sqlx::query_as(
        "WITH stretch AS MATERIALIZED (SELECT id FROM access_log WHERE id > $1 ORDER BY id LIMIT $2),
              linked AS MATERIALIZED (SELECT line FROM access_link
                                      WHERE line > $1 AND line <= (SELECT max(id) FROM stretch))
         SELECT max(id), count(*), array_agg(id ORDER BY id) FILTER (WHERE line IS NULL)
         FROM stretch LEFT JOIN linked ON line = id",
    )
    .bind(after)
    .bind(most)
    .fetch_one(&mut *work)
    .await?;
    let lines = usize::try_from(lines).unwrap_or_default();
    let Some(unlinked) = unlinked else { return Ok(Stretch { last, lines, unlinked: Vec::new() }) };
    let unlinked = sqlx::query_as(
        "SELECT id, at, person, actor_kind, actor, actor_role, facility, act, what, channel, reference, reason
         FROM access_log WHERE id = ANY ($1) ORDER BY id",
    )
    .bind(unlinked)
    .fetch_all(work)
    .await?;
    Ok(Stretch { last, lines, unlinked })
}

/// Whether there is a line after that one.
pub async fn goes_on(executor: impl PgExecutor<'_>, after: i64) -> Result<bool, sqlx::Error> {
    // Asked whether there is one, PostgreSQL may look through the whole trail for it.
    let query = sqlx::query_scalar("SELECT coalesce(max(id) > $1, false) FROM access_log");
    query.bind(after).fetch_one(executor).await
}

/// Adds links, and moves the head to the last of them.
pub async fn extend(
    work: &mut PgConnection,
    links: &[(i64, i64, AuditLink)],
    head: &AuditHead,
    seal: [u8; 32],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO access_link (position, line, link)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])",
    )
    .bind(links.iter().map(|(position, ..)| *position).collect::<Vec<_>>())
    .bind(links.iter().map(|(_, line, _)| *line).collect::<Vec<_>>())
    .bind(links.iter().map(|(.., link)| link.0.to_vec()).collect::<Vec<_>>())
    .execute(&mut *work)
    .await?;
    put(work, head, seal).await
}

async fn put(work: &mut PgConnection, head: &AuditHead, seal: [u8; 32]) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE access_head SET position = $1, link = $2, settled = $3, sealed_at = $4, seal = $5")
        .bind(head.position)
        .bind(head.link.0)
        .bind(head.settled)
        .bind(head.at)
        .bind(seal)
        .execute(work)
        .await?;
    Ok(())
}

/// Signs a head whose lines are settled further, after a round that left nothing out.
pub async fn settle(work: &mut PgConnection, head: &AuditHead, seal: [u8; 32]) -> Result<(), sqlx::Error> {
    put(work, head, seal).await
}

/// Sets a mark at the newest line, where there is none, where the last one is used up, or where it is
/// of another server's life: transactions are counted anew after a dump is restored.
pub async fn mark(work: &mut PgConnection, settled: i64, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE access_head
         SET mark_line = newest, mark_xid = pg_snapshot_xmax(pg_current_snapshot()), mark_at = $2
         FROM (SELECT max(id) AS newest FROM access_log) AS log
         WHERE newest > $1
           AND (mark_line IS NULL OR mark_line <= $1 OR mark_xid > pg_snapshot_xmax(pg_current_snapshot()))",
    )
    .bind(settled)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// A link with the line that it is of; no line where it is gone.
#[derive(Clone, Debug)]
pub struct LinkedLine {
    /// Its position.
    pub position: i64,
    /// Id of the line.
    pub line_id: i64,
    /// The link that is stored.
    pub link: AuditLink,
    /// The line.
    pub line: Option<AuditLine>,
}

#[derive(FromRow)]
struct LinkRow {
    position: i64,
    line: i64,
    link: Vec<u8>,
}

/// Links after a position, in their order.
pub async fn links(work: &mut PgConnection, after: i64, most: i64) -> Result<Vec<LinkedLine>, sqlx::Error> {
    let rows: Vec<LinkRow> = sqlx::query_as(
        "SELECT position, line, link FROM access_link WHERE position > $1 ORDER BY position LIMIT $2",
    )
    .bind(after)
    .bind(most)
    .fetch_all(&mut *work)
    .await?;
    let lines: Vec<AuditLine> = sqlx::query_as(
        "SELECT id, at, person, actor_kind, actor, actor_role, facility, act, what, channel, reference, reason
         FROM access_log WHERE id = ANY ($1)",
    )
    .bind(rows.iter().map(|row| row.line).collect::<Vec<_>>())
    .fetch_all(work)
    .await?;
    let mut lines: std::collections::HashMap<i64, AuditLine> =
        lines.into_iter().map(|line| (line.id, line)).collect();
    let linked = rows.into_iter().map(|row| LinkedLine {
        position: row.position,
        line_id: row.line,
        link: AuditLink(row.link.as_slice().try_into().unwrap_or([0xff; 32])),
        line: lines.remove(&row.line),
    });
    Ok(linked.collect())
}

/// Lines without a link: the first ones up to `settled`, and how many after it.
pub async fn outside(
    work: &mut PgConnection,
    settled: i64,
    most: i64,
) -> Result<(Vec<i64>, i64), sqlx::Error> {
    let strange = sqlx::query_scalar(
        "SELECT id FROM access_log
         WHERE id <= $1 AND NOT EXISTS (SELECT FROM access_link WHERE line = access_log.id)
         ORDER BY id LIMIT $2",
    )
    .bind(settled)
    .bind(most)
    .fetch_all(&mut *work)
    .await?;
    let waiting = sqlx::query_scalar(
        "SELECT count(*) FROM access_log
         WHERE id > $1 AND NOT EXISTS (SELECT FROM access_link WHERE line = access_log.id)",
    )
    .bind(settled)
    .fetch_one(work)
    .await?;
    Ok((strange, waiting))
}
