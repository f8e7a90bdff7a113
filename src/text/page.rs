//! Breaking a screen into pages that fit one USSD string each.

use std::borrow::Cow;

use super::cut::{cut, is_break, skip_breaks};
use super::{Display, Encoding, gsm7};

/// A piece of a screen's body, on lines of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Block {
    /// Running text: may break between lines or words.
    Prose(String),
    /// One option ("1. Clinics"): never broken across pages.
    Option(String),
}

/// The labels of the standard keys, ready to show ("0 Back"). `None`: not offered here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyLabels {
    /// Goes one step back; shown on every page.
    pub back: Option<String>,
    /// Goes to the first menu; shown on every page.
    pub home: Option<String>,
    /// Shows the next page; shown where there is one.
    pub more: String,
    /// Shows the page before; shown where there is one.
    pub previous: String,
}

/// A screen before it is broken into pages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Draft {
    /// What it says and offers, in order.
    pub blocks: Vec<Block>,
    /// Labels of the standard keys, counted in each page's budget.
    pub keys: KeyLabels,
}

/// Breaks `draft` into pages, each within the encoding's budget. The encoding is one for all
/// pages: GSM-7 where the whole (folded) screen fits its alphabet. Never empty.
///
/// A page is its blocks, each from a new line, then "0 Back 00 Home", then "98 More 99 Previous"
/// as far as there are such pages. White space around a block and at a page's edge goes; nothing
/// else is lost. An option breaks, as prose does, only where no page could hold it.
pub fn paginate(draft: &Draft, display: &Display) -> (Vec<String>, Encoding) {
    let screen = Screen::new(draft, *display);
    let encoding = screen.body.encoding;
    (screen.pages(), encoding)
}

/// A folded piece of the body, not yet shown in full.
struct Piece<'draft> {
    text: Cow<'draft, str>,
    whole: bool,
    cost: usize,
}

/// The lines of the standard keys.
struct Keys<'draft> {
    /// "0 Back 00 Home"; may be empty.
    fixed: String,
    more: Cow<'draft, str>,
    previous: Cow<'draft, str>,
}

/// What is not yet shown of a screen's body.
struct Body<'draft> {
    pieces: Vec<Piece<'draft>>,
    /// The first piece that is not shown in full.
    next: usize,
    encoding: Encoding,
}

struct Screen<'draft> {
    body: Body<'draft>,
    keys: Keys<'draft>,
}

impl<'draft> Screen<'draft> {
    fn new(draft: &'draft Draft, display: Display) -> Self {
        let fold = |text: &'draft str| trimmed(display.folding.fold(text));
        let label = |label: &'draft Option<String>| fold(label.as_deref().unwrap_or_default());
        let mut labels = [
            label(&draft.keys.back),
            label(&draft.keys.home),
            fold(&draft.keys.more),
            fold(&draft.keys.previous),
        ];
        let mut pieces: Vec<_> = draft.blocks.iter().map(|block| block.fold(fold)).collect();
        let mut in_gsm7 = labels.iter().all(|label| gsm7::septets(label).is_some());
        for piece in &mut pieces {
            match gsm7::septets(&piece.text) {
                Some(septets) => piece.cost = septets,
                None => in_gsm7 = false,
            }
        }
        let encoding = display.encoding(in_gsm7);
        if !in_gsm7 {
            for piece in &mut pieces {
                piece.text = display.encodable(std::mem::take(&mut piece.text), encoding);
                piece.cost = encoding.cost(&piece.text);
            }
            for label in &mut labels {
                *label = display.encodable(std::mem::take(label), encoding);
            }
        }
        pieces.retain(|piece| !piece.text.is_empty());
        Self { body: Body { pieces, next: 0, encoding }, keys: Keys::new(labels, encoding) }
    }

    fn pages(self) -> Vec<String> {
        let Self { mut body, keys } = self;
        let mut pages = Vec::new();
        loop {
            let first = pages.is_empty();
            let mut page = String::with_capacity(body.encoding.budget());
            let mut lines = keys.lines(false, !first);
            let last = body.rest_fits(body.room(&lines));
            if last {
                body.show_rest(&mut page);
            } else {
                lines = keys.lines(true, !first);
                body.fill(body.room(&lines), &mut page);
            }
            push_line(&mut page, &lines);
            pages.push(page);
            if last {
                return pages;
            }
        }
    }
}

