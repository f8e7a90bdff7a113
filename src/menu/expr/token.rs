//! Cuts a template into its tags and their tokens. What Tera itself refuses is told by Tera; this
//! only finds the names.

use std::ops::Range;

/// A token in a tag, with its octets in the template.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::menu) struct Token {
    pub(in crate::menu) kind: TokenKind,
    pub(in crate::menu) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::menu) enum TokenKind {
    /// A name or a keyword.
    Word(String),
    /// A literal text.
    Text(String),
    /// A number.
    Number,
    /// Anything else, one character.
    Sign(char),
}

impl Token {
    pub(in crate::menu) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, TokenKind::Word(found) if found == word)
    }

    pub(in crate::menu) fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Sign(sign)
    }

    pub(in crate::menu) fn word(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// A tag of a template.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::menu) struct Tag {
    /// `{{ … }}`, or `{% … %}`.
    pub(in crate::menu) shows: bool,
    pub(in crate::menu) tokens: Vec<Token>,
    pub(in crate::menu) at: Range<usize>,
}

/// The tags of a template, in order.
pub(in crate::menu) fn tags(template: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut from = 0;
    while let Some((start, open)) = next_open(template, from) {
        if open == "{#" {
            let end = template.get(start..).and_then(|rest| rest.find("#}")).map(|end| start + end + 2);
            from = end.unwrap_or(template.len());
            continue;
        }
        let close = if open == "{{" { "}}" } else { "%}" };
        let (tokens, end) = tokens(template, start + 2, close);
        tags.push(Tag { shows: open == "{{", tokens, at: start..end });
        from = end;
    }
    tags
}

/// The tokens of an expression without braces.
pub(super) fn expression(text: &str) -> Vec<Token> {
    tokens(text, 0, "\0").0
}

fn next_open(template: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = template.get(from..)?;
    ["{{", "{%", "{#"]
        .into_iter()
        .filter_map(|open| rest.find(open).map(|at| (from + at, open)))
        .min_by_key(|(at, _)| *at)
}

/// Tokens from `start` to `close`, and where what follows begins.
fn tokens(template: &str, start: usize, close: &str) -> (Vec<Token>, usize) {
    let mut tokens = Vec::new();
    let mut at = start;
    while let Some(rest) = template.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(close) {
            return (tokens, at + close.len());
        }
        let Some(first) = rest.chars().next() else { break };
        let (kind, length) = match first {
            '"' | '\'' | '`' => {
                let text = rest.get(1..).unwrap_or_default();
                let end = text.find(first).unwrap_or(text.len());
                let inner = text.get(..end).unwrap_or_default();
                (Some(TokenKind::Text(inner.to_owned())), (end + 2).min(rest.len()))
            }
            _ if first.is_ascii_digit() => {
                (Some(TokenKind::Number), run(rest, |letter| letter.is_ascii_digit()))
            }
            _ if first.is_alphabetic() || first == '_' => {
                let length = run(rest, |letter| letter.is_alphanumeric() || letter == '_');
                (rest.get(..length).map(|word| TokenKind::Word(word.to_owned())), length)
            }
            _ if first.is_whitespace() => (None, first.len_utf8()),
            _ => (Some(TokenKind::Sign(first)), first.len_utf8()),
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, at: at..at + length });
        }
        at += length;
    }
    (tokens, template.len())
}

fn run(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !holds(letter)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_and_their_words_are_found() {
        let template = "Hi {{ me.name | default(value=\"}}\") }}{# {{ no }} #}{%- if a.b %}ɛ{% endif -%}";
        let found = tags(template);
        assert_eq!(found.len(), 3);
        let words: Vec<_> = found.iter().flat_map(|tag| &tag.tokens).filter_map(Token::word).collect();
        assert_eq!(words, ["me", "name", "default", "value", "if", "a", "b", "endif"]);
        for token in found.iter().flat_map(|tag| &tag.tokens) {
            assert!(template.get(token.at.clone()).is_some());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut(template in r#"(?s)[{}%#"'a-z0-9. |()=ɛ\n-]{0,60}"#) {
            for tag in tags(&template) {
                for token in tag.tokens {
                    prop_assert!(template.get(token.at).is_some());
                }
            }
            expression(&template);
        }
    }
}
