use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::messages::Kind;
use crate::text::Encoding;

/// A mail server that answers one command in its own way, and well otherwise; gives what it heard.
async fn server(odd: &'static str, answer: &'static str) -> (MailAccount, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        converse(stream, odd, answer).await
    });
    let account = MailAccount {
        host: "127.0.0.1".to_owned(),
        port,
        tls: MailTls::None,
        username: "us".to_owned(),
        password: SecretString::from("pass"),
        sender: "MamaCare <mamacare@health.example>".to_owned(),
    };
    (account, heard)
}

async fn converse(stream: TcpStream, odd: &str, answer: &str) -> String {
    let mut stream = BufReader::new(stream);
    let mut heard = String::new();
    let mut in_letter = false;
    let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return heard;
        }
        heard.push_str(&line);
        let command = if in_letter { "." } else { line.split_whitespace().next().unwrap_or_default() };
        if in_letter && line != ".\r\n" {
            continue;
        }
        in_letter = command == "DATA";
        let reply = match command {
            _ if command == odd => answer,
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN\r\n",
            "AUTH" => "235 2.7.0 welcome\r\n",
            "DATA" => "354 go on\r\n",
            "." => "250 2.0.0 queued as 42\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
        if reply.is_empty() {
            return heard;
        }
        let _ = stream.write_all(reply.as_bytes()).await;
    }
}

fn letter(to: &str) -> Outgoing {
    let text = "A new MamaCare password\nHello Nurse <Kɔrɔma>,\nsomebody asked for it:\n\n\
                https://sms.example.org/console/password#token=abc&x=1\n\nMamaCare";
    Outgoing {
        id: 7,
        kind: Kind::Mail,
        to: Address::Mailbox(to.to_owned()),
        language: "en".to_owned(),
        text: text.to_owned(),
        encoding: Encoding::Gsm7,
        segments: 1,
        valid_until: "2026-11-24T10:10:00Z".parse().unwrap(),
        validity: Duration::from_mins(10),
    }
}

async fn fate_of(odd: &'static str, answer: &'static str) -> Fate {
    let (account, _heard) = server(odd, answer).await;
    Mail::new(&account).unwrap().send(&[letter("nurse@health.example")]).await.remove(0)
}

#[tokio::test]
async fn a_letter_arrives_as_text_and_as_html() {
    let (account, heard) = server("", "").await;
    let mail = Mail::new(&account).unwrap();
    let fates = mail.send(&[letter("nurse@health.example")]).await;
    assert_eq!(fates, [Fate::taken(None, "250 2.0.0 queued as 42")]);
    drop(mail);
    let heard = heard.await.unwrap().replace("=\r\n", "");
    for part in [
        "EHLO health.example\r\n",
        "AUTH PLAIN AHVzAHBhc3M",
        "MAIL FROM:<mamacare@health.example>",
        "RCPT TO:<nurse@health.example>",
        "Subject: A new MamaCare password\r\n",
        "Message-ID: <outbox-7@health.example>\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "Hello Nurse <K=C9=94r=C9=94ma>,\r\nsomebody asked for it:",
        "Hello Nurse &lt;K=C9=94r=C9=94ma&gt;,<br>somebody asked for it:",
        "password#token=3Dabc&amp;x=3D1\" style=3D",
    ] {
        assert!(heard.contains(part), "{part} is not in {heard}");
    }
}

#[tokio::test]
async fn each_answer_has_its_meaning() {
    for (odd, answer, blame) in [
        ("RCPT", "550 5.1.1 no such mailbox\r\n", Some(Blame::Recipient)),
        ("RCPT", "451 4.7.1 greylisted\r\n", Some(Blame::Passing)),
        ("AUTH", "535 5.7.8 wrong password\r\n", Some(Blame::Account)),
        (".", "554 5.7.1 looks like spam\r\n", Some(Blame::Message)),
        (".", "452 4.3.1 no space\r\n", Some(Blame::Passing)),
        ("EHLO", "250 mail.example\r\n", Some(Blame::Account)),
        (".", "", None),
        (".", "hello?\r\n", None),
    ] {
        let fate = fate_of(odd, answer).await;
        match (&fate, blame) {
            (Fate::Refused { blame: found, .. }, Some(blame)) => {
                assert_eq!(*found, blame, "{odd} {answer}: {fate:?}");
            }
            (Fate::Doubtful { .. }, None) => {}
            _ => panic!("{odd} {answer}: {fate:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_passing_fault() {
    let (account, _) = server("", "").await;
    let nowhere = MailAccount { port: 1, ..account };
    let fate = Mail::new(&nowhere).unwrap().send(&[letter("nurse@health.example")]).await.remove(0);
    assert!(matches!(fate, Fate::Refused { blame: Blame::Passing, .. }), "{fate:?}");
}

#[tokio::test]
async fn what_is_no_address_is_not_tried() {
    let (account, _) = server("", "").await;
    let mail = Mail::new(&account).unwrap();
    for to in ["", "nurse", "nurse@health.example\r\nBCC: all@health.example"] {
        let fate = mail.send(&[letter(to)]).await.remove(0);
        assert!(matches!(fate, Fate::Refused { blame: Blame::Recipient, .. }), "{to}: {fate:?}");
    }
    let wrong = MailAccount { sender: "nobody".to_owned(), ..account };
    assert!(matches!(Mail::new(&wrong), Err(MailError::Sender)));
}
