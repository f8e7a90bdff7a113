//! Appointments.

use std::sync::Arc;

use axum::extract::State;
use chrono::{NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use super::show::AppointmentView;
use crate::api::frame::answer::{Created, Found, Versioned};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::Day;
use crate::api::frame::gate::Allowed;
use crate::api::frame::once::Once;
use crate::api::frame::page::{Cursor, Limit, Page};
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::identity::grants;
use crate::store::record;
use crate::store::record::appointments::{self, After, Appointment, Booked};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("appointments", "Visits that are booked, and what became of them.");
    routes.get("/api/v1/appointments", at_facility, "Appointments at one's facility, by day");
    routes.get("/api/v1/patients/{id}/appointments", of_patient, "A patient's appointments, newest first");
    routes.post("/api/v1/patients/{id}/appointments", book, "Book a visit");
    routes.patch("/api/v1/patients/{id}/appointments/{number}", change, "Move, close or cancel a visit");
}

/// What became of an appointment.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStatus {
    /// To come.
    Booked,
    /// She came.
    Kept,
    /// She did not.
    Missed,
    /// Called off.
    Cancelled,
}

impl AppointmentStatus {
    const fn code(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a visit is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentPurpose {
    /// Antenatal care.
    Antenatal,
    /// Care after a birth.
    Postnatal,
    /// A child's vaccines.
    Vaccination,
    /// A child's growth.
    Growth,
    /// Family planning.
    FamilyPlanning,
    /// A refill.
    Medicine,
    /// A review.
    Review,
    /// Anything else.
    Other,
}

impl AppointmentPurpose {
    const fn code(self) -> &'static str {
        match self {
            Self::Antenatal => "antenatal",
            Self::Postnatal => "postnatal",
            Self::Vaccination => "vaccination",
            Self::Growth => "growth",
            Self::FamilyPlanning => "family_planning",
            Self::Medicine => "medicine",
            Self::Review => "review",
            Self::Other => "other",
        }
    }
}

/// Which appointments.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// From that day; today where it is left out.
    #[schema(inline)]
    from: Option<Day>,
    /// To that day; a week on where it is left out, and 92 days at most.
    #[schema(inline)]
    to: Option<Day>,
    /// In that state.
    #[schema(inline)]
    status: Option<AppointmentStatus>,
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    limit: Limit,
    /// From the page before.
    #[schema(inline)]
    cursor: Option<Cursor>,
}

async fn at_facility(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAppointments>,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<AppointmentView>>, Problem> {
    let facility = actor.own_facility()?;
    let from = which.from.map_or_else(|| api.today(), |day| day.0);
    let to = which.to.map_or_else(|| from + TimeDelta::days(7), |day| day.0);
    if to < from || to > from + TimeDelta::days(92) {
        return Err(Problem::field("to", "expected a day from `from` on, within 92 days"));
    }
    let after: Option<After> = Cursor::read(which.cursor.as_ref())?;
    let status = which.status.map(AppointmentStatus::code);
    let mut work = api.begin(&actor).await?;
    let rows = appointments::at_facility(&mut work, facility, (from, to), status, after, which.limit.fetch())
        .await?;
    drop(work);
    let place = |row: &Appointment| (row.starts_on, row.person, row.number);
    let page = Page::of(rows, which.limit, place, AppointmentView::from);
    let lines =
        page.items.iter().map(|row| api.line(&actor, Some(row.patient), "read", "appointments")).collect();
    api.witness.note(lines).await?;
    Ok(Found(page))
}

/// Which page.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageOf {
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    limit: Limit,
    /// From the page before.
    #[schema(inline)]
    cursor: Option<Cursor>,
}

async fn of_patient(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAppointments>,
    At(id): At<Uuid>,
    Filter(which): Filter<PageOf>,
) -> Result<Found<Page<AppointmentView>>, Problem> {
    let before: Option<i32> = Cursor::read(which.cursor.as_ref())?;
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let rows = appointments::of_person(&mut work, id, before, which.limit.fetch()).await?;
    drop(work);
    api.seen(&actor, id, "appointments").await?;
    Ok(Found(Page::of(rows, which.limit, |row| row.number, AppointmentView::from)))
}

/// A time of day as `HH:MM`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Time(NaiveTime);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = if text.len() == 5 { NaiveTime::parse_from_str(&text, "%H:%M").ok() } else { None };
        time.map(Self).ok_or_else(|| serde::de::Error::custom("expected a time of day as HH:MM"))
    }
}

/// A visit to be booked.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"starts_on": "2026-12-01", "starts_at": "09:30", "purpose": "antenatal"}))]
pub struct AppointmentBody {
    /// Day; today or later.
    starts_on: Day,
    /// Time of day.
    #[schema(value_type = Option<String>, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    starts_at: Option<Time>,
    /// What for.
    purpose: AppointmentPurpose,
}

async fn find(work: &mut sqlx::PgConnection, id: Uuid, number: i32) -> Result<Appointment, Problem> {
    let found = appointments::find(work, id, number).await?;
    found.ok_or_else(|| Problem::missing("she has no such appointment"))
}

async fn book(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAppointments>,
    At(id): At<Uuid>,
    once: Once,
    Body(body): Body<AppointmentBody>,
) -> Result<Created<AppointmentView>, Problem> {
    let starts_on = body.starts_on.coming("starts_on", api.today(), 400)?;
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let at = |number: i32| format!("/api/v1/patients/{id}/appointments/{number}");
    let running = match once.begin::<AppointmentView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(at(view.number), view)),
        Err(running) => running,
    };
    record::hold(&mut work, id).await?;
    let booked = Booked {
        facility: actor.own_facility()?,
        starts_on,
        starts_at: body.starts_at.map(|time| time.0),
        purpose: body.purpose.code(),
        status: "booked",
        now: api.now(),
    };
    let number = appointments::add(&mut work, id, &booked).await?;
    let view = AppointmentView::from(find(&mut work, id, number).await?);
    api.changed(&mut work, &actor, Some(id), "appointment").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(at(number), view))
}

/// What changes; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "kept"}))]
pub struct AppointmentChange {
    /// Another day.
    starts_on: Option<Day>,
    /// Another time.
    #[schema(value_type = Option<String>, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    starts_at: Option<Time>,
    /// What for.
    purpose: Option<AppointmentPurpose>,
    /// What became of it.
    status: Option<AppointmentStatus>,
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAppointments>,
    At((id, number)): At<(Uuid, i32)>,
    IfMatch(seen): IfMatch,
    Body(body): Body<AppointmentChange>,
) -> Result<Versioned<AppointmentView>, Problem> {
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let old = find(&mut work, id, number).await?;
    if Some(old.facility) != actor.facility {
        return Err(Problem::forbidden("an appointment is changed by the facility where it is"));
    }
    let starts_on = match body.starts_on {
        Some(day) => day.coming("starts_on", api.today(), 400)?,
        None => old.starts_on,
    };
    let booked = Booked {
        facility: old.facility,
        starts_on,
        starts_at: body.starts_at.map(|time| time.0).or(old.starts_at),
        purpose: body.purpose.map_or(&old.purpose, |purpose| purpose.code()),
        status: body.status.map_or(&old.status, |status| status.code()),
        now: api.now(),
    };
    if !appointments::update(&mut work, id, number, &booked, seen).await? {
        return Err(Problem::changed_meanwhile());
    }
    let view = AppointmentView::from(find(&mut work, id, number).await?);
    api.changed(&mut work, &actor, Some(id), "appointment").await?;
    work.commit().await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}
