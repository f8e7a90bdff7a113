//! Every screen of the shipped menus, in every language: presses every key, takes every outcome of
//! every deed, repeats every turn, counts every screen.

use std::collections::{HashMap, HashSet, VecDeque};

use super::handset::{PHONE, ground, person};
use super::*;
use crate::menu::{
    ActionSpec, FieldKind, FieldSpec, Fields, Kind, LoadOptions, Shape, SourceSpec, Sources, Value, load,
};
use crate::text::Folding;
use crate::ussd::catalog::CATALOG;

/// Which values the data sources give.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Values {
    Typical,
    Longest,
    Blank,
}

/// What one walk begins with.
#[derive(Clone, Copy, Debug)]
struct Walk {
    values: Values,
    language: &'static str,
    people: u8,
    district: bool,
    folding: Folding,
}

const FIRST: Walk =
    Walk { values: Values::Typical, language: "en", people: 1, district: true, folding: Folding::Accent };

fn shipped() -> Menu {
    let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
    load(&Sources::from_embedded(), &CATALOG, &options)
        .unwrap_or_else(|report| panic!("{}", report.render(false)))
}

fn value(field: &FieldSpec, values: Values) -> Option<Value> {
    let sample = if values == Values::Longest { field.longest } else { field.typical };
    let blank = values == Values::Blank;
    Some(match field.kind {
        FieldKind::Text => Value::Text(if blank { String::new() } else { sample.to_owned() }),
        FieldKind::Number => Value::Number(if blank { 0 } else { sample.parse().unwrap() }),
        FieldKind::Flag => Value::Flag(!blank),
        FieldKind::Date if blank => return None,
        FieldKind::Date => Value::Date(sample.parse().unwrap()),
    })
}

fn answer(source: &SourceSpec, values: Values) -> Answer {
    let item = |at: usize| -> Fields {
        let mut fields: Fields = source
            .fields
            .iter()
            .filter_map(|field| Some((field.name.into(), value(field, values)?)))
            .collect();
        if source.shape == Shape::Many {
            let id = if source.name == "consents" {
                ["care", "reminders", "research"][at % 3].to_owned()
            } else {
                at.to_string()
            };
            fields.insert("id".into(), Value::Text(id));
        }
        fields
    };
    let items = match (source.shape, values) {
        (Shape::One, _) => 1,
        (Shape::Many, Values::Blank) if source.name != "districts" => 0,
        (Shape::Many, Values::Longest) => 16,
        (Shape::Many, _) => 3,
    };
    (0..items).map(item).collect()
}

/// The ways in which a deed can end: each outcome, and each proof that comes with it.
fn endings(session: &Session, action: &ActionSpec) -> Vec<Outcome> {
    let mut endings = Vec::new();
    for outcome in action.outcomes {
        let facts = outcome
            .facts
            .iter()
            .filter_map(|fact| Some((fact.name, value(fact, Values::Longest)?)))
            .collect();
        let plain = Outcome { name: outcome.name, facts, ..Outcome::default() };
        let with = |proof| Outcome { proof: Some(proof), ..plain.clone() };
        match (action.name, outcome.name) {
            ("verify_pin" | "confirm_pin", "ok") => {
                endings
                    .extend([true, false].map(|consented| with(Proof::Pin { person: person(0), consented })));
            }
            ("verify_pin", "must_change") => endings.push(with(Proof::Choosing { person: person(0) })),
            ("give_consent", "ok") => endings.push(with(Proof::Pin { person: person(0), consented: true })),
            ("withdraw_consent", "ok") => {
                endings.push(with(Proof::Pin { person: person(0), consented: false }));
            }
            ("stop_messages" | "start_messages", "ok") => {
                let facts = PhoneFacts { stopped: action.name == "stop_messages", ..session.facts.clone() };
                endings.push(Outcome { phone: Some(facts), ..plain });
            }
            ("register", "ok") => {
                let facts = PhoneFacts { people: session.facts.people.max(1), ..session.facts.clone() };
                endings.push(Outcome { phone: Some(facts), ..plain });
            }
            _ => endings.push(plain),
        }
    }
    endings
}

