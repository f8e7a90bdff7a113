//! Filters and tests that menus may use.

use super::kinds::Type;
use crate::menu::catalog::FieldKind;

/// Filters that menus may use: those of Tera that make sense for a phone, and ours.
pub(super) const FILTERS: [&str; 28] = [
    "abs",
    "capitalize",
    "date",
    "default",
    "first",
    "float",
    "get",
    "group_by",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "nth",
    "plural",
    "replace",
    "reverse",
    "round",
    "sort",
    "split",
    "str",
    "title",
    "trim",
    "trim_end",
    "trim_start",
    "truncate",
    "unique",
    "upper",
];

/// Filters that know a language; conditions and parameters have none.
pub(super) const SPOKEN: [&str; 2] = ["date", "plural"];

/// Tests, as in `is defined`.
pub(super) const TESTS: [&str; 17] = [
    "array",
    "bool",
    "containing",
    "defined",
    "divisible_by",
    "ending_with",
    "even",
    "float",
    "integer",
    "iterable",
    "map",
    "none",
    "number",
    "odd",
    "starting_with",
    "string",
    "undefined",
];

/// What a filter makes of a type, or why it cannot.
pub(super) fn apply(filter: &str, given: &Type) -> Result<Type, &'static str> {
    let text = Type::Value(FieldKind::Text);
    match (filter, given) {
        ("date", Type::Value(FieldKind::Date) | Type::Any)
        | ("plural", Type::Value(FieldKind::Number) | Type::Any) => Ok(text),
        ("date", _) => Err("the `date` filter wants a date"),
        ("plural", _) => Err("the `plural` filter wants a number"),
        ("length", Type::Many(_) | Type::Value(FieldKind::Text) | Type::Any) => {
            Ok(Type::Value(FieldKind::Number))
        }
        ("length", _) => Err("the `length` filter wants a list or a text"),
        ("first" | "last" | "nth", Type::Many(record)) => Ok(Type::Record(record.clone())),
        ("default", given) => Ok(given.clone()),
        ("upper" | "lower" | "capitalize" | "title" | "trim" | "replace" | "truncate", given) => {
            match given {
                Type::Value(FieldKind::Text) | Type::Any => Ok(text),
                _ => Err("this filter wants a text"),
            }
        }
        ("abs" | "round", Type::Value(FieldKind::Number)) => Ok(given.clone()),
        ("abs" | "round", Type::Value(_)) => Err("this filter wants a number"),
        _ => Ok(Type::Any),
    }
}
