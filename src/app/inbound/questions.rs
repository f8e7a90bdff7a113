//! YES and NO: kept with the question that they answer, and with no other.

use chrono::TimeDelta;

use super::scene::Scene;
use super::{Done, Inbound, Work};
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::messages::Ask;
use crate::store::inbound::Outcome;
use crate::store::questions::{self, Question};
use crate::store::tasks::{self, NewTask, TaskKind};

/// Staff see to a visit that cannot be kept within this time.
const VISIT_TIME: TimeDelta = TimeDelta::days(1);
/// Staff call who is not well within this time.
const UNWELL_TIME: TimeDelta = TimeDelta::hours(1);

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    /// The answer to the question that waits for one. Where none waits, or one of several people could
    /// be meant, staff read it.
    pub(super) async fn answer(&self, scene: &Scene, yes: bool, work: &mut Work) -> Result<Done, PortError> {
        let Some((_, phone)) = scene.from else { return Ok(Done::asked(false)) };
        let mut open = questions::open(work, self.keyring(), &phone, scene.now).await?;
        open.retain(|question| question.asked);
        let Some(question) = meant(&open) else {
            self.open_message_task(scene, "YES or NO, and it is not clear to which question.", work).await?;
            return Ok(Done { outcome: Outcome::Desk, answered: None });
        };
        if question.about.ask == Ask::Loss {
            return if yes {
                self.lost_confirmed(scene, question.id, work).await
            } else {
                self.not_lost(scene, question.id, work).await
            };
        }
        if !questions::answer(work, self.keyring(), question.id, yes, scene.inbound, scene.now).await? {
            return Ok(Done::asked(false));
        }
        self.follow(scene, question, yes, work).await
    }

    async fn follow(
        &self,
        scene: &Scene,
        question: Question,
        yes: bool,
        work: &mut Work,
    ) -> Result<Done, PortError> {
        let cause = scene.cause("answered");
        let number = question.about.subject;
        let reply = match (question.about.ask, yes) {
            (Ask::Visit, true) => "visit_yes",
            (Ask::Visit, false) => {
                let note = format!("She says that she cannot come to her visit (number {number} of hers).");
                let task = NewTask {
                    note: &note,
                    due_at: scene.now + VISIT_TIME,
                    ..Self::task(scene, TaskKind::Visit, &cause)
                };
                tasks::open(work, self.keyring(), &NewTask { person: question.person, ..task }).await?;
                "visit_no"
            }
            (Ask::Well, true) => "well_yes",
            (Ask::Well, false) => {
                let note = "She was asked whether all is well and says NO. Call her now.";
                let task = NewTask {
                    urgent: true,
                    note,
                    due_at: scene.now + UNWELL_TIME,
                    ..Self::task(scene, TaskKind::Call, &cause)
                };
                tasks::open(work, self.keyring(), &NewTask { person: question.person, ..task }).await?;
                "well_no"
            }
            (Ask::Birth, true) => {
                let note = "She was asked whether the baby has come and says YES. Call her, see how both are, and record the birth.";
                let task = NewTask {
                    note,
                    due_at: scene.now + VISIT_TIME,
                    ..Self::task(scene, TaskKind::Birth, &cause)
                };
                tasks::open(work, self.keyring(), &NewTask { person: question.person, ..task }).await?;
                "told"
            }
            (Ask::Birth, false) => "told",
            (Ask::Loss, _) => return Ok(Done::asked(false)),
        };
        let [_, emergency] = self.how_to_reach_us();
        let values = if reply == "well_no" { vec![emergency] } else { vec![] };
        Ok(Done::asked(self.reply(scene, reply, &values, work).await?))
    }
}

/// The question that an answer is to: one about a loss before any other, else the newest. Questions
/// about different people are not told apart by a YES.
fn meant(open: &[Question]) -> Option<Question> {
    let loss = open.iter().find(|question| question.about.ask == Ask::Loss);
    let newest = open.first()?;
    if loss.is_none() && open.iter().any(|question| question.person != newest.person) {
        return None;
    }
    Some(*loss.unwrap_or(newest))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::store::questions::About;

    fn question(id: i64, person: u128, ask: Ask) -> Question {
        Question { id, person: Some(Uuid::from_u128(person)), about: About { ask, subject: 1 }, asked: true }
    }

    #[test]
    fn an_answer_is_to_the_newest_question_but_a_loss_comes_first() {
        let (visit, well) = (question(2, 1, Ask::Visit), question(1, 1, Ask::Well));
        let loss = question(0, 1, Ask::Loss);
        assert_eq!(meant(&[]), None);
        assert_eq!(meant(&[visit, well]), Some(visit));
        assert_eq!(meant(&[visit, well, loss]), Some(loss));
        assert_eq!(meant(&[visit, question(1, 2, Ask::Visit)]), None, "whose?");
    }
}
