//! Most texts only show names and ask whether one holds: `{{ item.name }}`,
//! `{% if phone.known %}…{% endif %}`. Those are shown without building a context for Tera, since
//! every turn shows several. Whatever else a text says, and whatever is missing, is left to Tera,
//! whose answer is the same where both can give one.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::Serialize;

use super::expr::{Tag, Token, tags};
use super::value::Value;

/// A value as it stands somewhere.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Seen<'a> {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A day.
    Date(NaiveDate),
    /// Anything else.
    Text(Cow<'a, str>),
}

impl<'a> From<&'a Value> for Seen<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Flag(flag) => Self::Flag(*flag),
            Value::Number(number) => Self::Number(*number),
            Value::Date(day) => Self::Date(*day),
            Value::Text(text) => Self::Text(Cow::Borrowed(text)),
        }
    }
}

/// Where a text finds the values that it names.
pub trait Values {
    /// The value of `root`, or of `root.field`; `None` where there is none, or more than one value.
    fn value(&self, root: &str, field: Option<&str>) -> Option<Seen<'_>>;
}

/// A name, as `clinic.name` or `today`.
#[derive(Clone, Debug, PartialEq)]
struct Name {
    root: Box<str>,
    field: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Holds(Name),
    Fails(Name),
    Same(Name, Name),
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Words(Box<str>),
    Shown(Name),
    Either { test: Test, yes: Vec<Piece>, no: Vec<Piece> },
}

/// A text that only shows names and asks whether one holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plain(Vec<Piece>);

/// What ended a run of pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stop {
    Text,
    Else,
    EndIf,
}

impl Plain {
    /// The text, where it is that plain.
    pub(super) fn read(text: &str) -> Option<Self> {
        // A comment takes part in neither, and is seldom worth a rule of its own.
        if text.contains("{#") {
            return None;
        }
        let tags = tags(text);
        let mut reader = Reader { text, tags: tags.iter(), from: 0 };
        match reader.pieces()? {
            (pieces, Stop::Text) => Some(Self(pieces)),
            _ => None,
        }
    }

    /// The text with its values; `None` where one is missing or is not one value.
    pub(super) fn show(&self, values: &dyn Values) -> Option<String> {
        let mut shown = String::with_capacity(64);
        write(&self.0, values, &mut shown)?;
        Some(shown)
    }
}

struct Reader<'t> {
    text: &'t str,
    tags: std::slice::Iter<'t, Tag>,
    /// Octet at which the words after the last tag begin.
    from: usize,
}

impl Reader<'_> {
    fn pieces(&mut self) -> Option<(Vec<Piece>, Stop)> {
        let mut pieces = Vec::new();
        loop {
            let Some(tag) = self.tags.next() else {
                words(self.text.get(self.from..)?, &mut pieces);
                return Some((pieces, Stop::Text));
            };
            words(self.text.get(self.from..tag.at.start)?, &mut pieces);
            self.from = tag.at.end;
            if tag.shows {
                pieces.push(Piece::Shown(Name::read(&tag.tokens)?));
                continue;
            }
            match tag.tokens.as_slice() {
                [word] if word.is_word("else") => return Some((pieces, Stop::Else)),
                [word] if word.is_word("endif") => return Some((pieces, Stop::EndIf)),
                [word, test @ ..] if word.is_word("if") => {
                    let test = Test::read(test)?;
                    let (yes, stop) = self.pieces()?;
                    let (no, stop) = if stop == Stop::Else { self.pieces()? } else { (Vec::new(), stop) };
                    if stop != Stop::EndIf {
                        return None;
                    }
                    pieces.push(Piece::Either { test, yes, no });
                }
                _ => return None,
            }
        }
    }
}

fn words(text: &str, pieces: &mut Vec<Piece>) {
    if !text.is_empty() {
        pieces.push(Piece::Words(text.into()));
    }
}

impl Name {
    fn read(tokens: &[Token]) -> Option<Self> {
        // Words that are values or signs in an expression, not names.
        const TAKEN: [&str; 9] = ["true", "false", "none", "null", "not", "and", "or", "in", "is"];
        let root = tokens.first()?.word().filter(|word| !TAKEN.contains(word))?;
        let field = match tokens {
            [_] => None,
            [_, dot, field] if dot.is_sign('.') => Some(field.word()?.into()),
            _ => return None,
        };
        Some(Self { root: root.into(), field })
    }

    fn seen<'v>(&self, values: &'v dyn Values) -> Option<Seen<'v>> {
        values.value(&self.root, self.field.as_deref())
    }
}

impl Test {
    fn read(tokens: &[Token]) -> Option<Self> {
        if let Some(at) = tokens.iter().position(|token| token.is_sign('=')) {
            let (left, right) = (tokens.get(..at)?, tokens.get(at + 2..)?);
            return tokens
                .get(at + 1)
                .filter(|token| token.is_sign('='))
                .and_then(|_| Some(Self::Same(Name::read(left)?, Name::read(right)?)));
        }
        match tokens {
            [not, name @ ..] if not.is_word("not") => Name::read(name).map(Self::Fails),
            name => Name::read(name).map(Self::Holds),
        }
    }

