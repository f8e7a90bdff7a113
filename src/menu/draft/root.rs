//! `mamacare.yaml`: where a dial begins, the standard keys, the languages.

use super::{Form, LanguageDraft, Name, RootDraft, items, name, pairs, scalar};
use crate::menu::keys::Keys;
use crate::menu::model::Completion;
use crate::menu::report::Finding;
use crate::menu::yaml::Node;

pub(super) const KEYS: &[&str] =
    &["mamacare", "start", "home", "resume", "prove", "strikes", "keys", "constants", "languages"];
pub(in crate::menu) const PROVE_KEYS: &[&str] = &["phone", "pin", "consent"];
pub(in crate::menu) const STRIKE_KEYS: &[&str] = &["limit", "go"];
pub(in crate::menu) const KEY_KEYS: &[&str] = &["back", "home", "more", "previous", "leave"];
pub(in crate::menu) const LANGUAGE_KEYS: &[&str] = &["code", "name", "review", "fallback"];

const REVIEWS: [(&str, Completion); 3] = [
    ("reviewed", Completion::Reviewed),
    ("unreviewed", Completion::Unreviewed),
    ("untranslated", Completion::Untranslated),
];

pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<RootDraft> {
    let form = Form::of(node, "the root file", KEYS, findings)?;
    let prove = form.need("prove", findings).and_then(|node| Form::of(node, "`prove`", PROVE_KEYS, findings));
    let mut prover = |key| prove.as_ref().and_then(|prove| prove.need_name(key, findings));
    let (prove_phone, prove_pin, prove_consent) = (prover("phone"), prover("pin"), prover("consent"));
    let strikes = form.get("strikes").and_then(|node| Form::of(node, "`strikes`", STRIKE_KEYS, findings));
    let limit = strikes.as_ref().and_then(|strikes| strikes.number("limit", 1..=20, findings));
    let strikes_go = strikes
        .as_ref()
        .and_then(|strikes| strikes.get("go").and_then(|node| super::form::target(node, findings)));
    Some(RootDraft {
        place: form.place,
        start: form.need_target("start", findings),
        home: form.need_target("home", findings),
        resume: form.get("resume").and_then(|node| super::form::target(node, findings)),
        prove_phone,
        prove_pin,
        prove_consent,
        strikes_limit: limit.and_then(|limit| u8::try_from(limit).ok()).unwrap_or(3),
        strikes_go,
        keys: read_keys(form.get("keys"), findings),
        constants: pairs(form.get("constants"), "a constant", findings),
        languages: form
            .need("languages", findings)
            .map(|node| read_languages(node, findings))
            .unwrap_or_default(),
    })
}

fn read_keys(node: Option<&Node>, findings: &mut Vec<Finding>) -> Keys {
    let mut keys = Keys {
        back: "0".to_owned(),
        home: "00".to_owned(),
        more: "98".to_owned(),
        previous: "99".to_owned(),
        leave: "999".to_owned(),
    };
    let Some(form) = node.and_then(|node| Form::of(node, "`keys`", KEY_KEYS, findings)) else { return keys };
    let mut seen: Vec<Name> = Vec::new();
    for (key, at) in [
        ("back", &mut keys.back),
        ("home", &mut keys.home),
        ("more", &mut keys.more),
        ("previous", &mut keys.previous),
        ("leave", &mut keys.leave),
    ] {
        let Some(scalar) = form.get(key).and_then(|node| scalar(node, "a key", findings)) else { continue };
        if !is_key(&scalar.text) {
            findings.push(
                Finding::error(
                    "bad-key",
                    scalar.place(),
                    format!("nobody can type the key `{}`", scalar.text),
                )
                .hint("a key is one to four digits"),
            );
            continue;
        }
        scalar.text.clone_into(at);
        seen.push(Name::of(scalar));
    }
    let all = [&keys.back, &keys.home, &keys.more, &keys.previous, &keys.leave];
    for (at, key) in all.iter().enumerate() {
        if all.iter().take(at).any(|earlier| earlier == key)
            && let Some(place) = seen.iter().rfind(|name| &&name.text == key).map(|name| name.place)
        {
            findings.push(Finding::error("double-key", place, format!("two standard keys are `{key}`")));
        }
    }
    keys
}

/// Whether a text can be a key: one to four digits.
pub(super) fn is_key(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit())
}

fn read_languages(node: &Node, findings: &mut Vec<Finding>) -> Vec<LanguageDraft> {
    let listed = items(node, "`languages`", findings);
    if matches!(node, Node::List(_)) && listed.is_empty() {
        findings.push(Finding::error("no-language", node.place(), "a menu needs at least one language"));
    }
    if listed.len() > 32 {
        findings.push(Finding::error("too-many", node.place(), "more than 32 languages"));
    }
    let mut languages: Vec<LanguageDraft> = Vec::new();
    for node in listed.iter().take(32) {
        let Some(form) = Form::of(node, "a language", LANGUAGE_KEYS, findings) else { continue };
        let Some(code) = form.need("code", findings).and_then(|node| name(node, findings)) else { continue };
        let shown = form.need("name", findings).and_then(|node| scalar(node, "the name", findings).cloned());
        form.need("review", findings);
        let fallback =
            form.get("fallback").map(|node| items(node, "`fallback`", findings)).unwrap_or_default();
        let fallback = fallback.iter().filter_map(|node| name(node, findings)).collect();
        if let Some(first) = languages.iter().find(|language| language.code.text == code.text) {
            findings.push(
                Finding::error("double-language", code.place, format!("`{}` is listed twice", code.text))
                    .note(first.code.place, "first here"),
            );
            continue;
        }
        languages.push(LanguageDraft {
            name: shown.map_or_else(|| code.text.clone(), |scalar| scalar.text),
            review: form.one_of("review", &REVIEWS, findings).unwrap_or(Completion::Untranslated),
            fallback,
            code,
        });
    }
    languages
}
