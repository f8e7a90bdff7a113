//! Roles, and the one table that says what each may do. A handler names its permission in its own
//! signature by the type that stands for it here; which patients, staff and facilities a role
//! reaches is the scope that the store's queries apply.

use serde::{Deserialize, Serialize};

/// What an account is.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the service.
    Administrator,
    /// Runs a hospital: its own staff, its own patients.
    Hospital,
    /// A doctor, nurse or midwife of a facility.
    Professional,
    /// Gives out medicine.
    Pharmacy,
    /// A woman in care, for what is hers.
    Patient,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Administrator, Self::Hospital, Self::Professional, Self::Pharmacy, Self::Patient];

    /// Its word in the database and outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Hospital => "hospital",
            Self::Professional => "professional",
            Self::Pharmacy => "pharmacy",
            Self::Patient => "patient",
        }
    }

    /// The role of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// A permission as a type, for a handler's signature.
pub trait Grant: Send + Sync + 'static {
    /// Which one.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)+;)+) => {
        /// Something that a role may do.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Permission {
            $($(#[$doc])* $name,)+
        }

        impl Permission {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Who has it.
            pub const fn roles(self) -> &'static [Role] {
                match self {
                    $(Self::$name => &[$(Role::$role,)+],)+
                }
            }
        }

        /// The permissions as types.
        pub mod grants {
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug)]
                pub struct $name;

                impl super::Grant for $name {
                    const PERMISSION: super::Permission = super::Permission::$name;
                }
            )+
        }
    };
}

permissions! {
    /// End one's own sign-ins.
    SignOut: Administrator Hospital Professional Pharmacy Patient;
    /// See and change one's own account: password, one-time codes.
    OwnAccount: Administrator Hospital Professional Pharmacy;

    /// Read one's own record.
    OwnRecord: Patient;
    /// Change one's own particulars.
    OwnProfile: Patient;

    /// List the patients of one's facility.
    ListPatients: Hospital Professional;
    /// Register a patient at one's facility.
    RegisterPatient: Hospital Professional;
    /// Change a patient's particulars, consents and contact.
    ChangePatient: Hospital Professional;
    /// Read a patient's record.
    ReadRecord: Hospital Professional;
    /// Add to a patient's record and amend it.
    WriteRecord: Professional;
    /// Open the record of a patient in another facility's care, giving a reason.
    BreakGlass: Professional;
    /// Refer a patient.
    Refer: Professional;
    /// Read referrals from and to one's facility, and answer them.
    AnswerReferral: Hospital Professional;
    /// Book, move and cancel visits at one's facility.
    ManageAppointments: Hospital Professional;
    /// Read a prescription by its code, and give out what it says.
    Dispense: Pharmacy;

    /// Invite, change and remove the staff of one's facility; an administrator, of any.
    ManageStaff: Administrator Hospital;
    /// Invite, change and remove administrators.
    ManageAdministrators: Administrator;
    /// Add, verify, change and close facilities; verify professionals.
    ManageFacilities: Administrator;
    /// Describe one's own facility and hand in its documents.
    OwnFacility: Hospital Pharmacy;

    /// Read the audit trail; a hospital, that of its own staff.
    ReadAudit: Administrator Hospital;
    /// Read counts.
    ReadStatistics: Administrator;
    /// Take patients in from a table; a hospital, as its own.
    ImportPatients: Administrator Hospital;
    /// Take patients out as a table; a hospital, its own.
    ExportPatients: Administrator Hospital;
}

impl Permission {
    /// Whether a role has it.
    pub fn allows(self, role: Role) -> bool {
        self.roles().contains(&role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_does_anothers_work() {
        let of = |role| Permission::ALL.iter().copied().filter(move |permission| permission.allows(role));
        assert!(of(Role::Patient).all(|permission| {
            matches!(permission, Permission::SignOut | Permission::OwnRecord | Permission::OwnProfile)
        }));
        assert!(of(Role::Administrator).all(|permission| {
            !matches!(permission, Permission::ReadRecord | Permission::WriteRecord | Permission::ListPatients)
        }));
        assert!(of(Role::Pharmacy).all(|permission| {
            matches!(
                permission,
                Permission::SignOut | Permission::OwnAccount | Permission::Dispense | Permission::OwnFacility
            )
        }));
        let writers: Vec<Role> =
            Role::ALL.into_iter().filter(|&role| Permission::WriteRecord.allows(role)).collect();
        assert_eq!(writers, [Role::Professional]);
    }

    #[test]
    fn words_are_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::of(role.word()), Some(role));
        }
        assert_eq!(Role::of("moderator"), None);
    }
}
