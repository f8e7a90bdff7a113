//! Moving: targets, guards, sub-flows, steps back, resuming, and the states without a screen.

use uuid::Uuid;

use crate::menu::{ActionCall, Arm, FlowId, Kind, StateId, Target};

use super::super::port::{Deed, Effect, Outcome, Params, Proof};
use super::super::session::{Frame, Status, Step as Back, Suspended};
use super::scope::Scene;
use super::{EngineError, MOST_FRAMES, MOST_STEPS, Machine, Next, Todo};

impl Machine<'_> {
    pub(super) fn follow(&mut self, target: Target) -> Result<Next, EngineError> {
        Ok(Next::Todo(match target {
            Target::State(state) => Todo::Enter(state),
            Target::Return => self.give_back()?,
            Target::Home => self.go_home(),
            Target::Back => self.go_back(),
            Target::Leave => self.leave(),
            Target::Resume => self.resume()?,
        }))
    }

    /// Enters a state once its guard holds; until then the flow that proves it comes first.
    pub(super) fn enter(&mut self, id: StateId) -> Result<Next, EngineError> {
        let state = self.state(id)?;
        let Some(flow) = self.unmet(state.guard) else {
            self.returned = None;
            return Ok(Next::Todo(Todo::Arrive(id)));
        };
        if self.returned.take() == Some(flow) {
            return Ok(Next::Todo(self.go_home()));
        }
        self.open_frame(Frame::Guard(id))?;
        Ok(Next::Todo(Todo::Enter(self.start_of(flow)?)))
    }

    /// Runs a state: on to the next where it has no screen, else it becomes the place.
    pub(super) fn arrive(&mut self, id: StateId) -> Result<Next, EngineError> {
        let state = self.state(id)?;
        self.running = id;
        match &state.kind {
            Kind::Branch(arms) => {
                if let Some(questions) = self.missing(id)? {
                    return Ok(Next::Ask(questions, Todo::Arrive(id)));
                }
                Ok(Next::Todo(Todo::Go(self.branch(arms)?)))
            }
            Kind::Action(call) => {
                if let Some(questions) = self.missing(id)? {
                    return Ok(Next::Ask(questions, Todo::Arrive(id)));
                }
                self.act(id, call)
            }
            Kind::Call { flow, .. } => {
                self.open_frame(Frame::Call(id))?;
                Ok(Next::Todo(Todo::Enter(self.start_of(*flow)?)))
            }
            Kind::List(list) => {
                if let Some(questions) = self.missing(id)? {
                    return Ok(Next::Ask(questions, Todo::Arrive(id)));
                }
                if self.items().is_empty() {
                    return Ok(Next::Todo(Todo::Go(list.empty)));
                }
                Ok(Next::Todo(self.settle_at(id)))
            }
            Kind::Prompt(_) | Kind::Input(_) | Kind::End => Ok(Next::Todo(self.settle_at(id))),
        }
    }

    /// After an action: its facts, what it proved, and where its outcome leads.
    pub(super) fn settle(&mut self, id: StateId, outcome: Outcome) -> Result<Todo, EngineError> {
        let Kind::Action(call) = &self.state(id)?.kind else { return Err(EngineError::NotAsked) };
        let name = call.action.name;
        let at = call.action.outcomes.iter().position(|known| known.name == outcome.name);
        let target = at.and_then(|at| call.on.get(at)).copied().ok_or(EngineError::UnknownOutcome(name))?;
        self.session.outcome =
            outcome.facts.into_iter().map(|(fact, value)| (fact.to_owned(), value)).collect();
        if let Some(proof) = outcome.proof {
            self.session.proof = proof;
        }
        if let Some(facts) = outcome.phone {
            self.session.facts = facts;
        }
        self.effects.extend(outcome.effects);
        self.acted = true;
        self.known = None;
        Ok(Todo::Go(target))
    }

    fn branch(&self, arms: &[Arm]) -> Result<Target, EngineError> {
        let scene = Scene::default();
        for arm in arms {
            let holds = match arm.when {
                None => true,
                Some(condition) => self.holds(condition, &scene)?,
            };
            if holds {
                return Ok(arm.go);
            }
        }
        Ok(Target::Home)
    }

    fn act(&mut self, id: StateId, call: &ActionCall) -> Result<Next, EngineError> {
        if self.level() < call.action.guard {
            return Err(EngineError::Unguarded(call.action.name));
        }
        let params = self.params(&call.with)?;
        if let Some(outcome) = self.built_in(call.action.name, &params) {
            return Ok(Next::Todo(self.settle(id, outcome)?));
        }
        let secret = if call.action.secret { self.secret.take() } else { None };
        Ok(Next::Do(Deed { action: call.action, params, secret }, id))
    }

    /// The actions that change the session alone.
    fn built_in(&mut self, action: &'static str, params: &Params) -> Option<Outcome> {
        let param = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
        match action {
            "set_language" => {
                let code = param("language").to_owned();
                if let Some(language) = self.ground.menu.served(&code) {
                    self.session.language = language;
                    // What is remembered already need not be written again.
                    if self.session.facts.language.as_ref() != Some(&code) {
                        self.session.facts.language = Some(code.clone());
                        self.effects.push(Effect::Language(code));
                    }
                }
            }
            "set_district" => {
                let district = param("district").to_owned();
                if self.session.facts.district.as_ref() != Some(&district) {
                    self.session.facts.district = Some(district.clone());
                    self.effects.push(Effect::District(district));
                }
            }
            "choose_person" => {
                self.session.proof = Proof::None;
                let people = self.session.facts.people;
                let chosen = param("person").parse().ok().filter(|at| (1..=people).contains(at));
                self.session.chosen = chosen.map(|at: u8| at - 1);
            }
            "forget_pin" => {
                self.session.proof = Proof::None;
                self.session.chosen = None;
            }
            _ => return None,
        }
        Some(Outcome { name: "ok", ..Outcome::default() })
    }

    /// Makes a state with a screen the place. A dialled suffix goes on from the first menu, not
    /// while a guard is being proved.
    fn settle_at(&mut self, id: StateId) -> Todo {
        self.remember_step(id);
        self.close_offer(id);
        let session = &mut self.session;
        session.place = id;
        session.page = std::mem::take(&mut self.back_to_page);
        session.result = std::mem::take(&mut self.acted);
        session.notice = None;
        session.strikes = 0;
        self.shown_depth = session.frames.len();
        let proving = session.frames.iter().any(|frame| matches!(frame, Frame::Guard(_) | Frame::Resume));
        if session.jump.is_empty() || proving || !(session.jumping || id == self.ground.menu.home) {
            return Todo::Show;
        }
        session.jumping = true;
        let choosable = self
            .ground
            .menu
            .state(id)
            .is_some_and(|state| matches!(state.kind, Kind::Prompt(_) | Kind::List(_)));
        if !choosable {
            session.jump.clear();
            return Todo::Show;
        }
        let key = session.jump.remove(0);
        self.from_suffix = true;
        Todo::Take(key)
    }

    /// Where she was cut off is offered once: any other screen than the offer closes it.
    fn close_offer(&mut self, entering: StateId) {
        let proving = self.session.frames.contains(&Frame::Resume);
        if self.session.suspended.is_some() && self.ground.menu.resume != Some(entering) && !proving {
            self.session.suspended = None;
            self.effects.push(Effect::CloseSuspended);
        }
    }

    /// Keeps the screen that is left, unless it told how an action ended, was part of a sub-flow
    /// that has returned, or is the one that is entered.
    fn remember_step(&mut self, entering: StateId) {
        let forget = std::mem::take(&mut self.forget_step);
        let session = &mut self.session;
        let same = session.place == entering;
        if forget || same || session.result || self.shown_depth > session.frames.len() {
            return;
        }
        if session.trail.len() >= MOST_STEPS {
            session.trail.remove(0);
        }
        let depth = u8::try_from(self.shown_depth).unwrap_or(u8::MAX);
        session.trail.push(Back { state: session.place, page: session.page, depth });
    }

    fn open_frame(&mut self, frame: Frame) -> Result<(), EngineError> {
        if self.session.frames.len() >= MOST_FRAMES {
            return Err(EngineError::Circle(self.state(self.session.place)?.name.clone()));
        }
        self.session.frames.push(frame);
        Ok(())
    }

    fn start_of(&self, flow: FlowId) -> Result<StateId, EngineError> {
        let flow = self.ground.menu.flows.get(usize::from(flow.0));
        flow.map(|flow| flow.start).ok_or(EngineError::NoSuchState(u16::MAX))
    }

    /// The end of a sub-flow.
    fn give_back(&mut self) -> Result<Todo, EngineError> {
        let flow = self.state(self.running)?.flow;
        let Some(frame) = self.session.frames.pop() else { return Ok(self.go_home()) };
        let open = self.session.frames.len();
        if open < self.shown_depth {
            // The screen was part of what returns, also if something else is called next.
            self.shown_depth = usize::MAX;
        }
        self.acted = false;
        self.session.trail.retain(|step| usize::from(step.depth) <= open);
        Ok(match frame {
            Frame::Call(state) => {
                self.running = state;
                match self.state(state)?.kind {
                    Kind::Call { then, .. } => Todo::Go(then),
                    _ => self.go_home(),
                }
            }
            Frame::Guard(state) => {
                self.returned = Some(flow);
                Todo::Enter(state)
            }
            Frame::Resume => {
                let wanted = self.session.suspended.as_ref().and_then(|place| place.person);
                if wanted.is_some() && wanted == self.person() { self.restore() } else { self.go_home() }
            }
        })
    }

    pub(super) fn go_home(&mut self) -> Todo {
        self.session.frames.clear();
        self.session.trail.clear();
        self.session.answers.clear();
        self.forget_step = true;
        self.acted = false;
        Todo::Enter(self.ground.menu.home)
    }

    pub(super) fn go_back(&mut self) -> Todo {
        let Some(step) = self.session.trail.pop() else { return self.go_home() };
        self.session.frames.truncate(usize::from(step.depth));
        self.back_to_page = step.page;
        self.forget_step = true;
        self.acted = false;
        Todo::Enter(step.state)
    }

    /// Ends at once on the harmless screen, and closes what could be resumed.
    pub(super) fn leave(&mut self) -> Todo {
        self.session.status = Status::Left;
        self.session.proof = Proof::None;
        self.close_suspended();
        self.effects.push(Effect::CloseSuspended);
        Todo::Show
    }

    fn close_suspended(&mut self) {
        self.session.suspended = None;
        self.session.answers.clear();
        self.session.frames.clear();
        self.session.trail.clear();
    }

    fn resume(&mut self) -> Result<Todo, EngineError> {
        let Some(place) = self.session.suspended.as_ref() else { return Ok(self.go_home()) };
        if place.person.is_none() || place.person == self.person() {
            return Ok(self.restore());
        }
        self.open_frame(Frame::Resume)?;
        Ok(Todo::Enter(self.start_of(self.ground.menu.prove.pin)?))
    }

    fn restore(&mut self) -> Todo {
        let Some(place) = self.session.suspended.take() else { return self.go_home() };
        let Suspended { place, page, frames, trail, answers, .. } = *place;
        self.session.frames = frames;
        self.session.trail = trail;
        self.session.answers = answers;
        self.back_to_page = page;
        self.forget_step = true;
        self.acted = false;
        self.effects.push(Effect::CloseSuspended);
        Todo::Enter(place)
    }

    /// Who gave her PIN.
    pub(super) fn person(&self) -> Option<Uuid> {
        match self.session.proof {
            Proof::Pin { person, .. } => Some(person),
            Proof::None | Proof::Choosing { .. } => None,
        }
    }
}
