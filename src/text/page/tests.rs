use proptest::prelude::*;

use super::super::{Display, Encoding, Folding};
use super::*;

const PROPER: Display = Display { folding: Folding::Off, ucs2: true };

fn english_keys() -> KeyLabels {
    KeyLabels {
        back: Some("0 Back".to_owned()),
        home: Some("00 Home".to_owned()),
        more: "98 More".to_owned(),
        previous: "99 Previous".to_owned(),
    }
}

fn prose(text: &str) -> Block {
    Block::Prose(text.to_owned())
}

fn option(text: &str) -> Block {
    Block::Option(text.to_owned())
}

fn pages(blocks: Vec<Block>) -> Vec<String> {
    paginate(&Draft { blocks, keys: english_keys() }, &Display::default()).0
}

/// The page without the lines of the keys.
fn body(page: &str) -> &str {
    let end = page.find("\n0 Back 00 Home").or_else(|| page.find("0 Back 00 Home"));
    end.map_or(page, |end| &page[..end])
}

#[test]
fn a_short_screen_is_one_page_without_the_key_for_more() {
    let screen = pages(vec![prose("MamaCare\n"), option("1. My record"), option("2. Find a clinic")]);
    assert_eq!(screen, ["MamaCare\n1. My record\n2. Find a clinic\n0 Back 00 Home"]);
}

#[test]
fn options_move_to_the_next_page_whole() {
    let blocks = (1..=14).map(|number| option(&format!("{number}. Government Hospital"))).collect();
    let screen = pages(blocks);
    assert_eq!(screen.len(), 3);
    assert!(screen[0].ends_with("6. Government Hospital\n0 Back 00 Home\n98 More"), "{}", screen[0]);
    assert!(screen[1].starts_with("7. Government Hospital\n"), "{}", screen[1]);
    assert!(screen[1].ends_with("0 Back 00 Home\n98 More 99 Previous"), "{}", screen[1]);
    assert!(screen[2].ends_with("14. Government Hospital\n0 Back 00 Home\n99 Previous"), "{}", screen[2]);
}

#[test]
fn a_screen_that_fits_to_the_last_septet_is_one_page() {
    let keys = "\n0 Back 00 Home".len();
    assert_eq!(pages(vec![prose(&"a".repeat(182 - keys))]).len(), 1);
    assert_eq!(pages(vec![prose(&"a".repeat(183 - keys))]).len(), 2);
}

#[test]
fn prose_breaks_between_lines_where_that_fills_half_a_page_and_else_between_words() {
    let line = "word ".repeat(24);
    let screen = pages(vec![prose(&format!("{line}\n{line}"))]);
    assert_eq!(body(&screen[0]), line.trim_end());
    let screen = pages(vec![prose(&format!("short\n{line}{line}"))]);
    assert!(body(&screen[0]).ends_with("word") && body(&screen[0]).len() > 150, "{}", screen[0]);
}

#[test]
fn a_word_longer_than_a_page_and_an_option_longer_than_a_page_lose_nothing() {
    for block in [prose(&"{x".repeat(200)), option(&"{x".repeat(200))] {
        let screen = pages(vec![prose("Before"), block]);
        let shown: String = screen.iter().map(|page| body(page)).collect();
        assert_eq!(shown, format!("Before{}", "{x".repeat(200)));
        assert!(screen.iter().all(|page| Encoding::Gsm7.cost(page) <= 182));
    }
}

#[test]
fn one_foreign_letter_anywhere_makes_all_pages_ucs2() {
    let keys = KeyLabels { more: "98 Mɔ".to_owned(), ..english_keys() };
    let draft = Draft { blocks: vec![prose(&"word ".repeat(30))], keys };
    let (screen, encoding) = paginate(&draft, &PROPER);
    assert_eq!(encoding, Encoding::Ucs2);
    assert!(screen.len() > 1 && screen.iter().all(|page| page.encode_utf16().count() <= 80));
    assert_eq!(paginate(&draft, &Display::default()).1, Encoding::Gsm7);
}

