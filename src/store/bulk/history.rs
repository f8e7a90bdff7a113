//! One person with everything that is known of her, as it is loaded.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use crate::care::Msisdn;
use crate::store::sealed::{ChildNote, Identity, MedicineNote, PregnancyNote, VisitNote};

/// A person and all her rows. Rows are numbered from 1 in the order in which they stand here.
#[derive(Clone, Debug)]
pub struct History {
    /// Her id.
    pub id: Uuid,
    /// Names and birth date.
    pub identity: Identity,
    /// How she came to be here.
    pub standing: Standing,
    /// ISO code.
    pub language: &'static str,
    /// Facility that she belongs to.
    pub home_facility: Option<i32>,
    /// District that she lives in.
    pub district: Option<String>,
    /// Whether she chose to be greeted by name.
    pub greet_by_name: bool,
    /// What her messages may say.
    pub wording: Wording,
    /// Invented for a demo or a test.
    pub synthetic: bool,
    /// When her record began.
    pub created_at: DateTime<Utc>,
    /// Her numbers.
    pub lines: Vec<Line>,
    /// Her PIN; she may have none yet.
    pub pin: Option<PinRow>,
    /// Her pregnancies, oldest first.
    pub pregnancies: Vec<PregnancyRow>,
    /// Appointments, oldest first.
    pub appointments: Vec<AppointmentRow>,
    /// Visits, oldest first.
    pub visits: Vec<VisitRow>,
    /// Medicines, oldest first.
    pub medicines: Vec<MedicineRow>,
    /// Children, oldest first.
    pub children: Vec<ChildRow>,
    /// What she agrees to.
    pub consents: Vec<ConsentRow>,
    /// Who looked at her record.
    pub looks: Vec<LookRow>,
}

/// How a person came to be here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// By her own phone; no staff have seen her yet.
    SelfRegistered,
    /// Through staff, or verified by them.
    Verified,
}

impl Standing {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::SelfRegistered => "self_registered",
            Self::Verified => "verified",
        }
    }
}

/// What a person's messages may say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wording {
    /// What they are about.
    Open,
    /// Nothing that tells others.
    Covert,
}

impl Wording {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Covert => "covert",
        }
    }
}

/// A number that she uses.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The number.
    pub msisdn: Msisdn,
    /// Her place on it, from 1; the first one's row brings the number's own facts.
    pub ordinal: i16,
}

/// Her PIN.
#[derive(Clone, Debug)]
pub struct PinRow {
    /// PHC string.
    pub hash: Arc<str>,
    /// Whether it was sent by us.
    pub must_change: bool,
    /// Until when it is good for its one use.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A pregnancy.
#[derive(Clone, Debug)]
pub struct PregnancyRow {
    /// Due date.
    pub due_on: NaiveDate,
    /// `lmp`, `scan` and so on.
    pub dated_by: &'static str,
    /// `day`, `week` or `month`.
    pub precision: &'static str,
    /// When it ended; still under way where absent.
    pub ended_on: Option<NaiveDate>,
    /// Sealed part.
    pub note: PregnancyNote,
}

/// An appointment.
#[derive(Clone, Debug)]
pub struct AppointmentRow {
    /// Where.
    pub facility: i32,
    /// Day.
    pub on: NaiveDate,
    /// Time of day.
    pub at: Option<NaiveTime>,
    /// `antenatal`, `vaccination` and so on.
    pub purpose: &'static str,
    /// `booked`, `kept`, `missed` or `cancelled`.
    pub status: &'static str,
}

/// A visit.
#[derive(Clone, Debug)]
pub struct VisitRow {
    /// Where.
    pub facility: i32,
    /// Day.
    pub on: NaiveDate,
    /// `antenatal`, `birth` and so on.
    pub kind: &'static str,
    /// Sealed part.
    pub note: VisitNote,
}

/// A supply of medicine.
#[derive(Clone, Debug)]
pub struct MedicineRow {
    /// Who gave it out.
    pub facility: i32,
    /// First day.
    pub started_on: NaiveDate,
    /// Last day that it lasts.
    pub until_on: NaiveDate,
    /// Sealed part.
    pub note: MedicineNote,
}

/// A child.
#[derive(Clone, Debug)]
pub struct ChildRow {
    /// Birth date.
    pub born_on: NaiveDate,
    /// Sealed part.
    pub note: ChildNote,
    /// Doses given: code, day and where.
    pub doses: Vec<(String, NaiveDate, i32)>,
}

/// Something that she agrees to.
#[derive(Clone, Debug)]
pub struct ConsentRow {
    /// `care`, `reminders` and so on.
    pub purpose: &'static str,
    /// Since when.
    pub given_at: DateTime<Utc>,
    /// Through which door.
    pub channel: &'static str,
    /// Version of the text that she was shown or read.
    pub text_version: &'static str,
}

/// Staff who read her record.
#[derive(Clone, Debug)]
pub struct LookRow {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub staff: Uuid,
    /// As what: `nurse`.
    pub role: &'static str,
    /// Where.
    pub facility: i32,
    /// What: `record`.
    pub what: &'static str,
}
