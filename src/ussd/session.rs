//! A session as a value: where she is and how she came there. It holds no secret, no medical
//! value and no screen; what a screen shows is read again when it is drawn.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::menu::{LanguageId, MenuVersion, Standard, StateId, VarId};

use super::kept_facts;
use super::port::{PhoneFacts, Proof};

/// Key of a session: the first 16 octets of an HMAC over channel and the operator's session id.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct SessionKey(pub [u8; 16]);

impl SessionKey {
    /// Six letters and digits that support can ask for on the phone (`K7Q2MX`).
    pub fn reference(self) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        self.0
            .iter()
            .take(6)
            .filter_map(|octet| LETTERS.get(usize::from(octet % 32)))
            .map(|&letter| char::from(letter))
            .collect()
    }
}

/// What of the caller's input has been consumed; enough to tell a new turn from a repeat. A keyed
/// digest, because the input may hold a PIN.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Mark {
    /// Cumulative text: its length in octets and a keyed digest of it.
    Cumulative {
        /// Octets consumed.
        length: u32,
        /// First eight octets of the HMAC of what was consumed.
        digest: u64,
    },
    /// The last sequence number answered.
    Sequence(u32),
}

/// Whether the session still listens.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Status {
    /// It does.
    Open,
    /// It reached an end.
    Ended,
    /// It ended after too many wrong answers.
    GaveUp,
    /// She left with the leave key: never resumed.
    Left,
    /// The operator said that it was cut, or it timed out: may be resumed.
    Dropped,
}

/// Why the last answer was not taken; shown above the question again.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Notice {
    /// Nothing of ours ("please choose one of the numbers").
    WrongChoice,
    /// The list is another than the one she chose from.
    ListChanged,
    /// See [`Standard::WrongDigits`] and so on.
    WrongDigits,
    /// A number out of range.
    WrongNumber,
    /// Not a date.
    WrongDate,
    /// Too early or too late.
    DateOutOfRange,
    /// Not a phone number.
    WrongPhone,
    /// Not a name.
    WrongName,
    /// Empty or too long.
    WrongText,
    /// Not 4 to 6 digits.
    WrongPinForm,
}

impl Notice {
    /// The standard text that says it.
    pub const fn text(self) -> Standard {
        match self {
            Self::WrongChoice => Standard::WrongChoice,
            Self::ListChanged => Standard::ListChanged,
            Self::WrongDigits => Standard::WrongDigits,
            Self::WrongNumber => Standard::WrongNumber,
            Self::WrongDate => Standard::WrongDate,
            Self::DateOutOfRange => Standard::DateOutOfRange,
            Self::WrongPhone => Standard::WrongPhone,
            Self::WrongName => Standard::WrongName,
            Self::WrongText => Standard::WrongText,
            Self::WrongPinForm => Standard::WrongPinForm,
        }
    }
}

/// One level of what was called: a sub-flow, or a flow that makes a guard true.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Frame {
    /// A `call` state: go on from it when the flow returns.
    Call(StateId),
    /// A guard was not met on the way into this state: enter it when the flow returns.
    Guard(StateId),
    /// She chose to go on where she was cut off, and proves first that it is she.
    Resume,
}

/// A screen to go back to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Step {
    /// The state.
    pub state: StateId,
    /// The page of it that she left.
    pub page: u8,
    /// How many frames were open then; going back closes those opened since.
    pub depth: u8,
}

/// Where a session was when it was cut off.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Suspended {
    /// The menu that the places belong to; another version cannot be resumed.
    pub menu: MenuVersion,
    /// Who had given her PIN; she must give it again.
    pub person: Option<Uuid>,
    /// The place.
    pub place: StateId,
    /// Page of the place.
    pub page: u8,
    /// What was called.
    pub frames: Vec<Frame>,
    /// Screens to go back to.
    pub trail: Vec<Step>,
    /// Answers given.
    pub answers: Vec<(VarId, String)>,
}

impl Session {
    /// Whether a redial may offer to go on here: she was in the midst of something.
    pub fn resumable(&self) -> bool {
        matches!(self.status, Status::Open | Status::Dropped)
            && self.suspended.is_none()
            && !self.trail.is_empty()
    }

    /// Where she was, for the session in which she redials. A screen that told how an action ended
    /// is not shown again: the one before it is.
    pub fn suspend(self) -> Option<Suspended> {
        let mut trail = self.trail;
        let mut frames = self.frames;
        let (place, page) = if self.result {
            let before = trail.pop()?;
            frames.truncate(usize::from(before.depth));
            (before.state, before.page)
        } else {
            (self.place, self.page)
        };
        let person = match self.proof {
            Proof::Pin { person, .. } => Some(person),
            Proof::None | Proof::Choosing { .. } => None,
        };
        Some(Suspended { menu: self.menu, person, place, page, frames, trail, answers: self.answers })
    }
}

/// A session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    /// The menu that it walks, to its end.
    pub menu: MenuVersion,
    /// Keyed digest of the number; another number cannot continue it. Kept in the row beside the
    /// state, not in it.
    #[serde(skip)]
    pub phone: [u8; 16],
    /// Turns answered, from 1; the optimistic lock of its row.
    pub turn: u32,
    /// What has been consumed.
    pub mark: Mark,
    /// Whether it listens.
    pub status: Status,
    /// Language of the screens.
    pub language: LanguageId,
    /// What is known about the number.
    pub facts: PhoneFacts,
    /// Who the caller says she is, among those on this number (0 for the first).
    pub chosen: Option<u8>,
    /// What she has proved.
    pub proof: Proof,
    /// The state whose screen she sees.
    pub place: StateId,
    /// Its page, from 0.
    pub page: u8,
    /// Whether the screen tells how an action ended: it is not gone back to.
    pub result: bool,
    /// What was called.
    pub frames: Vec<Frame>,
    /// Screens to go back to, the last one first to be taken.
    pub trail: Vec<Step>,
    /// Why the last answer was not taken.
    pub notice: Option<Notice>,
    /// Whether that reason took part in the breaking of pages; it stays while they are turned.
    pub notice_in_pages: bool,
    /// Wrong answers in a row.
    pub strikes: u8,
    /// Answers given, by name.
    pub answers: Vec<(VarId, String)>,
    /// Facts of the last action (`left` = 4), for its text.
    #[serde(with = "kept_facts")]
    pub outcome: Vec<(String, crate::menu::Value)>,
    /// Digest of the ids of the list on the screen.
    pub listed: u32,
    /// What is left of the dialled suffix; taken from the first menu on, and kept while a PIN is
    /// asked first.
    pub jump: Vec<String>,
    /// Whether the first key of the suffix has been taken.
    pub jumping: bool,
    /// Where the session before was cut off.
    pub suspended: Option<Box<Suspended>>,
}
