//! Draws every screen in every language with every set of values: what cannot be rendered, and
//! what does not fit.

use std::collections::HashSet;

use crate::text::{Block, Display, Draft, KeyLabels, paginate};

use super::super::draft::KindDraft;
use super::super::model::{Choice, Completion, InputKind, Kind, LanguageId, Standard, TextId};
use super::super::report::{Finding, Place};
use super::super::texts::{RenderError, TextContext};
use super::knowledge::Known;
use super::samples::{Sample, samples};
use super::{Looked, Subject};

pub(super) fn check(
    subject: &Subject<'_>,
    known: &Known,
    spoiled: &HashSet<TextId>,
    findings: &mut Vec<Finding>,
) {
    for looked in subject.states() {
        let Some(knowledge) = known.of(looked.id) else { continue };
        let mut samples = samples(subject, &looked, knowledge);
        let shown = subject.origins.texts.iter().enumerate();
        let varies = shown
            .filter(|(_, text)| text.state == Some(looked.id))
            .any(|(at, _)| u32::try_from(at).is_ok_and(|at| !subject.menu.texts.is_fixed(TextId(at))));
        if !varies {
            samples.truncate(1);
        }
        let mut drawing = Drawing { subject, looked, spoiled, told: HashSet::new(), findings };
        for sample in &samples {
            drawing.neutral(sample);
        }
        for (at, language) in subject.menu.languages.iter().enumerate() {
            if language.completion == Completion::Untranslated {
                continue;
            }
            let Ok(id) = u8::try_from(at).map(LanguageId) else { continue };
            for sample in &samples {
                drawing.draw(id, sample);
            }
        }
    }
}

struct Drawing<'check> {
    subject: &'check Subject<'check>,
    looked: Looked<'check>,
    /// Texts with mistakes that are told already.
    spoiled: &'check HashSet<TextId>,
    /// One finding for a text and a reason.
    told: HashSet<(Place, String)>,
    findings: &'check mut Vec<Finding>,
}

