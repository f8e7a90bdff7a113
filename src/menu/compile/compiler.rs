//! Names of flows, states, answers and targets.

use std::collections::HashMap;

use super::super::catalog::{Catalog, FieldKind};
use super::super::draft::{Draft, Name};
use super::super::model::{Flow, FlowId, Message, State, StateId, Target, VarId};
use super::super::report::{Finding, Place};
use super::origins::{Edge, EdgeKind, FragmentOrigin, MessageOrigin, Origins, TextRole};
use super::speech::Speech;

/// Names that a text sees without `use`.
pub(in crate::menu) const GIVEN: [&str; 8] =
    ["phone", "input", "outcome", "const", "session", "today", "item", "loop"];

/// Targets that are no states.
pub(in crate::menu) const KEYWORDS: [(&str, Target); 5] = [
    ("return", Target::Return),
    ("home", Target::Home),
    ("back", Target::Back),
    ("leave", Target::Leave),
    ("resume", Target::Resume),
];

/// A menu being compiled.
pub(super) struct Compiler<'draft, 'findings> {
    pub(super) catalog: &'draft Catalog,
    pub(super) speech: Speech<'draft>,
    pub(super) findings: &'findings mut Vec<Finding>,
    pub(super) origins: Origins,
    pub(super) vars: Vec<String>,
    pub(super) given: Vec<Given>,
    pub(super) states: Vec<State>,
    flows: HashMap<&'draft str, usize>,
    /// By flow: its name, and its states by name.
    places: Vec<(&'draft str, HashMap<&'draft str, StateId>)>,
    /// Whether a flow that is not known may be in a file that could not be read.
    incomplete: bool,
    /// The flow being compiled, and the steps of the state being compiled.
    pub(super) flow: usize,
    pub(super) edges: Vec<Edge>,
}

impl<'draft, 'findings> Compiler<'draft, 'findings> {
    pub(super) fn new(
        draft: &'draft Draft,
        catalog: &'draft Catalog,
        speech: Speech<'draft>,
        findings: &'findings mut Vec<Finding>,
    ) -> Self {
        let mut flows: HashMap<&str, usize> = HashMap::new();
        let mut places = Vec::with_capacity(draft.flows.len());
        let mut next: u16 = 0;
        for (at, flow) in draft.flows.iter().enumerate() {
            let name = flow.name.text.as_str();
            if let Some(first) = flows.get(name).and_then(|&first| draft.flows.get(first)) {
                findings.push(
                    Finding::error("double-flow", flow.name.place, format!("a second flow `{name}`"))
                        .note(first.name.place, "the first is this"),
                );
            } else {
                flows.insert(name, at);
            }
            let mut states = HashMap::new();
            for state in &flow.states {
                states.insert(state.name.text.as_str(), StateId(next));
                next = next.saturating_add(1);
            }
            places.push((name, states));
        }
        Self {
            catalog,
            speech,
            findings,
            origins: Origins::default(),
            vars: Vec::new(),
            given: Vec::new(),
            states: Vec::new(),
            flows,
            places,
            incomplete: draft.incomplete,
            flow: 0,
            edges: Vec::new(),
        }
    }

    pub(super) fn fragments(&mut self, draft: &Draft) {
        for fragment in &draft.fragments {
            let name = &fragment.name;
            if let Some(first) = self.origins.fragments.iter().find(|other| other.name.text == name.text) {
                self.findings.push(
                    Finding::error(
                        "double-fragment",
                        name.place,
                        format!("a second fragment `{}`", name.text),
                    )
                    .note(first.name.place, "the first is this"),
                );
                continue;
            }
            let written = self.speech.fragment(&name.text, &fragment.say, self.findings);
            self.origins.fragments.push(FragmentOrigin { name: name.clone(), written });
        }
    }

    pub(super) fn messages(&mut self, draft: &Draft) -> Vec<Message> {
        let mut messages = Vec::with_capacity(draft.messages.len());
        for (at, message) in draft.messages.iter().enumerate() {
            let name = message.name.text.clone();
            let role = TextRole::Message(at);
            let text = self.speech.say(format!("messages.{name}"), &message.say, None, role, self.findings);
            let sees = message.sees.clone();
            self.origins.messages.push(MessageOrigin { name: message.name.clone(), sees, text });
            let sees = message.sees.iter().map(|name| name.text.clone()).collect();
            messages.push(Message { name, sees, text });
        }
        messages
    }

    pub(super) fn flows(&mut self, draft: &'draft Draft) -> Vec<Flow> {
        let mut flows = Vec::with_capacity(draft.flows.len());
        for (at, flow) in draft.flows.iter().enumerate() {
            self.flow = at;
            let first = StateId(u16::try_from(self.states.len()).unwrap_or(u16::MAX));
            let start = flow.start.as_ref().and_then(|name| self.own_state(name));
            for (place, state) in flow.states.iter().enumerate() {
                self.state(flow, (at, place), state);
            }
            flows.push(Flow { name: flow.name.text.clone(), start: start.unwrap_or(first) });
        }
        flows
    }

