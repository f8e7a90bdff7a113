//! One round of planning: who may get something today, what she gets, and the message queued with the
//! memory of it in one transaction.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::compose::Composer;
use super::{Reminders, at};
use crate::app::turns::{MenuShelf, PortError};
use crate::care::calendar::local_day;
use crate::menu::Menu;
use crate::messages::planner::{Occasion, Plan, plan};
use crate::messages::schedule::Anchor;
use crate::store::outbox::{self, Kind, NewMessage, Planned};
use crate::store::planner::{self, PersonFacts, PlannedRow};
use crate::store::questions::{self, About, NewQuestion};
use crate::store::tasks::{self, NewTask, TaskKind};

/// A round begins so long before the first message may go.
const AHEAD: TimeDelta = TimeDelta::hours(2);
/// An answer to the question of a reminder is taken for this long.
const QUESTION_LASTS: TimeDelta = TimeDelta::days(3);
/// Staff look after a visit within this time.
const STAFF_TIME: TimeDelta = TimeDelta::days(3);

/// What a round came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Round {
    /// People who were looked at.
    pub people: usize,
    /// Messages that were queued.
    pub messages: usize,
    /// Tasks for staff that were opened.
    pub tasks: usize,
}

impl Round {
    const fn add(&mut self, other: Self) {
        self.people += other.people;
        self.messages += other.messages;
        self.tasks += other.tasks;
    }
}

