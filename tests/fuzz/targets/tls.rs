//! Certificates and keys as they may lie on a disk.

use mamacare::app::tls::{certified, end_of};
use tokio_rustls::rustls::pki_types::CertificateDer;

/// A certificate and a key, with an empty line of `=` between them; or the octets of a certificate by itself, of
/// which no key has to fit.
pub fn tls_files(octets: &[u8]) {
    let _ = end_of(&CertificateDer::from(octets));
    let middle = octets.windows(3).position(|line| line == b"\n=\n").unwrap_or(octets.len());
    let (certificate, key) = octets.split_at(middle);
    match certified(certificate, key.get(3..).unwrap_or_default()) {
        Ok(pair) => {
            assert!(!pair.cert.is_empty());
            pair.keys_match().unwrap();
            let _ = pair.cert.iter().map(end_of).collect::<Vec<_>>();
        }
        Err(fault) => {
            let said = fault.to_string();
            assert!(said.lines().count() == 1 && said.len() < 500, "{said}");
            // What it says is in our words, and nothing of the file's.
            let sent = String::from_utf8_lossy(octets);
            let shown =
                said.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| word.len() > 20);
            assert!(shown.into_iter().all(|word| !sent.contains(word)), "{said}");
        }
    }
}
