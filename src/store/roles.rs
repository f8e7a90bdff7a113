//! The roles of the database: the owner migrates, a node works, reporting and backup read. What each may
//! do stands in `roles.sql`, whose rows in `policies.sql`.

use sqlx::PgConnection;

/// The role of a node.
pub const APPLICATION: &str = "mamacare_app";
/// What a node is on the connections of its API: it sees of patients what a transaction's scope opens.
pub const API: &str = "mamacare_api";
/// Reads what is counted, and nothing that is sealed.
pub const REPORTING: &str = "mamacare_report";
/// Reads everything as it is stored, to keep a copy.
pub const BACKUP: &str = "mamacare_backup";

/// Makes them and gives them their rights.
pub const SCRIPT: &str = include_str!("roles.sql");

/// Says whose rows each sees and changes.
pub const POLICIES: &str = include_str!("policies.sql");

/// Held while rights are given: two runs at once would meet in the catalogue of rights.
const GRANTING: i64 = 0x6d61_6d61_7269;

/// Why roles are not in order.
#[derive(Debug, thiserror::Error)]
pub enum RolesError {
    /// The owner may make none.
    #[error(
        "the roles {APPLICATION}, {API}, {REPORTING} and {BACKUP} are missing, or not granted to one another, and the \
         role of this connection may not see to it: let an administrator of the server run CREATE ROLE for each, GRANT \
         {API} TO {APPLICATION} and GRANT {APPLICATION} TO the owner of the database, then run this again"
    )]
    Missing,
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Makes the roles that are missing and gives each what it may do, no more and no less. Safe to run again
/// and from several places at once.
pub async fn ensure(connection: &mut PgConnection) -> Result<(), RolesError> {
    let ready: bool = sqlx::query_scalar(
        "SELECT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)
             OR ((SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)) = 4
                 AND (SELECT pg_has_role(app.oid, api.oid, 'MEMBER') AND pg_has_role(app.oid, 'MEMBER')
                      FROM pg_roles AS app, pg_roles AS api WHERE app.rolname = $2 AND api.rolname = $3))",
    )
    .bind([APPLICATION, API, REPORTING, BACKUP].map(str::to_owned).to_vec())
    .bind(APPLICATION)
    .bind(API)
    .fetch_one(&mut *connection)
    .await?;
    if !ready {
        return Err(RolesError::Missing);
    }
    let mut work = sqlx::Connection::begin(connection).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(GRANTING).execute(&mut *work).await?;
    sqlx::raw_sql(SCRIPT).execute(&mut *work).await?;
    sqlx::raw_sql(POLICIES).execute(&mut *work).await?;
    work.commit().await?;
    Ok(())
}
