//! TLS of the service itself: a certificate and its key from two files, read again when they change, and
//! its end, told in time.

mod end;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};
use zeroize::Zeroizing;

use super::clock::Clock;
use super::settings::Server;
use end::EndWatch;

pub use end::end_of;

/// The files are looked at this often; a certificate is renewed weeks before its end.
const LOOK: Duration = Duration::from_secs(30);

/// The settings that name the files.
const CERTIFICATE: &str = "server.tls_certificate";
const KEY: &str = "server.tls_key";

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// The system does not give it.
    #[error("it cannot be read ({0}); the user that the service runs as must be able to")]
    Unreadable(#[from] io::Error),
    /// No certificate in it.
    #[error("it holds no certificate in PEM; name the file with the whole chain (certbot's fullchain.pem)")]
    NoCertificate,
    /// The certificate is broken.
    #[error(
        "its first certificate cannot be used ({0}); name the file with the whole chain (certbot's fullchain.pem)"
    )]
    Certificate(rustls::Error),
    /// No key in it.
    #[error(
        "it holds no private key in PEM that is open; name certbot's privkey.pem, or take its passphrase off with \
         `openssl pkey`"
    )]
    NoKey,
    /// The key is broken, or of a kind that nobody uses.
    #[error("its private key cannot be used ({0}); make one with ECDSA (P-256) or RSA of 2048 bits or more")]
    Key(rustls::Error),
    /// Key and certificate are not of one pair.
    #[error(
        "it is not the key of the first certificate in server.tls_certificate; name the two files of one certificate, \
         its own before those of who signed it"
    )]
    Mismatch,
}

impl TlsFault {
    /// The setting that names the file.
    const fn setting(&self) -> &'static str {
        match self {
            Self::NoCertificate | Self::Certificate(_) => CERTIFICATE,
            Self::Unreadable(_) | Self::NoKey | Self::Key(_) | Self::Mismatch => KEY,
        }
    }
}

/// Why TLS cannot be spoken with these files.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {path}: {fault}", path = path.display())]
pub struct TlsError {
    setting: &'static str,
    path: PathBuf,
    fault: TlsFault,
}

/// TLS with the certificate of two files.
#[derive(Clone)]
pub struct Tls(Arc<Kept>);

struct Kept {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
    /// Of the files as they were read last, good or bad: each change is tried, and told of, once.
    seen: Mutex<[u8; 32]>,
}

/// The certificate that new connections get. Those that are open keep theirs.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// Both files as they stand now.
struct Files {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let octets = |setting, path: &Path| {
            std::fs::read(path).map_err(|error| TlsError {
                setting,
                path: path.to_owned(),
                fault: error.into(),
            })
        };
        Ok(Self { certificate: octets(CERTIFICATE, certificate)?, key: Zeroizing::new(octets(KEY, key)?) })
    }

    fn digest(&self) -> [u8; 32] {
        let key: [u8; 32] = Sha256::digest(self.key.as_slice()).into();
        Sha256::new().chain_update(key).chain_update(&self.certificate).finalize().into()
    }
}

/// A certificate chain in PEM with the key of its first, in PEM too.
pub fn certified(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsFault> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|_| TlsFault::NoCertificate)?;
    if chain.is_empty() {
        return Err(TlsFault::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsFault::NoKey)?;
    let key = aws_lc_rs::sign::any_supported_type(&key).map_err(TlsFault::Key)?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsFault::Mismatch),
        Err(error) => Err(TlsFault::Certificate(error)),
    }
}

impl Tls {
    /// As the settings say; none where they name no files.
    pub fn of(server: &Server) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(key)) = (&server.tls_certificate, &server.tls_key) else {
            return Ok(None);
        };
        Self::load(certificate, key).map(Some)
    }

    /// With the certificate and the key in these files.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files::read(certificate, key)?;
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let certified =
            certified(&files.certificate, &files.key).map_err(|fault| told(fault, &certificate, &key))?;
        let current = Arc::new(Current(ArcSwap::from_pointee(certified)));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            // TLS 1.2 and 1.3, of which this provider has both: there is no error to meet.
            .with_safe_default_protocol_versions()
            .map_err(|error| told(TlsFault::Key(error), &certificate, &key))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::clone(&current) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let seen = Mutex::new(files.digest());
        Ok(Self(Arc::new(Kept { certificate, key, current, config: Arc::new(config), seen })))
    }

    /// What shakes hands.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.config))
    }

    /// Reads the files again where they have changed: whether new connections get another certificate.
    /// After an error the one before goes on.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let kept = &self.0;
        let files = Files::read(&kept.certificate, &kept.key)?;
        let digest = files.digest();
        let seen = std::mem::replace(&mut *kept.seen.lock().unwrap_or_else(PoisonError::into_inner), digest);
        if seen == digest {
            return Ok(false);
        }
        let certified = certified(&files.certificate, &files.key)
            .map_err(|fault| told(fault, &kept.certificate, &kept.key))?;
        kept.current.0.store(Arc::new(certified));
        Ok(true)
    }

    /// When the certificate that new connections get ends; none where that cannot be read.
    pub fn end(&self) -> Option<DateTime<Utc>> {
        self.0.current.0.load().cert.first().and_then(end_of)
    }

    /// Tells its end at once. Looks for changes for as long as this is polled, and at once on SIGHUP.
    pub fn keep_fresh(self, clock: Clock) -> impl Future<Output = ()> {
        let mut watch = EndWatch::default();
        watch.look(self.end(), clock.now());
        self.look_for_changes(clock, watch)
    }

    async fn look_for_changes(self, clock: Clock, mut watch: EndWatch) {
        let mut hangup = signal(SignalKind::hangup());
        if let Err(error) = &hangup {
            tracing::warn!(%error, "SIGHUP is not heard; the TLS files are looked at by themselves");
        }
        loop {
            let asked = async {
                match &mut hangup {
                    Ok(hangup) => hangup.recv().await,
                    Err(_) => std::future::pending().await,
                }
            };
            // A time-out is a look like any other.
            let _ = tokio::time::timeout(LOOK, asked).await;
            match self.reload() {
                Ok(false) => {}
                Ok(true) => tracing::info!("the TLS certificate was renewed; new connections get it"),
                Err(error) => tracing::error!(%error, "the TLS certificate stays the one before"),
            }
            watch.look(self.end(), clock.now());
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Tls({})", self.0.certificate.display())
    }
}

fn told(fault: TlsFault, certificate: &Path, key: &Path) -> TlsError {
    let setting = fault.setting();
    let path = if setting == CERTIFICATE { certificate } else { key };
    TlsError { setting, path: path.to_owned(), fault }
}
