//! Hospitals and pharmacies that register, and wait until an administrator verifies them.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facilities::{FacilityView, NONE, as_written, shown};
use super::services::{ServiceWord, codes};
use crate::api::account::{self, Message};
use crate::api::frame::answer::{Accepted, Found, Versioned};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Email, License, Line, LongName, Name, Phone};
use crate::api::frame::gate::{Actor, Allowed, Knock};
use crate::api::frame::page::{Cursor, Limit, Page};
use crate::api::frame::{Api, At, CLASHES, Problem, Routes};
use crate::care::FacilityKind;
use crate::identity::{Role, grants};
use crate::store::accounts::{self, NewAccount};
use crate::store::directory::facilities::{self, Written};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.post("/api/v1/registrations/hospital", register_hospital, "Register a hospital and its account");
    routes.post("/api/v1/registrations/pharmacy", register_pharmacy, "Register a pharmacy and its account");
    routes.get("/api/v1/registrations", waiting, "Registrations that wait for an administrator");
    routes.post("/api/v1/facilities/{id}/verify", verify, "List a facility that was registered");
    routes.refuses("POST", "/api/v1/facilities/{id}/verify", 409, CLASHES);
}

/// A facility that registers, and who speaks for it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Example Hospital", "license_number": "EX-1", "district": "bo", "town": "Bo", "address": "1 Example Road",
    "phone": "+23276000001", "email": "office@hospital.example", "contact_name": "A. Example"
}))]
pub struct Registration {
    /// Name in full.
    name: LongName,
    /// Licence number.
    license_number: License,
    /// Id of its district.
    district: Line<1, 18>,
    /// Town.
    town: Line<1, 20>,
    /// Address.
    address: LongName,
    /// Phone.
    phone: Phone,
    /// E-mail address; its account is signed in with it.
    email: Email,
    /// Who speaks for it.
    contact_name: Name,
    /// Services that phones ask for.
    #[serde(default)]
    #[schema(required = false, max_items = 7)]
    services: Vec<ServiceWord>,
    /// Open 24 hours.
    #[serde(default)]
    #[schema(required = false)]
    all_day: bool,
    /// Website.
    website: Option<Line<4, 200>>,
}

const TAKEN: &str = "the registration is taken; a mail with a link is on its way to the address given";

async fn register(api: &Api, body: &Registration, kind: FacilityKind, role: Role) -> Result<(), Problem> {
    let mut work = api.nobody().await?;
    // Who registers with an address that has an account learns nothing of it; its owner gets no mail
    // either, since that would let anybody pester her.
    if accounts::find_by_email(&mut work, api.keyring(), &body.email).await?.is_some() {
        return Ok(());
    }
    let services = codes(&body.services)?;
    let local = body.phone.0.local();
    let written = Written {
        name: &body.name,
        town: &body.town,
        district: &body.district,
        kind: kind.code(),
        status: "pending",
        phone: Some(&local),
        address: Some(&body.address),
        all_day: body.all_day,
        services: &services,
        license_number: Some(&body.license_number),
        email: Some(&body.email),
        place: [None; 4],
        website: body.website.as_deref(),
        offers: &[],
        image: None,
        now: api.now(),
    };
    let facility = facilities::add(&mut work, &written).await?;
    let account = NewAccount {
        id: api.new_id(),
        role,
        email: &body.email,
        name: &body.contact_name,
        profession: None,
        facility: Some(facility),
        status: "pending",
        password_hash: None,
        now: api.now(),
    };
    accounts::add(&mut work, api.keyring(), &account).await?;
    super::verification_mail(api, &mut work, account.id).await?;
    work.commit().await?;
    Ok(())
}

async fn register_hospital(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<Registration>,
) -> Result<Accepted<Message>, Problem> {
    register(&api, &body, FacilityKind::Hospital, Role::Hospital).await?;
    Ok(Accepted(Message::of(TAKEN)))
}

async fn register_pharmacy(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<Registration>,
) -> Result<Accepted<Message>, Problem> {
    if !body.services.is_empty() {
        return Err(Problem::field("services", "a pharmacy has none of these"));
    }
    register(&api, &body, FacilityKind::Pharmacy, Role::Pharmacy).await?;
    Ok(Accepted(Message::of(TAKEN)))
}

/// Which registrations.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Pharmacies, or hospitals and health centres.
    #[serde(default)]
    #[schema(required = false)]
    pharmacies: bool,
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    limit: Limit,
    /// From the page before.
    #[schema(inline)]
    cursor: Option<Cursor>,
}

async fn waiting(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    Filter(which): Filter<Waiting>,
) -> Result<Found<Page<FacilityView>>, Problem> {
    let _ = actor;
    let filter = facilities::Filter {
        pharmacies: which.pharmacies,
        status: Some("pending"),
        after: Cursor::read(which.cursor.as_ref())?,
        ..facilities::Filter::default()
    };
    let mut work = api.begin(&actor).await?;
    let rows = facilities::list(&mut work, &filter, which.limit.fetch()).await?;
    Ok(Found(Page::of(rows, which.limit, |row| row.id, FacilityView::from)))
}

async fn verify(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<i32>,
) -> Result<Versioned<FacilityView>, Problem> {
    let mut work = api.begin(&actor).await?;
    verify_facility(&api, &mut work, &actor, id).await?;
    shown(work, id).await
}

/// Lists a facility that waits, and lets the account in that registered it.
pub(in crate::api) async fn verify_facility(
    api: &Api,
    work: &mut sqlx::PgConnection,
    actor: &Actor,
    id: i32,
) -> Result<(), Problem> {
    let full = facilities::find(work, id).await?.ok_or_else(|| Problem::missing(NONE))?;
    if full.status != "pending" {
        return Err(Problem::conflict("this facility does not wait to be verified"));
    }
    let services: Vec<&str> = full.services.iter().map(String::as_str).collect();
    facilities::update(work, id, &as_written(&full, &services, "listed", api.now()), None).await?;
    let filter = accounts::AccountFilter {
        roles: &[Role::Hospital, Role::Pharmacy],
        facility: Some(id),
        status: Some("pending"),
        after: None,
    };
    for waiting in accounts::list(work, api.keyring(), &filter, 10).await? {
        account::admit(api, work, &waiting).await?;
    }
    api.changed(work, actor, None, "facility").await
}
