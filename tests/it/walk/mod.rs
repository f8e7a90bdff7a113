//! The whole service from outside: two nodes on one database, phones that press every key of every
//! screen in every language, turns sent twice, calls that are cut off, and nodes that are killed.

mod map;
mod nodes;
mod phone;
mod screen;

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use mamacare::menu::{Kind, LoadOptions, Sources, load};
use mamacare::ussd::catalog::CATALOG;

use map::Map;
use nodes::Nodes;
use phone::Phone;

/// Turns between two kills.
const KILL_EVERY: usize = 4000;

/// The states of the shipped menus that show something.
fn states() -> HashSet<String> {
    let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
    let menu = load(&Sources::from_embedded(), &CATALOG, &options).ok().unwrap();
    let shows = |kind: &Kind| matches!(kind, Kind::Prompt(_) | Kind::List(_) | Kind::Input(_) | Kind::End);
    menu.states.iter().filter(|state| shows(&state.kind)).map(|state| state.name.clone()).collect()
}

/// Every screen fits and is what a phone can show, a repeated turn has the same answer from either
/// node, and nothing goes wrong while both nodes live.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_press_every_key_of_every_screen_while_nodes_are_killed() {
    let nodes = Nodes::start().await;
    let map = Map::default();
    let mothers = nodes.mothers().into_iter().map(|mother| Phone::new(&nodes, &map, mother));
    let strangers = ["+23279000006", "+23279000007"].map(|number| Phone::unknown(&nodes, &map, number));
    let walks = async {
        join_all(mothers.chain(strangers).map(Phone::walk)).await;
        nodes.done();
    };
    tokio::join!(walks, nodes.kill_now_and_then(KILL_EVERY));

    let [turns, busy] = [&nodes.turns, &nodes.busy].map(|count| count.load(Ordering::Relaxed));
    let kills = nodes.kills();
    let shown = nodes.stop().await;
    let screens = map.lock().screens();
    println!("{turns} turns, {busy} asked to come again, {kills} kills, different screens: {screens:?}");
    assert!(kills > 1 && busy * 10 < turns);
    for language in ["Back", "Bak"] {
        assert!(screens[language] > 150, "{language}: {screens:?}");
    }
    // What is left takes a nurse, a clock or a lucky order: no PIN at all, one that came too long ago.
    let states = states();
    let missed: Vec<&String> = states.difference(&shown).collect();
    assert!(missed.len() * 4 < states.len(), "of {} nobody was shown {missed:?}", states.len());
    println!("of {} states nobody was shown {missed:?}", states.len());
}
