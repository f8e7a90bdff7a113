//! Messages by SMS: how many segments each takes.

use crate::text::segments;

use super::super::catalog::FieldSpec;
use super::super::model::{Completion, LanguageId};
use super::super::report::Finding;
use super::super::texts::TextContext;
use super::Subject;

/// SMS that one message may take without a remark.
const MOST_SEGMENTS: usize = 2;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for message in &subject.origins.messages {
        let mut context = TextContext::new();
        for name in &message.sees {
            context.insert(name.text.clone(), &longest(subject, &name.text));
        }
        for (at, language) in subject.menu.languages.iter().enumerate() {
            let Ok(id) = u8::try_from(at).map(LanguageId) else { continue };
            if language.completion == Completion::Untranslated {
                continue;
            }
            let Ok(text) = subject.menu.texts.render(message.text, id, &context) else { continue };
            let (text, _) = subject.options.display.prepare(&text);
            let count = segments(&text).count;
            if count > MOST_SEGMENTS {
                findings.push(
                    Finding::warning(
                        "long-message",
                        message.name.place,
                        format!("`{}` takes {count} SMS in {}", message.name.text, language.name),
                    )
                    .hint("each segment is paid for; shorten the text"),
                );
            }
        }
    }
}

/// The longest value that a field of that name has anywhere in the catalogue.
fn longest(subject: &Subject<'_>, name: &str) -> String {
    let known = match name {
        "pin" => Some("739150"),
        "service_code" => Some("*468#"),
        "emergency" => Some("117"),
        "day" => Some("2026-09-30"),
        "stopped" | "coming" => Some("visits, advice, medicine"),
        "list" => Some(
            "Princess Christian Maternity Hospital (Freetown east end) 076 000000; Rokupa Government Hospital",
        ),
        _ => None,
    };
    let outcomes = subject.catalog.actions.iter().flat_map(|action| action.outcomes);
    let fields = subject
        .catalog
        .sources
        .iter()
        .map(|source| source.fields)
        .chain(outcomes.map(|outcome| outcome.facts))
        .chain([subject.catalog.phone]);
    let longest = fields
        .flatten()
        .filter(|field: &&FieldSpec| field.name == name)
        .map(|field| field.longest)
        .max_by_key(|value| value.chars().count());
    known.or(longest).unwrap_or("twenty letters, say.").to_owned()
}
