//! What a running demo tells of itself in `demo.json`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::line::Address;

#[derive(Deserialize)]
pub(super) struct Facts {
    pub(super) service_code: String,
    callbacks: BTreeMap<String, Callback>,
    pub(super) mothers: Vec<Mother>,
}

#[derive(Deserialize)]
struct Callback {
    url: String,
    headers: BTreeMap<String, String>,
    events_url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Mother {
    pub(super) msisdn: String,
}

impl Facts {
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("demo.json");
        let text = std::fs::read(&file).with_context(|| {
            format!(
                "no demo runs in {}: start one with `mamacare demo`, or name a gateway with --server",
                folder.display()
            )
        })?;
        serde_json::from_slice(&text).with_context(|| format!("{} cannot be read", file.display()))
    }

    pub(super) fn address(&self, channel: &str) -> anyhow::Result<Address> {
        let callback = self
            .callbacks
            .get(channel)
            .with_context(|| format!("this demo has no address of the channel {channel}"))?;
        Ok(Address {
            url: callback.url.clone(),
            events_url: callback.events_url.clone(),
            headers: callback.headers.clone().into_iter().collect(),
        })
    }

    #[cfg(test)]
    pub(super) fn with_code(service_code: &str) -> Self {
        Self { service_code: service_code.to_owned(), callbacks: BTreeMap::new(), mothers: vec![] }
    }
}
