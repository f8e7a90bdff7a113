//! What texts and conditions see: facts, answers, constants, and the data sources of a state.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::menu::{Fields, Kind, Shape, SourceCall, StateId, TextContext, TextId, Value};

use super::super::port::{Answer, Effect, Params, Question};
use super::seen::{ROOTS, Sight};
use super::{EngineError, Machine};

/// The answers of one state's data sources.
#[derive(Debug)]
pub(super) struct Known {
    state: StateId,
    /// One a source, in the order of `use`, the list's source last; `None` until answered.
    answers: Vec<Option<Answer>>,
}

impl Known {
    /// Puts the answers where they are missing.
    pub(super) fn fill(&mut self, answers: Vec<Answer>) -> Result<(), EngineError> {
        let mut answers = answers.into_iter();
        for slot in self.answers.iter_mut().filter(|slot| slot.is_none()) {
            *slot = Some(answers.next().ok_or(EngineError::NotAsked)?);
        }
        Ok(())
    }
}

/// The values of a screen, gathered when the first text needs one: most need none.
#[derive(Debug, Default)]
pub(super) struct Scene(OnceCell<TextContext>);

impl Scene {
    /// The values.
    pub(super) fn values(&self, machine: &Machine<'_>) -> Result<&TextContext, EngineError> {
        if let Some(values) = self.0.get() {
            return Ok(values);
        }
        let values = machine.scope()?;
        Ok(self.0.get_or_init(|| values))
    }

    /// The values, to add an item's to them.
    fn with_item(&mut self, machine: &Machine<'_>, item: &Fields) -> Result<&TextContext, EngineError> {
        self.values(machine)?;
        if let Some(values) = self.0.get_mut() {
            values.insert("item", item);
        }
        self.values(machine)
    }
}

