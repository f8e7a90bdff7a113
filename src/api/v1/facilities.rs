//! Hospitals and pharmacies: listed, described, closed.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::services::{ServiceWord, codes};
use crate::api::frame::answer::{Done, Found, Versioned};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Email, Line, LongName, Name, Phone};
use crate::api::frame::gate::{Actor, Allowed, Public};
use crate::api::frame::page::{Cursor, Limit, Page};
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::identity::grants;
use crate::store::directory::facilities::{self, Full, Written};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("facilities", "Hospitals, health centres and pharmacies: registered, verified, listed.");
    routes.get("/api/v1/hospitals", hospitals, "Hospitals and health centres that are listed");
    routes.get("/api/v1/pharmacies", pharmacies, "Pharmacies that are listed");
    routes.get("/api/v1/facilities/{id}", one, "A facility that is listed");
    routes.patch("/api/v1/facilities/{id}", change, "Change a facility");
    routes.patch("/api/v1/facility", change_own, "Describe one's own facility");
    routes.get("/api/v1/facility", own, "One's own facility, in whatever state");
    routes.delete("/api/v1/facilities/{id}", close, "Close a facility");
}

/// A facility.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct FacilityView {
    /// Its id.
    pub id: i32,
    /// Name in full.
    pub name: String,
    /// Town.
    pub town: String,
    /// District.
    pub district: String,
    /// `hospital`, `chc`, `chp`, `mchp`, `clinic` or `pharmacy`.
    pub kind: String,
    /// `pending`, `listed` or `closed`.
    pub status: String,
    /// Phone, as people say it.
    pub phone: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// Open 24 hours.
    pub all_day: bool,
    /// Services that phones ask for.
    pub services: Vec<String>,
    /// Services in its own words.
    pub offers: Vec<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Website.
    pub website: Option<String>,
    /// Picture.
    pub image_url: Option<String>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

impl From<Full> for FacilityView {
    fn from(full: Full) -> Self {
        Self {
            id: full.id,
            name: full.full_name.unwrap_or(full.name),
            town: full.town,
            district: full.district,
            kind: full.kind,
            status: full.status,
            phone: full.phone,
            address: full.full_address.or(full.address),
            all_day: full.all_day,
            services: full.services,
            offers: full.offers.unwrap_or_default(),
            email: full.email,
            website: full.website,
            image_url: full.image.map(|image| format!("/api/v1/pictures/{image}")),
            updated_at: full.updated_at,
        }
    }
}

/// Which facilities.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// In that district.
    #[schema(inline)]
    district: Option<Line<1, 18>>,
    /// With that service.
    #[schema(inline)]
    service: Option<ServiceWord>,
    /// With a name that holds this, in whatever case.
    #[schema(inline)]
    name: Option<Line<2, 60>>,
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    limit: Limit,
    /// From the page before.
    #[schema(inline)]
    cursor: Option<Cursor>,
}

async fn listed(api: &Api, which: &Which, is_pharmacy: bool) -> Result<Found<Page<FacilityView>>, Problem> {
    let filter = facilities::Filter {
        pharmacies: is_pharmacy,
        status: Some("listed"),
        district: which.district.as_deref(),
        service: which.service.map(|word| word.0.code()),
        name: which.name.as_deref(),
        after: Cursor::read(which.cursor.as_ref())?,
    };
    let mut work = api.nobody().await?;
    let rows = facilities::list(&mut work, &filter, which.limit.fetch()).await?;
    Ok(Found(Page::of(rows, which.limit, |row| row.id, FacilityView::from)))
}

async fn hospitals(
    State(api): State<Arc<Api>>,
    _: Public,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<FacilityView>>, Problem> {
    listed(&api, &which, false).await
}

async fn pharmacies(
    State(api): State<Arc<Api>>,
    _: Public,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<FacilityView>>, Problem> {
    listed(&api, &which, true).await
}

pub(super) const NONE: &str = "there is no such facility";

async fn one(
    State(api): State<Arc<Api>>,
    _: Public,
    At(id): At<i32>,
) -> Result<Versioned<FacilityView>, Problem> {
    let mut work = api.nobody().await?;
    let full = facilities::find(&mut work, id).await?.filter(|full| full.status == "listed");
    let full = full.ok_or_else(|| Problem::missing(NONE))?;
    let version = full.updated_at;
    Ok(Versioned(FacilityView::from(full), version))
}

/// A facility as it is, in that state from now on.
pub(super) fn as_written<'a>(
    full: &'a Full,
    services: &'a [&'a str],
    status: &'a str,
    now: DateTime<Utc>,
) -> Written<'a> {
    Written {
        name: full.full_name.as_deref().unwrap_or(&full.name),
        town: &full.town,
        district: &full.district,
        kind: &full.kind,
        status,
        phone: full.phone.as_deref(),
        address: full.full_address.as_deref().or(full.address.as_deref()),
        all_day: full.all_day,
        services,
        license_number: full.license_number.as_deref(),
        email: full.email.as_deref(),
        place: [
            full.city.as_deref(),
            full.state.as_deref(),
            full.postal_code.as_deref(),
            full.country.as_deref(),
        ],
        website: full.website.as_deref(),
        offers: full.offers.as_deref().unwrap_or_default(),
        image: full.image,
        now,
    }
}

