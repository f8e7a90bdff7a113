//! Reading mappings with known keys: what is unknown, missing or of the wrong kind is told, and
//! reading goes on.

use std::ops::RangeInclusive;

use super::Name;
use crate::menu::report::{Finding, Place};
use crate::menu::yaml::{Node, Scalar};

/// A mapping with known keys.
pub(in crate::menu) struct Form<'node> {
    pub(in crate::menu) place: Place,
    what: &'static str,
    entries: Vec<(&'node Scalar, &'node Node)>,
}

impl<'node> Form<'node> {
    /// Reads `node` as `what`, and tells keys that are not `known`.
    pub(in crate::menu) fn of(
        node: &'node Node,
        what: &'static str,
        known: &[&str],
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let entries = entries(node, what, findings)?;
        for (key, _) in &entries {
            if !known.contains(&key.text.as_str()) {
                findings.push(
                    Finding::error("unknown-key", key.place(), format!("{what} has no `{}`", key.text))
                        .nearest(&key.text, known.iter().copied()),
                );
            }
        }
        Some(Self { place: node.place(), what, entries })
    }

    /// The value of a key.
    pub(in crate::menu) fn get(&self, key: &str) -> Option<&'node Node> {
        self.entries.iter().find(|(scalar, _)| scalar.text == key).map(|(_, node)| *node)
    }

    /// Where a key is written.
    pub(in crate::menu) fn key_place(&self, key: &str) -> Option<Place> {
        self.entries.iter().find(|(scalar, _)| scalar.text == key).map(|(scalar, _)| scalar.place())
    }

    /// The value of a key that must be there.
    pub(in crate::menu) fn need(&self, key: &str, findings: &mut Vec<Finding>) -> Option<&'node Node> {
        let found = self.get(key);
        if found.is_none() {
            findings.push(Finding::error("missing-key", self.place, format!("{} needs `{key}`", self.what)));
        }
        found
    }

    /// A name that must be there.
    pub(in crate::menu) fn need_name(&self, key: &str, findings: &mut Vec<Finding>) -> Option<Name> {
        self.need(key, findings).and_then(|node| name(node, findings))
    }

    /// A name that may be there.
    pub(in crate::menu) fn name(&self, key: &str, findings: &mut Vec<Finding>) -> Option<Name> {
        self.get(key).and_then(|node| name(node, findings))
    }

    /// A target that must be there.
    pub(in crate::menu) fn need_target(&self, key: &str, findings: &mut Vec<Finding>) -> Option<Name> {
        self.need(key, findings).and_then(|node| target(node, findings))
    }

    /// A flag; `usual` where it is not there.
    pub(in crate::menu) fn flag(&self, key: &str, usual: bool, findings: &mut Vec<Finding>) -> bool {
        let Some(node) = self.get(key) else { return usual };
        match node {
            Node::Scalar(scalar) if scalar.text == "true" => true,
            Node::Scalar(scalar) if scalar.text == "false" => false,
            _ => {
                findings.push(
                    Finding::error("bad-value", node.place(), format!("`{key}` is `true` or `false`"))
                        .hint("write `true` or `false`, without quotes"),
                );
                usual
            }
        }
    }

    /// A whole number in a range, that may be there.
    pub(in crate::menu) fn number(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        findings: &mut Vec<Finding>,
    ) -> Option<i64> {
        let node = self.get(key)?;
        let number = match node {
            Node::Scalar(scalar) => scalar.text.parse().ok().filter(|number| range.contains(number)),
            Node::List(_) | Node::Map(_) => None,
        };
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            findings.push(Finding::error(
                "bad-value",
                node.place(),
                format!("`{key}` is a whole number from {least} to {most}"),
            ));
        }
        number
    }

    /// A whole number that must be there.
    pub(in crate::menu) fn need_number(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        findings: &mut Vec<Finding>,
    ) -> Option<i64> {
        self.need(key, findings)?;
        self.number(key, range, findings)
    }

    /// One of a few words.
    pub(in crate::menu) fn one_of<Meaning: Copy>(
        &self,
        key: &str,
        words: &[(&str, Meaning)],
        findings: &mut Vec<Finding>,
    ) -> Option<Meaning> {
        let node = self.get(key)?;
        let scalar = scalar(node, key, findings)?;
        let found = words.iter().find(|(word, _)| *word == scalar.text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            findings.push(
                Finding::error("bad-value", scalar.place(), format!("`{key}` cannot be `{}`", scalar.text))
                    .nearest(&scalar.text, words.iter().map(|(word, _)| *word)),
            );
        }
        found
    }
}

