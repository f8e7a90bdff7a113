//! A compiled menu: what the engine walks. Made by `menu::load`; every id in it is valid.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::catalog::{ActionSpec, FieldKind, Guard, SourceSpec};
use super::keys::Keys;
use super::sources::Sources;
use super::texts::Texts;

/// Which text of menu files a session began with: the first eight octets of the SHA-256 of all
/// files in the order of their names.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct MenuVersion(pub u64);

/// Index of a state; stable within one menu version.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct StateId(pub u16);

/// Index of a flow.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct FlowId(pub u16);

/// Index of a saved answer's name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct VarId(pub u16);

/// Index of a language in [`Menu::languages`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct LanguageId(pub u8);

/// Index of a text in [`Menu::texts`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TextId(pub u32);

/// Where a step leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// Another state (`go: name` in the same flow, `go: flow.name` elsewhere).
    State(StateId),
    /// The end of a sub-flow: back to where it was called (`go: return`).
    Return,
    /// The first menu (`go: home`); what was called is forgotten.
    Home,
    /// One step back (`go: back`).
    Back,
    /// The harmless screen, as the leave key does (`go: leave`).
    Leave,
    /// Where the last session was cut off (`go: resume`); after her PIN where it had one.
    Resume,
}

/// A flow: one file.
#[derive(Debug)]
pub struct Flow {
    /// Name.
    pub name: String,
    /// Its first state.
    pub start: StateId,
}

/// One state.
#[derive(Debug)]
pub struct State {
    /// `flow.state`; in logs and metrics.
    pub name: String,
    /// The flow that holds it.
    pub flow: FlowId,
    /// What the caller must have proved: the most of what the state, its flow, its sources and its
    /// action ask.
    pub guard: Guard,
    /// Sources whose values the text, the conditions and the parameters may show.
    pub uses: Vec<SourceCall>,
    /// The text (`say:`); none for `branch`, `action` and `call`.
    pub say: Option<TextId>,
    /// Whether the standard keys back and home are offered (`back: false` hides them).
    pub standard_keys: bool,
    /// What it is.
    pub kind: Kind,
}

