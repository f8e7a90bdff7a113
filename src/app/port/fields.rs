//! Items of a data source, as its entry in the catalogue promises them: every field there, and none
//! longer than `menu check` was told.

use crate::menu::{FieldKind, FieldSpec, Fields, SourceSpec, Value};

/// The fields of one item. What is not given is empty (`false`, 0, no text); a date that is not
/// given is absent.
pub(super) fn item(source: &SourceSpec, given: impl IntoIterator<Item = (&'static str, Value)>) -> Fields {
    let mut fields: Fields = source
        .fields
        .iter()
        .filter_map(|spec| empty(spec.kind).map(|value| (spec.name.into(), value)))
        .collect();
    for (name, value) in given {
        let spec = source.fields.iter().find(|spec| spec.name == name);
        debug_assert!(spec.is_some(), "{}.{name} is not in the catalogue", source.name);
        if let Some(spec) = spec {
            fields.insert(name.into(), bounded(spec, value));
        }
    }
    fields
}

/// A date where there is one.
pub(super) fn day(name: &'static str, day: Option<chrono::NaiveDate>) -> Option<(&'static str, Value)> {
    day.map(|day| (name, Value::Date(day)))
}

fn empty(kind: FieldKind) -> Option<Value> {
    match kind {
        FieldKind::Text => Some(Value::Text(String::new())),
        FieldKind::Number => Some(Value::Number(0)),
        FieldKind::Flag => Some(Value::Flag(false)),
        FieldKind::Date => None,
    }
}

fn bounded(spec: &FieldSpec, value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(cut(&text, spec.longest.chars().count())),
        Value::Number(number) => Value::Number(number.clamp(0, most(spec.longest))),
        other => other,
    }
}

/// The greatest number with as many digits.
fn most(longest: &str) -> i64 {
    let digits = u32::try_from(longest.chars().filter(char::is_ascii_digit).count()).unwrap_or(1);
    10_i64.checked_pow(digits).map_or(i64::MAX, |power| power - 1)
}

/// One line of at most so many characters, cut between words where that is possible.
fn cut(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(most) else { return line };
    let kept = line.get(..end).unwrap_or_default();
    let after_word = line.get(end..).is_some_and(|rest| rest.starts_with(' '));
    let whole_words = if after_word { kept } else { kept.rsplit_once(' ').map_or(kept, |(words, _)| words) };
    whole_words.trim_end_matches([' ', ',', ';', ':', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ussd::catalog::CATALOG;

    #[test]
    fn an_item_without_values_has_all_fields_but_dates() {
        for source in CATALOG.sources {
            let fields = item(source, []);
            for spec in source.fields {
                assert_eq!(fields.contains_key(spec.name), spec.kind != FieldKind::Date, "{}", spec.name);
            }
        }
    }

    #[test]
    fn values_are_bounded_by_the_longest_sample() {
        let source = CATALOG.source("visit").unwrap();
        let long =
            "Iron tablets and rest, come back in two weeks for a check of the pressure\nand the weight";
        let fields = item(source, [("treatment", Value::from(long))]);
        let expected = "Iron tablets and rest, come back in two weeks for a check";
        assert_eq!(fields["treatment"], Value::from(expected));
        let next = CATALOG.source("next_visit").unwrap();
        assert_eq!(item(next, [("in_days", Value::Number(20_000))])["in_days"], Value::Number(999));
        assert_eq!(item(next, [("in_days", Value::Number(-1))])["in_days"], Value::Number(0));
    }

    #[test]
    fn a_word_that_is_too_long_is_cut_within() {
        assert_eq!(cut("Mariama-Isatu-Aminata", 13), "Mariama-Isatu");
        assert_eq!(cut("ɛɛɛɛɛ", 3), "ɛɛɛ");
        assert_eq!(cut("  one\n two ", 20), "one two");
        assert_eq!(cut("one two", 3), "one");
    }
}
