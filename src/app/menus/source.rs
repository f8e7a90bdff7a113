//! Where menu files come from.

use std::path::{Path, PathBuf};

use crate::care::CountryError;
use crate::menu::{Report, Sources, SourcesError};
use crate::store::turns::TurnStoreError;

/// The folder that is taken where none is set and it is there.
const USUAL_FOLDER: &str = "menus";

/// Where the files are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MenuSource {
    /// In a folder; watched.
    Folder(PathBuf),
    /// In this binary: the shipped menus.
    Shipped,
}

/// Why there is no menu.
#[derive(Debug, thiserror::Error)]
pub enum MenuError {
    /// The files cannot be read.
    #[error(transparent)]
    Files(#[from] SourcesError),
    /// They have mistakes.
    #[error("the menu files have mistakes:\n{0}")]
    Mistakes(Box<Report>),
    /// The database.
    #[error("the menus could not be kept or found: {0}")]
    Store(TurnStoreError),
    /// The words that no SMS says.
    #[error(transparent)]
    Unsaid(#[from] CountryError),
    /// What was kept is no menu.
    #[error("a kept menu cannot be read; was it written by a newer version?")]
    Unreadable,
    /// The node is going down.
    #[error("reading the menus was interrupted")]
    Interrupted,
}

impl From<Report> for MenuError {
    fn from(report: Report) -> Self {
        Self::Mistakes(Box::new(report))
    }
}

impl MenuSource {
    /// The folder that is set; else `menus` in the working folder; else the shipped menus.
    pub fn choose(set: Option<&Path>) -> Self {
        match set {
            Some(folder) => Self::Folder(folder.to_owned()),
            None if Path::new(USUAL_FOLDER).is_dir() => Self::Folder(PathBuf::from(USUAL_FOLDER)),
            None => Self::Shipped,
        }
    }

    /// Reads the files.
    pub fn read(&self) -> Result<Sources, SourcesError> {
        match self {
            Self::Folder(folder) => Sources::from_dir(folder),
            Self::Shipped => Ok(Sources::from_embedded()),
        }
    }
}
