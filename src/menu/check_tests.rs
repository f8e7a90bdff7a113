//! A small menu that passes, and what each way of spoiling it is told.

use std::fmt::Write as _;

use super::{Checked, LoadOptions, Sources, check};
use crate::ussd::catalog::CATALOG;

const ROOT: &str = r#"mamacare: 1
start: main.welcome
home: main.welcome
prove: {phone: register, pin: identify, consent: consent}
strikes: {limit: 3, go: main.help}
constants: {emergency: "117"}
languages:
  - {code: en, name: English, review: reviewed}
  - {code: kri, name: Krio, review: unreviewed, fallback: [en]}
  - {code: men, name: Mende, review: untranslated, fallback: [kri, en]}
"#;

const ENGLISH: &str = r#"mamacare: 1
language: en
dates: {long: "{day} {month} {year}", short: "{day} {month}"}
months: [January, February, March, April, May, June, July, August, September, October, November, December]
weekdays: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]
plural: one_other
standard:
  back: Back
  home: Home
  more: More
  previous: Previous
  leave: Thank you for calling.
  wrong_choice: Please choose a number shown.
  list_changed: The list has changed.
  wrong_digits: "Please type {{ min }} to {{ max }} digits."
  wrong_number: "Please type a number from {{ min }} to {{ max }}."
  wrong_date: Please type the date like 12/3/2026.
  date_out_of_range: That date is too early or too late.
  wrong_phone: Please type a phone number.
  wrong_name: Please type a name.
  wrong_text: "Please type at most {{ max }} letters."
  wrong_pin_form: A PIN has 4 to 6 digits.
  too_many_wrong: Let us stop here.
  timed_out: "Please dial {{ service_code }} again."
  lost_place: "Please dial {{ service_code }} again."
  busy: Please try again soon.
  apology: "Sorry. Code {{ reference }}"
"#;

const MAIN: &str = r#"mamacare: 1
flow: main
start: welcome
states:
  welcome:
    say: {en: "MamaCare", kri: "MamaCare"}
    back: false
    menu:
      - {key: "1", say: {en: My record, kri: Mi rɛkɔd}, words: {en: [record]}, go: record.start}
      - {key: "2", say: {en: Weeks, kri: Wik}, go: weeks}
      - {key: "3", say: {en: Clinics, kri: Klinik}, go: district}
  help:
    say: {en: '{% include "help" %}', kri: '{% include "help" %}'}
    text: []
  weeks:
    say: {en: "How many weeks?", kri: "Ɔmɔs wik?"}
    input: {type: number, min: 1, max: 42, save: weeks, go: told}
  told:
    say: {en: "{{ input.weeks }} weeks", kri: "{{ input.weeks }} wik"}
    end: true
  district:
    say: {en: District, kri: Distrikt}
    list: {from: districts, item: "{{ item.name }}", save: district, go: clinics, empty: welcome}
  clinics:
    say: {en: Clinics, kri: Klinik}
    list:
      from: clinics
      with: {district: "{{ input.district }}"}
      item: {en: "{{ item.name }}, {{ item.town }}", kri: "{{ item.name }}, {{ item.town }}"}
      empty: welcome
"#;

const RECORD: &str = r#"mamacare: 1
flow: record
requires: consent
start: start
states:
  start:
    use: [pregnancy]
    branch:
      - {when: pregnancy.active, go: weeks}
      - {otherwise: visits}
  weeks:
    use: [pregnancy]
    say:
      en: '{{ pregnancy.weeks }} {{ pregnancy.weeks | plural(one="week", other="weeks") }}, due {{ pregnancy.due | date(form="long") }}'
      kri: 'Wik {{ pregnancy.weeks }}'
    text: [{key: "1", say: {en: Visits, kri: Visit}, go: visits}]
  visits:
    use: [visits]
    say:
      en: |
        {% for visit in visits %}{{ visit.on | date }}: {{ visit.reason }}
        {% else %}None yet.
        {% endfor %}
      kri: "{{ visits | length }}"
    text: []
"#;

