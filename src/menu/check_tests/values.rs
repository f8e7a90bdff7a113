//! Names and kinds of values, texts and screens.

use super::super::{LoadOptions, Sources, check, load};
use super::{files, spoiled, tells, told};
use crate::ussd::catalog::CATALOG;

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
    let menu = load(&Sources::from_pairs(files()), &CATALOG, &options).unwrap();
    assert_eq!(menu.constants, [("emergency".to_owned(), "999".to_owned())]);
    assert!(menu.served("kri").is_some() && menu.served("men").is_none());
    assert!(menu.message("pin_issued").is_some() && menu.message("none").is_none());
    let options = LoadOptions { constants: [("emergncy".to_owned(), String::new())].into(), ..options };
    let report = check(&Sources::from_pairs(files()), &CATALOG, &options).report;
    assert!(report.render(false).contains("did you mean `emergency`?"), "{report}");
}