impl<M: MenuShelf> Reminders<M> {
    /// Makes rounds for as long as it is polled.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(self.0.settings.every.min(std::time::Duration::from_secs(30)));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.round_if_due().await {
                Ok(Some(round)) if round != Round::default() => {
                    let Round { people, messages, tasks } = round;
                    tracing::info!(people, messages, tasks, "reminders were planned");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "reminders were not planned; they will be"),
            }
        }
    }

    /// A round, where one is due and no other node makes it.
    pub async fn round_if_due(&self) -> Result<Option<Round>, PortError> {
        let now = self.0.clock.now();
        if !self.within_hours(now) {
            return Ok(None);
        }
        let every = TimeDelta::from_std(self.0.settings.every).unwrap_or(TimeDelta::minutes(5));
        if !planner::claim_round(&self.0.pool, every, now).await? {
            return Ok(None);
        }
        self.round(local_day(now)).await.map(Some)
    }

    /// Whether messages of today may go yet, or soon, and still can.
    fn within_hours(&self, now: DateTime<Utc>) -> bool {
        let hours = self.0.settings.hours;
        let today = local_day(now);
        at(today, hours.opens) - AHEAD <= now && now + super::LEAST_TIME <= at(today, hours.closes)
    }

    /// Plans a day, whoever else does so too.
    pub async fn round(&self, day: NaiveDate) -> Result<Round, PortError> {
        let parts = &*self.0;
        let people = {
            let mut work = parts.pool.begin().await?;
            planner::be_patient(&mut work).await?;
            planner::settle(&mut *work, parts.clock.now()).await?;
            let people = planner::candidates(&mut work, self.calendars(), day).await?;
            work.commit().await?;
            people
        };
        let menu = parts.menus.current();
        let mut sum = Round::default();
        let mut running = JoinSet::new();
        for some in people.chunks(parts.settings.together.max(1)) {
            if running.len() >= parts.settings.at_once.max(1)
                && let Some(done) = running.join_next().await
            {
                sum.add(done.map_err(|_| stopped())??);
            }
            let (planner, menu, some) = (self.clone(), Arc::clone(&menu), some.to_vec());
            running.spawn(async move { planner.plan_some(&some, day, &menu).await });
        }
        while let Some(done) = running.join_next().await {
            sum.add(done.map_err(|_| stopped())??);
        }
        Ok(sum)
    }

    /// Plans some people together. Where that cannot be, because of what is stored of one of them, each
    /// by herself, so that nobody stands in the way of the others.
    async fn plan_some(&self, people: &[Uuid], day: NaiveDate, menu: &Menu) -> Result<Round, PortError> {
        planner::enter(&self.0.pool, people).await?;
        match self.plan_together(people, day, menu).await {
            Err(PortError::Broken(_)) => {}
            done => return done,
        }
        let mut sum = Round::default();
        for person in people {
            match self.plan_together(std::slice::from_ref(person), day, menu).await {
                Err(PortError::Broken(reason)) => {
                    tracing::error!(%person, reason, "nothing is planned for her");
                }
                done => sum.add(done?),
            }
        }
        Ok(sum)
    }

    async fn plan_together(&self, people: &[Uuid], day: NaiveDate, menu: &Menu) -> Result<Round, PortError> {
        let parts = &*self.0;
        let now = parts.clock.now();
        let mut work = parts.pool.begin().await?;
        planner::be_patient(&mut work).await?;
        // From here on they are ours, or somebody else's.
        let people = planner::hold(&mut work, people, day).await?;
        let all = planner::facts(&mut work, &parts.vault, &people, day).await?;
        let places = parts.directory.places();
        let mut composer = Composer::new(menu, &places, &parts.settings.service_code);
        let mut batch = Batch::default();
        for person in &all {
            let plan = plan(self.calendars(), &person.facts, day);
            self.take(person, &plan, (day, now), &mut composer, &mut batch)?;
        }
        let round = Round { people: people.len(), messages: batch.messages.len(), tasks: batch.tasks.len() };
        self.write(&mut work, &batch, (day, now)).await?;
        planner::seen(&mut work, &people, day).await?;
        work.commit().await?;
        Ok(round)
    }

    /// Adds one person's plan to what is written.
    fn take(
        &self,
        person: &PersonFacts,
        plan: &Plan<'_>,
        (day, now): (NaiveDate, DateTime<Utc>),
        composer: &mut Composer<'_>,
        batch: &mut Batch,
    ) -> Result<(), PortError> {
        let id = person.key.person();
        for occasion in &plan.staff {
            batch.rows.push(PlannedRow::of(id, occasion, None));
            batch.tasks.push(Task::look_after(person, occasion));
        }
        if let Some(occasion) = &plan.unreachable {
            let said = composer.compose(occasion, &person.language, false).map_err(|error| broken(&error))?;
            batch.rows.push(PlannedRow::of(id, occasion, None));
            batch.tasks.push(Task::tell(person, occasion, &said.text));
        }
        let (Some(occasion), Some(phone)) = (&plan.message, plan.phone) else { return Ok(()) };
        let to = person.numbers.iter().find(|(known, _)| *known == phone).map(|(_, msisdn)| *msisdn);
        let slot = self.0.settings.hours.slot(day, spread(id), now);
        let (Some(to), Some((not_before, expires_at))) = (to, slot) else { return Ok(()) };
        let said = composer
            .compose(occasion, &person.language, person.facts.covert)
            .map_err(|error| broken(&error))?;
        let cause = cause(id, occasion, person.revision(occasion));
        batch.rows.extend(
            std::iter::once(occasion)
                .chain(&plan.also)
                .map(|occasion| PlannedRow::of(id, occasion, Some(cause.clone()))),
        );
        if let Some(ask) = occasion.rule.ask {
            let about = About { ask, subject: occasion.subject };
            let until = not_before + QUESTION_LASTS;
            batch.questions.push(Question {
                phone,
                person: id,
                about,
                cause: cause.clone(),
                asked_at: not_before,
                until,
            });
        }
        batch.messages.push(Message {
            cause,
            key: person.key.clone(),
            to,
            phone,
            language: said.language.clone(),
            text: said.text.clone(),
            segments: said.segments,
            not_before,
            expires_at,
        });
        Ok(())
    }

    async fn write(
        &self,
        work: &mut PgConnection,
        batch: &Batch,
        (day, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<(), PortError> {
        let keyring = self.0.vault.keyring();
        let messages: Vec<Planned<'_>> = batch.messages.iter().map(|message| message.planned(now)).collect();
        outbox::enqueue_planned(work, keyring, &messages).await?;
        planner::remember(work, &batch.rows, day, now).await?;
        for question in &batch.questions {
            let question = NewQuestion {
                phone: question.phone,
                person: Some(question.person),
                about: question.about,
                cause: &question.cause,
                asked_at: question.asked_at,
                expires_at: question.until,
            };
            questions::ask(work, keyring, &question).await?;
        }
        for task in &batch.tasks {
            let task = NewTask {
                cause: &task.cause,
                kind: task.kind,
                urgent: false,
                person: Some(task.person),
                phone: None,
                facility: task.facility,
                inbound: None,
                note: &task.note,
                now,
                due_at: now + STAFF_TIME,
            };
            tasks::open(work, keyring, &task).await?;
        }
        Ok(())
    }
}

/// What some people's plans write.
#[derive(Default)]
struct Batch {
    messages: Vec<Message>,
    rows: Vec<PlannedRow>,
    questions: Vec<Question>,
    tasks: Vec<Task>,
}

struct Message {
    cause: String,
    key: crate::privacy::PersonKey,
    to: crate::care::Msisdn,
    phone: [u8; 16],
    language: String,
    text: String,
    segments: usize,
    not_before: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Message {
    fn planned(&self, now: DateTime<Utc>) -> Planned<'_> {
        let message = NewMessage {
            cause: &self.cause,
            kind: Kind::Reminder,
            owner: Some(&self.key),
            to: self.to,
            phone: self.phone,
            language: &self.language,
            text: &self.text,
            segments: self.segments,
            now,
            expires_at: self.expires_at,
        };
        Planned { message, not_before: self.not_before }
    }
}

struct Question {
    phone: [u8; 16],
    person: Uuid,
    about: About,
    cause: String,
    asked_at: DateTime<Utc>,
    until: DateTime<Utc>,
}

struct Task {
    cause: String,
    kind: TaskKind,
    person: Uuid,
    facility: Option<i32>,
    note: String,
}

impl Task {
    fn look_after(person: &PersonFacts, occasion: &Occasion<'_>) -> Self {
        let what = match occasion.rule.anchor {
            Anchor::Vaccines => {
                format!("The vaccines of her child (number {}) due on {}", occasion.subject, occasion.day)
            }
            _ => format!("Her visit of {} (number {})", occasion.day, occasion.subject),
        };
        let note = format!("{what}: she was reminded, and nothing is recorded since. Look for her.");
        Self::of(person, occasion, TaskKind::Visit, note)
    }

    fn tell(person: &PersonFacts, occasion: &Occasion<'_>, text: &str) -> Self {
        let note = format!("No number of hers is known. She was to be told: {text}");
        Self::of(person, occasion, TaskKind::Unreachable, note)
    }

    fn of(person: &PersonFacts, occasion: &Occasion<'_>, kind: TaskKind, note: String) -> Self {
        let id = person.key.person();
        Self {
            cause: format!("{}/staff", cause(id, occasion, 0)),
            kind,
            person: id,
            facility: occasion.facility.or(person.home_facility),
            note,
        }
    }
}

/// The same reminder of the same day has the same cause, whichever node plans it.
fn cause(person: Uuid, occasion: &Occasion<'_>, revision: i16) -> String {
    let Occasion { rule, step, subject, due_on, .. } = occasion;
    format!("reminder/{}/{}/{step}/{subject}/{due_on}/{revision}", person.simple(), rule.id)
}

/// A number by which messages are spread over the morning.
pub(super) fn spread(person: Uuid) -> u64 {
    let mut hasher = DefaultHasher::new();
    person.hash(&mut hasher);
    hasher.finish()
}

fn stopped() -> PortError {
    PortError::Broken("a part of a round ended early".to_owned())
}

fn broken(error: &crate::app::messages::SayError) -> PortError {
    PortError::Broken(error.to_string())
}
