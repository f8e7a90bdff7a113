//! A phone and a data port on fixtures: drives the engine as the driver does.

use uuid::Uuid;

use super::menu::{FILES, MORE};
use super::*;
use crate::menu::{Fields, LoadOptions, Sources, Value, load};
use crate::ussd::catalog::CATALOG;
use crate::ussd::port::Outcome;

pub(super) const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
pub(super) const PHONE: [u8; 16] = [1; 16];

pub(super) fn person(at: u8) -> Uuid {
    Uuid::from_u128(u128::from(at) + 1)
}

pub(super) fn small_menu() -> Menu {
    let sources = Sources::from_pairs(FILES.iter().chain(&MORE).copied());
    load(&sources, &CATALOG, &LoadOptions::default())
        .unwrap_or_else(|report| panic!("{}", report.render(false)))
}

/// What the fixtures answer.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) facts: PhoneFacts,
    pub(super) consented: bool,
    pub(super) clinics: Vec<&'static str>,
    pub(super) deeds: Vec<String>,
    pub(super) asked: Vec<&'static str>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            facts: PhoneFacts { people: 1, ..PhoneFacts::default() },
            consented: true,
            clinics: vec!["Bo Hospital", "Gerihun CHC"],
            deeds: Vec::new(),
            asked: Vec::new(),
        }
    }
}

impl World {
    fn answer(&mut self, question: &Question) -> Answer {
        self.asked.push(question.source.name);
        let named = |names: &[&str]| -> Answer {
            let item = |(at, name): (usize, &&str)| -> Fields {
                [
                    ("id".into(), Value::Text(at.to_string())),
                    ("name".into(), (*name).into()),
                    ("reason".into(), (*name).into()),
                    ("phone".into(), "076 000000".into()),
                ]
                .into()
            };
            names.iter().enumerate().map(item).collect()
        };
        match question.source.name {
            "districts" => named(&["Bo", "Kenema"]),
            "clinics" => named(&self.clinics),
            "clinic" => {
                let at: usize = question.params["id"].parse().unwrap();
                named(&self.clinics)[at..=at].to_vec()
            }
            "pregnancy" => vec![[("weeks".into(), Value::Number(28))].into()],
            "visits" | "visit" => named(&["weak blood"]),
            other => panic!("{other}"),
        }
    }

    fn act(&mut self, session: &Session, deed: &Deed) -> Outcome {
        self.deeds.push(deed.action.name.to_owned());
        let outcome = |name| Outcome { name, ..Outcome::default() };
        match deed.action.name {
            "verify_pin" => {
                let at = session.chosen.unwrap_or_default();
                let right = if at == 0 { "739150" } else { "482915" };
                if deed.secret.as_ref().unwrap().reveal() == right {
                    let proof = Proof::Pin { person: person(at), consented: self.consented };
                    let effects = vec![Effect::SignedIn { person: person(at) }];
                    Outcome { proof: Some(proof), effects, ..outcome("ok") }
                } else {
                    Outcome { facts: vec![("left", Value::Number(4))], ..outcome("wrong") }
                }
            }
            "give_consent" => {
                let Proof::Pin { person, .. } = session.proof else { panic!("no proof") };
                Outcome { proof: Some(Proof::Pin { person, consented: true }), ..outcome("ok") }
            }
            _ => outcome("ok"),
        }
    }
}

/// A phone in the midst of a session.
pub(super) struct Handset<'m> {
    pub(super) menu: &'m Menu,
    pub(super) world: World,
    pub(super) session: Session,
    pub(super) effects: Vec<Effect>,
    pub(super) reply: Reply,
}

pub(super) fn ground(menu: &Menu) -> Ground<'_> {
    Ground {
        menu,
        display: Display::default(),
        service_code: "*468#",
        msisdn: "076000001".parse().unwrap(),
        today: TODAY,
    }
}

/// The session as it comes back from where it is kept.
fn as_stored(session: &Session) -> Session {
    let read = postcard::from_bytes(&postcard::to_stdvec(session).unwrap()).unwrap();
    let read = Session { phone: session.phone, ..read };
    assert_eq!(read, *session);
    read
}

impl<'m> Handset<'m> {
    pub(super) fn dial(menu: &'m Menu, world: World) -> Self {
        Self::dial_with(menu, world, "", None)
    }

    pub(super) fn dial_with(
        menu: &'m Menu,
        mut world: World,
        suffix: &str,
        suspended: Option<Suspended>,
    ) -> Self {
        let facts = world.facts.clone();
        let mut machine = Machine::open(ground(menu), PHONE, facts, suspended, suffix, Mark::Sequence(1));
        let reply = run(&mut machine, &mut world).unwrap();
        let (session, effects) = machine.into_parts();
        Self { menu, world, session: as_stored(&session), effects, reply }
    }

    pub(super) fn answer(&mut self, typed: &str) -> &str {
        let mark = Mark::Sequence(self.session.turn + 1);
        let mut machine = Machine::take(ground(self.menu), self.session.clone(), typed.to_owned(), mark);
        self.reply = run(&mut machine, &mut self.world).unwrap();
        let (session, effects) = machine.into_parts();
        self.session = as_stored(&session);
        self.effects.extend(effects);
        &self.reply.text
    }

    pub(super) fn again(&mut self) -> Reply {
        let mut machine = Machine::redraw(ground(self.menu), self.session.clone());
        let reply = run(&mut machine, &mut self.world).unwrap();
        let (session, effects) = machine.into_parts();
        assert_eq!((session.turn, effects), (self.session.turn, Vec::new()), "a repeat changes nothing");
        reply
    }

    pub(super) fn place(&self) -> &str {
        &self.menu.state(self.session.place).unwrap().name
    }
}

pub(super) fn run(machine: &mut Machine<'_>, world: &mut World) -> Result<Reply, EngineError> {
    loop {
        match machine.step()? {
            Step::Done(reply) => return Ok(reply),
            Step::Ask(questions) => {
                let answers = questions.iter().map(|question| world.answer(question)).collect();
                machine.answered(answers)?;
            }
            Step::Do(deed) => {
                let outcome = world.act(machine.session(), &deed);
                machine.done(outcome)?;
            }
        }
    }
}
