//! Reads scripts and checks them against the catalogue.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::super::catalog::{ActionSpec, Catalog, FieldSpec, Shape, SourceSpec};
use super::super::draft::{Form, check_version, entries, items, scalar};
use super::super::report::{FileId, Finding, Place, Report};
use super::super::sources::Sources;
use super::super::value::Fields;
use super::super::yaml::{self, Node, Scalar};
use super::fixtures::{Cases, Fixtures, PhoneFixture, Told, fill, kind_name, value};
use super::{Script, Step, StepKind};

/// Keys of a file of scripts.
pub(in crate::menu) const FILE_KEYS: &[&str] =
    &["mamacare", "today", "msisdn", "service_code", "phone", "consented", "data", "actions", "scripts"];
/// Keys of a script.
pub(in crate::menu) const SCRIPT_KEYS: &[&str] =
    &["name", "today", "msisdn", "service_code", "phone", "consented", "data", "actions", "steps"];
/// Keys of the facts about a number.
pub(in crate::menu) const PHONE_KEYS: &[&str] = &["people", "language", "district", "stopped"];
/// Keys of steps.
pub(in crate::menu) const STEP_KEYS: &[&str] =
    &["dial", "answer", "drop", "expect", "expect_screen", "refuse", "ends"];
/// Keys of something that a parameter decides.
const CASE_KEYS: &[&str] = &["when", "otherwise"];

/// The scripts of a set.
#[derive(Debug)]
pub struct Scripts {
    /// Those that can be played.
    pub scripts: Vec<Script>,
    /// What is wrong with the files.
    pub report: Report,
}

/// Reads all scripts of a set.
pub fn read_scripts(sources: &Sources, catalog: &Catalog) -> Scripts {
    let mut findings = Vec::new();
    let mut scripts = Vec::new();
    for (at, file) in sources.scripts().iter().enumerate() {
        let id = FileId(u16::try_from(sources.files().len() + at).unwrap_or(u16::MAX));
        let Some(node) = yaml::read(id, &file.text, &mut findings) else { continue };
        let mut reader = Reader { catalog, findings: &mut findings };
        scripts.extend(reader.file(&node));
    }
    let report = Report::new(std::sync::Arc::new(sources.clone()), findings);
    Scripts { scripts, report }
}

struct Reader<'read> {
    catalog: &'read Catalog,
    findings: &'read mut Vec<Finding>,
}

