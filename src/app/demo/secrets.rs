//! The demo's own secrets: drawn once, kept beside its data, worth nothing anywhere else.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::folder::write_private;
use crate::app::settings::{Settings, SettingsError, Sources};

const FILE: &str = "secrets.json";

/// What the demo's people and programs need to get in. It is not printable as a whole.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct DemoSecrets {
    /// 64 hexadecimal digits; everything in the database is sealed under it.
    pub master_key: String,
    /// Of the Africa's Talking callback.
    pub africastalking: String,
    /// Of the JSON callback.
    pub json: String,
    /// First PINs of the demo's mothers, in their order; the first mother's is published.
    pub mother_pins: Vec<String>,
    /// The one PIN of all people made for load.
    pub load_pin: String,
    /// Passwords of the staff, in their order.
    pub staff_passwords: Vec<String>,
}

/// Why there are no secrets to work with.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The data are there, and what opens them is not.
    #[error(
        "{} is gone, and nothing else opens the data beside it: put it back, or remove the whole folder \
         to begin afresh", .0.display()
    )]
    Gone(PathBuf),
    /// Not what we wrote.
    #[error("{} cannot be read ({reason}): put back the one that was written, or remove the whole folder", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No place to keep them.
    #[error("{} cannot be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl DemoSecrets {
    /// Those of the folder, drawn now where it has neither secrets nor data.
    pub fn of(
        folder: &Path,
        holds_data: bool,
        mothers: usize,
        staff: usize,
        randomness: &mut impl Rng,
    ) -> Result<Self, SecretsError> {
        let path = folder.join(FILE);
        let unreadable = |reason: String| SecretsError::Unreadable { path: path.clone(), reason };
        let mut secrets = match std::fs::read(&path) {
            Ok(content) => serde_json::from_slice(&content).map_err(|error| unreadable(error.to_string()))?,
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(unreadable(error.to_string()));
            }
            Err(_) if holds_data => return Err(SecretsError::Gone(path)),
            Err(_) => Self::draw(randomness),
        };
        if secrets.complete(mothers, staff, randomness) {
            let content =
                serde_json::to_vec_pretty(&secrets).map_err(|error| unreadable(error.to_string()))?;
            write_private(&path, &content).map_err(|source| SecretsError::Unwritable { path, source })?;
        }
        Ok(secrets)
    }

    /// Draws what is missing for the people that this version has; says whether it did.
    fn complete(&mut self, mothers: usize, staff: usize, randomness: &mut impl Rng) -> bool {
        let missing_pins = mothers.saturating_sub(self.mother_pins.len());
        let missing_passwords = staff.saturating_sub(self.staff_passwords.len());
        self.mother_pins.extend((0..missing_pins).map(|_| pin(randomness)));
        self.staff_passwords.extend((0..missing_passwords).map(|_| password(randomness)));
        missing_pins + missing_passwords > 0
    }

    /// Those of a folder that has them.
    pub fn read(folder: &Path) -> Result<Self, SecretsError> {
        let path = folder.join(FILE);
        let unreadable = |reason: String| SecretsError::Unreadable { path: path.clone(), reason };
        let content = std::fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice(&content).map_err(|error| unreadable(error.to_string()))
    }

    /// The settings of a demo's node, with nothing taken from the environment.
    pub fn settings(&self, port: u16, database_url: &str) -> Result<Settings, SettingsError> {
        let base = format!(
            r#"
            [server]
            listen = "127.0.0.1:{port}"
            public_url = "http://127.0.0.1:{port}"
            [database]
            url = {url}
            [channels.africastalking]
            enabled = true
            secrets = [{africastalking}]
            [channels.json]
            enabled = true
            secrets = [{json}]
            [menu]
            serve_unreviewed = ["kri"]
            [messages]
            providers = ["log"]
            mail = ["log"]
            [providers.log]
            type = "log"
            # Nothing goes out by it; what somebody sends comes in as it brings it.
            [providers.africastalking]
            type = "africastalking"
            username = "demo"
            secret = "nothing-goes-out"
            callback_secrets = [{africastalking}]
            [secrets]
            master_key = {master_key}
            "#,
            url = quoted(database_url),
            africastalking = quoted(&self.africastalking),
            json = quoted(&self.json),
            master_key = quoted(&self.master_key),
        );
        Settings::load(&Sources { base: &base, ..Sources::default() })
    }

    fn draw(randomness: &mut impl Rng) -> Self {
        Self {
            master_key: hexadecimal::<32>(randomness),
            africastalking: hexadecimal::<16>(randomness),
            json: hexadecimal::<16>(randomness),
            mother_pins: Vec::new(),
            load_pin: pin(randomness),
            staff_passwords: Vec::new(),
        }
    }
}

/// A TOML text; JSON's quoting is within TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn hexadecimal<const OCTETS: usize>(randomness: &mut impl Rng) -> String {
    let mut octets = [0_u8; OCTETS];
    randomness.fill_bytes(&mut octets);
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// Six digits, none twice: no row, no repetition, no year that a weak PIN could be taken for.
fn pin(randomness: &mut impl Rng) -> String {
    loop {
        let digits: [u8; 6] = std::array::from_fn(|_| randomness.random_range(0..10));
        let apart = |(at, digit): (usize, &u8)| !digits.iter().skip(at + 1).any(|other| other == digit);
        let steps = digits.windows(2).filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) == 1)).count();
        if digits.iter().enumerate().all(apart) && steps < 3 {
            return digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        }
    }
}

/// Five groups of four letters and digits, without those that look alike.
fn password(randomness: &mut impl Rng) -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let group = |randomness: &mut _| -> String {
        let letter = |_| LETTERS.get(Rng::next_u32(randomness) as usize % LETTERS.len()).copied();
        (0..4).filter_map(letter).map(char::from).collect()
    };
    let groups: Vec<String> = (0..5).map(|_| group(randomness)).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("mamacare-secrets-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn are_drawn_once_and_kept_from_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder("once");
        let mut randomness = StdRng::seed_from_u64(1);
        let first = DemoSecrets::of(&folder, false, 3, 4, &mut randomness).unwrap();
        let again = DemoSecrets::of(&folder, true, 3, 4, &mut randomness).unwrap();
        assert_eq!(first.master_key, again.master_key);
        assert_eq!(first.mother_pins, again.mother_pins);
        let more = DemoSecrets::of(&folder, true, 5, 4, &mut randomness).unwrap();
        assert_eq!((more.mother_pins.len(), &more.mother_pins[..3]), (5, &first.mother_pins[..]));
        let permissions = std::fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(permissions & 0o777, 0o600);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn data_without_secrets_are_not_covered_with_new_ones() {
        let folder = folder("gone");
        let error = DemoSecrets::of(&folder, true, 3, 4, &mut StdRng::seed_from_u64(1)).err().unwrap();
        assert!(matches!(error, SecretsError::Gone(_)), "{error}");
        assert!(!folder.join(FILE).exists());
        std::fs::write(folder.join(FILE), "{").unwrap();
        let error = DemoSecrets::of(&folder, true, 3, 4, &mut StdRng::seed_from_u64(1)).err().unwrap();
        assert!(matches!(error, SecretsError::Unreadable { .. }), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn pins_have_six_different_digits_and_passwords_are_long() {
        let mut randomness = StdRng::seed_from_u64(2);
        for _ in 0..500 {
            let pin = pin(&mut randomness);
            let mut digits: Vec<char> = pin.chars().collect();
            digits.sort_unstable();
            digits.dedup();
            assert_eq!(digits.len(), 6, "{pin}");
        }
        assert_eq!(password(&mut randomness).len(), 24);
    }
}
