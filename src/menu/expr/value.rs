//! A name in a template: its fields, its filters, and what becomes of its type.

use std::ops::Range;

use super::filters::{FILTERS, SPOKEN, apply};
use super::kinds::Type;
use super::scan::{MOST_REPLACES, Reference, Scanner};
use super::token::Token;
use crate::menu::nearest;

impl Scanner {
    /// A name with its fields and filters: its type and where what follows begins.
    pub(super) fn value(
        &mut self,
        tokens: &[Token],
        start: usize,
        tested: bool,
    ) -> (Type, usize, Range<usize>) {
        let first = tokens.get(start);
        let (root, first_at) =
            first.map_or(("", 0..0), |token| (token.word().unwrap_or(""), token.at.clone()));
        let mut at = start + 1;
        let mut range = first_at.clone();
        if tokens.get(at).is_some_and(|token| token.is_sign('(')) {
            self.problem("bad-template", first_at, "texts call no functions", None);
            return (Type::Any, (closing(tokens, at) + 1).min(tokens.len()), range);
        }
        let mut fields: Vec<&Token> = Vec::new();
        let mut computed = false;
        loop {
            let skip = usize::from(tokens.get(at).is_some_and(|token| token.is_sign('?')));
            let (sign, next) = (tokens.get(at + skip), tokens.get(at + skip + 1));
            match (sign, next) {
                (Some(sign), Some(next)) if sign.is_sign('.') && next.word().is_some() => {
                    fields.push(next);
                    range.end = next.at.end;
                    at += skip + 2;
                }
                (Some(sign), _) if sign.is_sign('[') => {
                    computed = true;
                    break;
                }
                _ => break,
            }
        }
        let defaulted = tokens.get(at).is_some_and(|token| token.is_sign('|'))
            && tokens.get(at + 1).is_some_and(|token| token.is_word("default"));
        let asked = tokens.get(at).is_some_and(|token| token.is_word("is"));
        let compared = tokens.get(at).is_some_and(|token| "<>".chars().any(|sign| token.is_sign(sign)));
        self.found.references.push(Reference {
            root: root.to_owned(),
            field: fields.first().and_then(|token| token.word()).map(str::to_owned),
            at: range.clone(),
            tested: (tested && !compared) || defaulted || asked,
        });
        let given = if computed {
            self.look_up(root, &[], &first_at);
            Type::Any
        } else {
            self.look_up(root, &fields, &first_at)
        };
        let (given, next) = self.filters(tokens, at, given, &range);
        (given, next, range)
    }

    fn look_up(&mut self, root: &str, fields: &[&Token], root_at: &Range<usize>) -> Type {
        let Some(given) =
            self.names.iter().rev().find(|(name, _)| name == root).map(|(_, given)| given.clone())
        else {
            let hint =
                nearest::hint(root, self.names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
            self.problem("unknown-name", root_at.clone(), &format!("nothing is called `{root}` here"), hint);
            return Type::Any;
        };
        match (given, fields) {
            (given, []) => given,
            (Type::Any, _) => Type::Any,
            (Type::Record(record), [field, rest @ ..]) => {
                let name = field.word().unwrap_or_default();
                let Some(kind) = record.field(name) else {
                    let known: Vec<&str> = record.fields.iter().map(|(name, _)| name.as_str()).collect();
                    let message = format!("{} has no `{name}`", record.what);
                    self.problem("unknown-field", field.at.clone(), &message, nearest::hint(name, known));
                    return Type::Any;
                };
                if let [deeper, ..] = rest {
                    let message = format!("`{root}.{name}` is one value, without fields");
                    self.problem("unknown-field", deeper.at.clone(), &message, None);
                }
                Type::Value(kind)
            }
            (Type::Many(_), [field, ..]) => {
                self.problem(
                    "unknown-field",
                    field.at.clone(),
                    &format!("`{root}` has many items"),
                    Some(format!(
                        "go through them: `{{% for one in {root} %}}{{{{ one.… }}}}{{% endfor %}}`"
                    )),
                );
                Type::Any
            }
            (Type::Value(_), [field, ..]) => {
                let message = format!("`{root}` is one value, without fields");
                self.problem("unknown-field", field.at.clone(), &message, None);
                Type::Any
            }
        }
    }

    /// `| filter(key=value)`, as often as it stands there.
    pub(super) fn filters(
        &mut self,
        tokens: &[Token],
        mut at: usize,
        mut given: Type,
        of: &Range<usize>,
    ) -> (Type, usize) {
        while tokens.get(at).is_some_and(|token| token.is_sign('|')) {
            let Some(token) = tokens.get(at + 1) else { return (given, at + 1) };
            let Some(name) = token.word() else { return (given, at + 1) };
            at += 2;
            let mut keys = Vec::new();
            if tokens.get(at).is_some_and(|token| token.is_sign('(')) {
                let end = closing(tokens, at);
                let inner = tokens.get(at + 1..end).unwrap_or_default();
                keys = self.arguments(inner);
                at = (end + 1).min(tokens.len());
            }
            given = self.filter(name, &keys, &given, token, of);
        }
        (given, at)
    }

    fn filter(
        &mut self,
        name: &str,
        keys: &[String],
        given: &Type,
        token: &Token,
        of: &Range<usize>,
    ) -> Type {
        let spoken = SPOKEN.contains(&name);
        if !FILTERS.contains(&name) {
            let hint = if name == "pluralize" {
                Some("use `plural(one=\"…\", other=\"…\")`, which knows each language".to_owned())
            } else {
                nearest::hint(name, FILTERS)
            };
            self.problem("unknown-filter", token.at.clone(), &format!("there is no filter `{name}`"), hint);
            return Type::Any;
        }
        self.replaces += usize::from(name == "replace");
        if self.replaces > MOST_REPLACES {
            let message = format!("more than {MOST_REPLACES} uses of `replace` in one text");
            self.problem("bad-template", token.at.clone(), &message, None);
        }
        if spoken && !self.spoken {
            let message = format!("`{name}` needs a language, and conditions and parameters have none");
            self.problem("wrong-filter", token.at.clone(), &message, None);
            return Type::Any;
        }
        let needed: &[&str] = if name == "plural" { &["one", "other"] } else { &[] };
        for key in needed.iter().filter(|key| !keys.iter().any(|given| given == **key)) {
            self.problem(
                "wrong-filter",
                token.at.clone(),
                &format!("`{name}` needs `{key}`"),
                Some("write `plural(one=\"week\", other=\"weeks\")`".to_owned()),
            );
        }
        match apply(name, given) {
            Ok(made) => made,
            Err(why) => {
                self.problem("wrong-filter", of.clone(), why, None);
                Type::Any
            }
        }
    }

    /// Looks at the values of `key=value, …`; gives the keys.
    fn arguments(&mut self, tokens: &[Token]) -> Vec<String> {
        let mut keys = Vec::new();
        let mut rest = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let named = tokens.get(at + 1).is_some_and(|token| token.is_sign('='))
                && !tokens.get(at + 2).is_some_and(|token| token.is_sign('='));
            if let (Some(word), true) = (token.word(), named) {
                keys.push(word.to_owned());
                at += 2;
            } else {
                rest.push(token.clone());
                at += 1;
            }
        }
        self.expression(&rest, false);
        keys
    }
}

/// The place of the bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.is_sign('(') {
            depth += 1;
        } else if token.is_sign(')') {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len()
}
