//! Texts per language, their fallback, and their rendering with Tera.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use tera::{ErrorKind, Tera};

use super::model::{LanguageId, Standard, TextId};
use super::plain::{Plain, Values};

/// The values that a text sees.
pub type TextContext = tera::Context;

/// Octets that one rendered text may take; a screen takes a few hundred.
const LONGEST: usize = 16 * 1024;

/// A text that could not be rendered with the values given (a value that is missing, a filter
/// that does not fit). The check finds nearly all of them before a menu goes live.
#[derive(Debug, thiserror::Error)]
#[error("text {text} in language {language}: {reason}")]
pub struct RenderError {
    /// `flow.state.say` and the like.
    pub text: String,
    /// ISO code.
    pub language: String,
    /// Tera's words, without the values.
    pub reason: String,
}

/// All texts of a menu. A text without `{{` or `{%` is kept as it is and costs nothing to show.
#[derive(Default)]
pub struct Texts {
    pub(super) languages: Vec<CompiledLanguage>,
    pub(super) neutral: Tera,
    pub(super) entries: Vec<Entry>,
    pub(super) standard: Vec<Option<TextId>>,
}

/// A language with its templates.
pub(super) struct CompiledLanguage {
    pub(super) code: String,
    pub(super) tera: Tera,
}

/// One text.
pub(super) struct Entry {
    /// `flow.state.say` and the like.
    pub(super) name: String,
    /// As it was written, in the first language that has it.
    pub(super) written: Box<str>,
    pub(super) body: Body,
}

/// A text in every language, or one for all.
pub(super) enum Body {
    /// By [`LanguageId`], with the fallbacks resolved.
    Spoken(Vec<Slot>),
    /// A parameter or a condition.
    Neutral(Slot),
}

/// A text in one language.
#[derive(Clone)]
pub(super) enum Slot {
    /// Neither the language nor its fallbacks have it.
    Missing,
    /// Shown as it is.
    Fixed(Box<str>),
    /// A template, in the Tera of the language that it is written in.
    Template {
        /// Index of the language, or none for the neutral Tera.
        language: Option<usize>,
        /// Its name there.
        key: Box<str>,
        /// The same, where Tera is not needed for it.
        plain: Option<Box<Plain>>,
    },
}

