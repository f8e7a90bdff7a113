//! Reminders: rounds that turn the schedule into messages shortly before they are due, and the dry run
//! that shows them.

mod compose;
mod preview;
mod round;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::app::clock::Clock;
use crate::app::settings::Settings;
use crate::app::turns::MenuShelf;
use crate::care::{Country, CountryError};
use crate::menu::Menu;
use crate::messages::planner::Calendars;
use crate::messages::schedule::Schedule;
use crate::privacy::Vault;
use crate::store::facilities::Directory;

pub use preview::{Line, PreviewError, PreviewParts, preview};
pub use round::Round;

/// When reminders go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReminderHours {
    /// None before then, on the clocks of the country.
    pub opens: NaiveTime,
    /// None after then.
    pub closes: NaiveTime,
}

impl Default for ReminderHours {
    fn default() -> Self {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Self { opens: at(9), closes: at(18) }
    }
}

/// How reminders are planned.
#[derive(Clone, Debug)]
pub struct ReminderSettings {
    /// What is dialled; named in texts.
    pub service_code: String,
    /// When they go.
    pub hours: ReminderHours,
    /// How often a round is made while they go.
    pub every: Duration,
    /// People who are planned in one transaction.
    pub together: usize,
    /// Transactions at once.
    pub at_once: usize,
}

impl ReminderSettings {
    /// The usual ones.
    pub fn new(service_code: impl Into<String>) -> Self {
        Self {
            service_code: service_code.into(),
            hours: ReminderHours::default(),
            every: Duration::from_mins(5),
            together: 256,
            at_once: 2,
        }
    }

    /// Those of a node.
    pub fn of(settings: &Settings) -> Self {
        let usual = Self::new(&settings.ussd.service_code);
        let hours = settings.reminders.hours();
        Self {
            hours: hours.map_or(usual.hours, |(opens, closes)| ReminderHours { opens, closes }),
            every: Duration::from_secs(60 * u64::from(settings.reminders.every_minutes)),
            ..usual
        }
    }
}

/// What plans are made of.
pub struct ReminderParts<M> {
    /// Connections.
    pub pool: PgPool,
    /// Sealing.
    pub vault: Arc<Vault>,
    /// The menus, for the texts.
    pub menus: M,
    /// Names of facilities.
    pub directory: Directory,
    /// Schedules of the country.
    pub country: Arc<Country>,
    /// The schedule of reminders.
    pub schedule: Schedule,
    /// Tells the time.
    pub clock: Clock,
    /// How.
    pub settings: ReminderSettings,
}

/// Plans reminders. Clones share everything.
pub struct Reminders<M>(Arc<ReminderParts<M>>);

impl<M> Clone for Reminders<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: MenuShelf> Reminders<M> {
    /// A planner; refused where the menus lack a text of the schedule.
    pub fn new(parts: ReminderParts<M>) -> Result<Self, CountryError> {
        check_texts(&parts.schedule, &parts.menus.current())?;
        Ok(Self(Arc::new(parts)))
    }

    fn calendars(&self) -> Calendars<'_> {
        calendars(&self.0.schedule, &self.0.country)
    }
}

/// Whether the menus have every text of the schedule, and each sees what its row has.
pub fn check_texts(schedule: &Schedule, menu: &Menu) -> Result<(), CountryError> {
    schedule.check_texts(|name| {
        let message = menu.messages.iter().find(|message| message.name == name);
        message.map(|message| message.sees.clone())
    })
}

const fn calendars<'a>(schedule: &'a Schedule, country: &'a Country) -> Calendars<'a> {
    Calendars { reminders: schedule, antenatal: &country.antenatal, immunisation: &country.immunisation }
}

impl ReminderHours {
    /// From when to when a person's message of a day may go: spread over the first hours, so that
    /// not all leave in one minute. None where the day is over.
    fn slot(
        &self,
        day: NaiveDate,
        spread: u64,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let opens = at(day, self.opens);
        let closes = at(day, self.closes);
        let minutes = (closes - opens).num_minutes() / 3;
        let minute = i64::try_from(spread).unwrap_or_default().rem_euclid(minutes.max(1));
        let from = (opens + TimeDelta::minutes(minute)).max(now);
        (from + LEAST_TIME <= closes).then_some((from, closes))
    }
}