/// Runs one turn; `path` says which ending each deed takes, in order. Gives the screen, and for
/// each deed of the turn how many endings it has.
fn run(
    machine: &mut Machine<'_>,
    values: Values,
    path: &[usize],
) -> Result<(Reply, Vec<usize>), EngineError> {
    let mut widths = Vec::new();
    loop {
        match machine.step()? {
            Step::Done(reply) => return Ok((reply, widths)),
            Step::Ask(questions) => {
                machine
                    .answered(questions.iter().map(|question| answer(question.source, values)).collect())?;
            }
            Step::Do(deed) => {
                let endings = endings(machine.session(), deed.action);
                let at = path.get(widths.len()).copied().unwrap_or_default();
                widths.push(endings.len());
                machine.done(endings.into_iter().nth(at).unwrap())?;
            }
        }
    }
}

/// What may be typed at a state: every choice, items, the standard keys, good and bad answers.
fn inputs(menu: &Menu, session: &Session) -> Vec<String> {
    let keys = &menu.keys;
    let mut inputs: Vec<String> =
        [&keys.back, &keys.home, &keys.more, &keys.previous, &keys.leave].map(Clone::clone).into();
    if session.page > 0 || session.notice.is_some() {
        // The choices do there what they do on the first page, where all of them are pressed.
        inputs.push("1".to_owned());
        return inputs;
    }
    inputs.extend(["", "ɛ€{{x}}", "1*2"].map(str::to_owned));
    match &menu.state(session.place).unwrap().kind {
        Kind::Prompt(prompt) => inputs.extend(prompt.choices.iter().map(|choice| choice.key.clone())),
        Kind::List(list) => {
            inputs.extend(["1", "3"].map(str::to_owned));
            inputs.extend(list.choices.iter().map(|choice| choice.key.clone()));
        }
        Kind::Input(_) => inputs.extend(
            ["739150", "1234", "7", "1998", "24/12/2026", "01/09/2026", "076123456", "Mariama Kɔrɔma"]
                .map(str::to_owned),
        ),
        Kind::End | Kind::Branch(_) | Kind::Action(_) | Kind::Call { .. } => {}
    }
    inputs
}

/// What makes two sessions show and do the same from here on, as far as this walk is concerned:
/// not how she came here, nor what she answered.
fn fingerprint(session: &Session) -> String {
    let frame = session.frames.last();
    format!(
        "{:?}",
        (
            (session.place, session.page, session.notice, session.status, session.proof, frame),
            (session.facts.people > 0, session.facts.district.is_some(), session.facts.stopped),
        )
    )
}

/// Where one wrong answer after another leads.
fn lost(ground: Ground<'_>, values: Values, mut session: Session) -> (Session, Reply) {
    for turn in 1.. {
        let mut machine = Machine::take(ground, session, "wrong".to_owned(), Mark::Sequence(turn + 1));
        let (reply, _) = run(&mut machine, values, &[]).unwrap();
        (session, _) = machine.into_parts();
        if turn == u32::from(ground.menu.strikes.limit) {
            return (session, reply);
        }
    }
    unreachable!("the limit is a number")
}

struct Found {
    states: HashSet<StateId>,
    screens: usize,
}

fn walk(menu: &Menu, setting: Walk) -> Found {
    let mut ground = ground(menu);
    ground.display = Display { folding: setting.folding, ucs2: true };
    let facts = PhoneFacts {
        people: setting.people,
        language: Some(setting.language.to_owned()),
        district: setting.district.then(|| "bo".to_owned()),
        stopped: false,
    };
    let mut machine = Machine::open(ground, PHONE, facts, None, "", Mark::Sequence(1));
    let (reply, _) = run(&mut machine, setting.values, &[]).unwrap();
    let (session, _) = machine.into_parts();
    let language = session.language;
    let mut seen = HashSet::from([fingerprint(&session)]);
    let lost = lost(ground, setting.values, session.clone());
    let way = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>();
    let mut waiting = VecDeque::from([(session, reply, way(&[])), (lost.0, lost.1, way(&["wrong…"]))]);
    let mut found = Found { states: HashSet::new(), screens: 0 };
    while let Some((session, reply, way)) = waiting.pop_front() {
        found.states.insert(session.place);
        found.screens += 1;
        check(menu, ground, setting, &session, &reply);
        if !reply.more {
            continue;
        }
        for typed in inputs(menu, &session) {
            // Every way in which this turn's deeds can end, one after the other.
            let mut paths = vec![Vec::new()];
            while let Some(path) = paths.pop() {
                let mark = Mark::Sequence(session.turn + 1);
                let mut machine = Machine::take(ground, session.clone(), typed.clone(), mark);
                let name = &menu.state(session.place).unwrap().name;
                let (reply, widths) = run(&mut machine, setting.values, &path).unwrap_or_else(|error| {
                    panic!("{setting:?}: {way:?} {typed:?} at {name} {path:?}: {error}")
                });
                for (at, width) in widths.iter().enumerate().skip(path.len()) {
                    for other in 1..*width {
                        let mut branch = path.clone();
                        branch.resize(at, 0);
                        branch.push(other);
                        paths.push(branch);
                    }
                }
                let (session, _) = machine.into_parts();
                if session.language == language && seen.insert(fingerprint(&session)) {
                    let mut further = way.clone();
                    further.push(typed.clone());
                    waiting.push_back((session, reply, further));
                }
            }
        }
        assert!(seen.len() < 30_000, "{setting:?}: the walk does not end");
    }
    found
}