#[test]
fn an_empty_screen_is_its_keys() {
    assert_eq!(pages(vec![prose(" \n")]), ["0 Back 00 Home"]);
    assert_eq!(paginate(&Draft::default(), &Display::default()).0, [""]);
}

#[test]
fn labels_that_would_fill_the_page_are_cut_to_their_keys() {
    let keys = KeyLabels { back: Some(format!("0 {}", "back".repeat(50))), ..english_keys() };
    let (screen, _) = paginate(&Draft { blocks: vec![prose("Hello")], keys }, &Display::default());
    assert_eq!(screen, ["Hello\n0 00"]);
}

#[test]
fn a_letter_with_more_accents_than_a_page_holds_ends_somewhere() {
    let text = format!("ɛ{}", "\u{301}".repeat(300));
    let draft = Draft { blocks: vec![prose(&text)], keys: english_keys() };
    let (screen, _) = paginate(&draft, &PROPER);
    assert!(screen.iter().all(|page| page.encode_utf16().count() <= 80));
    assert_eq!(screen.iter().map(|page| body(page)).collect::<String>(), text);
}

#[test]
fn a_line_feed_between_options_counts() {
    let keys = "\n0 Back 00 Home".len();
    for count in 2..=40 {
        let options: Vec<_> = (0..count).map(|_| option("1. A")).collect();
        let fits = count * 5 - 1 + keys <= 182;
        let screen = pages(options);
        assert_eq!(screen.len() == 1, fits, "{count} options");
        assert!(screen.iter().all(|page| Encoding::Gsm7.cost(page) <= 182));
    }
}

#[test]
fn what_readers_see_as_one_character_stays_on_one_page() {
    for (character, times) in [("🇸🇱", 60), ("ɛ\u{301}", 100), ("👩🏾‍🍼", 40)] {
        for before in 0..8 {
            let text = format!("{}{}", "a".repeat(before), character.repeat(times));
            let draft = Draft { blocks: vec![prose(&text)], keys: english_keys() };
            let (screen, _) = paginate(&draft, &PROPER);
            assert!(screen.len() > 1);
            for page in &screen {
                let body = body(page).trim_start_matches('a').trim_end();
                assert_eq!(body.replace(character, ""), "", "{page:?}");
            }
        }
    }
}

/// Words of all sorts: plain, Krio, long, emoji with joiners, accents, escapes, anything.
fn any_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => "[a-zA-Z0-9.,]{1,9}",
        3 => "[a-zɛɔŋNɔ'’]{1,9}",
        1 => "[{}€^\\[\\]]{1,9}",
        1 => "[a-zɛ]{150,250}",
        1 => "(👩🏾‍🍼|🇸🇱|ɛ́|e\u{301}|😀){1,30}",
        1 => "\\PC{1,12}",
    ];
    let space = prop_oneof![8 => Just(" "), 2 => Just("\n"), 1 => Just("\n\n"), 1 => Just("  \n "), 1 => Just("\u{a0}")];
    prop::collection::vec((word, space), 0..40)
        .prop_map(|words| words.into_iter().map(|(word, space)| word + space).collect())
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let block = prop_oneof![
        2 => any_text().prop_map(Block::Prose),
        3 => "[1-9]{1,2}\\. [a-zA-Zɛɔŋ {}]{1,40}".prop_map(Block::Option),
        1 => any_text().prop_map(Block::Option),
    ];
    let label = |text: &'static str| prop_oneof![Just(text.to_owned()), Just(text.replace('o', "ɔ"))];
    let keys = (label("0 Back"), label("00 Home"), label("98 More"), label("99 Before"), any::<[bool; 2]>())
        .prop_map(|(back, home, more, previous, shown)| KeyLabels {
            back: shown[0].then_some(back),
            home: shown[1].then_some(home),
            more,
            previous,
        });
    (prop::collection::vec(block, 0..12), keys).prop_map(|(blocks, keys)| Draft { blocks, keys })
}

fn any_display() -> impl Strategy<Value = Display> {
    let folding = prop_oneof![Just(Folding::Accent), Just(Folding::Plain), Just(Folding::Off)];
    (folding, any::<bool>()).prop_map(|(folding, ucs2)| Display { folding, ucs2 })
}

