//! A flow: one file.

use super::form::name_of;
use super::{FlowDraft, Form, GUARDS, entries, state};
use crate::menu::report::Finding;
use crate::menu::yaml::Node;

pub(super) const KEYS: &[&str] = &["mamacare", "flow", "requires", "start", "states"];

pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<FlowDraft> {
    let form = Form::of(node, "a flow", KEYS, findings)?;
    let name = form.need_name("flow", findings);
    let requires = form.one_of("requires", &GUARDS, findings).unwrap_or_default();
    let start = form.need_name("start", findings);
    let states = form.need("states", findings).and_then(|node| entries(node, "`states`", findings));
    let states = states
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(key, node)| {
            let name = name_of(key, findings);
            state::read(name, node, findings)
        })
        .collect::<Vec<_>>();
    if states.is_empty() {
        findings.push(Finding::error("empty-flow", form.place, "a flow needs at least one state"));
    }
    Some(FlowDraft { name: name?, requires, start, states })
}