/// The screen fits, is not empty, and is drawn alike when its turn is repeated.
fn check(menu: &Menu, ground: Ground<'_>, setting: Walk, session: &Session, reply: &Reply) {
    let name = &menu.state(session.place).unwrap().name;
    let cost = reply.encoding.cost(&reply.text);
    assert!(cost <= reply.encoding.budget(), "{setting:?}: {name} takes {cost}: {:?}", reply.text);
    assert!(!reply.text.trim().is_empty(), "{setting:?}: {name} is empty");
    assert!(
        !reply.text.contains("{{") && !reply.text.contains("{%"),
        "{setting:?}: {name}: {:?}",
        reply.text
    );
    let mut machine = Machine::redraw(ground, session.clone());
    let (again, deeds) = run(&mut machine, setting.values, &[]).unwrap();
    assert_eq!((&again, deeds.len()), (reply, 0), "{setting:?}: {name} is drawn differently on a repeat");
}

fn all(settings: &[Walk]) -> (Menu, HashMap<String, usize>) {
    let menu = shipped();
    let mut reached: HashMap<String, usize> = HashMap::new();
    for &setting in settings {
        let found = walk(&menu, setting);
        assert!(found.screens > 50, "{setting:?}: only {} screens", found.screens);
        for state in found.states {
            *reached.entry(menu.state(state).unwrap().name.clone()).or_default() += 1;
        }
    }
    (menu, reached)
}

/// Shown only where the record has changed since the menu that leads there was drawn.
const CHANGED: [&str; 3] = ["babies.no_vaccines", "babies.none", "pregnancy.none"];

/// Every state with a screen is reached by somebody.
#[test]
fn every_screen_is_reached_and_fits_in_english() {
    let (menu, reached) = all(&[
        FIRST,
        Walk { people: 0, district: false, ..FIRST },
        Walk { people: 2, district: false, ..FIRST },
        Walk { values: Values::Blank, ..FIRST },
    ]);
    let screens = |kind: &Kind| matches!(kind, Kind::Prompt(_) | Kind::List(_) | Kind::Input(_) | Kind::End);
    let missed: Vec<&str> = menu
        .states
        .iter()
        .filter(|state| screens(&state.kind) && !reached.contains_key(&state.name))
        .map(|state| state.name.as_str())
        .filter(|name| !name.starts_with("resume.") && !CHANGED.contains(name))
        .collect();
    assert!(missed.is_empty(), "nobody gets to {missed:?}");
}

#[test]
fn every_screen_fits_in_krio() {
    let krio = Walk { language: "kri", ..FIRST };
    all(&[krio, Walk { people: 0, district: false, ..krio }]);
}

#[test]
fn the_longest_values_fit_in_english() {
    all(&[Walk { values: Values::Longest, ..FIRST }]);
}

#[test]
fn the_longest_values_fit_in_krio_folded_to_plain_letters() {
    all(&[Walk { language: "kri", values: Values::Longest, folding: Folding::Plain, ..FIRST }]);
}

#[test]
fn proper_spelling_fits_where_a_channel_carries_ucs2() {
    all(&[Walk { language: "kri", values: Values::Longest, folding: Folding::Off, ..FIRST }]);
}
