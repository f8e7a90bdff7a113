//! The paths and field names of the system before this one, so that its clients can move over. What
//! was unsafe there is made safe here; `docs/migration.md` says how.

mod admins;
mod births;
mod change_by_pin;
mod clinical;
mod directory;
mod doctors;
mod enrol;
mod facilities;
mod feedback;
mod figures;
mod form;
mod gone;
mod mobile;
mod patient;
mod profile;
mod register;

pub use form::{Form, flag, texts};

use super::frame::Routes;

/// Lists the routes of all groups.
pub fn list(routes: &mut Routes) {
    register::list(routes);
    enrol::list(routes);
    patient::list(routes);
    clinical::list(routes);
    births::list(routes);
    mobile::list(routes);
    directory::list(routes);
    feedback::list(routes);
    admins::list(routes);
    facilities::list(routes);
    doctors::list(routes);
    figures::list(routes);
    gone::list(routes);
}
