//! Texts per language, their fallback, and their rendering with Tera.

use std::borrow::Cow;

use super::model::{LanguageId, Standard, TextId};

/// The values that a text sees.
pub type TextContext = tera::Context;

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
#[derive(Debug, Default)]
pub struct Texts {}

impl Texts {
    /// The text in that language, or in the first of its fallbacks that has it.
    pub fn render(
        &self,
        text: TextId,
        language: LanguageId,
        context: &TextContext,
    ) -> Result<Cow<'_, str>, RenderError> {
        let _ = (text, language, context);
        Ok(Cow::Borrowed(""))
    }

    /// One of the engine's own texts.
    pub fn standard(
        &self,
        text: Standard,
        language: LanguageId,
        context: &TextContext,
    ) -> Result<Cow<'_, str>, RenderError> {
        let _ = (text, language, context);
        Ok(Cow::Borrowed(""))
    }

    /// Whether the condition holds (it renders as `1`).
    pub fn holds(&self, condition: TextId, context: &TextContext) -> Result<bool, RenderError> {
        let _ = (condition, context);
        Ok(false)
    }

    /// A language-neutral value, as a parameter of a source or an action.
    pub fn value(&self, template: TextId, context: &TextContext) -> Result<Cow<'_, str>, RenderError> {
        let _ = (template, context);
        Ok(Cow::Borrowed(""))
    }
}
