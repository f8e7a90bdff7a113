//! Texts that would keep a phone waiting, and any edit at all.

use std::fmt::Write as _;

use super::small::SHARED;
use super::{checked, files, spoiled, told};

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
