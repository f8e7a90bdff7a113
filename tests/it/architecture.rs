//! The direction of the arrows between rooms: an inner room names no outer one, and does no I/O.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room, the rooms that it may name, and whether it may name axum, sqlx and tokio.
const ROOMS: &[(&str, &[&str], &[&str])] = &[
    ("text", &[], &[]),
    ("care", &[], &[]),
    ("menu", &["text"], &[]),
    ("ussd", &["menu", "care", "text"], &[]),
    ("messages", &["care", "text"], &["tokio"]),
    ("privacy", &["care"], &["sqlx", "tokio"]),
    ("identity", &["care", "privacy"], &["tokio"]),
    ("store", &["care", "privacy", "identity", "messages", "ussd", "menu"], &["sqlx", "tokio"]),
    ("api", &["care", "identity", "privacy", "store", "text"], &["axum", "sqlx", "tokio"]),
    ("channels", &["ussd", "messages", "care", "text"], &["axum", "lettre", "reqwest", "tokio"]),
];

/// Crates whose name in a room says that it does I/O.
const OUTSIDE: &[&str] = &["axum", "hyper", "lettre", "reqwest", "sqlx", "tokio"];

/// Longest file that holds one thing.
const MOST_LINES: usize = 600;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Whether a file is a module of tests alone, by its name; tests may look over the fence.
fn is_tests(file: &Path) -> bool {
    let Ok(within) = file.strip_prefix(source_folder()) else { return false };
    within.with_extension("").components().any(|part| {
        let name = part.as_os_str().to_str().unwrap_or_default();
        name == "tests" || name == "testing" || name.ends_with("_tests")
    })
}

/// Code without comments and without what only tests see.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// First segments of the paths that begin with `crate::`, whatever they import.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let grouped = code.split("crate::{").skip(1).flat_map(|rest| {
        let inside = rest.split("};").next().unwrap();
        inside.split(',').map(|item| item.trim().split("::").next().unwrap().to_owned()).collect::<Vec<_>>()
    });
    let single = code.split("crate::").skip(1).map(|rest| {
        rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect::<String>()
    });
    grouped.chain(single).filter(|name| !name.is_empty()).collect()
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let starts = before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':');
        starts && (after.starts_with("::") || (after.starts_with(';') && code[..at].ends_with("use ")))
    })
}

#[test]
fn rooms_name_only_what_they_may_lean_on() {
    let all: BTreeSet<String> = std::fs::read_dir(source_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut wrong = Vec::new();
    for (room, may, crates) in ROOMS {
        for file in sources(&source_folder().join(room)).into_iter().filter(|file| !is_tests(file)) {
            let code = code(&file);
            for named in rooms_named(&code).intersection(&all) {
                if named != room && !may.contains(&named.as_str()) {
                    wrong.push(format!("{} names {named}", file.display()));
                }
            }
            for outside in OUTSIDE.iter().filter(|outside| !crates.contains(outside)) {
                if names_crate(&code, outside) {
                    wrong.push(format!("{} names {outside}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_its_rule() {
    let ruled: BTreeSet<&str> = ROOMS.iter().map(|(room, ..)| *room).chain(["app", "cli"]).collect();
    for entry in std::fs::read_dir(source_folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(!path.is_dir() || ruled.contains(name), "{name} has no rule in this test");
    }
}

#[test]
fn no_file_is_too_long_to_hold_one_thing() {
    let long: Vec<String> = sources(&source_folder())
        .into_iter()
        .map(|file| (std::fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, file)| format!("{lines} {}", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn what_is_named_as_tests_is_compiled_for_tests_alone() {
    for file in sources(&source_folder()).into_iter().filter(|file| is_tests(file)) {
        // A file within a folder of tests is reached through that folder's own module.
        let module = file.ancestors().find(|path| !path.parent().is_some_and(is_tests)).unwrap();
        let name = module.file_stem().unwrap().to_str().unwrap();
        let folder = module.parent().unwrap();
        let parents = [folder.join("mod.rs"), folder.with_extension("rs")];
        let parent = parents.iter().find_map(|parent| std::fs::read_to_string(parent).ok()).unwrap();
        let declared = format!("#[cfg(test)]\nmod {name};");
        assert!(parent.contains(&declared), "{} is not behind #[cfg(test)]", file.display());
    }
}

#[test]
fn the_test_sees_what_it_looks_for() {
    let code =
        "use crate::store::Turns;\nuse crate::{care::Msisdn, app};\nuse tokio;\nlet x = sqlx::query();";
    let named = rooms_named(code);
    for room in ["store", "care", "app"] {
        assert!(named.contains(room), "{named:?}");
    }
    assert!(names_crate(code, "tokio") && names_crate(code, "sqlx") && !names_crate(code, "axum"));
    assert!(!names_crate("my_sqlx::x; other::sqlx::x", "sqlx"));
}
