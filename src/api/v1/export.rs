//! Patients taken out as CSV, a stretch at a time.

use std::sync::Arc;

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::State;
use tokio::sync::mpsc;

use crate::api::frame::answer::Download;
use crate::api::frame::gate::{Actor, Allowed};
use crate::api::frame::{Api, Problem, Routes};
use crate::identity::grants;
use crate::store::record::patients::{self, Order};
use crate::store::record::{pregnancies, profiles, visits};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("tables", "Patients as CSV, taken in and taken out; and the codes that records use.");
    routes.get("/api/v1/patients.csv", export, "Take the patients out; a hospital, its own");
}

/// The columns of the table, as the system before this one had them.
pub(in crate::api) const COLUMNS: [&str; 31] = [
    "ID",
    "Name",
    "Email",
    "Phone",
    "Gender",
    "Date of Birth",
    "Blood Type",
    "Marital Status",
    "Language",
    "Nationality",
    "Allergies",
    "Medications",
    "Emergency Contact Name",
    "Emergency Contact Phone",
    "Emergency Contact Relationship",
    "Pregnancy Status",
    "Previous Pregnancies",
    "LMP Date",
    "Due Date",
    "Gestational Age",
    "Multiple Pregnancy",
    "Risk Level",
    "Risk Factors",
    "Blood Pressure",
    "Hemoglobin",
    "Blood Sugar",
    "Weight",
    "Prenatal Vitamins",
    "Pregnancy Complications",
    "Emergency Hospital",
    "Birth Plan",
];

/// A cell that no table program takes for a formula.
fn plain(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// Patients that are read at once.
const STRETCH: i64 = 200;

/// The table, stretch by stretch, each read written down before it leaves.
pub(in crate::api) fn export_lines(api: Arc<Api>, actor: Actor, facility: Option<i32>) -> HttpBody {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    tokio::spawn(async move {
        if let Err(problem) = write_table(&api, &actor, facility, &sender).await {
            // The connection breaks off, so that half a table is not taken for a whole one.
            let _ = sender.send(Err(std::io::Error::other(problem.detail.into_owned()))).await;
        }
    });
    HttpBody::from_stream(futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }))
}

async fn write_table(
    api: &Api,
    actor: &Actor,
    facility: Option<i32>,
    sender: &mpsc::Sender<Result<Bytes, std::io::Error>>,
) -> Result<(), Problem> {
    let head = csv_rows([COLUMNS.map(str::to_owned).to_vec()])?;
    let mut open = sender.send(Ok(head)).await.is_ok();
    let mut after = None;
    while open {
        let mut work = api.country(actor).await?;
        let order = Order::Oldest;
        let stretch = patients::list(&mut work, &api.vault, facility, None, order, after, STRETCH).await?;
        let Some(last) = stretch.last() else { break };
        after = Some((last.created_at, last.id));
        let mut rows = Vec::with_capacity(stretch.len());
        for patient in &stretch {
            rows.push(row_of(api, &mut work, patient).await?);
        }
        drop(work);
        let lines =
            stretch.iter().map(|patient| api.line(actor, Some(patient.id), "export", "record")).collect();
        api.witness.note(lines).await?;
        open = sender.send(Ok(csv_rows(rows)?)).await.is_ok();
    }
    Ok(())
}

fn csv_rows(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Bytes, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| plain(cell))).map_err(|_| Problem::busy())?;
    }
    writer.into_inner().map(Bytes::from).map_err(|_| Problem::busy())
}

async fn row_of(
    api: &Api,
    work: &mut sqlx::PgConnection,
    patient: &crate::store::record::reach::Patient,
) -> Result<Vec<String>, Problem> {
    let key = &patient.key;
    let profile = profiles::find(work, key).await?.map(|found| found.0).unwrap_or_default();
    let phone = patients::phones(work, key).await?.into_iter().next().unwrap_or_default();
    let pregnancy = pregnancies::list(work, key).await?.into_iter().find(|row| row.status == "active");
    let newest = visits::list(work, key, None, None, 20).await?;
    let name = format!("{} {}", patient.identity.given, patient.identity.family).trim().to_owned();
    let due = pregnancy.as_ref().and_then(|row| row.due_on);
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let weeks =
        due.map(|due| ((280 - (due - api.today()).num_days()).max(0) / 7).to_string()).unwrap_or_default();
    let pressure = newest.iter().find_map(|visit| visit.note.pressure);
    let tenths = |value: Option<u16>| {
        value.map(|tenths| format!("{:.1}", f64::from(tenths) / 10.0)).unwrap_or_default()
    };
    Ok(vec![
        patient.id.to_string(),
        name,
        profile.email,
        phone,
        profile.gender,
        day(patient.identity.birth_date),
        profile.blood_type,
        profile.marital_status,
        patient.language.clone(),
        profile.nationality,
        profile.allergies.join("; "),
        profile.medications.join("; "),
        profile.emergency_contact_name,
        profile.emergency_contact_phone,
        profile.emergency_contact_relationship,
        if pregnancy.is_some() { "pregnant" } else { "not_pregnant" }.to_owned(),
        profile.previous_pregnancies.map(|count| count.to_string()).unwrap_or_default(),
        day(due.map(|due| due - chrono::TimeDelta::days(280))),
        day(due),
        weeks,
        profile.multiple_pregnancy,
        profile.risk_level,
        profile.risk_factors.join("; "),
        pressure.map(|(systolic, diastolic)| format!("{systolic}/{diastolic}")).unwrap_or_default(),
        tenths(newest.iter().find_map(|visit| visit.note.haemoglobin)),
        profile
            .blood_sugar_tenths
            .map(|tenths| format!("{}.{}", tenths / 10, tenths % 10))
            .unwrap_or_default(),
        tenths(newest.iter().find_map(|visit| visit.note.weight)),
        profile.prenatal_vitamins,
        profile.pregnancy_complications.join("; "),
        profile.emergency_hospital,
        profile.birth_plan,
    ])
}

/// The download with its dated name.
pub(in crate::api) fn table(api: &Arc<Api>, actor: &Actor) -> Result<Download, Problem> {
    let facility = actor.bounds()?;
    let file_name = format!("patients_{}.csv", api.now().format("%Y%m%d_%H%M%S"));
    let body = export_lines(Arc::clone(api), actor.clone(), facility);
    Ok(Download { media_type: "text/csv; charset=utf-8", file_name, body })
}

async fn export(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ExportPatients>,
) -> Result<Download, Problem> {
    table(&api, &actor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(plain(cell).starts_with('\''), "{cell:?}");
        }
        assert_eq!(plain("Aminata"), "Aminata");
        assert_eq!(plain("1998-04-12"), "1998-04-12");
    }
}
