//! PostgreSQL's own programs, for what a benchmark stands beside.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

/// Transactions a second of a pgbench script: 64 clients, prepared statements.
pub fn pgbench(database_url: &str, script: &str, seconds: u64) -> Result<f64> {
    let file = std::env::temp_dir().join(format!("mamacare-pgbench-{}.sql", std::process::id()));
    std::fs::write(&file, script)?;
    let output = Command::new(tool("pgbench"))
        .args(["-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", &seconds.to_string(), "-f"])
        .arg(&file)
        .arg("-d")
        .arg(database_url)
        .output()?;
    let _ = std::fs::remove_file(&file);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find(|line| line.starts_with("tps = "))
        .with_context(|| format!("pgbench said: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    line.split_whitespace().nth(2).and_then(|rate| rate.parse().ok()).context("pgbench's rate")
}

/// A PostgreSQL program, on the path or where Debian keeps it.
pub fn tool(name: &str) -> PathBuf {
    let homes = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        homes.map(|home| home.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}