impl Texts {
    /// The text in that language, or in the first of its fallbacks that has it.
    pub fn render(
        &self,
        text: TextId,
        language: LanguageId,
        context: &TextContext,
    ) -> Result<Cow<'_, str>, RenderError> {
        let slot = match self.entry(text).map(|entry| &entry.body) {
            Some(Body::Spoken(slots)) => slots.get(usize::from(language.0)),
            Some(Body::Neutral(slot)) => Some(slot),
            None => None,
        };
        self.show(text, Some(language), slot, context)
    }

    /// The text where it needs no values: the caller need not gather any.
    pub fn fixed(&self, text: TextId, language: LanguageId) -> Option<&str> {
        let slot = match &self.entry(text)?.body {
            Body::Spoken(slots) => slots.get(usize::from(language.0))?,
            Body::Neutral(slot) => slot,
        };
        match slot {
            Slot::Fixed(fixed) => Some(fixed),
            Slot::Missing | Slot::Template { .. } => None,
        }
    }

    /// The text where it only shows values and asks whether one holds, and none is missing: the
    /// caller need not gather a context. Without a language, a condition or a parameter.
    pub fn plain(&self, text: TextId, language: Option<LanguageId>, values: &dyn Values) -> Option<String> {
        let slot = match (&self.entry(text)?.body, language) {
            (Body::Spoken(slots), Some(language)) => slots.get(usize::from(language.0))?,
            (Body::Spoken(slots), None) => slots.first()?,
            (Body::Neutral(slot), _) => slot,
        };
        match slot {
            Slot::Fixed(fixed) => Some(fixed.to_string()),
            Slot::Template { plain: Some(plain), .. } => {
                plain.show(values).filter(|shown| shown.len() <= LONGEST)
            }
            Slot::Missing | Slot::Template { .. } => None,
        }
    }

    /// One of the engine's own texts.
    pub fn standard(
        &self,
        text: Standard,
        language: LanguageId,
        context: &TextContext,
    ) -> Result<Cow<'_, str>, RenderError> {
        let place = Standard::ALL.iter().position(|(standard, ..)| *standard == text);
        match place.and_then(|place| self.standard.get(place)) {
            Some(&Some(id)) => self.render(id, language, context),
            _ => Err(self.error(None, Some(language), format!("no standard text {text:?}"))),
        }
    }

    /// Whether the condition holds (it renders as `1`).
    pub fn holds(&self, condition: TextId, context: &TextContext) -> Result<bool, RenderError> {
        self.value(condition, context).map(|shown| shown == "1")
    }

    /// A language-neutral value, as a parameter of a source or an action.
    pub fn value(&self, template: TextId, context: &TextContext) -> Result<Cow<'_, str>, RenderError> {
        let slot = match self.entry(template).map(|entry| &entry.body) {
            Some(Body::Neutral(slot)) => Some(slot),
            Some(Body::Spoken(slots)) => slots.first(),
            None => None,
        };
        self.show(template, None, slot, context)
    }

    /// `flow.state.say` and the like: what the text is called in messages.
    pub fn name(&self, text: TextId) -> &str {
        self.entry(text).map_or("?", |entry| &entry.name)
    }

    /// The text or condition as it was written, in the first language that has it; for drawings.
    pub fn written(&self, text: TextId) -> &str {
        self.entry(text).map_or("", |entry| &entry.written)
    }

    /// Whether the text is shown as it is in every language, whatever the values.
    pub fn is_fixed(&self, text: TextId) -> bool {
        let fixed = |slot: &Slot| matches!(slot, Slot::Fixed(_) | Slot::Missing);
        self.entry(text).is_none_or(|entry| match &entry.body {
            Body::Spoken(slots) => slots.iter().all(fixed),
            Body::Neutral(slot) => fixed(slot),
        })
    }

    /// How many texts there are; their ids are `0..len`.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entry(&self, text: TextId) -> Option<&Entry> {
        usize::try_from(text.0).ok().and_then(|at| self.entries.get(at))
    }

    fn show<'texts>(
        &'texts self,
        text: TextId,
        language: Option<LanguageId>,
        slot: Option<&'texts Slot>,
        context: &TextContext,
    ) -> Result<Cow<'texts, str>, RenderError> {
        let (tera, key) = match slot {
            None | Some(Slot::Missing) => {
                return Err(self.error(Some(text), language, "there is no such text".to_owned()));
            }
            Some(Slot::Fixed(fixed)) => return Ok(Cow::Borrowed(fixed)),
            Some(Slot::Template { language: None, key, .. }) => (&self.neutral, key),
            Some(Slot::Template { language: Some(at), key, .. }) => match self.languages.get(*at) {
                Some(language) => (&language.tera, key),
                None => return Err(self.error(Some(text), language, "no such language".to_owned())),
            },
        };
        let mut page = Bounded::default();
        tera.render_to(key, context, &mut page)
            .map_err(|error| self.error(Some(text), language, reason(&error)))?;
        match String::from_utf8(page.octets) {
            Ok(shown) => Ok(Cow::Owned(shown)),
            Err(_) => Err(self.error(Some(text), language, "the result is no text".to_owned())),
        }
    }

    fn error(&self, text: Option<TextId>, language: Option<LanguageId>, reason: String) -> RenderError {
        let code = language.and_then(|language| self.languages.get(usize::from(language.0)));
        RenderError {
            text: text.map_or("?", |text| self.name(text)).to_owned(),
            language: code.map_or("none", |language| &language.code).to_owned(),
            reason,
        }
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Texts").field("texts", &self.entries.len()).finish_non_exhaustive()
    }
}

/// Tera's words about an error, without the values that it may quote: they can be medical.
fn reason(error: &tera::Error) -> String {
    let report = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report,
        ErrorKind::Io(_) => return format!("longer than {LONGEST} octets"),
        _ => return "could not be rendered".to_owned(),
    };
    let message = report.message();
    let place = format!("line {}, column {}", report.span().start_line, report.span().start_col + 1);
    if message.starts_with("Variable `") || message.starts_with("Field `") {
        let told = message.split_once(". ").map_or(message, |(first, _)| first);
        format!("{} ({place})", told.trim_end_matches('.'))
    } else {
        format!("a value does not fit ({place})")
    }
}

/// Takes what is rendered, and refuses what grows without bound.
#[derive(Default)]
struct Bounded {
    octets: Vec<u8>,
}

impl Write for Bounded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.octets.len() + octets.len() > LONGEST {
            return Err(io::Error::from(io::ErrorKind::WriteZero));
        }
        self.octets.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
