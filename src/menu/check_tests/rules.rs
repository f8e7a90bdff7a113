//! Paths, keys, guards: what does not fit together.

use super::super::{LoadOptions, STARTER, Sources, check};
use super::{checked, files, spoiled, tells, told};
use crate::ussd::catalog::CATALOG;

#[test]
fn the_small_menu_passes() {
    let checked = checked(files());
    assert_eq!(told(&checked), [] as [&str; 0], "{}", checked.report);
    assert_eq!(checked.menu.unwrap().states.len(), 16);
}

#[test]
fn unknown_keys_and_targets() {
    tells("main.yaml", "    back: false", "    ¦bak: false", &["unknown-key"]);
    tells("main.yaml", "go: weeks}", "go: ¦week}", &["unknown-target"]);
    tells("main.yaml", "go: record.start", "go: ¦recrod.start", &["unknown-target"]);
    tells("main.yaml", "go: record.start", "go: ¦record", &["unknown-target"]);
    tells("mamacare.yaml", "home: main.welcome", "home: ¦welcome", &["unknown-target"]);
    tells("mamacare.yaml", "pin: identify", "pin: ¦identfy", &["unknown-flow"]);
    let report = spoiled("main.yaml", "go: weeks}", "go: week}").report.render(false);
    assert!(report.contains("10 |       - {key: \"2\", say: {en: Weeks, kri: Wik}, go: week}\n"), "{report}");
    assert!(report.contains("   |                                                    ^^^^\n"), "{report}");
    assert!(report.contains("= help: did you mean `weeks`?"), "{report}");
}

#[test]
fn what_does_not_fit_together() {
    tells("main.yaml", "    text: []\n", "    text: []\n    ¦end: true\n", &["double-kind"]);
    tells("main.yaml", "    text: []\n", "", &["missing-key@12:3"]);
    tells("main.yaml", "{type: number, min: 1, max: 42,", "¦{type: number, min: 1, max: 0,", &["bad-value"]);
    tells("main.yaml", "type: number", "type: ¦nummer", &["bad-value"]);
    tells("main.yaml", "{type: number, min: 1,", "¦{type: number,", &["missing-key"]);
    tells("main.yaml", "mamacare: 1\n", "mamacare: ¦2\n", &["unknown-version"]);
    tells("record.yaml", "      - {otherwise: visits}\n", "", &["bad-branch@9:7"]);
    tells("register.yaml", "flow: register", "flow: ¦consent", &["unknown-flow@4:16", "double-flow"]);
}

#[test]
fn paths() {
    tells("main.yaml", "  help:\n", "  ¦more:\n    say: x\n    text: []\n  help:\n", &["unreachable"]);
    tells("main.yaml", "    text: []\n", "    text: []\n    back: false\n", &["dead-end@12:3"]);
    tells(
        "main.yaml",
        "  help:\n",
        "  one:\n    branch: [{otherwise: two}]\n  two:\n    call: {flow: quick, go: one}\n  help:\n",
        &["unknown-flow@15:18"],
    );
    tells("record.yaml", "{otherwise: visits}", "{otherwise: ¦start}", &["circle"]);
    tells(
        "identify.yaml",
        "ok: return, must_change: return",
        "ok: wrong, must_change: wrong",
        &["maybe-missing@14:26", "maybe-missing@14:59", "no-return@4:31"],
    );
    tells("main.yaml", "go: record.start", "go: ¦return", &["stray-return", "unreachable@2:7"]);
}

#[test]
fn circles_through_sub_flows_are_found_and_others_are_not() {
    let quick = "mamacare: 1\nflow: quick\nstart: a\nstates:\n  a:\n    branch: [{otherwise: return}]\n";
    let with = |then: &str| {
        let mut files = files();
        files.push(("quick.yaml", quick.to_owned()));
        let (_, main) = files.iter_mut().find(|(name, _)| *name == "main.yaml").unwrap();
        let states = format!(
            "  one: {{call: {{flow: quick, go: two}}}}\n  two: {{call: {{flow: quick, go: {then}}}}}\n  \
             last: {{call: {{flow: quick, go: weeks}}}}\n  help:\n"
        );
        *main = main.replace("go: weeks}", "go: one}").replace("  help:\n", &states);
        checked(files)
    };
    let circle = with("one");
    assert!(told(&circle).iter().any(|found| found.starts_with("circle")), "{}", circle.report);
    let fine = with("last");
    assert_eq!(told(&fine), [] as [&str; 0], "{}", fine.report);
}

