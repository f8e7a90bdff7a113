//! A menu as boxes and arrows.

use std::collections::BTreeMap;

use super::super::catalog::Guard;
use super::super::model::{Choice, Flow, FlowId, InputKind, Kind, Menu, StateId, Target};

/// Arrows to one way out of a flow, at most.
const MOST_ARROWS: usize = 3;

/// What a box stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    Menu,
    List,
    Input,
    Text,
    Branch,
    Action,
    Call,
    End,
    /// Something outside of this picture: another flow, home, back.
    Away,
    /// A whole flow.
    Flow,
}

/// A box.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its name; unique in a picture.
    pub(super) name: String,
    /// What it says, shortened; and ways out that many boxes of the picture have.
    pub(super) lines: Vec<String>,
    pub(super) shape: Shape,
    /// What it asks for, where that is more than nothing.
    pub(super) guard: Option<&'static str>,
}

/// An arrow.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// When it is taken; several in one arrow are joined by commas.
    pub(super) label: String,
}

/// A picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    pub(super) title: String,
    pub(super) nodes: Vec<Node>,
    pub(super) arrows: Vec<Arrow>,
}

impl Picture {
    fn arrow(&mut self, from: usize, to: usize, label: &str) {
        let known = self.arrows.iter_mut().find(|arrow| arrow.from == from && arrow.to == to);
        match known {
            Some(arrow) if arrow.label.is_empty() => label.clone_into(&mut arrow.label),
            Some(_) if label.is_empty() => {}
            Some(arrow) => {
                if !arrow.label.split(", ").any(|part| part == label) {
                    arrow.label.push_str(", ");
                    arrow.label.push_str(label);
                }
            }
            None => self.arrows.push(Arrow { from, to, label: label.to_owned() }),
        }
    }
}

/// `1, 2, 3, 4` as `1–4`.
fn runs(label: &str) -> String {
    let parts: Vec<&str> = label.split(", ").collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([first, .., last])
            if parts.len() > 2
                && usize::try_from(last.saturating_sub(*first)).is_ok_and(|span| span + 1 == parts.len()) =>
        {
            format!("{first}–{last}")
        }
        _ => label.to_owned(),
    }
}

/// Where a step leads in words, where that is not a state.
fn away(target: Target) -> Option<&'static str> {
    match target {
        Target::State(_) => None,
        Target::Return => Some("return"),
        Target::Home => Some("home"),
        Target::Back => Some("back"),
        Target::Leave => Some("leave"),
        Target::Resume => Some("resume"),
    }
}

/// The steps of a state: when, and where to.
pub(super) fn steps(menu: &Menu, id: StateId) -> Vec<(String, Target)> {
    let Some(state) = menu.state(id) else { return Vec::new() };
    let chosen = |choices: &[Choice]| -> Vec<(String, Target)> {
        choices.iter().map(|choice| (choice.key.clone(), choice.go)).collect()
    };
    match &state.kind {
        Kind::Prompt(prompt) => chosen(&prompt.choices),
        Kind::List(list) => {
            let mut steps: Vec<_> = list.go.into_iter().map(|go| ("an item".to_owned(), go)).collect();
            steps.push(("none".to_owned(), list.empty));
            steps.extend(chosen(&list.choices));
            steps
        }
        Kind::Input(input) => vec![(String::new(), input.go)],
        Kind::Branch(arms) => arms
            .iter()
            .map(|arm| (arm.when.map_or("otherwise", |when| menu.texts.written(when)).to_owned(), arm.go))
            .collect(),
        Kind::Action(call) => {
            let outcomes = call.action.outcomes.iter().map(|outcome| outcome.name.to_owned());
            outcomes.zip(call.on.iter().copied()).collect()
        }
        Kind::Call { then, .. } => vec![("then".to_owned(), *then)],
        Kind::End => Vec::new(),
    }
}