const OTHERS: &str = r#"mamacare: 1
flow: identify
requires: phone
start: ask
states:
  ask:
    say: {en: "Your PIN?", kri: "Yu PIN?"}
    input: {type: pin, go: check}
  check:
    action:
      do: verify_pin
      on: {ok: return, must_change: return, wrong: wrong, locked: stop, expired: stop, none: stop, busy: stop}
  wrong:
    say: {en: "Wrong. {{ outcome.left }} left.", kri: "{{ outcome.left }}"}
    input: {type: pin, go: check}
  stop:
    say: {en: "Try later.", kri: "Tray bak."}
    end: true
"#;

const REGISTER: &str = r#"mamacare: 1
flow: register
start: ask
states:
  ask:
    say: {en: "Ask at your clinic.", kri: "Aks na klinik."}
    end: true
"#;

const CONSENT: &str = r#"mamacare: 1
flow: consent
requires: pin
start: ask
states:
  ask:
    say: {en: "Agree?", kri: "Gri?"}
    menu:
      - {key: "1", say: {en: "Yes", kri: "Yɛs"}, go: agree}
      - {key: "2", say: {en: "No", kri: "Nɔ"}, go: leave}
  agree:
    action: {do: give_consent, with: {purpose: care}, on: {ok: return}}
"#;

const SHARED: &str = r#"mamacare: 1
fragments:
  help: {en: "Call {{ const.emergency }}.", kri: "Kɔl {{ const.emergency }}."}
"#;

const MESSAGES: &str = r#"mamacare: 1
messages:
  pin_issued: {sees: [pin], en: "Your PIN is {{ pin }}.", kri: "Yu PIN na {{ pin }}."}
"#;

fn files() -> Vec<(&'static str, String)> {
    vec![
        ("mamacare.yaml", ROOT.to_owned()),
        ("languages/en.yaml", ENGLISH.to_owned()),
        ("languages/kri.yaml", ENGLISH.replace("language: en", "language: kri")),
        ("main.yaml", MAIN.to_owned()),
        ("record.yaml", RECORD.to_owned()),
        ("identify.yaml", OTHERS.to_owned()),
        ("register.yaml", REGISTER.to_owned()),
        ("consent.yaml", CONSENT.to_owned()),
        ("fragments.yaml", SHARED.to_owned()),
        ("messages.yaml", MESSAGES.to_owned()),
    ]
}

fn checked(files: Vec<(&'static str, String)>) -> Checked {
    check(&Sources::from_pairs(files), &CATALOG, &LoadOptions::default())
}

/// What is told where `old` in a file is replaced by `new`.
fn spoiled(file: &str, old: &str, new: &str) -> Checked {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(name, _)| *name == file).unwrap();
    assert!(text.contains(old), "{old:?} is not in {file}");
    *text = text.replacen(old, new, 1);
    checked(files)
}

/// Code, line and column of each finding.
fn told(checked: &Checked) -> Vec<String> {
    let tell = |finding: &super::Finding| match finding.place {
        Some(place) => format!("{}@{}:{}", finding.code, place.line, place.column),
        None => finding.code.to_owned(),
    };
    checked.report.findings().iter().map(tell).collect()
}

