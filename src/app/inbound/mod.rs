//! What people send by SMS: stored once, read, done, answered, in one transaction.

mod clinics;
mod desk;
mod lost;
mod pin;
mod programmes;
mod questions;
mod scene;
mod settings;
mod visits;
mod ways_in;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::Semaphore;

use crate::app::clock::Clock;
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::care::{Country, Msisdn};
use crate::channels::sms::inbound::{InboundTaker, NotStored, Received, Sender};
use crate::messages::keywords::{Keyword, Keywords, Reading};
use crate::privacy::{Keyring, Vault};
use crate::store::facilities::Directory;
use crate::store::inbound::{self, Answered, NewInbound, Outcome};
use crate::store::{access, phones, programmes as stops};
use scene::Scene;

pub use settings::InboundSettings;
pub use ways_in::{keep_forgetting, keep_tidy, ways_in};

/// A message's open transaction.
type Work = Transaction<'static, Postgres>;

/// Messages that are worked on at once: each holds a connection, and turns need theirs.
const AT_ONCE: usize = 4;

/// Channel, as the audit trail and consents name it.
const CHANNEL: &str = "sms";

/// What the taker is made of.
pub struct InboundParts<P, M> {
    /// Connections.
    pub pool: PgPool,
    /// Sealing.
    pub vault: Arc<Vault>,
    /// Does what menus can do too: a new PIN.
    pub port: P,
    /// Districts and facilities.
    pub directory: Directory,
    /// Schedules of the country.
    pub country: Arc<Country>,
    /// Words that people send.
    pub keywords: Keywords,
    /// The menus, for the texts of answers.
    pub menus: M,
    /// Tells the time.
    pub clock: Clock,
    /// What it is set to.
    pub settings: InboundSettings,
}

/// Takes what people send by SMS.
pub struct Inbound<P, M> {
    parts: InboundParts<P, M>,
    places: Semaphore,
}

/// What a message came to.
struct Done {
    outcome: Outcome,
    answered: Option<Answered>,
}

impl Done {
    const fn asked(answered: bool) -> Self {
        Self { outcome: Outcome::Done, answered: if answered { Some(Answered::Asked) } else { None } }
    }