    fn holds(&self, values: &dyn Values) -> Option<bool> {
        match self {
            Self::Holds(name) => name.seen(values).map(|seen| seen.holds()),
            Self::Fails(name) => name.seen(values).map(|seen| !seen.holds()),
            Self::Same(left, right) => match (left.seen(values)?, right.seen(values)?) {
                (Seen::Text(left), Seen::Text(right)) => Some(left == right),
                (Seen::Number(left), Seen::Number(right)) => Some(left == right),
                _ => None,
            },
        }
    }
}

impl Seen<'_> {
    fn holds(&self) -> bool {
        match self {
            Self::Flag(flag) => *flag,
            Self::Number(number) => *number != 0,
            Self::Date(_) => true,
            Self::Text(text) => !text.is_empty(),
        }
    }
}

fn write(pieces: &[Piece], values: &dyn Values, shown: &mut String) -> Option<()> {
    use std::fmt::Write as _;
    for piece in pieces {
        match piece {
            Piece::Words(words) => shown.push_str(words),
            Piece::Shown(name) => match name.seen(values)? {
                Seen::Text(text) => shown.push_str(&text),
                Seen::Number(number) => write!(shown, "{number}").ok()?,
                Seen::Flag(flag) => write!(shown, "{flag}").ok()?,
                Seen::Date(day) => write!(shown, "{day}").ok()?,
            },
            Piece::Either { test, yes, no } => {
                write(if test.holds(values)? { yes } else { no }, values, shown)?;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::menu::{LanguageId, TextContext, TextsBuilder, Words};

    #[derive(Clone, Debug)]
    struct Person(BTreeMap<String, Value>);

    impl Values for Person {
        fn value(&self, root: &str, field: Option<&str>) -> Option<Seen<'_>> {
            (root == "item").then_some(())?;
            self.0.get(field?).map(Seen::from)
        }
    }

    /// What Tera says, which is what counts.
    fn by_tera(text: &str, person: &Person) -> Option<String> {
        let mut builder = TextsBuilder::new(vec![("en".to_owned(), vec![], Words::default())]);
        let id = builder.same_for_all("a".to_owned(), text);
        let (texts, faults) = builder.build();
        assert_eq!(faults, [], "{text}");
        let mut context = TextContext::new();
        context.insert("item", &person.0);
        texts.render(id, LanguageId(0), &context).ok().map(Cow::into_owned)
    }

    #[test]
    fn what_is_more_than_plain_is_left_to_tera() {
        for text in [
            "{{ item.on | date }}",
            "{{- item.a }}",
            "{% if item.a -%}x{% endif %}",
            "{% if item.a and item.b %}x{% endif %}",
            "{% if item.a > 2 %}x{% endif %}",
            "{% if item.a == 'x' %}x{% endif %}",
            "{% if item.a %}x{% elif item.b %}y{% endif %}",
            "{% include 'help' %}",
            "{% for one in item %}{{ one }}{% endfor %}",
            "{# said #}{{ item.a }}",
            "{{ item?.a }}",
            "{{ 'x' }}",
            "{{ true }}",
            "{% if item.a %}x",
            "x{% endif %}",
        ] {
            assert_eq!(Plain::read(text), None, "{text}");
        }
        let plain = Plain::read("{{ item.a }}{{ item.b }}").unwrap();
        assert_eq!(plain.show(&Person([("a".to_owned(), Value::Number(1))].into())), None, "a missing value");
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Flag),
            prop_oneof![Just(0_i64), any::<i64>()].prop_map(Value::Number),
            (0_i32..60_000).prop_map(|day| Value::Date(NaiveDate::from_epoch_days(day).unwrap())),
            "[a-zɛ{}%<& ]{0,3}".prop_map(Value::Text),
        ]
    }

    fn text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "[a-zɛ<& \n\\\\-]{0,4}",
            prop_oneof![Just("{{ item.a }}"), Just("{{item.b}}"), Just("{{ item.c }}")]
                .prop_map(str::to_owned),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let test = prop_oneof![
                Just("item.a"),
                Just("not item.b"),
                Just("item.a == item.b"),
                Just("item.b==item.c")
            ];
            (test, inner.clone(), proptest::option::of(inner.clone()), inner).prop_map(
                |(test, yes, no, after)| {
                    let no = no.map(|no| format!("{{% else %}}{no}")).unwrap_or_default();
                    format!("{{% if {test} %}}{yes}{no}{{% endif %}}{after}")
                },
            )
        })
    }

    proptest! {
        #[test]
        fn plain_texts_are_shown_as_tera_shows_them(
            text in text(),
            values in proptest::collection::btree_map("[abc]", value(), 0..4),
        ) {
            let person = Person(values);
            let plain = Plain::read(&text).expect("a plain text");
            if let Some(shown) = plain.show(&person) {
                prop_assert_eq!(Some(shown), by_tera(&text, &person));
            }
        }
    }
}