    fn own_state(&mut self, name: &Name) -> Option<StateId> {
        let (_, states) = self.places.get(self.flow)?;
        let found = states.get(name.text.as_str()).copied();
        if found.is_none() {
            self.origins.broken = true;
            self.findings.push(
                Finding::error(
                    "unknown-target",
                    name.place,
                    format!("this flow has no state `{}`", name.text),
                )
                .nearest(&name.text, states.keys().copied()),
            );
        }
        found
    }

    /// Resolves a target and notes the step.
    pub(super) fn follow(&mut self, name: Option<&Name>, kind: EdgeKind) -> Target {
        let Some(name) = name else {
            self.origins.broken = true;
            return Target::Home;
        };
        let target = self.resolve(name);
        self.note(target, name.place, kind);
        target.unwrap_or(Target::Home)
    }

    pub(super) fn note(&mut self, target: Option<Target>, place: Place, kind: EdgeKind) {
        self.edges.push(Edge { target, place, kind });
    }

    /// The target of that name.
    pub(super) fn resolve(&mut self, name: &Name) -> Option<Target> {
        let found = match name.text.split_once('.') {
            None => KEYWORDS
                .iter()
                .find(|(keyword, _)| *keyword == name.text)
                .map(|(_, target)| *target)
                .or_else(|| self.local(&name.text)),
            Some((flow, state)) => self.flows.get(flow).and_then(|at| {
                let (_, states) = self.places.get(*at)?;
                states.get(state).copied().map(Target::State)
            }),
        };
        if found.is_none() {
            self.origins.broken = true;
            let elsewhere = name.text.split_once('.').is_some_and(|(flow, _)| !self.flows.contains_key(flow));
            if !(elsewhere && self.incomplete) {
                let finding = self.unknown_target(name);
                self.findings.push(finding);
            }
        }
        found
    }

    fn local(&self, state: &str) -> Option<Target> {
        self.places.get(self.flow)?.1.get(state).copied().map(Target::State)
    }

    fn unknown_target(&self, name: &Name) -> Finding {
        let finding = |message| Finding::error("unknown-target", name.place, message);
        let (flow, state) = if let Some((flow, state)) = name.text.split_once('.') {
            (flow, state)
        } else {
            if self.flows.contains_key(name.text.as_str()) {
                return finding(format!("`{}` is a flow, not a state", name.text)).hint(format!(
                    "go to one of its states (`{0}.…`), or `call: {{flow: {0}, …}}`",
                    name.text
                ));
            }
            (self.places.get(self.flow).map_or("", |(flow, _)| *flow), name.text.as_str())
        };
        let Some((_, states)) = self.flows.get(flow).and_then(|at| self.places.get(*at)) else {
            return finding(format!("no flow `{flow}`")).nearest(flow, self.flows.keys().copied());
        };
        let known: Vec<&str> = states.keys().copied().chain(KEYWORDS.iter().map(|(word, _)| *word)).collect();
        finding(format!("flow `{flow}` has no state `{state}`")).nearest(state, known)
    }

    pub(super) fn flow_named(&mut self, name: &Name) -> Option<FlowId> {
        let found = self.flows.get(name.text.as_str()).copied();
        if found.is_none() {
            self.origins.broken = true;
        }
        if found.is_none() && !self.incomplete {
            self.findings.push(
                Finding::error("unknown-flow", name.place, format!("no flow `{}`", name.text))
                    .nearest(&name.text, self.flows.keys().copied()),
            );
        }
        found.and_then(|at| u16::try_from(at).ok()).map(FlowId)
    }

    /// The answer of that name, typed or chosen as a `kind`.
    pub(super) fn save(&mut self, name: &Name, kind: FieldKind) -> VarId {
        self.given(name, |given| {
            if !given.kinds.contains(&kind) {
                given.kinds.push(kind);
            }
        })
    }

    /// The answer of that name, which a choice sets to a fixed value.
    pub(super) fn set(&mut self, name: &Name, value: &str) -> VarId {
        self.given(name, |given| given.fixed.push(value.to_owned()))
    }

    fn given(&mut self, name: &Name, note: impl FnOnce(&mut Given)) -> VarId {
        let at = self.vars.iter().position(|known| *known == name.text).unwrap_or_else(|| {
            self.vars.push(name.text.clone());
            self.given.push(Given::default());
            self.vars.len() - 1
        });
        if let Some(given) = self.given.get_mut(at) {
            note(given);
        }
        VarId(u16::try_from(at).unwrap_or(u16::MAX))
    }
}

/// In which ways an answer is given.
#[derive(Debug, Default)]
pub(super) struct Given {
    kinds: Vec<FieldKind>,
    fixed: Vec<String>,
}

impl Given {
    /// What the answer is: a number or a day where every way gives one, else a text.
    pub(super) fn kind(&self) -> FieldKind {
        let fits = |fits: &dyn Fn(&str) -> bool| self.fixed.iter().all(|value| fits(value));
        match self.kinds.as_slice() {
            [FieldKind::Number] if fits(&|value| value.parse::<i64>().is_ok()) => FieldKind::Number,
            [FieldKind::Date] if fits(&|value| value.parse::<chrono::NaiveDate>().is_ok()) => FieldKind::Date,
            _ => FieldKind::Text,
        }
    }
}
