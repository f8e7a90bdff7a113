//! The engine: walks a menu with a session. It does no I/O: [`Machine::step`] says what it needs
//! next ([`Step::Ask`], [`Step::Do`]), its driver brings it and calls again, until the screen is
//! [`Step::Done`]. Guards are enforced here, whatever a menu's author wrote.

mod go;
mod scope;
mod seen;
mod show;
mod take;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use crate::care::Msisdn;
use crate::menu::{FlowId, Guard, LanguageId, Menu, RenderError, State, StateId, Target};
use crate::text::Display;

use super::port::{Answer, Deed, Effect, Outcome, PhoneFacts, Proof, Question, Secret};
use super::session::{Mark, Session, Status, Suspended};
use super::turn::Reply;
use scope::Known;
pub use show::closing;

/// Moves without a screen in one turn; a menu that needs more goes in a circle.
const MOST_MOVES: u16 = 200;
/// Sub-flows and guards open at once.
const MOST_FRAMES: usize = 12;
/// Screens that a session can go back to.
const MOST_STEPS: usize = 12;

/// What a turn is walked on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'m> {
    /// The session's menu.
    pub menu: &'m Menu,
    /// How the channel shows text.
    pub display: Display,
    /// What was dialled.
    pub service_code: &'m str,
    /// Who calls.
    pub msisdn: Msisdn,
    /// Today in Africa/Freetown.
    pub today: NaiveDate,
}

/// What the engine wants next.
#[derive(Debug)]
pub enum Step {
    /// Bring the answers with [`Machine::answered`].
    Ask(Vec<Question>),
    /// Do it and bring how it ended with [`Machine::done`].
    Do(Deed),
    /// The screen; the turn is over.
    Done(Reply),
}

/// A turn that cannot be finished; the phone gets an apology and nothing is stored.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A text could not be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The menu goes in a circle without a screen.
    #[error("the menu goes in a circle at {0}")]
    Circle(String),
    /// A stored place, or a target, is not in the menu.
    #[error("state {0} is not in this menu")]
    NoSuchState(u16),
    /// A state asked for data that the caller has not proved to be hers. Never shown, always a
    /// defect.
    #[error("{0} was asked without its guard")]
    Unguarded(&'static str),
    /// An action ended in a way that it does not publish.
    #[error("{0} ended in a way that is not in the catalogue")]
    UnknownOutcome(&'static str),
    /// The driver called out of turn.
    #[error("the driver brought an answer that was not asked for")]
    NotAsked,
}

/// What to do next within a turn.
#[derive(Debug)]
enum Todo {
    /// Take what she typed as an answer to the place.
    Take(String),
    /// Follow a target.
    Go(Target),
    /// Enter a state, after its guard.
    Enter(StateId),
    /// The guard holds: run the state.
    Arrive(StateId),
    /// An action is being done.
    Settle(StateId),
    /// Draw the place.
    Show,
}

/// How a move ends.
enum Next {
    Todo(Todo),
    Ask(Vec<Question>, Todo),
    Do(Deed, StateId),
    Reply(Reply),
}

/// One turn under way.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says one thing about the turn and none excludes another"
)]
pub struct Machine<'m> {
    ground: Ground<'m>,
    session: Session,
    effects: Vec<Effect>,
    secret: Option<Secret>,
    todo: Todo,
    known: Option<Known>,
    /// Frames that were open when the place was last shown.
    shown_depth: usize,
    /// The state that is being run.
    running: StateId,
    /// A flow to prove a guard has just returned; if it is still needed, it has failed.
    returned: Option<FlowId>,
    /// The next place is gone back to or begins anew: the one before is not remembered.
    forget_step: bool,
    /// The page to show on going back.
    back_to_page: u8,
    /// The way here led through an action.
    acted: bool,
    /// The answer comes from the dialled suffix.
    from_suffix: bool,
    /// She asked for the next page.
    wants_more: bool,
    redraw: bool,
    moves: u16,
}

impl<'m> Machine<'m> {
    /// A new session: `suffix` is what was dialled after the service code (`2*1`), if anything.
    pub fn open(
        ground: Ground<'m>,
        phone: [u8; 16],
        facts: PhoneFacts,
        suspended: Option<Suspended>,
        suffix: &str,
        mark: Mark,
    ) -> Self {
        let menu = ground.menu;
        let language = facts.language.as_deref().and_then(|code| menu.served(code)).unwrap_or(LanguageId(0));
        let jump: Vec<String> = suffix.split('*').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        let suspended = suspended.filter(|place| place.menu == menu.version && jump.is_empty());
        let start = menu.resume.filter(|_| suspended.is_some()).unwrap_or(menu.start);
        let session = Session {
            menu: menu.version,
            phone,
            turn: 0,
            mark,
            status: Status::Open,
            language,
            facts,
            chosen: None,
            proof: Proof::None,
            place: start,
            page: 0,
            result: false,
            frames: Vec::new(),
            trail: Vec::new(),
            notice: None,
            notice_in_pages: false,
            strikes: 0,
            answers: Vec::new(),
            outcome: Vec::new(),
            listed: 0,
            jump,
            jumping: false,
            suspended: suspended.map(Box::new),
        };
        let mut machine = Self::new(ground, session, Todo::Enter(start));
        machine.forget_step = true;
        machine
    }

