//! Certificates of a test's own, from an authority that it makes.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::TestFolder;

/// Who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate chain and its key, in PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate of that host.
    pub fn issue(&self, host: &str) -> Pair {
        self.sign(&CertificateParams::new(vec![host.to_owned()]).unwrap())
    }

    /// A certificate of that host that ends as that day begins.
    pub fn issue_until(&self, host: &str, day: DateTime<Utc>) -> Pair {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let (month, of_month) = (day.month().try_into().unwrap(), day.day().try_into().unwrap());
        params.not_after = date_time_ymd(day.year(), month, of_month);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pair { certificate: certificate.pem() + &self.pem(), key: key.serialize_pem() }
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A client that trusts this one alone.
    pub fn connector(&self, protocols: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.0.der().to_vec())).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

impl Pair {
    /// Writes both into a folder: their paths.
    pub fn write(&self, folder: &TestFolder) -> (PathBuf, PathBuf) {
        std::fs::create_dir_all(folder.path()).unwrap();
        let (certificate, key) = (folder.path().join("fullchain.pem"), folder.path().join("privkey.pem"));
        std::fs::write(&certificate, &self.certificate).unwrap();
        std::fs::write(&key, &self.key).unwrap();
        (certificate, key)
    }
}
