//! The master keys of a deployment, each with its number, and the keys that stay when they change.

use chacha20poly1305::aead::KeyInit;
use chacha20poly1305::{Key, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::keyring::{first, open_with, seal_with, subkey};

/// What the kept keys are sealed for.
const KEPT: &str = "kept keys";

/// The number of a key that is given without one: a deployment's first.
pub const FIRST_KEY: u8 = 1;

/// A master key and its number, which stands first in whatever is sealed under it.
#[derive(Clone)]
pub struct MasterKey {
    /// 1 to 255; 0 stands for the kept keys.
    pub number: u8,
    pub(super) key: Zeroizing<[u8; 32]>,
}

impl MasterKey {
    /// A key and its number.
    pub const fn new(number: u8, key: Zeroizing<[u8; 32]>) -> Self {
        Self { number, key }
    }

    /// Whether it is that key, whatever its number.
    pub fn is(&self, key: &[u8; 32]) -> bool {
        *self.key == *key
    }

    pub(super) fn sealing(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(subkey(&self.key, "seal")))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MasterKey({}, …)", self.number)
    }
}

/// The keys that a change of the master key leaves as they are, because what they made cannot be made again:
/// an index is the digest of a number that is sealed, a PIN's hash that of a PIN which nobody knows, and a line
/// of the trail may not change. They come from the first master key, and are kept sealed under the present one.
#[derive(Clone)]
pub struct KeptKeys {
    pub(super) phone: Zeroizing<[u8; 32]>,
    pub(super) email: Zeroizing<[u8; 32]>,
    pub(super) session: Zeroizing<[u8; 32]>,
    pub(super) mark: Zeroizing<[u8; 32]>,
    pub(super) audit: Zeroizing<[u8; 32]>,
    pub(super) token: Zeroizing<[u8; 32]>,
    pub(super) pepper: Zeroizing<[u8; 32]>,
    pub(super) trail: Zeroizing<[u8; 32]>,
}

impl KeptKeys {
    /// Those of a deployment whose first master key this is.
    pub fn of_first(master: &MasterKey) -> Self {
        let drawn = |label| Zeroizing::new(subkey(&master.key, label));
        Self {
            phone: drawn("phone index"),
            email: drawn("email index"),
            session: drawn("session key"),
            mark: drawn("input mark"),
            audit: drawn("audit trail"),
            token: drawn("tokens"),
            pepper: drawn("pin pepper"),
            trail: drawn("trail words"),
        }
    }

    /// As they are stored: sealed under that master key.
    pub fn seal(&self, master: &MasterKey, nonce: [u8; 24]) -> Vec<u8> {
        let all = [
            &self.phone,
            &self.email,
            &self.session,
            &self.mark,
            &self.audit,
            &self.token,
            &self.pepper,
            &self.trail,
        ];
        let mut plain = Zeroizing::new(Vec::with_capacity(256));
        for key in all {
            plain.extend_from_slice(key.as_slice());
        }
        seal_with(&master.sealing(), master.number, nonce, KEPT, &[], &plain)
    }

    /// Opens what [`Self::seal`] made, with whichever of these keys it was made with.
    pub fn open(sealed: &[u8], masters: &[MasterKey]) -> Option<Self> {
        let master = masters.iter().find(|master| Some(&master.number) == sealed.first())?;
        let plain = Zeroizing::new(open_with(&master.sealing(), KEPT, &[], sealed)?);
        let mut keys =
            plain.chunks_exact(32).filter_map(|key| Some(Zeroizing::new(first(key.first_chunk()?))));
        Some(Self {
            phone: keys.next()?,
            email: keys.next()?,
            session: keys.next()?,
            mark: keys.next()?,
            audit: keys.next()?,
            token: keys.next()?,
            pepper: keys.next()?,
            trail: keys.next()?,
        })
    }
}

impl std::fmt::Debug for KeptKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeptKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(number: u8) -> MasterKey {
        MasterKey::new(number, Zeroizing::new([number; 32]))
    }

    #[test]
    fn kept_keys_open_under_the_key_that_sealed_them_and_no_other() {
        let kept = KeptKeys::of_first(&master(1));
        let sealed = kept.seal(&master(2), [9; 24]);
        let opened = KeptKeys::open(&sealed, &[master(1), master(2)]).unwrap();
        assert_eq!((opened.phone, opened.trail), (kept.phone, kept.trail));
        assert!(KeptKeys::open(&sealed, &[master(1)]).is_none());
        let wrong = MasterKey::new(2, Zeroizing::new([3; 32]));
        assert!(KeptKeys::open(&sealed, &[wrong]).is_none());
    }

    #[test]
    fn no_key_is_printed() {
        assert_eq!(format!("{:?}", master(7)), "MasterKey(7, …)");
        assert_eq!(format!("{:?}", KeptKeys::of_first(&master(7))), "KeptKeys(…)");
    }
}
