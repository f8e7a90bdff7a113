//! What the root file names.

use super::super::draft::{Name, RootDraft};
use super::super::load::LoadOptions;
use super::super::model::{Flow, FlowId, Prove, StateId, Strikes, Target};
use super::super::report::{Finding, Severity};
use super::compiler::{Compiler, KEYWORDS};

/// What the root file names.
pub(super) struct Roots {
    pub(super) start: StateId,
    pub(super) home: StateId,
    pub(super) resume: Option<StateId>,
    pub(super) prove: Prove,
    pub(super) strikes: Strikes,
}

impl Compiler<'_, '_> {
    pub(super) fn constants(&mut self, root: &RootDraft, options: &LoadOptions) -> Vec<(String, String)> {
        for name in options.constants.keys() {
            if !root.constants.iter().any(|(known, _)| known.text == *name) {
                let message = format!("the settings give a constant `{name}` that the menus do not have");
                let known: Vec<&str> = root.constants.iter().map(|(known, _)| known.text.as_str()).collect();
                self.findings.push(
                    Finding::new(Severity::Warning, "unknown-constant", Some(root.place), message)
                        .nearest(name, known),
                );
            }
        }
        root.constants
            .iter()
            .map(|(name, scalar)| {
                let value = options.constants.get(&name.text).unwrap_or(&scalar.text);
                (name.text.clone(), value.clone())
            })
            .collect()
    }

    /// Where a dial begins and so on; what is missing stands for the first state.
    pub(super) fn roots(&mut self, root: &RootDraft, flows: &[Flow]) -> Roots {
        let start = self.root_state(root.start.as_ref(), "start");
        let home = self.root_state(root.home.as_ref(), "home");
        let resume = self.root_state(root.resume.as_ref(), "resume");
        let go = root.strikes_go.as_ref().and_then(|name| self.root_target(name));
        if let (Some(Target::State(state)), Some(name)) = (go, &root.strikes_go) {
            self.origins.entries.push((state, "strikes", name.place));
        }
        let prove = Prove {
            phone: self.prover(root.prove_phone.as_ref(), "prove.phone", flows),
            pin: self.prover(root.prove_pin.as_ref(), "prove.pin", flows),
            consent: self.prover(root.prove_consent.as_ref(), "prove.consent", flows),
        };
        Roots {
            start: start.unwrap_or(StateId(0)),
            home: home.unwrap_or(StateId(0)),
            resume,
            prove,
            strikes: Strikes { limit: root.strikes_limit, go },
        }
    }

    fn root_state(&mut self, name: Option<&Name>, what: &'static str) -> Option<StateId> {
        let name = name?;
        if let Target::State(state) = self.root_target(name)? {
            self.origins.entries.push((state, what, name.place));
            return Some(state);
        }
        let finding = Finding::error("bad-target", name.place, format!("`{what}` is a state"));
        self.findings.push(finding.hint("write `flow.state`"));
        None
    }

    fn root_target(&mut self, name: &Name) -> Option<Target> {
        if name.text.contains('.') || KEYWORDS.iter().any(|(keyword, _)| *keyword == name.text) {
            return self.resolve(name);
        }
        self.origins.broken = true;
        let finding = Finding::error("unknown-target", name.place, "the root file has no states of its own");
        self.findings.push(finding.hint("write `flow.state`"));
        None
    }

    fn prover(&mut self, name: Option<&Name>, what: &'static str, flows: &[Flow]) -> FlowId {
        let Some((name, flow)) = name.and_then(|name| Some((name, self.flow_named(name)?))) else {
            return FlowId(0);
        };
        if let Some(start) = flows.get(usize::from(flow.0)).map(|flow| flow.start) {
            self.origins.entries.push((start, what, name.place));
        }
        flow
    }
}
