//! Walks the tags of a template with the names that are known there.

use std::ops::Range;

use super::filters::{FILTERS, SPOKEN, TESTS, apply};
use super::kinds::{Names, Type};
use super::token::{Tag, Token, TokenKind, expression, tags};
use crate::menu::catalog::FieldKind;
use crate::menu::nearest;

/// Something wrong in a template.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::menu) struct Problem {
    pub(in crate::menu) code: &'static str,
    pub(in crate::menu) at: Range<usize>,
    pub(in crate::menu) message: String,
    pub(in crate::menu) hint: Option<String>,
}

/// A name that a template reads.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::menu) struct Reference {
    pub(in crate::menu) root: String,
    pub(in crate::menu) field: Option<String>,
    pub(in crate::menu) at: Range<usize>,
    /// Whether a missing value is no mistake there: it is tested, or has a default.
    pub(in crate::menu) tested: bool,
}

/// What a template reads and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::menu) struct Found {
    pub(in crate::menu) problems: Vec<Problem>,
    pub(in crate::menu) references: Vec<Reference>,
    /// Fragments that it includes.
    pub(in crate::menu) includes: Vec<(String, Range<usize>)>,
}

/// Looks at a text; `spoken` where it has a language, and so the filters `date` and `plural`.
pub(in crate::menu) fn scan_template(template: &str, names: &Names, spoken: bool) -> Found {
    let mut scanner = Scanner { names: names.clone(), outer: Vec::new(), spoken, found: Found::default() };
    for tag in tags(template) {
        scanner.tag(&tag);
    }
    scanner.found
}

/// Looks at a condition.
pub(in crate::menu) fn scan_condition(condition: &str, names: &Names) -> Found {
    let mut scanner =
        Scanner { names: names.clone(), outer: Vec::new(), spoken: false, found: Found::default() };
    scanner.expression(&expression(condition), true);
    scanner.found
}

struct Scanner {
    names: Names,
    /// How many names were known outside of each open loop.
    outer: Vec<usize>,
    spoken: bool,
    found: Found,
}

impl Scanner {
    fn tag(&mut self, tag: &Tag) {
        let tokens = strip_dashes(&tag.tokens);
        if tag.shows {
            let shown = self.expression(tokens, false);
            if let Some((given, at)) = shown {
                self.check_shown(&given, at);
            }
            return;
        }
        let Some((first, rest)) = tokens.split_first() else { return };
        match first.word() {
            Some("if" | "elif") => {
                self.expression(rest, true);
            }
            Some("else" | "endif") => {}
            Some("for") => self.open_loop(rest),
            Some("endfor") => {
                let known = self.outer.pop().unwrap_or(self.names.len());
                self.names.truncate(known);
            }
            Some("set") => self.set(rest),
            Some("include") => match rest {
                [Token { kind: TokenKind::Text(name), at }] => {
                    self.found.includes.push((name.clone(), at.clone()));
                }
                _ => self.problem(
                    "bad-template",
                    first.at.clone(),
                    "`include` names one fragment, in quotes",
                    None,
                ),
            },
            _ => self.problem(
                "bad-template",
                first.at.clone(),
                "this tag is not part of the menu language",
                Some("texts use `if`, `elif`, `else`, `for`, `set` and `include`".to_owned()),
            ),
        }
    }

    fn open_loop(&mut self, tokens: &[Token]) {
        self.outer.push(self.names.len());
        let Some(at) = tokens.iter().position(|token| token.is_word("in")) else { return };
        let (names, rest) = tokens.split_at(at);
        let over = self.expression(rest.get(1..).unwrap_or_default(), false);
        let item = match over {
            Some((Type::Many(record), _)) => Type::Record(record),
            Some((Type::Any, _)) | None => Type::Any,
            Some((_, at)) => {
                self.problem("bad-loop", at, "`for` wants a source of many items", None);
                Type::Any
            }
        };
        let names: Vec<&str> = names.iter().filter_map(Token::word).collect();
        for name in &names {
            let given = if names.len() == 1 { item.clone() } else { Type::Any };
            self.names.push(((*name).to_owned(), given));
        }
        self.names.push(("loop".to_owned(), Type::Any));
    }

    fn set(&mut self, tokens: &[Token]) {
        let [name, equals, value @ ..] = tokens else { return };
        let given = self.expression(value, false).map_or(Type::Any, |(given, _)| given);
        if let (Some(name), true) = (name.word(), equals.is_sign('=')) {
            self.names.push((name.to_owned(), given));
        }
    }

    /// Looks at an expression. Its type, where it is a single value with filters.
    fn expression(&mut self, tokens: &[Token], tested: bool) -> Option<(Type, Range<usize>)> {
        let mut at = 0;
        let mut single = None;
        let mut parts = 0;
        while let Some(token) = tokens.get(at) {
            match &token.kind {
                TokenKind::Word(word) if is_keyword(word) => {
                    at += 1;
                    parts += 1;
                    if word == "is" {
                        at = self.test(tokens, at);
                    }
                }
                TokenKind::Word(_) => {
                    let (given, next, range) = self.value(tokens, at, tested);
                    self.check_compared(&given, tokens.get(next..).unwrap_or_default(), &range);
                    single = Some((given, range));
                    parts += 1;
                    at = next;
                }
                TokenKind::Text(_) | TokenKind::Number => {
                    let given = match token.kind {
                        TokenKind::Number => FieldKind::Number,
                        _ => FieldKind::Text,
                    };
                    parts += 1;
                    let (given, next) = self.filters(tokens, at + 1, Type::Value(given), &token.at);
                    single = Some((given, token.at.clone()));
                    at = next;
                }
                TokenKind::Sign(sign) => {
                    parts += 1;
                    at += 1;
                    if *sign == '|' {
                        at = self.filters(tokens, at - 1, Type::Any, &token.at).1.max(at);
                    }
                }
            }
        }
        single.filter(|_| parts == 1)
    }

    /// After `is`: the name of a test.
    fn test(&mut self, tokens: &[Token], mut at: usize) -> usize {
        if tokens.get(at).is_some_and(|token| token.is_word("not")) {
            at += 1;
        }
        if let Some(token) = tokens.get(at)
            && let Some(word) = token.word()
        {
            if !TESTS.contains(&word) {
                let hint = nearest::hint(word, TESTS);
                self.problem("unknown-test", token.at.clone(), &format!("there is no test `{word}`"), hint);
            }
            return at + 1;
        }
        at
    }

    /// A name with its fields and filters: its type and where what follows begins.
    fn value(&mut self, tokens: &[Token], start: usize, tested: bool) -> (Type, usize, Range<usize>) {
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
    fn filters(
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

    /// A value that is compared with a literal of another kind: it never is the same, and cannot
    /// be less or more.
    fn check_compared(&mut self, given: &Type, rest: &[Token], at: &Range<usize>) {
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

    fn check_shown(&mut self, given: &Type, at: Range<usize>) {
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

    fn problem(&mut self, code: &'static str, at: Range<usize>, message: &str, hint: Option<String>) {
        self.found.problems.push(Problem { code, at, message: message.to_owned(), hint });
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "or"
            | "not"
            | "in"
            | "is"
            | "if"
            | "else"
            | "true"
            | "false"
            | "none"
            | "True"
            | "False"
            | "None"
    )
}

/// Dashes at the edges of a tag, which eat blanks.
fn strip_dashes(tokens: &[Token]) -> &[Token] {
    let tokens = match tokens {
        [first, rest @ ..] if first.is_sign('-') => rest,
        all => all,
    };
    match tokens {
        [rest @ .., last] if last.is_sign('-') => rest,
        all => all,
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
