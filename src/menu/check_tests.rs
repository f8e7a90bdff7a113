//! A small menu that passes, and what each way of spoiling it is told.

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

#[track_caller]
fn tells(file: &str, old: &str, new: &str, expected: &[&str]) {
    let checked = spoiled(file, old, new);
    let errors = checked.report.errors() > 0;
    assert_eq!(told(&checked), expected, "\n{old:?} → {new:?}\n{}", checked.report);
    assert_eq!(checked.menu.is_none(), errors);
}

#[test]
fn the_small_menu_passes() {
    let checked = checked(files());
    assert_eq!(told(&checked), [] as [&str; 0], "{}", checked.report);
    assert_eq!(checked.menu.unwrap().states.len(), 15);
}

#[test]
fn unknown_keys_and_targets_are_told_with_a_hint() {
    tells("main.yaml", "    back: false", "    bak: false", &["unknown-key@7:5"]);
    tells("main.yaml", "go: weeks}", "go: week}", &["unknown-target@10:48"]);
    tells("main.yaml", "go: record.start", "go: recrod.start", &["unknown-target@9:75"]);
    tells("main.yaml", "go: record.start", "go: record", &["unknown-target@9:75"]);
    tells("mamacare.yaml", "home: main.welcome", "home: welcome", &["unknown-target@3:7"]);
    tells("mamacare.yaml", "pin: identify", "pin: identfy", &["unknown-flow@4:31"]);
    let report = spoiled("main.yaml", "go: weeks}", "go: week}").report.render(false);
    assert!(report.contains("10 |       - {key: \"2\", say: {en: Weeks, kri: Wik}, go: week}\n"), "{report}");
    assert!(report.contains("   |                                                ^^^^\n"), "{report}");
    assert!(report.contains("= help: did you mean `weeks`?"), "{report}");
}

#[test]
fn what_does_not_fit_together_is_told() {
    tells("main.yaml", "    text: []\n", "    text: []\n    end: true\n", &["double-kind@14:5"]);
    tells("main.yaml", "    text: []\n", "", &["missing-key@12:3"]);
    tells("main.yaml", "max: 42,", "max: 0,", &["bad-value@17:12"]);
    tells("main.yaml", "type: number", "type: nummer", &["bad-value@17:19"]);
    tells("main.yaml", "min: 1, ", "", &["missing-key@17:12"]);
    tells(
        "main.yaml",
        "save: weeks,",
        "",
        &["lost-answer@17:12", "unknown-field@19:21", "unknown-field@19:50"],
    );
    tells("main.yaml", "mamacare: 1\n", "mamacare: 2\n", &["unknown-version@1:11"]);
    tells("record.yaml", "      - {otherwise: visits}\n", "", &["bad-branch@9:7"]);
    tells(
        "record.yaml",
        "requires: consent",
        "requires: password",
        &["bad-value@3:11", "unguarded@7:11", "unguarded@12:11", "unguarded@18:11"],
    );
    tells(
        "main.yaml",
        "flow: main",
        "flow: consent",
        &["double-flow@2:7", "unknown-flow@4:53"][..0].iter().copied().collect::<Vec<_>>().as_slice(),
    );
}