/// A call of a data source.
#[derive(Debug)]
pub struct SourceCall {
    /// Which.
    pub source: &'static SourceSpec,
    /// Name under which texts see it (the source's own unless `as:` is given).
    pub alias: String,
    /// Parameters, as language-neutral templates.
    pub with: Vec<(&'static str, TextId)>,
}

/// A call of an action.
#[derive(Debug)]
pub struct ActionCall {
    /// Which.
    pub action: &'static ActionSpec,
    /// Parameters, as language-neutral templates.
    pub with: Vec<(&'static str, TextId)>,
    /// Where each outcome leads, in the order of the action's outcomes.
    pub on: Vec<Target>,
}

/// What a state is.
#[derive(Debug)]
pub enum Kind {
    /// A fixed choice (`menu:`) or a long text (`text:`): shows `say`, then the choices, in pages.
    Prompt(Prompt),
    /// A choice from a data source (`list:`).
    List(List),
    /// A question (`input:`).
    Input(Input),
    /// The first arm whose condition holds (`branch:`).
    Branch(Vec<Arm>),
    /// Does something (`action:`).
    Action(ActionCall),
    /// Calls a sub-flow and goes on when it returns (`call:`).
    Call {
        /// The flow.
        flow: FlowId,
        /// Where to go when it returns.
        then: Target,
    },
    /// Shows `say` and ends the session (`end:`).
    End,
}

/// A fixed choice, or a text with nothing to choose but the standard keys.
#[derive(Debug)]
pub struct Prompt {
    /// The choices, in order; may be empty.
    pub choices: Vec<Choice>,
}

/// One choice.
#[derive(Debug)]
pub struct Choice {
    /// What she types.
    pub key: String,
    /// Words that count as well, case folded and with local letters folded.
    pub words: Vec<String>,
    /// Its label.
    pub label: TextId,
    /// Shown only where this holds (a language-neutral condition).
    pub when: Option<TextId>,
    /// Answers that choosing it gives.
    pub set: Vec<(VarId, String)>,
    /// Where it leads.
    pub go: Target,
}

/// A choice from a data source.
#[derive(Debug)]
pub struct List {
    /// The source; its items are numbered from 1, across pages.
    pub from: SourceCall,
    /// An item's line; sees its fields as `{{ item.… }}`.
    pub item: TextId,
    /// Where the chosen item's `id` is kept.
    pub save: Option<VarId>,
    /// Where a choice leads; `None`: the items are only shown.
    pub go: Option<Target>,
    /// Where to go when there is no item.
    pub empty: Target,
    /// Fixed choices shown after the items; their keys are not numbers of items.
    pub choices: Vec<Choice>,
}

/// A question.
#[derive(Debug)]
pub struct Input {
    /// What is accepted.
    pub kind: InputKind,
    /// Where the answer is kept; never for a PIN.
    pub save: Option<VarId>,
    /// Where a good answer leads.
    pub go: Target,
}

/// What an `input` accepts, and in which form it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InputKind {
    /// Digits, a bounded count of them.
    Digits {
        /// Least count.
        min: u8,
        /// Most.
        max: u8,
    },
    /// A PIN, 4 to 6 digits; handed to the next action in this turn and to nothing else.
    Pin,
    /// A whole number in a range.
    Number {
        /// Least.
        min: i64,
        /// Most.
        max: i64,
    },
    /// A day (12/3/2026, 12-3-26, 12 03 2026, 120326, 12032026); kept as `2026-03-12`.
    Date {
        /// Not before this many days from today.
        from_days: i64,
        /// Not after this many days from today.
        to_days: i64,
    },
    /// A Sierra Leone number in any usual form; kept as E.164.
    Phone,
    /// A person's name: letters, spaces, apostrophes, hyphens.
    Name,
    /// Free text of at most this many characters.
    Text {
        /// Most characters.
        max: u16,
    },
}

/// One arm of a branch.
#[derive(Debug)]
pub struct Arm {
    /// The condition, as a language-neutral template that gives `1` where it holds; `None`:
    /// otherwise.
    pub when: Option<TextId>,
    /// Where it leads.
    pub go: Target,
}

/// Whether a language may be shown to the public.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// Written or reviewed by a native speaker.
    Reviewed,
    /// Complete, but no native speaker has reviewed it: served only where a deployment says so.
    Unreviewed,
    /// Prepared, not translated: never served.
    Untranslated,
}

/// A language of the menu.
#[derive(Clone, Debug)]
pub struct Language {
    /// ISO 639 code.
    pub code: String,
    /// Its own name for itself.
    pub name: String,
    /// Whether it may be shown.
    pub completion: Completion,
    /// Whether this deployment serves it.
    pub served: bool,
    /// Languages whose text is taken where this one has none, in order.
    pub fallback: Vec<LanguageId>,
}

/// What happens after wrong answers in a row.
#[derive(Clone, Copy, Debug)]
pub struct Strikes {
    /// How many.
    pub limit: u8,
    /// Where to go; `None`: a polite end.
    pub go: Option<Target>,
}

/// Texts that the engine itself needs, one of each in `languages.yaml`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Standard {
    /// Label of the back key.
    Back,
    /// Label of the home key.
    Home,
    /// Label of the key for more.
    More,
    /// Label of the key for the page before.
    Previous,
    /// The harmless screen of the leave key.
    Leave,
    /// "Please choose one of the numbers."
    WrongChoice,
    /// The list has changed since it was shown.
    ListChanged,
    /// Digits expected; sees `{{ min }}` and `{{ max }}`.
    WrongDigits,
    /// Number in a range expected; sees `{{ min }}` and `{{ max }}`.
    WrongNumber,
    /// Date expected.
    WrongDate,
    /// A real date, but too early or too late.
    DateOutOfRange,
    /// Phone number expected.
    WrongPhone,
    /// Name expected.
    WrongName,
    /// Text is empty or too long; sees `{{ max }}`.
    WrongText,
    /// PIN of 4 to 6 digits expected.
    WrongPinForm,
    /// Too many wrong answers: the polite end.
    TooManyWrong,
    /// The session has timed out; sees `{{ service_code }}`.
    TimedOut,
    /// A turn that does not fit the session; sees `{{ service_code }}`.
    LostPlace,
    /// The service is busy or the database is away.
    Busy,
    /// An inner failure; sees `{{ reference }}`.
    Apology,
}

