//! Languages: their order, their fallbacks, their words.

use super::super::draft::{RootDraft, WordsDraft};
use super::super::load::{ALL_LANGUAGES, LoadOptions};
use super::super::model::{Completion, Language, LanguageId, Standard};
use super::super::report::{Finding, Severity};

/// The languages of the root, and the words of each.
pub(super) fn resolve<'draft>(
    root: &RootDraft,
    files: &'draft [WordsDraft],
    options: &LoadOptions,
    findings: &mut Vec<Finding>,
) -> (Vec<Language>, Vec<Option<&'draft WordsDraft>>) {
    let codes: Vec<&str> = root.languages.iter().map(|language| language.code.text.as_str()).collect();
    let mut languages = Vec::with_capacity(codes.len());
    let mut words = Vec::with_capacity(codes.len());
    for (at, draft) in root.languages.iter().enumerate() {
        let mut fallback = Vec::new();
        for name in &draft.fallback {
            match codes.iter().position(|code| *code == name.text) {
                Some(place) if place == at => findings.push(Finding::error(
                    "bad-fallback",
                    name.place,
                    format!("`{}` cannot fall back on itself", name.text),
                )),
                Some(place) => fallback.extend(u8::try_from(place).ok().map(LanguageId)),
                None => findings.push(
                    Finding::error("unknown-language", name.place, format!("no language `{}`", name.text))
                        .nearest(&name.text, codes.iter().copied()),
                ),
            }
        }
        let code = &draft.code.text;
        let served = match draft.review {
            Completion::Reviewed => true,
            Completion::Unreviewed => options.serves_unreviewed(code),
            Completion::Untranslated => false,
        };
        if at == 0 && !served {
            findings.push(
                Finding::error(
                    "unserved-default",
                    draft.code.place,
                    format!("`{code}` is the default, but it is not served"),
                )
                .hint("put a language that is `reviewed` first"),
            );
        }
        languages.push(Language {
            code: code.clone(),
            name: draft.name.clone(),
            completion: draft.review,
            served,
            fallback,
        });
        words.push(words_of(root, at, files, findings));
    }
    check_files(root, files, &codes, options, findings);
    (languages, words)
}

/// The language file of a language; a language that is not translated can do without.
fn words_of<'draft>(
    root: &RootDraft,
    at: usize,
    files: &'draft [WordsDraft],
    findings: &mut Vec<Finding>,
) -> Option<&'draft WordsDraft> {
    let draft = root.languages.get(at)?;
    let code = &draft.code;
    let file = files.iter().find(|file| file.language.text == code.text);
    let needed = draft.review != Completion::Untranslated;
    match file {
        None if needed => findings.push(
            Finding::error(
                "missing-language-file",
                code.place,
                format!("`{}` has no language file", code.text),
            )
            .hint(format!(
                "languages/{}.yaml holds its dates, plural and the texts of the gateway itself",
                code.text
            )),
        ),
        None => {}
        Some(file) => {
            for part in file.missing.iter().filter(|_| needed) {
                findings.push(Finding::error(
                    "missing-key",
                    file.place,
                    format!("the file of `{}` needs `{part}`", code.text),
                ));
            }
            for (_, key, _) in Standard::ALL {
                if needed
                    && !file.missing.contains(&"standard")
                    && !file.standard.iter().any(|(name, _)| name.text == key)
                {
                    findings.push(Finding::error(
                        "missing-text",
                        file.place,
                        format!("`{}` lacks the standard text `{key}`", code.text),
                    ));
                }
            }
        }
    }
    file
}

fn check_files(
    root: &RootDraft,
    files: &[WordsDraft],
    codes: &[&str],
    options: &LoadOptions,
    findings: &mut Vec<Finding>,
) {
    for (at, file) in files.iter().enumerate() {
        let code = &file.language;
        if !codes.contains(&code.text.as_str()) {
            findings.push(
                Finding::error(
                    "unknown-language",
                    code.place,
                    format!("`{}` is not among the languages of the root file", code.text),
                )
                .nearest(&code.text, codes.iter().copied()),
            );
        }
        if let Some(first) = files.iter().take(at).find(|other| other.language.text == code.text) {
            findings.push(
                Finding::error("double-language", code.place, format!("a second file for `{}`", code.text))
                    .note(first.language.place, "the first is this"),
            );
        }
    }
    for code in &options.serve_unreviewed {
        if code != ALL_LANGUAGES && !codes.contains(&code.as_str()) {
            findings.push(Finding::new(
                Severity::Warning,
                "unknown-language",
                Some(root.place),
                format!("the settings serve `{code}`, which is not among the languages"),
            ));
        }
    }
}
