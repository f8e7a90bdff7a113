//! Compiles texts: one Tera per language, fragments as templates that others include, fallbacks
//! resolved once.

use std::collections::BTreeMap;

use tera::{ErrorKind, Tera};

use super::model::{LanguageId, Standard, TextId};
use super::plain::Plain;
use super::texts::{Body, CompiledLanguage, Entry, Slot, Texts};
use super::words::Words;

/// A text as written, by language.
pub type Spoken = Vec<(LanguageId, String)>;

/// A template that does not compile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TextFault {
    /// Which text.
    pub place: TextPlace,
    /// In which language; none for a condition or a parameter.
    pub language: Option<LanguageId>,
    /// What is wrong, in Tera's words.
    pub message: String,
    /// Line of the text, from 1.
    pub line: usize,
    /// Column, from 0, in characters.
    pub column: usize,
}

/// A text or a fragment.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TextPlace {
    /// A text.
    Text(TextId),
    /// A fragment.
    Fragment(String),
}

enum Source {
    Spoken(Spoken),
    Neutral(String),
    Condition(String),
}

impl Source {
    /// As it was written, in the first language that has it.
    fn written(&self) -> &str {
        match self {
            Self::Spoken(spoken) => spoken.first().map_or("", |(_, text)| text),
            Self::Neutral(text) => text,
            Self::Condition(text) => {
                let inner =
                    text.strip_prefix(CONDITION_OPEN).and_then(|text| text.strip_suffix(CONDITION_CLOSE));
                inner.unwrap_or(text)
            }
        }
    }
}

/// What stands before a condition, so that positions in it can be told.
const CONDITION_OPEN: &str = "{% if ";

/// And after it.
const CONDITION_CLOSE: &str = " %}1{% endif %}";

/// Collects texts and compiles them.
pub struct TextsBuilder {
    languages: Vec<(String, Vec<LanguageId>, Words)>,
    fragments: BTreeMap<String, Spoken>,
    texts: Vec<(String, Source)>,
    standard: BTreeMap<Standard, TextId>,
}

impl TextsBuilder {
    /// For these languages, each with its code, its fallbacks and its words; the first is the
    /// default.
    pub fn new(languages: Vec<(String, Vec<LanguageId>, Words)>) -> Self {
        Self { languages, fragments: BTreeMap::new(), texts: Vec::new(), standard: BTreeMap::new() }
    }

    /// Adds a text that others include by name.
    pub fn fragment(&mut self, name: &str, spoken: Spoken) {
        self.fragments.insert(name.to_owned(), spoken);
    }

    /// Adds a text; `name` is for messages.
    pub fn text(&mut self, name: String, spoken: Spoken) -> TextId {
        self.push(name, Source::Spoken(spoken))
    }

    /// Adds a text that is the same in all languages, with the filters of each.
    pub fn same_for_all(&mut self, name: String, text: &str) -> TextId {
        let ids = (0..self.languages.len()).filter_map(|at| u8::try_from(at).ok().map(LanguageId));
        let spoken = ids.map(|language| (language, text.to_owned())).collect();
        self.push(name, Source::Spoken(spoken))
    }

    /// Adds a parameter: a template without a language.
    pub fn neutral(&mut self, name: String, template: String) -> TextId {
        self.push(name, Source::Neutral(template))
    }

    /// Adds a condition: an expression that renders as `1` where it holds.
    pub fn condition(&mut self, name: String, expression: &str) -> TextId {
        self.push(name, Source::Condition(format!("{CONDITION_OPEN}{expression}{CONDITION_CLOSE}")))
    }

    /// Adds one of the engine's own texts.
    pub fn standard(&mut self, standard: Standard, name: String, spoken: Spoken) -> TextId {
        let id = self.text(name, spoken);
        self.standard.insert(standard, id);
        id
    }

    fn push(&mut self, name: String, source: Source) -> TextId {
        let id = TextId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push((name, source));
        id
    }

