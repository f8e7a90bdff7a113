//! A phone for conversation scripts: the engine itself, answered from a script's fixtures.

use std::collections::HashMap;

use uuid::Uuid;

use crate::care::Msisdn;
use crate::menu::Menu;
use crate::menu::script::{Fixtures, Player, Shown, Stage, Told};
use crate::text::Display;

use super::engine::{Ground, Machine, Step};
use super::port::{Answer, Deed, Outcome, PhoneFacts, Proof, Question};
use super::session::{Mark, Session, Status, Suspended};

/// Makes phones that show text as a channel does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine {
    /// How they show it.
    pub display: Display,
}

impl Stage for Engine {
    fn phone<'stage>(
        &'stage self,
        menu: &'stage Menu,
        fixtures: &'stage Fixtures,
    ) -> Result<Box<dyn Player + 'stage>, String> {
        let msisdn: Msisdn =
            fixtures.msisdn.parse().map_err(|error| format!("`msisdn` {}: {error}", fixtures.msisdn))?;
        let phone = &fixtures.phone;
        Ok(Box::new(Phone {
            menu,
            fixtures,
            display: self.display,
            msisdn,
            facts: PhoneFacts {
                people: phone.people,
                language: phone.language.clone(),
                district: phone.district.clone(),
                stopped: phone.stopped,
            },
            consented: fixtures.consented,
            session: None,
            suspended: None,
            done: HashMap::new(),
        }))
    }
}

struct Phone<'stage> {
    menu: &'stage Menu,
    fixtures: &'stage Fixtures,
    display: Display,
    msisdn: Msisdn,
    facts: PhoneFacts,
    consented: bool,
    session: Option<Session>,
    suspended: Option<Suspended>,
    /// How often each action was done.
    done: HashMap<&'static str, usize>,
}

impl<'stage> Phone<'stage> {
    fn ground(&self) -> Ground<'stage> {
        Ground {
            menu: self.menu,
            display: self.display,
            service_code: &self.fixtures.service_code,
            msisdn: self.msisdn,
            today: self.fixtures.today,
        }
    }

    /// What was dialled after the service code.
    fn suffix<'code>(&self, code: &'code str) -> Result<&'code str, String> {
        let root = self.fixtures.service_code.trim_end_matches('#');
        let dialled = code.trim().trim_end_matches('#');
        match dialled.strip_prefix(root) {
            Some("") => Ok(""),
            Some(suffix) if suffix.starts_with('*') => Ok(suffix.trim_start_matches('*')),
            _ => Err(format!("`{code}` is not {root}#, nor {root}*…#")),
        }
    }

    fn walk(&mut self, mut machine: Machine<'_>) -> Result<Shown, String> {
        loop {
            match machine.step().map_err(|error| error.to_string())? {
                Step::Ask(questions) => {
                    let answers: Result<Vec<Answer>, String> =
                        questions.iter().map(|question| self.known(question)).collect();
                    machine.answered(answers?).map_err(|error| error.to_string())?;
                }
                Step::Do(deed) => {
                    let chosen = machine.session().chosen.unwrap_or(0);
                    let (proof, facts) = (machine.session().proof, machine.session().facts.clone());
                    let outcome = self.act(&deed, proof, facts, chosen)?;
                    machine.done(outcome).map_err(|error| error.to_string())?;
                }
                Step::Done(reply) => {
                    let (session, _) = machine.into_parts();
                    let shows_place = !matches!(session.status, Status::Left | Status::GaveUp);
                    let state = self.menu.state(session.place).filter(|_| shows_place);
                    let state = state.map(|state| state.name.clone()).unwrap_or_default();
                    self.facts = session.facts.clone();
                    self.session = Some(session);
                    return Ok(Shown { text: reply.text, more: reply.more, state });
                }
            }
        }
    }

    fn known(&self, question: &Question) -> Result<Answer, String> {
        let name = question.source.name;
        self.fixtures
            .answer(question.source, &question.params)
            .ok_or_else(|| format!("the menu asks for `{name}`, and `data` does not answer it"))
    }

    fn act(&mut self, deed: &Deed, proof: Proof, facts: PhoneFacts, chosen: u8) -> Result<Outcome, String> {
        let name = deed.action.name;
        let nth = self.done.entry(name).or_default();
        let secret = deed.secret.as_ref().map(|secret| secret.reveal());
        let told = self
            .fixtures
            .outcome(deed.action, &deed.params, secret, *nth)
            .ok_or_else(|| format!("the menu does `{name}`, and `actions` does not say how it ends"))?;
        *nth += 1;
        let Told { name: outcome, facts: told } = told.clone();
        let person = Uuid::from_u128(u128::from(chosen) + 1);
        let purpose = deed.params.get("purpose").map(String::as_str);
        let mut phone = facts;
        let proof = match (name, outcome) {
            ("verify_pin" | "confirm_pin", "ok") => Some(Proof::Pin { person, consented: self.consented }),
            ("verify_pin", "must_change") => Some(Proof::Choosing { person }),
            ("give_consent" | "withdraw_consent", "ok") if purpose == Some("care") => {
                self.consented = name == "give_consent";
                match proof {
                    Proof::Pin { person, .. } => Some(Proof::Pin { person, consented: self.consented }),
                    Proof::None | Proof::Choosing { .. } => None,
                }
            }
            _ => None,
        };
        match (name, outcome) {
            ("register", "ok") => phone.people = phone.people.saturating_add(1),
            ("stop_messages", "ok") => phone.stopped = true,
            ("start_messages", "ok") => phone.stopped = false,
            _ => {}
        }
        Ok(Outcome { name: outcome, facts: told, proof, phone: Some(phone) })
    }
}

