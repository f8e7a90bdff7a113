//! Texts on their way into the builder: languages resolved, origins kept.

use std::collections::HashMap;

use super::super::draft::{Say, WordsDraft};
use super::super::model::{Language, LanguageId, Standard, StateId, TextId};
use super::super::report::Finding;
use super::super::text_builder::{Spoken, TextFault, TextsBuilder};
use super::super::texts::Texts;
use super::super::yaml::Scalar;
use super::origins::{TextOrigin, TextRole, Written};

/// The texts of a menu being compiled.
pub(super) struct Speech<'draft> {
    builder: TextsBuilder,
    codes: Vec<String>,
    words: Vec<Option<&'draft WordsDraft>>,
    pub(super) origins: Vec<TextOrigin>,
}

impl<'draft> Speech<'draft> {
    pub(super) fn new(languages: &[Language], words: Vec<Option<&'draft WordsDraft>>) -> Self {
        let complete = |at: usize| {
            let file = words.get(at).copied().flatten()?;
            file.missing.is_empty().then(|| file.words.clone())
        };
        let spoken = languages.iter().enumerate().map(|(at, language)| {
            let fallback = language.fallback.iter().map(|language| usize::from(language.0));
            let words = std::iter::once(at).chain(fallback).chain([0]).find_map(complete);
            (language.code.clone(), language.fallback.clone(), words.unwrap_or_default())
        });
        Self {
            builder: TextsBuilder::new(spoken.collect()),
            codes: languages.iter().map(|language| language.code.clone()).collect(),
            words,
            origins: Vec::new(),
        }
    }

    /// The texts of the gateway itself.
    pub(super) fn standard(&mut self) {
        for (standard, key, sees) in Standard::ALL {
            let mut texts = Vec::new();
            for (at, file) in self.words.iter().enumerate() {
                let text = file.and_then(|file| file.standard.iter().find(|(name, _)| name.text == key));
                let language = u8::try_from(at).ok().map(LanguageId);
                if let (Some((_, scalar)), Some(language)) = (text, language) {
                    texts.push((language, scalar.clone()));
                }
            }
            let Some(place) = texts.first().map(|(_, scalar)| scalar.place()) else { continue };
            self.builder.standard(standard, format!("standard.{key}"), spoken(&texts));
            let written = Written::Spoken { place, texts };
            self.origins.push(TextOrigin { state: None, role: TextRole::Standard(sees), written });
        }
    }

    /// Adds a text.
    pub(super) fn say(
        &mut self,
        name: String,
        say: &Say,
        state: Option<StateId>,
        role: TextRole,
        findings: &mut Vec<Finding>,
    ) -> TextId {
        let written = self.written(say, findings);
        let id = match &written {
            Written::Once(scalar) => self.builder.same_for_all(name, scalar.text.trim_end()),
            Written::Spoken { texts, .. } => self.builder.text(name, spoken(texts)),
        };
        self.origins.push(TextOrigin { state, role, written });
        id
    }

    /// Adds a shared text.
    pub(super) fn fragment(&mut self, name: &str, say: &Say, findings: &mut Vec<Finding>) -> Written {
        let written = self.written(say, findings);
        let texts = match &written {
            Written::Spoken { texts, .. } => spoken(texts),
            Written::Once(scalar) => {
                let all = 0..self.codes.len();
                all.filter_map(|at| u8::try_from(at).ok())
                    .map(|at| (LanguageId(at), scalar.text.trim_end().to_owned()))
                    .collect()
            }
        };
        self.builder.fragment(name, texts);
        written
    }

    /// Adds a parameter.
    pub(super) fn param(&mut self, name: String, scalar: &Scalar, state: StateId, role: TextRole) -> TextId {
        let id = self.builder.neutral(name, scalar.text.clone());
        self.origins.push(TextOrigin { state: Some(state), role, written: Written::Once(scalar.clone()) });
        id
    }

    /// Adds a condition.
    pub(super) fn condition(&mut self, name: String, scalar: &Scalar, state: StateId) -> TextId {
        let id = self.builder.condition(name, &scalar.text);
        let written = Written::Once(scalar.clone());
        self.origins.push(TextOrigin { state: Some(state), role: TextRole::When, written });
        id
    }

    /// The language of that code.
    pub(super) fn language(&self, code: &str) -> Option<LanguageId> {
        let at = self.codes.iter().position(|known| known == code)?;
        u8::try_from(at).ok().map(LanguageId)
    }

    /// Codes of all languages.
    pub(super) fn codes(&self) -> Vec<&str> {
        self.codes.iter().map(String::as_str).collect()
    }

    pub(super) fn build(self) -> (Texts, Vec<TextFault>, Vec<TextOrigin>) {
        let (texts, faults) = self.builder.build();
        (texts, faults, self.origins)
    }

    fn written(&self, say: &Say, findings: &mut Vec<Finding>) -> Written {
        let Say::ByLanguage { place, texts } = say else {
            let Say::All(scalar) = say else { return Written::Spoken { place: say.place(), texts: vec![] } };
            return Written::Once(scalar.clone());
        };
        let mut known: HashMap<LanguageId, &Scalar> = HashMap::new();
        for (code, scalar) in texts {
            match self.language(&code.text) {
                Some(language) => {
                    known.insert(language, scalar);
                }
                None => findings.push(
                    Finding::error("unknown-language", code.place, format!("no language `{}`", code.text))
                        .nearest(&code.text, self.codes()),
                ),
            }
        }
        let mut texts: Vec<_> =
            known.into_iter().map(|(language, scalar)| (language, scalar.clone())).collect();
        texts.sort_by_key(|(language, _)| *language);
        Written::Spoken { place: *place, texts }
    }
}

/// Texts for the builder. What ends a block scalar is no part of a text.
fn spoken(texts: &[(LanguageId, Scalar)]) -> Spoken {
    texts.iter().map(|(language, scalar)| (*language, scalar.text.trim_end().to_owned())).collect()
}
