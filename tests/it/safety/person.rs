//! All of one person's data given out, and erased.

use std::process::{Command, Output};

use mamacare::store::record::whole::copies;
use mamacare::store::{erasure, export};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::port::world::{FATMATA, FATMATAS_PIN, NUMBER, World};

async fn export(world: &World, person: Uuid) -> Option<Value> {
    let mut connection = world.database.pool.acquire().await.unwrap();
    export::export(&mut connection, &world.vault, person).await.unwrap()
}

async fn erase(world: &World, person: Uuid) -> bool {
    let mut work = world.database.pool.begin().await.unwrap();
    let erased = erasure::erase(&mut work, person, world.now).await.unwrap();
    work.commit().await.unwrap();
    erased
}

/// As the copyist does.
async fn copy_records(world: &World) {
    let mut connection = world.database.pool.acquire().await.unwrap();
    while copies::renew(&mut connection, &world.vault).await.unwrap() > 0 {}
}

/// Rows that name a person, by table, whatever tables there are.
async fn rows_of(world: &World, person: Uuid) -> Vec<(String, i64)> {
    let pool = &world.database.pool;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
         WHERE table_schema = 'public' AND column_name = 'person' AND table_type = 'BASE TABLE' ORDER BY table_name",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    let mut rows = Vec::new();
    for table in tables {
        let count = format!("SELECT count(*) FROM {table} WHERE person = $1");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count)).bind(person).fetch_one(pool).await.unwrap();
        if count > 0 {
            rows.push((table, count));
        }
    }
    rows
}

#[tokio::test]
async fn an_export_holds_everything_opened() {
    let world = World::new().await;
    world.act(&world.caller(1), "recover_pin", &[("birth_year", "1998")]).await;
    let whole = export(&world, FATMATA).await.unwrap();
    let text = whole.to_string();
    for hers in ["Fatmata", "1998", NUMBER, "118/74", "110", "iron_folic_acid", "Tablets"] {
        let shown = hers == "118/74" && text.contains("118") || text.contains(hers);
        assert!(shown, "{hers} is not in {text}");
    }
    // Every table that has rows of hers has its place in it, but for her PIN and what plans reminders.
    let told = whole.as_object().unwrap();
    for (table, count) in rows_of(&world, FATMATA).await {
        let place = match table.as_str() {
            "person_phone" => "phones",
            "pregnancy" => "pregnancies",
            "visit" => "visits",
            "medicine" => "medicines",
            "child" => "children",
            "referral" => "referrals",
            "appointment" => "appointments",
            "consent" => "consents",
            "outbox" => "messages",
            "access_log" => "who_looked",
            "immunisation" => {
                assert!(text.contains("given_on"));
                continue;
            }
            "credential" | "reminder_look" | "record_change" | "record_copy" => continue,
            other => panic!("{other} is not exported"),
        };
        assert_eq!(told[place].as_array().unwrap().len(), usize::try_from(count).unwrap(), "{place}");
    }
    assert!(!text.contains("argon2"), "{text}");
    assert!(export(&world, Uuid::from_u128(99)).await.is_none());
}

#[tokio::test]
async fn who_is_erased_is_gone_but_for_what_must_stay() {
    let world = World::new().await;
    world.act(&world.caller(1), "recover_pin", &[("birth_year", "1998")]).await;
    let others: i64 = sqlx::query_scalar("SELECT count(*) FROM visit WHERE person <> $1")
        .bind(FATMATA)
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    copy_records(&world).await;
    let trail = |rows: &[(String, i64)]| rows.iter().find(|row| row.0 == "access_log").map_or(0, |row| row.1);
    let before = rows_of(&world, FATMATA).await;
    assert!(trail(&before) > 0);
    assert!(erase(&world, FATMATA).await);
    copy_records(&world).await;
    let after = rows_of(&world, FATMATA).await;
    let left: Vec<&str> = after.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(left, ["access_log", "consent"]);
    assert_eq!(trail(&after), trail(&before));
    let row: (bool, bool, bool) = sqlx::query_as(
        "SELECT wrapped_key IS NULL, identity IS NULL, NOT EXISTS (SELECT FROM person_in_care WHERE id = $1)
         FROM person WHERE id = $1",
    )
    .bind(FATMATA)
    .fetch_one(&world.database.pool)
    .await
    .unwrap();
    assert_eq!(row, (true, true, true));
    assert!(export(&world, FATMATA).await.is_none());
    assert!(!erase(&world, FATMATA).await, "once is enough");
    // Whoever shares a number with her, or the table, keeps what is theirs.
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM visit").fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(kept, others);
    // Her PIN opens nothing any more.
    let outcome = world.type_pin(&world.caller(9), "verify_pin", FATMATAS_PIN).await;
    assert!(!format!("{outcome:?}").contains(&FATMATA.to_string()), "{outcome:?}");
}

fn person(world: &World, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mamacare"))
        .arg("person")
        .args(arguments)
        .env_clear()
        .envs([
            ("DATABASE_URL", world.database.url_as(mamacare::store::roles::APPLICATION)),
            ("MAMACARE_SECRETS__MASTER_KEY", "07".repeat(32)),
        ])
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap()
}

#[tokio::test]
async fn the_commands_find_export_and_erase_and_the_trail_says_so() {
    let world = World::new().await;
    let found = person(&world, &["find", NUMBER]);
    let ids = String::from_utf8(found.stdout).unwrap();
    assert!(ids.contains(&FATMATA.to_string()), "{ids}");
    let id = FATMATA.to_string();
    let exported = person(&world, &["export", &id, "--reason", "request 12"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let whole: Value = serde_json::from_slice(&exported.stdout).unwrap();
    assert_eq!(whole["person"]["identity"]["given"], "Fatmata Zainab");
    let other = Uuid::from_u128(u128::MAX).to_string();
    let refused = person(&world, &["erase", &id, "--reason", "request 13", "--confirm", &other]);
    assert!(!refused.status.success());
    let erased = person(&world, &["erase", &id, "--reason", "request 13", "--confirm", &id]);
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let gone = person(&world, &["export", &id, "--reason", "request 14"]);
    assert!(!gone.status.success());
    let acts: Vec<String> = sqlx::query_scalar(
        "SELECT act FROM access_log WHERE person = $1 AND channel = 'command' AND reason IS NOT NULL ORDER BY id",
    )
    .bind(FATMATA)
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    assert_eq!(acts, ["export", "erase"], "what did not happen is not in the trail");
}