impl Body<'_> {
    /// What the lines of the keys leave on a page.
    fn room(&self, lines: &str) -> usize {
        let separator = usize::from(!lines.is_empty());
        self.encoding.budget().saturating_sub(self.encoding.cost(lines) + separator)
    }

    fn rest_fits(&self, room: usize) -> bool {
        let rest = self.pieces.iter().skip(self.next).map(|piece| piece.cost + 1).sum::<usize>();
        rest.saturating_sub(1) <= room
    }

    fn show_rest(&self, page: &mut String) {
        for piece in self.pieces.iter().skip(self.next) {
            push_line(page, &piece.text);
        }
    }

    /// Fills a page with what comes next.
    fn fill(&mut self, room: usize, page: &mut String) {
        let mut used = 0;
        while let Some(piece) = self.pieces.get_mut(self.next) {
            let start = used + usize::from(!page.is_empty());
            if start + piece.cost > room {
                if page.is_empty() || !piece.whole {
                    let left = room.saturating_sub(start);
                    // An end of a line serves where it leaves the page at least half full.
                    let least = (room / 2).saturating_sub(start);
                    let end = cut(&piece.text, self.encoding, left, least, page.is_empty());
                    piece.show(end, self.encoding, page);
                }
                break;
            }
            push_line(page, &piece.text);
            used = start + piece.cost;
            self.next += 1;
        }
    }
}

impl Block {
    fn fold<'draft>(&'draft self, fold: impl Fn(&'draft str) -> Cow<'draft, str>) -> Piece<'draft> {
        let (text, whole) = match self {
            Self::Prose(text) => (text, false),
            Self::Option(text) => (text, true),
        };
        Piece { text: fold(text), whole, cost: 0 }
    }
}

impl Piece<'_> {
    /// Moves the text up to `end` to `page`.
    fn show(&mut self, end: usize, encoding: Encoding, page: &mut String) {
        let Some((head, rest)) = self.text.split_at_checked(end) else { return };
        if !head.is_empty() {
            push_line(page, head);
            self.text = Cow::Owned(skip_breaks(rest, encoding).to_owned());
            self.cost = encoding.cost(&self.text);
        }
    }
}

impl<'draft> Keys<'draft> {
    /// From the labels of back, home, more and previous. Where they would take more than half of a
    /// page they are cut to the keys themselves; a word longer than any key goes.
    fn new(mut labels: [Cow<'draft, str>; 4], encoding: Encoding) -> Self {
        const LONGEST_KEY: usize = 8;
        let cost: usize = labels.iter().map(|label| encoding.cost(label) + 1).sum();
        if cost > encoding.budget() / 2 {
            for label in &mut labels {
                let key = label.split(is_break).next().unwrap_or_default();
                let key = if encoding.cost(key) <= LONGEST_KEY { key } else { "" };
                *label = Cow::Owned(key.to_owned());
            }
        }
        let [back, home, more, previous] = labels;
        let fixed = joined(&back, ' ', &home);
        Self { fixed, more, previous }
    }

    fn lines(&self, more: bool, previous: bool) -> Cow<'_, str> {
        let paging = match (more, previous) {
            (true, true) => Cow::Owned(joined(&self.more, ' ', &self.previous)),
            (true, false) => Cow::Borrowed(self.more.as_ref()),
            (false, true) => Cow::Borrowed(self.previous.as_ref()),
            (false, false) => return Cow::Borrowed(&self.fixed),
        };
        Cow::Owned(joined(&self.fixed, '\n', &paging))
    }
}

fn joined(left: &str, separator: char, right: &str) -> String {
    let mut both = String::with_capacity(left.len() + right.len() + 1);
    both.push_str(left);
    if !left.is_empty() && !right.is_empty() {
        both.push(separator);
    }
    both.push_str(right);
    both
}

fn push_line(page: &mut String, line: &str) {
    if line.is_empty() {
        return;
    }
    if !page.is_empty() {
        page.push('\n');
    }
    page.push_str(line);
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_break)),
        Cow::Owned(text) if text.starts_with(is_break) || text.ends_with(is_break) => {
            Cow::Owned(text.trim_matches(is_break).to_owned())
        }
        owned @ Cow::Owned(_) => owned,
    }
}

#[cfg(test)]
mod tests;