/// A message that could not leave within this time before the end of the hours waits for another day.
const LEAST_TIME: TimeDelta = TimeDelta::minutes(10);

/// A time on the clocks of Sierra Leone, which are those of UTC all year.
fn at(day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    day.and_time(time).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::messages::say;
    use crate::care::calendar::local_time;
    use crate::menu::{LoadOptions, Sources, load};
    use crate::messages::schedule::Anchor;
    use crate::ussd::catalog::CATALOG;

    fn menu() -> Menu {
        let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
        load(&Sources::from_embedded(), &CATALOG, &options).unwrap_or_else(|report| panic!("{report}"))
    }

    #[test]
    fn the_shipped_menus_have_the_texts_of_the_shipped_schedule() {
        let checked = check_texts(&Schedule::shipped().unwrap(), &menu());
        assert_eq!(checked, Ok(()));
    }

    /// What is said to a woman who lost a pregnancy or a child: by the plan's own test it is of these
    /// rows alone.
    #[test]
    fn no_text_that_goes_after_a_loss_mentions_a_baby_a_birth_a_due_date_or_a_vaccine() {
        const NEVER: [&str; 14] = [
            "baby", "babi", "bebi", "pikin", "child", "birth", "born", "bɔn", "due", "vaccin", "maklet",
            "pregnan", "bɛlɛ", "newborn",
        ];
        let (menu, schedule) = (menu(), Schedule::shipped().unwrap());
        let mut looked = 0;
        let neutral =
            |anchor| matches!(anchor, Anchor::Joined | Anchor::Visit | Anchor::Missed | Anchor::Supply);
        for rule in schedule.rules().iter().filter(|rule| neutral(rule.anchor)) {
            for name in std::iter::once(&rule.text).chain(&rule.covert) {
                for language in ["en", "kri"] {
                    let values: Vec<(&str, String)> = [
                        ("day", "2026-12-01"),
                        ("time", "09:30"),
                        ("facility", "Bo Government Hospital"),
                        ("service_code", "*468#"),
                        ("emergency", "117"),
                    ]
                    .map(|(name, value)| (name, value.to_owned()))
                    .into();
                    let said = say(&menu, name, language, &values).unwrap();
                    let text = said.text.to_lowercase();
                    for word in NEVER {
                        assert!(!text.contains(word), "{} ({language}) says {word}: {text}", rule.id);
                    }
                    looked += 1;
                }
            }
        }
        assert!(looked >= 16, "{looked}");
    }

    #[test]
    fn no_reminder_takes_more_than_two_sms() {
        let menu = menu();
        for rule in Schedule::shipped().unwrap().rules() {
            for name in std::iter::once(&rule.text).chain(&rule.covert) {
                for language in ["en", "kri"] {
                    let values = [
                        ("day", "2026-09-30".to_owned()),
                        ("time", "09:30".to_owned()),
                        ("facility", "Princess Christian Maternity Hospital".to_owned()),
                        ("service_code", "*468#".to_owned()),
                        ("emergency", "117".to_owned()),
                    ];
                    let said = say(&menu, name, language, &values).unwrap();
                    assert!(said.segments <= 2, "{name} ({language}): {} SMS: {}", said.segments, said.text);
                }
            }
        }
    }

    #[test]
    fn messages_go_between_nine_and_six_and_not_all_at_once() {
        let hours = ReminderHours::default();
        let day: NaiveDate = "2026-11-24".parse().unwrap();
        let night: DateTime<Utc> = "2026-11-24T05:00:00Z".parse().unwrap();
        let mut first = std::collections::BTreeSet::new();
        for spread in 0..1000 {
            let (from, until) = hours.slot(day, spread, night).unwrap();
            let (from_local, until_local) = (local_time(from), local_time(until));
            assert!(from_local.time() >= hours.opens && until_local.time() <= hours.closes && from < until);
            first.insert(from);
        }
        assert!(first.len() > 100);
        let late: DateTime<Utc> = "2026-11-24T17:30:00Z".parse().unwrap();
        assert_eq!(hours.slot(day, 3, late).map(|(from, _)| from), Some(late));
        assert_eq!(hours.slot(day, 3, "2026-11-24T17:55:00Z".parse().unwrap()), None);
        assert_eq!(hours.slot(day, 3, "2026-11-24T23:55:00Z".parse().unwrap()), None);
    }
}
