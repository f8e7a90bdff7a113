//! The public directories at the old addresses.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::frame::answer::Found;
use crate::api::frame::gate::Public;
use crate::api::frame::page::All;
use crate::api::frame::{Api, Problem, Routes};
use crate::store::directory::facilities::{self, Full};
use crate::store::directory::professionals::{self, Entry};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: directories", "The public directories at the addresses of the old system.");
    routes.get("/api/hospitals", hospitals, "All hospitals that are listed");
    routes.get("/api/pharmacies", pharmacies, "All pharmacies that are listed");
    routes.get("/api/doctors", doctors, "All professionals that the directory shows");
}

/// The old lists have no pages; they end here.
pub(super) const MOST: i64 = 5000;

/// What hospitals and pharmacies have alike, in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldPlace {
    /// Its id.
    pub(super) id: i32,
    /// Name.
    name: String,
    /// Address.
    address: String,
    /// Town.
    city: String,
    /// Province or district.
    state: String,
    /// Country.
    country: String,
    /// Phone.
    phone: String,
    /// E-mail address.
    email: String,
    /// Website.
    website: String,
}

impl OldPlace {
    /// In the words of who registered it, where they are known.
    pub(super) fn of(full: &Full) -> Self {
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            id: full.id,
            name: full.full_name.as_ref().unwrap_or(&full.name).clone(),
            address: known(if full.full_address.is_some() { &full.full_address } else { &full.address }),
            city: full.city.as_ref().unwrap_or(&full.town).clone(),
            state: full.state.as_ref().unwrap_or(&full.district).clone(),
            country: full.country.clone().unwrap_or_else(|| "Sierra Leone".to_owned()),
            phone: known(&full.phone),
            email: known(&full.email),
            website: known(&full.website),
        }
    }
}

/// Services in its own words, or else those that phones ask for.
pub(super) fn services(full: &Full) -> Vec<String> {
    full.offers.as_ref().filter(|offers| !offers.is_empty()).unwrap_or(&full.services).clone()
}

/// Where its picture is.
pub(super) fn picture(full: &Full) -> Option<String> {
    full.image.map(|image| format!("/api/v1/pictures/{image}"))
}

/// A hospital in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldHospital {
    /// As of a pharmacy.
    #[serde(flatten)]
    place: OldPlace,
    /// Services.
    services: Vec<String>,
    /// Picture.
    image_url: Option<String>,
}

/// A pharmacy in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldPharmacy {
    /// As of a hospital.
    #[serde(flatten)]
    place: OldPlace,
    /// Open 24 hours.
    is_24_hours: bool,
}

async fn listed(api: &Api, is_pharmacy: bool) -> Result<Vec<Full>, Problem> {
    let filter = facilities::Filter {
        pharmacies: is_pharmacy,
        status: Some("listed"),
        ..facilities::Filter::default()
    };
    let mut work = api.nobody().await?;
    Ok(facilities::list(&mut work, &filter, MOST).await?)
}

async fn hospitals(State(api): State<Arc<Api>>, _: Public) -> Result<Found<All<OldHospital>>, Problem> {
    let listed = listed(&api, false).await?;
    let shown = listed.iter().map(|full| OldHospital {
        place: OldPlace::of(full),
        services: services(full),
        image_url: picture(full),
    });
    Ok(Found(shown.collect()))
}

async fn pharmacies(State(api): State<Arc<Api>>, _: Public) -> Result<Found<All<OldPharmacy>>, Problem> {
    let listed = listed(&api, true).await?;
    let shown =
        listed.iter().map(|full| OldPharmacy { place: OldPlace::of(full), is_24_hours: full.all_day });
    Ok(Found(shown.collect()))
}

/// A professional in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldDoctor {
    /// Her id.
    id: Uuid,
    /// Name.
    name: String,
    /// Specialty.
    specialization: String,
    /// E-mail address; not public any more, so empty.
    email: String,
    /// Phone.
    phone: String,
    /// `Medical Doctor`, `Nurse`, …
    professional_type: String,
    /// Facility.
    hospital_affiliation: String,
    /// Street.
    address: String,
    /// Town.
    city: String,
    /// Province or district.
    state: String,
    /// Country.
    country: String,
    /// Picture.
    image_url: Option<String>,
    /// Website.
    website: String,
    /// Qualifications.
    qualifications: String,
    /// Experience.
    experience: String,
}

async fn doctors(State(api): State<Arc<Api>>, _: Public) -> Result<Found<All<OldDoctor>>, Problem> {
    let mut work = api.nobody().await?;
    let entries = professionals::shown(&mut work, api.keyring(), None, MOST).await?;
    let shown = entries.into_iter().map(|(account, Entry { detail, .. })| OldDoctor {
        id: account.id,
        name: account.name,
        specialization: detail.specialization,
        email: String::new(),
        phone: detail.phone,
        professional_type: if detail.professional_type.is_empty() {
            account.profession.unwrap_or_default()
        } else {
            detail.professional_type
        },
        hospital_affiliation: detail.hospital_affiliation,
        address: detail.address,
        city: detail.city,
        state: detail.state,
        country: detail.country,
        image_url: None,
        website: detail.website,
        qualifications: detail.qualifications,
        experience: detail.experience,
    });
    Ok(Found(shown.collect()))
}
