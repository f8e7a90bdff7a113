//! Debian's kannel with its fake message centre: what it sends on, and the receipts that it calls.
//! Run it by hand: `cargo test --test it -- --ignored kannel`.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mamacare::channels::sms::{Account, Callbacks, Kannel, NotTaken, ReceiptTaker, SmsDoor, SmsEdge, router};
use mamacare::channels::{Access, BodyLimits};
use mamacare::messages::{Address, Carrier, Fate, Kind, Outgoing, Receipt, Reference, compose};
use mamacare::text::{Display, Folding};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::stage::number;
use crate::harness::TestFolder;

#[derive(Clone, Default)]
struct Told(watch::Sender<HashMap<i64, Vec<String>>>);

impl ReceiptTaker for Told {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    async fn receipts(&self, _: &str, receipts: Vec<Receipt>) -> Result<(), NotTaken> {
        for receipt in receipts {
            let Reference::Ours(id) = receipt.reference else { panic!("{receipt:?}") };
            self.0.send_modify(|told| told.entry(id).or_default().push(receipt.words));
        }
        Ok(())
    }
}

/// Starts one of its programs, and returns when it says that it is ready.
async fn start(program: &str, folder: &Path, ready: &str) -> Child {
    let mut command = Command::new(program);
    command.arg(folder.join("kannel.conf")).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{program}: {error}; apt-get install kannel"));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = tokio::time::timeout(Duration::from_secs(20), async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(ready) {
                return true;
            }
        }
        false
    });
    assert!(said.await.unwrap_or(false), "{program} never said: {ready}");
    // It goes on talking, and would wait for somebody to listen.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    child
}

const CONFIGURATION: &str = "
group = core
admin-port = 23000
admin-password = admin
smsbox-port = 23001
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = 23010
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = 23013

group = sendsms-user
username = us
password = secret-of-ours
max-messages = 10
concatenation = true
";

fn outgoing(id: i64, text: &str, display: Display) -> Outgoing {
    let composed = compose(text, display).unwrap();
    Outgoing {
        id,
        kind: Kind::Answer,
        to: Address::Phone(number(1)),
        language: "kri".to_owned(),
        text: composed.text,
        encoding: composed.encoding,
        segments: composed.segments,
        valid_until: DateTime::UNIX_EPOCH,
        validity: Duration::from_mins(10),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it needs Debian's package kannel, whose installation starts a service of its own"]
async fn the_real_one_sends_what_we_mean_and_tells_what_became_of_it() {
    let folder = TestFolder::new();
    std::fs::create_dir_all(folder.path()).unwrap();
    std::fs::write(folder.path().join("kannel.conf"), CONFIGURATION).unwrap();
    let _bearerbox = start("bearerbox", folder.path(), "Start-up done").await;
    let centre = TcpStream::connect(("127.0.0.1", 23_010)).await.unwrap();
    let _smsbox = start("smsbox", folder.path(), "Connected to bearerbox").await;

    let told = Told::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let receipts_to =
        format!("http://{}/sms/kannel/delivery/receipts-secret", listener.local_addr().unwrap());
    let door = SmsDoor {
        name: "kannel".to_owned(),
        access: Access::new(["receipts-secret"], vec![]),
        callbacks: Callbacks::Kannel,
    };
    let limits = BodyLimits { octets: 8192, time: Duration::from_secs(5) };
    let edge = SmsEdge::new(Arc::new(told.clone()), limits, vec![], vec![door]);
    tokio::spawn(async move { axum::serve(listener, router(edge)).await });

    let account = |password: &str| Account {
        client: mamacare::app::http::client().unwrap(),
        endpoint: "http://127.0.0.1:23013/cgi-bin/sendsms".to_owned(),
        username: "us".to_owned(),
        secret: secrecy::SecretString::from(password),
        sender: "MamaCare".to_owned(),
        receipts_to: receipts_to.clone(),
        patience: Duration::from_secs(10),
    };
    let kannel = Kannel::new(account("secret-of-ours"), String::new());
    let proper = Display { folding: Folding::Off, ucs2: true };
    let long = "a".repeat(152) + "{" + &"b".repeat(20);
    let messages = [
        outgoing(1, "Duya kɔl bak {117} + 50%", Display::default()),
        outgoing(2, "Duya kɔl bak😀", proper),
        outgoing(3, &long, Display::default()),
    ];
    for message in &messages {
        let fates = kannel.send(std::slice::from_ref(message)).await;
        eprintln!("{} {fates:?}", message.id);
        assert!(matches!(&fates[..], [Fate::Taken { .. }]), "{fates:?}");
    }
    let refused = Kannel::new(account("wrong"), String::new()).send(&messages[..1]).await;
    eprintln!("wrong password: {refused:?}");
    assert!(matches!(&refused[..], [Fate::Refused { .. }]), "{refused:?}");

    let mut lines = BufReader::new(centre).lines();
    let mut came = Vec::new();
    while came.len() < 4 {
        let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await.unwrap().unwrap();
        eprintln!("to the phone: {}", line.as_deref().unwrap_or("(closed)"));
        came.push(line.unwrap());
    }
    assert_eq!(came[0], "MamaCare +23276000001 text Duya kòl bak {117} + 50%");
    let proper = "%00D%00u%00y%00a%00+%00k%02T%00l%00+%00b%00a%00k%D8%3D%DE%00";
    assert_eq!(came[1], format!("MamaCare +23276000001 ucs-2 {proper}"));
    assert!(came[2].contains("udh %05%00%03") && came[2].ends_with(&format!("data {}", "a".repeat(152))));
    assert!(came[3].ends_with(&format!("data %7B{}", "b".repeat(20))), "cut before the escape: {}", came[3]);
    let mut receipts = told.0.subscribe();
    let all = receipts.wait_for(|told| told.len() == 3);
    let told = tokio::time::timeout(Duration::from_secs(20), all).await.unwrap().unwrap();
    eprintln!("receipts: {told:?}");
    for id in 1..=3 {
        assert!(told[&id].iter().any(|words| words.starts_with('1')), "{id}: {told:?}");
    }
}
