//! Staff accounts. Names and addresses are sealed with the service's own key, and found by the keyed
//! digest of the address.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

use crate::privacy::Keyring;

const EMAIL: &str = "staff.email";
const NAME: &str = "staff.name";

/// What an account may do; finer rights follow from it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Runs the service.
    Administrator,
    /// Runs a hospital's own staff and patients.
    Hospital,
    /// Cares for patients at a facility.
    Professional,
    /// Gives out medicine.
    Pharmacy,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Administrator, Self::Hospital, Self::Professional, Self::Pharmacy];

    /// Its word in the database and outside.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Hospital => "hospital",
            Self::Professional => "professional",
            Self::Pharmacy => "pharmacy",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// An account that may sign in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StaffAccount {
    /// Its id.
    pub id: Uuid,
    /// What it may do.
    pub role: Role,
    /// E-mail address, as it was given.
    pub email: String,
    /// Name to show.
    pub name: String,
    /// `doctor`, `nurse` and so on, of a professional.
    pub profession: Option<String>,
    /// Facility that it belongs to; none for an administrator.
    pub facility: Option<i32>,
    /// PHC string of its password.
    pub password_hash: String,
    /// Invented for a demo or a test.
    pub synthetic: bool,
}

/// Why an account could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// The database.
    #[error("the staff table could not be read or written: {0}")]
    Database(#[from] sqlx::Error),
    /// Sealed with another master key, or changed.
    #[error("staff account {0} does not open with this master key")]
    Sealed(Uuid),
}

impl StaffAccount {
    /// Stores it as active, unless its address has an account already; says whether it was new.
    pub async fn add(
        &self,
        keyring: &Keyring,
        now: DateTime<Utc>,
        connection: &mut PgConnection,
    ) -> Result<bool, StaffError> {
        let added = sqlx::query(
            "INSERT INTO staff (id, role, email_key, email, name, profession, facility, status,
                                password_hash, synthetic, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, $10, $10)
             ON CONFLICT (email_key) DO NOTHING",
        )
        .bind(self.id)
        .bind(self.role.word())
        .bind(keyring.email_index(&self.email))
        .bind(keyring.seal(EMAIL, self.id.as_bytes(), self.email.as_bytes()))
        .bind(keyring.seal(NAME, self.id.as_bytes(), self.name.as_bytes()))
        .bind(&self.profession)
        .bind(self.facility)
        .bind(&self.password_hash)
        .bind(self.synthetic)
        .bind(now)
        .execute(connection)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// The active account of an address, in whatever case it is typed.
    pub async fn active(
        email: &str,
        keyring: &Keyring,
        executor: impl PgExecutor<'_>,
    ) -> Result<Option<Self>, StaffError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, role, email, name, profession, facility, password_hash, synthetic
             FROM staff WHERE email_key = $1 AND status = 'active'",
        )
        .bind(keyring.email_index(email))
        .fetch_optional(executor)
        .await?;
        row.map(|row| row.open(keyring)).transpose()
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    role: String,
    email: Vec<u8>,
    name: Vec<u8>,
    profession: Option<String>,
    facility: Option<i32>,
    password_hash: String,
    synthetic: bool,
}

impl Row {
    fn open(self, keyring: &Keyring) -> Result<StaffAccount, StaffError> {
        let id = self.id;
        let text = |purpose, sealed: &[u8]| {
            let opened = keyring.open(purpose, id.as_bytes(), sealed);
            opened.and_then(|octets| String::from_utf8(octets).ok()).ok_or(StaffError::Sealed(id))
        };
        Ok(StaffAccount {
            id,
            role: Role::of(&self.role).ok_or(StaffError::Sealed(id))?,
            email: text(EMAIL, &self.email)?,
            name: text(NAME, &self.name)?,
            profession: self.profession,
            facility: self.facility,
            password_hash: self.password_hash,
            synthetic: self.synthetic,
        })
    }
}
