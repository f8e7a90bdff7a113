//! What each id of a menu was written as, and where: for the checks.

use super::super::catalog::Guard;
use super::super::draft::{Draft, Name, StateDraft};
use super::super::model::{FlowId, LanguageId, StateId, Target, TextId};
use super::super::report::{Finding, Place};
use super::super::sources::Sources;
use super::super::text_builder::{TextFault, TextPlace};
use super::super::yaml::Scalar;

/// Where everything in a menu was written.
#[derive(Debug, Default)]
pub(in crate::menu) struct Origins {
    /// What was read.
    pub(in crate::menu) draft: Draft,
    /// By [`StateId`].
    pub(in crate::menu) states: Vec<StateOrigin>,
    /// By [`TextId`].
    pub(in crate::menu) texts: Vec<TextOrigin>,
    /// Shared texts.
    pub(in crate::menu) fragments: Vec<FragmentOrigin>,
    /// Messages by SMS.
    pub(in crate::menu) messages: Vec<MessageOrigin>,
    /// Templates that Tera does not take.
    pub(in crate::menu) faults: Vec<TextFault>,
    /// Places where a walk can begin: what leads there and where that is written.
    pub(in crate::menu) entries: Vec<(StateId, &'static str, Place)>,
    /// Whether a target could not be resolved: what looks unreachable may not be.
    pub(in crate::menu) broken: bool,
}

/// A state.
#[derive(Debug)]
pub(in crate::menu) struct StateOrigin {
    /// Place of its flow in [`Draft::flows`], and its own in it.
    pub(in crate::menu) draft: (usize, usize),
    /// Where its name is written.
    pub(in crate::menu) place: Place,
    /// What the author asked for: the more of state and flow.
    pub(in crate::menu) written_guard: Guard,
    /// Where it leads.
    pub(in crate::menu) edges: Vec<Edge>,
}

/// A step from a state.
#[derive(Clone, Debug)]
pub(in crate::menu) struct Edge {
    /// Where it leads; none where that is not known.
    pub(in crate::menu) target: Option<Target>,
    /// Where it is written.
    pub(in crate::menu) place: Place,
    /// What makes her take it.
    pub(in crate::menu) kind: EdgeKind,
}

/// What makes her take a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::menu) enum EdgeKind {
    /// A choice with that key.
    Choice(String),
    /// An item of the list.
    Item,
    /// The list has no item.
    Empty,
    /// A good answer.
    Answer,
    /// An arm of a branch, from 0.
    Arm(usize),
    /// An outcome, by its place in the action.
    Outcome(usize),
    /// Into a sub-flow.
    Into(FlowId),
    /// After a sub-flow has returned.
    Then(FlowId),
}

/// A text as written.
#[derive(Debug)]
pub(in crate::menu) enum Written {
    /// In some languages.
    Spoken {
        /// Where it begins.
        place: Place,
        /// By language.
        texts: Vec<(LanguageId, Scalar)>,
    },
    /// One for all, a parameter, or a condition.
    Once(Scalar),
}

impl Written {
    pub(in crate::menu) fn place(&self) -> Place {
        match self {
            Self::Spoken { place, .. } => *place,
            Self::Once(scalar) => scalar.place(),
        }
    }

    /// The text in a language, as it was written there.
    pub(in crate::menu) fn own(&self, language: LanguageId) -> Option<&Scalar> {
        match self {
            Self::Spoken { texts, .. } => {
                texts.iter().find(|(written, _)| *written == language).map(|(_, scalar)| scalar)
            }
            Self::Once(scalar) => Some(scalar),
        }
    }

    /// All that is written, with the language where it has one.
    pub(in crate::menu) fn all(&self) -> Vec<(Option<LanguageId>, &Scalar)> {
        match self {
            Self::Spoken { texts, .. } => {
                texts.iter().map(|(language, scalar)| (Some(*language), scalar)).collect()
            }
            Self::Once(scalar) => vec![(None, scalar)],
        }
    }
}

/// What a text is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::menu) enum TextRole {
    /// The text of a state.
    Say,
    /// The label of a choice.
    Label,
    /// The line of an item.
    Item,
    /// A condition.
    When,
    /// A parameter of a data source.
    SourceParam,
    /// A parameter of an action.
    ActionParam,
    /// One of the gateway's own, which sees these values.
    Standard(&'static [&'static str]),
    /// A message, by its place in [`Origins::messages`].
    Message(usize),
}

/// A text.
#[derive(Debug)]
pub(in crate::menu) struct TextOrigin {
    /// The state that shows it.
    pub(in crate::menu) state: Option<StateId>,
    /// What it is for.
    pub(in crate::menu) role: TextRole,
    /// As it was written.
    pub(in crate::menu) written: Written,
}

/// A shared text.
#[derive(Debug)]
pub(in crate::menu) struct FragmentOrigin {
    pub(in crate::menu) name: Name,
    pub(in crate::menu) written: Written,
}

/// A message.
#[derive(Debug)]
pub(in crate::menu) struct MessageOrigin {
    pub(in crate::menu) name: Name,
    pub(in crate::menu) sees: Vec<Name>,
    pub(in crate::menu) text: TextId,
}

impl Origins {
    /// What a state was written as.
    pub(in crate::menu) fn state(&self, id: StateId) -> Option<(&StateOrigin, &StateDraft)> {
        let origin = self.states.get(usize::from(id.0))?;
        let draft = self.draft.flows.get(origin.draft.0)?.states.get(origin.draft.1)?;
        Some((origin, draft))
    }

    /// What a text was written as.
    pub(in crate::menu) fn text(&self, id: TextId) -> Option<&TextOrigin> {
        self.texts.get(usize::try_from(id.0).ok()?)
    }

    /// A template that does not compile, as a finding.
    pub(in crate::menu) fn fault(&self, sources: &Sources, fault: &TextFault) -> Finding {
        let written = match &fault.place {
            TextPlace::Text(id) => self.text(*id).map(|text| &text.written),
            TextPlace::Fragment(name) => self
                .fragments
                .iter()
                .find(|fragment| fragment.name.text == *name)
                .map(|fragment| &fragment.written),
        };
        let scalar = written.and_then(|written| match fault.language {
            Some(language) => written.own(language),
            None => written.all().first().map(|(_, scalar)| *scalar),
        });
        let Some(scalar) = scalar else {
            let place = written.map(Written::place);
            return Finding::new(super::Severity::Error, "bad-template", place, fault.message.clone());
        };
        let lines = scalar.text.split_inclusive('\n');
        let line_start: usize = lines.clone().take(fault.line - 1).map(str::len).sum();
        let line = lines.clone().nth(fault.line - 1).unwrap_or_default();
        let octet: usize = line.chars().take(fault.column).map(char::len_utf8).sum();
        let start = (line_start + octet).min(scalar.text.len());
        let end = scalar.text.get(start..).and_then(|rest| {
            let word = rest.find([' ', '}', '%', '\n', ')']).filter(|&at| at > 0);
            word.or_else(|| rest.chars().next().map(char::len_utf8))
        });
        let file = sources.files().get(usize::from(scalar.file.0));
        let text = file.map(|file| file.text.as_str()).unwrap_or_default();
        let place = match end {
            Some(length) => scalar.place_of(text, start, start + length),
            None => scalar.place(),
        };
        Finding::error("bad-template", place, fault.message.clone())
    }
}
