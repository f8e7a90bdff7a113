//! Patients of a facility.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use super::show::PatientView;
use crate::api::frame::answer::{Created, Found, Versioned};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Day, Line, Name, Phone};
use crate::api::frame::gate::Allowed;
use crate::api::frame::once::Once;
use crate::api::frame::page::{Cursor, Limit, Page};
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::api::pins::{self, Owner};
use crate::identity::grants;
use crate::store::consents::{self, Agreement};
use crate::store::record::patients::{self, After, Change, NewPatient, Order};
use crate::store::record::reach;
use crate::store::sealed::Identity;
use crate::store::{people, phones, trail};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("patients", "Women in care: of one's own facility, or opened with a reason.");
    routes.get("/api/v1/patients", all, "List the patients of one's facility");
    routes.post("/api/v1/patients", register, "Register a patient, with her consent");
    routes.get("/api/v1/patients/{id}", one, "A patient's particulars");
    routes.patch("/api/v1/patients/{id}", change, "Change a patient's particulars");
    routes.post(
        "/api/v1/patients/{id}/open",
        open,
        "Open the record of a patient of another facility, with a reason",
    );
}

/// The order of a list of patients.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
pub enum Sort {
    /// The newest registration first.
    #[default]
    #[serde(rename = "-created_at")]
    Newest,
    /// The oldest first.
    #[serde(rename = "created_at")]
    Oldest,
}

/// How a patient came to be here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusWord {
    /// By her own phone; no staff have seen her yet.
    SelfRegistered,
    /// Through staff, or verified by them.
    Verified,
}

/// Which patients.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Only in that state.
    status: Option<StatusWord>,
    /// Only those with a name that begins so, in whatever case. Names are sealed, so up to 2,000
    /// patients are looked through for one page, which may hold few or none; `next` goes on.
    name: Option<Line<2, 60>>,
    /// Order.
    #[serde(default)]
    #[schema(inline)]
    sort: Sort,
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    limit: Limit,
    /// From the page before.
    #[schema(inline)]
    cursor: Option<Cursor>,
}

/// Most patients that are looked through for one page.
const LOOKED_THROUGH: i64 = 2000;

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ListPatients>,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<PatientView>>, Problem> {
    let facility = actor.own_facility()?;
    let after: Option<After> = Cursor::read(which.cursor.as_ref())?;
    let status = which.status.map(|status| match status {
        StatusWord::SelfRegistered => "self_registered",
        StatusWord::Verified => "verified",
    });
    let order = match which.sort {
        Sort::Newest => Order::Newest,
        Sort::Oldest => Order::Oldest,
    };
    let most = if which.name.is_some() { LOOKED_THROUGH } else { which.limit.fetch() };
    let mut work = api.begin(&actor).await?;
    let rows = patients::list(&mut work, &api.vault, Some(facility), status, order, after, most).await?;
    drop(work);
    let place = |row: &reach::Patient| (row.created_at, row.id);
    let page = match &which.name {
        None => Page::of(rows, which.limit, place, |row| PatientView::from(&row)),
        Some(name) => named(&rows, name, which.limit, most, place),
    };
    let lines = page.items.iter().map(|patient| api.line(&actor, Some(patient.id), "read", "list")).collect();
    api.witness.note(lines).await?;
    Ok(Found(page))
}

/// Those of a stretch whose name begins so, and where the next page begins.
fn named(
    rows: &[reach::Patient],
    name: &str,
    limit: Limit,
    most: i64,
    place: impl Fn(&reach::Patient) -> (DateTime<Utc>, Uuid),
) -> Page<PatientView> {
    let wanted = name.to_lowercase();
    let begins = |text: &str| {
        let text = text.to_lowercase();
        text.starts_with(&wanted) || text.split_whitespace().any(|part| part.starts_with(&wanted))
    };
    let fits = |row: &reach::Patient| {
        begins(&row.identity.given)
            || begins(&row.identity.family)
            || begins(&format!("{} {}", row.identity.given, row.identity.family))
    };
    let found: Vec<&reach::Patient> = rows.iter().filter(|row| fits(row)).take(limit.rows()).collect();
    let full = found.len() == limit.rows();
    let last = if full { found.last().copied() } else { rows.last() };
    let more = full || i64::try_from(rows.len()).unwrap_or(0) == most;
    let items = found.iter().map(|row| PatientView::from(*row)).collect();
    Page::ended(items, last.filter(|_| more).map(place))
}

