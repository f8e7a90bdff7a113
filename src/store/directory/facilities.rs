//! Hospitals, health centres and pharmacies with their full particulars.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;

/// A facility with all that is known of it.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Full {
    /// Its id.
    pub id: i32,
    /// Name, short enough for a phone.
    pub name: String,
    /// Town.
    pub town: String,
    /// District.
    pub district: String,
    /// `hospital`, `chc`, …, `pharmacy`.
    pub kind: String,
    /// `pending`, `listed` or `closed`.
    pub status: String,
    /// As people say it.
    pub phone: Option<String>,
    /// Address, short.
    pub address: Option<String>,
    /// Open 24 hours.
    pub all_day: bool,
    /// Services that phones ask for.
    pub services: Vec<String>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// Licence number.
    pub license_number: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Name in full.
    pub full_name: Option<String>,
    /// Address in full.
    pub full_address: Option<String>,
    /// City, in the words of who registered it.
    pub city: Option<String>,
    /// Province or district, in such words.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Website.
    pub website: Option<String>,
    /// Services in its own words.
    pub offers: Option<Vec<String>>,
    /// A picture.
    pub image: Option<Uuid>,
    /// When an administrator verified it.
    pub verified_at: Option<DateTime<Utc>>,
    /// When it registered.
    pub created_at: Option<DateTime<Utc>>,
}

/// Which facilities a list holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Pharmacies, or all others.
    pub pharmacies: bool,
    /// In that state.
    pub status: Option<&'a str>,
    /// In that district.
    pub district: Option<&'a str>,
    /// With that service.
    pub service: Option<&'a str>,
    /// With a name that holds this.
    pub name: Option<&'a str>,
    /// After that id.
    pub after: Option<i32>,
}

/// Facilities by id. They are some thousands at most.
pub async fn list(work: &mut PgConnection, filter: &Filter<'_>, most: i64) -> Result<Vec<Full>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, name, town, district, kind, status, phone, address, all_day, services, updated_at,
                license_number, email, full_name, full_address, city, state, postal_code, country, website, offers,
                image, verified_at, created_at
         FROM facility LEFT JOIN facility_detail ON facility_detail.facility = facility.id
         WHERE (kind = 'pharmacy') = $1 AND ($2::text IS NULL OR status = $2)
           AND ($3::text IS NULL OR district = $3) AND ($4::text IS NULL OR services @> ARRAY[$4])
           AND ($5::text IS NULL OR strpos(lower(coalesce(full_name, name)), lower($5)) > 0) AND id > $6
         ORDER BY id LIMIT $7",
    )
    .bind(filter.pharmacies)
    .bind(filter.status)
    .bind(filter.district)
    .bind(filter.service)
    .bind(filter.name)
    .bind(filter.after.unwrap_or(0))
    .bind(most)
    .fetch_all(work)
    .await?)
}

/// One facility, in whatever state.
pub async fn find(work: &mut PgConnection, id: i32) -> Result<Option<Full>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, name, town, district, kind, status, phone, address, all_day, services, updated_at,
                license_number, email, full_name, full_address, city, state, postal_code, country, website, offers,
                image, verified_at, created_at
         FROM facility LEFT JOIN facility_detail ON facility_detail.facility = facility.id
         WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(work)
    .await?)
}

/// Names of facilities, in full where they are known.
pub async fn names(work: &mut PgConnection, ids: &[i32]) -> Result<Vec<(i32, String)>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, coalesce(full_name, name)
         FROM facility LEFT JOIN facility_detail ON facility_detail.facility = facility.id WHERE id = ANY ($1)",
    )
    .bind(ids)
    .fetch_all(work)
    .await?)
}

/// The district of a facility.
pub async fn district(work: &mut PgConnection, id: i32) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT district FROM facility WHERE id = $1")
        .bind(id)
        .fetch_optional(work)
        .await?)
}

/// Whether it is listed and cares for patients.
pub async fn cares(work: &mut PgConnection, id: i32) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM facility WHERE id = $1 AND status = 'listed' AND kind <> 'pharmacy')",
    )
    .bind(id)
    .fetch_one(work)
    .await?)
}

/// The district that is meant by words for a place: its id, its name, or a town with a facility.
pub async fn district_of_words(
    work: &mut PgConnection,
    words: &[&str],
) -> Result<Option<String>, StoreError> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    Ok(sqlx::query_scalar(
        "SELECT id FROM (
             SELECT id, 1 AS rank FROM district WHERE lower(id) = ANY ($1) OR lower(name) = ANY ($1)
             UNION ALL
             SELECT district, 2 FROM facility WHERE lower(town) = ANY ($1)
         ) AS found ORDER BY rank, id LIMIT 1",
    )
    .bind(words)
    .fetch_optional(work)
    .await?)
}

