//! The engine on a small menu.

mod handset;
mod menu;
mod walk;

use super::*;
use crate::menu::{LoadOptions, Sources, load};
use crate::text::Encoding;
use crate::ussd::catalog::CATALOG;
use handset::{Handset, World, person, small_menu};

const HOME: &str =
    "MamaCare\n1. Clinics\n2. My pregnancy\n3. Visits\n4. Register\n5. Stop messages\n6. Long text";

#[test]
fn a_guard_asks_for_the_pin_on_the_way_and_goes_on() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    assert_eq!(phone.reply.text, HOME);
    assert_eq!(phone.answer("2"), "Your PIN?\n0 Back 00 Home");
    assert_eq!(phone.answer("739150"), "28 weeks\n0 Back 00 Home");
    let read = Effect::Read { person: person(0), source: "pregnancy" };
    assert_eq!(phone.effects, [Effect::SignedIn { person: person(0) }, read]);
    assert_eq!(phone.answer("0"), HOME, "back skips the PIN");
    assert_eq!(phone.answer("2"), "28 weeks\n0 Back 00 Home", "the PIN is asked once a session");
}

#[test]
fn what_is_remembered_of_a_number_already_is_not_written_again() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("1");
    assert!(phone.answer("1").starts_with("Clinics"));
    let bo = Effect::District("0".to_owned());
    assert_eq!(phone.effects, std::slice::from_ref(&bo));
    for answer in ["00", "1", "1"] {
        phone.answer(answer);
    }
    assert_eq!(phone.effects, std::slice::from_ref(&bo), "the same once more");
    for answer in ["00", "1", "2"] {
        phone.answer(answer);
    }
    assert_eq!(phone.effects, [bo, Effect::District("1".to_owned())]);
}

#[test]
fn a_wrong_pin_shows_nothing_and_says_how_many_tries_are_left() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("2");
    assert_eq!(phone.answer("000111"), "Wrong PIN, 4 tries left. Your PIN?\n0 Back 00 Home");
    assert!(phone.world.asked.is_empty(), "{:?}", phone.world.asked);
    assert_eq!(
        phone.answer("12"),
        "A PIN has 4 to 6 digits.\nWrong PIN, 4 tries left. Your PIN?\n0 Back 00 Home"
    );
    assert_eq!(phone.answer("739150"), "28 weeks\n0 Back 00 Home");
}

#[test]
fn a_pin_is_nowhere_in_the_session() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("2");
    phone.answer("739150");
    let stored = postcard::to_stdvec(&phone.session).unwrap();
    assert!(!stored.windows(6).any(|six| six == b"739150"));
    assert!(!format!("{:?}", phone.session).contains("739150"));
}

#[test]
fn a_number_that_nobody_registered_is_offered_to_register_and_not_asked_for_a_pin() {
    let menu = small_menu();
    let world = World { facts: PhoneFacts::default(), ..World::default() };
    let mut phone = Handset::dial(&menu, world);
    assert_eq!(phone.answer("2"), "You are new. Register?\n1. Later\n0 Back 00 Home");
    assert_eq!(phone.answer("1"), HOME, "a guard that was not met leads home, not round in a circle");
}

#[test]
fn consent_is_asked_after_the_pin_and_a_no_shows_nothing() {
    let menu = small_menu();
    let world = World { consented: false, ..World::default() };
    let mut phone = Handset::dial(&menu, world.clone());
    phone.answer("2");
    assert!(phone.answer("739150").starts_with("May we show your record here?"));
    assert_eq!(phone.answer("2"), HOME);
    assert!(phone.world.asked.is_empty());
    let mut phone = Handset::dial(&menu, world);
    phone.answer("2");
    phone.answer("739150");
    assert_eq!(phone.answer("1"), "28 weeks\n0 Back 00 Home");
}