/// The picture of one flow.
pub(super) fn of_flow(menu: &Menu, id: FlowId) -> Picture {
    let Some(flow) = menu.flows.get(usize::from(id.0)) else { return Picture::default() };
    let mut picture = Picture { title: flow.name.clone(), ..Picture::default() };
    let mut places: BTreeMap<StateId, usize> = BTreeMap::new();
    for id in states_of(menu, id, flow) {
        places.insert(id, picture.nodes.len());
        picture.nodes.extend(node(menu, id));
    }
    let mut outside: BTreeMap<String, usize> = BTreeMap::new();
    for (&id, &from) in &places.clone() {
        let mut ways = steps(menu, id)
            .into_iter()
            .map(|(label, target)| match target {
                Target::State(state) => (label, places.get(&state).copied(), name(menu, state)),
                _ => (label, None, away(target).unwrap_or_default().to_owned()),
            })
            .collect::<Vec<_>>();
        if let Some(Kind::Call { flow, .. }) = menu.state(id).map(|state| &state.kind) {
            let called = menu.flows.get(usize::from(flow.0)).map(|flow| format!("{} (sub-flow)", flow.name));
            ways.extend(called.map(|called| ("call".to_owned(), None, called)));
        }
        for (label, inside, outside_name) in ways {
            let to = inside.unwrap_or_else(|| {
                *outside.entry(outside_name.clone()).or_insert_with(|| {
                    picture.nodes.push(Node {
                        name: outside_name,
                        lines: Vec::new(),
                        shape: Shape::Away,
                        guard: None,
                    });
                    picture.nodes.len() - 1
                })
            });
            picture.arrow(from, to, &shortened(&label, 26));
        }
    }
    for arrow in &mut picture.arrows {
        arrow.label = runs(&arrow.label);
    }
    write_common_exits(&mut picture);
    picture
}

/// A way out that many boxes have would cover the picture with arrows: it is written in each.
fn write_common_exits(picture: &mut Picture) {
    let arrows_to = |at: usize| picture.arrows.iter().filter(|arrow| arrow.to == at).count();
    let common: Vec<bool> = picture
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| node.shape == Shape::Away && arrows_to(at) > MOST_ARROWS)
        .collect();
    let is_common = |at: usize| common.get(at).copied().unwrap_or(false);
    for arrow in picture.arrows.iter().filter(|arrow| is_common(arrow.to)) {
        let Some(exit) = picture.nodes.get(arrow.to).map(|node| node.name.clone()) else { continue };
        if let Some(node) = picture.nodes.get_mut(arrow.from) {
            node.lines.push(format!("{} → {exit}", arrow.label).trim_start().to_owned());
        }
    }
    let mut kept = 0;
    let places: Vec<usize> = common
        .iter()
        .map(|common| {
            let place = kept;
            kept += usize::from(!common);
            place
        })
        .collect();
    picture.arrows.retain(|arrow| !is_common(arrow.to));
    for arrow in &mut picture.arrows {
        arrow.from = places.get(arrow.from).copied().unwrap_or(arrow.from);
        arrow.to = places.get(arrow.to).copied().unwrap_or(arrow.to);
    }
    let mut at = 0;
    picture.nodes.retain(|_| {
        at += 1;
        !is_common(at - 1)
    });
}

/// The picture of all flows.
pub(super) fn of_flows(menu: &Menu) -> Picture {
    let mut picture = Picture { title: "all flows".to_owned(), ..Picture::default() };
    let order = flows_in_order(menu);
    let mut places: BTreeMap<u16, usize> = BTreeMap::new();
    for id in &order {
        let Some(flow) = menu.flows.get(usize::from(id.0)) else { continue };
        places.insert(id.0, picture.nodes.len());
        let guard = menu.state(flow.start).map(|state| state.guard).unwrap_or_default();
        picture.nodes.push(Node {
            name: flow.name.clone(),
            lines: Vec::new(),
            shape: Shape::Flow,
            guard: guard_name(guard),
        });
    }
    for (at, state) in menu.states.iter().enumerate() {
        let Ok(id) = u16::try_from(at).map(StateId) else { continue };
        let Some(&from) = places.get(&state.flow.0) else { continue };
        let mut targets: Vec<FlowId> = steps(menu, id)
            .into_iter()
            .filter_map(|(_, target)| match target {
                Target::State(state) => menu.state(state).map(|state| state.flow),
                _ => None,
            })
            .collect();
        if let Kind::Call { flow, .. } = state.kind {
            targets.push(flow);
        }
        for target in targets.into_iter().filter(|target| *target != state.flow) {
            if let Some(&to) = places.get(&target.0) {
                picture.arrow(from, to, "");
            }
        }
    }
    picture
}

