//! Values that texts show: each must be known where it is shown, and of a kind that can be.

use std::collections::HashSet;
use std::rc::Rc;

use super::super::catalog::{FieldKind, FieldSpec, Shape};
use super::super::compile::{TextOrigin, TextRole};
use super::super::expr::{Found, Names, Problem, Record, Reference, Type, scan_condition, scan_template};
use super::super::model::{Kind, LanguageId, SourceCall, StateId, TextId, VarId};
use super::super::report::{Finding, Place};
use super::super::text_builder::TextPlace;
use super::super::yaml::Scalar;
use super::Subject;
use super::knowledge::{Knowledge, Known};

/// Fragments that include each other, one in another.
const DEEPEST_INCLUDE: usize = 8;

/// Fragments that one text takes in, with all that they include.
const MOST_INCLUDES: usize = 40;

/// What the texts read: for the check of what nothing reads.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) inputs: HashSet<String>,
    pub(super) constants: HashSet<String>,
    pub(super) fragments: HashSet<String>,
    /// A state and the name of one of its sources.
    pub(super) sources: HashSet<(StateId, String)>,
    /// Texts with a mistake that has been told: drawing them would tell it again.
    pub(super) spoiled: HashSet<TextId>,
    /// And fragments.
    spoiled_fragments: HashSet<String>,
    /// A message, by its place, and a value that it sees.
    pub(super) seen: HashSet<(usize, String)>,
}

/// Checks all texts.
pub(super) fn check(subject: &Subject<'_>, known: &Known, findings: &mut Vec<Finding>) -> Read {
    let mut checker =
        Checker { subject, read: Read::default(), told: HashSet::new(), wrong: false, included: 0, findings };
    for (at, text) in subject.origins.texts.iter().enumerate() {
        checker.wrong = false;
        let knowledge = text.state.and_then(|state| known.of(state));
        let here = Here { text, knowledge, names: names_for(subject, text, knowledge) };
        for (language, scalar) in text.written.all() {
            checker.scalar(&here, language, scalar);
        }
        if checker.wrong {
            checker.read.spoiled.extend(u32::try_from(at).ok().map(TextId));
        }
    }
    checker.faults();
    checker.read
}

/// A text, and what is known where it stands.
struct Here<'check> {
    text: &'check TextOrigin,
    knowledge: Option<&'check Knowledge>,
    names: Names,
}

impl Here<'_> {
    /// Whether it has a language.
    fn spoken(&self) -> bool {
        !matches!(self.text.role, TextRole::When | TextRole::SourceParam | TextRole::ActionParam)
    }
}

struct Checker<'check> {
    subject: &'check Subject<'check>,
    read: Read,
    /// Mistakes in fragments are told once.
    told: HashSet<(Place, String)>,
    /// Whether the text being looked at has a mistake.
    wrong: bool,
    /// Fragments that it has taken in so far, in one language.
    included: usize,
    findings: &'check mut Vec<Finding>,
}

