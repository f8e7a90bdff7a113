//! What shares the machine with a node, and what its engineer should know of it.

use std::net::IpAddr;

use sqlx::postgres::PgConnectOptions;

/// 1 where the kernel shares out the processors among sessions of processes first (sched(7)). Each connection of
/// PostgreSQL is a session of its own.
const AUTOGROUPS: &str = "/proc/sys/kernel/sched_autogroup_enabled";

/// Says so where PostgreSQL would wait for PIN checks of this node, although they give way to everybody.
pub fn advise(database: &PgConnectOptions) {
    // A kernel that lacks the switch shares out among threads alone.
    let autogroups = std::fs::read_to_string(AUTOGROUPS).is_ok_and(|value| value.trim() == "1");
    if autogroups && is_here(database) {
        tracing::info!(
            "PostgreSQL is on this machine: with kernel.sched_autogroup_enabled=0 (sysctl) it waits less for PIN checks"
        );
    }
}

/// Whether the database is on this machine, as its address says.
fn is_here(database: &PgConnectOptions) -> bool {
    // The address of IPv6 stands in brackets.
    let host = database.get_host().trim_matches(['[', ']']);
    let by_socket = database.get_socket().is_some() || host.starts_with('/');
    by_socket || host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn a_socket_and_a_loopback_address_are_here() {
        let here = |url: &str| is_here(&PgConnectOptions::from_str(url).unwrap());
        for url in [
            "postgres://mamacare@localhost/mamacare",
            "postgres://mamacare@127.0.0.1:6432/mamacare",
            "postgres://mamacare@[::1]/mamacare",
            "postgres:///mamacare?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun%2Fpostgresql/mamacare",
        ] {
            assert!(here(url), "{url}");
        }
        for url in ["postgres://mamacare@db/mamacare", "postgres://mamacare@10.0.0.5/mamacare"] {
            assert!(!here(url), "{url}");
        }
    }
}
