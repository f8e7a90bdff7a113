//! The keys of a deployment, all drawn from a master key: each use has its own subkey
//! (HMAC-SHA256 of a label, after NIST SP 800-108 in counter mode with one block). What is sealed is
//! opened with whichever master key sealed it, and sealed with the first; the other uses keep their keys.

use std::sync::{Mutex, PoisonError};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::masters::{FIRST_KEY, KeptKeys, MasterKey};
use crate::care::Msisdn;

const NONCE: usize = 24;
/// Stands where the number of a master key does, in what is sealed for good.
const FOR_GOOD: u8 = 0;

/// The keys of a deployment. Nothing in it can be printed.
pub struct Keyring {
    phone: Hmac<Sha256>,
    email: Hmac<Sha256>,
    session: Hmac<Sha256>,
    mark: Hmac<Sha256>,
    audit: Hmac<Sha256>,
    token: Hmac<Sha256>,
    trail: XChaCha20Poly1305,
    kept: KeptKeys,
    master: MasterKey,
    seal: XChaCha20Poly1305,
    others: Vec<(u8, XChaCha20Poly1305)>,
    randomness: Mutex<StdRng>,
}

impl Keyring {
    /// The keyring of one master key, which is the first: nothing was rotated. `randomness` gives the
    /// nonces: seed it from the operating system.
    pub fn new(master: &[u8; 32], randomness: StdRng) -> Self {
        let master = MasterKey::new(FIRST_KEY, Zeroizing::new(*master));
        let kept = KeptKeys::of_first(&master);
        Self::of(master, &[], kept, randomness)
    }

    /// The keyring of several: the first seals, all open.
    pub fn of(master: MasterKey, others: &[MasterKey], kept: KeptKeys, randomness: StdRng) -> Self {
        Self {
            phone: keyed(&kept.phone),
            email: keyed(&kept.email),
            session: keyed(&kept.session),
            mark: keyed(&kept.mark),
            audit: keyed(&kept.audit),
            token: keyed(&kept.token),
            trail: XChaCha20Poly1305::new(&Key::from(*kept.trail)),
            seal: master.sealing(),
            others: others.iter().map(|other| (other.number, other.sealing())).collect(),
            kept,
            master,
            randomness: Mutex::new(randomness),
        }
    }

    /// The number of the master key that seals.
    pub const fn number(&self) -> u8 {
        self.master.number
    }

    /// The kept keys, sealed under that key.
    pub fn seal_kept(&self) -> Vec<u8> {
        self.kept.seal(&self.master, self.random())
    }

    /// A keyring with a published key, for tests and nothing else: `serve` refuses this key.
    pub fn demo() -> Self {
        Self::new(&[7; 32], StdRng::seed_from_u64(7))
    }

    /// Blind index of a number: finds its rows without showing it.
    pub fn phone_index(&self, msisdn: Msisdn) -> [u8; 16] {
        first(&digest(&self.phone, &[&msisdn.digits().to_be_bytes()]))
    }

    /// Blind index of an e-mail address, whatever its case and the space around it.
    pub fn email_index(&self, email: &str) -> [u8; 16] {
        first(&digest(&self.email, &[email.trim().to_lowercase().as_bytes()]))
    }

    /// Key of a session's row, from the channel and the operator's session id.
    pub fn session_key(&self, channel: &str, id: &str) -> [u8; 16] {
        first(&digest(&self.session, &[channel.as_bytes(), &[0], id.as_bytes()]))
    }

    /// Keyed digest of consumed input; the input may hold a PIN, so a plain digest would not do.
    pub fn mark(&self, input: &[u8]) -> u64 {
        u64::from_be_bytes(first(&digest(&self.mark, &[input])))
    }

    /// Keyed digest of a secret that somebody holds (a refresh token, a link in an e-mail) or of what
    /// is looked up without being shown (a licence number); `purpose` keeps the uses apart.
    pub fn token_digest(&self, purpose: &'static str, secret: &[u8]) -> [u8; 32] {
        digest(&self.token, &[purpose.as_bytes(), &[0], secret])
    }

    /// Keyed digest of something of the audit trail.
    pub(super) fn audit_digest(&self, kind: &'static str, octets: &[u8]) -> [u8; 32] {
        digest(&self.audit, &[kind.as_bytes(), &[0], octets])
    }

    /// The pepper of PIN and password hashes.
    pub fn pepper(&self) -> &[u8; 32] {
        &self.kept.pepper
    }

    /// Seals `plain` (XChaCha20-Poly1305, random nonce): key id, nonce, ciphertext and tag, 41
    /// octets more than `plain`. `purpose` and `aad` bind it to its place: sealed for one, it
    /// opens for no other.
    pub fn seal(&self, purpose: &'static str, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        seal_with(&self.seal, self.master.number, self.random(), purpose, aad, plain)
    }

