//! Staff accounts: stored sealed, found by their address.

use chrono::DateTime;
use mamacare::privacy::Keyring;
use mamacare::store::staff::{Role, StaffAccount};
use uuid::Uuid;

use crate::harness::TestDatabase;

fn administrator() -> StaffAccount {
    StaffAccount {
        id: Uuid::from_u128(1),
        role: Role::Administrator,
        email: "Admin@demo.mamacare.example".to_owned(),
        name: "Demo administrator".to_owned(),
        profession: None,
        facility: None,
        password_hash: "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA".to_owned(),
        synthetic: true,
    }
}

#[tokio::test]
async fn an_account_is_found_in_any_case_and_lies_sealed() {
    let database = TestDatabase::new().await;
    let keys = Keyring::demo();
    let account = administrator();
    let mut connection = database.pool.acquire().await.unwrap();
    assert!(account.add(&keys, DateTime::UNIX_EPOCH, &mut connection).await.unwrap());
    let found = StaffAccount::active(" admin@DEMO.mamacare.example", &keys, &database.pool).await.unwrap();
    assert_eq!(found, Some(account));
    assert_eq!(
        StaffAccount::active("other@demo.mamacare.example", &keys, &database.pool).await.unwrap(),
        None
    );
    let row: String = sqlx::query_scalar("SELECT encode(email || name, 'escape') FROM staff")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert!(!row.contains("mamacare") && !row.contains("Demo"), "{row}");
}

#[tokio::test]
async fn an_address_has_one_account() {
    let database = TestDatabase::new().await;
    let keys = Keyring::demo();
    let mut connection = database.pool.acquire().await.unwrap();
    assert!(administrator().add(&keys, DateTime::UNIX_EPOCH, &mut connection).await.unwrap());
    let again = StaffAccount {
        id: Uuid::from_u128(2),
        email: "admin@demo.mamacare.example".to_owned(),
        ..administrator()
    };
    assert!(!again.add(&keys, DateTime::UNIX_EPOCH, &mut connection).await.unwrap());
}
