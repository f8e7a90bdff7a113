//! `languages/CODE.yaml`: dates, counts, and the texts of the gateway itself.

use super::{Form, Name, WordsDraft, entries, items, scalar};
use crate::menu::model::Standard;
use crate::menu::report::Finding;
use crate::menu::words::{Plural, Words};
use crate::menu::yaml::{Node, Scalar};

pub(super) const KEYS: &[&str] =
    &["mamacare", "language", "dates", "months", "weekdays", "plural", "standard"];
pub(in crate::menu) const DATE_KEYS: &[&str] = &["long", "short"];

pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<WordsDraft> {
    let form = Form::of(node, "a language file", KEYS, findings)?;
    let language = form.need_name("language", findings);
    let dates = form.get("dates").and_then(|node| Form::of(node, "`dates`", DATE_KEYS, findings));
    let mut pattern = |key: &str| {
        let node = dates.as_ref().and_then(|dates| dates.need(key, findings))?;
        let scalar = scalar(node, "a date pattern", findings)?;
        check_pattern(scalar, findings);
        Some(scalar.text.clone())
    };
    let (long, short) = (pattern("long"), pattern("short"));
    let months = names(&form, "months", 12, findings);
    let weekdays = names(&form, "weekdays", 7, findings);
    let rules = [("one_other", Plural::OneOther), ("none", Plural::None)];
    let plural = form.one_of("plural", &rules, findings);
    let parts = ["dates", "months", "weekdays", "plural", "standard"];
    Some(WordsDraft {
        place: form.place,
        missing: parts.into_iter().filter(|part| form.get(part).is_none()).collect(),
        language: language?,
        words: Words {
            long: long.unwrap_or_default(),
            short: short.unwrap_or_default(),
            months,
            weekdays,
            plural: plural.unwrap_or_default(),
        },
        standard: form.get("standard").map(|node| read_standard(node, findings)).unwrap_or_default(),
    })
}

fn names(form: &Form<'_>, key: &str, count: usize, findings: &mut Vec<Finding>) -> Vec<String> {
    let Some(node) = form.get(key) else { return Vec::new() };
    let listed = items(node, key, findings);
    let names: Vec<String> = listed
        .iter()
        .filter_map(|node| scalar(node, "a name", findings).map(|scalar| scalar.text.clone()))
        .collect();
    if listed.len() != count && matches!(node, Node::List(_)) {
        findings.push(Finding::error(
            "bad-value",
            node.place(),
            format!("`{key}` has {count} names, found {}", listed.len()),
        ));
    }
    names
}

fn check_pattern(scalar: &Scalar, findings: &mut Vec<Finding>) {
    let mut rest = scalar.text.as_str();
    while let Some((_, after)) = rest.split_once('{') {
        let (part, after) = after.split_once('}').unwrap_or((after, ""));
        if !Words::PARTS.contains(&part) {
            findings.push(
                Finding::error("bad-value", scalar.place(), format!("a date has no part `{{{part}}}`"))
                    .nearest(part, Words::PARTS),
            );
        }
        rest = after;
    }
}

fn read_standard(node: &Node, findings: &mut Vec<Finding>) -> Vec<(Name, Scalar)> {
    let Some(entries) = entries(node, "`standard`", findings) else { return Vec::new() };
    let known = || Standard::ALL.iter().map(|(_, key, _)| *key);
    let mut texts = Vec::new();
    for (key, value) in entries {
        if !known().any(|name| name == key.text) {
            findings.push(
                Finding::error(
                    "unknown-key",
                    key.place(),
                    format!("there is no standard text `{}`", key.text),
                )
                .nearest(&key.text, known().collect::<Vec<_>>()),
            );
            continue;
        }
        if let Some(text) = scalar(value, "a text", findings) {
            texts.push((Name::of(key), text.clone()));
        }
    }
    texts
}
