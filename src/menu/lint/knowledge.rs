//! What is known on the way into each state: answers given, and how the last action can have
//! ended. A walk over all steps until nothing changes.

use std::collections::{BTreeSet, HashMap};

use super::super::compile::{Edge, EdgeKind};
use super::super::draft::KindDraft;
use super::super::model::{Choice, FlowId, Kind, StateId, Target, VarId};
use super::{Looked, Subject};

/// What is known on the way into a state.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Knowledge {
    /// Answers given on every way here.
    pub(super) given: BTreeSet<VarId>,
    /// Answers given on some way here.
    pub(super) maybe: BTreeSet<VarId>,
    /// How the last action can have ended: its state, and the outcome's place.
    pub(super) outcomes: BTreeSet<(StateId, usize)>,
    /// Whether there is a way here without any action.
    pub(super) no_outcome: bool,
    /// Flows that a `return` can end.
    frames: BTreeSet<FlowId>,
}

impl Knowledge {
    /// Takes in another way; whether that changed anything.
    fn join(&mut self, other: &Self) -> bool {
        let before = self.clone();
        self.given = self.given.intersection(&other.given).copied().collect();
        self.maybe.extend(&other.maybe);
        self.outcomes.extend(&other.outcomes);
        self.no_outcome |= other.no_outcome;
        self.frames.extend(&other.frames);
        *self != before
    }

    fn give(&mut self, var: VarId) {
        self.given.insert(var);
        self.maybe.insert(var);
    }

    /// At the beginning of a walk.
    fn fresh() -> Self {
        Self { no_outcome: true, ..Self::default() }
    }
}

/// What is known on the way into each state that can be reached.
#[derive(Debug, Default)]
pub(super) struct Known {
    states: HashMap<StateId, Knowledge>,
    returned: HashMap<FlowId, Knowledge>,
}

impl Known {
    /// On the way into a state; none where nothing leads there.
    pub(super) fn of(&self, state: StateId) -> Option<&Knowledge> {
        self.states.get(&state)
    }

    fn enter(&mut self, state: StateId, knowledge: &Knowledge) -> bool {
        join_into(&mut self.states, state, knowledge)
    }
}

fn join_into<Key: std::hash::Hash + Eq>(
    all: &mut HashMap<Key, Knowledge>,
    key: Key,
    knowledge: &Knowledge,
) -> bool {
    if let Some(known) = all.get_mut(&key) {
        return known.join(knowledge);
    }
    all.insert(key, knowledge.clone());
    true
}

/// Gathers it.
pub(super) fn gather(subject: &Subject<'_>) -> Known {
    let mut known = Known::default();
    for (state, what, _) in &subject.origins.entries {
        let mut knowledge = Knowledge::fresh();
        if what.starts_with("prove") {
            knowledge.frames.extend(subject.menu.state(*state).map(|state| state.flow));
            knowledge
                .maybe
                .extend((0..subject.menu.vars.len()).filter_map(|at| u16::try_from(at).ok().map(VarId)));
        }
        known.enter(*state, &knowledge);
    }
    loop {
        let mut changed = false;
        for looked in subject.states() {
            let Some(here) = known.of(looked.id).cloned() else { continue };
            for edge in &looked.origin.edges {
                changed |= step(subject, &looked, edge, &here, &mut known);
            }
        }
        if !changed {
            return known;
        }
    }
}

fn step(
    subject: &Subject<'_>,
    looked: &Looked<'_>,
    edge: &Edge,
    here: &Knowledge,
    known: &mut Known,
) -> bool {
    let mut next = here.clone();
    match &edge.kind {
        EdgeKind::Choice(key) => {
            let choices: &[Choice] = match &looked.state.kind {
                Kind::Prompt(prompt) => &prompt.choices,
                Kind::List(list) => &list.choices,
                _ => &[],
            };
            let chosen = choices.iter().find(|choice| choice.key == *key && Some(choice.go) == edge.target);
            for (var, _) in chosen.map(|choice| choice.set.as_slice()).unwrap_or_default() {
                next.give(*var);
            }
        }
        EdgeKind::Item => {
            if let Kind::List(list) = &looked.state.kind {
                list.save.into_iter().for_each(|var| next.give(var));
            }
        }
        EdgeKind::Answer => {
            if let Kind::Input(input) = &looked.state.kind {
                input.save.into_iter().for_each(|var| next.give(var));
            }
        }
        EdgeKind::Arm(at) => {
            for var in implied(subject, looked, *at) {
                next.give(var);
            }
        }
        EdgeKind::Outcome(at) => {
            next.outcomes = BTreeSet::from([(looked.id, *at)]);
            next.no_outcome = false;
        }
        EdgeKind::Empty => {}
        EdgeKind::Into(flow) => {
            next.frames = BTreeSet::from([*flow]);
            let start = subject.menu.flows.get(usize::from(flow.0)).map(|flow| flow.start);
            return start.is_some_and(|start| known.enter(start, &next));
        }
        EdgeKind::Then(flow) => {
            let Some(returned) = known.returned.get(flow) else { return false };
            next.given.extend(&returned.given);
            next.maybe.extend(&returned.maybe);
            next.outcomes.clone_from(&returned.outcomes);
            next.no_outcome = returned.no_outcome;
        }
    }
    match edge.target {
        Some(Target::State(state)) => known.enter(state, &next),
        Some(Target::Home) => {
            let fresh =
                Knowledge { outcomes: next.outcomes, no_outcome: next.no_outcome, ..Knowledge::default() };
            known.enter(subject.menu.home, &fresh)
        }
        Some(Target::Return) => {
            let mut changed = false;
            for flow in next.frames.clone() {
                changed |= join_into(&mut known.returned, flow, &next);
            }
            changed
        }
        Some(Target::Back | Target::Leave | Target::Resume) | None => false,
    }
}

/// Answers that an arm's condition tests, as `input.clinic` or, for those before it,
/// `not input.clinic`.
fn implied(subject: &Subject<'_>, looked: &Looked<'_>, at: usize) -> Vec<VarId> {
    let KindDraft::Branch(arms) = &looked.draft.kind else { return Vec::new() };
    let condition = |at: usize| arms.get(at).and_then(|arm| arm.when.as_ref()).map(|when| when.text.as_str());
    let own =
        condition(at).into_iter().flat_map(|text| text.split(" and ")).map(str::trim).map(str::to_owned);
    let denied =
        (0..at).filter_map(condition).filter_map(|text| text.trim().strip_prefix("not ")).map(str::to_owned);
    own.chain(denied)
        .filter_map(|part| {
            let name = part.trim().strip_prefix("input.")?.to_owned();
            let place = subject.menu.vars.iter().position(|var| *var == name)?;
            u16::try_from(place).ok().map(VarId)
        })
        .collect()
}
