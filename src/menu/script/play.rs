//! Plays scripts on a stage: the engine, without a database.

use std::collections::BTreeSet;

use crate::text::Display;

use super::super::model::Menu;
use super::super::report::Place;
use super::compare::{difference, has};
use super::{Fixtures, Script, Step, StepKind};

/// A screen.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shown {
    /// Its text.
    pub text: String,
    /// Whether the session goes on.
    pub more: bool,
    /// The state that shows it (`main.home`).
    pub state: String,
}

/// A phone that a script plays on.
pub trait Player {
    /// She dials. What goes wrong is said in words.
    fn dial(&mut self, code: &str) -> Result<Shown, String>;
    /// She types.
    fn answer(&mut self, typed: &str) -> Result<Shown, String>;
    /// The call is cut.
    fn cut(&mut self) -> Result<(), String>;
}

/// What makes phones; the engine gives one.
pub trait Stage {
    /// A phone on this menu, with these data behind it.
    fn phone<'stage>(
        &'stage self,
        menu: &'stage Menu,
        fixtures: &'stage Fixtures,
    ) -> Result<Box<dyn Player + 'stage>, String>;
}

/// Where a script fails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The step.
    pub place: Place,
    /// What is not as it should be.
    pub message: String,
    /// What was on the screen.
    pub screen: String,
    /// The lines that differ, where a whole screen was expected.
    pub difference: Option<String>,
}

/// How a script went.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Played {
    /// Where it failed; none where all is well.
    pub failure: Option<Failure>,
    /// States whose screens were seen.
    pub seen: BTreeSet<String>,
}

/// Plays one script. Every screen must fit its budget, whether the script says so or not.
pub fn play(script: &Script, menu: &Menu, stage: &dyn Stage, display: Display) -> Played {
    let mut played = Played::default();
    let fail = |step: &Step, message: String, screen: &str| Failure {
        place: step.place,
        message,
        screen: screen.to_owned(),
        difference: None,
    };
    let mut phone = match stage.phone(menu, &script.fixtures) {
        Ok(phone) => phone,
        Err(message) => {
            let place = script.place;
            played.failure = Some(Failure { place, message, screen: String::new(), difference: None });
            return played;
        }
    };
    let mut screen = Shown::default();
    for step in &script.steps {
        let outcome = match &step.kind {
            StepKind::Dial(code) => phone.dial(code).map(Some),
            StepKind::Answer(_) if !screen.more => Err("the session is over: nobody listens".to_owned()),
            StepKind::Answer(typed) => phone.answer(typed).map(Some),
            StepKind::Drop => phone.cut().map(|()| None),
            _ => Ok(None),
        };
        match outcome {
            Err(message) => {
                played.failure = Some(fail(step, message, &screen.text));
                return played;
            }
            Ok(Some(shown)) => {
                screen = shown;
                played.seen.insert(screen.state.clone());
            }
            Ok(None) => {}
        }
        if let Some((message, difference)) = check(step, &screen, display) {
            played.failure = Some(Failure { difference, ..fail(step, message, &screen.text) });
            return played;
        }
    }
    played
}

/// What is not as the step wants it.
fn check(step: &Step, screen: &Shown, display: Display) -> Option<(String, Option<String>)> {
    let told = |message: String| Some((message, None));
    match &step.kind {
        StepKind::Dial(_) | StepKind::Answer(_) => {
            let (text, encoding) = display.prepare(&screen.text);
            let (cost, budget) = (encoding.cost(&text), encoding.budget());
            if cost > budget {
                return told(format!("this screen takes {cost}, and {budget} is what a phone shows"));
            }
            None
        }
        StepKind::Expect(part) if !has(&screen.text, part, display) => {
            told(format!("the screen does not have \"{part}\""))
        }
        StepKind::Refuse(part) if has(&screen.text, part, display) => {
            told(format!("the screen has \"{part}\""))
        }
        StepKind::ExpectScreen(expected) => {
            let difference = difference(&screen.text, expected, display)?;
            Some(("the screen is another (- expected, + shown)".to_owned(), Some(difference)))
        }
        StepKind::Ends(true) if screen.more => told("the session goes on".to_owned()),
        StepKind::Ends(false) if !screen.more => told("the session is over".to_owned()),
        StepKind::Drop | StepKind::Expect(_) | StepKind::Refuse(_) | StepKind::Ends(_) => None,
    }
}
