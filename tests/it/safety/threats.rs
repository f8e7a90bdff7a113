//! `docs/threats.md` names tests that there are.

use std::path::{Path, PathBuf};

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

#[test]
fn every_test_that_the_threats_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/threats.md")).unwrap();
    let table = page.split("## Threats").nth(1).unwrap().split("## ").next().unwrap();
    let code: String = ["tests", "src"]
        .iter()
        .flat_map(|folder| sources(&root.join(folder)))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(2) {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for test in tests.split('`').skip(1).step_by(2) {
            assert!(code.contains(&format!("fn {test}()")), "{test} is not there");
            named += 1;
        }
    }
    assert!(named > 25, "{named}");
}
