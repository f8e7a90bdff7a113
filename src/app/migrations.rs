//! Which migrations the database has, beside those in the binary.

use serde::Serialize;
use sqlx::PgConnection;

use crate::store::MIGRATOR;

/// Where the database is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Migrations {
    /// The newest that is applied.
    pub applied: i64,
    /// Those of the binary that are not.
    pub pending: usize,
}

/// Asks the database. A database without any table of ours has everything pending.
pub async fn of(connection: &mut PgConnection) -> Result<Migrations, sqlx::Error> {
    let known: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    let applied: Vec<i64> = if known {
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(connection)
            .await?
    } else {
        Vec::new()
    };
    let pending = MIGRATOR.iter().filter(|migration| !applied.contains(&migration.version)).count();
    Ok(Migrations { applied: applied.last().copied().unwrap_or_default(), pending })
}

/// Applies what is pending; several nodes may do so at once.
pub async fn apply(connection: &mut PgConnection) -> Result<Migrations, sqlx::migrate::MigrateError> {
    MIGRATOR.run(&mut *connection).await?;
    Ok(of(connection).await?)
}