/// A patient to be registered.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "given_name": "Aminata", "family_name": "Example", "birth_date": "1998-04-12", "phone": "+23276000001",
    "language": "en", "consents": ["care", "reminders"]
}))]
pub struct NewPatientBody {
    /// First name and those after it.
    given_name: Name,
    /// Family name.
    #[serde(default)]
    #[schema(required = false)]
    family_name: Line<0, 100>,
    /// Day of birth, where it is known.
    birth_date: Option<Day>,
    /// Year of birth, where only that is known.
    #[schema(minimum = 1920, maximum = 2026)]
    birth_year: Option<i16>,
    /// Her number; she gets a PIN on it by SMS.
    phone: Option<Phone>,
    /// Language of her messages.
    #[serde(default)]
    #[schema(required = false)]
    language: Language,
    /// What she agrees to; `care` at least, or nothing is kept.
    consents: Vec<Purpose>,
}

/// A language of messages.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Krio.
    Kri,
    /// Mende.
    Men,
    /// Temne.
    Tem,
    /// Limba.
    Lim,
}

impl Language {
    /// ISO code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Kri => "kri",
            Self::Men => "men",
            Self::Tem => "tem",
            Self::Lim => "lim",
        }
    }
}

/// A purpose of consent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// That her record is kept and used for her care.
    Care,
    /// That she is reminded of visits.
    Reminders,
    /// That other facilities may read it.
    Sharing,
    /// That it may leave the country's health service.
    SharingOutside,
    /// That it may be used for research, without her name.
    Research,
}

impl Purpose {
    /// Its word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Care => "care",
            Self::Reminders => "reminders",
            Self::Sharing => "sharing",
            Self::SharingOutside => "sharing_outside",
            Self::Research => "research",
        }
    }
}

/// The version of the text that staff read to her.
pub(super) const SPOKEN: &str = "spoken-1";

fn identity(
    api: &Api,
    given: &str,
    family: &str,
    date: Option<Day>,
    year: Option<i16>,
) -> Result<Identity, Problem> {
    use chrono::Datelike;
    let today = api.today();
    let birth_date = date.map(|day| day.past("birth_date", today, 100)).transpose()?;
    let this_year = i16::try_from(today.year()).unwrap_or(i16::MAX);
    if year.is_some_and(|year| !(1920..=this_year).contains(&year)) {
        return Err(Problem::field("birth_year", format!("expected 1920 to {this_year}")));
    }
    let of_date = birth_date.and_then(|day| i16::try_from(day.year()).ok());
    if let (Some(of_date), Some(year)) = (of_date, year)
        && of_date != year
    {
        return Err(Problem::field("birth_year", "it is not the year of birth_date"));
    }
    Ok(Identity {
        given: given.to_owned(),
        family: family.to_owned(),
        birth_year: of_date.or(year),
        birth_date,
    })
}

async fn register(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::RegisterPatient>,
    once: Once,
    Body(body): Body<NewPatientBody>,
) -> Result<Created<PatientView>, Problem> {
    let facility = actor.own_facility()?;
    if !body.consents.contains(&Purpose::Care) {
        return Err(Problem::field("consents", "without her consent to `care` nothing may be kept"));
    }
    let identity = identity(&api, &body.given_name, &body.family_name, body.birth_date, body.birth_year)?;
    let drawn = match body.phone {
        Some(phone) => Some((phone.0, pins::draw(&api, &identity, phone.0).await?)),
        None => None,
    };
    let mut work = api.begin(&actor).await?;
    let running = match once.begin::<PatientView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(format!("/api/v1/patients/{}", view.id), view)),
        Err(running) => running,
    };
    let id = api.new_id();
    let (key, wrapped) = api.vault.create(id);
    let district = district_of(&mut work, facility).await?;
    let patient = NewPatient {
        key: &key,
        wrapped_key: &wrapped,
        identity: &identity,
        language: body.language.code(),
        district: district.as_deref(),
        home_facility: Some(facility),
        verified: true,
        now: api.now(),
    };
    patients::add(&mut work, &patient).await?;
    for purpose in &body.consents {
        consents::give(&mut work, agreement(&api, id, *purpose, body.language.code())).await?;
    }
    if let Some((msisdn, (pin, hash))) = &drawn {
        let phone = api.keyring().phone_index(*msisdn);
        phones::hold(&mut work, &phone).await?;
        let ordinal = people::free_ordinal(&mut work, &phone).await?;
        let ordinal = ordinal.ok_or_else(|| Problem::conflict("nine people share this number already"))?;
        people::link(&mut work, &key, &phone, ordinal, *msisdn, api.now()).await?;
        let owner = Owner { key: &key, msisdn: *msisdn, language: body.language.code() };
        pins::send(&api, &mut work, &owner, pin, hash).await?;
    }
    api.changed(&mut work, &actor, Some(id), "patient").await?;
    let view = view(&api, &mut work, id).await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(format!("/api/v1/patients/{id}"), view))
}