#[test]
fn several_people_share_a_number_each_with_her_pin() {
    let menu = small_menu();
    let world = World { facts: PhoneFacts { people: 2, ..PhoneFacts::default() }, ..World::default() };
    let mut phone = Handset::dial(&menu, world);
    assert_eq!(phone.answer("2"), "Who calls?\n1. Person 1\n2. Person 2\n0 Back 00 Home");
    phone.answer("2");
    assert!(phone.answer("739150").starts_with("Wrong PIN"), "another's PIN");
    assert!(phone.answer("482915").starts_with("28 weeks"));
    let read = Effect::Read { person: person(1), source: "pregnancy" };
    assert_eq!(phone.effects, [Effect::SignedIn { person: person(1) }, read]);
}

#[test]
fn a_sub_flow_returns_and_back_does_not_lead_into_it() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    assert_eq!(phone.answer("1"), "District?\n1. Bo\n2. Kenema\n0 Back 00 Home");
    assert_eq!(phone.answer("1"), "Clinics\n1. Bo Hospital\n2. Gerihun CHC\n0 Back 00 Home");
    assert_eq!(phone.answer("2"), "Gerihun CHC, 076 000000\n0 Back 00 Home");
    assert_eq!(phone.answer("0"), "Clinics\n1. Bo Hospital\n2. Gerihun CHC\n0 Back 00 Home");
    assert_eq!(phone.answer("0"), HOME);
}

#[test]
fn back_does_not_lead_into_a_sub_flow_that_returned_into_the_next() {
    let main = menu::FILES.iter().find(|(name, _)| *name == "main.yaml").unwrap().1;
    let twice = main.replace(
        "call: {flow: choose, go: clinics}",
        "call: {flow: choose, go: second}\n  second:\n    call: {flow: other, go: clinics}",
    );
    let choose = menu::FILES.iter().find(|(name, _)| *name == "choose.yaml").unwrap().1;
    let other = choose.replace("flow: choose", "flow: other").replace("District?", "And then?");
    let files = menu::FILES.iter().chain(&menu::MORE).copied().filter(|(name, _)| *name != "main.yaml");
    let files = files.chain([("main.yaml", twice.as_str()), ("other.yaml", other.as_str())]);
    let menu = load(&Sources::from_pairs(files), &CATALOG, &LoadOptions::default())
        .unwrap_or_else(|report| panic!("{}", report.render(false)));
    let mut phone = Handset::dial(&menu, World::default());
    assert!(phone.answer("1").starts_with("District?"));
    assert!(phone.answer("1").starts_with("And then?"));
    assert_eq!(phone.answer("0"), HOME, "not the first question: what it returned to is gone");
}

#[test]
fn a_dialled_suffix_goes_straight_there_and_waits_for_the_pin() {
    let menu = small_menu();
    let phone = Handset::dial_with(&menu, World::default(), "1*1*2", None);
    assert_eq!(phone.reply.text, "Gerihun CHC, 076 000000\n0 Back 00 Home");
    let mut phone = Handset::dial_with(&menu, World::default(), "3*1", None);
    assert_eq!(phone.reply.text, "Your PIN?\n0 Back 00 Home");
    assert_eq!(phone.answer("739150"), "weak blood\n0 Back 00 Home");
}

#[test]
fn a_suffix_never_fills_an_input_and_a_wrong_one_stops_where_it_is_wrong() {
    let menu = small_menu();
    let phone = Handset::dial_with(&menu, World::default(), "4*20", None);
    assert_eq!(phone.reply.text, "How many weeks?\n0 Back 00 Home");
    let phone = Handset::dial_with(&menu, World::default(), "2*739150", None);
    assert_eq!(phone.reply.text, "Your PIN?\n0 Back 00 Home");
    assert!(phone.world.deeds.is_empty());
    let phone = Handset::dial_with(&menu, World::default(), "77*1", None);
    assert_eq!(phone.reply.text, format!("Please choose a number.\n{HOME}"));
}

