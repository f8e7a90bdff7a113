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
        let secret = deed.secret.as_ref().map(super::port::Secret::reveal);
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
        Ok(Outcome { name: outcome, facts: told, proof, phone: Some(phone), effects: Vec::new() })
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
    use std::path::Path;

    use super::*;
    use crate::menu::script::{Failure, Scripts, play, read_scripts};
    use crate::menu::{Checked, LoadOptions, STARTER, Sources, check};
    use crate::ussd::catalog::CATALOG;

    /// Plays all scripts of a set that must be without a remark.
    #[track_caller]
    fn plays(sources: &Sources) -> usize {
        let Checked { menu, report } = check(sources, &CATALOG, &LoadOptions::all_languages());
        assert_eq!(report.findings().len(), 0, "{report}");
        let menu = menu.unwrap();
        let Scripts { scripts, report } = read_scripts(sources, &CATALOG);
        assert_eq!(report.findings().len(), 0, "{report}");
        let stage = Engine::default();
        let failures: Vec<String> = scripts
            .iter()
            .filter_map(|script| {
                let Failure { place, message, screen, difference } =
                    play(script, &menu, &stage, stage.display).failure?;
                let difference = difference.unwrap_or_default();
                Some(format!("{}: {}: {message}\n{screen}\n{difference}\n", script.name, report.tell(place)))
            })
            .collect();
        assert_eq!(failures.len(), 0, "{}", failures.join("\n"));
        scripts.len()
    }

    #[test]
    fn the_shipped_scripts_hold() {
        let played = plays(&Sources::from_dir(Path::new("menus")).unwrap());
        assert!(played > 50, "only {played} scripts");
    }

    #[test]
    fn the_starter_works() {
        assert_eq!(plays(&Sources::from_pairs(STARTER.iter().copied())), 4);
    }

    /// Each example of the page is a file; together with the starter's others they are a set.
    #[test]
    fn the_examples_of_the_page_work() {
        let page = std::fs::read_to_string("docs/menus.md").unwrap();
        let examples: Vec<(&str, &str)> = page
            .split("```yaml\n# menus/")
            .skip(1)
            .filter_map(|rest| rest.split("\n```").next()?.split_once('\n'))
            .collect();
        assert_eq!(examples.len(), 6);
        assert_eq!(page.matches("```yaml").count(), examples.len(), "an example without its file's name");
        let others = STARTER.iter().filter(|(name, _)| !examples.iter().any(|(example, _)| example == name));
        assert_eq!(plays(&Sources::from_pairs(others.chain(&examples).copied())), 3);
    }

    #[test]
    fn a_failing_script_says_where_and_what_was_shown() {
        let broken = STARTER.iter().map(|(name, text)| {
            (
                *name,
                text.replace("You are 28 weeks.", "You are 29 weeks.")
                    .replace("3. Danger signs\n", "3. Danger\n"),
            )
        });
        let sources = Sources::from_pairs(broken);
        let menu = check(&sources, &CATALOG, &LoadOptions::default()).menu.unwrap();
        let scripts = read_scripts(&sources, &CATALOG).scripts;
        let stage = Engine::default();
        let played = play(&scripts[0], &menu, &stage, stage.display);
        let failure = played.failure.unwrap();
        assert!(failure.difference.unwrap().contains("- 3. Danger\n+ 3. Danger signs\n"));
        assert!(played.seen.contains("main.home"));
        let failure = play(&scripts[1], &menu, &stage, stage.display).failure.unwrap();
        assert_eq!(failure.message, "the screen does not have \"You are 29 weeks.\"");
        assert!(failure.screen.starts_with("You are 28 weeks."));
    }
}