#[test]
fn a_file_that_cannot_be_read_is_told_alone() {
    tells("record.yaml", "    say:\n", "\t¦say:\n", &["yaml"]);
    tells(
        "record.yaml",
        "'Wik {{ pregnancy.weeks }}'",
        "'Wik {{ pregnancy.weeks | plural(one='¦a')'",
        &["yaml"],
    );
    let report = spoiled("record.yaml", "'Wik {{ pregnancy.weeks }}'", "{{ pregnancy.weeks }}").report;
    assert!(report.render(false).contains("put a text with `{{` in quotes"), "{report}");
}

#[test]
fn protected_data_and_pins() {
    tells(
        "record.yaml",
        "requires: consent",
        "requires: pin",
        &["unguarded@7:11", "unguarded@12:11", "unguarded@18:11"],
    );
    tells(
        "record.yaml",
        "requires: consent\n",
        "",
        &["unguarded@6:11", "unguarded@11:11", "unguarded@17:11"],
    );
    tells("identify.yaml", "requires: phone", "requires: anonymous", &["lost-pin@6:3", "lost-pin@13:3"]);
    tells(
        "identify.yaml",
        "{type: pin, go: check}\n  check",
        "{type: pin, go: ¦wrong}\n  check",
        &["lost-pin", "maybe-missing@14:26", "maybe-missing@14:59"],
    );
    tells(
        "identify.yaml",
        "{type: pin, go: check}\n  check",
        "{type: pin, save: ¦pin, go: check}\n  check",
        &["saved-pin"],
    );
    tells("identify.yaml", "locked: stop", "locked: ¦check", &["circle", "no-pin"]);
    tells("identify.yaml", "start: ask", "start: check", &["unreachable@6:3", "no-pin@4:31"]);
    tells("consent.yaml", "requires: pin", "requires: consent", &["circle@6:3"]);
}

#[test]
fn keys_that_clash() {
    tells("main.yaml", "key: \"2\"", "key: ¦\"999\"", &["key-clash"]);
    tells("main.yaml", "key: \"2\"", "key: ¦\"1\"", &["double-key"]);
    tells("main.yaml", "key: \"2\"", "key: ¦two", &["bad-key"]);
    tells("main.yaml", "key: \"2\"", "key: \"0\"", &[]);
    tells("consent.yaml", "key: \"2\"", "key: ¦\"0\"", &["key-clash"]);
    tells(
        "main.yaml",
        "{en: Weeks, kri: Wik}",
        "{en: Weeks, kri: Wik}, words: {en: [¦Record]}",
        &["double-word"],
    );
    tells(
        "main.yaml",
        "{en: Weeks, kri: Wik}",
        "{en: Weeks, kri: Wik}, words: {en: [¦\"3\"]}",
        &["key-clash"],
    );
    tells("main.yaml", "{type: number, min: 1,", "¦{type: number, min: 0,", &["key-clash"]);
    tells("main.yaml", "{type: number, min: 1, max: 42,", "{type: number, min: 1, max: 998,", &[]);
    tells(
        "main.yaml",
        "{type: number, min: 1, max: 42,",
        "¦{type: digits, min: 1, max: 2,",
        &["key-clash", "key-clash@17:12"],
    );
    tells(
        "main.yaml",
        "empty: welcome}\n",
        "empty: welcome, choices: [{key: ¦\"9\", say: x, go: home}]}\n",
        &["key-clash"],
    );
    tells(
        "main.yaml",
        "empty: welcome}\n",
        "empty: welcome, choices: [{key: \"90\", say: x, go: home}]}\n",
        &[],
    );
    tells("mamacare.yaml", "strikes:", "keys: {more: \"97\", previous: ¦\"97\"}\nstrikes:", &["double-key"]);
}

#[test]
fn the_starter_passes_without_a_remark() {
    let report =
        check(&Sources::from_pairs(STARTER.iter().copied()), &CATALOG, &LoadOptions::default()).report;
    assert_eq!(report.findings().len(), 0, "{report}");
}