    /// Compiles all. A text at fault is missing from the result and told beside it.
    pub fn build(self) -> (Texts, Vec<TextFault>) {
        let mut faults = Vec::new();
        let mut teras: Vec<Tera> =
            (0..self.languages.len()).map(|at| self.with_fragments(at, &mut faults)).collect();
        let mut neutral = bare();
        let mut batches: Vec<Vec<(String, &str, TextId)>> = vec![Vec::new(); self.languages.len() + 1];
        let entries = self
            .texts
            .iter()
            .enumerate()
            .map(|(at, (name, source))| Entry {
                name: name.clone(),
                written: source.written().into(),
                body: self.lay_out(TextId(u32::try_from(at).unwrap_or(u32::MAX)), source, &mut batches),
            })
            .collect();
        for (at, batch) in batches.iter().enumerate() {
            let tera = teras.get_mut(at).unwrap_or(&mut neutral);
            let language = (at < self.languages.len()).then(|| language_id(at)).flatten();
            compile(tera, batch, language, &mut faults);
        }
        let languages = self.languages.into_iter().zip(teras);
        let texts = Texts {
            languages: languages.map(|((code, ..), tera)| CompiledLanguage { code, tera }).collect(),
            neutral,
            entries,
            standard: Standard::ALL
                .iter()
                .map(|(standard, ..)| self.standard.get(standard).copied())
                .collect(),
        };
        (texts, faults)
    }

    /// A Tera with the filters and the fragments of the language at that place. A fragment at
    /// fault is empty there, so that the texts that include it can be looked at.
    fn with_fragments(&self, at: usize, faults: &mut Vec<TextFault>) -> Tera {
        let mut tera = bare();
        if let Some((_, _, words)) = self.languages.get(at) {
            words.register(&mut tera);
        }
        let mut spoken: Vec<(&str, &str)> = self
            .fragments
            .iter()
            .map(|(name, spoken)| (name.as_str(), self.resolve(spoken, at).map_or("", |(_, text)| text)))
            .collect();
        let Err(error) = tera.add_raw_templates(spoken.iter().copied()) else { return tera };
        let empty: Vec<(&str, &str)> = spoken.iter().map(|&(name, _)| (name, "")).collect();
        let mut told = false;
        for (name, text) in &mut spoken {
            let mut alone = tera.clone();
            let others = alone.add_raw_templates(empty.iter().copied());
            if let Err(error) = others.and_then(|()| alone.add_raw_template(name, text)) {
                faults.push(fault(TextPlace::Fragment((*name).to_owned()), language_id(at), &error));
                *text = "";
                told = true;
            }
        }
        if !told {
            let name = spoken.first().map(|&(name, _)| name.to_owned()).unwrap_or_default();
            faults.push(fault(TextPlace::Fragment(name), language_id(at), &error));
        }
        if tera.add_raw_templates(spoken).is_err() {
            let _ = tera.add_raw_templates(empty);
        }
        tera
    }

    /// The text of the language at that place: its own, its fallbacks', the default's, any.
    fn resolve<'text>(&self, spoken: &'text Spoken, at: usize) -> Option<(usize, &'text str)> {
        let fallback = self.languages.get(at).map(|(_, fallback, _)| fallback.as_slice()).unwrap_or_default();
        std::iter::once(at)
            .chain(fallback.iter().map(|language| usize::from(language.0)))
            .chain(0..self.languages.len())
            .find_map(|at| {
                let written = spoken.iter().find(|(language, _)| usize::from(language.0) == at);
                written.map(|(_, text)| (at, text.as_str()))
            })
    }

    fn lay_out<'text>(
        &self,
        id: TextId,
        source: &'text Source,
        batches: &mut [Vec<(String, &'text str, TextId)>],
    ) -> Body {
        let key = format!("#{}", id.0);
        let neutral_at = self.languages.len();
        match source {
            Source::Neutral(text) | Source::Condition(text) => {
                Body::Neutral(slot(key, None, neutral_at, text, id, batches))
            }
            Source::Spoken(spoken) => Body::Spoken(
                (0..self.languages.len())
                    .map(|at| match self.resolve(spoken, at) {
                        None => Slot::Missing,
                        Some((written, text)) if written == at => {
                            slot(key.clone(), Some(at), at, text, id, batches)
                        }
                        Some((written, text)) if is_template(text) => {
                            template(Some(written), key.clone(), text)
                        }
                        Some((_, text)) => Slot::Fixed(text.into()),
                    })
                    .collect(),
            ),
        }
    }
}

