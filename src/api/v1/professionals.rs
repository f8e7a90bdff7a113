//! Doctors, nurses and midwives: their registration and their entries in the directory.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::account::{self, Message};
use crate::api::frame::answer::{Accepted, Done, Found};
use crate::api::frame::body::{Body, Filter, WhichPage};
use crate::api::frame::field::{Email, License, Line, Name, Phone};
use crate::api::frame::gate::{Allowed, Knock, Public};
use crate::api::frame::page::{Cursor, Page};
use crate::api::frame::{Api, At, CLASHES, Problem, Routes};
use crate::identity::{Role, grants};
use crate::store::accounts::{self, Account, NewAccount};
use crate::store::directory::facilities;
use crate::store::directory::professionals::{self, Detail, Entry};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group(
        "professionals",
        "Doctors, nurses and midwives: registered, verified, shown in the directory.",
    );
    routes.get("/api/v1/professionals", all, "Professionals that the directory shows");
    routes.post("/api/v1/registrations/professional", register, "Register as a professional of a facility");
    routes.post("/api/v1/professionals/{id}/verify", verify, "Verify a professional, and invite her");
    routes.refuses("POST", "/api/v1/professionals/{id}/verify", 409, CLASHES);
}

/// A profession.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profession {
    /// A doctor.
    Doctor,
    /// A nurse.
    Nurse,
    /// A midwife.
    Midwife,
    /// A community health officer.
    CommunityHealthOfficer,
    /// A pharmacist.
    Pharmacist,
    /// Laboratory staff.
    Laboratory,
    /// A nutritionist.
    Nutritionist,
    /// Another.
    Other,
}

impl Profession {
    /// Its word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::Nurse => "nurse",
            Self::Midwife => "midwife",
            Self::CommunityHealthOfficer => "community_health_officer",
            Self::Pharmacist => "pharmacist",
            Self::Laboratory => "laboratory",
            Self::Nutritionist => "nutritionist",
            Self::Other => "other",
        }
    }
}

/// An entry of the directory.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProfessionalView {
    /// Its id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Profession.
    pub profession: Option<String>,
    /// Specialty.
    pub specialization: String,
    /// Facility.
    pub facility: Option<i32>,
    /// Phone.
    pub phone: String,
    /// Town.
    pub city: String,
    /// Qualifications.
    pub qualifications: String,
}

async fn all(
    State(api): State<Arc<Api>>,
    _: Public,
    Filter(which): Filter<WhichPage>,
) -> Result<Found<Page<ProfessionalView>>, Problem> {
    let after = Cursor::read(which.cursor.as_ref())?;
    let mut work = api.nobody().await?;
    let rows = professionals::shown(&mut work, api.keyring(), after, which.limit.fetch()).await?;
    let show = |(account, Entry { detail, .. }): (Account, Entry)| ProfessionalView {
        id: account.id,
        name: account.name,
        profession: account.profession,
        specialization: detail.specialization,
        facility: account.facility,
        phone: detail.phone,
        city: detail.city,
        qualifications: detail.qualifications,
    };
    Ok(Found(Page::of(rows, which.limit, |row| row.0.id, show)))
}

/// A professional who registers.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "A. Example", "email": "nurse@hospital.example", "phone": "+23276000001", "license_number": "N-1",
    "profession": "nurse", "facility": 12, "specialization": "Midwifery"
}))]
pub struct ProfessionalBody {
    /// Name.
    name: Name,
    /// E-mail address; she signs in with it.
    email: Email,
    /// Phone.
    phone: Phone,
    /// Licence number.
    license_number: License,
    /// Profession.
    profession: Profession,
    /// The facility where she works.
    #[schema(minimum = 1, maximum = 99999)]
    facility: i32,
    /// Specialty.
    #[serde(default)]
    #[schema(required = false)]
    specialization: Line<0, 100>,
    /// Qualifications.
    #[serde(default)]
    #[schema(required = false)]
    qualifications: Line<0, 500>,
    /// Whether the directory shows her.
    #[serde(default)]
    #[schema(required = false)]
    public: bool,
}

const TAKEN: &str = "the registration is taken; a mail with a link is on its way to the address given";

/// Adds a professional who waits to be verified, and asks her to show that the address is hers. An
/// address that has an account is told nothing else than a new one.
pub(in crate::api) async fn apply(
    api: &Api,
    work: &mut sqlx::PgConnection,
    account: &NewAccount<'_>,
    detail: &Detail,
    public: bool,
) -> Result<bool, Problem> {
    if !accounts::add(work, api.keyring(), account).await? {
        return Ok(false);
    }
    professionals::save(work, api.keyring(), account.id, detail, public, None).await?;
    super::verification_mail(api, work, account.id).await?;
    Ok(true)
}

async fn register(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<ProfessionalBody>,
) -> Result<Accepted<Message>, Problem> {
    let mut work = api.nobody().await?;
    if !facilities::cares(&mut work, body.facility).await? {
        return Err(Problem::field("facility", "expected the id of a facility that is listed"));
    }
    let detail = Detail {
        phone: body.phone.0.e164(),
        license_number: body.license_number.0.clone(),
        specialization: body.specialization.0.clone(),
        qualifications: body.qualifications.0.clone(),
        ..Detail::default()
    };
    let account = NewAccount {
        id: api.new_id(),
        role: Role::Professional,
        email: &body.email,
        name: &body.name,
        profession: Some(body.profession.code()),
        facility: Some(body.facility),
        status: "pending",
        password_hash: None,
        now: api.now(),
    };
    apply(&api, &mut work, &account, &detail, body.public).await?;
    work.commit().await?;
    Ok(Accepted(Message::of(TAKEN)))
}

/// Verifies a professional who registered: she is invited to choose a password.
pub(in crate::api) async fn approve(
    api: &Api,
    work: &mut sqlx::PgConnection,
    id: Uuid,
) -> Result<Account, Problem> {
    let waiting = accounts::find(work, api.keyring(), id).await?;
    let waiting = waiting.filter(|account| account.role == Role::Professional);
    let waiting = waiting.ok_or_else(|| Problem::missing("there is no such professional"))?;
    if waiting.status != "pending" {
        return Err(Problem::conflict("she does not wait to be verified"));
    }
    if let Some(entry) = professionals::find(work, api.keyring(), id).await? {
        professionals::save(work, api.keyring(), id, &entry.detail, entry.public, Some(api.now())).await?;
    }
    account::admit(api, work, &waiting).await?;
    Ok(waiting)
}

async fn verify(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<Uuid>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    approve(&api, &mut work, id).await?;
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    Ok(Done)
}