impl Drawing<'_> {
    /// Conditions and parameters.
    fn neutral(&mut self, sample: &Sample) {
        let state = self.looked.state;
        let mut values: Vec<TextId> = Vec::new();
        for call in &state.uses {
            values.extend(call.with.iter().map(|(_, text)| *text));
        }
        match &state.kind {
            Kind::Branch(arms) => values.extend(arms.iter().filter_map(|arm| arm.when)),
            Kind::Action(call) => values.extend(call.with.iter().map(|(_, text)| *text)),
            Kind::List(list) => {
                values.extend(list.from.with.iter().map(|(_, text)| *text));
                values.extend(list.choices.iter().filter_map(|choice| choice.when));
            }
            Kind::Prompt(prompt) => values.extend(prompt.choices.iter().filter_map(|choice| choice.when)),
            Kind::Input(_) | Kind::Call { .. } | Kind::End => {}
        }
        for text in values.into_iter().filter(|text| !self.spoiled.contains(text)).collect::<Vec<_>>() {
            if let Err(error) = self.subject.menu.texts.value(text, &sample.context) {
                self.unrenderable(text, None, &error, sample);
            }
        }
    }

    fn draw(&mut self, language: LanguageId, sample: &Sample) {
        let mut blocks = Vec::new();
        if let Some(say) = self.looked.state.say {
            let Some(text) = self.text(say, language, sample, &sample.context) else { return };
            blocks.push(Block::Prose(text));
        }
        match &self.looked.state.kind {
            Kind::Prompt(prompt) => {
                let options = self.choices(&prompt.choices, language, sample);
                self.check_prompt(blocks, options, language, sample);
            }
            Kind::List(list) => {
                let mut options = self.choices(&list.choices, language, sample);
                if let Some(item) = &sample.item {
                    let mut context = sample.context.clone();
                    context.insert("item", item);
                    let line = self.text(list.item, language, sample, &context);
                    options.extend(line.map(|line| format!("20. {line}")));
                }
                self.check_options(&options, language, sample);
            }
            Kind::Input(input) => {
                for notice in notices(&input.kind) {
                    self.check_question(&blocks, &input.kind, *notice, language, sample);
                }
            }
            Kind::End => {
                let draft = Draft { blocks, keys: KeyLabels::default() };
                self.check_one_page(&draft, "an `end`", language, sample);
            }
            Kind::Branch(_) | Kind::Action(_) | Kind::Call { .. } => {}
        }
    }

    fn check_prompt(
        &mut self,
        blocks: Vec<Block>,
        options: Vec<String>,
        language: LanguageId,
        sample: &Sample,
    ) {
        let paged = self.looked.draft.paged || !matches!(self.looked.draft.kind, KindDraft::Menu(_));
        if paged {
            self.check_options(&options, language, sample);
            return;
        }
        let mut blocks = blocks;
        blocks.extend(options.into_iter().map(Block::Option));
        let draft = Draft { blocks, keys: self.keys(language) };
        self.check_one_page(&draft, "a `menu`", language, sample);
    }

    /// The choices that are offered, as lines.
    fn choices(&mut self, choices: &[Choice], language: LanguageId, sample: &Sample) -> Vec<String> {
        let texts = &self.subject.menu.texts;
        let offered = choices.iter().filter(|choice| match choice.when {
            Some(when) => self.spoiled.contains(&when) || texts.holds(when, &sample.context).unwrap_or(true),
            None => true,
        });
        let offered: Vec<&Choice> = offered.collect();
        offered
            .into_iter()
            .filter_map(|choice| {
                let label = self.text(choice.label, language, sample, &sample.context)?;
                Some(format!("{}. {label}", choice.key))
            })
            .collect()
    }

    /// Each option fits a page of its own, beside all the standard keys.
    fn check_options(&mut self, options: &[String], language: LanguageId, sample: &Sample) {
        let labels = self.keys(language);
        let fixed = [labels.back.as_deref(), labels.home.as_deref()].into_iter().flatten();
        let fixed = fixed.collect::<Vec<_>>().join(" ");
        let lines = [fixed, format!("{} {}", labels.more, labels.previous)];
        for option in options {
            let page = std::iter::once(option.as_str()).chain(lines.iter().map(String::as_str));
            let page = page.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
            if let Some(over) = over(&page, self.display()) {
                self.too_long(&format!("the option \"{}\"", shortened(option)), over, language, sample);
            }
        }
    }

    /// A question with the reason of a wrong answer above it fits one page: it has no next one.
    fn check_question(
        &mut self,
        blocks: &[Block],
        kind: &InputKind,
        notice: Standard,
        language: LanguageId,
        sample: &Sample,
    ) {
        let mut context = TextContext::new();
        let (min, max) = limits(kind);
        context.insert("min", &min);
        context.insert("max", &max);
        let Ok(reason) = self.subject.menu.texts.standard(notice, language, &context) else { return };
        let mut all = vec![Block::Prose(reason.into_owned())];
        all.extend(blocks.iter().cloned());
        let draft = Draft { blocks: all, keys: self.keys(language) };
        self.check_one_page(&draft, "an `input`, with the reason after a wrong answer,", language, sample);
    }

    fn check_one_page(&mut self, draft: &Draft, what: &str, language: LanguageId, sample: &Sample) {
        let (pages, _) = paginate(draft, &self.display());
        if pages.len() <= 1 {
            return;
        }
        let mut lines: Vec<&str> = draft
            .blocks
            .iter()
            .map(|block| match block {
                Block::Prose(text) | Block::Option(text) => text.trim(),
            })
            .collect();
        let fixed = [draft.keys.back.as_deref(), draft.keys.home.as_deref()];
        let fixed = fixed.into_iter().flatten().collect::<Vec<_>>().join(" ");
        lines.push(&fixed);
        lines.retain(|line| !line.is_empty());
        if let Some(over) = over(&lines.join("\n"), self.display()) {
            self.too_long(what, over, language, sample);
        }
    }

    fn too_long(&mut self, what: &str, over: Over, language: LanguageId, sample: &Sample) {
        let place = self.place(self.looked.state.say, language);
        if !self.told.insert((place, "over budget".to_owned())) {
            return;
        }
        let Over { cost, budget, unit } = over;
        let name = self.subject.language(usize::from(language.0));
        let hint = match self.looked.draft.kind {
            KindDraft::Menu(_) if !self.looked.draft.paged => {
                format!("shorten it by {}, or write `paged: true`", cost - budget)
            }
            KindDraft::End => {
                format!("shorten it by {}, or make it a `text`, which has pages", cost - budget)
            }
            _ => format!("shorten it by {}", cost - budget),
        };
        self.findings.push(
            Finding::error(
                "over-budget",
                place,
                format!(
                    "`{}` does not fit in {name} {}: {what} takes {cost} {unit}, a screen holds {budget}",
                    self.looked.state.name, sample.name
                ),
            )
            .hint(hint),
        );
    }

    fn text(
        &mut self,
        text: TextId,
        language: LanguageId,
        sample: &Sample,
        context: &TextContext,
    ) -> Option<String> {
        if self.spoiled.contains(&text) {
            return None;
        }
        match self.subject.menu.texts.render(text, language, context) {
            Ok(shown) => Some(shown.trim().to_owned()),
            Err(error) => {
                self.unrenderable(text, Some(language), &error, sample);
                None
            }
        }
    }

    fn unrenderable(
        &mut self,
        text: TextId,
        language: Option<LanguageId>,
        error: &RenderError,
        sample: &Sample,
    ) {
        let place = match language {
            Some(language) => self.place(Some(text), language),
            None => {
                self.subject.origins.text(text).map_or(self.looked.origin.place, |text| text.written.place())
            }
        };
        if self.told.insert((place, error.reason.clone())) {
            self.findings.push(Finding::error(
                "cannot-render",
                place,
                format!("this cannot be shown {}: {}", sample.name, error.reason),
            ));
        }
    }

    /// Where a text is written in a language.
    fn place(&self, text: Option<TextId>, language: LanguageId) -> Place {
        let origin = text.and_then(|text| self.subject.origins.text(text));
        let own = origin.and_then(|origin| origin.written.own(language));
        own.map(super::Scalar::place)
            .or_else(|| origin.map(|origin| origin.written.place()))
            .unwrap_or(self.looked.origin.place)
    }

    fn keys(&self, language: LanguageId) -> KeyLabels {
        let menu = self.subject.menu;
        let label = |key: &str, text| {
            let words = menu.texts.standard(text, language, &TextContext::new()).unwrap_or_default();
            format!("{key} {words}")
        };
        let offered = self.looked.state.standard_keys;
        let home = self.looked.id == menu.home;
        KeyLabels {
            back: offered.then(|| label(&menu.keys.back, Standard::Back)),
            home: (offered && !home).then(|| label(&menu.keys.home, Standard::Home)),
            more: label(&menu.keys.more, Standard::More),
            previous: label(&menu.keys.previous, Standard::Previous),
        }
    }

    fn display(&self) -> Display {
        self.subject.options.display
    }
}