/// Replaces `old`, once, by `new`, in which each `¦` marks where the next of `codes` is told.
#[track_caller]
fn tells(file: &str, old: &str, new: &str, codes: &[&str]) {
    let plain = new.replace('¦', "");
    let checked = spoiled(file, old, &plain);
    let (_, text) = files().into_iter().find(|(name, _)| *name == file).unwrap();
    let marked = text.replacen(old, new, 1);
    let mut places = Vec::new();
    for (at, line) in marked.lines().enumerate() {
        let columns = line.chars().enumerate().filter(|(_, letter)| *letter == '¦').enumerate();
        places.extend(columns.map(|(before, (column, _))| format!("{}:{}", at + 1, column + 1 - before)));
    }
    let mut last = String::new();
    let mut places = places.into_iter();
    let mut next = || {
        last = places.next().unwrap_or_else(|| last.clone());
        last.clone()
    };
    let expected: Vec<String> = codes
        .iter()
        .map(|code| if code.contains('@') { (*code).to_owned() } else { format!("{code}@{}", next()) })
        .collect();
    assert_eq!(told(&checked), expected, "\n{old:?} → {plain:?}\n{}", checked.report);
    assert_eq!(checked.menu.is_none(), checked.report.errors() > 0);
}

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
fn values_are_typed() {
    let weeks = "{{ pregnancy.weeks }}";
    tells("record.yaml", weeks, "{{ pregnancy.¦weks }}", &["unknown-field"]);
    tells("record.yaml", weeks, "{{ ¦pregnency.weeks }}", &["unknown-name"]);
    tells("record.yaml", weeks, "{{ ¦next_visit.on | date }}", &["unknown-name"]);
    tells("record.yaml", weeks, "{{ ¦pregnancy.active }}", &["shown-flag"]);
    tells("record.yaml", weeks, "{{ ¦pregnancy.due }}", &["shown-date"]);
    tells("record.yaml", weeks, "{{ ¦pregnancy }}", &["shown-record"]);
    tells("record.yaml", weeks, "{{ ¦pregnancy.weeks | date }}", &["wrong-filter"]);
    tells(
        "record.yaml",
        weeks,
        "{{ pregnancy.weeks | ¦plurl(one=\"a\", other=\"b\") }}",
        &["unknown-filter"],
    );
    tells("record.yaml", weeks, "{{ pregnancy.weeks | ¦plural(one=\"a\") }}", &["wrong-filter"]);
    tells("record.yaml", "when: pregnancy.active", "when: pregnancy.¦actve", &["unknown-field"]);
    tells("record.yaml", "when: pregnancy.active", "when: pregnancy.due | ¦date == '1'", &["wrong-filter"]);
    tells("record.yaml", "{% for visit in visits %}", "{% for visit in ¦today %}", &["bad-loop"]);
    tells("record.yaml", "{{ visit.on | date }}", "{{ visits.¦on | date }}", &["unknown-field"]);
    tells("record.yaml", "{{ visits | length }}", "{{ ¦range(end=3) }}", &["bad-template"]);
    tells("record.yaml", "{{ visits | length }}", "{% ¦macro x %}", &["bad-template"]);
    tells("main.yaml", "{{ item.name }}\"", "{{ item.¦nam }}\"", &["unknown-field"]);
    tells("fragments.yaml", "Call {{ const.emergency }}", "Call {{ const.¦emergncy }}", &["unknown-field"]);
    tells("record.yaml", "when: pregnancy.active", "when: ¦pregnancy.weeks > '3'", &["wrong-comparison"]);
    tells("record.yaml", "when: pregnancy.active", "when: ¦pregnancy.active == 1", &["wrong-comparison"]);
    tells(
        "record.yaml",
        "when: pregnancy.active",
        "when: pregnancy.weeks >= 3 and phone.language == 'kri'",
        &[],
    );
    tells(
        "main.yaml",
        "{{ input.weeks }} wik",
        "{% if ¦input.weeks == '0' %}x{% endif %}",
        &["wrong-comparison"],
    );
    tells("languages/en.yaml", "A PIN has", "A PIN of {{ ¦max }} has", &["unknown-name"]);
    tells("messages.yaml", "{{ pin }}", "{{ ¦name }}", &["unknown-name"]);
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
fn sources_actions_and_outcomes() {
    tells(
        "record.yaml",
        "    use: [pregnancy]\n    branch",
        "    use: [¦pregnancie]\n    branch",
        &["unknown-source", "unknown-name@9:16"],
    );
    tells(
        "main.yaml",
        "      from: clinics\n      with: {district: \"{{ input.district }}\"}\n",
        "      from: ¦clinics\n",
        &["unused@23:60", "missing-parameter"],
    );
    tells(
        "main.yaml",
        "with: {district:",
        "with: {¦distrikt:",
        &["missing-parameter@27:13", "unknown-parameter"],
    );
    tells(
        "main.yaml",
        "list: {from: districts",
        "list: {from: ¦clinic",
        &["missing-parameter", "wrong-source"],
    );
    tells("identify.yaml", "do: verify_pin", "do: ¦verify_pn", &["unknown-action"]);
    tells(
        "identify.yaml",
        "      do: verify_pin\n      on: {ok: return, ",
        "      ¦do: verify_pin\n      on: {¦okay: return, ",
        &["missing-outcome", "unknown-outcome"],
    );
    tells(
        "record.yaml",
        "    use: [pregnancy]\n    say",
        "    use: [pregnancy, {from: ¦pregnancy}]\n    say",
        &["double-name"],
    );
    tells(
        "record.yaml",
        "    use: [pregnancy]\n    say",
        "    use: [pregnancy, {from: next_visit, as: ¦input}]\n    say",
        &["double-name"],
    );
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
fn texts_in_each_language() {
    tells("main.yaml", "{en: Clinics, kri: Klinik}\n", "¦{en: Clinics}\n", &["missing-text"]);
    tells("main.yaml", "{en: Clinics, kri: Klinik}\n", "¦{kri: Klinik}\n", &["missing-text"]);
    tells("main.yaml", "{en: Clinics, kri: Klinik}\n", "{en: Clinics, kri: ¦\"\"}\n", &["empty-text"]);
    tells(
        "main.yaml",
        "{en: Clinics, kri: Klinik}\n",
        "{en: Clinics, ¦krio: Klinik}\n",
        &["missing-text@25:10", "unknown-language"],
    );
    let warning = spoiled("main.yaml", "{en: Clinics, kri: Klinik}\n", "{en: Clinics}\n");
    assert!(warning.menu.is_some(), "a fallback is enough to serve");
    tells("mamacare.yaml", "fallback: [en]", "fallback: []", &[]);
    tells("languages/kri.yaml", "  leave: Thank you for calling.\n", "", &["missing-text@1:1"]);
    tells(
        "languages/kri.yaml",
        "language: kri",
        "language: ¦tem",
        &["unknown-language", "missing-language-file@9:12"],
    );
}

#[test]
fn screens_over_budget() {
    let long = "a word or two ".repeat(13);
    let told_of = |old: &str, new: &str| told(&spoiled("main.yaml", old, new));
    assert_eq!(told_of("en: \"MamaCare\"", &format!("en: \"{long}\"")), ["over-budget@6:15"]);
    assert_eq!(told_of("\"How many weeks?\"", &format!("\"{long}\"")), ["over-budget@16:15"]);
    assert_eq!(
        told_of("\"{{ input.weeks }} weeks\"", &format!("\"{{{{ input.weeks }}}} {long}\"")),
        ["over-budget@19:15"]
    );
    assert_eq!(
        told_of("{{ item.town }}\", kri", &format!("{{{{ item.town }}}} {long}\", kri")),
        ["over-budget@25:15"]
    );
    // One of these letters more than halves a screen where nothing folds it.
    let letters = "ɛ".repeat(100);
    assert_eq!(told_of("kri: \"Ɔmɔs wik?\"", &format!("kri: \"{letters}\"")), [] as [&str; 0]);
    let display = crate::text::Display { folding: crate::text::Folding::Off, ucs2: true };
    let sources = Sources::from_pairs(files());
    let unfolded = check(&sources, &CATALOG, &LoadOptions { display, ..LoadOptions::default() }).report;
    assert!(unfolded.findings().iter().all(|finding| finding.code == "over-budget"), "{unfolded}");
}

#[test]
fn what_nothing_uses() {
    tells("fragments.yaml", "fragments:\n", "fragments:\n  ¦idle: {en: x, kri: x}\n", &["unused"]);
    tells("mamacare.yaml", "{emergency:", "{¦idle: x, emergency:", &["unused"]);
    tells(
        "main.yaml",
        "\"{{ input.weeks }} weeks\", kri: \"{{ input.weeks }} wik\"",
        "\"Weeks\", kri: \"Wik\"",
        &["unused@17:50"],
    );
    tells("record.yaml", "    use: [visits]\n", "    use: [visits, ¦medicines]\n", &["unused"]);
    tells("messages.yaml", "sees: [pin]", "sees: [pin, ¦name]", &["unused"]);
}

#[test]
fn settings_change_constants_and_languages() {
    let options = LoadOptions {
        serve_unreviewed: vec!["kri".to_owned()],
        constants: [("emergency".to_owned(), "999".to_owned())].into(),
        ..LoadOptions::default()
    };
    let menu = super::load(&Sources::from_pairs(files()), &CATALOG, &options).unwrap();
    assert_eq!(menu.constants, [("emergency".to_owned(), "999".to_owned())]);
    assert!(menu.served("kri").is_some() && menu.served("men").is_none());
    assert!(menu.message("pin_issued").is_some() && menu.message("none").is_none());
    let options = LoadOptions { constants: [("emergncy".to_owned(), String::new())].into(), ..options };
    let report = check(&Sources::from_pairs(files()), &CATALOG, &options).report;
    assert!(report.render(false).contains("did you mean `emergency`?"), "{report}");
}

/// Includes that multiply, loops in loops and texts that double are refused, not tried.
#[test]
fn a_hostile_text_does_not_hang() {
    let started = std::time::Instant::now();
    let mut fragments = String::from("fragments:\n");
    for at in 0..200 {
        let include = format!("{{% include \"f{}\" %}}", at + 1);
        writeln!(fragments, "  f{at}: '{include}{include}'").unwrap();
    }
    fragments += "  f200: x\n";
    let include = spoiled("fragments.yaml", "fragments:\n", &fragments);
    assert!(told(&include).iter().all(|told| told.starts_with("unused")), "{}", include.report);
    let mut files = files();
    files.iter_mut().find(|(name, _)| *name == "fragments.yaml").unwrap().1 = SHARED
        .replace("fragments:\n", &fragments)
        .replace("help: {en: \"Call", "help: {en: \"{% include 'f0' %}Call");
    let include = checked(files);
    assert!(told(&include).iter().any(|told| told.starts_with("circle")), "{}", include.report);
    let loops = "{% for a in visits %}".repeat(9) + &"{% endfor %}".repeat(9);
    let nested = spoiled("record.yaml", "{{ visits | length }}", &loops);
    assert!(told(&nested).contains(&"bad-template@24:58".to_owned()), "{}", nested.report);
    let doubled = "{% set x = '0123456789' %}".to_owned() + &"{% set x = x ~ x %}".repeat(38);
    let doubled =
        spoiled("record.yaml", "{{ visits | length }}", &format!("{{{{ visits | length }}}}{doubled}"));
    assert!(told(&doubled)[0].starts_with("bad-template"), "{}", doubled.report);
    let grown = "x".to_owned() + &"| replace(from='x', to='xxxxxxxxxxxxxxxx')".repeat(30);
    let grown = spoiled(
        "record.yaml",
        "{{ visits | length }}",
        &format!("{{{{ visits | length }}}}{{{{ 'x' | {grown} }}}}"),
    );
    assert!(grown.report.errors() > 0);
    let long = spoiled("record.yaml", "None yet.", &"None yet. ".repeat(300));
    assert_eq!(told(&long), ["long-text@21:9"], "{}", long.report);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn the_starter_passes_without_a_remark() {
    let report =
        check(&Sources::from_pairs(super::STARTER.iter().copied()), &CATALOG, &LoadOptions::default()).report;
    assert_eq!(report.findings().len(), 0, "{report}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// Whatever an editor does to a file, the check answers.
    #[test]
    fn any_edit_is_checked(
        file in 0_usize..10,
        at in 0.0_f64..1.0,
        cut in 0_usize..40,
        put in r#"(?s)[-a-z:{}%\[\]"'|>&*!.,0-9 \nɛ]{0,16}"#,
    ) {
        let mut files = files();
        let (_, text) = &mut files[file];
        let letters: Vec<char> = text.chars().collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let start = (at * letters.len() as f64) as usize;
        *text = letters.iter().take(start).chain(put.chars().collect::<Vec<_>>().iter()).chain(letters.iter().skip(start + cut)).collect();
        let checked = checked(files);
        proptest::prop_assert_eq!(checked.menu.is_none(), checked.report.errors() > 0);
        checked.report.render(true);
        checked.report.to_json();
    }
}
