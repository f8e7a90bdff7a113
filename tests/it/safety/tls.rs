//! TLS of the service itself: what it speaks, how a certificate is renewed, and what wrong files and
//! wrong callers are told.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use mamacare::app::server::{HttpLimits, serve};
use mamacare::app::tls::Tls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::harness::{Authority, Pair, TestFolder, TestNode};

const HOST: &str = "clinic.example";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: clinic.example\r\n\r\n";

/// A server under TLS whose files are in a folder of its own.
struct Running {
    address: SocketAddr,
    folder: TestFolder,
    tls: Tls,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(pair: &Pair, head: Duration) -> Self {
        let folder = TestFolder::new();
        let (certificate, key) = pair.write(&folder);
        let tls = Tls::load(&certificate, &key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let limits = HttpLimits { connections: 10, head, drain: Duration::from_secs(10) };
        let router = Router::new().route("/", get(async || "served"));
        let task = tokio::spawn(serve(listener, Some(tls.acceptor()), router, limits, async {
            let _ = stopped.await;
        }));
        Self { address, folder, tls, stop, task }
    }

    async fn connect(&self, trusting: &Authority) -> std::io::Result<TlsStream<TcpStream>> {
        self.speaking(trusting, &[]).await
    }

    async fn speaking(
        &self,
        trusting: &Authority,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        trusting.connector(protocols).connect(ServerName::try_from(HOST).unwrap(), stream).await
    }
}

const PATIENT: Duration = Duration::from_secs(30);

async fn is_served(stream: &mut TlsStream<TcpStream>) -> bool {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).ends_with("served")
}

#[tokio::test]
async fn a_node_speaks_tls_and_tells_browsers_to_ask_for_nothing_else() {
    let (authority, folder) = (Authority::new(), TestFolder::new());
    let (certificate, key) = authority.issue(HOST).write(&folder);
    let node = TestNode::with(|settings| {
        settings.server.public_url = format!("https://{HOST}");
        settings.server.tls_certificate = Some(certificate);
        settings.server.tls_key = Some(key);
    })
    .await;
    let address: SocketAddr = node.url("").trim_start_matches("http://").parse().unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap()])
        .resolve(HOST, address)
        .https_only(true)
        .build()
        .unwrap();
    let answer = client.get(format!("https://{HOST}:{}/healthz", address.port())).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    // Who is on this machine asks whether it lives, whatever name is on the certificate.
    let server = format!("--server=https://{address}");
    let asked = tokio::task::spawn_blocking(move || {
        std::process::Command::new(env!("CARGO_BIN_EXE_mamacare")).args(["health", &server]).output().unwrap()
    });
    let asked = asked.await.unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    node.stop().await;
}

