//! What menu files say, read but not yet resolved: names are still names, and each knows where it
//! is written. Reading goes on after a mistake, so that one run tells many.

mod choice;
mod flow;
mod form;
mod language;
mod root;
mod shared;
mod state;

use super::catalog::Guard;
use super::keys::Keys;
use super::model::{Completion, InputKind};
use super::report::{FileId, Finding, Place};
use super::sources::Sources;
use super::words::Words;
use super::yaml::{self, Node, Scalar};

pub(super) use form::{Form, entries, items, name, scalar};

/// A name and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) place: Place,
}

impl Name {
    fn of(scalar: &Scalar) -> Self {
        Self { text: scalar.text.clone(), place: scalar.place() }
    }
}

/// A text in each language, or one for all.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Say {
    /// `say: "{{ clinic.name }}"`.
    All(Scalar),
    /// `say: {en: …, kri: …}`.
    ByLanguage {
        /// Where it begins.
        place: Place,
        /// Code and text.
        texts: Vec<(Name, Scalar)>,
    },
}

impl Say {
    pub(super) fn place(&self) -> Place {
        match self {
            Self::All(scalar) => scalar.place(),
            Self::ByLanguage { place, .. } => *place,
        }
    }
}

/// `mamacare.yaml`.
#[derive(Debug)]
pub(super) struct RootDraft {
    pub(super) place: Place,
    pub(super) start: Option<Name>,
    pub(super) home: Option<Name>,
    pub(super) resume: Option<Name>,
    pub(super) prove_phone: Option<Name>,
    pub(super) prove_pin: Option<Name>,
    pub(super) prove_consent: Option<Name>,
    pub(super) strikes_limit: u8,
    pub(super) strikes_go: Option<Name>,
    pub(super) keys: Keys,
    pub(super) constants: Vec<(Name, Scalar)>,
    pub(super) languages: Vec<LanguageDraft>,
}

/// One of `languages:` in the root.
#[derive(Debug)]
pub(super) struct LanguageDraft {
    pub(super) code: Name,
    pub(super) name: String,
    pub(super) review: Completion,
    pub(super) fallback: Vec<Name>,
}

/// `languages/CODE.yaml`.
#[derive(Debug)]
pub(super) struct WordsDraft {
    pub(super) place: Place,
    pub(super) language: Name,
    pub(super) words: Words,
    /// Parts that are not written; only a language that is not translated can do without.
    pub(super) missing: Vec<&'static str>,
    pub(super) standard: Vec<(Name, Scalar)>,
}

/// A shared text.
#[derive(Debug)]
pub(super) struct FragmentDraft {
    pub(super) name: Name,
    pub(super) say: Say,
}

/// A message by SMS.
#[derive(Debug)]
pub(super) struct MessageDraft {
    pub(super) name: Name,
    pub(super) sees: Vec<Name>,
    pub(super) say: Say,
}

/// A flow.
#[derive(Debug)]
pub(super) struct FlowDraft {
    pub(super) name: Name,
    pub(super) requires: Guard,
    pub(super) start: Option<Name>,
    pub(super) states: Vec<StateDraft>,
}

/// A state.
#[derive(Debug)]
pub(super) struct StateDraft {
    pub(super) name: Name,
    pub(super) say: Option<Say>,
    pub(super) requires: Guard,
    pub(super) uses: Vec<CallDraft>,
    pub(super) back: bool,
    pub(super) paged: bool,
    pub(super) kind: KindDraft,
}

/// A call of a data source.
#[derive(Debug)]
pub(super) struct CallDraft {
    pub(super) source: Name,
    pub(super) with: Vec<(Name, Scalar)>,
    pub(super) alias: Option<Name>,
}

/// What a state is.
#[derive(Debug)]
pub(super) enum KindDraft {
    Menu(Vec<ChoiceDraft>),
    Text(Vec<ChoiceDraft>),
    List(Box<ListDraft>),
    Input {
        kind: InputKind,
        place: Place,
        save: Option<Name>,
        go: Option<Name>,
    },
    Branch(Vec<ArmDraft>),
    Action {
        action: Name,
        with: Vec<(Name, Scalar)>,
        on: Vec<(Name, Name)>,
        place: Place,
    },
    Call {
        flow: Name,
        go: Option<Name>,
    },
    End,
    /// Told already.
    Broken,
}

/// A choice.
#[derive(Debug)]
pub(super) struct ChoiceDraft {
    pub(super) place: Place,
    pub(super) key: Name,
    pub(super) words: Vec<(Name, Vec<Name>)>,
    pub(super) say: Option<Say>,
    pub(super) when: Option<Scalar>,
    pub(super) set: Vec<(Name, Scalar)>,
    pub(super) go: Option<Name>,
}

/// A choice from a data source.
#[derive(Debug)]
pub(super) struct ListDraft {
    pub(super) from: CallDraft,
    pub(super) item: Option<Say>,
    pub(super) save: Option<Name>,
    pub(super) go: Option<Name>,
    pub(super) empty: Option<Name>,
    pub(super) choices: Vec<ChoiceDraft>,
}

/// One arm of a branch.
#[derive(Debug)]
pub(super) struct ArmDraft {
    pub(super) when: Option<Scalar>,
    pub(super) go: Option<Name>,
}

/// All files of a set.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) root: Option<RootDraft>,
    pub(super) words: Vec<WordsDraft>,
    pub(super) fragments: Vec<FragmentDraft>,
    pub(super) messages: Vec<MessageDraft>,
    pub(super) flows: Vec<FlowDraft>,
    /// Whether a file could not be read: what looks unknown may be in it.
    pub(super) incomplete: bool,
}