async fn district_of(work: &mut sqlx::PgConnection, facility: i32) -> Result<Option<String>, Problem> {
    Ok(crate::store::directory::facilities::district(work, facility).await?)
}

pub(super) fn agreement<'a>(api: &Api, person: Uuid, purpose: Purpose, language: &'a str) -> Agreement<'a> {
    Agreement {
        person,
        purpose: purpose.code(),
        channel: "api",
        text_version: SPOKEN,
        language,
        now: api.now(),
    }
}

async fn view(api: &Api, work: &mut sqlx::PgConnection, id: Uuid) -> Result<PatientView, Problem> {
    let patient = reach::find(work, &api.vault, id)
        .await?
        .ok_or_else(|| Problem::missing("there is no such patient"))?;
    let phones = patients::phones(work, &patient.key).await?;
    Ok(PatientView { phones: Some(phones), ..PatientView::from(&patient) })
}

async fn one(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
) -> Result<Versioned<PatientView>, Problem> {
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let view = view(&api, &mut work, id).await?;
    drop(work);
    api.seen(&actor, id, "patient").await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}

/// What changes; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"family_name": "Example", "language": "kri", "verified": true}))]
pub struct PatientChange {
    /// First name and those after it.
    given_name: Option<Name>,
    /// Family name.
    family_name: Option<Line<0, 100>>,
    /// Day of birth.
    birth_date: Option<Day>,
    /// Year of birth.
    #[schema(minimum = 1920, maximum = 2026)]
    birth_year: Option<i16>,
    /// Language of her messages.
    language: Option<Language>,
    /// True: staff have seen her, and her registration is in order.
    verified: Option<bool>,
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ChangePatient>,
    At(id): At<Uuid>,
    IfMatch(seen): IfMatch,
    Body(body): Body<PatientChange>,
) -> Result<Versioned<PatientView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let of_old = (patient.identity.birth_date.map(Day), patient.identity.birth_year);
    let (date, year) = match (body.birth_date, body.birth_year) {
        (None, None) => of_old,
        (date, year) => (date, year),
    };
    let given = body.given_name.as_deref().unwrap_or(&patient.identity.given);
    let family = body.family_name.as_deref().unwrap_or(&patient.identity.family);
    let identity = identity(&api, given, family, date, year)?;
    let change = Change {
        identity: Some(&identity),
        language: body.language.map(Language::code),
        verified: body.verified == Some(true),
        ..Change::default()
    };
    if !patients::update(&mut work, &patient.key, &change, Some(seen), api.now()).await? {
        return Err(Problem::changed_meanwhile());
    }
    api.changed(&mut work, &actor, Some(id), "patient").await?;
    let view = view(&api, &mut work, id).await?;
    work.commit().await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}

/// Why a record is opened.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Brought in unconscious after a fall; no papers but her card"}))]
pub struct Reason {
    /// In words; the patient reads them on her phone, with the day, the profession and the facility.
    reason: Line<10, 500>,
}

/// Until when a record is open.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Opened {
    /// Reading is allowed until then; changing is not.
    until: DateTime<Utc>,
}

async fn open(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::BreakGlass>,
    At(id): At<Uuid>,
    Body(body): Body<Reason>,
) -> Result<Found<Opened>, Problem> {
    actor.own_facility()?;
    let mut work = api.begin(&actor).await?;
    if !reach::is_kept(&mut work, id).await? {
        return Err(Problem::missing("there is no such patient"));
    }
    let until = reach::open_with_reason(&mut work, actor.id(), id, api.now()).await?;
    let line =
        trail::Line { reason: Some(body.reason.0), ..api.line(&actor, Some(id), "grant", "opened_record") };
    trail::add(&mut work, api.keyring(), &[line]).await?;
    work.commit().await?;
    Ok(Found(Opened { until }))
}
