//! The way to the database under TLS: `sslmode=verify-full` in `DATABASE_URL` looks at the certificate.

use std::path::PathBuf;
use std::sync::Arc;

use mamacare::app::tls::certified;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::sign::SingleCertAndKey;

use crate::harness::{Authority, Pair, TestDatabase, TestFolder};

/// What a client of PostgreSQL asks first for, where it wants TLS (protocol 3.0, `SSLRequest`).
const ASKS_FOR_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// TLS in front of the run's PostgreSQL, as a pooler has it: the port.
async fn sealed(database: &PgConnectOptions, pair: &Pair) -> u16 {
    let pair = certified(pair.certificate.as_bytes(), pair.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    let tls = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (socket, there) = (database.get_socket().cloned(), database.get_port());
    let host = database.get_host().to_owned();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut asked = [0; 8];
            if client.read_exact(&mut asked).await.is_err() || asked != ASKS_FOR_TLS {
                continue;
            }
            client.write_all(b"S").await.unwrap();
            let Ok(mut client) = tls.accept(client).await else { continue };
            let file = socket.as_ref().map(|folder: &PathBuf| folder.join(format!(".s.PGSQL.{there}")));
            let host = host.clone();
            tokio::spawn(async move {
                if let Some(file) = file {
                    copy_bidirectional(&mut client, &mut UnixStream::connect(file).await.unwrap()).await
                } else {
                    let mut server = TcpStream::connect((host.as_str(), there)).await.unwrap();
                    copy_bidirectional(&mut client, &mut server).await
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn the_database_is_reached_by_tls_and_its_certificate_is_looked_at() {
    let database = TestDatabase::new().await;
    let options: PgConnectOptions = database.url().parse().unwrap();
    let (authority, folder) = (Authority::new(), TestFolder::new());
    let port = sealed(&options, &authority.issue("localhost")).await;
    std::fs::create_dir_all(folder.path()).unwrap();
    let (ours, other) = (folder.path().join("ours.pem"), folder.path().join("other.pem"));
    std::fs::write(&ours, authority.pem()).unwrap();
    std::fs::write(&other, Authority::new().pem()).unwrap();
    let name = options.get_database().unwrap();
    let user = options.get_username();
    for (host, mode, trusted, good) in [
        ("localhost", "verify-full", &ours, true),
        ("localhost", "require", &other, true),
        ("127.0.0.1", "verify-full", &ours, false),
        ("localhost", "verify-full", &other, false),
        ("localhost", "verify-ca", &other, false),
    ] {
        // As an operator writes it into DATABASE_URL.
        let url = format!(
            "postgres://{user}@{host}:{port}/{name}?sslmode={mode}&sslrootcert={}",
            trusted.display()
        );
        match PgConnection::connect(&url).await {
            Ok(mut connection) => {
                assert!(good, "{host} {mode}: it was not looked at");
                let one: i32 = sqlx::query_scalar("SELECT 1").fetch_one(&mut connection).await.unwrap();
                assert_eq!(one, 1);
            }
            Err(error) => assert!(!good, "{host} {mode}: {error}"),
        }
    }
}
