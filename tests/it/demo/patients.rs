//! `--patients`: as many as were asked for, once.

use sqlx::{Connection, PgConnection};

use super::Demo;
use crate::harness::TestFolder;

async fn synthetic(demo: &Demo) -> i64 {
    let mut connection = PgConnection::connect(demo.fact("/database_url")).await.unwrap();
    let count = "SELECT count(*) FROM person WHERE synthetic AND EXISTS
                 (SELECT FROM consent WHERE consent.person = person.id AND purpose = 'care')";
    sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn more_are_added_to_those_that_are_there() {
    let folder = TestFolder::new();
    let demo = Demo::start(&folder, &[]);
    assert!(demo.facts.get("load").is_none());
    let mothers = synthetic(&demo).await;
    assert!(demo.stop().success());
    for (wanted, there) in [("40", 40), ("60", 60), ("60", 60), ("0", 60)] {
        let demo = Demo::start(&folder, &["--patients", wanted]);
        assert_eq!(demo.facts["load"]["count"], there, "{wanted}");
        assert_eq!(demo.fact("/load/first_msisdn"), "+23278000000");
        assert_eq!(synthetic(&demo).await, mothers + i64::from(there), "{wanted}");
        let last = demo.turn("last", "+23278000039", "").await;
        assert!(last.starts_with("CON "), "{last}");
        assert!(demo.stop().success());
    }
}
