//! Finds PostgreSQL's programs on the machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PrivateServerError;

/// The oldest major version that our SQL runs on.
const OLDEST: u32 = 15;

/// Where Debian keeps one folder for each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// One installed PostgreSQL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Installation {
    /// Folder of its programs.
    pub bin: PathBuf,
    /// Major version.
    pub major: u32,
}

impl Installation {
    /// The newest on the machine; or, for a cluster that exists already, the one that made it.
    pub fn find(data: &Path) -> Result<Self, PrivateServerError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        choose(installed(&path), made_by(data), data)
    }

    /// One of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// The major version that a cluster says it is of.
fn made_by(data: &Path) -> Option<u32> {
    std::fs::read_to_string(data.join("PG_VERSION")).ok()?.trim().parse().ok()
}

fn choose(
    mut found: Vec<Installation>,
    made_by: Option<u32>,
    data: &Path,
) -> Result<Installation, PrivateServerError> {
    found.sort_by_key(|installation| installation.major);
    let newest = found.last().cloned().ok_or(PrivateServerError::NotInstalled)?;
    if newest.major < OLDEST {
        return Err(PrivateServerError::TooOld { bin: newest.bin, found: newest.major, needed: OLDEST });
    }
    let Some(made_by) = made_by else { return Ok(newest) };
    found
        .into_iter()
        .find(|installation| installation.major == made_by)
        .ok_or_else(|| PrivateServerError::OtherVersion { data: data.to_owned(), made_by })
}

fn installed(path: &OsStr) -> Vec<Installation> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let versioned = versions.map(|version| version.path().join("bin"));
    let mut bins: Vec<PathBuf> =
        std::env::split_paths(path).chain(versioned).filter_map(|folder| home_of(&folder)).collect();
    bins.sort();
    bins.dedup();
    bins.into_iter().filter_map(|bin| version(&bin).map(|major| Installation { bin, major })).collect()
}

/// The folder that holds both programs we need, behind links such as `/usr/local/bin/postgres`.
fn home_of(folder: &Path) -> Option<PathBuf> {
    let server = folder.join("postgres").canonicalize().ok()?;
    let bin = server.parent()?;
    bin.join("initdb").is_file().then(|| bin.to_owned())
}

fn version(bin: &Path) -> Option<u32> {
    let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// 15 from `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`, 18 from `… 18beta1`.
fn major(words: &str) -> Option<u32> {
    let number = words.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = number.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(number.len());
    number.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(major: u32) -> Installation {
        Installation { bin: format!("/usr/lib/postgresql/{major}/bin").into(), major }
    }

    #[test]
    fn reads_versions_as_distributions_print_them() {
        assert_eq!(major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres (EnterpriseDB) 9.6\n"), None);
    }

    #[test]
    fn takes_the_newest_unless_a_cluster_binds_it() {
        let data = Path::new("/var/lib/demo/postgres");
        assert_eq!(choose(vec![at(17), at(15), at(16)], None, data).unwrap(), at(17));
        assert_eq!(choose(vec![at(17), at(15)], Some(15), data).unwrap(), at(15));
    }

    #[test]
    fn says_what_to_install() {
        let data = Path::new("/var/lib/demo/postgres");
        let none = choose(vec![], None, data).unwrap_err().to_string();
        assert!(none.contains("apt-get install -y postgresql"), "{none}");
        let old = choose(vec![at(13)], None, data).unwrap_err().to_string();
        assert!(old.contains("13") && old.contains("15 or newer"), "{old}");
        let other = choose(vec![at(17)], Some(15), data).unwrap_err().to_string();
        assert!(other.contains("apt-get install -y postgresql-15"), "{other}");
    }
}