impl Reader<'_> {
    fn file(&mut self, node: &Node) -> Vec<Script> {
        let Some(form) = Form::of(node, "a file of scripts", FILE_KEYS, self.findings) else {
            return Vec::new();
        };
        if let Some(keys) = entries(node, "a file of scripts", self.findings) {
            check_version(&keys, node.place(), self.findings);
        }
        let mut fixtures = Fixtures {
            msisdn: "+23276000001".to_owned(),
            service_code: "*468#".to_owned(),
            consented: true,
            ..Fixtures::default()
        };
        form.need("today", self.findings);
        self.fixtures(&form, &mut fixtures);
        let Some(node) = form.need("scripts", self.findings) else { return Vec::new() };
        items(node, "`scripts`", self.findings)
            .iter()
            .filter_map(|node| self.script(node, &fixtures))
            .collect()
    }

    fn script(&mut self, node: &Node, shared: &Fixtures) -> Option<Script> {
        let form = Form::of(node, "a script", SCRIPT_KEYS, self.findings)?;
        let mut fixtures = shared.clone();
        self.fixtures(&form, &mut fixtures);
        let name = form.need("name", self.findings).and_then(|node| scalar(node, "a name", self.findings));
        let steps = form.need("steps", self.findings)?;
        let steps: Vec<Step> =
            items(steps, "`steps`", self.findings).iter().filter_map(|node| self.step(node)).collect();
        if !matches!(steps.first().map(|step| &step.kind), Some(StepKind::Dial(_))) {
            self.findings.push(
                Finding::error("bad-script", node.place(), "a conversation begins with `dial`")
                    .hint("write `- dial: \"*468#\"` first"),
            );
        }
        Some(Script { name: name?.text.clone(), place: name?.place(), fixtures, steps })
    }

    /// What a file or a script says of the data; a script's own goes over its file's.
    fn fixtures(&mut self, form: &Form<'_>, fixtures: &mut Fixtures) {
        if let Some(scalar) = form.get("today").and_then(|node| scalar(node, "a day", self.findings)) {
            match scalar.text.parse::<NaiveDate>() {
                Ok(day) => fixtures.today = day,
                Err(_) => self.findings.push(Finding::error(
                    "bad-value",
                    scalar.place(),
                    "`today` is a day, as 2026-11-24",
                )),
            }
        }
        let mut text = |key: &str, into: &mut String| {
            if let Some(scalar) = form.get(key).and_then(|node| scalar(node, key, self.findings)) {
                scalar.text.clone_into(into);
            }
        };
        text("msisdn", &mut fixtures.msisdn);
        text("service_code", &mut fixtures.service_code);
        fixtures.consented = form.flag("consented", fixtures.consented, self.findings);
        if let Some(node) = form.get("phone") {
            fixtures.phone = self.phone(node);
        }
        if let Some(all) = form.get("data").and_then(|node| entries(node, "`data`", self.findings)) {
            for (key, node) in all {
                self.source(key, node, fixtures);
            }
        }
        if let Some(all) = form.get("actions").and_then(|node| entries(node, "`actions`", self.findings)) {
            for (key, node) in all {
                self.action(key, node, fixtures);
            }
        }
    }

    fn phone(&mut self, node: &Node) -> PhoneFixture {
        let Some(form) = Form::of(node, "`phone`", PHONE_KEYS, self.findings) else {
            return PhoneFixture::default();
        };
        let people = form.number("people", 0..=9, self.findings).unwrap_or(0);
        let mut text = |key: &str| {
            let scalar = form.get(key).and_then(|node| scalar(node, key, self.findings));
            scalar.map(|scalar| scalar.text.clone())
        };
        let (language, district) = (text("language"), text("district"));
        let stopped = form.flag("stopped", false, self.findings);
        PhoneFixture { people: u8::try_from(people).unwrap_or(0), language, district, stopped }
    }

    fn source(&mut self, key: &Scalar, node: &Node, fixtures: &mut Fixtures) {
        let Some(spec) = self.catalog.source(&key.text) else {
            let known: Vec<&str> = self.catalog.sources.iter().map(|source| source.name).collect();
            self.findings.push(
                Finding::error("unknown-source", key.place(), format!("no data source `{}`", key.text))
                    .nearest(&key.text, known)
                    .otherwise("`mamacare menu catalog` lists the sources"),
            );
            return;
        };
        let cases = self.cases(node, |reader, node| Some(reader.items_of(spec, node)));
        fixtures.data.insert(spec.name, cases);
    }

    fn items_of(&mut self, spec: &'static SourceSpec, node: &Node) -> Vec<Fields> {
        let nodes = match (spec.shape, node) {
            (Shape::One, node) => std::slice::from_ref(node),
            (Shape::Many, node) => items(node, "the answer of a source of many items", self.findings),
        };
        nodes.iter().filter_map(|node| self.item(spec, node)).collect()
    }

    fn item(&mut self, spec: &'static SourceSpec, node: &Node) -> Option<Fields> {
        let mut item = Fields::new();
        for (name, value) in self.facts(&format!("`{}`", spec.name), spec.fields, node)? {
            item.insert(Cow::Borrowed(name), value);
        }
        fill(spec.fields, &mut item);
        Some(item)
    }

    fn facts(
        &mut self,
        what: &str,
        specs: &'static [FieldSpec],
        node: &Node,
    ) -> Option<Vec<(&'static str, super::super::value::Value)>> {
        let mut facts = Vec::new();
        for (key, node) in entries(node, what, self.findings)? {
            let Some(spec) = specs.iter().find(|spec| spec.name == key.text) else {
                let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
                self.findings.push(
                    Finding::error("unknown-field", key.place(), format!("{what} has no `{}`", key.text))
                        .nearest(&key.text, known),
                );
                continue;
            };
            let Some(written) = scalar(node, spec.name, self.findings) else { continue };
            match value(spec.kind, &written.text) {
                Some(value) => facts.push((spec.name, value)),
                None => self.findings.push(Finding::error(
                    "bad-value",
                    written.place(),
                    format!("`{}` is {}", spec.name, kind_name(spec.kind)),
                )),
            }
        }
        Some(facts)
    }

    fn action(&mut self, key: &Scalar, node: &Node, fixtures: &mut Fixtures) {
        let Some(spec) = self.catalog.action(&key.text) else {
            let known: Vec<&str> = self.catalog.actions.iter().map(|action| action.name).collect();
            self.findings.push(
                Finding::error("unknown-action", key.place(), format!("no action `{}`", key.text))
                    .nearest(&key.text, known)
                    .otherwise("`mamacare menu catalog` lists the actions"),
            );
            return;
        };
        let cases = self.cases(node, |reader, node| reader.outcomes(spec, node));
        fixtures.actions.insert(spec.name, cases);
    }

    /// One outcome, or a list of them: one after the other.
    fn outcomes(&mut self, spec: &'static ActionSpec, node: &Node) -> Option<Vec<Told>> {
        let nodes = match node {
            Node::List(list) => list.items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let told: Vec<Told> = nodes.iter().filter_map(|node| self.outcome(spec, node)).collect();
        (!told.is_empty()).then_some(told)
    }

    /// `ok`, or `{wrong: {left: 4}}`.
    fn outcome(&mut self, spec: &'static ActionSpec, node: &Node) -> Option<Told> {
        let (name, facts) = match node {
            Node::Map(map) => {
                if let [(Node::Scalar(name), facts)] = map.items.as_slice() {
                    (name, Some(facts))
                } else {
                    self.findings.push(
                        Finding::error("bad-value", node.place(), "an outcome is one name, with its facts")
                            .hint("write `ok` or `{wrong: {left: 4}}`"),
                    );
                    return None;
                }
            }
            _ => (scalar(node, "an outcome", self.findings)?, None),
        };
        let Some(outcome) = spec.outcomes.iter().find(|outcome| outcome.name == name.text) else {
            let known: Vec<&str> = spec.outcomes.iter().map(|outcome| outcome.name).collect();
            let message = format!("`{}` never ends in `{}`", spec.name, name.text);
            self.findings
                .push(Finding::error("unknown-outcome", name.place(), message).nearest(&name.text, known));
            return None;
        };
        let facts = match facts {
            Some(node) => self.facts(&format!("`{}`", outcome.name), outcome.facts, node)?,
            None => Vec::new(),
        };
        for fact in outcome.facts {
            if !facts.iter().any(|(name, _)| *name == fact.name) {
                self.findings.push(
                    Finding::error(
                        "missing-fact",
                        name.place(),
                        format!("`{}` comes with `{}`", outcome.name, fact.name),
                    )
                    .hint(format!("write `{{{}: {{{}: {}}}}}`", outcome.name, fact.name, fact.typical)),
                );
            }
        }
        Some(Told { name: outcome.name, facts })
    }

    /// Something that is always so, or `{when: {value: …}, otherwise: …}`.
    fn cases<What>(&mut self, node: &Node, read: impl Fn(&mut Self, &Node) -> Option<What>) -> Cases<What> {
        let decided = matches!(node, Node::Map(map) if map.items.iter().any(|(key, _)| {
            matches!(key, Node::Scalar(scalar) if CASE_KEYS.contains(&scalar.text.as_str()))
        }));
        if !decided {
            return match read(self, node) {
                Some(what) => Cases::always(what),
                None => Cases { when: Vec::new(), otherwise: None },
            };
        }
        let Some(form) = Form::of(node, "what a parameter decides", CASE_KEYS, self.findings) else {
            return Cases { when: Vec::new(), otherwise: None };
        };
        let when = form.get("when").and_then(|node| entries(node, "`when`", self.findings));
        let when = when
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(key, node)| Some((key.text.clone(), read(self, node)?)))
            .collect();
        let otherwise = form.get("otherwise").and_then(|node| read(self, node));
        Cases { when, otherwise }
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let form = Form::of(node, "a step", STEP_KEYS, self.findings)?;
        let keys: Vec<&str> = STEP_KEYS.iter().copied().filter(|key| form.get(key).is_some()).collect();
        let [key] = keys.as_slice() else {
            let message = if keys.is_empty() { "an empty step" } else { "a step is one thing" };
            self.findings.push(
                Finding::error("bad-script", node.place(), message)
                    .hint("write each on a line of its own, with `- `"),
            );
            return None;
        };
        let value = form.get(key)?;
        let text = |reader: &mut Self| scalar(value, key, reader.findings).map(|scalar| scalar.text.clone());
        let kind = match *key {
            "dial" => StepKind::Dial(text(self)?),
            "answer" => StepKind::Answer(text(self)?),
            "expect" => StepKind::Expect(text(self)?),
            "expect_screen" => StepKind::ExpectScreen(text(self)?),
            "refuse" => StepKind::Refuse(text(self)?),
            "ends" => StepKind::Ends(form.flag("ends", true, self.findings)),
            _ => {
                form.flag("drop", true, self.findings);
                StepKind::Drop
            }
        };
        let place: Place = form.key_place(key).unwrap_or(form.place);
        Some(Step { place, kind })
    }
}
