//! The map that all phones draw together: which screens there are, what can be done at each, and
//! where that led.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use super::screen::Screen;

/// No screen offers it.
pub const WRONG_KEY: &str = "77";
/// Ends a call at once.
pub const LEAVE: &str = "999";
/// What may be typed where a question has no choices: numbers, a year, a day, a phone, a name.
const ANSWERS: [&str; 7] = ["1", "27", "1998", "5/12/2026", "076123456", "Mariama Koroma", "4"];
/// What is never reached, although the map says how, is given up after so many steps.
const PATIENCE: u32 = 20;

/// What is done at a screen.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Press {
    Pin,
    Keys(String),
    NewPin,
    WrongPin,
    /// A call, after the one before was cut off or has ended.
    Dial,
}

impl Press {
    pub fn keys(keys: &str) -> Self {
        Self::Keys(keys.to_owned())
    }

    /// Whether it does much the same wherever such a screen is shown.
    fn is_usual(&self) -> bool {
        match self {
            Self::Keys(key) => ["0", "00", LEAVE, WRONG_KEY].contains(&key.as_str()),
            Self::Dial | Self::WrongPin => true,
            Self::Pin | Self::NewPin => false,
        }
    }
}

/// What tells two screens apart.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Sight {
    /// Its words, as [`Screen::gist`] gives them.
    pub gist: String,
    /// What was chosen at the start: some questions are asked in several chapters.
    pub chapter: String,
    /// Whether it answers something that did not fit.
    pub strayed: bool,
}

/// A screen on the map.
pub type Place = usize;

/// The map.
#[derive(Default)]
pub struct Map(Mutex<Drawn>);

#[derive(Default)]
pub struct Drawn {
    names: HashMap<Sight, Place>,
    places: Vec<Spot>,
    /// Where usual keys led from such a screen: they are not pressed again in each chapter.
    usual: HashMap<String, HashMap<Press, Place>>,
    /// Who is on the way to do what.
    claims: HashMap<(Place, Press), String>,
}

struct Spot {
    sight: Sight,
    /// The word for "back" that it shows; empty where there is no way back.
    back: String,
    presses: BTreeMap<Press, Option<Place>>,
}

/// Where one phone came to, and how long it has tried to come elsewhere.
#[derive(Default)]
pub struct Travels {
    went: HashMap<Place, HashMap<Press, Place>>,
    /// Whether she has tried her PIN anywhere.
    knocked: bool,
    steps: HashMap<(Place, Press), u32>,
}

impl Map {
    pub fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock().unwrap()
    }
}

impl Drawn {
    /// How many different screens there are in each language, by its word for "back".
    pub fn screens(&self) -> HashMap<String, usize> {
        let mut screens: HashMap<&str, HashSet<&str>> = HashMap::new();
        for Spot { sight, back, .. } in &self.places {
            screens.entry(back).or_default().insert(&sight.gist);
        }
        screens.into_iter().map(|(language, screens)| (language.to_owned(), screens.len())).collect()
    }

    /// Finds a screen on the map, or draws it with all that can be done there.
    pub fn place(&mut self, sight: Sight, screen: &Screen) -> Place {
        if let Some(&place) = self.names.get(&sight) {
            return place;
        }
        let presses = presses(screen, sight.strayed).into_iter().map(|press| (press, None)).collect();
        self.names.insert(sight.clone(), self.places.len());
        let back = screen.label("0").unwrap_or_default().to_owned();
        self.places.push(Spot { sight, back, presses });
        self.places.len() - 1
    }

    pub fn can(&self, place: Place, press: &Press) -> bool {
        self.places[place].presses.contains_key(press)
    }

    /// Draws where it led.
    pub fn learn(&mut self, here: Place, press: &Press, there: Place, travels: &mut Travels) {
        let Spot { sight, presses, .. } = &mut self.places[here];
        presses.insert(press.clone(), Some(there));
        if sight.strayed || press.is_usual() {
            self.usual.entry(sight.gist.clone()).or_default().insert(press.clone(), there);
        }
        travels.knocked |= *press == Press::Pin;
        travels.went.entry(here).or_default().insert(press.clone(), there);
    }

    /// The first step of the shortest known way to something that is still to be done and that
    /// nobody else is on the way to.
    pub fn next(&mut self, here: Place, phone: &str, travels: &mut Travels) -> Option<Press> {
        self.claims.retain(|_, by| by != phone);
        let mut seen = HashSet::from([here]);
        let mut ways: VecDeque<(Place, Option<&Press>)> = VecDeque::from([(here, None)]);
        while let Some((place, first)) = ways.pop_front() {
            let Spot { sight, presses, .. } = &self.places[place];
            let usual = self.usual.get(&sight.gist);
            let went = travels.went.get(&place);
            for (press, there) in presses {
                let first = first.unwrap_or(press);
                let there = there.or_else(|| usual?.get(press).copied());
                let went = went.and_then(|went| went.get(press).copied());
                // What is behind her PIN is hers; the rest is done by whoever comes first.
                let first_time = *press == Press::Pin && !sight.strayed && !travels.knocked;
                if there.is_none() || first_time {
                    let goal = (place, press.clone());
                    let steps = travels.steps.entry(goal.clone()).or_default();
                    *steps += 1;
                    if *steps <= PATIENCE && !self.claims.contains_key(&goal) {
                        let first = first.clone();
                        self.claims.insert(goal, phone.to_owned());
                        return Some(first);
                    }
                } else if let Some(there) = went.or(there)
                    && seen.insert(there)
                {
                    ways.push_back((there, Some(first)));
                }
            }
        }
        None
    }
}

/// All that can be done at a screen.
fn presses(screen: &Screen, strayed: bool) -> Vec<Press> {
    if !screen.more {
        return vec![Press::Dial];
    }
    let mut presses: Vec<Press> = Vec::new();
    if screen.asks_for_a_pin() {
        presses.extend([Press::Pin, Press::NewPin, Press::WrongPin]);
    } else if screen.asks() {
        presses.extend(ANSWERS.map(Press::keys));
    }
    presses.extend(screen.choices().iter().map(|key| Press::keys(key)));
    if strayed {
        // The rest does there what it does at the screen before.
        presses.truncate(1);
        presses.push(Press::keys(WRONG_KEY));
        return presses;
    }
    presses.extend(["98", "99"].into_iter().filter(|key| screen.label(key).is_some()).map(Press::keys));
    presses.extend(["0", "00", WRONG_KEY, LEAVE].map(Press::keys));
    presses.push(Press::Dial);
    presses
}
