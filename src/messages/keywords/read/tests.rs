use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::Programme;
use super::super::spelling::within_one_slip;
use super::*;

static SHIPPED: LazyLock<Keywords> = LazyLock::new(|| Keywords::shipped().unwrap());

fn read(text: &str) -> Option<(Keyword, bool)> {
    SHIPPED.recognise(text).map(|reading| (reading.keyword, reading.remark))
}

fn stop_all() -> Keyword {
    Keyword::Stop(Scope::All)
}

fn these(programmes: impl IntoIterator<Item = Programme>) -> Scope {
    Scope::These(programmes.into_iter().collect())
}

#[test]
fn a_keyword_is_known_in_any_case_spacing_and_spelling() {
    for (texts, expected) in [
        (
            &[
                "STOP",
                "stop",
                " Stop. ",
                "S T O P",
                "ST OP",
                "stop!!!",
                "\"stop\"",
                "STPO",
                "stpp",
                "stoop",
                "LƐF",
                "lef",
                "Lɛf",
                "stɔp",
                "Please stop",
                "STOP PLEASE",
                "stop sending messages",
                "stop all",
                "STOPALL",
                "Stop ɔl",
            ][..],
            stop_all(),
        ),
        (&["START", "strat", "stat", "Duya stat", "start all"], Keyword::Start(Scope::All)),
        (&["HELP", "hlep", "ƐP", "ep", "help me please", "HELP!"], Keyword::Help),
        (&["PIN", "pin?", "my pin", "new pin please", "P I N"], Keyword::Pin(None)),
        (&["PIN 1998", "pin1998", "Pin: 1998."], Keyword::Pin(Some(1998))),
        (&["NEXT", "nxet", "nɛks", "next visit"], Keyword::Next),
        (&["BABY", "bebi", "babyy", "my baby", "maklet", "pikin"], Keyword::Baby),
        (
            &["LOST", "lɔs", "los", "I lost my baby", "Lost the pregnancy", "a dɔn lɔs di bɛlɛ", "LOSTBABY"],
            Keyword::Lost,
        ),
        (&["YES", "yɛs", "Yes please", "yes, thank you"], Keyword::Yes),
        (&["NO", "nɔ", "noh", "No thanks"], Keyword::No),
        (&["CLINIC", "klinik", "clinc", "clinic s"], Keyword::Clinic(String::new())),
        (
            &["CLINIC Bo", "klinik na Bo", "Clinic near bo please", "CLINIC BO.", "clinc bo"],
            Keyword::Clinic("bo".to_owned()),
        ),
        (&["clinic Port Loko"], Keyword::Clinic("port loko".to_owned())),
    ] {
        for text in texts {
            assert_eq!(read(text), Some((expected.clone(), false)), "{text}");
        }
    }
}

#[test]
fn one_programme_stops_by_its_word() {
    for (text, scope) in [
        ("STOP BABY", these([Programme::Child])),
        ("stopbaby", these([Programme::Child])),
        ("stop bebi mesɛj", these([Programme::Child])),
        ("Lɛf maklet", these([Programme::Child])),
        ("STOP VISTS", these([Programme::Visits])),
        ("STOP visits and medicine", these([Programme::Visits, Programme::Medicine])),
        ("stop bɛlɛ", these([Programme::Advice])),
        ("stop all baby", Scope::All),
    ] {
        let Some((Keyword::Stop(read), _)) = read(text) else { panic!("{text}") };
        assert_eq!(read, scope, "{text}");
    }
}

#[test]
fn what_is_more_than_a_keyword_goes_to_staff_too() {
    assert_eq!(read("STOP my husband reads this"), Some((stop_all(), true)));
    assert_eq!(read("HELP I am bleeding"), Some((Keyword::Help, true)));
    assert_eq!(read("no I moved to Kenema"), Some((Keyword::No, true)));
    assert_eq!(read("PIN it does not come"), Some((Keyword::Pin(None), true)));
}