/// Flows, the one where a dial begins first.
pub(super) fn flows_in_order(menu: &Menu) -> Vec<FlowId> {
    let first = menu.state(menu.start).map(|state| state.flow);
    let rest = (0..menu.flows.len()).filter_map(|at| u16::try_from(at).ok().map(FlowId));
    first.into_iter().chain(rest.filter(|flow| Some(*flow) != first)).collect()
}

/// States of a flow, its start first.
fn states_of(menu: &Menu, id: FlowId, flow: &Flow) -> Vec<StateId> {
    let own = menu.states.iter().enumerate().filter(|(_, state)| state.flow == id);
    let rest = own.filter_map(|(at, _)| u16::try_from(at).ok().map(StateId)).filter(|id| *id != flow.start);
    std::iter::once(flow.start).chain(rest).collect()
}

fn node(menu: &Menu, id: StateId) -> Option<Node> {
    let state = menu.state(id)?;
    let line = match &state.kind {
        Kind::Action(call) => format!("do {}", call.action.name),
        Kind::Branch(_) | Kind::Call { .. } => String::new(),
        Kind::Input(input) if input.kind == InputKind::Pin => "asks for the PIN".to_owned(),
        _ => state.say.map(|say| spoken(menu.texts.written(say))).unwrap_or_default(),
    };
    let lines = if line.is_empty() { Vec::new() } else { vec![line] };
    Some(Node {
        name: short_name(menu, id),
        lines,
        shape: shape(&state.kind),
        guard: guard_name(state.guard),
    })
}

fn shape(kind: &Kind) -> Shape {
    match kind {
        Kind::Prompt(prompt) if prompt.choices.is_empty() => Shape::Text,
        Kind::Prompt(_) => Shape::Menu,
        Kind::List(_) => Shape::List,
        Kind::Input(_) => Shape::Input,
        Kind::Branch(_) => Shape::Branch,
        Kind::Action(_) => Shape::Action,
        Kind::Call { .. } => Shape::Call,
        Kind::End => Shape::End,
    }
}

fn guard_name(guard: Guard) -> Option<&'static str> {
    match guard {
        Guard::Anonymous => None,
        Guard::Phone => Some("phone"),
        Guard::Pin => Some("PIN"),
        Guard::Consent => Some("PIN, consent"),
    }
}

fn name(menu: &Menu, id: StateId) -> String {
    menu.state(id).map(|state| state.name.clone()).unwrap_or_default()
}

/// The name within its flow.
fn short_name(menu: &Menu, id: StateId) -> String {
    let name = name(menu, id);
    name.split_once('.').map_or(name.clone(), |(_, state)| state.to_owned())
}

/// A text as a line of a box: tags as dots, one line.
fn spoken(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{']).filter(|_| !rest.is_empty()) {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let close = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
        let Some((open, close)) = close.iter().find(|(open, _)| tag.starts_with(open)) else {
            out.push('{');
            rest = tag.get(1..).unwrap_or_default();
            continue;
        };
        if *open == "{{" {
            out.push('…');
        } else if tag.contains("else") && tag.find("else") < tag.find(close) {
            out.push_str(" / ");
        }
        rest = tag.find(close).and_then(|end| tag.get(end + close.len()..)).unwrap_or_default();
    }
    out.push_str(rest);
    shortened(&out.split_whitespace().collect::<Vec<_>>().join(" "), 30)
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let short: String = text.chars().take(most - 1).collect();
    format!("{}…", short.trim_end())
}
