//! From files to a menu.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::text::{Display, Phrases};

use super::catalog::Catalog;
use super::compile::compile;
use super::draft::Draft;
use super::lint::{Subject, lint};
use super::model::Menu;
use super::report::{Finding, Report};
use super::sources::Sources;

/// What a deployment says about its menus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// Codes of languages that are served though no native speaker has reviewed them; `*` for all.
    pub serve_unreviewed: Vec<String>,
    /// Constants that stand in for those of the root file.
    pub constants: BTreeMap<String, String>,
    /// How screens are shown, for their budget.
    pub display: Display,
    /// What no message by SMS says.
    pub unsaid: Phrases,
    /// What only messages in open wording say.
    pub unsaid_unless_open: Phrases,
}

/// Stands for all languages that are complete.
pub const ALL_LANGUAGES: &str = "*";

impl LoadOptions {
    /// All complete languages, reviewed or not: for those who write and try menus.
    pub fn all_languages() -> Self {
        Self { serve_unreviewed: vec![ALL_LANGUAGES.to_owned()], ..Self::default() }
    }

    /// Whether a language that nobody has reviewed is served.
    pub(super) fn serves_unreviewed(&self, code: &str) -> bool {
        self.serve_unreviewed.iter().any(|served| served == code || served == ALL_LANGUAGES)
    }
}

/// A set of files after all checks.
#[derive(Debug)]
pub struct Checked {
    /// The menu; none where there is an error.
    pub menu: Option<Menu>,
    /// All that was found.
    pub report: Report,
}

/// Compiles a set of files and checks it. The report of an error holds all that was found.
pub fn load(sources: &Sources, catalog: &Catalog, options: &LoadOptions) -> Result<Menu, Report> {
    let Checked { menu, report } = check(sources, catalog, options);
    menu.ok_or(report)
}

/// Compiles a set of files and checks it: the menu, if it can be served, and all that was found.
pub fn check(sources: &Sources, catalog: &Catalog, options: &LoadOptions) -> Checked {
    let sources = Arc::new(sources.clone());
    let mut findings: Vec<Finding> = Vec::new();
    let draft = Draft::read(&sources, &mut findings);
    let compiled = compile(draft, &sources, catalog, options, &mut findings);
    if let Some((menu, origins)) = &compiled {
        lint(&Subject { menu, origins, catalog, options }, &mut findings);
    }
    let report = Report::new(sources, findings);
    let menu = compiled.map(|(menu, _)| menu).filter(|_| report.errors() == 0);
    Checked { menu, report }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ussd::catalog::CATALOG;

    #[test]
    fn the_shipped_menus_load() {
        let report = check(&Sources::from_embedded(), &CATALOG, &LoadOptions::default()).report;
        assert_eq!(report.findings().len(), 0, "{report}");
    }
}
