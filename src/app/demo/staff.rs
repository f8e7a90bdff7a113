//! The staff of the demo: one account of each role, invented, with a password that is drawn.

use uuid::Uuid;

use crate::store::staff::Role;

/// One of them, as far as it is fixed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub role: Role,
    pub email: &'static str,
    pub name: &'static str,
    pub profession: Option<&'static str>,
    pub facility: Option<i32>,
}

/// All of them; scripts rely on their order and roles.
pub(super) const STAFF: [Account; 4] = [
    Account {
        role: Role::Administrator,
        email: "admin@demo.mamacare.example",
        name: "Demo administrator",
        profession: None,
        facility: None,
    },
    Account {
        role: Role::Hospital,
        email: "hospital@demo.mamacare.example",
        name: "Demo hospital office",
        profession: None,
        facility: Some(6),
    },
    Account {
        role: Role::Professional,
        email: "midwife@demo.mamacare.example",
        name: "Demo midwife",
        profession: Some("midwife"),
        facility: Some(6),
    },
    Account {
        role: Role::Pharmacy,
        email: "pharmacy@demo.mamacare.example",
        name: "Demo pharmacy in Bo",
        profession: None,
        facility: Some(90_001),
    },
];

const FIRST_ID: u128 = 0x6d61_6d61_0002_8000_8000_0000_0000_0000;

/// The id of the account at that place of [`STAFF`].
pub(super) fn staff_id(place: usize) -> Uuid {
    Uuid::from_u128(FIRST_ID + 1 + place as u128)
}

/// Who has looked at the records of the demo's mothers.
pub(super) fn midwife_id() -> Uuid {
    staff_id(2)
}