/// What it is now; ends the work.
pub(super) async fn shown(
    mut work: sqlx::Transaction<'static, sqlx::Postgres>,
    id: i32,
) -> Result<Versioned<FacilityView>, Problem> {
    let full = facilities::find(&mut work, id).await?.ok_or_else(|| Problem::missing(NONE))?;
    work.commit().await?;
    let version = full.updated_at;
    Ok(Versioned(FacilityView::from(full), version))
}

/// What changes; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone": "+23276000001", "services": ["maternity", "blood"]}))]
pub struct FacilityChange {
    /// Name in full.
    name: Option<LongName>,
    /// Town.
    town: Option<Line<1, 20>>,
    /// Address.
    address: Option<LongName>,
    /// Phone.
    phone: Option<Phone>,
    /// E-mail address that is shown.
    email: Option<Email>,
    /// Website.
    website: Option<Line<4, 200>>,
    /// Open 24 hours.
    all_day: Option<bool>,
    /// Services that phones ask for.
    #[schema(max_items = 7)]
    services: Option<Vec<ServiceWord>>,
    /// Services in its own words.
    #[schema(max_items = 50)]
    offers: Option<Vec<Name>>,
}

async fn apply(
    api: &Api,
    actor: &Actor,
    id: i32,
    seen: DateTime<Utc>,
    body: &FacilityChange,
) -> Result<Versioned<FacilityView>, Problem> {
    let mut work = api.begin(actor).await?;
    let full = facilities::find(&mut work, id).await?.ok_or_else(|| Problem::missing(NONE))?;
    let old_services: Vec<&str> = full.services.iter().map(String::as_str).collect();
    let services: Vec<&str> = match &body.services {
        Some(services) if full.kind == "pharmacy" && !services.is_empty() => {
            return Err(Problem::field("services", "a pharmacy has none of these"));
        }
        Some(services) => codes(services)?,
        None => old_services,
    };
    let local = body.phone.map(|phone| phone.0.local());
    let offers: Option<Vec<String>> =
        body.offers.as_ref().map(|offers| offers.iter().map(|offer| offer.0.clone()).collect());
    if offers.as_ref().is_some_and(|offers| offers.len() > 50) {
        return Err(Problem::field("offers", "expected at most 50"));
    }
    let old = as_written(&full, &services, &full.status, api.now());
    let written = Written {
        name: body.name.as_deref().unwrap_or(old.name),
        town: body.town.as_deref().unwrap_or(old.town),
        phone: local.as_deref().or(old.phone),
        address: body.address.as_deref().or(old.address),
        all_day: body.all_day.unwrap_or(old.all_day),
        email: body.email.as_deref().or(old.email),
        website: body.website.as_deref().or(old.website),
        offers: offers.as_deref().unwrap_or(old.offers),
        ..old
    };
    if !facilities::update(&mut work, id, &written, Some(seen)).await? {
        return Err(Problem::changed_meanwhile());
    }
    api.changed(&mut work, actor, None, "facility").await?;
    shown(work, id).await
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<i32>,
    IfMatch(seen): IfMatch,
    Body(body): Body<FacilityChange>,
) -> Result<Versioned<FacilityView>, Problem> {
    apply(&api, &actor, id, seen, &body).await
}

async fn change_own(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnFacility>,
    IfMatch(seen): IfMatch,
    Body(body): Body<FacilityChange>,
) -> Result<Versioned<FacilityView>, Problem> {
    apply(&api, &actor, actor.own_facility()?, seen, &body).await
}

async fn own(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnFacility>,
) -> Result<Versioned<FacilityView>, Problem> {
    let work = api.begin(&actor).await?;
    shown(work, actor.own_facility()?).await
}

async fn close(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<i32>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    if !facilities::close(&mut work, id, api.now()).await? {
        return Err(Problem::missing(NONE));
    }
    api.changed(&mut work, &actor, None, "facility").await?;
    work.commit().await?;
    Ok(Done)
}
