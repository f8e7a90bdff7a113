//! Records that are read at the same time share a transaction: each answer is still its asker's own, and
//! none is given that the trail does not hold.

use futures_util::future::join_all;
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn each_is_answered_by_her_own_right_and_every_read_stands_in_the_trail() {
    let world = World::new().await;
    let (nurse, other) = (world.sign_in("nurse").await, world.sign_in("other-nurse").await);
    let mut patients = Vec::new();
    for given in ["Aminata", "Fatmata", "Isatu", "Mariama", "Hawa", "Adama", "Kadiatu", "Zainab"] {
        let keeper = if patients.len() % 2 == 0 { &nurse } else { &other };
        patients.push((world.patient(keeper, given, None).await, given));
    }
    let before = reads(&world).await;
    // Each of the nurses asks for all of them, five times over, at once.
    let asking = (0..5).flat_map(|_| {
        let world = &world;
        let (nurse, other) = (&nurse, &other);
        patients.iter().enumerate().flat_map(move |(at, (patient, given))| {
            [nurse, other].into_iter().enumerate().map(move |(whose, token)| async move {
                let path = format!("/api/v1/patients/{patient}/record");
                let told = world.call("GET", &path, Some(token), None).await;
                if at % 2 == whose {
                    let record = told.expect(200);
                    assert_eq!(record["patient"]["given_name"], *given);
                    assert_eq!(record["patient"]["id"], patient.to_string());
                } else {
                    assert_eq!(told.expect(403)["type"], "/problems/reason-needed");
                }
            })
        })
    });
    join_all(asking).await;
    assert_eq!(reads(&world).await - before, 5 * i64::try_from(patients.len()).unwrap());
    let strangers: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM access_log JOIN person ON person.id = person
         WHERE act = 'read' AND what = 'record' AND facility <> home_facility",
    )
    .fetch_one(&world.database.pool)
    .await
    .unwrap();
    assert_eq!(strangers, 0, "who was refused read nothing");
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_shown() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    let path = format!("/api/v1/patients/{patient}/record");
    let say = async |words: &'static str| sqlx::raw_sql(words).execute(&world.database.pool).await.unwrap();
    say("ALTER TABLE access_log ADD CONSTRAINT nothing CHECK (false) NOT VALID").await;
    let refused = world.call("GET", &path, Some(&nurse), None).await.expect(503);
    assert_eq!(refused.get("patient"), None, "{refused}");
    say("ALTER TABLE access_log DROP CONSTRAINT nothing").await;
    let record = world.call("GET", &path, Some(&nurse), None).await.expect(200);
    assert_eq!(record["visits"], json!([]));
}

async fn reads(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM access_log WHERE act = 'read' AND what = 'record'")
        .fetch_one(&world.database.pool)
        .await
        .unwrap()
}
