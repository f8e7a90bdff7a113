//! One turn: what it is to its session, the engine's questions and deeds, the commit.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::care::calendar::local_day;
use crate::menu::{LanguageId, Menu, Standard};
use crate::text::Display;
use crate::ussd::engine::{Ground, Machine, Step};
use crate::ussd::port::{Caller, Stored};
use crate::ussd::{Event, Input, Intake, Mark, Reply, Session, Status, Taken, Turn, first_mark, intake};

use super::{Committed, DataPort, Failure, MenuShelf, TurnWrite, Turns, say};

/// Times that a turn is begun anew because another node was faster.
const MOST_TRIES: u8 = 3;

/// How far what is known of a session can be trusted.
enum Known {
    /// Read from the database in this turn.
    Read(Stored),
    /// This node's copy.
    Copy(Stored),
}

/// How a run of the engine ended.
enum Ran {
    Shown(Reply),
    /// The session was behind what is stored: begin anew with this.
    Behind,
}

impl<P: DataPort, M: MenuShelf> Turns<P, M> {
    pub(super) async fn run(&self, turn: &Turn, display: Display) -> Result<(Taken, &'static str), Failure> {
        let phone = self.keys.phone_index(turn.msisdn);
        let mut known = self.sessions.get(turn.session).map(Known::Copy);
        for _ in 0..MOST_TRIES {
            let now = self.clock.now();
            let Some(session) = known.take() else {
                let opening = self.port.opening(turn.session, phone, now).await?;
                let Some(stored) = opening.session else {
                    if turn.event != Event::Turn {
                        return Ok((Taken::Noted, "unknown_session"));
                    }
                    let menu = self.menus.current();
                    let mark = first_mark(&turn.input, |input| self.keys.mark(input));
                    if !begins(mark) {
                        return Ok((Taken::OutOfOrder { expected: 1 }, "skipped"));
                    }
                    let suffix = suffix(&turn.input);
                    let ground = ground(&menu, turn, display, now);
                    let machine =
                        Machine::open(ground, phone, opening.phone, opening.suspended, suffix, mark);
                    match self.walk(turn, machine, now, true).await? {
                        Ran::Shown(reply) => return Ok((Taken::Reply(reply), "begun")),
                        Ran::Behind => continue,
                    }
                };
                known = Some(Known::Read(stored));
                continue;
            };
            let (stored, fresh) = match session {
                Known::Read(stored) => (stored, true),
                Known::Copy(stored) => (stored, false),
            };
            if let Some(taken) = self.go_on(turn, display, phone, stored, fresh, now).await? {
                return Ok(taken);
            }
            // A copy was behind, or another node was faster: read the row.
            known = self.port.load(turn.session).await?.map(Known::Read);
        }
        Err(Failure::Overtaken)
    }

