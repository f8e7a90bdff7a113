//! The dry run: who would get what, when, as things stand now. It writes nothing.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::compose::Composer;
use super::{ReminderSettings, calendars};
use crate::app::messages::SayError;
use crate::care::{Country, Msisdn};
use crate::menu::Menu;
use crate::messages::planner::{Occasion, Planned, STAFF_STEP, plan};
use crate::messages::schedule::Schedule;
use crate::privacy::Vault;
use crate::store::StoreError;
use crate::store::facilities::Places;
use crate::store::planner::{self, PersonFacts};

/// People who are looked at together.
const TOGETHER: usize = 500;
/// Days that one dry run shows.
const MOST_DAYS: i64 = 366;

/// Why there is no dry run.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The days.
    #[error("--to {to} lies before --from {from}")]
    Backwards {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
    },
    /// Too many of them.
    #[error("at most {MOST_DAYS} days are shown at once")]
    TooLong,
    /// What is past was sent or not; the outbox tells.
    #[error("--from {0} is past; a dry run begins today")]
    Past(NaiveDate),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A text.
    #[error(transparent)]
    Text(#[from] SayError),
}

/// One message, or one task of staff, of a dry run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// The day.
    pub day: NaiveDate,
    /// From when on it may go; none for what goes to the list of staff.
    pub from: Option<NaiveTime>,
    /// The end of her id.
    pub person: String,
    /// Her number, but for its last digits; none where it goes to the list of staff.
    pub number: Option<Msisdn>,
    /// The row of the schedule and which of its times.
    pub rule: String,
    /// The message's name.
    pub text_name: String,
    /// What it says.
    pub text: String,
}

/// What a dry run needs.
pub struct PreviewParts<'a> {
    /// Connections.
    pub pool: &'a PgPool,
    /// Sealing.
    pub vault: &'a Vault,
    /// The menu, for the texts.
    pub menu: &'a Menu,
    /// Names of facilities.
    pub places: &'a Places,
    /// Schedules of the country.
    pub country: &'a Country,
    /// The schedule of reminders.
    pub schedule: &'a Schedule,
    /// How reminders go.
    pub settings: &'a ReminderSettings,
}

/// Who would get what from one day to another, in the order of the days. `from` is today or later.
pub async fn preview(
    parts: &PreviewParts<'_>,
    from: NaiveDate,
    to: NaiveDate,
    today: NaiveDate,
) -> Result<Vec<Line>, PreviewError> {
    if from < today {
        return Err(PreviewError::Past(from));
    }
    if to < from {
        return Err(PreviewError::Backwards { from, to });
    }
    if (to - from).num_days() >= MOST_DAYS {
        return Err(PreviewError::TooLong);
    }
    let calendars = calendars(parts.schedule, parts.country);
    let mut connection = parts.pool.acquire().await?;
    let people = planner::candidates_between(&mut connection, calendars, today, to).await?;
    let mut lines = Vec::new();
    let mut composer = Composer::new(parts.menu, parts.places, &parts.settings.service_code);
    for some in people.chunks(TOGETHER) {
        for mut person in planner::facts(&mut connection, parts.vault, some, today).await? {
            // The days up to the first one shown pass too: what goes then does not go later.
            for day in today.iter_days().take_while(|day| *day <= to) {
                let shown = day >= from;
                one_day(parts, &mut person, day, &mut composer, |line| {
                    if shown {
                        lines.push(line);
                    }
                })?;
            }
        }
    }
    lines.sort_by(|one, other| (one.day, one.from, &one.person).cmp(&(other.day, other.from, &other.person)));
    Ok(lines)
}

fn one_day(
    parts: &PreviewParts<'_>,
    person: &mut PersonFacts,
    day: NaiveDate,
    composer: &mut Composer<'_>,
    mut show: impl FnMut(Line),
) -> Result<(), PreviewError> {
    let made = plan(calendars(parts.schedule, parts.country), &person.facts, day);
    if made.is_empty() {
        return Ok(());
    }
    let id = person.key.person();
    let line = |occasion: &Occasion<'_>, text: &str, covert: bool| Line {
        day,
        from: None,
        person: short(id),
        number: None,
        rule: format!("{}/{}", occasion.rule.id, occasion.step),
        text_name: if covert {
            occasion.rule.covert.as_ref().unwrap_or(&occasion.rule.text)
        } else {
            &occasion.rule.text
        }
        .clone(),
        text: text.to_owned(),
    };
    for occasion in &made.staff {
        let name = format!("{}/staff", occasion.rule.id);
        show(Line { rule: name, ..line(occasion, "", false) });
    }
    if let Some(occasion) = &made.unreachable {
        let text = composer.compose(occasion, &person.language, false)?.text.clone();
        show(line(occasion, &text, false));
    }
    if let (Some(occasion), Some(phone)) = (&made.message, made.phone) {
        let covert = person.facts.covert;
        let text = composer.compose(occasion, &person.language, covert)?.text.clone();
        let number = person.numbers.iter().find(|(known, _)| *known == phone).map(|(_, msisdn)| *msisdn);
        let slot = parts.settings.hours.slot(day, super::round::spread(id), DateTime::<Utc>::MIN_UTC);
        show(Line { from: slot.map(|(from, _)| from.time()), number, ..line(occasion, &text, covert) });
    }
    let told = made.message.iter().chain(&made.also).chain(&made.unreachable).chain(&made.staff);
    let told: Vec<Planned> =
        told.map(|occasion| remembered(occasion, day, made.unreachable.is_some())).collect();
    person.facts.planned.extend(told);
    Ok(())
}

fn remembered(occasion: &Occasion<'_>, day: NaiveDate, listed: bool) -> Planned {
    Planned {
        rule: occasion.rule.id.clone(),
        step: occasion.step,
        subject: occasion.subject,
        due_on: occasion.due_on,
        send_on: day,
        counts: true,
        message: !listed && occasion.step != STAFF_STEP,
    }
}

/// The end of an id: enough to tell people of a list apart.
fn short(id: Uuid) -> String {
    let text = id.simple().to_string();
    text.get(text.len().saturating_sub(8)..).unwrap_or_default().to_owned()
}