/// A facility as it shall be.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Name.
    pub name: &'a str,
    /// Town.
    pub town: &'a str,
    /// District.
    pub district: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// State.
    pub status: &'a str,
    /// As people say it.
    pub phone: Option<&'a str>,
    /// Address in full.
    pub address: Option<&'a str>,
    /// Open 24 hours.
    pub all_day: bool,
    /// Services that phones ask for.
    pub services: &'a [&'a str],
    /// Licence number.
    pub license_number: Option<&'a str>,
    /// E-mail address.
    pub email: Option<&'a str>,
    /// City, state, postal code, country, in the words of who registered it.
    pub place: [Option<&'a str>; 4],
    /// Website.
    pub website: Option<&'a str>,
    /// Services in its own words.
    pub offers: &'a [String],
    /// A picture.
    pub image: Option<Uuid>,
    /// When.
    pub now: DateTime<Utc>,
}

/// What fits on a phone of a longer text.
fn short(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    cut.trim().to_owned()
}

/// Adds a facility; its id.
pub async fn add(work: &mut PgConnection, written: &Written<'_>) -> Result<i32, StoreError> {
    // Ids of the country's own data are taken already.
    let id: i32 = sqlx::query_scalar(
        "SELECT number::integer FROM (SELECT nextval('facility_number') AS number FROM generate_series(1, 2000)) AS drawn
         WHERE NOT EXISTS (SELECT FROM facility WHERE id = number) LIMIT 1",
    )
    .fetch_one(&mut *work)
    .await?;
    sqlx::query(
        "INSERT INTO facility (id, name, town, district, kind, status, phone, address, all_day, services, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id)
    .bind(short(written.name, 40))
    .bind(short(written.town, 20))
    .bind(written.district)
    .bind(written.kind)
    .bind(written.status)
    .bind(written.phone)
    .bind(written.address.map(|address| short(address, 40)))
    .bind(written.all_day)
    .bind(written.services)
    .bind(written.now)
    .execute(&mut *work)
    .await?;
    save_detail(work, id, written).await?;
    Ok(id)
}

/// Changes a facility that has not changed since `seen` (or whatever changed, where it is none).
pub async fn update(
    work: &mut PgConnection,
    id: i32,
    written: &Written<'_>,
    seen: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE facility SET name = $2, town = $3, district = $4, status = $5, phone = $6, address = $7, all_day = $8,
                services = $9, updated_at = $10
         WHERE id = $1 AND ($11::timestamptz IS NULL OR updated_at = $11)",
    )
    .bind(id)
    .bind(short(written.name, 40))
    .bind(short(written.town, 20))
    .bind(written.district)
    .bind(written.status)
    .bind(written.phone)
    .bind(written.address.map(|address| short(address, 40)))
    .bind(written.all_day)
    .bind(written.services)
    .bind(written.now)
    .bind(seen)
    .execute(&mut *work)
    .await?;
    if done.rows_affected() == 1 {
        save_detail(work, id, written).await?;
    }
    Ok(done.rows_affected() == 1)
}

async fn save_detail(work: &mut PgConnection, id: i32, written: &Written<'_>) -> Result<(), StoreError> {
    let [city, state, postal_code, country] = written.place;
    let verified_at = (written.status == "listed").then_some(written.now);
    sqlx::query(
        "INSERT INTO facility_detail (facility, license_number, email, full_name, full_address, city, state,
                                      postal_code, country, website, offers, image, verified_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (facility) DO UPDATE
         SET license_number = excluded.license_number, email = excluded.email, full_name = excluded.full_name,
             full_address = excluded.full_address, city = excluded.city, state = excluded.state,
             postal_code = excluded.postal_code, country = excluded.country, website = excluded.website,
             offers = excluded.offers, image = coalesce(excluded.image, facility_detail.image),
             verified_at = CASE WHEN excluded.verified_at IS NULL THEN NULL
                                ELSE coalesce(facility_detail.verified_at, excluded.verified_at) END",
    )
    .bind(id)
    .bind(written.license_number)
    .bind(written.email)
    .bind(written.name)
    .bind(written.address)
    .bind(city)
    .bind(state)
    .bind(postal_code)
    .bind(country)
    .bind(written.website)
    .bind(written.offers)
    .bind(written.image)
    .bind(verified_at)
    .bind(written.now)
    .execute(work)
    .await?;
    Ok(())
}

/// Closes a facility: it is shown no more, and what refers to it stays.
pub async fn close(work: &mut PgConnection, id: i32, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE facility SET status = 'closed', updated_at = $2 WHERE id = $1 AND status <> 'closed'",
    )
    .bind(id)
    .bind(now)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}
