//! Menu files and conversations, as whoever edits them may leave them.

use mamacare::menu::script::read_scripts;
use mamacare::menu::{LoadOptions, Report, STARTER, Sources, check};
use mamacare::ussd::catalog::CATALOG;

/// The files of the starter, with those of the input in their place. Each begins with a line `=== NAME`; what
/// stands before the first is the main flow.
fn files(octets: &[u8], otherwise: &str) -> Option<Sources> {
    let text = std::str::from_utf8(octets).ok()?;
    let mut files: Vec<(String, String)> =
        STARTER.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let mut put = |name: &str, text: &str| match files.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => text.clone_into(known),
        None => files.push((name.to_owned(), text.to_owned())),
    };
    let mut parts = text.split("=== ");
    let first = parts.next().unwrap_or_default();
    if !first.is_empty() {
        put(otherwise, first);
    }
    for part in parts.take(6) {
        let (name, text) = part.split_once('\n').unwrap_or((part, ""));
        put(name, text);
    }
    Some(Sources::from_pairs(files))
}

/// A report can be shown to a person and to a program, and its places are in the files.
fn can_be_shown(report: &Report) {
    let plain = report.render(false);
    let counted = report.errors() + report.warnings();
    assert_eq!(counted, report.findings().len());
    assert!(
        report.findings().iter().all(|finding| !finding.message.is_empty() && plain.contains(finding.code))
    );
    report.render(true);
    let json = report.to_json();
    assert_eq!(json["errors"], report.errors());
    for finding in report.findings() {
        if let Some(place) = finding.place {
            assert!(place.line >= 1 && place.column >= 1, "{place:?}");
            report.tell(place);
            report.excerpt(place, false);
        }
    }
}

pub fn menu_files(octets: &[u8]) {
    let Some(sources) = files(octets, "main.yaml") else { return };
    let checked = check(&sources, &CATALOG, &LoadOptions::all_languages());
    assert_eq!(checked.menu.is_none(), checked.report.errors() > 0, "{}", checked.report);
    can_be_shown(&checked.report);
    let again = check(&sources, &CATALOG, &LoadOptions::all_languages());
    assert_eq!(again.report, checked.report, "a check finds the same twice");
}

pub fn menu_scripts(octets: &[u8]) {
    let Some(sources) = files(octets, "tests/main.yaml") else { return };
    can_be_shown(&read_scripts(&sources, &CATALOG).report);
}