impl<'m> Machine<'m> {
    /// A text, with values where it shows any.
    pub(super) fn text(&self, text: TextId, scene: &Scene) -> Result<Cow<'m, str>, EngineError> {
        let texts = &self.ground.menu.texts;
        match texts.fixed(text, self.session.language) {
            Some(fixed) => Ok(Cow::Borrowed(fixed)),
            None => self.plain(text, None).map_or_else(
                || Ok(texts.render(text, self.session.language, scene.values(self)?)?),
                |shown| Ok(Cow::Owned(shown)),
            ),
        }
    }

    /// An item's line.
    pub(super) fn item_text(
        &self,
        text: TextId,
        item: &Fields,
        scene: &mut Scene,
    ) -> Result<Cow<'m, str>, EngineError> {
        if let Some(shown) = self.plain(text, Some(item)) {
            return Ok(Cow::Owned(shown));
        }
        let values = scene.with_item(self, item)?;
        Ok(self.ground.menu.texts.render(text, self.session.language, values)?)
    }

    fn plain(&self, text: TextId, item: Option<&Fields>) -> Option<String> {
        self.ground.menu.texts.plain(text, Some(self.session.language), &Sight { machine: self, item })
    }

    /// The questions of a state that are not answered yet; `None` where all are.
    pub(super) fn missing(&mut self, id: StateId) -> Result<Option<Vec<Question>>, EngineError> {
        if self.known.as_ref().is_some_and(|known| known.state == id) {
            return Ok(None);
        }
        let calls = self.calls(id)?;
        let mut answers = Vec::with_capacity(calls.len());
        let mut questions = Vec::new();
        for call in calls {
            if self.level() < call.source.guard {
                return Err(EngineError::Unguarded(call.source.name));
            }
            let answer = self.own_answer(call.source.name);
            if answer.is_none() {
                questions.push(Question { source: call.source, params: self.params(&call.with)? });
                self.note_read(call);
            }
            answers.push(answer);
        }
        self.known = Some(Known { state: id, answers });
        Ok(if questions.is_empty() { None } else { Some(questions) })
    }

    fn calls(&self, id: StateId) -> Result<Vec<&'m SourceCall>, EngineError> {
        let state = self.state(id)?;
        let mut calls: Vec<&SourceCall> = state.uses.iter().collect();
        if let Kind::List(list) = &state.kind {
            calls.push(&list.from);
        }
        Ok(calls)
    }

    /// Every look at a person's data goes into the audit trail, once a source and turn.
    fn note_read(&mut self, call: &SourceCall) {
        let Some(person) = self.person() else { return };
        let read = Effect::Read { person, source: call.source.name };
        if call.source.guard > crate::menu::Guard::Phone && !self.redraw && !self.effects.contains(&read) {
            self.effects.push(read);
        }
    }

    /// Sources that the engine answers itself.
    fn own_answer(&self, source: &str) -> Option<Answer> {
        let item = |id: String, name: (&'static str, Value)| -> Fields {
            [("id".into(), Value::Text(id)), (name.0.into(), name.1)].into()
        };
        match source {
            "languages" => Some(
                self.ground
                    .menu
                    .languages
                    .iter()
                    .filter(|language| language.served)
                    .map(|language| item(language.code.clone(), ("name", Value::Text(language.name.clone()))))
                    .collect(),
            ),
            "people" => Some(
                (1..=self.session.facts.people)
                    .map(|at| item(at.to_string(), ("number", Value::Number(i64::from(at)))))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The items of the place's list, as many as can be numbered.
    pub(super) fn items(&self) -> &[Fields] {
        let Some(known) = &self.known else { return &[] };
        let items = known.answers.last().and_then(Option::as_deref).unwrap_or_default();
        let most = match self.state(known.state).map(|state| &state.kind) {
            Ok(Kind::List(list)) if list.go.is_some() => self.ground.menu.keys.most_items(&list.choices),
            _ => items.len(),
        };
        items.get(..most).unwrap_or(items)
    }

    /// Parameters, rendered without any data source: what a source is asked cannot depend on
    /// another's answer.
    pub(super) fn params(&self, with: &[(&'static str, TextId)]) -> Result<Params, EngineError> {
        if with.is_empty() {
            return Ok(Params::new());
        }
        let texts = &self.ground.menu.texts;
        let scene = Scene::default();
        with.iter()
            .map(|(name, text)| {
                let plain = texts.plain(*text, None, &Sight { machine: self, item: None });
                let shown = match plain {
                    Some(shown) => Cow::Owned(shown),
                    None => texts.value(*text, scene.values(self)?)?,
                };
                Ok((*name, shown.trim().to_owned()))
            })
            .collect()
    }

    /// Everything that a text of this state may show, for Tera.
    pub(super) fn scope(&self) -> Result<TextContext, EngineError> {
        let mut scope = TextContext::new();
        for root in ROOTS {
            scope.insert(root, &self.known_everywhere(root).into_iter().collect::<BTreeMap<_, _>>());
        }
        scope.insert("today", &self.ground.today);
        self.insert_sources(&mut scope)?;
        Ok(scope)
    }

    /// The shape and the items of the source that this state calls so, once it has answered.
    pub(super) fn answer_of(&self, alias: &str) -> Option<(Shape, &Answer)> {
        let known = self.known.as_ref()?;
        let uses = &self.state(known.state).ok()?.uses;
        let (at, call) = uses.iter().enumerate().rev().find(|(_, call)| call.alias == alias)?;
        let answer = known.answers.get(at)?.as_ref()?;
        Some((call.source.shape, answer))
    }

    fn insert_sources(&self, scope: &mut TextContext) -> Result<(), EngineError> {
        let Some(known) = &self.known else { return Ok(()) };
        for (call, answer) in self.state(known.state)?.uses.iter().zip(&known.answers) {
            let Some(answer) = answer else { continue };
            match call.source.shape {
                Shape::Many => scope.insert(call.alias.clone(), answer),
                Shape::One => scope.insert(call.alias.clone(), &answer.first().cloned().unwrap_or_default()),
            }
        }
        Ok(())
    }
}
