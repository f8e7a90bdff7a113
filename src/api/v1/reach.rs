//! Whose record may be opened: by the staff of a facility, those of patients in its care; others by a
//! professional who gave a reason.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::frame::gate::Actor;
use crate::api::frame::{Api, Problem};
use crate::identity::Role;
use crate::store::accounts::Subject;
use crate::store::record::reach::{self, Patient, Reached};

/// What somebody wants with a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wants {
    /// To read it.
    Read,
    /// To change it.
    Change,
}

/// Why the record of a patient who is not in the facility's care stays closed. A professional is told that
/// there is such a patient, since she may open the record with a reason.
pub fn closed(actor: &Actor) -> Problem {
    if actor.role != Role::Professional {
        return nobody();
    }
    let detail = "this patient is not in your facility's care; to read her record give a reason, at POST /api/v1/patients/{id}/open";
    Problem::forbidden(detail).kind("/problems/reason-needed")
}

/// Why there is nothing to read.
pub fn nobody() -> Problem {
    Problem::missing("there is no such patient, or she is not in your facility's care")
}

/// The one or the other. Row-level security hides who is not in care, so that there is such a patient at all
/// is asked apart.
pub async fn refusal(work: &mut PgConnection, actor: &Actor, person: Uuid) -> Result<Problem, Problem> {
    Ok(if reach::is_kept(work, person).await? { closed(actor) } else { nobody() })
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
    let may = |reached: &Reached| reached.in_care || (reached.opened && wants == Wants::Read);
    match found.filter(may) {
        Some(reached) => Ok(reached.patient),
        None => Err(refusal(work, actor, person).await?),
    }
}