fn slot<'text>(
    key: String,
    language: Option<usize>,
    batch: usize,
    text: &'text str,
    id: TextId,
    batches: &mut [Vec<(String, &'text str, TextId)>],
) -> Slot {
    if !is_template(text) {
        return Slot::Fixed(text.into());
    }
    if let Some(batch) = batches.get_mut(batch) {
        batch.push((key.clone(), text, id));
    }
    template(language, key, text)
}

fn template(language: Option<usize>, key: String, text: &str) -> Slot {
    Slot::Template { language, key: key.into(), plain: Plain::read(text).map(Box::new) }
}

/// Compiles a batch at once; where that fails, one by one, to tell which are at fault.
fn compile(
    tera: &mut Tera,
    batch: &[(String, &str, TextId)],
    language: Option<LanguageId>,
    faults: &mut Vec<TextFault>,
) {
    if tera.add_raw_templates(batch.iter().map(|(key, text, _)| (key, *text))).is_ok() {
        return;
    }
    for (key, text, id) in batch {
        if let Err(error) = tera.add_raw_template(key, text) {
            let mut found = fault(TextPlace::Text(*id), language, &error);
            if text.starts_with(CONDITION_OPEN) && found.line == 1 {
                found.column = found.column.saturating_sub(CONDITION_OPEN.len());
            }
            faults.push(found);
        }
    }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

fn bare() -> Tera {
    let mut tera = Tera::new();
    tera.autoescape_on(Vec::<&str>::new());
    tera
}

fn language_id(at: usize) -> Option<LanguageId> {
    u8::try_from(at).ok().map(LanguageId)
}

fn fault(place: TextPlace, language: Option<LanguageId>, error: &tera::Error) -> TextFault {
    let (message, line, column) = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            (report.message().to_owned(), report.span().start_line, report.span().start_col)
        }
        ErrorKind::Msg(message) => {
            let first = message.lines().next().unwrap_or_default();
            (first.trim_start_matches("error: ").to_owned(), 1, 0)
        }
        other => (other.to_string(), 1, 0),
    };
    TextFault { place, language, message, line: line.max(1), column }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::menu::TextContext;

    const EN: LanguageId = LanguageId(0);
    const KRI: LanguageId = LanguageId(1);

    fn builder() -> TextsBuilder {
        let words = |months: &str| Words {
            long: "{day} {month} {year}".to_owned(),
            short: "{day} {month}".to_owned(),
            months: months.split(' ').map(str::to_owned).collect(),
            ..Words::default()
        };
        TextsBuilder::new(vec![
            ("en".to_owned(), vec![], words("Jan Feb Mar")),
            ("kri".to_owned(), vec![EN], words("Janwari Fɛbwari Mach")),
        ])
    }

    fn spoken(texts: &[(LanguageId, &str)]) -> Spoken {
        texts.iter().map(|&(language, text)| (language, text.to_owned())).collect()
    }

    fn fine(builder: TextsBuilder) -> Texts {
        let (texts, faults) = builder.build();
        assert_eq!(faults, []);
        texts
    }

    #[test]
    fn a_text_falls_back_in_the_words_of_the_language_that_it_is_written_in() {
        let mut builder = builder();
        let both = builder
            .text("a.b.say".to_owned(), spoken(&[(EN, "On {{ day | date }}"), (KRI, "Na {{ day | date }}")]));
        let english = builder.text("a.c.say".to_owned(), spoken(&[(EN, "Due {{ day | date }}")]));
        let fixed = builder.text("a.d.say".to_owned(), spoken(&[(EN, "Hello & <b>")]));
        let texts = fine(builder);
        let mut context = TextContext::new();
        context.insert("day", "2026-02-03");
        assert_eq!(texts.render(both, KRI, &context).unwrap(), "Na 3 Fɛbwari");
        assert_eq!(texts.render(english, KRI, &context).unwrap(), "Due 3 Feb");
        assert!(matches!(texts.render(fixed, KRI, &context).unwrap(), Cow::Borrowed("Hello & <b>")));
    }

    #[test]
    fn nothing_is_escaped_and_fragments_are_included() {
        let mut builder = builder();
        builder.fragment("help", spoken(&[(EN, "call {{ const.emergency }}"), (KRI, "kɔl 117")]));
        let id = builder.same_for_all("x".to_owned(), r#"{{ name }}: {% include "help" %}"#);
        let texts = fine(builder);
        let mut context = TextContext::new();
        context.insert("name", "O'Neil & <co>");
        context.insert("const", &BTreeMap::from([("emergency", "117")]));
        assert_eq!(texts.render(id, EN, &context).unwrap(), "O'Neil & <co>: call 117");
        assert_eq!(texts.render(id, KRI, &context).unwrap(), "O'Neil & <co>: kɔl 117");
    }

    #[test]
    fn conditions_and_values_have_no_language() {
        let mut builder = builder();
        let many = builder.condition("a.when".to_owned(), "phone.people > 1");
        let value = builder.neutral("a.with.id".to_owned(), "{{ input.clinic }}".to_owned());
        let texts = fine(builder);
        let mut context = TextContext::new();
        context.insert("phone", &BTreeMap::from([("people", 2)]));
        context.insert("input", &BTreeMap::from([("clinic", "12")]));
        assert!(texts.holds(many, &context).unwrap());
        assert_eq!(texts.value(value, &context).unwrap(), "12");
        context.insert("phone", &BTreeMap::from([("people", 1)]));
        assert!(!texts.holds(many, &context).unwrap());
    }

    #[test]
    fn a_missing_value_is_an_error_that_quotes_no_value() {
        let mut builder = builder();
        let id = builder.same_for_all("a.b.say".to_owned(), "{{ pregnancy.weks }}");
        let typed = builder.same_for_all("a.c.say".to_owned(), "{{ secret | plural(one='a', other='b') }}");
        let texts = fine(builder);
        let mut context = TextContext::new();
        context.insert("pregnancy", &BTreeMap::from([("weeks", 28)]));
        context.insert("secret", "HIV");
        let error = texts.render(id, EN, &context).unwrap_err().to_string();
        assert!(error.contains("a.b.say") && error.contains("`weks`"), "{error}");
        let error = texts.render(typed, EN, &context).unwrap_err().to_string();
        assert!(!error.contains("HIV"), "{error}");
    }

    #[test]
    fn every_template_at_fault_is_told() {
        let mut builder = builder();
        let first = builder.same_for_all("a".to_owned(), "{{ oops");
        let second = builder.condition("b".to_owned(), "x >");
        builder.same_for_all("c".to_owned(), "{{ fine }}");
        let (_, faults) = builder.build();
        let places: Vec<_> = faults.iter().map(|fault| fault.place.clone()).collect();
        assert!(places.contains(&TextPlace::Text(first)) && places.contains(&TextPlace::Text(second)));
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn a_loop_cannot_fill_the_memory() {
        let mut builder = builder();
        let id = builder.same_for_all(
            "a".to_owned(),
            "{% for i in range(end=100000) %}{{ i }} weeks and weeks{% endfor %}",
        );
        let texts = fine(builder);
        assert!(texts.render(id, EN, &TextContext::new()).unwrap_err().reason.contains("longer"));
    }
}
