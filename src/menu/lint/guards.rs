//! PINs and protected data: what is shown needs its guard written, a PIN goes straight to the one
//! action that takes it.

use std::collections::HashSet;

use super::super::catalog::Guard;
use super::super::compile::EdgeKind;
use super::super::draft::KindDraft;
use super::super::model::{InputKind, Kind, StateId, Target};
use super::super::report::Finding;
use super::{Looked, Subject};

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for looked in subject.states() {
        protected(&looked, findings);
        pin_input(subject, &looked, findings);
        secret_action(subject, &looked, findings);
    }
    if !subject.origins.broken {
        provers(subject, findings);
    }
}

/// What a guard is called in a menu file.
fn name(guard: Guard) -> &'static str {
    match guard {
        Guard::Anonymous => "anonymous",
        Guard::Phone => "phone",
        Guard::Pin => "pin",
        Guard::Consent => "consent",
    }
}

/// A state that shows protected data says so.
fn protected(looked: &Looked<'_>, findings: &mut Vec<Finding>) {
    let written = looked.origin.written_guard;
    let mut shown: Vec<_> = looked
        .state
        .uses
        .iter()
        .filter_map(|call| {
            let draft = looked.draft.uses.iter().find(|draft| draft.source.text == call.source.name)?;
            Some((call.source, draft.source.place))
        })
        .collect();
    if let (Kind::List(list), KindDraft::List(draft)) = (&looked.state.kind, &looked.draft.kind) {
        shown.push((list.from.source, draft.from.source.place));
    }
    for (source, place) in shown {
        if source.guard > written {
            findings.push(
                Finding::error(
                    "unguarded",
                    place,
                    format!(
                        "`{}` is protected by `{}`, and this state asks for `{}`",
                        source.name,
                        name(source.guard),
                        name(written)
                    ),
                )
                .hint(format!("write `requires: {}` in the state or its flow", name(source.guard))),
            );
        }
    }
}

/// A PIN goes straight to an action that takes one.
fn pin_input(subject: &Subject<'_>, looked: &Looked<'_>, findings: &mut Vec<Finding>) {
    let Kind::Input(input) = &looked.state.kind else { return };
    if input.kind != InputKind::Pin {
        return;
    }
    for edge in &looked.origin.edges {
        let Some(target) = edge.target else { continue };
        let action = match target {
            Target::State(state) => subject.menu.state(state),
            _ => None,
        };
        let unknown = matches!(target, Target::State(state) if is_unknown_action(subject, state));
        match action.map(|state| (&state.kind, state)) {
            _ if unknown => {}
            Some((Kind::Action(call), state)) if call.action.secret => {
                if looked.state.guard < state.guard {
                    findings.push(
                        Finding::error(
                            "lost-pin",
                            looked.origin.place,
                            format!(
                                "`{}` asks for `{}`, so the gateway would ask for that after the PIN was typed, and lose it",
                                state.name,
                                name(state.guard)
                            ),
                        )
                        .hint(format!("write `requires: {}` in this state or its flow", name(state.guard))),
                    );
                }
            }
            _ => findings.push(
                Finding::error("lost-pin", edge.place, "a PIN must go straight to an action that takes it")
                    .hint(format!("one of {}", secret_actions(subject))),
            ),
        }
    }
}

/// An action that the catalogue does not have: that is told already.
fn is_unknown_action(subject: &Subject<'_>, id: StateId) -> bool {
    let written = subject.origins.state(id).map(|(_, draft)| &draft.kind);
    let compiled = subject.menu.state(id).map(|state| &state.kind);
    matches!(written, Some(KindDraft::Action { .. } | KindDraft::Broken))
        && !matches!(compiled, Some(Kind::Action(_)))
}

fn secret_actions(subject: &Subject<'_>) -> String {
    let secret = subject.catalog.actions.iter().filter(|action| action.secret);
    secret.map(|action| format!("`{}`", action.name)).collect::<Vec<_>>().join(", ")
}

/// An action that takes a PIN is reached from a PIN input alone.
fn secret_action(subject: &Subject<'_>, looked: &Looked<'_>, findings: &mut Vec<Finding>) {
    let Kind::Action(call) = &looked.state.kind else { return };
    if !call.action.secret {
        return;
    }
    let hint = "lead to the `input` of type `pin` that comes before it";
    let message = || format!("`{}` takes a PIN, and on this way none has been typed", call.action.name);
    for other in subject.states() {
        let asks = matches!(&other.state.kind, Kind::Input(input) if input.kind == InputKind::Pin);
        for edge in &other.origin.edges {
            let lands = match edge.kind {
                EdgeKind::Into(flow) => subject.menu.flows.get(usize::from(flow.0)).map(|flow| flow.start),
                _ => edge.target.and_then(|target| subject.lands(target)),
            };
            if lands == Some(looked.id) && !asks {
                findings.push(Finding::error("no-pin", edge.place, message()).hint(hint));
            }
        }
    }
    for (state, _, place) in &subject.origins.entries {
        if *state == looked.id {
            findings.push(Finding::error("no-pin", *place, message()).hint(hint));
        }
    }
}

/// A flow that proves something cannot ask for that very thing before it has done anything.
fn provers(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let prove = subject.menu.prove;
    for (flow, guard) in
        [(prove.phone, Guard::Phone), (prove.pin, Guard::Pin), (prove.consent, Guard::Consent)]
    {
        let Some(flow) = subject.menu.flows.get(usize::from(flow.0)) else { continue };
        for id in before_any_action(subject, flow.start) {
            let Some((origin, _)) = subject.origins.state(id) else { continue };
            let Some(state) = subject.menu.state(id) else { continue };
            if state.guard >= guard {
                findings.push(
                    Finding::error(
                        "circle",
                        origin.place,
                        format!(
                            "`{}` asks for `{}`, which the flow that leads here is there to prove",
                            state.name,
                            name(state.guard)
                        ),
                    )
                    .hint(format!("it can ask for less than `{}` only", name(guard))),
                );
            }
        }
    }
}

fn before_any_action(subject: &Subject<'_>, start: StateId) -> HashSet<StateId> {
    let mut seen = HashSet::new();
    let mut waiting = vec![start];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some((origin, _)) = subject.origins.state(id) else { continue };
        for edge in &origin.edges {
            match (&edge.kind, edge.target) {
                // She goes elsewhere by her own choice.
                (EdgeKind::Outcome(_) | EdgeKind::Choice(_), _) => {}
                (EdgeKind::Into(flow), _) => {
                    waiting.extend(subject.menu.flows.get(usize::from(flow.0)).map(|flow| flow.start));
                }
                (_, Some(Target::State(state))) => waiting.push(state),
                _ => {}
            }
        }
    }
    seen
}
