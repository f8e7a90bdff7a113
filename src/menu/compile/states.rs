//! States and their parts.

use super::super::catalog::{FieldKind, Guard, ParamSpec, Shape};
use super::super::draft::{CallDraft, ChoiceDraft, FlowDraft, KindDraft, ListDraft, Name, Say, StateDraft};
use super::super::model::{
    ActionCall, Arm, Choice, FlowId, Input, InputKind, Kind, List, Prompt, SourceCall, State, StateId,
    Target, TextId,
};
use super::super::report::{Finding, Place};
use super::super::yaml::Scalar;
use super::compiler::{Compiler, GIVEN};
use super::origins::{EdgeKind, StateOrigin, TextRole};

/// The state being compiled.
struct Here {
    id: StateId,
    name: String,
}

impl Compiler<'_, '_> {
    pub(super) fn state(&mut self, flow: &FlowDraft, draft: (usize, usize), state: &StateDraft) {
        let id = StateId(u16::try_from(self.states.len()).unwrap_or(u16::MAX));
        let here = Here { id, name: format!("{}.{}", flow.name.text, state.name.text) };
        let written_guard = state.requires.max(flow.requires);
        let uses = self.uses(&here, &state.uses);
        let say = state.say.as_ref().map(|say| self.text(&here, "say", say, TextRole::Say));
        let kind = self.kind(&here, state);
        let mut guard = uses.iter().map(|call| call.source.guard).fold(written_guard, Guard::max);
        match &kind {
            Kind::List(list) => guard = guard.max(list.from.source.guard),
            Kind::Action(call) => guard = guard.max(call.action.guard),
            _ => {}
        }
        self.states.push(State {
            name: here.name,
            flow: FlowId(u16::try_from(self.flow).unwrap_or(u16::MAX)),
            guard,
            uses,
            say,
            standard_keys: state.back,
            kind,
        });
        let edges = std::mem::take(&mut self.edges);
        self.origins.states.push(StateOrigin { draft, place: state.name.place, written_guard, edges });
    }

    fn text(&mut self, here: &Here, part: &str, say: &Say, role: TextRole) -> TextId {
        self.speech.say(format!("{}.{part}", here.name), say, Some(here.id), role, self.findings)
    }

    fn kind(&mut self, here: &Here, state: &StateDraft) -> Kind {
        match &state.kind {
            KindDraft::Menu(choices) | KindDraft::Text(choices) => {
                Kind::Prompt(Prompt { choices: self.choices(here, choices) })
            }
            KindDraft::List(list) => self.list(here, list).unwrap_or(Kind::End),
            KindDraft::Input { kind, save, go, .. } => {
                let answer = match kind {
                    InputKind::Number { .. } => FieldKind::Number,
                    InputKind::Date { .. } => FieldKind::Date,
                    _ => FieldKind::Text,
                };
                let save = save.as_ref().map(|name| self.save(name, answer));
                let go = self.follow(go.as_ref(), EdgeKind::Answer);
                Kind::Input(Input { kind: kind.clone(), save, go })
            }
            KindDraft::Branch(arms) => {
                let arms = arms.iter().enumerate().map(|(at, arm)| {
                    let when =
                        arm.when.as_ref().map(|when| self.condition(here, &format!("branch.{at}"), when));
                    Arm { when, go: self.follow(arm.go.as_ref(), EdgeKind::Arm(at)) }
                });
                Kind::Branch(arms.collect())
            }
            KindDraft::Action { action, with, on, place } => {
                self.action(here, action, with, on, *place).unwrap_or(Kind::End)
            }
            KindDraft::Call { flow: name, go } => {
                let Some(flow) = self.flow_named(name) else { return Kind::End };
                self.note(None, name.place, EdgeKind::Into(flow));
                let then = self.follow(go.as_ref(), EdgeKind::Then(flow));
                Kind::Call { flow, then }
            }
            KindDraft::End => Kind::End,
            KindDraft::Broken => {
                self.origins.broken = true;
                Kind::End
            }
        }
    }

    fn condition(&mut self, here: &Here, part: &str, scalar: &Scalar) -> TextId {
        self.speech.condition(format!("{}.{part}.when", here.name), scalar, here.id)
    }

    fn choices(&mut self, here: &Here, drafts: &[ChoiceDraft]) -> Vec<Choice> {
        drafts.iter().map(|draft| self.choice(here, draft)).collect()
    }

    fn choice(&mut self, here: &Here, draft: &ChoiceDraft) -> Choice {
        let key = draft.key.text.clone();
        for (code, _) in &draft.words {
            if self.speech.language(&code.text).is_none() {
                self.findings.push(
                    Finding::error("unknown-language", code.place, format!("no language `{}`", code.text))
                        .nearest(&code.text, self.speech.codes()),
                );
            }
        }
        let label = match &draft.say {
            Some(say) => self.text(here, &key, say, TextRole::Label),
            None => self.text(
                here,
                &key,
                &Say::ByLanguage { place: draft.place, texts: Vec::new() },
                TextRole::Label,
            ),
        };
        Choice {
            words: draft.words.iter().flat_map(|(_, words)| words).map(|word| word.text.clone()).collect(),
            label,
            when: draft.when.as_ref().map(|when| self.condition(here, &key, when)),
            set: draft
                .set
                .iter()
                .map(|(name, value)| (self.set(name, &value.text), value.text.clone()))
                .collect(),
            go: self.follow(draft.go.as_ref(), EdgeKind::Choice(key.clone())),
            key,
        }
    }

