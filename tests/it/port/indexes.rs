//! Every query by person or number finds its rows by an index: with sequential scans forbidden to
//! the planner, one that happens all the same has no index to use.

use super::world::{BO_HOSPITAL, FATMATA, FATMATAS_PIN, NUMBER, World};
use mamacare::ussd::catalog::CATALOG;
use mamacare::ussd::port::Caller;

/// Tables that are as small as the country.
const SMALL: [&str; 3] = ["district", "facility", "menu_version"];

/// Closes what is idle, so that counts are written and new connections have the new options.
async fn begin_anew(world: &World) {
    let pool = &world.database.pool;
    // Those in use come back first.
    while pool.size() > 0 {
        pool.acquire().await.unwrap().close().await.unwrap();
    }
}

async fn everything(world: &World) {
    let known = world.known(FATMATA);
    for source in CATALOG.sources.iter().filter(|source| !["languages", "people"].contains(&source.name)) {
        let params: Vec<_> = source.params.iter().map(|param| (param.name, "1")).collect();
        world.ask(&known, source.name, &params).await;
    }
    world.type_pin(&world.caller(1), "verify_pin", "1111").await;
    world.type_pin(&world.caller(2), "verify_pin", FATMATAS_PIN).await;
    world.type_pin(&known, "propose_pin", "862419").await;
    world.type_pin(&known, "confirm_pin", "862419").await;
    for session in 3..=7 {
        world.type_pin(&world.caller(session), "verify_pin", "1111").await;
    }
    world.act(&world.caller(8), "recover_pin", &[("birth_year", "1998")]).await;
    world.act(&world.caller(9), "send_clinic", &[("id", &BO_HOSPITAL.to_string())]).await;
    let told = [
        ("name", "Adama Newcomer"),
        ("birth_year", "2003"),
        ("weeks", "20"),
        ("district", "bo"),
        ("consent", "yes"),
    ];
    world.act(&Caller { chosen: 2, ..world.caller_at(NUMBER, 10) }, "register", &told).await;
    world.act(&world.caller(11), "stop_messages", &[]).await;
    world.act(&world.caller(12), "start_messages", &[]).await;
    world.act(&known, "set_greeting", &[("on", "no")]).await;
    world.act(&known, "give_consent", &[("purpose", "research")]).await;
    world.act(&known, "withdraw_consent", &[("purpose", "research")]).await;
    world.queued(world.now).await;
}

async fn scanned(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_stat_user_tables
         WHERE seq_scan > 0 AND relname <> ALL ($1) ORDER BY relname",
    )
    .bind(SMALL.map(str::to_owned).to_vec())
    .fetch_all(&world.database.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn no_table_of_people_is_ever_read_through() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let options = pool.connect_options();
    pool.set_connect_options(options.as_ref().clone().options([("enable_seqscan", "off")]));
    begin_anew(&world).await;
    world.run("SELECT pg_stat_reset()").await;
    everything(&world).await;
    begin_anew(&world).await;
    assert_eq!(scanned(&world).await, Vec::<String>::new());
    // The count would tell: this has no index.
    world.run("UPDATE person SET wording = 'open' WHERE wording = 'closed'").await;
    begin_anew(&world).await;
    assert_eq!(scanned(&world).await, ["person"]);
}
