//! A small menu that passes, and what each way of spoiling it is told.

mod hostile;
mod rules;
mod small;
mod values;

use super::{Checked, LoadOptions, Sources, check};
use crate::ussd::catalog::CATALOG;
use small::{CONSENT, ENGLISH, MAIN, MESSAGES, OTHERS, RECORD, REGISTER, ROOT, SHARED};

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
