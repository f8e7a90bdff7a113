//! The menus of a node: edits are served without a restart, bad ones refused, old versions kept.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mamacare::app::menus::{MenuError, MenuOptions, MenuSource, Menus, Reload};
use mamacare::app::turns::MenuShelf;
use mamacare::menu::Sources;
use mamacare::privacy::Keyring;
use mamacare::store::turns::Turns;
use mamacare::text::Display;

use crate::harness::{TestDatabase, TestFolder};

fn shipped_into(folder: &Path) {
    for (name, text) in Sources::from_embedded().pairs() {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

/// Changes the menu without changing what it says.
fn edit(folder: &Path, comment: &str) {
    let root = folder.join("mamacare.yaml");
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(root, format!("{text}\n# {comment}\n")).unwrap();
}

fn break_it(folder: &Path) -> String {
    let root = folder.join("mamacare.yaml");
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(root, text.replace("\nhome: ", "\nhome: nowhere.at_all # ")).unwrap();
    text
}

fn options(source: MenuSource) -> MenuOptions {
    MenuOptions {
        source,
        serve_unreviewed: vec!["kri".to_owned()],
        constants: [("emergency".to_owned(), "999000".to_owned())].into(),
        displays: vec![Display::default()],
    }
}

fn store(database: &TestDatabase) -> Turns {
    Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), Duration::from_mins(10))
}

struct Edited {
    folder: TestFolder,
    database: TestDatabase,
    menus: Menus,
}

async fn edited() -> Edited {
    let (folder, database) = (TestFolder::new(), TestDatabase::new().await);
    shipped_into(folder.path());
    let source = MenuSource::Folder(folder.path().to_owned());
    let menus = Menus::load(options(source), store(&database)).await.unwrap();
    Edited { folder, database, menus }
}

#[tokio::test]
async fn an_edit_is_served_and_the_version_before_is_kept_for_its_sessions() {
    let Edited { folder, database, menus } = edited().await;
    let first = menus.current().version;
    assert_eq!(menus.reload().await, Reload::Same);
    edit(folder.path(), "one");
    assert_eq!(menus.reload().await, Reload::Served);
    let second = menus.current().version;
    assert_ne!(first, second);
    assert_eq!(menus.version(first).await.unwrap().version, first);
    assert_eq!(menus.version(second).await.unwrap().version, second);

    // Another node, which has never read the first version, finds it in the database.
    let source = MenuSource::Folder(folder.path().to_owned());
    let other = Menus::load(options(source), store(&database)).await.unwrap();
    assert_eq!(other.current().version, second);
    let old = other.version(first).await.unwrap();
    assert_eq!(old.version, first);
    assert!(old.constants.contains(&("emergency".to_owned(), "999000".to_owned())));
    assert!(other.version(mamacare::menu::MenuVersion(7)).await.is_none());
}

#[tokio::test]
async fn a_bad_edit_is_refused_and_told_until_it_is_taken_back() {
    let Edited { folder, menus, database: _kept } = edited().await;
    let before = menus.current().version;
    let good = break_it(folder.path());
    assert_eq!(menus.reload().await, Reload::Refused);
    assert_eq!(menus.current().version, before);
    let refused = menus.status().refused.unwrap();
    assert!(refused.contains("mamacare.yaml:") && refused.contains("nowhere"), "{refused}");
    assert_eq!(menus.reload().await, Reload::Same);
    assert!(menus.status().refused.is_some());

    std::fs::write(folder.path().join("mamacare.yaml"), &good).unwrap();
    menus.reload().await;
    assert_eq!(menus.status().refused, None);

    std::fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(menus.reload().await, Reload::Refused);
    shipped_into(folder.path());
    menus.reload().await;
    assert_eq!(menus.status().refused, None);
    assert_eq!(menus.current().version, before);
}

#[tokio::test]
async fn a_bad_menu_stops_the_start() {
    let (folder, database) = (TestFolder::new(), TestDatabase::new().await);
    shipped_into(folder.path());
    break_it(folder.path());
    let source = MenuSource::Folder(folder.path().to_owned());
    let error = Menus::load(options(source), store(&database)).await.err().unwrap();
    assert!(matches!(error, MenuError::Mistakes(_)), "{error}");
}

#[tokio::test]
async fn an_edit_waits_while_the_database_cannot_keep_it() {
    let Edited { folder, database, menus } = edited().await;
    let before = menus.current().version;
    sqlx::raw_sql("ALTER TABLE menu_version RENAME TO away").execute(&database.pool).await.unwrap();
    edit(folder.path(), "two");
    assert_eq!(menus.reload().await, Reload::NotKept);
    assert_eq!(menus.current().version, before);
    sqlx::raw_sql("ALTER TABLE away RENAME TO menu_version").execute(&database.pool).await.unwrap();
    assert_eq!(menus.reload().await, Reload::Served);
}

#[tokio::test]
async fn an_edit_is_seen_without_being_told() {
    let Edited { folder, menus, database: _kept } = edited().await;
    let before = menus.current().version;
    let watch = tokio::spawn(menus.watch().unwrap());
    // The watch may not have begun yet: edit now and then until it sees one.
    let seen = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        for look in 0_u32.. {
            looks.tick().await;
            if menus.current().version != before {
                return;
            }
            if look % 100 == 0 {
                edit(folder.path(), &format!("edit {look}"));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap();
    watch.abort();
}

#[tokio::test]
async fn the_shipped_menus_need_no_folder() {
    let database = TestDatabase::new().await;
    let menus = Menus::load(options(MenuSource::Shipped), store(&database)).await.unwrap();
    assert!(menus.watch().is_none());
    assert_eq!(menus.status().refused, None);
}
