//! What the README says is so.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn its_make_targets_are_there() {
    let makefile = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile")).unwrap();
    let text = readme();
    let targets: BTreeSet<&str> = text
        .split("make ")
        .skip(1)
        .map(|rest| rest.split(|letter: char| !letter.is_ascii_lowercase()).next().unwrap())
        .collect();
    let named = ["demo", "test", "bench"];
    for target in named {
        assert!(targets.contains(target), "{targets:?}");
        assert!(makefile.contains(&format!("\n{target}:")), "{target}");
    }
}

#[test]
fn its_commands_and_their_options_are_there() {
    let text = readme();
    let shell = blocks(&text, "sh").concat();
    let quoted = text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("mamacare "));
    let lines = shell
        .lines()
        .chain(quoted)
        .filter_map(|line| line.split_once("mamacare "))
        .filter(|(before, _)| before.is_empty() || before.ends_with('/'));
    let mut seen = 0;
    for (_, rest) in lines {
        let rest = rest.split(" #").next().unwrap();
        let words: Vec<&str> = rest.split_whitespace().collect();
        let command: Vec<&str> = words
            .iter()
            .copied()
            .take_while(|word| word.starts_with(|letter: char| letter.is_ascii_lowercase()))
            .take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'))
            .collect();
        let deep = if ["menu", "admin", "reminders", "desk", "audit", "person"].contains(&command[0]) {
            2
        } else {
            1
        };
        let output = Command::new(env!("CARGO_BIN_EXE_mamacare"))
            .args(&command[..deep])
            .arg("--help")
            .output()
            .unwrap();
        assert!(output.status.success(), "mamacare {rest}");
        let help = String::from_utf8(output.stdout).unwrap();
        for option in words.iter().filter(|word| word.starts_with('-')) {
            assert!(help.contains(option), "mamacare {rest}: no {option}");
        }
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn its_menu_is_one_that_is_made() {
    let made = std::env::temp_dir().join(format!("mamacare-readme-{}", std::process::id()));
    let status = Command::new(env!("CARGO_BIN_EXE_mamacare"))
        .args(["menu", "new"])
        .arg(&made)
        .output()
        .unwrap()
        .status;
    assert!(status.success());
    let main = std::fs::read_to_string(made.join("main.yaml")).unwrap();
    std::fs::remove_dir_all(&made).unwrap();
    for block in blocks(&readme(), "yaml") {
        assert!(main.contains(&block), "{block}");
    }
}

#[test]
fn its_settings_are_ones_that_there_are() {
    for block in blocks(&readme(), "toml") {
        toml_keys_are_in_the_example(&block);
    }
}

fn toml_keys_are_in_the_example(block: &str) {
    let example = mamacare::app::settings::EXAMPLE;
    let section = block.lines().next().unwrap();
    let rest = example.split(section).nth(1).unwrap_or_else(|| panic!("no {section}"));
    let section_of_example = rest.split("\n[").next().unwrap();
    for line in block.lines().skip(1) {
        let key = line.split('=').next().unwrap();
        assert!(section_of_example.contains(key), "{section} has no {key}");
    }
}

#[test]
fn its_places_are_there() {
    let text = readme();
    let table = text.split("## What lives where").nth(1).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows =
        table.lines().filter_map(|line| line.strip_prefix("| ")).map(|row| row.split(" |").next().unwrap());
    let mut seen = 0;
    for place in rows.flat_map(|cell| cell.split(", ")).filter(|place| place.starts_with('`')) {
        assert!(root.join(place.trim_matches('`')).exists(), "{place}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}