    fn list(&mut self, here: &Here, draft: &ListDraft) -> Option<Kind> {
        let from = self.source(here, &draft.from);
        let save = draft.save.as_ref().map(|name| self.save(name, FieldKind::Text));
        let go = draft.go.as_ref().map(|go| self.follow(Some(go), EdgeKind::Item));
        let empty = self.follow(draft.empty.as_ref(), EdgeKind::Empty);
        let choices = self.choices(here, &draft.choices);
        let item = draft.item.as_ref().map(|item| self.text(here, "item", item, TextRole::Item));
        let (from, item) = (from?, item?);
        let name = &draft.from.source;
        if from.source.shape == Shape::One {
            self.findings.push(
                Finding::error("wrong-source", name.place, format!("`{}` has one item, not many", name.text))
                    .hint("show it in a `text` with `use`"),
            );
        } else if save.is_some() && !from.source.fields.iter().any(|field| field.name == "id") {
            let message = format!("the items of `{}` have no `id` to save", name.text);
            self.findings.push(Finding::error("wrong-source", name.place, message));
        }
        Some(Kind::List(List { from, item, save, go, empty, choices }))
    }

    fn uses(&mut self, here: &Here, drafts: &[CallDraft]) -> Vec<SourceCall> {
        let mut calls: Vec<SourceCall> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let Some(call) = self.source(here, draft) else { continue };
            let place = draft.alias.as_ref().map_or(draft.source.place, |alias| alias.place);
            if GIVEN.contains(&call.alias.as_str()) || calls.iter().any(|known| known.alias == call.alias) {
                self.findings.push(
                    Finding::error("double-name", place, format!("`{}` is taken already", call.alias))
                        .hint("give it another name with `as`"),
                );
                continue;
            }
            calls.push(call);
        }
        calls
    }

    fn source(&mut self, here: &Here, draft: &CallDraft) -> Option<SourceCall> {
        let name = &draft.source;
        let Some(source) = self.catalog.source(&name.text) else {
            let known: Vec<&str> = self.catalog.sources.iter().map(|source| source.name).collect();
            self.findings.push(
                Finding::error("unknown-source", name.place, format!("no data source `{}`", name.text))
                    .nearest(&name.text, known)
                    .otherwise("`mamacare menu catalog` lists the sources"),
            );
            return None;
        };
        let with = self.params(here, name, source.params, &draft.with, TextRole::SourceParam);
        let alias = draft.alias.as_ref().unwrap_or(name).text.clone();
        Some(SourceCall { source, alias, with })
    }

    fn params(
        &mut self,
        here: &Here,
        of: &Name,
        specs: &'static [ParamSpec],
        with: &[(Name, Scalar)],
        role: TextRole,
    ) -> Vec<(&'static str, TextId)> {
        let mut params = Vec::with_capacity(with.len());
        for (name, scalar) in with {
            let text = self.speech.param(format!("{}.{}", here.name, name.text), scalar, here.id, role);
            let Some(spec) = specs.iter().find(|spec| spec.name == name.text) else {
                let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
                let message = format!("`{}` has no parameter `{}`", of.text, name.text);
                let finding = Finding::error("unknown-parameter", name.place, message);
                self.findings.push(finding.nearest(&name.text, known).otherwise("it takes no parameters"));
                continue;
            };
            params.push((spec.name, text));
        }
        for spec in specs.iter().filter(|spec| spec.required) {
            if !with.iter().any(|(name, _)| name.text == spec.name) {
                self.findings.push(
                    Finding::error(
                        "missing-parameter",
                        of.place,
                        format!("`{}` needs the parameter `{}`", of.text, spec.name),
                    )
                    .hint(format!("`{}` is {}; give it under `with`", spec.name, spec.about)),
                );
            }
        }
        params
    }

    fn action(
        &mut self,
        here: &Here,
        name: &Name,
        with: &[(Name, Scalar)],
        on: &[(Name, Name)],
        place: Place,
    ) -> Option<Kind> {
        let Some(action) = self.catalog.action(&name.text) else {
            let known: Vec<&str> = self.catalog.actions.iter().map(|action| action.name).collect();
            self.findings.push(
                Finding::error("unknown-action", name.place, format!("no action `{}`", name.text))
                    .nearest(&name.text, known)
                    .otherwise("`mamacare menu catalog` lists the actions"),
            );
            self.origins.broken = true;
            return None;
        };
        let with = self.params(here, name, action.params, with, TextRole::ActionParam);
        for (outcome, _) in on {
            if !action.outcomes.iter().any(|known| known.name == outcome.text) {
                let known: Vec<&str> = action.outcomes.iter().map(|known| known.name).collect();
                let message = format!("`{}` never ends in `{}`", action.name, outcome.text);
                self.findings.push(
                    Finding::error("unknown-outcome", outcome.place, message).nearest(&outcome.text, known),
                );
            }
        }
        let mut targets = Vec::with_capacity(action.outcomes.len());
        for (at, outcome) in action.outcomes.iter().enumerate() {
            if let Some((_, target)) = on.iter().find(|(name, _)| name.text == outcome.name) {
                targets.push(self.follow(Some(target), EdgeKind::Outcome(at)));
            } else {
                let message =
                    format!("`{}` can end in `{}`, which `on` does not cover", action.name, outcome.name);
                self.findings.push(
                    Finding::error("missing-outcome", place, message)
                        .hint(format!("`{}`: {}", outcome.name, outcome.about)),
                );
                targets.push(Target::Home);
            }
        }
        Some(Kind::Action(ActionCall { action, with, on: targets }))
    }
}
