//! Texts of messages: from `menus/messages.yaml`, in the person's language, counted and looked over.

use crate::menu::{LanguageId, Menu, RenderError, TextContext};
use crate::messages::{ComposeError, compose};
use crate::text::Display;

/// A text that is ready to be queued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Spoken {
    /// In its proper spelling: each provider folds as it must.
    pub text: String,
    /// How many SMS it takes where letters are folded as usual.
    pub segments: usize,
    /// Code of the language that it is in.
    pub language: String,
}

/// Why there is no such text.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// No message of that name.
    #[error("the menus have no message {0}: add it to messages.yaml")]
    Missing(String),
    /// A value that it needs is not there.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// It is empty, or too long.
    #[error("message {name}: {source}")]
    Compose {
        /// Its name.
        name: String,
        /// What is wrong.
        source: ComposeError,
    },
}

/// The message of that name with these values, in that language or the first that is served.
pub fn speak(menu: &Menu, name: &str, language: &str, values: &TextContext) -> Result<Spoken, TextError> {
    let text = menu.message(name).ok_or_else(|| TextError::Missing(name.to_owned()))?;
    let id = menu.served(language).unwrap_or(LanguageId(0));
    let text = menu.texts.render(text, id, values)?;
    let composed = compose(&text, Display::default())
        .map_err(|source| TextError::Compose { name: name.to_owned(), source })?;
    let code = menu.languages.get(usize::from(id.0)).map_or(language, |language| &language.code);
    Ok(Spoken { text: text.into_owned(), segments: composed.segments, language: code.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::{LoadOptions, Sources, load};
    use crate::ussd::catalog::CATALOG;

    fn menu() -> Menu {
        let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
        load(&Sources::from_embedded(), &CATALOG, &options).unwrap()
    }

    #[test]
    fn a_message_is_spoken_in_her_language_and_kept_in_its_spelling() {
        let mut values = TextContext::new();
        values.insert("pin", "482913");
        values.insert("service_code", "*468#");
        let spoken = speak(&menu(), "pin_issued", "kri", &values).unwrap();
        assert!(spoken.text.contains("482913") && spoken.text.contains('ɔ'), "{}", spoken.text);
        assert_eq!((spoken.segments, spoken.language.as_str()), (1, "kri"));
        let other = speak(&menu(), "pin_issued", "men", &values).unwrap();
        assert_eq!(other.language, "en", "a language that is not served is not spoken");
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = speak(&menu(), "no_such", "en", &TextContext::new()).unwrap_err().to_string();
        assert!(missing.contains("no_such") && missing.contains("messages.yaml"), "{missing}");
        let unfilled = speak(&menu(), "pin_issued", "en", &TextContext::new()).unwrap_err().to_string();
        assert!(unfilled.contains("pin"), "{unfilled}");
    }
}
