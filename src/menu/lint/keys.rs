//! Keys and words that clash: with the standard keys, with each other, with numbers of items.

use std::collections::HashMap;

use crate::text::Folding;

use super::super::draft::{ChoiceDraft, KindDraft};
use super::super::model::{InputKind, Kind};
use super::super::report::{Finding, Place};
use super::{Looked, Subject};

/// A fixed choice beside the items of a list has a key beyond the numbers of its items.
const ITEMS_END: u32 = 50;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for looked in subject.states() {
        let active = active(subject, &looked);
        match &looked.draft.kind {
            KindDraft::Menu(choices) | KindDraft::Text(choices) => {
                check_choices(choices, &active, findings);
            }
            KindDraft::List(list) => {
                check_choices(&list.choices, &active, findings);
                check_items(&list.choices, list.go.is_some(), findings);
            }
            KindDraft::Input { kind, place, .. } => check_input(kind, *place, &active, findings),
            _ => {}
        }
    }
}

/// The standard keys that a screen offers, with what each does.
fn active(subject: &Subject<'_>, looked: &Looked<'_>) -> Vec<(&'static str, String)> {
    let keys = &subject.menu.keys;
    let mut active = vec![("leave", keys.leave.clone())];
    if looked.state.standard_keys {
        active.push(("back", keys.back.clone()));
        active.push(("home", keys.home.clone()));
    }
    if matches!(looked.state.kind, Kind::Prompt(_) | Kind::List(_)) {
        active.push(("more", keys.more.clone()));
        active.push(("previous", keys.previous.clone()));
    }
    active
}

fn check_choices(choices: &[ChoiceDraft], active: &[(&'static str, String)], findings: &mut Vec<Finding>) {
    let mut keys: HashMap<&str, Place> = HashMap::new();
    let mut words: HashMap<String, (Place, &str)> = HashMap::new();
    for choice in choices {
        let key = &choice.key;
        if let Some((what, _)) = active.iter().find(|(_, standard)| *standard == key.text) {
            let hint = match *what {
                "back" | "home" => "choose another key, or write `back: false` in the state",
                _ => "choose another key",
            };
            findings.push(
                Finding::error(
                    "key-clash",
                    key.place,
                    format!("`{}` is the standard key `{what}`", key.text),
                )
                .hint(hint),
            );
        }
        if let Some(first) = keys.get(key.text.as_str()) {
            // Two choices may share a key where only one of them is offered at a time.
            let conditions = choices.iter().filter(|other| other.key.text == key.text);
            if conditions.clone().any(|other| other.when.is_none()) {
                findings.push(
                    Finding::error(
                        "double-key",
                        key.place,
                        format!("a second choice with the key `{}`", key.text),
                    )
                    .note(*first, "the first is this"),
                );
            }
        } else {
            keys.insert(&key.text, key.place);
        }
        for word in choice.words.iter().flat_map(|(_, words)| words) {
            let folded = fold(&word.text);
            if let Some((first, owner)) = words.get(&folded) {
                if *owner != key.text {
                    findings.push(
                        Finding::error(
                            "double-word",
                            word.place,
                            format!("`{}` stands for another choice", word.text),
                        )
                        .note(*first, "it stands here too"),
                    );
                }
            } else {
                words.insert(folded.clone(), (word.place, &key.text));
            }
            let standard = active.iter().any(|(_, standard)| *standard == folded);
            let other_key =
                choices.iter().any(|other| other.key.text == folded && other.key.text != key.text);
            if standard || other_key {
                findings.push(Finding::error(
                    "key-clash",
                    word.place,
                    format!("the word `{}` is the key of something else", word.text),
                ));
            }
        }
    }
}

/// As the engine compares what she typed.
fn fold(word: &str) -> String {
    Folding::Plain.apply(&word.trim().to_lowercase())
}

fn check_items(choices: &[ChoiceDraft], numbered: bool, findings: &mut Vec<Finding>) {
    for choice in choices.iter().filter(|_| numbered) {
        let number: Option<u32> = choice.key.text.parse().ok().filter(|_| !choice.key.text.starts_with('0'));
        if number.is_some_and(|number| number < ITEMS_END) {
            findings.push(
                Finding::error(
                    "key-clash",
                    choice.key.place,
                    format!("`{}` can be the number of an item of the list", choice.key.text),
                )
                .hint(format!("choose a key from {ITEMS_END}")),
            );
        }
    }
}

/// A typed number must not be taken for a standard key.
fn check_input(
    kind: &InputKind,
    place: Place,
    active: &[(&'static str, String)],
    findings: &mut Vec<Finding>,
) {
    for (what, key) in active {
        let clashes = match kind {
            InputKind::Number { min, max } => key
                .parse::<i64>()
                .is_ok_and(|number| number.to_string() == *key && (*min..=*max).contains(&number)),
            InputKind::Digits { min, max } => (usize::from(*min)..=usize::from(*max)).contains(&key.len()),
            InputKind::Pin => (4..=6).contains(&key.len()),
            InputKind::Date { .. } | InputKind::Phone | InputKind::Name | InputKind::Text { .. } => false,
        };
        if clashes {
            let hint = match *what {
                "back" | "home" => "change the limits, or write `back: false` in the state",
                _ => "change the limits",
            };
            findings.push(
                Finding::error(
                    "key-clash",
                    place,
                    format!("the answer `{key}` would be taken for the standard key `{what}`"),
                )
                .hint(hint),
            );
        }
    }
}