/// The whole draft as it is shown, without breaks, and its options.
fn expected(draft: &Draft, display: Display, encoding: Encoding) -> (String, Vec<String>) {
    let shown = |text: &str| display.encodable(display.folding.fold(text), encoding).into_owned();
    let mut all = String::new();
    let mut options = Vec::new();
    for block in &draft.blocks {
        let (Block::Prose(text) | Block::Option(text)) = block;
        all.push_str(&shown(text));
        if matches!(block, Block::Option(_)) {
            options.push(shown(text).trim_matches(is_break).to_owned());
        }
    }
    (without_breaks(&all), options)
}

fn without_breaks(text: &str) -> String {
    text.chars().filter(|&letter| !is_break(letter)).collect()
}

/// Takes the lines of the keys away, and checks that they are the right ones.
fn stripped(
    page: &str,
    draft: &Draft,
    display: Display,
    encoding: Encoding,
    (more, previous): (bool, bool),
) -> Result<String, TestCaseError> {
    let label = |label: &str| display.encodable(display.folding.fold(label), encoding).into_owned();
    let fixed: Vec<_> =
        [&draft.keys.back, &draft.keys.home].into_iter().flatten().map(|text| label(text)).collect();
    let mut paging = Vec::new();
    if more {
        paging.push(label(&draft.keys.more));
    }
    if previous {
        paging.push(label(&draft.keys.previous));
    }
    let lines: Vec<_> =
        [fixed, paging].iter().filter(|group| !group.is_empty()).map(|group| group.join(" ")).collect();
    let lines = lines.join("\n");
    let body = page.strip_suffix(&lines);
    prop_assert!(body.is_some(), "{page:?} does not end with {lines:?}");
    let body = body.unwrap_or_default();
    if lines.is_empty() || body.is_empty() {
        return Ok(body.to_owned());
    }
    prop_assert!(body.ends_with('\n'), "{page:?}");
    Ok(body.trim_end_matches('\n').to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn pages_fit_and_lose_nothing(draft in any_draft(), display in any_display()) {
        let (screen, encoding) = paginate(&draft, &display);
        let (whole, options) = expected(&draft, display, encoding);
        prop_assert!(!screen.is_empty());
        let mut bodies = Vec::new();
        for (at, page) in screen.iter().enumerate() {
            prop_assert!(encoding.cost(page) <= encoding.budget(), "{page:?}");
            if encoding == Encoding::Gsm7 {
                prop_assert!(gsm7::septets(page).is_some(), "{page:?}");
            }
            let around = (at + 1 < screen.len(), at > 0);
            let body = stripped(page, &draft, display, encoding, around)?;
            prop_assert!(screen.len() == 1 || !body.is_empty(), "an empty page among {screen:?}");
            bodies.push(body);
        }
        prop_assert_eq!(without_breaks(&bodies.concat()), whole, "{:?}", screen);
        for option in options.iter().filter(|option| encoding.cost(option) <= encoding.budget() / 2) {
            prop_assert!(bodies.iter().any(|body| body.contains(option.as_str())), "{option:?} broken in {bodies:?}");
        }
    }

    #[test]
    fn words_stay_whole(words in prop::collection::vec("[a-zɛɔ{]{1,16}", 1..120), display in any_display()) {
        let draft = Draft { blocks: vec![prose(&words.join(" "))], keys: english_keys() };
        let (screen, encoding) = paginate(&draft, &display);
        let shown = screen.iter().map(|page| body(page)).collect::<Vec<_>>().join(" ");
        let text = display.encodable(display.folding.fold(&words.join(" ")), encoding).into_owned();
        prop_assert_eq!(shown, text);
    }

    #[test]
    fn what_fits_one_page_is_on_one_page(length in 1_usize..170, display in any_display()) {
        let draft = Draft { blocks: vec![prose(&"ɛ".repeat(length))], keys: english_keys() };
        let (screen, encoding) = paginate(&draft, &display);
        let fits = length + "\n0 Back 00 Home".len() <= encoding.budget();
        prop_assert_eq!(screen.len() == 1, fits);
    }
}
