//! Walks the tags of a template with the names that are known there.

use std::ops::Range;

use super::filters::TESTS;
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
    /// Its first `for` or `set`.
    pub(in crate::menu) repeats: Option<Range<usize>>,
    /// Fragments that it includes.
    pub(in crate::menu) includes: Vec<(String, Range<usize>)>,
}

/// Loops within each other, at most: a text must be done at once, whatever its author writes.
const MOST_LOOPS: usize = 2;

/// `set` tags in one text, at most.
const MOST_SETS: usize = 4;

/// Uses of the filter `replace` in one text, at most: it can make a text grow.
pub(super) const MOST_REPLACES: usize = 2;

/// Characters of a text, at most; a dozen pages.
const LONGEST: usize = 2000;

/// Looks at a text; `spoken` where it has a language, and so the filters `date` and `plural`.
pub(in crate::menu) fn scan_template(template: &str, names: &Names, spoken: bool) -> Found {
    let found = Found::default();
    let mut scanner =
        Scanner { names: names.clone(), outer: Vec::new(), sets: 0, replaces: 0, spoken, found };
    if template.chars().count() > LONGEST {
        let message = format!("a text has at most {LONGEST} characters, as a dozen pages hold");
        scanner.problem("long-text", 0..0, &message, None);
        return scanner.found;
    }
    for tag in tags(template) {
        scanner.tag(&tag);
    }
    scanner.found
}

/// Looks at a condition.
pub(in crate::menu) fn scan_condition(condition: &str, names: &Names) -> Found {
    let found = Found::default();
    let mut scanner =
        Scanner { names: names.clone(), outer: Vec::new(), sets: 0, replaces: 0, spoken: false, found };
    scanner.expression(&expression(condition), true);
    scanner.found
}

pub(super) struct Scanner {
    pub(super) names: Names,
    /// How many names were known outside of each open loop.
    outer: Vec<usize>,
    sets: usize,
    pub(super) replaces: usize,
    pub(super) spoken: bool,
    pub(super) found: Found,
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
            Some("for") => {
                self.found.repeats.get_or_insert(first.at.clone());
                self.open_loop(rest);
                if self.outer.len() > MOST_LOOPS {
                    let message = format!("more than {MOST_LOOPS} loops within each other");
                    self.problem("bad-template", first.at.clone(), &message, None);
                }
            }
            Some("endfor") => {
                let known = self.outer.pop().unwrap_or(self.names.len());
                self.names.truncate(known);
            }
            Some("set") => {
                self.found.repeats.get_or_insert(first.at.clone());
                self.set(rest);
                self.sets += 1;
                if self.sets > MOST_SETS {
                    let message = format!("more than {MOST_SETS} `set` tags in one text");
                    self.problem("bad-template", first.at.clone(), &message, None);
                }
            }
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
    pub(super) fn expression(&mut self, tokens: &[Token], tested: bool) -> Option<(Type, Range<usize>)> {
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

    pub(super) fn problem(
        &mut self,
        code: &'static str,
        at: Range<usize>,
        message: &str,
        hint: Option<String>,
    ) {
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
