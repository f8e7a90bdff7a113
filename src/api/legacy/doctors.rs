//! Professionals at the old addresses of the administration. An entry is an account now: she is
//! invited, and signs in with e-mail and password.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::directory::MOST;
use super::form::{Form, flag, required};
use super::register::{affiliation, profession};
use crate::api::account::{self, Message};
use crate::api::frame::answer::{Created, Found};
use crate::api::frame::field::{Email, License, Line, LongName, Phone, Prose};
use crate::api::frame::gate::Allowed;
use crate::api::frame::page::All;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::api::v1::spare;
use crate::identity::{Role, grants};
use crate::store::accounts::{self, Account, Change, NewAccount, Subject};
use crate::store::directory::professionals::{self, Detail, Entry};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: professionals", "Professionals at the addresses of the old administration.");
    routes.post("/api/admin/doctors", add, "Add a professional, and invite her");
    routes.get("/api/admin/doctors", all, "All professionals with an entry");
    routes.get("/api/admin/doctors/{id}", one, "A professional");
    routes.put("/api/admin/doctors/{id}", change, "Change a professional's entry");
    routes.delete("/api/admin/doctors/{id}", remove, "Remove a professional");
}

/// A professional to be added or changed; for a change, what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({
    "name": "A. Example", "license_number": "D-1", "email": "doctor@hospital.example", "phone": "+23276000001",
    "professional_type": "Medical Doctor", "specialization": "Obstetrics", "hospital_affiliation": "Bo Government Hospital"
}))]
pub struct DoctorFields {
    /// Name.
    name: Option<LongName>,
    /// Licence number.
    license_number: Option<License>,
    /// E-mail address; it stays as it was invited.
    email: Option<Email>,
    /// Phone.
    phone: Option<Phone>,
    /// `Medical Doctor`, `Nurse`, …
    professional_type: Option<Line<1, 50>>,
    /// Specialty.
    specialization: Option<Line<1, 100>>,
    /// Name or id of a listed facility.
    hospital_affiliation: Option<LongName>,
    /// Street.
    address: Option<Line<0, 200>>,
    /// Town.
    city: Option<Line<0, 100>>,
    /// Province or district.
    state: Option<Line<0, 100>>,
    /// Postal code.
    postal_code: Option<Line<0, 20>>,
    /// Country.
    country: Option<Line<0, 100>>,
    /// Website.
    website: Option<Line<0, 200>>,
    /// Qualifications.
    qualifications: Option<Prose<500>>,
    /// Experience.
    experience: Option<Line<0, 100>>,
    /// Whether the directory shows her; a boolean or `on`.
    #[serde(deserialize_with = "flag")]
    is_verified: Option<bool>,
}

fn put(to: &mut String, from: Option<&str>) {
    if let Some(text) = from {
        text.clone_into(to);
    }
}

impl DoctorFields {
    fn over(&self, detail: &mut Detail) {
        put(&mut detail.license_number, self.license_number.as_deref());
        put(&mut detail.professional_type, self.professional_type.as_deref());
        put(&mut detail.specialization, self.specialization.as_deref());
        put(&mut detail.hospital_affiliation, self.hospital_affiliation.as_deref());
        put(&mut detail.address, self.address.as_deref());
        put(&mut detail.city, self.city.as_deref());
        put(&mut detail.state, self.state.as_deref());
        put(&mut detail.postal_code, self.postal_code.as_deref());
        put(&mut detail.country, self.country.as_deref());
        put(&mut detail.website, self.website.as_deref());
        put(&mut detail.qualifications, self.qualifications.as_deref());
        put(&mut detail.experience, self.experience.as_deref());
        if let Some(phone) = self.phone {
            detail.phone = phone.0.e164();
        }
    }
}

/// A professional in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DoctorView {
    /// The account.
    id: Uuid,
    /// Name.
    name: String,
    /// Licence number.
    license_number: String,
    /// E-mail address.
    email: String,
    /// Phone.
    phone: String,
    /// `Medical Doctor`, `Nurse`, …
    professional_type: String,
    /// Specialty.
    specialization: String,
    /// Facility.
    hospital_affiliation: String,
    /// None: people have no pictures here.
    image_url: Option<String>,
    /// Whether the directory shows her.
    is_verified: bool,
    /// Qualifications.
    qualifications: String,
    /// Experience.
    experience: String,
    /// Street.
    address: String,
    /// Town.
    city: String,
    /// Province or district.
    state: String,
    /// Postal code.
    postal_code: String,
    /// Country.
    country: String,
    /// Website.
    website: String,
}

