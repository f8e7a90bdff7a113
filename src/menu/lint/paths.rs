//! Where a walk can go: states that nothing reaches, ends that are none, circles without a screen.

use std::collections::HashSet;

use super::super::compile::EdgeKind;
use super::super::model::{FlowId, Kind, StateId, Target};
use super::super::report::Finding;
use super::{Looked, Subject};

/// Checks, and gives the states that can be reached.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> HashSet<StateId> {
    let reached = reachable(subject);
    if !subject.origins.broken {
        unreachable(subject, &reached, findings);
        returns(subject, &reached, findings);
    }
    dead_ends(subject, findings);
    circles(subject, findings);
    reached
}

fn reachable(subject: &Subject<'_>) -> HashSet<StateId> {
    let mut reached = HashSet::new();
    let mut waiting: Vec<StateId> = subject.origins.entries.iter().map(|(state, ..)| *state).collect();
    while let Some(id) = waiting.pop() {
        if !reached.insert(id) {
            continue;
        }
        let Some((origin, _)) = subject.origins.state(id) else { continue };
        for edge in &origin.edges {
            waiting.extend(edge.target.and_then(|target| subject.lands(target)));
            if let EdgeKind::Into(flow) = edge.kind {
                waiting.extend(start_of(subject, flow));
            }
        }
    }
    reached
}

fn start_of(subject: &Subject<'_>, flow: FlowId) -> Option<StateId> {
    subject.menu.flows.get(usize::from(flow.0)).map(|flow| flow.start)
}

fn unreachable(subject: &Subject<'_>, reached: &HashSet<StateId>, findings: &mut Vec<Finding>) {
    for (at, flow) in subject.menu.flows.iter().enumerate() {
        let own: Vec<Looked<'_>> =
            subject.states().filter(|looked| usize::from(looked.state.flow.0) == at).collect();
        let Some(draft) = subject.origins.draft.flows.get(at) else { continue };
        if !own.iter().any(|looked| reached.contains(&looked.id)) {
            findings.push(
                Finding::warning(
                    "unreachable",
                    draft.name.place,
                    format!("nothing leads into flow `{}`", flow.name),
                )
                .hint("go to one of its states from elsewhere, call it, or remove it"),
            );
            continue;
        }
        for looked in own.iter().filter(|looked| !reached.contains(&looked.id)) {
            let message = format!("nothing leads to state `{}`", looked.state.name);
            findings.push(
                Finding::warning("unreachable", looked.origin.place, message)
                    .hint("go to it from somewhere, or remove it"),
            );
        }
    }
}

/// Flows that are called or entered to prove something come back; others have nowhere to.
fn returns(subject: &Subject<'_>, reached: &HashSet<StateId>, findings: &mut Vec<Finding>) {
    let prove = subject.menu.prove;
    let provers = [prove.phone, prove.pin, prove.consent];
    let coming_back = coming_back(subject);
    for looked in subject.states() {
        for edge in &looked.origin.edges {
            if let EdgeKind::Into(flow) = edge.kind
                && !coming_back.contains(&flow)
            {
                let name = subject.menu.flows.get(usize::from(flow.0)).map_or("?", |flow| &flow.name);
                findings.push(
                    Finding::warning(
                        "no-return",
                        edge.place,
                        format!("flow `{name}` never returns, so `go` is never taken"),
                    )
                    .hint("end a way through it with `go: return`, or go to it instead of calling it"),
                );
            }
        }
    }
    // The flow for `phone` may end with a PIN on its way by SMS.
    for (flow, what) in [(prove.pin, "prove.pin"), (prove.consent, "prove.consent")] {
        let entry = subject.origins.entries.iter().find(|(_, known, _)| *known == what);
        if let Some((_, _, place)) = entry
            && !coming_back.contains(&flow)
        {
            findings.push(
                Finding::error(
                    "no-return",
                    *place,
                    "this flow never returns to the screen that asked for it",
                )
                .hint("end the good way through it with `go: return`"),
            );
        }
    }
    let entered = entered_by_call(subject, &provers);
    for looked in subject.states().filter(|looked| reached.contains(&looked.id)) {
        for edge in looked.origin.edges.iter().filter(|edge| edge.target == Some(Target::Return)) {
            if !entered.contains(&looked.id) {
                findings.push(
                    Finding::warning(
                        "stray-return",
                        edge.place,
                        "nothing called this flow: there is no way to return",
                    )
                    .hint("`return` goes home then; call the flow with `call: {flow: …, go: …}`"),
                );
            }
        }
    }
}

/// States that can be on while a call or a guard is open.
fn entered_by_call(subject: &Subject<'_>, provers: &[FlowId]) -> HashSet<StateId> {
    let mut waiting: Vec<StateId> = provers.iter().filter_map(|flow| start_of(subject, *flow)).collect();
    for looked in subject.states() {
        for edge in &looked.origin.edges {
            if let EdgeKind::Into(flow) = edge.kind {
                waiting.extend(start_of(subject, flow));
            }
        }
    }
    let mut entered = HashSet::new();
    while let Some(id) = waiting.pop() {
        if !entered.insert(id) {
            continue;
        }
        let Some((origin, _)) = subject.origins.state(id) else { continue };
        for edge in &origin.edges {
            if let Some(Target::State(state)) = edge.target {
                waiting.push(state);
            }
        }
    }
    entered
}

