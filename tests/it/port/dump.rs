//! The database in somebody else's hands: a dump of it shows no name, number, value or PIN.

use std::process::Command;

use mamacare::ussd::port::Caller;

use super::world::{BO_HOSPITAL, FATMATA, FATMATAS_PIN, ISATUS_PIN, NUMBER, World};

async fn dump(world: &World) -> String {
    let folder: String = sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    let options = world.database.pool.connect_options();
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    let output = Command::new(format!("{folder}/pg_dump"))
        .args(["--data-only", "--inserts", "--host", socket.as_deref().unwrap_or(options.get_host())])
        .args(["--port", &options.get_port().to_string(), "--username", options.get_username()])
        .arg(options.get_database().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// As text, and as the octets of a bytea column, which a dump shows in hexadecimal digits.
fn forms(secret: &str) -> [String; 2] {
    let octets: Vec<String> = secret.bytes().map(|octet| format!("{octet:02x}")).collect();
    [secret.to_owned(), octets.concat()]
}

#[tokio::test]
async fn a_dump_shows_no_name_number_value_or_pin() {
    let world = World::new().await;
    // Everything that the phone can cause is in it.
    world.act(&world.caller(1), "recover_pin", &[("birth_year", "1998")]).await;
    let pin = world.sent_pin(world.now).await;
    world.act(&world.caller(2), "send_clinic", &[("id", &BO_HOSPITAL.to_string())]).await;
    world.type_pin(&world.caller(3), "verify_pin", "314159").await;
    let known = Caller { session: mamacare::ussd::SessionKey([4; 16]), ..world.known(FATMATA) };
    world.type_pin(&known, "propose_pin", "862419").await;
    world
        .act(
            &world.caller_at("+23230000003", 5),
            "register",
            &[
                ("name", "Adama Newcomer"),
                ("birth_year", "2003"),
                ("weeks", "20"),
                ("district", "bo"),
                ("consent", "yes"),
            ],
        )
        .await;
    let dump = dump(&world).await;
    assert!(dump.contains("Bo Government Hospital"), "the dump holds data");
    let secrets = [
        "Fatmata",
        "Zainab",
        "Isatu",
        "Testwoman",
        "Mariama",
        "Adama",
        "Newcomer",
        "1998-05-12",
        NUMBER,
        "23276000001",
        "76000001",
        "076 000001",
        "23230000003",
        "30000003",
        "hiv",
        "syphilis",
        "malaria",
        "Tablets",
        "118/74",
        "110/70",
        "61.8",
        "iron_folic_acid",
        "artemether_lumefantrine",
        "1 tablet a day",
        "your PIN is",
        FATMATAS_PIN,
        ISATUS_PIN,
        "314159",
        "862419",
        &pin,
    ];
    for secret in secrets {
        for form in forms(secret) {
            // A PIN of four digits stands in many a hexadecimal key; it is looked for as a value.
            let found =
                if secret.len() == 4 { dump.contains(&format!("'{form}'")) } else { dump.contains(&form) };
            assert!(!found, "{secret} is in the dump");
        }
    }
}

#[tokio::test]
async fn a_dump_that_held_a_name_would_be_noticed() {
    let world = World::new().await;
    world.run("UPDATE person SET identity = 'Fatmata'::bytea WHERE status = 'verified'").await;
    let dump = dump(&world).await;
    assert!(forms("Fatmata").iter().any(|form| dump.contains(form)));
}
