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
use crate::api::v1::public_professionals;
use crate::store::directory::facilities::{self, Full};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: directories", "The public directories at the addresses of the old system.");
    routes.get("/api/hospitals", hospitals, "All hospitals that are listed");
    routes.get("/api/pharmacies", pharmacies, "All pharmacies that are listed");
    routes.get("/api/doctors", doctors, "All professionals that the directory shows");
}

/// The old lists have no pages; they end here.
const MOST: i64 = 5000;

/// A hospital in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldHospital {
    /// Its id.
    id: i32,
    /// Name.
    name: String,
    /// Address.
    address: String,
    /// Town.
    city: String,
    /// District.
    state: String,
    /// Country.
    country: String,
    /// Phone.
    phone: String,
    /// E-mail address.
    email: String,
    /// Website.
    website: String,
    /// Services.
    services: Vec<String>,
    /// Picture.
    image_url: Option<String>,
}

/// A pharmacy in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldPharmacy {
    /// Its id.
    id: i32,
    /// Name.
    name: String,
    /// Address.
    address: String,
    /// Town.
    city: String,
    /// District.
    state: String,
    /// Country.
    country: String,
    /// Phone.
    phone: String,
    /// E-mail address.
    email: String,
    /// Website.
    website: String,
    /// Open 24 hours.
    is_24_hours: bool,
}

async fn listed(api: &Api, is_pharmacy: bool) -> Result<Vec<Full>, Problem> {
    let filter = facilities::Filter {
        pharmacies: is_pharmacy,
        status: Some("listed"),
        ..facilities::Filter::default()
    };
    let mut work = api.pool.acquire().await?;
    Ok(facilities::list(&mut work, &filter, MOST).await?)
}

async fn hospitals(State(api): State<Arc<Api>>, _: Public) -> Result<Found<All<OldHospital>>, Problem> {
    let shown = listed(&api, false).await?.into_iter().map(|full| OldHospital {
        id: full.id,
        name: full.full_name.unwrap_or(full.name),
        address: full.full_address.or(full.address).unwrap_or_default(),
        city: full.city.unwrap_or(full.town),
        state: full.state.unwrap_or(full.district),
        country: full.country.unwrap_or_else(|| "Sierra Leone".to_owned()),
        phone: full.phone.unwrap_or_default(),
        email: full.email.unwrap_or_default(),
        website: full.website.unwrap_or_default(),
        services: full.offers.filter(|offers| !offers.is_empty()).unwrap_or(full.services),
        image_url: full.image.map(|image| format!("/api/v1/pictures/{image}")),
    });
    Ok(Found(shown.collect()))
}

async fn pharmacies(State(api): State<Arc<Api>>, _: Public) -> Result<Found<All<OldPharmacy>>, Problem> {
    let shown = listed(&api, true).await?.into_iter().map(|full| OldPharmacy {
        id: full.id,
        name: full.full_name.unwrap_or(full.name),
        address: full.full_address.or(full.address).unwrap_or_default(),
        city: full.city.unwrap_or(full.town),
        state: full.state.unwrap_or(full.district),
        country: full.country.unwrap_or_else(|| "Sierra Leone".to_owned()),
        phone: full.phone.unwrap_or_default(),
        email: full.email.unwrap_or_default(),
        website: full.website.unwrap_or_default(),
        is_24_hours: full.all_day,
    });
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
    let shown =
        public_professionals(&api, None, MOST).await?.into_iter().map(|(account, detail)| OldDoctor {
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