fn view(account: Account, entry: Entry) -> DoctorView {
    let detail = entry.detail;
    DoctorView {
        id: account.id,
        name: account.name,
        license_number: detail.license_number,
        email: account.email,
        phone: detail.phone,
        professional_type: detail.professional_type,
        specialization: detail.specialization,
        hospital_affiliation: detail.hospital_affiliation,
        image_url: None,
        is_verified: entry.public && entry.verified_at.is_some(),
        qualifications: detail.qualifications,
        experience: detail.experience,
        address: detail.address,
        city: detail.city,
        state: detail.state,
        postal_code: detail.postal_code,
        country: detail.country,
        website: detail.website,
    }
}

/// What is told of a new professional.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DoctorAdded {
    /// In words.
    message: String,
    /// The professional.
    doctor: DoctorView,
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    form: Form<DoctorFields>,
) -> Result<Created<DoctorAdded>, Problem> {
    let fields = form.fields;
    let name = required("name", fields.name.as_ref())?;
    let email = required("email", fields.email.as_ref())?;
    let kind = required("professional_type", fields.professional_type.as_ref())?;
    let place = required("hospital_affiliation", fields.hospital_affiliation.as_ref())?;
    required("license_number", fields.license_number.as_ref())?;
    required("phone", fields.phone.as_ref())?;
    required("specialization", fields.specialization.as_ref())?;
    let mut detail = Detail::default();
    fields.over(&mut detail);
    let mut work = api.begin(&actor).await?;
    let facility = affiliation(&mut work, place).await?;
    let account = NewAccount {
        id: api.new_id(),
        role: Role::Professional,
        email,
        name,
        profession: Some(profession(kind)),
        facility: Some(facility),
        status: "invited",
        password_hash: None,
        now: api.now(),
    };
    account::invite(&api, &mut work, &account).await?;
    let public = fields.is_verified == Some(true);
    professionals::save(&mut work, api.keyring(), account.id, &detail, public, public.then(|| api.now()))
        .await?;
    let (stored, entry) = find(&api, &mut work, account.id).await?;
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    let at = format!("/api/admin/doctors/{}", account.id);
    let message = "she is added and invited: a link to choose a password is on its way to her".to_owned();
    Ok(Created(at, DoctorAdded { message, doctor: view(stored, entry) }))
}

async fn find(api: &Api, work: &mut sqlx::PgConnection, id: Uuid) -> Result<(Account, Entry), Problem> {
    let missing = || Problem::missing("there is no such professional");
    let account = accounts::find(work, api.keyring(), id).await?;
    let account = account.filter(|account| account.role == Role::Professional).ok_or_else(missing)?;
    let entry = professionals::find(work, api.keyring(), id).await?;
    let none = Entry { staff: id, detail: Detail::default(), public: false, verified_at: None };
    Ok((account, entry.unwrap_or(none)))
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
) -> Result<Found<All<DoctorView>>, Problem> {
    let _ = actor;
    let mut work = api.begin(&actor).await?;
    let entries = professionals::list(&mut work, api.keyring(), MOST).await?;
    Ok(Found(entries.into_iter().map(|(account, entry)| view(account, entry)).collect()))
}

async fn one(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<Uuid>,
) -> Result<Found<DoctorView>, Problem> {
    let _ = actor;
    let mut work = api.begin(&actor).await?;
    let (account, entry) = find(&api, &mut work, id).await?;
    Ok(Found(view(account, entry)))
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<Uuid>,
    form: Form<DoctorFields>,
) -> Result<Found<Message>, Problem> {
    let fields = form.fields;
    let mut work = api.begin(&actor).await?;
    let (account, entry) = find(&api, &mut work, id).await?;
    if fields.email.as_ref().is_some_and(|email| !email.eq_ignore_ascii_case(&account.email)) {
        return Err(Problem::field("email", "an account keeps its address; invite her at the new one"));
    }
    let facility = match &fields.hospital_affiliation {
        Some(place) => Some(affiliation(&mut work, place).await?),
        None => None,
    };
    let change = Change {
        name: fields.name.as_deref(),
        profession: fields.professional_type.as_deref().map(profession),
        facility,
        ..Change::default()
    };
    accounts::update(&mut work, api.keyring(), id, &change, account.updated_at, api.now()).await?;
    let mut detail = entry.detail;
    fields.over(&mut detail);
    let public = fields.is_verified.unwrap_or(entry.public);
    let verified_at = if public { entry.verified_at.or_else(|| Some(api.now())) } else { entry.verified_at };
    professionals::save(&mut work, api.keyring(), id, &detail, public, verified_at).await?;
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    api.forget(Subject::Staff(id));
    Ok(Found(Message::of("the professional is changed")))
}

async fn remove(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<Uuid>,
) -> Result<Found<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    let (account, _) = find(&api, &mut work, id).await?;
    spare(&mut work, &actor, &account).await?;
    accounts::remove(&mut work, id).await?;
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    api.forget(Subject::Staff(id));
    Ok(Found(Message::of("the professional is removed")))
}