    /// The same, under a key that stays when the master key changes: for lines of the trail, which may
    /// not be changed.
    pub fn seal_for_good(&self, purpose: &'static str, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        seal_with(&self.trail, FOR_GOOD, self.random(), purpose, aad, plain)
    }

    /// Opens what [`Self::seal`] made for the same purpose and place; `None` where it was made by
    /// another key, for another place, or has been changed.
    pub fn open(&self, purpose: &'static str, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let &number = sealed.first()?;
        let key = match number {
            FOR_GOOD => &self.trail,
            number if number == self.master.number => &self.seal,
            number => &self.others.iter().find(|(other, _)| *other == number)?.1,
        };
        open_with(key, purpose, aad, sealed)
    }

    /// Fresh random octets, as for a person's data key.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut octets = [0; N];
        self.randomness.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut octets);
        octets
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keyring(…)")
    }
}

pub(super) fn subkey(master: &[u8; 32], label: &str) -> [u8; 32] {
    digest(&keyed(master), &[&[1], b"mamacare ", label.as_bytes()])
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key of any length is taken; 32 octets are within one block.
    Hmac::new(&(*key).into_block())
}

/// Pads a 32-octet key to HMAC's block, as RFC 2104 does for a short key.
trait IntoBlock {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>>;
}

impl IntoBlock for [u8; 32] {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(self) {
            *to = from;
        }
        block
    }
}

fn digest(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(super) fn first<const N: usize>(octets: &[u8; 32]) -> [u8; N] {
    const { assert!(N <= 32) };
    octets.first_chunk().copied().unwrap_or([0; N])
}

pub(super) fn seal_with(
    key: &XChaCha20Poly1305,
    number: u8,
    nonce: [u8; NONCE],
    purpose: &str,
    aad: &[u8],
    plain: &[u8],
) -> Vec<u8> {
    let bound = bind(purpose, aad);
    let payload = Payload { msg: plain, aad: &bound };
    let mut sealed = Vec::with_capacity(1 + NONCE + plain.len() + 16);
    sealed.push(number);
    sealed.extend_from_slice(&nonce);
    // Encryption fails only past 256 GiB; nothing stored comes near, and an empty text would
    // not open, so such a value is refused on reading rather than kept in the clear.
    sealed.extend(key.encrypt(&XNonce::from(nonce), payload).unwrap_or_default());
    sealed
}

/// Opens what [`seal_with`] made with this key.
pub(super) fn open_with(
    key: &XChaCha20Poly1305,
    purpose: &str,
    aad: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let (_, rest) = sealed.split_first()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>()?;
    let bound = bind(purpose, aad);
    key.decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &bound }).ok()
}

fn bind(purpose: &str, aad: &[u8]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(purpose.len() + 1 + aad.len());
    bound.extend_from_slice(purpose.as_bytes());
    bound.push(0);
    bound.extend_from_slice(aad);
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let keys = Keyring::demo();
        let sealed = keys.seal("state", b"a", b"secret");
        assert_eq!(keys.open("state", b"a", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(keys.open("state", b"b", &sealed), None);
        assert_eq!(keys.open("other", b"a", &sealed), None);
        let other = Keyring::new(&[8; 32], StdRng::seed_from_u64(7));
        assert_eq!(other.open("state", b"a", &sealed), None);
    }

    #[test]
    fn what_an_older_key_sealed_opens_and_indexes_stay() {
        let master = |number| MasterKey::new(number, Zeroizing::new([number; 32]));
        let ring = |first, others: &[MasterKey]| {
            let kept = KeptKeys::of_first(&master(1));
            Keyring::of(master(first), others, kept, StdRng::seed_from_u64(1))
        };
        let (old, both, new) = (ring(1, &[]), ring(2, &[master(1)]), ring(2, &[]));
        let sealed = old.seal("state", b"a", b"secret");
        let for_good = old.seal_for_good("trail", b"a", b"why");
        assert_eq!(both.open("state", b"a", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(new.open("state", b"a", &sealed), None);
        let anew = both.seal("state", b"a", b"secret");
        assert_eq!(new.open("state", b"a", &anew).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(old.open("state", b"a", &anew), None);
        assert_eq!(new.open("trail", b"a", &for_good).as_deref(), Some(b"why".as_slice()));
        assert_eq!((new.mark(b"1"), new.pepper()), (old.mark(b"1"), old.pepper()));
    }

    #[test]
    fn a_changed_octet_does_not_open() {
        let keys = Keyring::demo();
        let sealed = keys.seal("state", b"a", b"secret");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(keys.open("state", b"a", &changed), None, "octet {at}");
        }
    }

    #[test]
    fn hmac_matches_rfc_4231_case_2_for_its_padded_key() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let tag = digest(&keyed(&key), &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(tag[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }

    #[test]
    fn session_ids_of_two_channels_do_not_meet() {
        let keys = Keyring::demo();
        assert_ne!(keys.session_key("json", "1"), keys.session_key("africastalking", "1"));
    }
}
