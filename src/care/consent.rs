//! What a woman may agree to, each by itself.

use serde::{Deserialize, Serialize};

/// A purpose for which her data may be used where she agrees.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentPurpose {
    /// Her record is kept, and shown on this phone after her PIN.
    Care,
    /// Messages about visits and health.
    Reminders,
    /// Other facilities of this service may read it when they treat her.
    Sharing,
    /// Other health systems may have it.
    SharingOutside,
    /// Research, without her name.
    Research,
}

impl ConsentPurpose {
    /// All, in the order in which she is asked.
    pub const ALL: [Self; 5] =
        [Self::Care, Self::Reminders, Self::Sharing, Self::SharingOutside, Self::Research];

    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Care => "care",
            Self::Reminders => "reminders",
            Self::Sharing => "sharing",
            Self::SharingOutside => "sharing_outside",
            Self::Research => "research",
        }
    }

    /// The purpose of that code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_are_written() {
        for purpose in ConsentPurpose::ALL {
            assert_eq!(ConsentPurpose::of(purpose.code()), Some(purpose));
        }
        assert_eq!(ConsentPurpose::of("Care"), None);
    }
}