#[test]
fn a_sentence_is_no_keyword_by_a_slip() {
    for text in [
        "yet I bleed",
        "nest week I travel",
        "lost my card",
        "I lost my phone",
        "Hello",
        "please",
        "",
        "🙏🙏",
        "\u{0}\u{0}",
        "my belly hurts",
        "helps",
        "\u{202e}pots",
        "12345",
        "the baby is not moving",
        "baby",
    ] {
        let read = read(text).filter(|(_, remark)| !remark);
        let may = ["baby", "helps"].contains(&text);
        assert!(read.is_none() || may, "{text}: {read:?}");
    }
}

#[test]
fn the_language_is_that_of_the_word_where_one_alone_has_it() {
    let keywords = &*SHIPPED;
    let language = |text: &str| keywords.recognise(text).unwrap().language;
    assert_eq!(language("LƐF").as_deref(), Some("kri"));
    assert_eq!(language("next").as_deref(), Some("en"));
    assert_eq!(language("yes"), None, "also Krio, without its letters");
    assert_eq!(language("stop"), None);
}

/// The word with one slip.
fn slip(word: &str, at: usize, kind: u8, letter: char) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = at % letters.len();
    match kind {
        0 => letters[at] = letter,
        1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letter),
        _ if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => {}
    }
    letters.into_iter().collect()
}

proptest! {
    #[test]
    fn one_slip_in_a_word_that_allows_it_keeps_its_meaning(
        which: prop::sample::Index, at in 0_usize..20, kind in 0_u8..4, letter in prop::char::range('a', 'z'),
    ) {
        let keywords = &*SHIPPED;
        let near: Vec<Entry> = keywords.of(Field::Keyword).filter(|entry| entry.near).cloned().collect();
        let entry = which.get(&near);
        let written = slip(&entry.word, at, kind, letter);
        // A slip that gives another word gives that word.
        if let Some(other) = keywords.exact(Field::Keyword, &written) {
            prop_assert_eq!(other.means, entry.means);
        }
        let found = keywords.near(Field::Keyword, &written);
        prop_assert_eq!(found.map(|found| found.means), Some(entry.means), "{} for {}", written, entry.word);
    }

    #[test]
    fn no_text_is_within_a_slip_of_two_meanings(word in "[a-z]{1,12}") {
        let keywords = &*SHIPPED;
        for field in [Field::Keyword, Field::Scope] {
            let mut meanings: Vec<_> = keywords
                .of(field)
                .filter(|entry| entry.word == word || entry.near && within_one_slip(&word, &entry.word))
                .map(|entry| entry.means)
                .collect();
            meanings.dedup();
            prop_assert!(meanings.iter().all(|means| Some(means) == meanings.first()), "{:?}", meanings);
        }
    }

    #[test]
    fn any_text_is_read_or_left_to_staff(text in "\\PC{0,200}|[\u{0}-\u{1f} a-z]{0,60}") {
        let _ = SHIPPED.recognise(&text);
    }

    #[test]
    fn case_spaces_and_signs_never_change_the_meaning(
        which: prop::sample::Index, gaps in prop::collection::vec("[ .!?,]{0,2}", 16), upper: bool,
    ) {
        let keywords = &*SHIPPED;
        let all: Vec<Entry> = keywords.of(Field::Keyword).cloned().collect();
        let entry = which.get(&all);
        let word = if upper { entry.word.to_uppercase() } else { entry.word.clone() };
        let spread: String = word.chars().zip(gaps.iter().cycle()).flat_map(|(letter, gap)| [letter.to_string(), gap.clone()]).collect();
        let reading = keywords.recognise(&spread);
        let plain = keywords.recognise(&entry.word);
        prop_assert!(plain.is_some());
        prop_assert_eq!(reading.map(|reading| reading.keyword), plain.map(|reading| reading.keyword), "{}", spread);
    }
}