impl Player for Phone<'_> {
    fn dial(&mut self, code: &str) -> Result<Shown, String> {
        let suffix = self.suffix(code)?;
        if self.session.is_some() {
            self.cut()?;
        }
        let suspended = self.suspended.take();
        let facts = self.facts.clone();
        let machine = Machine::open(self.ground(), [0; 16], facts, suspended, suffix, Mark::Sequence(1));
        self.walk(machine)
    }

    fn answer(&mut self, typed: &str) -> Result<Shown, String> {
        let session = self.session.take().ok_or("nothing was dialled")?;
        let mark = Mark::Sequence(session.turn + 1);
        self.walk(Machine::take(self.ground(), session, typed.to_owned(), mark))
    }

    fn cut(&mut self) -> Result<(), String> {
        let mut session = self.session.take().ok_or("there is no call to cut")?;
        if session.status == Status::Open {
            session.status = Status::Dropped;
        }
        self.suspended = if session.resumable() { session.suspend() } else { None };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::script::{play, read_scripts};
    use crate::menu::{LoadOptions, Sources, load};
    use crate::ussd::catalog::CATALOG;

    #[test]
    fn the_shipped_scripts_hold() {
        let sources = Sources::from_dir(std::path::Path::new("menus")).unwrap();
        let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
        let menu = load(&sources, &CATALOG, &options).unwrap();
        let scripts = read_scripts(&sources, &CATALOG);
        assert_eq!(scripts.report.findings().len(), 0, "{}", scripts.report);
        assert!(scripts.scripts.len() > 50, "only {} scripts", scripts.scripts.len());
        let stage = Engine::default();
        let failures: Vec<String> = scripts
            .scripts
            .iter()
            .filter_map(|script| {
                let failure = play(script, &menu, &stage, stage.display).failure?;
                Some(format!(
                    "{}: line {}: {}\n{}\n{}\n",
                    script.name,
                    failure.place.line,
                    failure.message,
                    failure.screen,
                    failure.difference.unwrap_or_default()
                ))
            })
            .collect();
        assert_eq!(failures.len(), 0, "{}", failures.join("\n"));
    }
}