impl Checker<'_> {
    /// What Tera does not take, where it has not been told in our own words.
    fn faults(&mut self) {
        let origins = self.subject.origins;
        for fault in &origins.faults {
            let told = match &fault.place {
                TextPlace::Text(id) => !self.read.spoiled.insert(*id),
                TextPlace::Fragment(name) => self.read.spoiled_fragments.contains(name),
            };
            if !told {
                self.findings.push(origins.fault(&self.subject.menu.sources, fault));
            }
        }
    }

    fn scalar(&mut self, here: &Here<'_>, language: Option<LanguageId>, scalar: &Scalar) {
        self.included = 0;
        let found = if here.text.role == TextRole::When {
            scan_condition(&scalar.text, &here.names)
        } else {
            scan_template(&scalar.text, &here.names, here.spoken())
        };
        self.wrong |= !found.problems.is_empty();
        for problem in &found.problems {
            let mut finding =
                Finding::error(problem.code, self.subject.place_in(scalar, &problem.at), &problem.message);
            finding.hint.clone_from(&problem.hint);
            let name = scalar.text.get(problem.at.clone()).unwrap_or_default();
            if problem.code == "unknown-name"
                && let Some(hint) = self.hint_for(name, here.text)
            {
                finding = finding.hint(hint);
            }
            self.findings.push(finding);
        }
        self.note(here.text, &found);
        for reference in &found.references {
            let subject = self.subject;
            self.check_given(here, reference, || subject.place_in(scalar, &reference.at));
        }
        for (fragment, at) in &found.includes {
            let place = self.subject.place_in(scalar, at);
            self.include(here, language, fragment, place, &mut Vec::new());
        }
    }

    /// Why a name is not known here.
    fn hint_for(&self, name: &str, text: &TextOrigin) -> Option<String> {
        let source = self.subject.catalog.source(name);
        match text.role {
            TextRole::SourceParam if source.is_some() => Some(
                "a parameter of a source cannot depend on another source; save the value first".to_owned(),
            ),
            _ if source.is_some() && text.state.is_some() => {
                Some(format!("add `use: [{name}]` to the state"))
            }
            TextRole::Message(_) => Some(format!("a message sees what `sees` lists; add `{name}` there")),
            TextRole::Standard([]) => Some("this text sees no values".to_owned()),
            _ => None,
        }
    }

    fn include(
        &mut self,
        here: &Here<'_>,
        language: Option<LanguageId>,
        name: &str,
        place: Place,
        open: &mut Vec<String>,
    ) {
        let fragments = &self.subject.origins.fragments;
        let Some(fragment) = fragments.iter().find(|fragment| fragment.name.text == name) else {
            self.wrong = true;
            if !self.subject.origins.draft.incomplete {
                let known: Vec<&str> = fragments.iter().map(|fragment| fragment.name.text.as_str()).collect();
                let finding = Finding::error("unknown-fragment", place, format!("no fragment `{name}`"));
                self.findings.push(finding.nearest(name, known));
            }
            return;
        };
        self.read.fragments.insert(name.to_owned());
        self.included += 1;
        if open.iter().any(|known| known == name) || open.len() > DEEPEST_INCLUDE {
            self.wrong = true;
            self.findings.push(Finding::error("circle", place, format!("`{name}` includes itself")));
            return;
        }
        if self.included > MOST_INCLUDES {
            self.wrong = true;
            let message = format!("a text takes in more than {MOST_INCLUDES} fragments");
            self.findings.push(Finding::error("bad-template", place, message));
            return;
        }
        open.push(name.to_owned());
        for (written, scalar) in fragment.written.all() {
            if language.is_none() || written.is_none() || language == written {
                self.fragment(here, written.or(language), (name, scalar), place, open);
            }
        }
        open.pop();
    }

    /// A fragment in one language, as it stands in the text that includes it.
    fn fragment(
        &mut self,
        here: &Here<'_>,
        language: Option<LanguageId>,
        (name, scalar): (&str, &Scalar),
        place: Place,
        open: &mut Vec<String>,
    ) {
        let mut found = scan_template(&scalar.text, &here.names, here.spoken());
        if let Some(at) = found.repeats.take() {
            found.problems.push(Problem {
                code: "bad-template",
                at,
                message: "a fragment has no `for` and no `set`".to_owned(),
                hint: Some("write them in the text that includes it".to_owned()),
            });
        }
        if !found.problems.is_empty() {
            self.wrong = true;
            self.read.spoiled_fragments.insert(name.to_owned());
        }
        for problem in &found.problems {
            let at = self.subject.place_in(scalar, &problem.at);
            if self.told.insert((at, problem.message.clone())) {
                let mut finding =
                    Finding::error(problem.code, at, &problem.message).note(place, "included here");
                finding.hint.clone_from(&problem.hint);
                self.findings.push(finding);
            }
        }
        self.note(here.text, &found);
        for reference in &found.references {
            self.check_given(here, reference, || place);
        }
        for (inner, at) in &found.includes {
            let at = self.subject.place_in(scalar, at);
            self.include(here, language, inner, at, open);
        }
    }

    fn note(&mut self, text: &TextOrigin, found: &Found) {
        for Reference { root, field, .. } in &found.references {
            match (root.as_str(), field, text.role) {
                (_, _, TextRole::Message(at)) => {
                    self.read.seen.insert((at, root.clone()));
                }
                ("input", Some(field), _) => {
                    self.read.inputs.insert(field.clone());
                }
                ("const", Some(field), _) => {
                    self.read.constants.insert(field.clone());
                }
                _ => {
                    self.read.sources.extend(text.state.map(|state| (state, root.clone())));
                }
            }
        }
    }

    /// An answer or a fact that may not be there: the screen could not be shown.
    fn check_given(&mut self, here: &Here<'_>, reference: &Reference, place: impl FnOnce() -> Place) {
        let (Some(knowledge), Some(field), false) = (here.knowledge, &reference.field, reference.tested)
        else {
            return;
        };
        let menu = self.subject.menu;
        let missing = match reference.root.as_str() {
            "input" => {
                let Some(at) = menu.vars.iter().position(|var| var == field) else { return };
                let var = VarId(u16::try_from(at).unwrap_or(u16::MAX));
                if knowledge.given.contains(&var) {
                    return;
                }
                if knowledge.maybe.contains(&var) {
                    "is not given on every way here"
                } else {
                    "is not given on any way here"
                }
            }
            "outcome" => {
                let known = here.names.iter().find(|(name, _)| name == "outcome");
                if let Some((_, Type::Record(record))) = known
                    && record.field(field).is_none()
                {
                    return;
                }
                let facts = |(state, at): &(StateId, usize)| facts_of(self.subject, *state, *at);
                let all = knowledge
                    .outcomes
                    .iter()
                    .all(|outcome| facts(outcome).iter().any(|fact| fact.name == field.as_str()));
                if all && !knowledge.no_outcome {
                    return;
                }
                "is not a fact of every outcome that leads here"
            }
            _ => return,
        };
        let state =
            here.text.state.and_then(|state| menu.state(state)).map_or("?", |state| state.name.as_str());
        let finding = Finding::warning(
            "maybe-missing",
            place(),
            format!("`{}.{field}` {missing} (`{state}`)", reference.root),
        );
        self.findings.push(
            finding.hint("test it with `{% if … %}`, or give it a `default(value=\"…\")`: a text that misses a value cannot be shown"),
        );
    }
}

