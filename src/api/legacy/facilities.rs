//! Hospitals and pharmacies at the old addresses of the administration.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::directory::{MOST, OldPlace, picture, services};
use super::form::{Form, flag, required, texts};
use super::register::place;
use crate::api::account::Message;
use crate::api::frame::answer::{Created, Found};
use crate::api::frame::field::{Email, License, Line, LongName, Phone};
use crate::api::frame::gate::{Actor, Allowed};
use crate::api::frame::page::All;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::api::v1::store_document;
use crate::identity::grants;
use crate::store::directory::facilities::{self, Full, Written};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: facilities", "Hospitals and pharmacies at the addresses of the old administration.");
    routes.post("/api/admin/hospitals", add_hospital, "Add a hospital");
    routes.get("/api/admin/hospitals", all::<HOSPITAL>, "All hospitals, in whatever state");
    routes.get("/api/admin/hospitals/{id}", one::<HOSPITAL>, "A hospital");
    routes.put("/api/admin/hospitals/{id}", change::<HOSPITAL>, "Change a hospital");
    routes.delete("/api/admin/hospitals/{id}", close::<HOSPITAL>, "Close a hospital");
    routes.post("/api/admin/pharmacies", add_pharmacy, "Add a pharmacy");
    routes.get("/api/admin/pharmacies", all::<PHARMACY>, "All pharmacies, in whatever state");
    routes.get("/api/admin/pharmacies/{id}", one::<PHARMACY>, "A pharmacy");
    routes.put("/api/admin/pharmacies/{id}", change::<PHARMACY>, "Change a pharmacy");
    routes.delete("/api/admin/pharmacies/{id}", close::<PHARMACY>, "Close a pharmacy");
}

/// A facility in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldFacility {
    /// As the public directory shows it.
    #[serde(flatten)]
    place: OldPlace,
    /// Licence number.
    license_number: String,
    /// Postal code.
    postal_code: String,
    /// Services; none of a pharmacy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Vec<String>)]
    services: Option<Vec<String>>,
    /// Picture; none of a pharmacy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String)]
    image_url: Option<String>,
    /// Open 24 hours; of a pharmacy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = bool)]
    is_24_hours: Option<bool>,
    /// Whether it is listed.
    is_verified: bool,
    /// Since when, as `YYYY-MM-DD HH:MM:SS`.
    created_at: String,
    /// Last change, as `YYYY-MM-DD HH:MM:SS`.
    updated_at: String,
}

impl From<Full> for OldFacility {
    fn from(full: Full) -> Self {
        let is_pharmacy = full.kind == "pharmacy";
        let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S").to_string();
        Self {
            place: OldPlace::of(&full),
            services: (!is_pharmacy).then(|| services(&full)),
            image_url: picture(&full).filter(|_| !is_pharmacy),
            license_number: full.license_number.unwrap_or_default(),
            postal_code: full.postal_code.unwrap_or_default(),
            is_24_hours: is_pharmacy.then_some(full.all_day),
            is_verified: full.status == "listed",
            created_at: time(full.created_at.unwrap_or(full.updated_at)),
            updated_at: time(full.updated_at),
        }
    }
}

/// A facility to be added or changed; for a change, what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({
    "name": "Example Hospital", "license_number": "EX-1", "email": "office@hospital.example", "phone": "+23276000001",
    "address": "1 Example Road", "city": "Bo", "state": "Bo", "postal_code": "0000", "country": "Sierra Leone"
}))]
pub struct FacilityFields {
    /// Name.
    name: Option<LongName>,
    /// Licence number.
    license_number: Option<License>,
    /// E-mail address.
    email: Option<Email>,
    /// Phone.
    phone: Option<Phone>,
    /// Address.
    address: Option<LongName>,
    /// Town.
    city: Option<Line<1, 100>>,
    /// Province or district.
    state: Option<Line<1, 100>>,
    /// Postal code.
    postal_code: Option<Line<1, 20>>,
    /// Country.
    country: Option<Line<1, 100>>,
    /// Website.
    website: Option<Line<1, 200>>,
    /// Services: a list, or one a line. A pharmacy has none.
    #[serde(deserialize_with = "texts")]
    #[schema(max_items = 50)]
    services: Option<Vec<String>>,
    /// Open 24 hours; a boolean or `on`.
    #[serde(deserialize_with = "flag")]
    is_24_hours: Option<bool>,
    /// Whether it is listed; a boolean or `on`.
    #[serde(deserialize_with = "flag")]
    is_verified: Option<bool>,
}