    const CUT: Self = Self { outcome: Outcome::Cut, answered: None };
}

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    /// A taker.
    pub fn new(parts: InboundParts<P, M>) -> Self {
        Self { parts, places: Semaphore::new(AT_ONCE) }
    }

    fn keyring(&self) -> &Keyring {
        self.parts.vault.keyring()
    }

    async fn handle(&self, message: &Received) -> Result<(), PortError> {
        let now = self.parts.clock.now();
        let mut work = self.parts.pool.begin().await?;
        let Some(scene) = self.record(message, now, &mut work).await? else {
            tracing::debug!(provider = &*message.provider, "an inbound message was delivered again");
            return Ok(());
        };
        let mut work = Some(work);
        let (reading, done) = self.respond(message, &scene, &mut work).await?;
        let mut work =
            work.ok_or_else(|| PortError::Broken("a transaction that was begun is not there".to_owned()))?;
        let keyword = reading.as_ref().map(|reading| reading.keyword.code());
        inbound::settle(&mut work, scene.inbound, keyword, done.outcome, done.answered).await?;
        work.commit().await?;
        tracing::debug!(provider = &*message.provider, keyword, outcome = ?done.outcome, "an inbound message was taken");
        Ok(())
    }

    /// Stores a message and holds its number; none where it is stored already.
    async fn record(
        &self,
        message: &Received,
        now: DateTime<Utc>,
        work: &mut Work,
    ) -> Result<Option<Scene>, PortError> {
        let number = match &message.from {
            Sender::Number(number) => Some(*number),
            Sender::Other(_) => None,
        };
        let phone = number.map(|number| self.keyring().phone_index(number));
        let delivery = self.keyring().session_key(&format!("sms/{}", message.provider), &message.id);
        let words = message.text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let text_mark = self.keyring().mark(words.as_bytes());
        let e164 = number.map(Msisdn::e164);
        let sender = match &message.from {
            Sender::Number(_) => e164.as_deref().unwrap_or_default(),
            Sender::Other(name) => name,
        };
        let row = NewInbound {
            delivery,
            provider: &message.provider,
            phone,
            sender,
            body: &message.text,
            text_mark,
            sent_at: message.sent_at,
            now,
        };
        let Some(inbound) = inbound::record(work, self.keyring(), &row).await? else { return Ok(None) };
        if let Some(phone) = &phone {
            phones::hold(work, phone).await?;
        }
        let from = number.zip(phone);
        Scene::read(inbound, delivery, from, text_mark, now, work).await.map(Some)
    }

    async fn respond(
        &self,
        message: &Received,
        scene: &Scene,
        work: &mut Option<Work>,
    ) -> Result<(Option<Reading>, Done), PortError> {
        let reading = self.parts.keywords.recognise(&message.text);
        if let Some(why) = self.robot(message, scene) {
            // A robot's STOP is a STOP.
            if let (Some(Reading { keyword: Keyword::Stop(scope), .. }), Some(_)) = (&reading, scene.from) {
                self.stop(scene, scope, false, begun(work)?).await?;
            }
            tracing::info!(provider = &*message.provider, why, "an inbound message is left unanswered");
            return Ok((reading, Done::CUT));
        }
        let (Some(read), Some(_)) = (&reading, scene.from) else {
            // No keyword; or from abroad, where no answer of ours goes.
            return Ok((reading, self.for_staff(message, scene, true, begun(work)?).await?));
        };
        let scene = scene.in_language_of(read);
        let mut done = self.act(&read.keyword, &scene, work).await?;
        if read.remark {
            let desk = self.for_staff(message, &scene, done.answered.is_none(), begun(work)?).await?;
            done = Done { outcome: desk.outcome, answered: done.answered.or(desk.answered) };
        }
        Ok((reading, done))
    }

    async fn act(
        &self,
        keyword: &Keyword,
        scene: &Scene,
        work: &mut Option<Work>,
    ) -> Result<Done, PortError> {
        match keyword {
            Keyword::Stop(scope) => self.stop(scene, scope, true, begun(work)?).await,
            Keyword::Start(scope) => self.start(scene, scope, begun(work)?).await,
            Keyword::Help => self.help(scene, begun(work)?).await,
            Keyword::Clinic(place) => self.clinics(scene, place, begun(work)?).await,
            _ if scene.people.is_empty() => self.unknown_number(scene, begun(work)?).await,
            Keyword::Pin(year) => self.new_pin(scene, *year, work).await,
            Keyword::Next => self.next_visit(scene, begun(work)?).await,
            Keyword::Baby => self.next_vaccines(scene, begun(work)?).await,
            Keyword::Lost => self.lost(scene, begun(work)?).await,
            Keyword::Yes => self.answer(scene, true, begun(work)?).await,
            Keyword::No => self.answer(scene, false, begun(work)?).await,
        }
    }

    /// What could not be worked on is kept for staff: a fault of ours must not lose it.
    async fn keep_for_staff(&self, message: &Received) -> Result<(), PortError> {
        let now = self.parts.clock.now();
        let mut work = self.parts.pool.begin().await?;
        let Some(scene) = self.record(message, now, &mut work).await? else { return Ok(()) };
        self.open_message_task(&scene, "It could not be worked on by itself.", &mut work).await?;
        inbound::settle(&mut work, scene.inbound, None, Outcome::Desk, None).await?;
        Ok(work.commit().await?)
    }

    /// Notes what happened to her data by SMS, for the audit trail.
    async fn note(
        &self,
        scene: &Scene,
        person: uuid::Uuid,
        act: access::Act,
        what: &str,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let line =
            access::OwnAccess { person, act, what, channel: CHANNEL, session: scene.delivery, at: scene.now };
        Ok(access::record(work, &[line]).await?)
    }
}

/// The message's transaction.
fn begun(work: &mut Option<Work>) -> Result<&mut Work, PortError> {
    work.as_mut().ok_or_else(|| PortError::Broken("a transaction that was begun is not there".to_owned()))
}

impl<P: DataPort<Work = Work>, M: MenuShelf> InboundTaker for Inbound<P, M> {
    async fn take(&self, message: Received) -> Result<(), NotStored> {
        // The semaphore is never closed.
        let _place = self.places.acquire().await.map_err(|_| NotStored)?;
        let taken = match self.handle(&message).await {
            Err(PortError::Broken(reason)) => {
                tracing::error!(
                    provider = &*message.provider,
                    reason,
                    "an inbound message is kept for staff"
                );
                self.keep_for_staff(&message).await
            }
            taken => taken,
        };
        taken.map_err(|error| {
            tracing::warn!(provider = &*message.provider, %error, "an inbound message was not stored");
            NotStored
        })
    }

    async fn opted_out(&self, provider: &str, number: Msisdn) -> Result<(), NotStored> {
        let stop = async {
            let phone = self.keyring().phone_index(number);
            let mut work = self.parts.pool.begin().await?;
            phones::hold(&mut work, &phone).await?;
            stops::stop_all(&mut work, &phone, self.parts.clock.now()).await?;
            work.commit().await
        };
        stop.await.map_err(|error: sqlx::Error| {
            tracing::warn!(provider, %error, "an opt-out was not stored");
            NotStored
        })
    }

    fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }
}
