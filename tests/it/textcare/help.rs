//! The help desk, as an account of the staff sees it.

use mamacare::app::desk::{Desk, DeskError};
use mamacare::care::calendar::add_days;
use mamacare::store::forget::forget;
use mamacare::store::staff::{Role, StaffAccount};
use mamacare::store::tasks::TaskKind;
use uuid::Uuid;

use super::world::{AMA, HASH, HOME, World, pregnancy, woman};

const MIDWIFE: &str = "midwife@example.org";
const ELSEWHERE: &str = "nurse@example.org";
const ADMINISTRATOR: &str = "admin@example.org";

async fn hire(world: &World) {
    let people = [
        (1, MIDWIFE, Role::Professional, Some("midwife"), Some(HOME)),
        (2, ELSEWHERE, Role::Professional, Some("nurse"), Some(HOME + 1)),
        (3, ADMINISTRATOR, Role::Administrator, None, None),
    ];
    let mut connection = world.pool().acquire().await.unwrap();
    for (id, email, role, profession, facility) in people {
        let account = StaffAccount {
            id: Uuid::from_u128(id),
            role,
            email: email.to_owned(),
            name: "Somebody".to_owned(),
            profession: profession.map(str::to_owned),
            facility,
            password_hash: HASH.to_owned(),
            synthetic: true,
        };
        assert!(account.add(world.vault.keyring(), world.now(), &mut connection).await.unwrap());
    }
}

#[tokio::test]
async fn staff_see_the_tasks_of_their_facility_and_a_look_at_her_name_is_noted() {
    let world = World::new().await;
    hire(&world).await;
    world.add(&woman(1, AMA, world.now())).await;
    world.says(AMA, "When does the clinic open?").await;
    world.says("+224620000001", "My sister needs help").await;
    let mut work = world.pool().acquire().await.unwrap();
    let midwife = Desk::open(&mut work, &world.vault, MIDWIFE, world.now()).await.unwrap();
    let tasks = midwife.list(&mut work).await.unwrap();
    let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
    assert_eq!((task.kind, task.facility), (TaskKind::Message, Some(HOME)));
    let id = task.id.to_string();
    let shown = midwife.show(&mut work, &id[id.len() - 8..]).await.unwrap();
    let message = shown.message.unwrap();
    assert_eq!((message.sender.as_str(), message.body.as_str()), (AMA, "When does the clinic open?"));
    let about = shown.about.unwrap();
    assert_eq!((about.name.as_str(), about.numbers.len(), shown.held), ("Given Family", 1, false));
    let noted = "SELECT count(*) FROM access_log
                 WHERE actor_kind = 'staff' AND act = 'read' AND actor_role = 'midwife' AND channel = 'command'";
    assert_eq!(world.count(noted).await, 1);

    let elsewhere = Desk::open(&mut work, &world.vault, ELSEWHERE, world.now()).await.unwrap();
    assert_eq!(elsewhere.list(&mut work).await.unwrap(), []);
    assert!(matches!(elsewhere.show(&mut work, &id).await, Err(DeskError::NoTask(_))));
    assert!(matches!(elsewhere.finish(&mut work, &id, "Done", true).await, Err(DeskError::NoTask(_))));
    let all = Desk::open(&mut work, &world.vault, ADMINISTRATOR, world.now()).await.unwrap();
    assert_eq!(all.list(&mut work).await.unwrap().len(), 2, "also from abroad");
    assert!(matches!(all.show(&mut work, "").await, Err(DeskError::Several(_))));
    let stranger = Desk::open(&mut work, &world.vault, "nobody@example.org", world.now()).await;
    assert!(matches!(stranger, Err(DeskError::Stranger(_))));

    midwife.finish(&mut work, &id, "Called her.", false).await.unwrap();
    assert_eq!(midwife.list(&mut work).await.unwrap(), []);
    assert!(matches!(midwife.finish(&mut work, &id, "Again", false).await, Err(DeskError::NoTask(_))));
}

#[tokio::test]
async fn a_lost_that_was_a_mistake_is_released_and_plans_go_on() {
    let world = World::new().await;
    hire(&world).await;
    let mut history = woman(1, AMA, world.now());
    history.pregnancies = vec![pregnancy(add_days(world.today(), 280 - 16 * 7 - 1))];
    world.add(&history).await;
    world.asks(AMA, "LOST").await;
    world.asks(AMA, "YES").await;
    world.later(std::time::Duration::from_hours(4 * 24));
    let planner = world.planner().await;
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 0, "it is held");
    let mut work = world.pool().acquire().await.unwrap();
    let midwife = Desk::open(&mut work, &world.vault, MIDWIFE, world.now()).await.unwrap();
    let tasks = midwife.list(&mut work).await.unwrap();
    assert!(tasks.len() == 2 && tasks.iter().all(|task| task.urgent && task.kind == TaskKind::Call));
    let id = tasks[0].id.to_string();
    assert!(midwife.show(&mut work, &id).await.unwrap().held);
    midwife.finish(&mut work, &id, "She is well; her child had sent it.", true).await.unwrap();
    assert!(!midwife.show(&mut work, &tasks[1].id.to_string()).await.unwrap().held);
    let mut messages = 0;
    for _ in 0..60 {
        world.later(std::time::Duration::from_hours(24));
        messages += planner.round(world.today()).await.unwrap().messages;
        world.sent().await;
    }
    assert!(messages > 2, "{messages}");
}

#[tokio::test]
async fn what_is_old_is_forgotten_but_what_staff_have_not_done() {
    let world = World::new().await;
    hire(&world).await;
    world.add(&woman(1, AMA, world.now())).await;
    for text in ["HELP", "Where is the midwife?", "LOST", "YES"] {
        world.asks(AMA, text).await;
    }
    let mut work = world.pool().acquire().await.unwrap();
    let midwife = Desk::open(&mut work, &world.vault, MIDWIFE, world.now()).await.unwrap();
    for task in midwife.list(&mut work).await.unwrap() {
        if task.kind == TaskKind::Call {
            midwife.finish(&mut work, &task.id.to_string(), "Called her.", false).await.unwrap();
        }
    }
    let soon = world.now() - chrono::TimeDelta::days(1);
    assert_eq!(forget(world.pool(), soon, world.now()).await.unwrap(), 0);
    let late = world.now() + chrono::TimeDelta::days(30);
    while forget(world.pool(), late, late).await.unwrap() > 0 {}
    let left = "SELECT count(*) FROM sms_inbound";
    assert_eq!(world.count(left).await, 1, "the message that nobody has read");
    assert_eq!(world.count("SELECT count(*) FROM staff_task").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM care_hold").await, 1, "it lasts until staff lift it");
}