    /// A turn of a session that exists; `None`: read the session and begin anew.
    async fn go_on(
        &self,
        turn: &Turn,
        display: Display,
        phone: [u8; 16],
        stored: Stored,
        fresh: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<(Taken, &'static str)>, Failure> {
        let Stored { session, touched } = stored;
        let language = session.language;
        if session.phone != phone {
            tracing::warn!(session = turn.session.reference(), "a turn from another number");
            return Ok(Some((
                self.close(&session, Standard::LostPlace, language, turn, display).await,
                "foreign",
            )));
        }
        if turn.event != Event::Turn {
            return self.end(turn, session, now).await;
        }
        let idle = (now - touched).to_std().unwrap_or_default();
        match intake(session.mark, &turn.input, |input| self.keys.mark(input)) {
            Intake::Foreign | Intake::Skipped { .. } if !fresh => Ok(None),
            Intake::Skipped { expected } => Ok(Some((Taken::OutOfOrder { expected }, "skipped"))),
            Intake::Foreign => Ok(Some((
                self.close(&session, Standard::LostPlace, language, turn, display).await,
                "foreign",
            ))),
            Intake::Repeat | Intake::Late => {
                let menu = self.menu_of(&session).await?;
                let machine = Machine::redraw(ground(&menu, turn, display, now), session);
                match self.walk(turn, machine, now, fresh).await? {
                    Ran::Shown(reply) => Ok(Some((Taken::Reply(reply), "repeated"))),
                    Ran::Behind => Ok(None),
                }
            }
            Intake::Fresh { .. }
                if session.status != Status::Open || idle > self.settings.session_timeout =>
            {
                Ok(Some((
                    self.close(&session, Standard::TimedOut, language, turn, display).await,
                    "timed_out",
                )))
            }
            Intake::Fresh { typed, mark } => {
                let menu = self.menu_of(&session).await?;
                let machine = Machine::take(ground(&menu, turn, display, now), session, typed, mark);
                match self.walk(turn, machine, now, fresh).await? {
                    Ran::Shown(reply) => {
                        let result = if reply.more { "continued" } else { "ended" };
                        Ok(Some((Taken::Reply(reply), result)))
                    }
                    Ran::Behind => Ok(None),
                }
            }
        }
    }

    /// Runs the engine to its screen and makes it durable.
    async fn walk(
        &self,
        turn: &Turn,
        mut machine: Machine<'_>,
        now: DateTime<Utc>,
        fresh: bool,
    ) -> Result<Ran, Failure> {
        let mut work = None;
        let begun_at = machine.session().turn;
        let reply = loop {
            match machine.step()? {
                Step::Done(reply) => break reply,
                Step::Ask(questions) => {
                    let caller = caller(turn, &machine, now);
                    machine.answered(self.port.answer(&caller, &questions, &mut work).await?)?;
                }
                Step::Do(deed) => {
                    // Nothing is done twice: a copy that may be behind is checked before the first deed.
                    if !fresh && work.is_none() && !self.still_at(turn, begun_at).await? {
                        return Ok(Ran::Behind);
                    }
                    let caller = caller(turn, &machine, now);
                    machine.done(self.port.act(&caller, deed, &mut work).await?)?;
                }
            }
        };
        let state = machine
            .ground()
            .menu
            .state(machine.session().place)
            .map_or("?", |state| state.name.as_str())
            .to_owned();
        let (session, effects) = machine.into_parts();
        if session.turn == begun_at {
            return Ok(Ran::Shown(reply));
        }
        metrics::counter!("mamacare_screens_total", "channel" => turn.channel, "screen" => state)
            .increment(1);
        let write =
            TurnWrite { key: turn.session, channel: turn.channel, session: session.clone(), now, effects };
        match self.port.commit(work, write).await? {
            Committed::Yes => {
                self.sessions.put(turn.session, &session, now);
                Ok(Ran::Shown(reply))
            }
            Committed::Overtaken => {
                self.sessions.forget(turn.session);
                Ok(Ran::Behind)
            }
        }
    }

    async fn still_at(&self, turn: &Turn, begun_at: u32) -> Result<bool, Failure> {
        let stored = self.port.load(turn.session).await?;
        Ok(stored.is_some_and(|stored| stored.session.turn == begun_at))
    }

    /// The operator says that the session is over.
    async fn end(
        &self,
        turn: &Turn,
        mut session: Session,
        now: DateTime<Utc>,
    ) -> Result<Option<(Taken, &'static str)>, Failure> {
        if session.status != Status::Open {
            return Ok(Some((Taken::Noted, "noted")));
        }
        session.status = if turn.event == Event::Dropped { Status::Dropped } else { Status::Ended };
        session.turn += 1;
        let write = TurnWrite { key: turn.session, channel: turn.channel, session, now, effects: Vec::new() };
        self.sessions.forget(turn.session);
        match self.port.commit(None, write).await? {
            Committed::Yes => Ok(Some((Taken::Noted, "noted"))),
            Committed::Overtaken => Ok(None),
        }
    }

    /// A closing screen in the session's language; nothing is stored.
    async fn close(
        &self,
        session: &Session,
        text: Standard,
        language: LanguageId,
        turn: &Turn,
        display: Display,
    ) -> Taken {
        match self.menu_of(session).await {
            Ok(menu) => say(&menu, text, language, turn, display),
            Err(_) => self.say(text, turn, display),
        }
    }

    async fn menu_of(&self, session: &Session) -> Result<Arc<Menu>, Failure> {
        let current = self.menus.current();
        if current.version == session.menu {
            return Ok(current);
        }
        self.menus.version(session.menu).await.ok_or(Failure::MenuGone)
    }
}

fn ground<'a>(menu: &'a Menu, turn: &'a Turn, display: Display, now: DateTime<Utc>) -> Ground<'a> {
    Ground { menu, display, service_code: &turn.service_code.0, msisdn: turn.msisdn, today: local_day(now) }
}

fn caller(turn: &Turn, machine: &Machine<'_>, now: DateTime<Utc>) -> Caller {
    let session = machine.session();
    let language = machine.ground().menu.languages.get(usize::from(session.language.0));
    Caller {
        session: turn.session,
        turn: session.turn + 1,
        channel: turn.channel,
        msisdn: turn.msisdn,
        phone: session.phone,
        chosen: session.chosen.unwrap_or_default(),
        proof: session.proof,
        language: language.map(|language| language.code.clone()).unwrap_or_default(),
        now,
        today: local_day(now),
    }
}

/// What was dialled after the service code.
fn suffix(input: &Input) -> &str {
    match input {
        Input::Cumulative(text) | Input::Sequenced { text, .. } => text,
    }
}

/// A first turn of a numbered session that does not begin with 1 is not its first.
fn begins(mark: Mark) -> bool {
    !matches!(mark, Mark::Sequence(number) if number != 1)
}
