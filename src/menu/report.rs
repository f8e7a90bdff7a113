//! What a check found: where, what, and what to do about it.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::Serialize;

use super::sources::{SourceFile, Sources};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The menu is refused.
    Error,
    /// The menu works; someone should look.
    Warning,
}

/// A file of the set being checked: a menu file or a conversation script.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileId(pub u16);

/// A stretch of one line of a file.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// How many characters are meant.
    pub length: u32,
}

/// One finding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Its stable name (`unknown-target`).
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where; none where no file is at fault.
    pub place: Option<Place>,
    /// What to do.
    pub hint: Option<String>,
    /// Other places that matter.
    pub notes: Vec<(Place, String)>,
}

impl Finding {
    /// An error at a place.
    pub fn error(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, Some(place), message.into())
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, Some(place), message.into())
    }

    /// A finding that belongs to no file, or to one as a whole.
    pub fn new(severity: Severity, code: &'static str, place: Option<Place>, message: String) -> Self {
        Self { severity, code, message, place, hint: None, notes: Vec::new() }
    }

    /// With what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With "did you mean", where one of the known names is near.
    #[must_use]
    pub fn nearest<'name>(
        mut self,
        written: &str,
        known: impl IntoIterator<Item = &'name str> + Clone,
    ) -> Self {
        self.hint = super::nearest::hint(written, known).or(self.hint);
        self
    }

    /// With what to do, where nothing says so yet.
    #[must_use]
    pub fn otherwise(mut self, hint: &str) -> Self {
        self.hint.get_or_insert_with(|| hint.to_owned());
        self
    }

    /// With another place that matters.
    #[must_use]
    pub fn note(mut self, place: Place, note: impl Into<String>) -> Self {
        self.notes.push((place, note.into()));
        self
    }
}

/// All findings of a check, in the order of files and lines.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    sources: Arc<Sources>,
    findings: Vec<Finding>,
}