#[test]
fn wrong_input_repeats_the_question_with_a_reason_and_keeps_what_was_given() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("JOIN");
    assert_eq!(phone.answer("43"), "Please type a number from 1 to 42.\nHow many weeks?\n0 Back 00 Home");
    phone.answer("20");
    assert_eq!(phone.answer("soon"), "Please type a date.\n20 weeks. When is the visit?\n0 Back 00 Home");
    assert!(phone.answer("1/1/2020").starts_with("That date cannot be right."));
    assert_eq!(phone.answer("24/12/2026"), "See you 24 December.");
    assert!(!phone.reply.more);
    assert_eq!(phone.session.status, Status::Ended);
    assert_eq!(phone.again().text, "See you 24 December.");
}

#[test]
fn three_wrong_answers_in_a_row_end_politely() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("x");
    phone.answer("x");
    assert_eq!(phone.session.status, Status::Open);
    assert_eq!(phone.answer("x"), "Please ask at your clinic. Goodbye.");
    assert!(!phone.reply.more);
    assert_eq!(phone.again().text, "Please ask at your clinic. Goodbye.");
}

#[test]
fn a_good_answer_between_wrong_ones_counts_anew() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    for _ in 0..4 {
        phone.answer("x");
        phone.answer("x");
        phone.answer("5");
        assert_eq!(phone.place(), "main.stopped");
        phone.answer("00");
    }
    assert_eq!(phone.session.status, Status::Open);
}

#[test]
fn the_leave_key_ends_anywhere_on_a_harmless_screen_and_closes_resuming() {
    let menu = small_menu();
    for keys in [vec![], vec!["2"], vec!["2", "739150"], vec!["1", "1"], vec!["4", "20"]] {
        let mut phone = Handset::dial(&menu, World::default());
        for key in keys {
            phone.answer(key);
        }
        assert_eq!(phone.answer("999"), "Thank you for calling.");
        assert!(!phone.reply.more);
        assert!(phone.effects.contains(&Effect::CloseSuspended));
        assert!(!phone.session.resumable());
        assert!(phone.session.answers.is_empty());
        assert_eq!(phone.again().text, "Thank you for calling.");
    }
}

#[test]
fn a_repeat_draws_the_same_screen_also_after_a_wrong_answer_or_a_deed() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    for key in ["5", "00", "x", "2", "12", "000000", "739150", "00", "6", "98", "99"] {
        phone.answer(key);
        assert_eq!(phone.again(), phone.reply, "after {key}");
    }
    assert_eq!(phone.world.deeds, ["stop_messages", "verify_pin", "verify_pin"]);
}

#[test]
fn long_texts_break_into_pages_that_can_be_turned() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    let first = phone.answer("6").to_owned();
    assert!(first.ends_with("0 Back 00 Home\n98 More") || first.contains("98 More"), "{first}");
    let second = phone.answer("98").to_owned();
    assert!(
        second.contains("thirty-two") && second.contains("99 Previous") && !second.contains("98 More"),
        "{second}"
    );
    assert!(phone.answer("98").starts_with("Please choose a number."), "there is no third page");
    assert_eq!(phone.answer("99"), first.as_str());
    for screen in [&first, &second] {
        assert!(Encoding::Gsm7.cost(screen) <= 182);
    }
}

#[test]
fn a_number_is_not_taken_for_an_item_of_another_list() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("1");
    phone.answer("1");
    phone.world.clinics = vec!["New CHC", "Bo Hospital", "Gerihun CHC"];
    assert_eq!(
        phone.answer("2"),
        "The list has changed.\nClinics\n1. New CHC\n2. Bo Hospital\n3. Gerihun CHC\n0 Back 00 Home"
    );
    assert_eq!(phone.answer("2"), "Bo Hospital, 076 000000\n0 Back 00 Home");
}

#[test]
fn no_item_is_offered_whose_number_is_a_standard_key() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World { clinics: vec!["CHC"; 120], ..World::default() });
    phone.answer("1");
    phone.answer("1");
    let mut all = String::new();
    while all.len() < 100_000 {
        all.push_str(&phone.reply.text);
        if !phone.reply.text.contains("98 More") {
            break;
        }
        phone.answer("98");
    }
    assert!(all.contains("97. CHC") && !all.contains("98. CHC"));
    assert_eq!(phone.answer("97"), "CHC, 076 000000\n0 Back 00 Home");
}

