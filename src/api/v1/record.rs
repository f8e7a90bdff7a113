//! A patient's whole record, as a clinician looks at it first; and as she reads it herself.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{closed, nobody};
use super::show::{
    self, AppointmentView, BirthView, PatientView, PregnancyView, PrescriptionView, VisitView,
};
use crate::api::frame::answer::Found;
use crate::api::frame::gate::{Actor, Allowed};
use crate::api::frame::{Api, At, Problem, Routes};
use crate::identity::grants;
use crate::store::record::whole::{Access, Asked, Whole};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group(
        "records",
        "Whole records: the newest twenty of each part. The parts have lists of their own.",
    );
    routes.get("/api/v1/patients/{id}/record", of_patient, "A patient's record");
    routes.get("/api/v1/me/record", own, "One's own record, for a patient");
}

/// A record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordView {
    /// Who.
    patient: PatientView,
    /// The newest visits.
    visits: Vec<VisitView>,
    /// Pregnancies.
    pregnancies: Vec<PregnancyView>,
    /// Children.
    births: Vec<BirthView>,
    /// The newest medicines.
    prescriptions: Vec<PrescriptionView>,
    /// The newest appointments.
    appointments: Vec<AppointmentView>,
}

fn view(api: &Api, record: Whole) -> RecordView {
    let (country, today) = (&api.country, api.today());
    RecordView {
        patient: PatientView::from(&record.patient),
        visits: record.visits.into_iter().map(|visit| show::visit(country, visit)).collect(),
        pregnancies: record.pregnancies.into_iter().map(|row| show::pregnancy(row, today)).collect(),
        births: record.births.into_iter().map(BirthView::from).collect(),
        prescriptions: record.prescriptions.into_iter().map(|row| show::prescription(country, row)).collect(),
        appointments: record.appointments.into_iter().map(AppointmentView::from).collect(),
    }
}

async fn read(
    api: &Api,
    actor: &Actor,
    patient: Uuid,
    facility: Option<i32>,
) -> Result<Access<Whole>, Problem> {
    let asked = Asked { patient, account: actor.id(), facility };
    api.records.read(asked, api.line(actor, Some(patient), "read", "record")).await
}

async fn of_patient(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
) -> Result<Found<RecordView>, Problem> {
    let facility = actor.own_facility()?;
    match read(&api, &actor, id, Some(facility)).await? {
        Access::Open(record) => Ok(Found(view(&api, record))),
        Access::Refused => Err(closed(&actor)),
        Access::Nobody => Err(nobody()),
    }
}

async fn own(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnRecord>,
) -> Result<Found<RecordView>, Problem> {
    match read(&api, &actor, actor.id(), None).await? {
        Access::Open(record) => Ok(Found(view(&api, record))),
        Access::Refused | Access::Nobody => Err(super::consents::not_kept()),
    }
}
