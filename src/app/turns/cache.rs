//! Sessions that this node has seen lately, packed. Only a shortcut: what counts is the row, and a
//! write on top of a stale copy is refused by its turn number.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::sync::Cache;

use crate::ussd::port::Stored;
use crate::ussd::{Session, SessionKey};

/// A packed session: about 100 octets.
#[derive(Clone)]
struct Packed {
    phone: [u8; 16],
    touched: DateTime<Utc>,
    state: Box<[u8]>,
}

/// The sessions.
pub(super) struct Sessions(Cache<SessionKey, Packed>);

impl Sessions {
    /// Holds at most `most` sessions, each for `idle` after its last turn.
    pub(super) fn new(most: u64, idle: Duration) -> Self {
        Self(Cache::builder().max_capacity(most).time_to_idle(idle).build())
    }

    pub(super) fn get(&self, key: SessionKey) -> Option<Stored> {
        let packed = self.0.get(&key)?;
        let mut session: Session = postcard::from_bytes(&packed.state).ok()?;
        session.phone = packed.phone;
        Some(Stored { session, touched: packed.touched })
    }

    pub(super) fn put(&self, key: SessionKey, session: &Session, touched: DateTime<Utc>) {
        match postcard::to_stdvec(session) {
            Ok(state) => {
                self.0.insert(key, Packed { phone: session.phone, touched, state: state.into_boxed_slice() });
            }
            Err(_) => self.0.invalidate(&key),
        }
    }

    pub(super) fn forget(&self, key: SessionKey) {
        self.0.invalidate(&key);
    }
}
