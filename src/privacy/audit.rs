//! The chain over the audit trail: one link a line, and a signed head that can be kept elsewhere.
//!
//! A link is an HMAC over the link before it, its position and the whole line. The key is not in the
//! database, so who changes, takes out, puts in or moves a line cannot make the links that would fit.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keyring;

/// A line of the trail, as it is chained: every column.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct AuditLine {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Whose data.
    pub person: Option<Uuid>,
    /// `self`, `staff`, `partner` or `system`.
    pub actor_kind: String,
    /// Who.
    pub actor: Option<Uuid>,
    /// In which role.
    pub actor_role: Option<String>,
    /// Of which facility.
    pub facility: Option<i32>,
    /// What was done.
    pub act: String,
    /// With what.
    pub what: String,
    /// Through which door.
    pub channel: String,
    /// Session or request.
    pub reference: Option<Vec<u8>>,
    /// Why, sealed.
    pub reason: Option<Vec<u8>>,
}

/// A link of the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuditLink(pub [u8; 32]);

impl AuditLink {
    /// What stands before the first link.
    pub const NONE: Self = Self([0; 32]);

    /// The link of `line` at `position`, after the link `before`.
    pub fn after(before: Self, position: i64, line: &AuditLine, keys: &Keyring) -> Self {
        let mut octets = Octets::default();
        octets.fixed(&before.0);
        octets.fixed(&position.to_be_bytes());
        octets.fixed(&line.id.to_be_bytes());
        octets.fixed(&line.at.timestamp_micros().to_be_bytes());
        octets.maybe(line.person.as_ref().map(|id| id.as_bytes().as_slice()));
        octets.maybe(Some(line.actor_kind.as_bytes()));
        octets.maybe(line.actor.as_ref().map(|id| id.as_bytes().as_slice()));
        octets.maybe(line.actor_role.as_deref().map(str::as_bytes));
        octets.maybe(line.facility.map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
        for text in [&line.act, &line.what, &line.channel] {
            octets.maybe(Some(text.as_bytes()));
        }
        octets.maybe(line.reference.as_deref());
        octets.maybe(line.reason.as_deref());
        Self(keys.audit_digest("link", &octets.0))
    }
}

/// Where the chain ended at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuditHead {
    /// Position of the last link.
    pub position: i64,
    /// The last link.
    pub link: AuditLink,
    /// Every line up to this id is chained.
    pub settled: i64,
    /// When it was signed.
    pub at: DateTime<Utc>,
}

impl AuditHead {
    /// Its signature.
    pub fn seal(&self, keys: &Keyring) -> [u8; 32] {
        let mut octets = Octets::default();
        octets.fixed(&self.position.to_be_bytes());
        octets.fixed(&self.link.0);
        octets.fixed(&self.settled.to_be_bytes());
        octets.fixed(&self.at.timestamp_micros().to_be_bytes());
        keys.audit_digest("head", &octets.0)
    }
}

/// A head as it is kept in a file, away from the database.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeptHead {
    mamacare_audit_head: u8,
    position: i64,
    link: String,
    settled: i64,
    signed_at: DateTime<Utc>,
    signature: String,
}

impl KeptHead {
    /// The file of a head and its signature.
    pub fn of(head: &AuditHead, seal: [u8; 32]) -> Self {
        Self {
            mamacare_audit_head: 1,
            position: head.position,
            link: hexadecimal(head.link.0),
            settled: head.settled,
            signed_at: head.at,
            signature: hexadecimal(seal),
        }
    }

    /// The head, where its signature is one of ours.
    pub fn open(&self, keys: &Keyring) -> Option<AuditHead> {
        let head = AuditHead {
            position: self.position,
            link: AuditLink(octets(&self.link)?),
            settled: self.settled,
            at: self.signed_at,
        };
        (self.mamacare_audit_head == 1 && octets(&self.signature) == Some(head.seal(keys))).then_some(head)
    }
}

/// Fields one after the other, each so that two different lines never give the same octets.
#[derive(Default)]
struct Octets(Vec<u8>);

impl Octets {
    fn fixed(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    fn maybe(&mut self, octets: Option<&[u8]>) {
        match octets {
            None => self.0.push(0),
            Some(octets) => {
                self.0.push(1);
                self.0.extend_from_slice(&(octets.len() as u64).to_be_bytes());
                self.0.extend_from_slice(octets);
            }
        }
    }
}

fn hexadecimal(octets: [u8; 32]) -> String {
    use std::fmt::Write;
    octets.iter().fold(String::with_capacity(64), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn octets(text: &str) -> Option<[u8; 32]> {
    let mut octets = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> AuditLine {
        AuditLine {
            id: 7,
            at: "2026-11-24T08:00:00.000001Z".parse().unwrap(),
            person: Some(Uuid::from_u128(1)),
            actor_kind: "staff".to_owned(),
            actor: Some(Uuid::from_u128(2)),
            actor_role: Some("nurse".to_owned()),
            facility: Some(3),
            act: "read".to_owned(),
            what: "visits".to_owned(),
            channel: "api".to_owned(),
            reference: Some(vec![4; 16]),
            reason: Some(vec![5; 40]),
        }
    }

    #[test]
    fn every_field_of_a_line_counts() {
        let keys = Keyring::demo();
        let mut others = vec![line(); 19];
        others[0].id = 8;
        others[1].at += chrono::TimeDelta::microseconds(1);
        others[2].person = None;
        others[3].person = Some(Uuid::from_u128(9));
        others[4].actor_kind = "self".to_owned();
        others[5].actor = None;
        others[6].actor = Some(Uuid::from_u128(9));
        others[7].actor_role = None;
        others[8].actor_role = Some("doctor".to_owned());
        others[9].facility = None;
        others[10].facility = Some(4);
        others[11].act = "change".to_owned();
        others[12].what = "pin".to_owned();
        others[13].channel = "ussd".to_owned();
        others[14].reference = None;
        others[15].reference = Some(vec![4; 15]);
        others[16].reason = None;
        others[17].reason = Some(vec![6; 40]);
        // What ends one text and begins the next.
        (others[18].act, others[18].what) = ("readv".to_owned(), "isits".to_owned());
        let mut links: Vec<_> =
            others.iter().map(|other| AuditLink::after(AuditLink::NONE, 1, other, &keys).0).collect();
        links.push(AuditLink::after(AuditLink::NONE, 1, &line(), &keys).0);
        links.push(AuditLink::after(AuditLink::NONE, 2, &line(), &keys).0);
        links.push(AuditLink::after(AuditLink([1; 32]), 1, &line(), &keys).0);
        let count = links.len();
        links.sort_unstable();
        links.dedup();
        assert_eq!(links.len(), count);
    }

    #[test]
    fn a_kept_head_opens_with_its_own_key_and_unchanged_alone() {
        let keys = Keyring::demo();
        let at = "2026-11-24T08:00:00Z".parse().unwrap();
        let head = AuditHead { position: 5, link: AuditLink([9; 32]), settled: 4, at };
        let kept = KeptHead::of(&head, head.seal(&keys));
        let read: KeptHead = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(read.open(&keys), Some(head));
        assert_eq!(KeptHead { position: 4, ..kept.clone() }.open(&keys), None);
        assert_eq!(KeptHead { settled: 5, ..kept.clone() }.open(&keys), None);
        assert_eq!(KeptHead { link: hexadecimal([8; 32]), ..kept.clone() }.open(&keys), None);
        let others = Keyring::new(&[8; 32], rand::SeedableRng::seed_from_u64(1));
        assert_eq!(kept.open(&others), None);
    }
}