/// What kinds of files there are: the key that tells, and all keys.
pub(super) const FILE_KINDS: [(&str, &[&str]); 5] = [
    ("languages", root::KEYS),
    ("flow", flow::KEYS),
    ("language", language::KEYS),
    ("fragments", shared::FRAGMENT_KEYS),
    ("messages", shared::MESSAGE_KEYS),
];

/// The version of the menu language.
const LANGUAGE_VERSION: &str = "1";

impl Draft {
    /// Reads all files of a set.
    pub(super) fn read(sources: &Sources, findings: &mut Vec<Finding>) -> Self {
        let mut draft = Self::default();
        for (at, file) in sources.files().iter().enumerate() {
            let id = FileId(u16::try_from(at).unwrap_or(u16::MAX));
            let known = findings.len();
            match yaml::read(id, &file.text, findings) {
                Some(node) => draft.read_file(&node, findings),
                None if findings.len() > known => draft.incomplete = true,
                None => {
                    let place = Place { file: id, line: 1, column: 1, length: 1 };
                    findings.push(Finding::error("empty-file", place, "this file is empty"));
                }
            }
        }
        draft
    }

    fn read_file(&mut self, node: &Node, findings: &mut Vec<Finding>) {
        let Some(keys) = entries(node, "a menu file", findings) else { return };
        let kind = FILE_KINDS.iter().find(|(key, _)| keys.iter().any(|(scalar, _)| scalar.text == *key));
        check_version(&keys, node.place(), findings);
        match kind.map(|(key, _)| *key) {
            Some("languages") => {
                if let Some(first) = &self.root {
                    findings.push(
                        Finding::error("double-root", node.place(), "a second root file")
                            .note(first.place, "the first begins here"),
                    );
                    return;
                }
                self.root = root::read(node, findings);
            }
            Some("flow") => self.flows.extend(flow::read(node, findings)),
            Some("language") => self.words.extend(language::read(node, findings)),
            Some("fragments") => self.fragments.extend(shared::read_fragments(node, findings)),
            Some("messages") => self.messages.extend(shared::read_messages(node, findings)),
            _ => findings.push(
                Finding::error("unknown-file", node.place(), "this is no menu file that the gateway knows")
                    .hint(
                        "a flow has `flow:`, the root `languages:`, a language `language:`, shared texts \
                         `fragments:` or `messages:`; scripts go in tests/",
                    ),
            ),
        }
    }
}

/// Every file says which version of the menu language it is written in.
pub(super) fn check_version(keys: &[(&Scalar, &Node)], place: Place, findings: &mut Vec<Finding>) {
    match keys.iter().find(|(scalar, _)| scalar.text == "mamacare") {
        None => findings.push(
            Finding::error("missing-version", place, "the version of the menu language is missing")
                .hint("begin the file with `mamacare: 1`"),
        ),
        Some((_, Node::Scalar(version))) if version.text == LANGUAGE_VERSION => {}
        Some((_, node)) => findings.push(
            Finding::error(
                "unknown-version",
                node.place(),
                "this gateway reads version 1 of the menu language",
            )
            .hint("write `mamacare: 1`"),
        ),
    }
}

/// Reads a text in each language, or one for all.
fn say(node: &Node, what: &str, findings: &mut Vec<Finding>) -> Option<Say> {
    let Node::Map(_) = node else {
        return scalar(node, what, findings).map(|scalar| Say::All(scalar.clone()));
    };
    let texts = entries(node, what, findings)?
        .into_iter()
        .filter_map(|(code, text)| {
            scalar(text, what, findings).map(|scalar| (Name::of(code), scalar.clone()))
        })
        .collect();
    Some(Say::ByLanguage { place: node.place(), texts })
}

/// Reads `{name: value}`.
fn pairs(node: Option<&Node>, what: &str, findings: &mut Vec<Finding>) -> Vec<(Name, Scalar)> {
    let Some(node) = node else { return Vec::new() };
    let Some(entries) = entries(node, what, findings) else { return Vec::new() };
    entries
        .into_iter()
        .filter_map(|(key, value)| {
            let key = form::name_of(key, findings)?;
            let value = match value {
                Node::Scalar(scalar) if !scalar.is_null() => scalar.clone(),
                _ => scalar(value, what, findings)?.clone(),
            };
            Some((key, value))
        })
        .collect()
}

/// What guards are called.
const GUARDS: [(&str, Guard); 4] = [
    ("anonymous", Guard::Anonymous),
    ("phone", Guard::Phone),
    ("pin", Guard::Pin),
    ("consent", Guard::Consent),
];

/// The keys of each part, by the name of its definition in the JSON Schema.
#[cfg(test)]
pub(super) fn keys_of() -> Vec<(&'static str, &'static [&'static str])> {
    use super::script::{FILE_KEYS, PHONE_KEYS, SCRIPT_KEYS, STEP_KEYS};
    vec![
        ("root", root::KEYS),
        ("prove", root::PROVE_KEYS),
        ("strikes", root::STRIKE_KEYS),
        ("keys", root::KEY_KEYS),
        ("language", root::LANGUAGE_KEYS),
        ("words", language::KEYS),
        ("words/properties/dates", language::DATE_KEYS),
        ("fragments", shared::FRAGMENT_KEYS),
        ("messages", shared::MESSAGE_KEYS),
        ("flow", flow::KEYS),
        ("state", state::KEYS),
        ("use", state::USE_KEYS),
        ("choice", choice::CHOICE_KEYS),
        ("list", state::LIST_KEYS),
        ("input", state::INPUT_KEYS),
        ("arm", choice::ARM_KEYS),
        ("action", state::ACTION_KEYS),
        ("call", state::CALL_KEYS),
        ("scripts", FILE_KEYS),
        ("script", SCRIPT_KEYS),
        ("phone", PHONE_KEYS),
        ("step", STEP_KEYS),
    ]
}
