//! From drafts to a menu: names become ids, and what each id was written as is kept for the
//! checks.

mod compiler;
mod languages;
mod origins;
mod root;
mod speech;
mod states;

use std::sync::Arc;

use super::catalog::Catalog;
use super::draft::Draft;
use super::load::LoadOptions;
use super::model::Menu;
use super::report::{Finding, Severity};
use super::sources::Sources;
use compiler::Compiler;
use speech::Speech;

pub(super) use origins::{Edge, EdgeKind, Origins, StateOrigin, TextOrigin, TextRole, Written};

/// States that a menu may have.
const MOST_STATES: usize = 10_000;

/// Compiles a draft. Where something cannot be resolved, a finding says so and something stands
/// in for it, so that the rest can be checked.
pub(super) fn compile(
    draft: Draft,
    sources: &Arc<Sources>,
    catalog: &Catalog,
    options: &LoadOptions,
    findings: &mut Vec<Finding>,
) -> Option<(Menu, Origins)> {
    let Some(root) = &draft.root else {
        if draft.incomplete {
            return None;
        }
        findings.push(
            Finding::new(Severity::Error, "no-root", None, "there is no root file".to_owned())
                .hint("mamacare.yaml says where a dial begins and which languages there are"),
        );
        return None;
    };
    let (languages, words) = languages::resolve(root, &draft.words, options, findings);
    let states: usize = draft.flows.iter().map(|flow| flow.states.len()).sum();
    if states > MOST_STATES {
        let message = format!("{states} states, more than {MOST_STATES}");
        findings.push(Finding::new(Severity::Error, "too-many", None, message));
    }
    if languages.is_empty() || states == 0 || states > MOST_STATES {
        return None;
    }
    let mut compiler = Compiler::new(&draft, catalog, Speech::new(&languages, words), findings);
    compiler.speech.standard();
    compiler.fragments(&draft);
    let messages = compiler.messages(&draft);
    let constants = compiler.constants(root, options);
    let flows = compiler.flows(&draft);
    let roots = compiler.roots(root, &flows);
    let Compiler { speech, vars, given, states, mut origins, .. } = compiler;
    let (texts, faults, text_origins) = speech.build();
    origins.texts = text_origins;
    origins.faults = faults;
    let menu = Menu {
        version: sources.version(),
        languages,
        flows,
        states,
        vars,
        var_kinds: given.iter().map(compiler::Given::kind).collect(),
        texts,
        constants,
        keys: root.keys.clone(),
        start: roots.start,
        home: roots.home,
        resume: roots.resume,
        prove: roots.prove,
        strikes: roots.strikes,
        messages,
        sources: Arc::clone(sources),
    };
    origins.draft = draft;
    Some((menu, origins))
}
