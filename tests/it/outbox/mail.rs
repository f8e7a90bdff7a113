//! E-mails of the outbox, through a worker, to a mail server on loopback.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use mamacare::app::clock::Clock;
use mamacare::app::outbox::{Outbox, OutboxParts, plan};
use mamacare::app::settings::{Settings, Sources};
use mamacare::messages::State;
use mamacare::store::mail::{NewMail, enqueue};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::stage::Stage;
use super::worker::HURRY;

/// Takes letters, the first of them only at the second try, as a server with a grey list does.
async fn server() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (letters, taken) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut is_known = false;
        while let Ok((stream, _)) = listener.accept().await {
            converse(stream, &mut is_known, &letters).await;
        }
    });
    (port, taken)
}

async fn converse(stream: TcpStream, is_known: &mut bool, letters: &mpsc::UnboundedSender<String>) {
    let mut stream = BufReader::new(stream);
    let mut greeting = "220 mail.example ESMTP\r\n";
    loop {
        if stream.write_all(greeting.as_bytes()).await.is_err() {
            return;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        greeting = match line.split_whitespace().next().unwrap_or_default() {
            "RCPT" if !std::mem::replace(is_known, true) => "451 4.7.1 come again\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.unwrap();
                let mut letter = String::new();
                while !letter.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut letter).await.unwrap();
                }
                letters.send(letter).unwrap();
                "250 2.0.0 queued\r\n"
            }
            _ => "250 fine\r\n",
        };
    }
}

#[tokio::test]
async fn a_mail_that_is_put_off_arrives_once_and_leaves_nothing_readable() {
    let (port, mut letters) = server().await;
    let toml = format!(
        "[messages]\nmail = [\"post\"]\n[providers.post]\ntype = \"smtp\"\n\
         endpoint = \"smtp+plain://127.0.0.1:{port}\"\nsender = \"MamaCare <mamacare@health.example>\"\n"
    );
    let settings = Settings::load(&Sources { base: &toml, file: None, environment: vec![] }).unwrap();
    let stage = Stage::new().await;
    let clock = Clock::manual(stage.now);
    let outbox = Outbox::start(OutboxParts {
        pool: stage.database.pool.clone(),
        vault: Arc::clone(&stage.vault),
        clock: clock.clone(),
        plan: plan(&settings, &mamacare::app::http::client().unwrap()).unwrap(),
        timing: HURRY,
        seed: [4; 32],
    });
    let mut work = stage.database.pool.begin().await.unwrap();
    let mail = NewMail {
        cause: "invitation",
        to: "nurse@health.example",
        subject: "Your MamaCare account",
        text: "Hello,\n\nchoose a password:\n\nhttps://sms.example/console/invitation#token=abc",
        now: stage.now,
        expires_at: stage.now + TimeDelta::days(1),
    };
    enqueue(&mut work, stage.vault.keyring(), &mail).await.unwrap();
    work.commit().await.unwrap();

    let put_off = async || stage.history("invitation").await.iter().any(|change| change.contains("4.7.1"));
    stage.until("it is put off", put_off).await;
    clock.advance(Duration::from_mins(10));
    let letter = tokio::time::timeout(Duration::from_mins(1), letters.recv()).await.unwrap().unwrap();
    for part in ["To: nurse@health.example\r\n", "Subject: Your MamaCare account\r\n", "text/html"] {
        assert!(letter.contains(part), "{part} is not in {letter}");
    }
    stage.becomes("invitation", State::Sent).await;
    let history = stage.history("invitation").await;
    assert!(
        history.iter().any(|change| change.starts_with("queued: ") && change.contains("4.7.1")),
        "{history:?}"
    );
    assert_eq!(stage.count("body IS NOT NULL OR recipient IS NOT NULL").await, 0);
    outbox.stop(Duration::from_secs(5)).await;
    assert!(letters.try_recv().is_err(), "it came twice");
}
