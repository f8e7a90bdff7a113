//! A batch of histories as rows of the tables, sealed, and their way into the database.

use chrono::{DateTime, Utc};
use sqlx::{Acquire, PgConnection};
use uuid::Uuid;

use super::history::{ChildRow, History};
use super::sheet::Sheet;
use crate::privacy::{PersonKey, Vault};
use crate::store::sealed::{Number, Sealed};

/// Whether the database checks references between rows while they are loaded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// It does.
    Check,
    /// It does not, which is several times faster: for rows that we made ourselves and that are
    /// whole by construction. Needs a superuser, as the owner of a private server is.
    AsMade,
}

/// The tables in the order in which rows refer to each other, each with the columns that we write.
const TABLES: [(&str, &str); 12] = [
    (
        "person",
        "id, wrapped_key, identity, status, language, home_facility, district, greet_by_name, wording, \
        synthetic, created_at, updated_at",
    ),
    ("phone", "key, language, district"),
    ("person_phone", "phone, ordinal, person, number, linked_at"),
    ("credential", "person, hash, must_change, expires_at, changed_at"),
    (
        "pregnancy",
        "person, number, status, due_on, dated_by, precision, note, created_at, updated_at, ended_on",
    ),
    (
        "appointment",
        "person, number, facility, starts_on, starts_at, purpose, status, created_at, updated_at",
    ),
    ("visit", "person, number, facility, held_on, kind, note, created_at, updated_at"),
    ("medicine", "person, number, facility, started_on, until_on, note, created_at, updated_at"),
    ("child", "person, number, born_on, note, created_at, updated_at"),
    ("immunisation", "person, child, dose, given_on, facility"),
    ("consent", "person, purpose, given_at, given_channel, text_version, language"),
    ("access_log", "at, person, actor_kind, actor, actor_role, facility, act, what, channel"),
];

/// Rows that are ready to go. Filling it is work for the processor alone: do it off the runtime.
#[derive(Debug)]
pub struct Batch {
    people: Vec<Uuid>,
    person: Sheet,
    phone: Sheet,
    person_phone: Sheet,
    credential: Sheet,
    pregnancy: Sheet,
    appointment: Sheet,
    visit: Sheet,
    medicine: Sheet,
    child: Sheet,
    immunisation: Sheet,
    consent: Sheet,
    access_log: Sheet,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            people: Vec::new(),
            person: Sheet::new(12),
            phone: Sheet::new(3),
            person_phone: Sheet::new(5),
            credential: Sheet::new(5),
            pregnancy: Sheet::new(10),
            appointment: Sheet::new(9),
            visit: Sheet::new(8),
            medicine: Sheet::new(8),
            child: Sheet::new(6),
            immunisation: Sheet::new(5),
            consent: Sheet::new(6),
            access_log: Sheet::new(9),
        }
    }
}

impl Batch {
    /// How many people are in it.
    pub const fn people(&self) -> usize {
        self.people.len()
    }

    /// Seals one history and adds its rows.
    pub fn add(&mut self, history: &History, vault: &Vault) {
        self.people.push(history.id);
        let (key, wrapped) = vault.create(history.id);
        self.add_person(history, &key, &wrapped);
        self.add_lines(history, &key, vault);
        self.add_pregnancies(history, &key);
        self.add_plans(history);
        self.add_visits(history, &key);
        self.add_medicines(history, &key);
        for (child, number) in history.children.iter().zip(1_i16..) {
            self.add_child(child, number, history.created_at, &key);
        }
        self.add_trail(history);
    }

    fn add_person(&mut self, history: &History, key: &PersonKey, wrapped: &[u8]) {
        self.person
            .row()
            .uuid(history.id)
            .octets(wrapped)
            .octets(&history.identity.seal(key, 0))
            .text(history.standing.word())
            .text(history.language)
            .maybe(history.home_facility, |row, facility| row.integer(facility))
            .maybe(history.district.as_deref(), |row, district| row.text(district))
            .flag(history.greet_by_name)
            .text(history.wording.word())
            .flag(history.synthetic)
            .moment(history.created_at)
            .moment(history.created_at);
        if let Some(pin) = &history.pin {
            self.credential
                .row()
                .uuid(history.id)
                .text(&pin.hash)
                .flag(pin.must_change)
                .maybe(pin.expires_at, |row, at| row.moment(at))
                .moment(history.created_at);
        }
    }

    fn add_lines(&mut self, history: &History, key: &PersonKey, vault: &Vault) {
        for line in &history.lines {
            let index = vault.keyring().phone_index(line.msisdn);
            if line.ordinal == 1 {
                self.phone
                    .row()
                    .octets(&index)
                    .text(history.language)
                    .maybe(history.district.as_deref(), |row, district| row.text(district));
            }
            self.person_phone
                .row()
                .octets(&index)
                .small(line.ordinal)
                .uuid(history.id)
                .octets(&Number(line.msisdn.e164()).seal(key, i32::from(line.ordinal)))
                .moment(history.created_at);
        }
    }

