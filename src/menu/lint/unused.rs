//! What is written and nothing reads.

use std::collections::HashSet;

use super::super::draft::{ChoiceDraft, KindDraft, Name};
use super::super::model::StateId;
use super::super::report::Finding;
use super::Subject;
use super::names::Read;

pub(super) fn check(
    subject: &Subject<'_>,
    reached: &HashSet<StateId>,
    read: &Read,
    findings: &mut Vec<Finding>,
) {
    if subject.origins.draft.incomplete {
        return;
    }
    let mut unused = |name: &Name, what: String, hint: &str| {
        findings.push(Finding::warning("unused", name.place, format!("nothing uses {what}")).hint(hint));
    };
    for fragment in &subject.origins.fragments {
        let name = &fragment.name;
        if !read.fragments.contains(&name.text) {
            unused(name, format!("the fragment `{}`", name.text), "include it, or remove it");
        }
    }
    if let Some(root) = &subject.origins.draft.root {
        for (name, _) in &root.constants {
            if !read.constants.contains(&name.text) {
                unused(
                    name,
                    format!("the constant `{}`", name.text),
                    "show it as `{{ const.… }}`, or remove it",
                );
            }
        }
    }
    for (at, message) in subject.origins.messages.iter().enumerate() {
        for name in &message.sees {
            if !read.seen.contains(&(at, name.text.clone())) {
                unused(name, format!("`{}` in this message", name.text), "show it, or take it out of `sees`");
            }
        }
    }
    let mut saved: HashSet<&str> = HashSet::new();
    for looked in subject.states().filter(|looked| reached.contains(&looked.id)) {
        for name in saves(&looked.draft.kind) {
            if !read.inputs.contains(&name.text) && saved.insert(&name.text) {
                unused(
                    name,
                    format!("the saved answer `{}`", name.text),
                    "read it as `input.…`, or do not save it",
                );
            }
        }
        for draft in &looked.draft.uses {
            let name = draft.alias.as_ref().unwrap_or(&draft.source);
            let known = looked.state.uses.iter().any(|call| call.alias == name.text);
            if known && !read.sources.contains(&(looked.id, name.text.clone())) {
                unused(
                    name,
                    format!("`{}` in this state", name.text),
                    "each entry of `use` costs a look-up: remove it",
                );
            }
        }
    }
}

/// The answers that a state saves.
fn saves(kind: &KindDraft) -> Vec<&Name> {
    match kind {
        KindDraft::Menu(choices) | KindDraft::Text(choices) => set_by(choices).collect(),
        KindDraft::List(list) => list.save.iter().chain(set_by(&list.choices)).collect(),
        KindDraft::Input { save, .. } => save.iter().collect(),
        _ => Vec::new(),
    }
}

fn set_by(choices: &[ChoiceDraft]) -> impl Iterator<Item = &Name> {
    choices.iter().flat_map(|choice| choice.set.iter().map(|(name, _)| name))
}