    /// The next turn of a session: `typed` is this turn's input alone, `mark` what has been
    /// consumed with it.
    pub fn take(ground: Ground<'m>, mut session: Session, typed: String, mark: Mark) -> Self {
        session.mark = mark;
        Self::new(ground, session, Todo::Take(typed))
    }

    /// Draws the screen of the last turn once more, for a repeat; changes nothing.
    pub fn redraw(ground: Ground<'m>, session: Session) -> Self {
        let mut machine = Self::new(ground, session, Todo::Show);
        machine.redraw = true;
        machine
    }

    fn new(ground: Ground<'m>, session: Session, todo: Todo) -> Self {
        let shown_depth = session.frames.len();
        let running = session.place;
        Self {
            ground,
            session,
            effects: Vec::new(),
            secret: None,
            todo,
            known: None,
            shown_depth,
            running,
            returned: None,
            forget_step: false,
            back_to_page: 0,
            acted: false,
            from_suffix: false,
            wants_more: false,
            redraw: false,
            moves: 0,
        }
    }

    /// What the turn is walked on.
    pub fn ground(&self) -> &Ground<'m> {
        &self.ground
    }

    /// The session as it stands; for the caller of questions and deeds.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session after the turn, and what is written with it.
    pub fn into_parts(self) -> (Session, Vec<Effect>) {
        (self.session, self.effects)
    }

    /// Goes on until something is needed or the screen is ready.
    pub fn step(&mut self) -> Result<Step, EngineError> {
        loop {
            self.moves += 1;
            if self.moves > MOST_MOVES {
                let name = self.state(self.session.place)?.name.clone();
                return Err(EngineError::Circle(name));
            }
            let next = match std::mem::replace(&mut self.todo, Todo::Show) {
                Todo::Take(typed) => self.take_answer(typed)?,
                Todo::Go(target) => self.follow(target)?,
                Todo::Enter(state) => self.enter(state)?,
                Todo::Arrive(state) => self.arrive(state)?,
                Todo::Settle(_) => return Err(EngineError::NotAsked),
                Todo::Show => self.show()?,
            };
            match next {
                Next::Todo(todo) => self.todo = todo,
                Next::Ask(questions, todo) => {
                    self.todo = todo;
                    return Ok(Step::Ask(questions));
                }
                Next::Do(deed, state) => {
                    self.todo = Todo::Settle(state);
                    return Ok(Step::Do(deed));
                }
                Next::Reply(reply) => {
                    if !self.redraw {
                        self.session.turn += 1;
                    }
                    return Ok(Step::Done(reply));
                }
            }
        }
    }

    /// The answers to the last [`Step::Ask`], in its order.
    pub fn answered(&mut self, answers: Vec<Answer>) -> Result<(), EngineError> {
        let known = self.known.as_mut().ok_or(EngineError::NotAsked)?;
        known.fill(answers)
    }

    /// How the last [`Step::Do`] ended.
    pub fn done(&mut self, outcome: Outcome) -> Result<(), EngineError> {
        let Todo::Settle(state) = self.todo else { return Err(EngineError::NotAsked) };
        self.todo = self.settle(state, outcome)?;
        Ok(())
    }

    fn state(&self, id: StateId) -> Result<&'m State, EngineError> {
        self.ground.menu.state(id).ok_or(EngineError::NoSuchState(id.0))
    }

    /// What the caller has proved so far.
    fn level(&self) -> Guard {
        match self.session.proof {
            Proof::Pin { consented: true, .. } => Guard::Consent,
            Proof::Pin { consented: false, .. } => Guard::Pin,
            Proof::None | Proof::Choosing { .. } if self.session.facts.people > 0 => Guard::Phone,
            Proof::None | Proof::Choosing { .. } => Guard::Anonymous,
        }
    }

    /// The flow that proves what is still missing of `guard`, the least first.
    fn unmet(&self, guard: Guard) -> Option<FlowId> {
        let level = self.level();
        if level >= guard {
            return None;
        }
        let prove = self.ground.menu.prove;
        Some(match level {
            Guard::Anonymous => prove.phone,
            Guard::Phone => prove.pin,
            Guard::Pin | Guard::Consent => prove.consent,
        })
    }
}
