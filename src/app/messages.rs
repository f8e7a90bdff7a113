//! Texts of the menus on their way into an SMS: in a language that is served, with their values.

use crate::menu::{LanguageId, Menu, TextContext};
use crate::text::{Display, segments};

/// A text that is ready to go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said {
    /// In its proper spelling.
    pub text: String,
    /// How many SMS it takes.
    pub segments: usize,
    /// Language that it was asked for in, where that is served; else the first of the menu.
    pub language: String,
}

/// A text that the menus lack, or that its values do not fit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SayError {
    /// There is none of that name.
    #[error("the menus have no message `{0}`: add it to a file with `messages:`")]
    Missing(String),
    /// It could not be rendered.
    #[error("{0}")]
    Broken(String),
}

/// A value that a text sees: its name and what it is.
pub type Seen<'a> = (&'a str, String);

/// The message of that name.
pub fn say(menu: &Menu, name: &str, language: &str, values: &[Seen<'_>]) -> Result<Said, SayError> {
    let text = menu.message(name).ok_or_else(|| SayError::Missing(name.to_owned()))?;
    let mut context = TextContext::new();
    for (name, value) in values {
        context.insert((*name).to_owned(), value);
    }
    let id = menu.served(language).unwrap_or(LanguageId(0));
    let rendered =
        menu.texts.render(text, id, &context).map_err(|error| SayError::Broken(error.to_string()))?;
    let (shown, _) = Display::default().prepare(&rendered);
    let language = menu.languages.get(usize::from(id.0)).map_or("en", |language| &language.code);
    Ok(Said { segments: segments(&shown).count, text: rendered.into_owned(), language: language.to_owned() })
}

/// A constant of the menu, such as `emergency`; empty where it has none of that name.
pub fn constant(menu: &Menu, name: &str) -> String {
    let found = menu.constants.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}
