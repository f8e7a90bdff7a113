//! Drawing the place: its text, its choices, the labels of the standard keys, in pages.

use crate::menu::{Choice, InputKind, Kind, List, Standard, State, TextContext, Value};
use crate::text::{Block, Draft, Encoding, KeyLabels, paginate};

use super::super::session::{Notice, Status};
use super::super::turn::Reply;
use super::scope::Scene;
use super::{EngineError, Machine, Next, Todo};

impl Machine<'_> {
    /// Draws the place, or the screen that closes the session.
    pub(super) fn show(&mut self) -> Result<Next, EngineError> {
        match self.session.status {
            Status::Left => return self.close_with(Standard::Leave),
            Status::GaveUp => return self.close_with(Standard::TooManyWrong),
            Status::Open | Status::Ended | Status::Dropped => {}
        }
        let id = self.session.place;
        if let Some(questions) = self.missing(id)? {
            return Ok(Next::Ask(questions, Todo::Show));
        }
        let state = self.state(id)?;
        let draft = self.draft(state)?;
        if matches!(state.kind, Kind::List(_)) {
            self.session.listed = self.fingerprint();
        }
        let (pages, encoding) = paginate(&draft, &self.ground.display);
        let last = pages.len().saturating_sub(1);
        if usize::from(self.session.page) > last {
            self.session.page = u8::try_from(last).unwrap_or(u8::MAX);
            if std::mem::take(&mut self.wants_more) {
                self.session.notice = Some(Notice::WrongChoice);
            }
        }
        let page = usize::from(self.session.page);
        let (text, encoding, last) = match self.session.notice {
            None => (pages.into_iter().nth(page).unwrap_or_default(), encoding, page >= last),
            Some(notice) => self.with_notice(notice, state, draft, &pages)?,
        };
        let ends = last && matches!(state.kind, Kind::End);
        if ends && !self.redraw {
            self.session.status = Status::Ended;
        }
        Ok(Next::Reply(Reply { text, more: !ends, encoding }))
    }

    /// The page with the reason above it; where both do not fit one screen, the reason takes part
    /// in the breaking of pages and the first page is shown.
    fn with_notice(
        &mut self,
        notice: Notice,
        state: &State,
        mut draft: Draft,
        pages: &[String],
    ) -> Result<(String, Encoding, bool), EngineError> {
        let reason = self.notice(notice, state)?;
        let page = usize::from(self.session.page);
        let shown = pages.get(page).map(String::as_str).unwrap_or_default();
        self.session.notice_in_pages = false;
        let (text, encoding) = self.ground.display.prepare(&format!("{reason}\n{shown}"));
        if encoding.cost(&text) <= encoding.budget() {
            return Ok((text, encoding, page + 1 >= pages.len()));
        }
        self.session.notice_in_pages = true;
        draft.blocks.insert(0, Block::Prose(reason));
        let (pages, encoding) = paginate(&draft, &self.ground.display);
        let page = page.min(pages.len().saturating_sub(1));
        self.session.page = u8::try_from(page).unwrap_or(u8::MAX);
        let last = page + 1 >= pages.len();
        Ok((pages.into_iter().nth(page).unwrap_or_default(), encoding, last))
    }

    fn close_with(&self, text: Standard) -> Result<Next, EngineError> {
        let scope = TextContext::new();
        let text = self.ground.menu.texts.standard(text, self.session.language, &scope)?;
        Ok(Next::Reply(closing(&text, &self.ground.display)))
    }

    fn draft(&self, state: &State) -> Result<Draft, EngineError> {
        let mut scene = Scene::default();
        let mut blocks = Vec::new();
        if let Some(say) = state.say {
            blocks.push(Block::Prose(self.text(say, &scene)?.trim_end().to_owned()));
        }
        match &state.kind {
            Kind::Prompt(prompt) => self.draw_choices(&prompt.choices, &scene, &mut blocks)?,
            Kind::List(list) => {
                self.draw_items(list, &mut scene, &mut blocks)?;
                self.draw_choices(&list.choices, &scene, &mut blocks)?;
            }
            Kind::Input(_) | Kind::End | Kind::Branch(_) | Kind::Action(_) | Kind::Call { .. } => {}
        }
        Ok(Draft { blocks, keys: self.labels(state)? })
    }

    fn draw_choices(
        &self,
        choices: &[Choice],
        scene: &Scene,
        blocks: &mut Vec<Block>,
    ) -> Result<(), EngineError> {
        for choice in choices {
            if self.offered(choice, scene)? {
                let label = self.text(choice.label, scene)?;
                blocks.push(Block::Option(format!("{}. {}", choice.key, label.trim())));
            }
        }
        Ok(())
    }

    fn draw_items(&self, list: &List, scene: &mut Scene, blocks: &mut Vec<Block>) -> Result<(), EngineError> {
        for (at, item) in self.items().iter().enumerate() {
            let line = self.item_text(list.item, item, scene)?;
            let line = line.trim();
            blocks.push(Block::Option(match list.go {
                Some(_) => format!("{}. {line}", at + 1),
                None => line.to_owned(),
            }));
        }
        Ok(())
    }

    fn labels(&self, state: &State) -> Result<KeyLabels, EngineError> {
        let keys = &self.ground.menu.keys;
        let label = |key: &str, text| -> Result<String, EngineError> {
            let words = self.ground.menu.texts.standard(text, self.session.language, &TextContext::new())?;
            Ok(format!("{key} {words}"))
        };
        let offered = state.standard_keys && !matches!(state.kind, Kind::End);
        let home = self.session.place == self.ground.menu.home;
        let back = offered && !self.session.trail.is_empty();
        Ok(KeyLabels {
            back: if back { Some(label(&keys.back, Standard::Back)?) } else { None },
            home: if offered && !home { Some(label(&keys.home, Standard::Home)?) } else { None },
            more: label(&keys.more, Standard::More)?,
            previous: label(&keys.previous, Standard::Previous)?,
        })
    }

    fn notice(&self, notice: Notice, state: &State) -> Result<String, EngineError> {
        let mut scope = TextContext::new();
        if let Kind::Input(question) = &state.kind {
            let (min, max) = limits(&question.kind);
            scope.insert("min", &min);
            scope.insert("max", &max);
        }
        Ok(self.ground.menu.texts.standard(notice.text(), self.session.language, &scope)?.into_owned())
    }

    /// Digest of the ids on the list, so that a number is never taken for another list's item
    /// (FNV-1a, 32 bits: a change is noticed, not an attack).
    pub(super) fn fingerprint(&self) -> u32 {
        let ids = self.items().iter().filter_map(|item| item.get("id")).map(plain);
        let octets = ids.flat_map(|id| id.into_bytes().into_iter().chain([0]));
        octets.fold(0x811c_9dc5, |hash: u32, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193))
    }
}

/// A closing screen, cut to one page: the session is over, there is no next.
pub fn closing(text: &str, display: &crate::text::Display) -> Reply {
    let draft = Draft { blocks: vec![Block::Prose(text.trim().to_owned())], keys: KeyLabels::default() };
    let (pages, encoding) = paginate(&draft, display);
    Reply { text: pages.into_iter().next().unwrap_or_default(), more: false, encoding }
}

/// A value as text, as an `id` is kept.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Date(day) => day.to_string(),
    }
}

fn limits(kind: &InputKind) -> (i64, i64) {
    match *kind {
        InputKind::Digits { min, max } => (i64::from(min), i64::from(max)),
        InputKind::Number { min, max } => (min, max),
        InputKind::Pin => (4, 6),
        InputKind::Text { max } => (1, i64::from(max)),
        InputKind::Date { .. } | InputKind::Phone | InputKind::Name => (0, 0),
    }
}