/// What is too much.
#[derive(Clone, Copy)]
struct Over {
    cost: usize,
    budget: usize,
    unit: &'static str,
}

fn over(screen: &str, display: Display) -> Option<Over> {
    let (screen, encoding) = display.prepare(screen);
    let (cost, budget) = (encoding.cost(&screen), encoding.budget());
    let unit = match encoding {
        crate::text::Encoding::Gsm7 => "septets",
        crate::text::Encoding::Ucs2 => "UCS-2 units (a letter in it is outside GSM-7)",
    };
    (cost > budget).then_some(Over { cost, budget, unit })
}

fn shortened(text: &str) -> String {
    let short: String = text.chars().take(24).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

fn notices(kind: &InputKind) -> &'static [Standard] {
    match kind {
        InputKind::Digits { .. } => &[Standard::WrongDigits],
        InputKind::Pin => &[Standard::WrongPinForm],
        InputKind::Number { .. } => &[Standard::WrongNumber],
        InputKind::Date { .. } => &[Standard::WrongDate, Standard::DateOutOfRange],
        InputKind::Phone => &[Standard::WrongPhone],
        InputKind::Name => &[Standard::WrongName],
        InputKind::Text { .. } => &[Standard::WrongText],
    }
}

fn limits(kind: &InputKind) -> (i64, i64) {
    match *kind {
        InputKind::Digits { min, max } => (min.into(), max.into()),
        InputKind::Number { min, max } => (min, max),
        InputKind::Pin => (4, 6),
        InputKind::Text { max } => (1, max.into()),
        InputKind::Date { .. } | InputKind::Phone | InputKind::Name => (0, 0),
    }
}
