//! `demo.json`: what a script needs to know of a running demo. Written when it is ready, removed when
//! it stops. More keys may join; none of these change.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::folder::{remove, write_private};

const FILE: &str = "demo.json";

/// The facts.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Facts {
    pub base_url: String,
    pub pid: u32,
    pub database_url: String,
    pub service_code: String,
    pub callbacks: BTreeMap<&'static str, Callback>,
    /// Addresses for what people send by SMS.
    pub sms_callbacks: BTreeMap<&'static str, Callback>,
    pub mothers: Vec<Mother>,
    pub staff: Vec<StaffMember>,
    /// People made for load, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
}

/// An address that operators call.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Callback {
    pub url: String,
    pub headers: BTreeMap<&'static str, String>,
    /// Where its end-of-session notices go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_url: Option<String>,
}

/// A person who can dial.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Mother {
    pub key: &'static str,
    pub msisdn: String,
    pub pin: String,
    pub language: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub must_change_pin: bool,
    /// She has chosen another than `pin` since.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pin_changed: bool,
    /// Her place on a number that several share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<i16>,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, Serialize)]
pub(super) struct StaffMember {
    pub role: &'static str,
    pub email: &'static str,
    pub password: String,
}

/// Consecutive numbers of people made for load, who all have one PIN.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Load {
    pub pin: String,
    pub first_msisdn: String,
    pub count: u64,
}

/// The file, while the demo runs; removed when this is dropped.
#[derive(Debug)]
pub(super) struct Published(PathBuf);

impl Facts {
    /// Tells the world that the demo is ready.
    pub fn publish(&self, folder: &Path) -> io::Result<Published> {
        let path = folder.join(FILE);
        write_private(&path, &serde_json::to_vec_pretty(self)?)?;
        Ok(Published(path))
    }

    /// Takes back what a killed run still says. The caller holds the folder.
    pub fn withdraw(folder: &Path) -> io::Result<()> {
        remove(&folder.join(FILE))
    }
}

/// The address of the database of the demo that runs in a folder.
pub(super) fn database_url(folder: &Path) -> Option<String> {
    let content = std::fs::read(folder.join(FILE)).ok()?;
    let facts: serde_json::Value = serde_json::from_slice(&content).ok()?;
    facts.get("database_url")?.as_str().map(str::to_owned)
}

impl Drop for Published {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "the demo's facts could not be removed");
        }
    }
}