/// Flows with a way from their start to `return`.
fn coming_back(subject: &Subject<'_>) -> HashSet<FlowId> {
    let mut found: HashSet<FlowId> = HashSet::new();
    loop {
        let before = found.len();
        for at in 0..subject.menu.flows.len() {
            let Ok(flow) = u16::try_from(at).map(FlowId) else { continue };
            if !found.contains(&flow)
                && start_of(subject, flow).is_some_and(|start| returns_from(subject, start, &found))
            {
                found.insert(flow);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn returns_from(subject: &Subject<'_>, start: StateId, coming_back: &HashSet<FlowId>) -> bool {
    let mut seen = HashSet::new();
    let mut waiting = vec![start];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some((origin, _)) = subject.origins.state(id) else { continue };
        for edge in &origin.edges {
            match (&edge.kind, edge.target) {
                (EdgeKind::Into(_), _) => {}
                (EdgeKind::Then(flow), _) if !coming_back.contains(flow) => {}
                (_, Some(Target::Return)) => return true,
                (_, Some(Target::State(state))) => waiting.push(state),
                _ => {}
            }
        }
    }
    false
}

/// Screens with no way on.
fn dead_ends(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for looked in subject.states() {
        if looked.state.standard_keys {
            continue;
        }
        let (stuck, why) = match &looked.state.kind {
            Kind::Prompt(prompt) if prompt.choices.is_empty() => (true, "it has no choices"),
            Kind::Prompt(prompt) if prompt.choices.iter().all(|choice| choice.when.is_some()) => {
                (true, "each of its choices has a condition, and none may hold")
            }
            Kind::List(list) if list.go.is_none() && list.choices.is_empty() => {
                (true, "its items cannot be chosen")
            }
            _ => (false, ""),
        };
        if stuck {
            findings.push(
                Finding::error(
                    "dead-end",
                    looked.origin.place,
                    format!(
                        "`{}` is a dead end: {why}, and `back: false` hides the standard keys",
                        looked.state.name
                    ),
                )
                .hint("remove `back: false`, add a choice, or make it an `end`"),
            );
        }
    }
}

/// Circles through states without a screen.
fn circles(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let silent = |id: StateId| {
        subject
            .menu
            .state(id)
            .is_some_and(|state| matches!(state.kind, Kind::Branch(_) | Kind::Action(_) | Kind::Call { .. }))
    };
    let quick = quickly_back(subject, &silent);
    let mut done: HashSet<StateId> = HashSet::new();
    for looked in subject.states().filter(|looked| silent(looked.id)) {
        if done.contains(&looked.id) {
            continue;
        }
        let mut path = Vec::new();
        let mut on_path = HashSet::new();
        walk(subject, looked.id, &silent, &quick, &mut path, &mut on_path, &mut done, findings);
    }
}

#[expect(clippy::too_many_arguments, reason = "one recursive search with its marks")]
fn walk(
    subject: &Subject<'_>,
    id: StateId,
    silent: &dyn Fn(StateId) -> bool,
    quick: &HashSet<FlowId>,
    path: &mut Vec<StateId>,
    on_path: &mut HashSet<StateId>,
    done: &mut HashSet<StateId>,
    findings: &mut Vec<Finding>,
) {
    if path.len() > 500 {
        return;
    }
    path.push(id);
    on_path.insert(id);
    for (next, place) in silent_steps(subject, id, quick) {
        if on_path.contains(&next) {
            let circle = path.iter().skip_while(|state| **state != next).chain([&next]);
            let names: Vec<&str> =
                circle.filter_map(|id| subject.menu.state(*id)).map(|state| state.name.as_str()).collect();
            findings.push(
                Finding::error(
                    "circle",
                    place,
                    format!("this goes in a circle without a screen: {}", names.join(" → ")),
                )
                .hint("let one of these steps lead to a screen"),
            );
        } else if silent(next) && !done.contains(&next) {
            walk(subject, next, silent, quick, path, on_path, done, findings);
        }
    }
    path.pop();
    on_path.remove(&id);
    done.insert(id);
}

fn silent_steps(subject: &Subject<'_>, id: StateId, quick: &HashSet<FlowId>) -> Vec<(StateId, super::Place)> {
    let Some((origin, _)) = subject.origins.state(id) else { return Vec::new() };
    let mut steps = Vec::new();
    for edge in &origin.edges {
        let next = match &edge.kind {
            EdgeKind::Into(flow) => start_of(subject, *flow),
            EdgeKind::Then(flow) if !quick.contains(flow) => None,
            _ => edge.target.and_then(|target| subject.lands(target)),
        };
        steps.extend(next.map(|next| (next, edge.place)));
    }
    steps
}

/// Flows that can return without having shown a screen.
fn quickly_back(subject: &Subject<'_>, silent: &dyn Fn(StateId) -> bool) -> HashSet<FlowId> {
    let mut quick: HashSet<FlowId> = HashSet::new();
    loop {
        let before = quick.len();
        for at in 0..subject.menu.flows.len() {
            let Ok(flow) = u16::try_from(at).map(FlowId) else { continue };
            let Some(start) = start_of(subject, flow) else { continue };
            if !quick.contains(&flow) && silently_returns(subject, start, silent, &quick) {
                quick.insert(flow);
            }
        }
        if quick.len() == before {
            return quick;
        }
    }
}

fn silently_returns(
    subject: &Subject<'_>,
    start: StateId,
    silent: &dyn Fn(StateId) -> bool,
    quick: &HashSet<FlowId>,
) -> bool {
    let mut seen = HashSet::new();
    let mut waiting = vec![start];
    while let Some(id) = waiting.pop() {
        if !silent(id) || !seen.insert(id) {
            continue;
        }
        let Some((origin, _)) = subject.origins.state(id) else { continue };
        for edge in &origin.edges {
            match (&edge.kind, edge.target) {
                (EdgeKind::Into(_), _) => {}
                (EdgeKind::Then(flow), _) if !quick.contains(flow) => {}
                (_, Some(Target::Return)) => return true,
                (_, Some(Target::State(state))) => waiting.push(state),
                _ => {}
            }
        }
    }
    false
}
