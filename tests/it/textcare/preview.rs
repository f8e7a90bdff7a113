//! The dry run.

use std::time::Duration;

use mamacare::app::reminders::{PreviewError, PreviewParts, ReminderSettings, preview};
use mamacare::app::turns::MenuShelf;
use mamacare::care::calendar::add_days;
use mamacare::messages::schedule::Schedule;
use mamacare::store::facilities::Directory;

use super::world::{AMA, Shelf, World, appointment, pregnancy, visit, woman};

#[tokio::test]
async fn it_shows_who_would_get_what_and_when_as_the_rounds_then_do() {
    let world = World::new().await;
    let mut history = woman(0xabcd_ef01, AMA, world.now());
    history.pregnancies = vec![pregnancy(add_days(world.today(), 280 - 190))];
    history.visits = vec![visit(add_days(world.today(), -8), "antenatal")];
    history.appointments = vec![appointment(add_days(world.today(), 10), "antenatal")];
    world.add(&history).await;
    let (menu, schedule) = (Shelf::shipped().current(), Schedule::shipped().unwrap());
    let places = Directory::open(world.pool()).await.unwrap().places();
    let settings = ReminderSettings::new("*468#");
    let parts = PreviewParts {
        pool: world.pool(),
        vault: &world.vault,
        menu: &menu,
        places: &places,
        country: &world.country,
        schedule: &schedule,
        settings: &settings,
    };
    let (from, to) = (world.today(), add_days(world.today(), 29));
    let lines = preview(&parts, from, to, world.today()).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM reminder").await, 0, "it writes nothing");
    let first = lines.iter().find(|line| line.rule == "V1/0").unwrap();
    assert_eq!((first.day, first.person.as_str()), (add_days(world.today(), 7), "abcdef01"));
    assert_eq!(first.number.map(|number| number.to_string()).as_deref(), Some("…01"));
    assert!(first.text.starts_with("Please remember your visit: 4 December 2026"));
    let planner = world.planner().await;
    let mut sent = Vec::new();
    for _ in 0..30 {
        planner.round(world.today()).await.unwrap();
        world.later(Duration::from_hours(4));
        sent.extend(world.sent().await.into_iter().map(|sms| (world.today(), sms.text)));
        world.later(Duration::from_hours(20));
    }
    let messages = lines.into_iter().filter(|line| line.from.is_some());
    let shown: Vec<_> = messages.map(|line| (line.day, line.text)).collect();
    assert_eq!(shown, sent);
    let part = preview(&parts, add_days(from, 37), add_days(from, 60), world.today()).await.unwrap();
    assert!(part.iter().all(|line| line.day >= add_days(from, 37)));
}

#[tokio::test]
async fn days_that_make_no_sense_are_refused() {
    let world = World::new().await;
    let (menu, schedule) = (Shelf::shipped().current(), Schedule::shipped().unwrap());
    let places = Directory::open(world.pool()).await.unwrap().places();
    let settings = ReminderSettings::new("*468#");
    let parts = PreviewParts {
        pool: world.pool(),
        vault: &world.vault,
        menu: &menu,
        places: &places,
        country: &world.country,
        schedule: &schedule,
        settings: &settings,
    };
    let today = world.today();
    let (past, far) = (add_days(today, -1), add_days(today, 400));
    assert!(matches!(preview(&parts, past, today, today).await, Err(PreviewError::Past(_))));
    assert!(matches!(
        preview(&parts, add_days(today, 2), today, today).await,
        Err(PreviewError::Backwards { .. })
    ));
    assert!(matches!(preview(&parts, today, far, today).await, Err(PreviewError::TooLong)));
}
