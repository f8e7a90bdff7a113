//! Whose record may be opened: by the staff of a facility, those of patients in its care; others by a
//! professional who gave a reason.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::frame::gate::Actor;
use crate::api::frame::{Api, Problem};
use crate::identity::Role;
use crate::store::accounts::Subject;
use crate::store::record::reach::{self, Patient, Reached};

const NOBODY: &str = "there is no such patient, or she is not in your facility's care";

/// What somebody wants with a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wants {
    /// To read it.
    Read,
    /// To change it.
    Change,
}

/// Whether a record that was found may be opened.
pub const fn may(reached: &Reached, wants: Wants) -> bool {
    reached.in_care || (reached.opened && matches!(wants, Wants::Read))
}

/// Why a record may not be opened. Row-level security hides it, so that there is such a patient at all is
/// asked apart; a professional is told, since she may open the record with a reason.
pub async fn refusal(work: &mut PgConnection, actor: &Actor, person: Uuid) -> Result<Problem, Problem> {
    if actor.role == Role::Professional && reach::is_kept(work, person).await? {
        let detail = "this patient is not in your facility's care; to read her record give a reason, at POST /api/v1/patients/{id}/open";
        return Ok(Problem::forbidden(detail).kind("/problems/reason-needed"));
    }
    Ok(Problem::missing(NOBODY))
}

/// The patient, where this account may do that with her record.
pub async fn reached(
    api: &Api,
    work: &mut PgConnection,
    actor: &Actor,
    person: Uuid,
    wants: Wants,
) -> Result<Patient, Problem> {
    let Subject::Staff(staff) = actor.subject else { return Err(Problem::forbidden("this is for staff")) };
    let found = reach::reach(work, &api.vault, person, actor.own_facility()?, staff, api.now()).await?;
    match found.filter(|reached| may(reached, wants)) {
        Some(reached) => Ok(reached.patient),
        None => Err(refusal(work, actor, person).await?),
    }
}
