//! `mamacare admin create`: the first account of a new service.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use mamacare::app::clock;
use mamacare::identity::{HasherSettings, PinHasher};
use mamacare::privacy::Keyring;
use mamacare::store::staff::{Role, StaffAccount};

use crate::harness::TestDatabase;

fn create(database: &TestDatabase, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mamacare"))
        .args(["admin", "create"])
        .args(arguments)
        .env_clear()
        .envs([("DATABASE_URL", database.url()), ("MAMACARE_SECRETS__MASTER_KEY", "08".repeat(32))])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = command.stdin.take().unwrap().write_all(input.as_bytes());
    command.wait_with_output().unwrap()
}

#[tokio::test]
async fn an_administrator_is_made_once_and_the_password_shown_fits() {
    let database = TestDatabase::new().await;
    let made = create(&database, &["Ada@example.org"], "");
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let password = said.lines().find_map(|line| line.strip_prefix("Password, shown this once: ")).unwrap();

    let keys = Keyring::new(&[8; 32], clock::generator());
    let account = StaffAccount::active("ada@example.org", &keys, &database.pool).await.unwrap().unwrap();
    assert_eq!((account.role, account.email.as_str()), (Role::Administrator, "Ada@example.org"));
    let hasher = PinHasher::start(HasherSettings::default(), keys.pepper(), clock::octets).unwrap();
    assert!(hasher.verify(password, &account.password_hash).await.unwrap());

    let again = create(&database, &["ADA@example.org"], "");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("has an account already"));
    assert!(again.stdout.is_empty(), "a password is shown that does not count");
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused() {
    let database = TestDatabase::new().await;
    for (arguments, input, reason) in [
        (vec!["nobody"], "", "no e-mail address"),
        (vec!["a b@example.org"], "", "no e-mail address"),
        (vec!["a@example.org", "--password-stdin"], "too short\n", "at least 12"),
        (vec!["a@example.org", "--password-stdin"], "password123456\n", "among those tried first"),
        (vec!["amelia@example.org", "--password-stdin"], "amelia amelia amelia\n", "your name or e-mail"),
    ] {
        let refused = create(&database, &arguments, input);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(reason), "{arguments:?}");
    }
    let taken = create(&database, &["a@example.org", "--password-stdin"], "correct horse battery staple\n");
    assert!(taken.status.success());
    assert!(!String::from_utf8_lossy(&taken.stdout).contains("horse"));
}