#[tokio::test]
async fn http_1_is_agreed_on_and_nothing_else() {
    let authority = Authority::new();
    let server = Running::start(&authority.issue(HOST), PATIENT).await;
    let agreed = server.speaking(&authority, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(agreed.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    assert!(server.speaking(&authority, &["h2"]).await.is_err());
    assert!(server.connect(&Authority::new()).await.is_err(), "a stranger's authority is trusted");
}

#[tokio::test]
async fn a_renewed_certificate_serves_new_connections_and_breaks_no_open_one() {
    let (old, new) = (Authority::new(), Authority::new());
    let server = Running::start(&old.issue(HOST), PATIENT).await;
    let mut open = server.connect(&old).await.unwrap();
    assert!(is_served(&mut open).await);
    assert!(!server.tls.reload().unwrap(), "nothing has changed");
    new.issue(HOST).write(&server.folder);
    assert!(server.tls.reload().unwrap());
    assert!(is_served(&mut open).await);
    assert!(is_served(&mut server.connect(&new).await.unwrap()).await);
    assert!(server.connect(&old).await.is_err());
}

#[tokio::test]
async fn a_bad_file_keeps_the_certificate_before_and_is_told_once() {
    let authority = Authority::new();
    let pair = authority.issue(HOST);
    let server = Running::start(&pair, PATIENT).await;
    let key = server.folder.path().join("privkey.pem");
    for bad in [authority.issue(HOST).key, "no key".to_owned()] {
        std::fs::write(&key, bad).unwrap();
        assert!(server.tls.reload().unwrap_err().to_string().starts_with("server.tls_key: "));
        assert!(!server.tls.reload().unwrap(), "it is told again");
        assert!(is_served(&mut server.connect(&authority).await.unwrap()).await);
    }
    std::fs::remove_file(&key).unwrap();
    assert!(server.tls.reload().is_err());
    authority.issue(HOST).write(&server.folder);
    assert!(server.tls.reload().unwrap());
    assert!(is_served(&mut server.connect(&authority).await.unwrap()).await);
}

#[tokio::test]
async fn a_handshake_that_trickles_is_cut_off() {
    let server = Running::start(&Authority::new().issue(HOST), Duration::from_millis(300)).await;
    let begun = Instant::now();
    // A handshake record of 512 octets that never comes.
    for beginning in [&[][..], &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(500) && waited < Duration::from_secs(10), "{waited:?}");
}

#[tokio::test]
async fn a_head_that_trickles_under_tls_is_cut_off() {
    let authority = Authority::new();
    let server = Running::start(&authority.issue(HOST), Duration::from_millis(300)).await;
    let mut stream = server.connect(&authority).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[tokio::test]
async fn plain_http_at_the_port_of_tls_is_refused_and_harms_nobody() {
    let authority = Authority::new();
    let server = Running::start(&authority.issue(HOST), PATIENT).await;
    let mut beside = server.connect(&authority).await.unwrap();
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.windows(6).any(|part| part == b"served"), "{answer:?}");
    assert!(is_served(&mut beside).await);
    assert!(is_served(&mut server.connect(&authority).await.unwrap()).await);
}

#[tokio::test]
async fn who_only_begins_to_shake_hands_does_not_hold_up_the_end() {
    let server = Running::start(&Authority::new().issue(HOST), PATIENT).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    silent.write_all(&[0x16, 0x03, 0x01]).await.unwrap();
    server.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server.task).await.unwrap().unwrap();
}

#[test]
fn wrong_files_are_told_in_one_sentence_that_says_what_to_do() {
    let authority = Authority::new();
    let (good, other) = (authority.issue(HOST), authority.issue(HOST));
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBvTBX\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nMIIBvTBX\n-----END CERTIFICATE-----\n";
    for (certificate, key, setting, says) in [
        ("", good.key.as_str(), "server.tls_certificate", "fullchain.pem"),
        (good.key.as_str(), good.key.as_str(), "server.tls_certificate", "holds no certificate"),
        (broken, good.key.as_str(), "server.tls_certificate", "cannot be used"),
        (good.certificate.as_str(), "", "server.tls_key", "holds no private key"),
        (good.certificate.as_str(), good.certificate.as_str(), "server.tls_key", "privkey.pem"),
        (good.certificate.as_str(), locked, "server.tls_key", "passphrase"),
        (
            good.certificate.as_str(),
            other.key.as_str(),
            "server.tls_key",
            "not the key of the first certificate",
        ),
    ] {
        let folder = TestFolder::new();
        let pair = Pair { certificate: certificate.to_owned(), key: key.to_owned() };
        let (certificate, key) = pair.write(&folder);
        let error = Tls::load(&certificate, &key).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{setting}: {}", folder.path().display())), "{error}");
        assert!(error.contains(says) && error.lines().count() == 1, "{error}");
        assert!(!error.contains("MII"), "it shows what is in the file: {error}");
    }
    let folder = TestFolder::new();
    let (certificate, key) = good.write(&folder);
    std::fs::remove_file(&certificate).unwrap();
    let error = Tls::load(&certificate, &key).unwrap_err().to_string();
    assert!(error.starts_with("server.tls_certificate: ") && error.contains("cannot be read"), "{error}");
}
