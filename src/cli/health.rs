//! `mamacare health`: asks a node whether it lives, for container engines that have no other client.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use super::small_runtime;

/// Who checks health does not wait longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ask a node of this machine whether it lives; the exit code says so.
#[derive(Args)]
pub(super) struct Health {
    /// Address of the node.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,

    /// Ask whether it can serve: whether the database answers and is up to date.
    #[arg(long)]
    ready: bool,
}

/// Whether an address is one of this machine's own.
fn is_this_machine(url: &str) -> bool {
    let host = url.parse::<reqwest::Url>().ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl Health {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        small_runtime()?.block_on(self.ask())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn ask(&self) -> anyhow::Result<()> {
        let page = if self.ready { "readyz" } else { "healthz" };
        let url = format!("{}/{page}", self.server.trim_end_matches('/'));
        // The certificate of a node names the host that others call; this machine asks itself, and tells nothing.
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
        let client = client.tls_danger_accept_invalid_certs(is_this_machine(&self.server)).build()?;
        let answer = client.get(&url).send().await.with_context(|| format!("no node answers at {url}"))?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{url} answers {status}: {}", text.trim());
        }
        println!("{}", text.trim());
        Ok(())
    }
}
