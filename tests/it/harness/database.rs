//! A database of a test's own, copied from one that has been migrated once.

use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use mamacare::store::{MIGRATOR, roles};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};

use super::{Wire, server};

/// Held while the template is made; any number that nothing else uses.
const MAKING: i64 = 0x6d61_6d61;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// An empty, migrated database; dropped with the test, whatever still uses it.
pub struct TestDatabase {
    /// Connections to it.
    pub pool: PgPool,
    name: String,
    options: PgConnectOptions,
}

impl TestDatabase {
    pub async fn new() -> Self {
        let mut admin = PgConnection::connect_with(&server::options()).await.unwrap();
        let template = template(&mut admin).await;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{count}", std::process::id());
        run(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        admin.close().await.unwrap();
        let options = server::options().database(&name);
        let pool = PgPoolOptions::new().max_connections(8).connect_with(options.clone()).await.unwrap();
        Self { pool, name, options }
    }

    /// For what connects by itself.
    pub fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }

    /// The same, as another role of the server.
    pub fn url_as(&self, role: &str) -> String {
        self.options.clone().username(role).to_url_lossy().to_string()
    }

    /// The database behind a wire of the test's own, and how to reach it by it.
    pub async fn wired(&self) -> (Wire, String) {
        let wire = Wire::to(&self.options).await;
        let address = wire.address();
        let options = PgConnectOptions::new_without_pgpass()
            .host(&address.ip().to_string())
            .port(address.port())
            .username(self.options.get_username())
            .database(&self.name);
        (wire, options.to_url_lossy().to_string())
    }

    /// Takes the database away, as when it restarts: connections break and no new one is let in.
    /// Or gives it back.
    pub async fn forbid(&self, forbidden: bool) {
        let mut admin = PgConnection::connect_with(&server::options()).await.unwrap();
        let name = &self.name;
        run(&mut admin, format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {}", !forbidden)).await;
        if forbidden {
            let ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
            sqlx::query(ending).bind(name).execute(&mut admin).await.unwrap();
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut admin = PgConnection::connect_with(&server::options()).await.unwrap();
                run(&mut admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            });
        });
        let _ = dropping.join();
    }
}

/// The name of the migrated database, made by whoever comes first.
async fn template(admin: &mut PgConnection) -> String {
    let mut name = "template_".to_owned();
    for octet in MIGRATOR
        .iter()
        .flat_map(|migration| migration.checksum.iter())
        .chain(roles::SCRIPT.as_bytes())
        .chain(roles::POLICIES.as_bytes())
    {
        // A rolling sum is enough: it only tells one state of the checkout from another.
        let so_far = u64::from_str_radix(name.trim_start_matches("template_"), 16).unwrap_or(0);
        name.clear();
        let _ = write!(name, "template_{:x}", so_far.wrapping_mul(31).wrapping_add(u64::from(*octet)));
    }
    if exists(admin, &name).await {
        return name;
    }
    sqlx::query("SELECT pg_advisory_lock($1)").bind(MAKING).execute(&mut *admin).await.unwrap();
    if !exists(admin, &name).await {
        let unfinished = format!("{name}_part");
        run(admin, format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        run(admin, format!("CREATE DATABASE {unfinished}")).await;
        let pool = PgPool::connect_with(server::options().database(&unfinished)).await.unwrap();
        MIGRATOR.run(&pool).await.unwrap();
        roles::ensure(&mut pool.acquire().await.unwrap()).await.unwrap();
        pool.close().await;
        run(admin, format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(MAKING).execute(&mut *admin).await.unwrap();
    name
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    let query = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
    query.bind(name).fetch_one(admin).await.unwrap()
}

async fn run(admin: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(admin).await.unwrap();
}
