//! Messages by SMS: words that they do not say, since phones are shared.

use super::super::compile::{TextRole, Written};
use super::super::report::Finding;
use super::Subject;

/// What the name of a message ends in that goes to those alone who chose open wording.
const OPEN: &str = "_open";

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for text in &subject.origins.texts {
        let TextRole::Message(at) = text.role else { continue };
        let Some(message) = subject.origins.messages.get(at) else { continue };
        let scalars = match &text.written {
            Written::Spoken { texts, .. } => texts.iter().map(|(_, scalar)| scalar).collect(),
            Written::Once(scalar) => vec![scalar],
        };
        for scalar in scalars {
            let always = subject.options.unsaid.find(&scalar.text);
            let is_open = message.name.text.ends_with(OPEN);
            let unless_open = subject.options.unsaid_unless_open.find(&scalar.text).filter(|_| !is_open);
            let hint = match (&always, &unless_open) {
                (Some(_), _) => "somebody else may read it: ask her to call or to dial instead",
                _ => {
                    "name the message …_open, and send it to those alone who chose open wording; or ask her to dial"
                }
            };
            let Some(range) = always.or(unless_open) else { continue };
            let word = scalar.text.get(range.clone()).unwrap_or_default();
            findings.push(
                Finding::error(
                    "said-by-sms",
                    subject.place_in(scalar, &range),
                    format!("`{}` says \"{word}\" by SMS, and phones are shared", message.name.text),
                )
                .hint(hint),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{LoadOptions, STARTER, Sources, check};
    use crate::text::Phrases;
    use crate::ussd::catalog::CATALOG;

    fn report(name: &str, text: &str) -> String {
        let messages = format!("mamacare: 1\nmessages:\n  {name}: {{sees: [], en: \"{text}\"}}\n");
        let mut files: Vec<(&str, &str)> = STARTER.to_vec();
        files.retain(|(file, _)| *file != "messages.yaml");
        files.push(("messages.yaml", &messages));
        let options = LoadOptions {
            unsaid: Phrases::new(["HIV*", "weak blood"]),
            unsaid_unless_open: Phrases::new(["pregnan*"]),
            ..LoadOptions::default()
        };
        check(&Sources::from_pairs(files), &CATALOG, &options).report.render(false)
    }

    #[test]
    fn what_a_phone_that_is_shared_must_not_show_is_refused_with_its_place() {
        for (name, text, word) in [
            ("visit", "Come for your hiv test", Some("hiv")),
            ("visit_open", "You have WEAK BLOOD", Some("WEAK BLOOD")),
            ("visit", "Your pregnancy check is near", Some("pregnancy")),
            ("visit_open", "Your pregnancy check is near", None),
            ("visit", "Please call back", None),
        ] {
            let report = report(name, text);
            assert_eq!(report.contains("said-by-sms"), word.is_some(), "{report}");
            let said = word.map(|word| format!("`{name}` says \"{word}\" by SMS"));
            assert!(said.is_none_or(|said| report.contains(&said)), "{report}");
        }
    }
}