/// Services in own words, as those that phones ask for.
fn asked_for(offers: &[String]) -> Vec<&'static str> {
    let all = offers.iter().map(|offer| offer.to_lowercase()).collect::<Vec<_>>().join("\n");
    [
        ("maternity", ["matern", "obstet", "deliver"]),
        ("blood", ["blood", "transfus", "blood"]),
        ("ambulance", ["ambulance", "emergency transport", "ambulance"]),
        ("newborn", ["newborn", "neonat", "nicu"]),
        ("surgery", ["surg", "operat", "theatre"]),
        ("vaccines", ["vaccin", "immuni", "under-five"]),
        ("hiv", ["hiv", "art clinic", "pmtct"]),
    ]
    .into_iter()
    .filter(|(_, words)| words.iter().any(|word| all.contains(word)))
    .map(|(service, _)| service)
    .collect()
}

/// What is told of a new hospital.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HospitalAdded {
    /// In words.
    message: String,
    /// The hospital.
    hospital: OldFacility,
}

/// What is told of a new pharmacy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PharmacyAdded {
    /// In words.
    message: String,
    /// The pharmacy.
    pharmacy: OldFacility,
}

async fn add(
    api: &Api,
    actor: &Actor,
    kind: &str,
    form: Form<FacilityFields>,
) -> Result<OldFacility, Problem> {
    let fields = form.fields;
    let (city, state) = (required("city", fields.city.as_ref())?, required("state", fields.state.as_ref())?);
    let local = required("phone", fields.phone.as_ref())?.0.local();
    let offers = fields.services.unwrap_or_default();
    if kind == "pharmacy" && !offers.is_empty() {
        return Err(Problem::field("services", "a pharmacy has none"));
    }
    let asked = asked_for(&offers);
    let mut work = api.begin(actor).await?;
    let district = place(&mut work, &[state, city]).await?;
    let written = Written {
        name: required("name", fields.name.as_ref())?,
        town: city,
        district: &district,
        kind,
        status: if fields.is_verified == Some(true) { "listed" } else { "pending" },
        phone: Some(&local),
        address: Some(required("address", fields.address.as_ref())?),
        all_day: fields.is_24_hours.unwrap_or(false),
        services: &asked,
        license_number: Some(required("license_number", fields.license_number.as_ref())?),
        email: Some(required("email", fields.email.as_ref())?),
        place: [
            Some(city),
            Some(state),
            Some(required("postal_code", fields.postal_code.as_ref())?),
            Some(required("country", fields.country.as_ref())?),
        ],
        website: fields.website.as_deref(),
        offers: &offers,
        image: None,
        now: api.now(),
    };
    let id = facilities::add(&mut work, &written).await?;
    if let Some(content) = &form.image {
        let image = store_document(api, &mut work, id, "image", content).await?;
        facilities::update(&mut work, id, &Written { image: Some(image), ..written }, None).await?;
    }
    let full = facilities::find(&mut work, id).await?.ok_or_else(Problem::busy)?;
    api.changed(&mut work, actor, None, "facility").await?;
    work.commit().await?;
    Ok(OldFacility::from(full))
}

async fn add_hospital(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    form: Form<FacilityFields>,
) -> Result<Created<HospitalAdded>, Problem> {
    let hospital = add(&api, &actor, "hospital", form).await?;
    let at = format!("/api/admin/hospitals/{}", hospital.place.id);
    Ok(Created(at, HospitalAdded { message: "the hospital is added".to_owned(), hospital }))
}

async fn add_pharmacy(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    form: Form<FacilityFields>,
) -> Result<Created<PharmacyAdded>, Problem> {
    let pharmacy = add(&api, &actor, "pharmacy", form).await?;
    let at = format!("/api/admin/pharmacies/{}", pharmacy.place.id);
    Ok(Created(at, PharmacyAdded { message: "the pharmacy is added".to_owned(), pharmacy }))
}

