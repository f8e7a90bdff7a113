//! Whether a value can be shown, or compared, as it is.

use std::ops::Range;

use super::kinds::Type;
use super::scan::Scanner;
use super::token::{Token, TokenKind};
use crate::menu::catalog::FieldKind;

impl Scanner {
    /// A value that is compared with a literal of another kind: it never is the same, and cannot
    /// be less or more.
    pub(super) fn check_compared(&mut self, given: &Type, rest: &[Token], at: &Range<usize>) {
        let literal = match rest {
            [first, second, literal, ..]
                if "=!<>".chars().any(|sign| first.is_sign(sign)) && second.is_sign('=') =>
            {
                literal
            }
            [first, literal, ..] if "<>".chars().any(|sign| first.is_sign(sign)) => literal,
            _ => return,
        };
        let (is, is_not, written) = match (given, &literal.kind) {
            (Type::Value(FieldKind::Number), TokenKind::Text(_)) => ("a number", "a text", "without quotes"),
            (Type::Value(FieldKind::Text | FieldKind::Date), TokenKind::Number) => {
                ("a text", "a number", "in quotes")
            }
            (Type::Value(FieldKind::Flag), TokenKind::Text(_) | TokenKind::Number) => (
                "true or false",
                "a text or a number",
                "as it is: `when: phone.known`, `when: not phone.known`",
            ),
            _ => return,
        };
        let message = format!("this is {is}, and it is compared with {is_not}: they are never the same");
        let range = at.start..literal.at.end;
        self.problem("wrong-comparison", range, &message, Some(format!("write it {written}")));
    }

    pub(super) fn check_shown(&mut self, given: &Type, at: Range<usize>) {
        match given {
            Type::Value(FieldKind::Flag) => self.problem(
                "shown-flag",
                at,
                "yes or no cannot be shown as it is",
                Some("choose a text by it: `{% if … %}yes{% else %}no{% endif %}`".to_owned()),
            ),
            Type::Value(FieldKind::Date) => self.problem(
                "shown-date",
                at,
                "a date is shown in the words of the language",
                Some("add `| date`, or `| date(form=\"long\")`".to_owned()),
            ),
            Type::Record(record) => {
                let fields: Vec<String> = record.fields.iter().map(|(name, _)| format!("`{name}`")).collect();
                let hint = format!("show one of its fields: {}", fields.join(", "));
                self.problem("shown-record", at, "this is a whole record", Some(hint));
            }
            Type::Many(_) => self.problem(
                "shown-record",
                at,
                "these are many items",
                Some("go through them with `{% for … in … %}`".to_owned()),
            ),
            Type::Any | Type::Value(_) => {}
        }
    }
}