impl Standard {
    /// All, with their keys in `languages.yaml` and the values that each sees.
    pub const ALL: [(Self, &'static str, &'static [&'static str]); 20] = [
        (Self::Back, "back", &[]),
        (Self::Home, "home", &[]),
        (Self::More, "more", &[]),
        (Self::Previous, "previous", &[]),
        (Self::Leave, "leave", &[]),
        (Self::WrongChoice, "wrong_choice", &[]),
        (Self::ListChanged, "list_changed", &[]),
        (Self::WrongDigits, "wrong_digits", &["min", "max"]),
        (Self::WrongNumber, "wrong_number", &["min", "max"]),
        (Self::WrongDate, "wrong_date", &[]),
        (Self::DateOutOfRange, "date_out_of_range", &[]),
        (Self::WrongPhone, "wrong_phone", &[]),
        (Self::WrongName, "wrong_name", &[]),
        (Self::WrongText, "wrong_text", &["max"]),
        (Self::WrongPinForm, "wrong_pin_form", &[]),
        (Self::TooManyWrong, "too_many_wrong", &[]),
        (Self::TimedOut, "timed_out", &["service_code"]),
        (Self::LostPlace, "lost_place", &["service_code"]),
        (Self::Busy, "busy", &[]),
        (Self::Apology, "apology", &["reference"]),
    ];
}

/// A compiled menu.
#[derive(Debug)]
pub struct Menu {
    /// Which.
    pub version: MenuVersion,
    /// Languages, in the order of the files; the first is the default.
    pub languages: Vec<Language>,
    /// Flows.
    pub flows: Vec<Flow>,
    /// States of all flows.
    pub states: Vec<State>,
    /// Names of saved answers, by [`VarId`].
    pub vars: Vec<String>,
    /// What the saved answers are, by [`VarId`]: a text must see a number as a number.
    pub var_kinds: Vec<FieldKind>,
    /// All texts and conditions.
    pub texts: Texts,
    /// Constants, as `{{ const.… }}`.
    pub constants: Vec<(String, String)>,
    /// The standard keys.
    pub keys: Keys,
    /// Where a dial begins.
    pub start: StateId,
    /// Where `00` goes.
    pub home: StateId,
    /// Shown on a redial after a drop; `None`: no resuming.
    pub resume: Option<StateId>,
    /// The flow that makes a guard true: number linked, PIN given, consent given.
    pub prove: Prove,
    /// After wrong answers in a row.
    pub strikes: Strikes,
    /// Texts that go out by SMS.
    pub messages: Vec<Message>,
    /// The files that it is made of.
    pub sources: Arc<Sources>,
}

/// A text that goes out by SMS.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its name in `messages.yaml`.
    pub name: String,
    /// The values that it sees.
    pub sees: Vec<String>,
    /// The text.
    pub text: TextId,
}

/// The flows that the engine enters when a guard is not met.
#[derive(Clone, Copy, Debug)]
pub struct Prove {
    /// For [`Guard::Phone`].
    pub phone: FlowId,
    /// For [`Guard::Pin`].
    pub pin: FlowId,
    /// For [`Guard::Consent`].
    pub consent: FlowId,
}

impl Menu {
    /// The state of that id. Ids come from this menu or are checked when a session is read.
    pub fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(usize::from(id.0))
    }

    /// The message of that name.
    pub fn message(&self, name: &str) -> Option<TextId> {
        self.messages.iter().find(|message| message.name == name).map(|message| message.text)
    }

    /// The files that it is made of; the store keeps them, so that any node can go on with a
    /// session on this version.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The language of that code, where it is served.
    pub fn served(&self, code: &str) -> Option<LanguageId> {
        let at = self.languages.iter().position(|language| language.served && language.code == code)?;
        u8::try_from(at).ok().map(LanguageId)
    }
}

/// Values that a text sees beside the data sources.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Today in Africa/Freetown.
    pub today: NaiveDate,
}

/// A shared, immutable menu.
pub type SharedMenu = Arc<Menu>;
