//! Telling a new turn from a repeat, a late one and a foreign one.

use super::session::Mark;
use super::turn::Input;

/// What an input is to a session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Intake {
    /// This turn's input, and what has been consumed with it.
    Fresh {
        /// What she typed now.
        typed: String,
        /// What has been consumed then.
        mark: Mark,
    },
    /// The turn that was answered last: the same answer, no second effect.
    Repeat,
    /// A turn from before that: it comes late and changes nothing.
    Late,
    /// Numbers were left out.
    Skipped {
        /// The number that should come next.
        expected: u32,
    },
    /// Not a continuation of what this session has consumed.
    Foreign,
}

/// The mark of a session's first turn.
pub fn first_mark(input: &Input, digest: impl Fn(&[u8]) -> u64) -> Mark {
    match input {
        Input::Cumulative(text) => mark_of(text, digest),
        Input::Sequenced { sequence, .. } => Mark::Sequence(*sequence),
    }
}

/// What `input` is to a session that has consumed `mark`. In cumulative text the new input is all
/// that follows what was consumed, so that a `*` typed inside an answer stays a part of it.
pub fn intake(mark: Mark, input: &Input, digest: impl Fn(&[u8]) -> u64) -> Intake {
    match (mark, input) {
        (Mark::Sequence(last), Input::Sequenced { sequence, text }) => match *sequence {
            number if number == last => Intake::Repeat,
            number if number < last => Intake::Late,
            number if number == last.saturating_add(1) => {
                Intake::Fresh { typed: text.clone(), mark: Mark::Sequence(number) }
            }
            _ => Intake::Skipped { expected: last.saturating_add(1) },
        },
        (Mark::Cumulative { length, digest: consumed }, Input::Cumulative(text)) => {
            cumulative(usize::try_from(length).unwrap_or(usize::MAX), consumed, text, digest)
        }
        _ => Intake::Foreign,
    }
}

fn cumulative(length: usize, consumed: u64, text: &str, digest: impl Fn(&[u8]) -> u64) -> Intake {
    if text.len() < length {
        return Intake::Late;
    }
    let Some((prefix, rest)) = text.split_at_checked(length) else { return Intake::Foreign };
    if digest(prefix.as_bytes()) != consumed {
        return Intake::Foreign;
    }
    let typed = match (length, rest.strip_prefix('*')) {
        (_, _) if rest.is_empty() => return Intake::Repeat,
        (0, _) => rest,
        (_, Some(typed)) => typed,
        (_, None) => return Intake::Foreign,
    };
    Intake::Fresh { typed: typed.to_owned(), mark: mark_of(text, digest) }
}

fn mark_of(text: &str, digest: impl Fn(&[u8]) -> u64) -> Mark {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    Mark::Cumulative { length, digest: digest(text.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest(input: &[u8]) -> u64 {
        input.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x100_0000_01b3)
        })
    }

    fn after(text: &str) -> Mark {
        first_mark(&Input::Cumulative(text.to_owned()), digest)
    }

    fn told(consumed: &str, text: &str) -> Intake {
        intake(after(consumed), &Input::Cumulative(text.to_owned()), digest)
    }

    fn typed(consumed: &str, text: &str) -> Option<String> {
        match told(consumed, text) {
            Intake::Fresh { typed, .. } => Some(typed),
            _ => None,
        }
    }

    #[test]
    fn the_new_input_is_what_follows_what_was_consumed() {
        assert_eq!(typed("", "1").as_deref(), Some("1"));
        assert_eq!(typed("1", "1*739150").as_deref(), Some("739150"));
        assert_eq!(typed("1", "1*2*3").as_deref(), Some("2*3"), "a star inside an answer");
        assert_eq!(typed("1", "1*").as_deref(), Some(""), "an empty answer");
        assert_eq!(typed("1*", "1**5").as_deref(), Some("5"), "after an empty answer");
    }

    #[test]
    fn repeats_late_and_foreign_turns_are_told_apart() {
        assert_eq!(told("1*2", "1*2"), Intake::Repeat);
        assert_eq!(told("", ""), Intake::Repeat);
        assert_eq!(told("1*2", "1"), Intake::Late);
        assert_eq!(told("1*2", "9*2*3"), Intake::Foreign);
        assert_eq!(told("1", "12"), Intake::Foreign, "not a continuation: 1 is not followed by a star");
        assert_eq!(told("1*ɛ", "1*ɔ*2"), Intake::Foreign);
    }

    #[test]
    fn sequence_numbers_may_not_skip() {
        let input = |sequence| Input::Sequenced { sequence, text: "x".to_owned() };
        assert_eq!(intake(Mark::Sequence(2), &input(2), digest), Intake::Repeat);
        assert_eq!(intake(Mark::Sequence(2), &input(1), digest), Intake::Late);
        assert_eq!(intake(Mark::Sequence(2), &input(4), digest), Intake::Skipped { expected: 3 });
        assert!(matches!(intake(Mark::Sequence(2), &input(3), digest), Intake::Fresh { .. }));
        assert_eq!(intake(Mark::Sequence(2), &Input::Cumulative("x".into()), digest), Intake::Foreign);
    }

    proptest! {
        #[test]
        fn any_two_texts_are_told_apart_without_a_panic(consumed in ".{0,20}", text in ".{0,40}") {
            let _ = told(&consumed, &text);
        }

        #[test]
        fn whatever_is_typed_comes_out_whole(answers in prop::collection::vec("[^\u{0}]{1,8}", 1..6)) {
            let mut consumed = String::new();
            for answer in answers {
                let text = if consumed.is_empty() { answer.clone() } else { format!("{consumed}*{answer}") };
                prop_assert_eq!(typed(&consumed, &text), Some(answer));
                consumed = text;
            }
        }
    }
}
