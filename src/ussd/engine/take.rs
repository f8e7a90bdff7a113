//! Taking an answer: the standard keys, choices, items of a list, typed input.

use crate::menu::{Choice, InputKind, Kind, List, State, Target, VarId};

use super::super::input;
use super::super::port::Secret;
use super::super::session::{Notice, Status};
use super::scope::Scene;
use super::{EngineError, Machine, Next, Todo};

impl Machine<'_> {
    /// Takes what she typed as the answer to the screen that she sees.
    pub(super) fn take_answer(&mut self, typed: String) -> Result<Next, EngineError> {
        let key = typed.trim().trim_end_matches('#').trim();
        let id = self.session.place;
        let state = self.state(id)?;
        if key == self.ground.menu.keys.leave {
            return Ok(Next::Todo(self.leave()));
        }
        if let Some(todo) = self.standard_key(state, key) {
            return Ok(Next::Todo(todo));
        }
        if needs_data(&state.kind)
            && let Some(questions) = self.missing(id)?
        {
            return Ok(Next::Ask(questions, Todo::Take(typed)));
        }
        let taken = match &state.kind {
            Kind::Prompt(prompt) => self.choose(&prompt.choices, key)?.ok_or(Notice::WrongChoice),
            Kind::List(list) => self.choose_item(list, key)?,
            Kind::Input(question) => {
                let answer = input::read(&question.kind, key, self.ground.today);
                answer.map(|answer| self.keep(&question.kind, question.save, answer)).map(|()| question.go)
            }
            Kind::End | Kind::Branch(_) | Kind::Action(_) | Kind::Call { .. } => Err(Notice::WrongChoice),
        };
        Ok(Next::Todo(match taken {
            Ok(target) => Todo::Go(target),
            Err(notice) => self.refuse(notice),
        }))
    }

    /// Back, home, more and the page before, where the screen offers them.
    fn standard_key(&mut self, state: &State, key: &str) -> Option<Todo> {
        let keys = &self.ground.menu.keys;
        let home = self.session.place == self.ground.menu.home;
        if state.standard_keys && !matches!(state.kind, Kind::End) {
            if key == keys.home && !home {
                return Some(self.go_home());
            }
            if key == keys.back && !(home && self.session.trail.is_empty()) {
                return Some(self.go_back());
            }
        }
        // Whether there is such a page is known when the screen is drawn.
        if key == keys.more && !matches!(state.kind, Kind::Input(_)) {
            self.session.page = self.session.page.saturating_add(1);
            self.wants_more = true;
        } else if key == keys.previous && self.session.page > 0 {
            self.session.page -= 1;
        } else {
            return None;
        }
        if !self.session.notice_in_pages {
            self.session.notice = None;
        }
        Some(Todo::Show)
    }

    fn choose(&mut self, choices: &[Choice], key: &str) -> Result<Option<Target>, EngineError> {
        let scene = Scene::default();
        let typed_key = key.trim_end_matches(['.', ')']);
        for choice in choices {
            let named = choice.key == typed_key || choice.words.iter().any(|word| input::is_word(word, key));
            if named && self.offered(choice, &scene)? {
                for (var, value) in &choice.set {
                    self.save(*var, value.clone());
                }
                return Ok(Some(choice.go));
            }
        }
        Ok(None)
    }

    pub(super) fn offered(&self, choice: &Choice, scene: &Scene) -> Result<bool, EngineError> {
        match choice.when {
            None => Ok(true),
            Some(condition) => self.holds(condition, scene),
        }
    }

    /// An item by its number, if the list is still the one that she chose from.
    fn choose_item(&mut self, list: &List, key: &str) -> Result<Result<Target, Notice>, EngineError> {
        if let Some(target) = self.choose(&list.choices, key)? {
            return Ok(Ok(target));
        }
        let Some(target) = list.go else { return Ok(Err(Notice::WrongChoice)) };
        let at =
            key.trim_end_matches(['.', ')']).parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let Some(item) = at.and_then(|at| self.items().get(at)) else { return Ok(Err(Notice::WrongChoice)) };
        if !self.from_suffix && self.session.listed != self.fingerprint() {
            return Ok(Err(Notice::ListChanged));
        }
        if let Some(var) = list.save {
            let id = item.get("id").map(super::show::plain).unwrap_or_default();
            self.save(var, id);
        }
        Ok(Ok(target))
    }

    fn keep(&mut self, kind: &InputKind, save: Option<VarId>, answer: String) {
        if matches!(kind, InputKind::Pin) {
            self.secret = Some(Secret::new(answer));
        } else if let Some(var) = save {
            self.save(var, answer);
        }
    }

    fn save(&mut self, var: VarId, value: String) {
        self.session.answers.retain(|(known, _)| *known != var);
        self.session.answers.push((var, value));
    }

    /// The question again, with the reason; after too many in a row, help or a polite end. What
    /// she gave before stays.
    fn refuse(&mut self, notice: Notice) -> Todo {
        if std::mem::take(&mut self.from_suffix) {
            self.session.jump.clear();
            self.session.notice = Some(notice);
            return Todo::Show;
        }
        self.session.notice = Some(notice);
        if notice != Notice::ListChanged {
            self.session.strikes = self.session.strikes.saturating_add(1);
        }
        let strikes = self.ground.menu.strikes;
        if self.session.strikes < strikes.limit {
            return Todo::Show;
        }
        self.session.strikes = 0;
        match strikes.go {
            Some(Target::State(help)) if help == self.session.place => Todo::Show,
            Some(target) => Todo::Go(target),
            None => {
                self.session.status = Status::GaveUp;
                Todo::Show
            }
        }
    }
}

/// Whether the answer can be understood only with the state's data at hand.
fn needs_data(kind: &Kind) -> bool {
    match kind {
        Kind::List(_) => true,
        Kind::Prompt(prompt) => prompt.choices.iter().any(|choice| choice.when.is_some()),
        Kind::Input(_) | Kind::End | Kind::Branch(_) | Kind::Action(_) | Kind::Call { .. } => false,
    }
}
