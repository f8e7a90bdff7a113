//! LOST: asks once, without naming what was lost; then ends every message about it, at once.

use chrono::TimeDelta;
use uuid::Uuid;

use super::scene::Scene;
use super::{CHANNEL, Done, Inbound, Work};
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::messages::Ask;
use crate::store::outbox::Kind;
use crate::store::questions::{self, About, NewQuestion};
use crate::store::tasks::{self, NewTask, TaskKind};
use crate::store::{access, holds};

/// Nothing planned is sent while her answer is waited for.
const QUIET_WHILE_ASKED: TimeDelta = TimeDelta::hours(24);
/// Nothing planned is sent after it.
const QUIET_AFTER: TimeDelta = TimeDelta::hours(48);
/// Her answer is taken for this long.
const QUESTION_LASTS: TimeDelta = TimeDelta::hours(72);
/// Staff call within this time.
const CALL_TIME: TimeDelta = TimeDelta::hours(24);

const NOTE_ASKED: &str = "LOST came by SMS from a number of hers. She was asked whether the messages are to stop; until she answers \
     nothing planned is sent for a day. Call gently: do not ask how the baby is.";
const NOTE_CONFIRMED: &str = "LOST came by SMS, and she said YES. All messages about a pregnancy or a child are held. Call gently, do \
     not ask how the baby is; record what happened, or lift the hold where it was a mistake.";
const NOTE_SHARED: &str =
    " Several women share this number: the messages of each of them are held until it is known who it was.";

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    pub(super) async fn lost(&self, scene: &Scene, work: &mut Work) -> Result<Done, PortError> {
        let Some((_, phone)) = scene.from else { return Ok(Done::asked(false)) };
        let open = questions::open(work, self.keyring(), &phone, scene.now).await?;
        // Who says it again is not asked again.
        if let Some(question) = open.iter().find(|question| question.about.ask == Ask::Loss) {
            return self.lost_confirmed(scene, question.id, work).await;
        }
        let people = mourning(scene);
        questions::close(work, &phone, &people, scene.now).await?;
        let question = NewQuestion {
            phone,
            person: scene.alone().map(|person| person.person),
            about: About { ask: Ask::Loss, subject: 0 },
            cause: &scene.cause("answer"),
            asked_at: scene.now,
            expires_at: scene.now + QUESTION_LASTS,
        };
        questions::ask(work, self.keyring(), &question).await?;
        holds::quiet(work, &people, scene.now + QUIET_WHILE_ASKED, scene.now).await?;
        self.call_task(scene, "lost", NOTE_ASKED, work).await?;
        Ok(Done::asked(self.send(scene, Kind::Answer, "lost_ask", &[], work).await?))
    }

    /// YES, or LOST once more: every message about it ends now.
    pub(super) async fn lost_confirmed(
        &self,
        scene: &Scene,
        question: i64,
        work: &mut Work,
    ) -> Result<Done, PortError> {
        let Some((_, phone)) = scene.from else { return Ok(Done::asked(false)) };
        if !questions::answer(work, self.keyring(), question, true, scene.inbound, scene.now).await? {
            return Ok(Done::asked(false));
        }
        let people = mourning(scene);
        questions::close(work, &phone, &people, scene.now).await?;
        holds::confirm(work, &people, scene.now + QUIET_AFTER, scene.now).await?;
        for person in &people {
            self.note(scene, *person, access::Act::Change, "messages", work).await?;
        }
        self.call_task(scene, "lost_confirmed", NOTE_CONFIRMED, work).await?;
        let name = if scene.covert() { "lost_yes_covert" } else { "lost_yes" };
        let [_, emergency] = self.how_to_reach_us();
        Ok(Done::asked(self.send(scene, Kind::Answer, name, &[emergency], work).await?))
    }

    /// NO: all goes on. What staff have confirmed meanwhile stays.
    pub(super) async fn not_lost(
        &self,
        scene: &Scene,
        question: i64,
        work: &mut Work,
    ) -> Result<Done, PortError> {
        if !questions::answer(work, self.keyring(), question, false, scene.inbound, scene.now).await? {
            return Ok(Done::asked(false));
        }
        holds::lift(work, &mourning(scene), true, scene.now).await?;
        Ok(Done::asked(self.send(scene, Kind::Answer, "lost_no", &[], work).await?))
    }

    async fn call_task(
        &self,
        scene: &Scene,
        what: &str,
        note: &str,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let cause = scene.cause(what);
        let shared = if scene.people.len() > 1 { NOTE_SHARED } else { "" };
        let task = NewTask {
            urgent: true,
            note: &format!("{note}{shared}"),
            due_at: scene.now + CALL_TIME,
            ..Self::task(scene, TaskKind::Call, &cause)
        };
        tasks::open(work, self.keyring(), &task).await?;
        tracing::info!(channel = CHANNEL, "staff are asked to call somebody gently");
        Ok(())
    }
}

/// Whose messages are held: of those on the number who are pregnant or have a small child as far as
/// we know, each; where nobody is, everybody.
fn mourning(scene: &Scene) -> Vec<Uuid> {
    let mothering: Vec<Uuid> =
        scene.people.iter().filter(|person| person.mothering).map(|person| person.person).collect();
    if mothering.is_empty() { scene.people.iter().map(|person| person.person).collect() } else { mothering }
}
