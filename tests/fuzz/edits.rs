//! The fixed short time: what is kept of a target, and edits of it that are the same in each run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngSeed, TestRunner};

use super::targets::{ALL, Target};

/// Edited inputs of each target in a run of the tests.
const EDITED: u32 = 400;

/// What tends to mean something to a parser.
const PIECES: &[&str] = &[
    "",
    "\0",
    "\n",
    "\r\n",
    "\r\n\r\n",
    " ",
    "&",
    "=",
    "%",
    "%00",
    "%zz",
    "+",
    "*",
    "#",
    "\"",
    "\\",
    "'",
    "`",
    ":",
    ";",
    ",",
    ".",
    "-",
    "--",
    "{",
    "}",
    "[",
    "]",
    "{{",
    "}}",
    "{%",
    "%}",
    "<",
    ">",
    "|",
    "/",
    "../",
    "0",
    "-1",
    "18446744073709551616",
    "1e999",
    "null",
    "true",
    "\u{feff}",
    "\u{202e}",
    "\u{0}",
    "ɛ",
    "😀",
    "٠١٢٣٤٥",
    "e\u{301}",
    "+232",
    "076000001",
    "739150",
    "2026-11-24",
    "9999-12-31T23:59:60Z",
    "&text=",
    "\"id\":",
    "- ",
    "&a ",
    "*a",
    "!!x ",
];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

/// All that is kept of a target, in the order of its names.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut kept: Vec<_> = std::fs::read_dir(corpus().join(target))
        .unwrap_or_else(|error| panic!("tests/fuzz/corpus/{target}: {error}"))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    kept.sort();
    kept
}

/// One of the kept inputs with some places cut out and something else put there.
fn edited(kept: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let octets = vec(any::<u8>(), 0..6);
    let piece = select(PIECES).prop_map(|piece| piece.as_bytes().to_vec());
    let borrowed = (select(kept.clone()), any::<Index>(), 0_usize..48).prop_map(|(from, at, length)| {
        let at = at.index(from.len() + 1);
        from[at..(at + length).min(from.len())].to_vec()
    });
    let repeated = (select(PIECES), 2_usize..200).prop_map(|(piece, times)| piece.repeat(times).into_bytes());
    let put = prop_oneof![3 => octets, 4 => piece, 3 => borrowed, 1 => repeated];
    (select(kept), vec((any::<Index>(), 0_usize..24, put), 0..6)).prop_map(|(mut octets, places)| {
        for (at, cut, put) in places {
            let at = at.index(octets.len() + 1);
            octets.splice(at..(at + cut).min(octets.len()), put);
        }
        octets
    })
}

/// Tries a target on all that is kept of it, and on edits.
pub fn try_out(target: &Target) {
    let kept = kept(target.name);
    for (name, octets) in &kept {
        println!("tests/fuzz/corpus/{}/{name}", target.name);
        (target.run)(octets);
    }
    let config = ProptestConfig {
        cases: EDITED / target.costs,
        rng_seed: RngSeed::Fixed(468),
        failure_persistence: None,
        max_shrink_iters: 4096 / target.costs,
        ..ProptestConfig::default()
    };
    let inputs = edited(kept.into_iter().map(|(_, octets)| octets).collect());
    let tried = TestRunner::new(config).run(&inputs, |octets| {
        (target.run)(&octets);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("keep it as a file under tests/fuzz/corpus/{}/: {error}", target.name);
    }
}

#[test]
fn every_target_has_a_corpus_and_no_corpus_is_left_over() {
    let folders: BTreeSet<String> = std::fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let targets: BTreeSet<String> = ALL.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(folders, targets);
    let octets: usize = ALL.iter().flat_map(|target| kept(target.name)).map(|(_, octets)| octets.len()).sum();
    assert!(octets < 64 * 1024, "{octets}: the corpus is for reading; make the inputs smaller");
    assert!(
        ALL.iter().all(|target| kept(target.name).len() >= 3),
        "a corpus that begins with nothing finds nothing"
    );
}
