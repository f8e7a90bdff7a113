//! The files that a menu is made of, as they were read.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::model::MenuVersion;

/// Octets that one file may have.
pub const LARGEST_FILE: usize = 512 * 1024;

/// Files that a set may have.
pub const MOST_FILES: usize = 400;

/// One file of a set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SourceFile {
    /// Its path below the set's folder, with `/` (`languages/en.yaml`).
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A set of menu files, in the order of their names.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Sources {
    /// What messages put before a file's name.
    shown_root: String,
    files: Vec<SourceFile>,
    scripts: Vec<SourceFile>,
}

/// Why a folder of menus could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// The folder or a file in it.
    #[error("cannot read {path}: {source}; check the path and its permissions", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No menu file at all.
    #[error("no menu files in {path}: expected mamacare.yaml there; `mamacare menu new {path}` writes a first set", path = path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Not UTF-8.
    #[error("{path} is not UTF-8 text (octet {at}); save it as UTF-8", path = path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// Where the text ends.
        at: usize,
    },
    /// Too large.
    #[error("{path} has {octets} octets, more than {LARGEST_FILE}; split the flow", path = path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its size.
        octets: u64,
    },
    /// Too many files.
    #[error("{path} holds more than {MOST_FILES} YAML files; is it the menu folder?", path = path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

impl Sources {
    /// Reads every `.yaml` and `.yml` file below `folder`; those under `tests/` are conversation
    /// scripts.
    pub fn from_dir(folder: &Path) -> Result<Self, SourcesError> {
        let mut pairs = Vec::new();
        read_folder(folder, folder, &mut pairs)?;
        if pairs.is_empty() {
            return Err(SourcesError::Empty { path: folder.to_owned() });
        }
        let mut sources = Self::from_pairs(pairs);
        sources.shown_root = format!("{}/", folder.display().to_string().trim_end_matches('/'));
        Ok(sources)
    }

    /// The menus in this binary.
    pub fn from_embedded() -> Self {
        let mut sources = Self::from_pairs(super::embedded::FILES.iter().copied());
        "menus/".clone_into(&mut sources.shown_root);
        sources
    }

    /// From names and texts.
    pub fn from_pairs<Name: Into<String>, Text: Into<String>>(
        pairs: impl IntoIterator<Item = (Name, Text)>,
    ) -> Self {
        let mut files: Vec<SourceFile> = pairs
            .into_iter()
            .map(|(name, text)| SourceFile { name: name.into(), text: text.into() })
            .collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let (scripts, files) = files.into_iter().partition(|file| file.name.starts_with("tests/"));
        Self { shown_root: String::new(), files, scripts }
    }

    /// The menu files, in the order of their names.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The conversation scripts beside them; no part of the menu.
    pub fn scripts(&self) -> &[SourceFile] {
        &self.scripts
    }

    /// How a message names a file of the set.
    pub fn shown(&self, file: &SourceFile) -> String {
        format!("{}{}", self.shown_root, file.name)
    }

    /// Names and texts of the menu files, as [`Sources::from_pairs`] takes them.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|file| (file.name.as_str(), file.text.as_str()))
    }

    /// The first eight octets of the SHA-256 over all names and texts.
    pub fn version(&self) -> MenuVersion {
        let mut digest = Sha256::new();
        for file in &self.files {
            digest.update(file.name.as_bytes());
            digest.update([0]);
            digest.update(file.text.as_bytes());
            digest.update([0]);
        }
        let octets = digest.finalize();
        MenuVersion(octets.iter().take(8).fold(0, |number, &octet| (number << 8) | u64::from(octet)))
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |files: &[SourceFile]| files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
        formatter
            .debug_struct("Sources")
            .field("files", &names(&self.files))
            .field("scripts", &self.scripts.len())
            .finish_non_exhaustive()
    }
}

fn read_folder(root: &Path, folder: &Path, pairs: &mut Vec<(String, String)>) -> Result<(), SourcesError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| SourcesError::Unreadable { path, source }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        let about = fs::metadata(&path).map_err(unreadable(&path))?;
        if about.is_dir() {
            if name.matches('/').count() < 4 {
                read_folder(root, &path, pairs)?;
            }
            continue;
        }
        if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            continue;
        }
        if about.len() > LARGEST_FILE as u64 {
            return Err(SourcesError::TooLarge { path, octets: about.len() });
        }
        if pairs.len() == MOST_FILES {
            return Err(SourcesError::TooMany { path: root.to_owned() });
        }
        let octets = fs::read(&path).map_err(unreadable(&path))?;
        let text = String::from_utf8(octets)
            .map_err(|error| SourcesError::NotText { path, at: error.utf8_error().valid_up_to() })?;
        pairs.push((name, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_follows_names_and_texts_but_not_scripts() {
        let one = Sources::from_pairs([("b.yaml", "2"), ("a.yaml", "1")]);
        let same = Sources::from_pairs([("a.yaml", "1"), ("b.yaml", "2"), ("tests/x.yaml", "3")]);
        let other = Sources::from_pairs([("a.yaml", "12"), ("b.yaml", "")]);
        assert_eq!(one.version(), same.version());
        assert_ne!(one.version(), other.version());
        assert_eq!(same.scripts().len(), 1);
    }

    #[test]
    fn a_folder_without_menus_says_what_to_do() {
        let folder = std::env::temp_dir().join(format!("mamacare-empty-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let error = Sources::from_dir(&folder).unwrap_err().to_string();
        fs::remove_dir(&folder).unwrap();
        assert!(error.contains("mamacare menu new"), "{error}");
        let error = Sources::from_dir(&folder).unwrap_err().to_string();
        assert!(error.contains("cannot read"), "{error}");
    }
}
