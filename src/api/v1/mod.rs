//! The clean resources, one file a group.

mod appointments;
mod audit;
mod births;
mod consents;
mod facilities;
mod messages;
mod patients;
mod pregnancies;
mod prescriptions;
mod professionals;
pub(super) mod reach;
mod record;
mod referrals;
mod show;
mod tables;
mod users;
mod visits;

pub(super) use facilities::{FacilityKindWord, documents_of, new_facility};
pub(super) use professionals::public as public_professionals;
pub(super) use reach::reached;
pub(super) use tables::{export_lines, import_table};

use super::frame::Routes;

/// Lists the routes of all groups.
pub fn list(routes: &mut Routes) {
    patients::list(routes);
    record::list(routes);
    visits::list(routes);
    pregnancies::list(routes);
    births::list(routes);
    prescriptions::list(routes);
    appointments::list(routes);
    referrals::list(routes);
    messages::list(routes);
    consents::list(routes);
    facilities::list(routes);
    professionals::list(routes);
    users::list(routes);
    audit::list(routes);
    tables::list(routes);
}
