//! A data port with sessions alone: no source has an item, no action does anything.

use chrono::{DateTime, Utc};
use mamacare::app::turns::{Committed, DataPort, PortError, TurnWrite};
use mamacare::store::turns::Turns;
use mamacare::ussd::SessionKey;
use mamacare::ussd::port::{Answer, Caller, Deed, Opening, Outcome, Question, Stored};

pub struct PlainPort {
    pub sessions: Turns,
}

impl DataPort for PlainPort {
    type Work = ();

    async fn opening(
        &self,
        key: SessionKey,
        phone: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<Opening, PortError> {
        Ok(self.sessions.opening(key, phone, now).await?)
    }

    async fn load(&self, key: SessionKey) -> Result<Option<Stored>, PortError> {
        Ok(self.sessions.load(key).await?)
    }

    async fn answer(&self, _: &Caller, questions: &[Question]) -> Result<Vec<Answer>, PortError> {
        Ok(questions.iter().map(|_| Answer::new()).collect())
    }

    async fn act(&self, _: &Caller, deed: Deed, _: &mut Option<()>) -> Result<Outcome, PortError> {
        Err(PortError::Broken(format!("{} is not done here", deed.action.name)))
    }

    async fn commit(&self, _: Option<()>, write: TurnWrite) -> Result<Committed, PortError> {
        let written = self.sessions.commit(write).await?;
        Ok(if written { Committed::Yes } else { Committed::Overtaken })
    }
}