impl Report {
    /// Of these findings about those files; sorted, without doubles.
    pub fn new(sources: Arc<Sources>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|one, other| {
            (one.place.is_some(), one.place, one.severity, one.code, &one.message).cmp(&(
                other.place.is_some(),
                other.place,
                other.severity,
                other.code,
                &other.message,
            ))
        });
        findings.dedup();
        Self { sources, findings }
    }

    /// Takes in the findings of another report about the same files.
    pub fn join(&mut self, other: Self) {
        let mut findings = std::mem::take(&mut self.findings);
        findings.extend(other.findings);
        *self = Self::new(Arc::clone(&self.sources), findings);
    }

    /// `menus/main.yaml:14:22`.
    pub fn tell(&self, place: Place) -> String {
        let file = self.file(place.file).map(|file| self.sources.shown(file)).unwrap_or_default();
        format!("{file}:{}:{}", place.line, place.column)
    }

    /// The line of a place, with a caret.
    pub fn excerpt(&self, place: Place, colour: bool) -> String {
        let mut out = String::new();
        let width = place.line.to_string().len();
        self.render_line(place, width, Severity::Error, Paint { colour }, &mut out);
        out.trim_end().to_owned()
    }

    /// The findings.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many errors.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many warnings.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// For a terminal: each finding with its line and a caret, in the manner of compilers.
    pub fn render(&self, colour: bool) -> String {
        let paint = Paint { colour };
        let mut out = String::new();
        for finding in &self.findings {
            self.render_finding(finding, paint, &mut out);
            out.push('\n');
        }
        let (errors, warnings) = (self.errors(), self.warnings());
        if errors + warnings > 0 {
            let _ = writeln!(
                out,
                "{}",
                paint.bold(&format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")))
            );
        }
        out
    }

    fn render_finding(&self, finding: &Finding, paint: Paint, out: &mut String) {
        let kind = match finding.severity {
            Severity::Error => paint.red(&format!("error[{}]", finding.code)),
            Severity::Warning => paint.yellow(&format!("warning[{}]", finding.code)),
        };
        let _ = writeln!(out, "{kind}{} {}", paint.bold(":"), paint.bold(&finding.message));
        let widest = finding.place.iter().chain(finding.notes.iter().map(|(place, _)| place));
        let width = widest.map(|place| place.line.to_string().len()).max().unwrap_or(1);
        if let Some(place) = finding.place {
            self.render_place(place, width, "-->", finding.severity, paint, out);
        }
        for (place, note) in &finding.notes {
            let _ = writeln!(out, "{:width$} {} {note}", "", paint.blue("= note:"));
            self.render_place(*place, width, ":::", Severity::Warning, paint, out);
        }
        if let Some(hint) = &finding.hint {
            let _ = writeln!(out, "{:width$} {} {hint}", "", paint.blue("= help:"));
        }
    }

    fn render_place(
        &self,
        place: Place,
        width: usize,
        arrow: &str,
        severity: Severity,
        paint: Paint,
        out: &mut String,
    ) {
        let Some(file) = self.file(place.file) else { return };
        let name = self.sources.shown(file);
        let _ = writeln!(out, "{:width$}{} {name}:{}:{}", "", paint.blue(arrow), place.line, place.column);
        self.render_line(place, width, severity, paint, out);
    }

    fn render_line(&self, place: Place, width: usize, severity: Severity, paint: Paint, out: &mut String) {
        let Some(file) = self.file(place.file) else { return };
        let Some(line) = usize::try_from(place.line).ok().and_then(|at| file.text.lines().nth(at.max(1) - 1))
        else {
            return;
        };
        let (shown, column) = cut(line, usize::try_from(place.column).unwrap_or(1).max(1));
        let left = shown.chars().count().saturating_sub(column - 1).max(1);
        let carets = "^".repeat(usize::try_from(place.length).unwrap_or(1).clamp(1, left));
        let carets = match severity {
            Severity::Error => paint.red(&carets),
            Severity::Warning => paint.yellow(&carets),
        };
        let _ = writeln!(out, "{:width$} {}", "", paint.blue("|"));
        let _ =
            writeln!(out, "{} {} {shown}", paint.blue(&format!("{:width$}", place.line)), paint.blue("|"));
        let _ = writeln!(out, "{:width$} {} {}{carets}", "", paint.blue("|"), " ".repeat(column - 1));
    }

    /// For programs.
    pub fn to_json(&self) -> serde_json::Value {
        let place = |place: &Place| {
            serde_json::json!({
                "file": self.file(place.file).map(|file| self.sources.shown(file)),
                "line": place.line, "column": place.column, "length": place.length,
            })
        };
        let findings: Vec<_> = self
            .findings
            .iter()
            .map(|finding| {
                serde_json::json!({
                    "severity": finding.severity,
                    "code": finding.code,
                    "message": finding.message,
                    "place": finding.place.as_ref().map(place),
                    "help": finding.hint,
                    "notes": finding.notes.iter().map(|(at, note)| {
                        serde_json::json!({"place": place(at), "message": note})
                    }).collect::<Vec<_>>(),
                })
            })
            .collect();
        serde_json::json!({"errors": self.errors(), "warnings": self.warnings(), "findings": findings})
    }

    fn file(&self, id: FileId) -> Option<&SourceFile> {
        let at = usize::from(id.0);
        let menus = self.sources.files();
        menus.get(at).or_else(|| self.sources.scripts().get(at.checked_sub(menus.len())?))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Report {}

/// A window of a long line around a column, with tabs as one blank; and the column in it.
fn cut(line: &str, column: usize) -> (String, usize) {
    const BEFORE: usize = 60;
    const WINDOW: usize = 110;
    let letters: Vec<char> =
        line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if letters.len() <= WINDOW {
        return (letters.into_iter().collect(), column.min(line.chars().count() + 1));
    }
    let skipped = (column - 1).saturating_sub(BEFORE).min(letters.len() - WINDOW);
    let mut shown: String = letters.iter().skip(skipped).take(WINDOW).collect();
    let mut column = column - skipped;
    if skipped > 0 {
        shown.insert(0, '…');
        column += 1;
    }
    if skipped + WINDOW < letters.len() {
        shown.push('…');
    }
    (shown, column)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Colours of a terminal, or none.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
    fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }
    fn yellow(self, text: &str) -> String {
        self.with("1;33", text)
    }
    fn blue(self, text: &str) -> String {
        self.with("1;34", text)
    }
    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32, column: u32, length: u32) -> Place {
        Place { file: FileId(0), line, column, length }
    }

    #[test]
    fn a_finding_shows_its_line_with_a_caret() {
        let sources = Arc::new(Sources::from_pairs([("main.yaml", "one: 1\ngo: klinics # ɔ\n")]));
        let finding = Finding::error("unknown-target", place(2, 5, 7), "no state `klinics`")
            .nearest("klinics", ["clinics", "home"])
            .note(place(1, 1, 3), "first here");
        let report = Report::new(sources, vec![finding.clone(), finding]);
        assert_eq!(
            report.render(false),
            "error[unknown-target]: no state `klinics`\n\
             \x20--> main.yaml:2:5\n\
             \x20 |\n\
             2 | go: klinics # ɔ\n\
             \x20 |     ^^^^^^^\n\
             \x20 = note: first here\n\
             \x20::: main.yaml:1:1\n\
             \x20 |\n\
             1 | one: 1\n\
             \x20 | ^^^\n\
             \x20 = help: did you mean `clinics`?\n\n\
             1 error, 0 warnings\n"
        );
        assert_eq!(report.to_json()["findings"][0]["place"]["column"], 5);
    }

    #[test]
    fn a_long_line_is_shown_around_the_caret() {
        let line = format!("{}HERE{}", "a".repeat(300), "b".repeat(300));
        let (shown, column) = cut(&line, 301);
        assert!(shown.chars().skip(column - 1).collect::<String>().starts_with("HERE"));
        assert!(shown.chars().count() < 120);
    }
}