    fn add_pregnancies(&mut self, history: &History, key: &PersonKey) {
        for (pregnancy, number) in history.pregnancies.iter().zip(1_i16..) {
            self.pregnancy
                .row()
                .uuid(history.id)
                .small(number)
                .text(if pregnancy.ended_on.is_some() { "ended" } else { "active" })
                .date(pregnancy.due_on)
                .text(pregnancy.dated_by)
                .text(pregnancy.precision)
                .octets(&pregnancy.note.seal(key, i32::from(number)))
                .moment(history.created_at)
                .moment(history.created_at)
                .maybe(pregnancy.ended_on, |row, day| row.date(day));
        }
    }

    fn add_plans(&mut self, history: &History) {
        for (appointment, number) in history.appointments.iter().zip(1..) {
            self.appointment
                .row()
                .uuid(history.id)
                .integer(number)
                .integer(appointment.facility)
                .date(appointment.on)
                .maybe(appointment.at, |row, at| row.time(at))
                .text(appointment.purpose)
                .text(appointment.status)
                .moment(history.created_at)
                .moment(history.created_at);
        }
    }

    fn add_visits(&mut self, history: &History, key: &PersonKey) {
        for (visit, number) in history.visits.iter().zip(1..) {
            self.visit
                .row()
                .uuid(history.id)
                .integer(number)
                .integer(visit.facility)
                .date(visit.on)
                .text(visit.kind)
                .octets(&visit.note.seal(key, number))
                .moment(history.created_at)
                .moment(history.created_at);
        }
    }

    fn add_medicines(&mut self, history: &History, key: &PersonKey) {
        for (medicine, number) in history.medicines.iter().zip(1..) {
            self.medicine
                .row()
                .uuid(history.id)
                .integer(number)
                .integer(medicine.facility)
                .date(medicine.started_on)
                .date(medicine.until_on)
                .octets(&medicine.note.seal(key, number))
                .moment(history.created_at)
                .moment(history.created_at);
        }
    }

    fn add_child(&mut self, child: &ChildRow, number: i16, now: DateTime<Utc>, key: &PersonKey) {
        self.child
            .row()
            .uuid(key.person())
            .small(number)
            .date(child.born_on)
            .octets(&child.note.seal(key, i32::from(number)))
            .moment(now)
            .moment(now);
        for (dose, day, facility) in &child.doses {
            self.immunisation.row().uuid(key.person()).small(number).text(dose).date(*day).integer(*facility);
        }
    }

    fn add_trail(&mut self, history: &History) {
        for consent in &history.consents {
            self.consent
                .row()
                .uuid(history.id)
                .text(consent.purpose)
                .moment(consent.given_at)
                .text(consent.channel)
                .text(consent.text_version)
                .text(history.language);
        }
        for look in &history.looks {
            self.access_log
                .row()
                .moment(look.at)
                .uuid(history.id)
                .text("staff")
                .uuid(look.staff)
                .text(look.role)
                .integer(look.facility)
                .text("read")
                .text(look.what)
                .text("api");
        }
    }

    /// Writes all of it in one transaction.
    pub async fn write(self, trust: Trust, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut transaction = connection.begin().await?;
        if trust == Trust::AsMade {
            sqlx::raw_sql("SET LOCAL session_replication_role = replica").execute(&mut *transaction).await?;
        }
        let sheets = [
            self.person,
            self.phone,
            self.person_phone,
            self.credential,
            self.pregnancy,
            self.appointment,
            self.visit,
            self.medicine,
            self.child,
            self.immunisation,
            self.consent,
            self.access_log,
        ];
        for ((table, columns), sheet) in TABLES.into_iter().zip(sheets) {
            if sheet.is_empty() {
                continue;
            }
            let statement = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
            let mut copy = transaction.copy_in_raw(&statement).await?;
            copy.send(sheet.finish()).await?;
            copy.finish().await?;
        }
        if trust == Trust::AsMade {
            // As the triggers do.
            sqlx::query("INSERT INTO record_change (person, transaction) SELECT id, pg_current_xact_id() FROM unnest($1::uuid[]) AS id")
                .bind(self.people)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}

/// The highest id of a person between two, if there is one: how far a load in the order of ids got.
pub async fn highest_person(
    least: Uuid,
    most: Uuid,
    connection: &mut PgConnection,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM person WHERE id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT 1")
        .bind(least)
        .bind(most)
        .fetch_optional(connection)
        .await
}
