//! `fragments.yaml` and `messages.yaml`.

use super::form::name_of;
use super::{Form, FragmentDraft, MessageDraft, Name, Say, entries, items, say, scalar};
use crate::menu::report::Finding;
use crate::menu::yaml::Node;

pub(super) const FRAGMENT_KEYS: &[&str] = &["mamacare", "fragments"];
pub(super) const MESSAGE_KEYS: &[&str] = &["mamacare", "messages"];

/// Fragments in one file.
const MOST_FRAGMENTS: usize = 300;

pub(super) fn read_fragments(node: &Node, findings: &mut Vec<Finding>) -> Vec<FragmentDraft> {
    let Some(form) = Form::of(node, "a file of fragments", FRAGMENT_KEYS, findings) else {
        return Vec::new();
    };
    let Some(all) = form.need("fragments", findings).and_then(|node| entries(node, "`fragments`", findings))
    else {
        return Vec::new();
    };
    if let Some((key, _)) = all.get(MOST_FRAGMENTS) {
        findings.push(Finding::error(
            "too-many",
            key.place(),
            format!("more than {MOST_FRAGMENTS} fragments"),
        ));
    }
    all.into_iter()
        .take(MOST_FRAGMENTS)
        .filter_map(|(key, node)| {
            let name = name_of(key, findings);
            let say = say(node, "a fragment", findings);
            Some(FragmentDraft { name: name?, say: say? })
        })
        .collect()
}

pub(super) fn read_messages(node: &Node, findings: &mut Vec<Finding>) -> Vec<MessageDraft> {
    let Some(form) = Form::of(node, "a file of messages", MESSAGE_KEYS, findings) else {
        return Vec::new();
    };
    let Some(all) = form.need("messages", findings).and_then(|node| entries(node, "`messages`", findings))
    else {
        return Vec::new();
    };
    all.into_iter()
        .filter_map(|(key, node)| {
            let name = name_of(key, findings);
            let message = read_message(node, findings);
            let (sees, say) = message?;
            Some(MessageDraft { name: name?, sees, say })
        })
        .collect()
}

fn read_message(node: &Node, findings: &mut Vec<Finding>) -> Option<(Vec<Name>, Say)> {
    let mut sees = Vec::new();
    let mut texts = Vec::new();
    for (key, value) in entries(node, "a message", findings)? {
        if key.text == "sees" {
            for node in items(value, "`sees`", findings) {
                sees.extend(super::name(node, findings));
            }
        } else if let Some(text) = scalar(value, "a message's text", findings) {
            texts.push((Name::of(key), text.clone()));
        }
    }
    Some((sees, Say::ByLanguage { place: node.place(), texts }))
}
