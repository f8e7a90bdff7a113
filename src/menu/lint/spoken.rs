//! Texts that a language lacks.

use super::super::compile::{TextRole, Written};
use super::super::model::{Completion, LanguageId};
use super::super::report::{Finding, Place};
use super::Subject;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for (at, language) in subject.menu.languages.iter().enumerate() {
        let Ok(id) = u8::try_from(at).map(LanguageId) else { continue };
        if language.completion == Completion::Untranslated {
            continue;
        }
        let mut lacking: Vec<(Place, bool)> = Vec::new();
        let texts = subject.origins.texts.iter();
        let texts =
            texts.filter(|text| !matches!(text.role, TextRole::Standard(_))).map(|text| &text.written);
        for written in texts.chain(subject.origins.fragments.iter().map(|fragment| &fragment.written)) {
            if written.own(id).is_none() {
                let fallback = language.fallback.iter().any(|other| written.own(*other).is_some());
                lacking.push((written.place(), fallback));
            }
        }
        for (place, fallback) in lacking {
            let message = format!("this text is missing in {}", language.name);
            findings.push(if fallback {
                Finding::warning("missing-text", place, message)
                    .hint(format!("add `{}`; until then the fallback is shown", language.code))
            } else {
                Finding::error("missing-text", place, message).hint(format!("add `{}: …`", language.code))
            });
        }
    }
    empty(subject, findings);
}

/// Texts that are written, but with nothing in them.
fn empty(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for text in &subject.origins.texts {
        if let Written::Spoken { texts, .. } = &text.written {
            for (language, scalar) in texts {
                if scalar.text.trim().is_empty() {
                    let name = subject.language(usize::from(language.0));
                    findings.push(Finding::error(
                        "empty-text",
                        scalar.place(),
                        format!("an empty text in {name}"),
                    ));
                }
            }
        }
    }
}