#[test]
fn an_empty_list_leads_where_the_author_says() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World { clinics: vec![], ..World::default() });
    phone.answer("1");
    assert_eq!(phone.answer("1"), "None here.\n0 Back 00 Home");
}

fn cut(phone: Handset<'_>) -> Option<Suspended> {
    assert!(phone.session.resumable());
    phone.session.suspend()
}

#[test]
fn she_goes_on_where_she_was_cut_off_after_her_pin() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("3");
    phone.answer("739150");
    phone.answer("1");
    assert_eq!(phone.reply.text, "weak blood\n0 Back 00 Home");
    let mut phone = Handset::dial_with(&menu, World::default(), "", cut(phone));
    assert_eq!(phone.reply.text, "You were cut off.\n1. Go on\n2. Begin again");
    assert_eq!(phone.answer("1"), "Your PIN?\n0 Back 00 Home");
    assert!(phone.answer("111222").starts_with("Wrong PIN"));
    assert_eq!(phone.answer("739150"), "weak blood\n0 Back 00 Home");
    assert!(phone.effects.contains(&Effect::CloseSuspended));
    assert_eq!(phone.answer("0"), "Visits\n1. weak blood\n0 Back 00 Home", "her steps are there too");
}

#[test]
fn another_person_does_not_get_to_where_she_was() {
    let menu = small_menu();
    let world = World { facts: PhoneFacts { people: 2, ..PhoneFacts::default() }, ..World::default() };
    let mut phone = Handset::dial(&menu, world.clone());
    phone.answer("3");
    phone.answer("1");
    phone.answer("739150");
    phone.answer("1");
    let mut phone = Handset::dial_with(&menu, world, "", cut(phone));
    phone.answer("1");
    phone.answer("2");
    assert_eq!(phone.answer("482915"), HOME);
    assert!(phone.session.suspended.is_none());
    assert!(phone.effects.contains(&Effect::CloseSuspended));
}

#[test]
fn what_needed_no_pin_goes_on_without_one_with_the_answers_given() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("4");
    phone.answer("20");
    let mut phone = Handset::dial_with(&menu, World::default(), "", cut(phone));
    assert_eq!(phone.answer("1"), "20 weeks. When is the visit?\n0 Back 00 Home");
}

#[test]
fn the_offer_is_made_once_and_not_after_a_suffix_or_on_another_menu() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("4");
    phone.answer("20");
    let suspended = cut(phone);
    let mut declined = Handset::dial_with(&menu, World::default(), "", suspended.clone());
    assert_eq!(declined.answer("2"), HOME);
    assert!(declined.effects.contains(&Effect::CloseSuspended));
    let straight = Handset::dial_with(&menu, World::default(), "1", suspended.clone());
    assert_eq!(straight.reply.text, "District?\n1. Bo\n2. Kenema\n0 Back 00 Home");
    let other = suspended.map(|place| Suspended { menu: crate::menu::MenuVersion(1), ..place });
    assert_eq!(Handset::dial_with(&menu, World::default(), "", other).reply.text, HOME);
}

#[test]
fn the_result_of_a_deed_is_not_shown_again_on_resuming_nor_gone_back_to() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    phone.answer("5");
    assert_eq!(phone.place(), "main.stopped");
    let mut phone = Handset::dial_with(&menu, World::default(), "", cut(phone));
    assert_eq!(phone.answer("1"), HOME);
    assert!(phone.world.deeds.is_empty());
}

#[test]
fn data_is_never_asked_without_its_guard_even_for_a_forged_place() {
    let menu = small_menu();
    let mut phone = Handset::dial(&menu, World::default());
    let at = menu.states.iter().position(|state| state.name == "main.pregnancy").unwrap();
    phone.session.place = StateId(u16::try_from(at).unwrap());
    let mut machine = Machine::redraw(handset::ground(&menu), phone.session.clone());
    let drawn = handset::run(&mut machine, &mut phone.world);
    assert!(matches!(drawn, Err(EngineError::Unguarded("pregnancy"))), "{drawn:?}");
    assert!(phone.world.asked.is_empty());
}
