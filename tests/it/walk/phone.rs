//! A phone that presses every key of every screen it comes to: it takes the shortest known way to
//! the next key that no phone has pressed yet.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::map::{LEAVE, Map, Place, Press, Sight, Travels, WRONG_KEY};
use super::nodes::{Mother, Nodes, Turn};
use super::screen::Screen;

/// Nobody's, and too weak to be chosen.
const WRONG_PIN: &str = "123456";
const NEW_PIN: &str = "480275";
/// A node lets 50 turns a second of one number in, and there are two nodes.
const PACE: Duration = Duration::from_millis(12);

pub struct Phone<'a> {
    nodes: &'a Nodes,
    map: &'a Map,
    msisdn: String,
    /// The one that was right the last time first.
    pins: VecDeque<String>,
    pace: Interval,
    calls: u32,
    session: String,
    typed: Vec<String>,
    chapter: String,
    /// Whether she is where there is no way back: chapters begin there.
    at_start: bool,
    travels: Travels,
}

impl<'a> Phone<'a> {
    pub fn new(nodes: &'a Nodes, map: &'a Map, mother: Mother) -> Self {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            nodes,
            map,
            msisdn: mother.msisdn,
            pins: mother.pins.into(),
            pace,
            calls: 0,
            session: String::new(),
            typed: Vec::new(),
            chapter: String::new(),
            at_start: false,
            travels: Travels::default(),
        }
    }

    /// A number that nobody has called from.
    pub fn unknown(nodes: &'a Nodes, map: &'a Map, msisdn: &str) -> Self {
        Self::new(nodes, map, Mother { msisdn: msisdn.to_owned(), pins: vec![WRONG_PIN.to_owned()] })
    }

    /// Walks until there is nothing left to do that she can come to.
    pub async fn walk(mut self) {
        let screen = self.dial().await;
        let mut here = self.arrive(&screen, false);
        while let Some(press) = self.next(here) {
            let screen = self.press(&press).await;
            if self.map.lock().can(here, &Press::Pin) {
                self.entered(&press, &screen);
            }
            let strayed = press == Press::WrongPin || press == Press::keys(WRONG_KEY);
            let there = self.arrive(&screen, strayed && screen.more);
            self.map.lock().learn(here, &press, there, &mut self.travels);
            here = there;
        }
    }

    fn next(&mut self, here: Place) -> Option<Press> {
        let mut map = self.map.lock();
        let next = map.next(here, &self.msisdn, &mut self.travels);
        // From here she knows no way to anything; from the start there may be one.
        let leave = Press::keys(LEAVE);
        let afresh = if map.can(here, &leave) { leave } else { Press::Dial };
        next.or((!self.typed.is_empty()).then_some(afresh))
    }

    async fn press(&mut self, press: &Press) -> Screen {
        let typed = match press {
            Press::Dial => {
                // Every other time the network tells that she was cut off.
                if self.calls.is_multiple_of(2) {
                    self.nodes.hang_up(self.turn(&self.typed.join("*"))).await;
                }
                return self.dial().await;
            }
            Press::Keys(keys) => keys,
            Press::WrongPin => WRONG_PIN,
            Press::Pin => &self.pins[0],
            Press::NewPin => NEW_PIN,
        };
        self.typed.push(typed.to_owned());
        if self.at_start
            && let Press::Keys(key) = press
            && key.len() == 1
            && key != "0"
        {
            self.chapter.clone_from(key);
        }
        self.send().await
    }

    async fn dial(&mut self) -> Screen {
        self.calls += 1;
        self.session = format!("walk-{}-{}", &self.msisdn[4..], self.calls);
        (self.typed, self.chapter) = (Vec::new(), String::new());
        self.send().await
    }

    async fn send(&mut self) -> Screen {
        self.pace.tick().await;
        self.nodes.answer(self.turn(&self.typed.join("*"))).await
    }

    fn turn<'turn>(&'turn self, text: &'turn str) -> Turn<'turn> {
        Turn { session: &self.session, msisdn: &self.msisdn, text }
    }

    /// Learns what became of a PIN that she typed.
    fn entered(&mut self, press: &Press, screen: &Screen) {
        match (press, screen.asks_for_a_pin()) {
            // She chose another one since, or here she must not choose the same again.
            (Press::Pin, true) => self.pins.rotate_left(1),
            (Press::NewPin, false) => {
                self.pins.retain(|pin| pin != NEW_PIN);
                self.pins.push_front(NEW_PIN.to_owned());
            }
            _ => {}
        }
    }

    /// Finds the screen on the map.
    fn arrive(&mut self, screen: &Screen, strayed: bool) -> Place {
        self.at_start = screen.more && screen.label("0").is_none();
        let gist = screen.gist(strayed && screen.asks_for_a_pin());
        let chapter = if strayed { String::new() } else { self.chapter.clone() };
        let sight = Sight { gist, chapter, strayed };
        self.map.lock().place(sight, screen)
    }
}