fn facts_of(subject: &Subject<'_>, state: StateId, outcome: usize) -> &'static [FieldSpec] {
    match subject.menu.state(state).map(|state| &state.kind) {
        Some(Kind::Action(call)) => call.action.outcomes.get(outcome).map(|outcome| outcome.facts),
        _ => None,
    }
    .unwrap_or_default()
}

/// What a text can name.
fn names_for(subject: &Subject<'_>, text: &TextOrigin, knowledge: Option<&Knowledge>) -> Names {
    let any =
        |names: &mut dyn Iterator<Item = String>| names.map(|name| (name, Type::Any)).collect::<Names>();
    match text.role {
        TextRole::Standard(sees) => return any(&mut sees.iter().map(|name| (*name).to_owned())),
        TextRole::Message(at) => {
            let sees = subject.origins.messages.get(at).map(|message| message.sees.as_slice());
            return any(&mut sees.unwrap_or_default().iter().map(|name| name.text.clone()));
        }
        _ => {}
    }
    let mut names = given(subject, knowledge);
    let Some(state) = text.state.and_then(|state| subject.menu.state(state)) else { return names };
    if text.role != TextRole::SourceParam {
        names.extend(state.uses.iter().map(|call| (call.alias.clone(), type_of(call))));
    }
    if let (TextRole::Item, Kind::List(list)) = (text.role, &state.kind) {
        let item = Record::of(&format!("an item of `{}`", list.from.source.name), list.from.source.fields);
        names.push(("item".to_owned(), Type::Record(item)));
    }
    names
}

fn type_of(call: &SourceCall) -> Type {
    let record = Record::of(&format!("`{}`", call.source.name), call.source.fields);
    match call.source.shape {
        Shape::One => Type::Record(record),
        Shape::Many => Type::Many(record),
    }
}

/// What every text of a state can name.
fn given(subject: &Subject<'_>, knowledge: Option<&Knowledge>) -> Names {
    let menu = subject.menu;
    let record = |what: &str, fields: Vec<(String, FieldKind)>| {
        Type::Record(Rc::new(Record { what: what.to_owned(), fields }))
    };
    let answers = menu.vars.iter().cloned().zip(menu.var_kinds.iter().copied()).collect();
    let constants = menu.constants.iter().map(|(name, _)| (name.clone(), FieldKind::Text)).collect();
    let mut facts: Vec<(String, FieldKind)> = Vec::new();
    if let Some(knowledge) = knowledge {
        for (state, at) in &knowledge.outcomes {
            facts.extend(facts_of(subject, *state, *at).iter().map(|fact| (fact.name.to_owned(), fact.kind)));
        }
    } else {
        let outcomes = subject.catalog.actions.iter().flat_map(|action| action.outcomes);
        facts
            .extend(outcomes.flat_map(|outcome| outcome.facts).map(|fact| (fact.name.to_owned(), fact.kind)));
    }
    let session = ["language", "service_code"].map(|name| (name.to_owned(), FieldKind::Text)).to_vec();
    [
        ("phone", Type::Record(Record::of("`phone`", subject.catalog.phone))),
        ("input", record("`input` (the answers saved in these menus)", answers)),
        ("outcome", record("the outcome of the last action on the way here", facts)),
        ("const", record("`const` (the constants of the root file)", constants)),
        ("session", record("`session`", session)),
        ("today", Type::Value(FieldKind::Date)),
    ]
    .map(|(name, given)| (name.to_owned(), given))
    .to_vec()
}