/// What the routes of the two kinds are made for.
const HOSPITAL: bool = false;
const PHARMACY: bool = true;

async fn all<const IS_PHARMACY: bool>(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
) -> Result<Found<All<OldFacility>>, Problem> {
    let _ = actor;
    let mut work = api.begin(&actor).await?;
    let filter = facilities::Filter { pharmacies: IS_PHARMACY, ..facilities::Filter::default() };
    let rows = facilities::list(&mut work, &filter, MOST).await?;
    let open = rows.into_iter().filter(|full| full.status != "closed");
    Ok(Found(open.map(OldFacility::from).collect()))
}

async fn find(work: &mut sqlx::PgConnection, id: i32, is_pharmacy: bool) -> Result<Full, Problem> {
    let found = facilities::find(work, id).await?;
    let fits = |full: &Full| (full.kind == "pharmacy") == is_pharmacy && full.status != "closed";
    found.filter(fits).ok_or_else(|| Problem::missing("there is no such facility"))
}

async fn one<const IS_PHARMACY: bool>(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<i32>,
) -> Result<Found<OldFacility>, Problem> {
    let _ = actor;
    let mut work = api.begin(&actor).await?;
    Ok(Found(OldFacility::from(find(&mut work, id, IS_PHARMACY).await?)))
}

async fn change<const IS_PHARMACY: bool>(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<i32>,
    form: Form<FacilityFields>,
) -> Result<Found<Message>, Problem> {
    let fields = form.fields;
    let mut work = api.begin(&actor).await?;
    let old = find(&mut work, id, IS_PHARMACY).await?;
    if IS_PHARMACY && fields.services.as_ref().is_some_and(|services| !services.is_empty()) {
        return Err(Problem::field("services", "a pharmacy has none"));
    }
    let district = match (&fields.state, &fields.city) {
        (None, None) => old.district.clone(),
        (state, city) => {
            let words: Vec<&str> = state.iter().chain(city).map(|line| line.0.as_str()).collect();
            facilities::district_of_words(&mut work, &words).await?.unwrap_or(old.district)
        }
    };
    let asked: Vec<&str> = match &fields.services {
        Some(offers) => asked_for(offers),
        None => old.services.iter().map(String::as_str).collect(),
    };
    let image = match &form.image {
        Some(content) => Some(store_document(&api, &mut work, id, "image", content).await?),
        None => old.image,
    };
    let status = match fields.is_verified {
        Some(true) => "listed",
        Some(false) => "pending",
        None => old.status.as_str(),
    };
    let local = fields.phone.map(|phone| phone.0.local());
    let written = Written {
        name: fields.name.as_deref().or(old.full_name.as_deref()).unwrap_or(&old.name),
        town: fields.city.as_deref().unwrap_or(&old.town),
        district: &district,
        kind: &old.kind,
        status,
        phone: local.as_deref().or(old.phone.as_deref()),
        address: fields.address.as_deref().or(old.full_address.as_deref()).or(old.address.as_deref()),
        all_day: fields.is_24_hours.unwrap_or(old.all_day),
        services: &asked,
        license_number: fields.license_number.as_deref().or(old.license_number.as_deref()),
        email: fields.email.as_deref().or(old.email.as_deref()),
        place: [
            fields.city.as_deref().or(old.city.as_deref()),
            fields.state.as_deref().or(old.state.as_deref()),
            fields.postal_code.as_deref().or(old.postal_code.as_deref()),
            fields.country.as_deref().or(old.country.as_deref()),
        ],
        website: fields.website.as_deref().or(old.website.as_deref()),
        offers: fields.services.as_deref().or(old.offers.as_deref()).unwrap_or_default(),
        image,
        now: api.now(),
    };
    facilities::update(&mut work, id, &written, None).await?;
    api.changed(&mut work, &actor, None, "facility").await?;
    work.commit().await?;
    Ok(Found(Message::of("the facility is changed")))
}

async fn close<const IS_PHARMACY: bool>(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<i32>,
) -> Result<Found<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    find(&mut work, id, IS_PHARMACY).await?;
    facilities::close(&mut work, id, api.now()).await?;
    api.changed(&mut work, &actor, None, "facility").await?;
    work.commit().await?;
    Ok(Found(Message::of("the facility is closed: it is shown no more")))
}
