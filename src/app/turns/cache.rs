//! Sessions that this node has seen lately, packed. Only a shortcut: what counts is the row, and a
//! write on top of a stale copy is refused by its turn number.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::policy::EvictionPolicy;
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
    /// Holds at most `most` sessions, each for `idle` after its last turn. The youngest turns are what is asked for
    /// again: by how often it was, a session that has just begun would be kept out by those that are over.
    pub(super) fn new(most: u64, idle: Duration) -> Self {
        let policy = EvictionPolicy::lru();
        Self(Cache::builder().max_capacity(most).time_to_idle(idle).eviction_policy(policy).build())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_session_takes_the_place_of_the_one_without_a_turn_for_longest() {
        let sessions = Sessions::new(10, Duration::from_mins(3));
        for number in 0..30 {
            let key = SessionKey([number; 16]);
            let packed = Packed { phone: [0; 16], touched: DateTime::UNIX_EPOCH, state: Box::default() };
            sessions.0.insert(key, packed);
            // The first ones have many turns.
            for _ in 0..30 - number {
                assert!(sessions.0.get(&key).is_some());
            }
            sessions.0.run_pending_tasks();
        }
        let kept: Vec<u8> =
            (0..30).filter(|&number| sessions.0.contains_key(&SessionKey([number; 16]))).collect();
        assert_eq!(kept, (20..30).collect::<Vec<u8>>());
    }
}
