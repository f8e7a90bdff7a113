//! What the integration tests stand on: a PostgreSQL for the whole run, a database for each test.

mod certificates;
mod database;
mod folder;
mod node;
mod server;
mod until;
mod wire;

pub use certificates::{Authority, Pair};
pub use database::TestDatabase;
pub use folder::TestFolder;
pub use node::{SECRET, TestNode};
pub use until::until;
pub use wire::Wire;