/// Keys and values of a mapping.
pub(in crate::menu) fn entries<'node>(
    node: &'node Node,
    what: &str,
    findings: &mut Vec<Finding>,
) -> Option<Vec<(&'node Scalar, &'node Node)>> {
    let Node::Map(map) = node else {
        findings.push(Finding::error(
            "wrong-kind",
            node.place(),
            format!("{what} is a mapping (`key: value`), found {}", node.kind()),
        ));
        return None;
    };
    let mut entries = Vec::with_capacity(map.items.len());
    for (key, value) in &map.items {
        match key {
            Node::Scalar(scalar) => entries.push((scalar, value)),
            Node::List(_) | Node::Map(_) => findings.push(braces(key.place(), what)),
        }
    }
    Some(entries)
}

/// Items of a list.
pub(in crate::menu) fn items<'node>(
    node: &'node Node,
    what: &str,
    findings: &mut Vec<Finding>,
) -> &'node [Node] {
    if let Node::List(list) = node {
        &list.items
    } else {
        findings.push(Finding::error(
            "wrong-kind",
            node.place(),
            format!("{what} is a list (`[…]` or lines with `- `), found {}", node.kind()),
        ));
        &[]
    }
}

/// A single value.
pub(in crate::menu) fn scalar<'node>(
    node: &'node Node,
    what: &str,
    findings: &mut Vec<Finding>,
) -> Option<&'node Scalar> {
    match node {
        Node::Scalar(scalar) if !scalar.is_null() => Some(scalar),
        Node::Map(map) if map.items.iter().any(|(key, _)| matches!(key, Node::Map(_))) => {
            findings.push(braces(node.place(), what));
            None
        }
        _ => {
            findings.push(Finding::error(
                "wrong-kind",
                node.place(),
                format!("{what} is a single value, found {}", node.kind()),
            ));
            None
        }
    }
}

fn braces(place: Place, what: &str) -> Finding {
    Finding::error("wrong-kind", place, format!("{what} begins with a brace, which YAML takes as a mapping"))
        .hint("put a text with `{{` in quotes")
}

/// A name: small letters, digits and `_`.
pub(in crate::menu) fn name(node: &Node, findings: &mut Vec<Finding>) -> Option<Name> {
    let scalar = scalar(node, "a name", findings)?;
    name_of(scalar, findings)
}

/// A name from a key or a value.
pub(in crate::menu) fn name_of(scalar: &Scalar, findings: &mut Vec<Finding>) -> Option<Name> {
    let good = is_name(&scalar.text);
    if !good {
        findings.push(
            Finding::error("bad-name", scalar.place(), format!("`{}` is no name", scalar.text))
                .hint("a name has small letters a to z, digits and `_`, and begins with a letter"),
        );
    }
    good.then(|| Name::of(scalar))
}

/// A target: a name, or two with a dot between.
pub(in crate::menu) fn target(node: &Node, findings: &mut Vec<Finding>) -> Option<Name> {
    let scalar = scalar(node, "a target", findings)?;
    let good = match scalar.text.split_once('.') {
        Some((flow, state)) => is_name(flow) && is_name(state),
        None => is_name(&scalar.text),
    };
    if !good {
        findings.push(
            Finding::error("bad-name", scalar.place(), format!("`{}` is no target", scalar.text))
                .hint("a target is a state of this flow, or `flow.state`"),
        );
    }
    good.then(|| Name::of(scalar))
}

fn is_name(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}
