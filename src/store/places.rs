//! Writes districts and facilities: those that a country's files know, and others beside them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::care::{District, Facility};

/// A pharmacy, as it is listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pharmacy {
    /// Its number, among those of facilities.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Id of its district.
    pub district: String,
    /// Town.
    pub town: String,
    /// Open 24 hours.
    pub all_day: bool,
    /// Invented for a demo or a test.
    pub synthetic: bool,
}

/// Adds the districts and facilities that are missing. Those that are there stay as they are:
/// administrators may have changed them.
pub async fn add_country(
    work: &mut PgConnection,
    districts: &[District],
    facilities: &[Facility],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    // Districts and facilities name each other, so the referral comes last.
    sqlx::query(
        "INSERT INTO district (id, name, region)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING",
    )
    .bind(districts.iter().map(|district| district.id.as_str()).collect::<Vec<_>>())
    .bind(districts.iter().map(|district| district.name.as_str()).collect::<Vec<_>>())
    .bind(districts.iter().map(|district| district.region.as_str()).collect::<Vec<_>>())
    .execute(&mut *work)
    .await?;
    for facility in facilities {
        let services: Vec<&str> = facility.services.iter().map(|service| service.code()).collect();
        sqlx::query(
            "INSERT INTO facility (id, name, town, district, kind, services, latitude, longitude, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        )
        .bind(i64::from(facility.id))
        .bind(&facility.name)
        .bind(&facility.town)
        .bind(&facility.district)
        .bind(facility.kind.code())
        .bind(services)
        .bind(facility.latitude)
        .bind(facility.longitude)
        .bind(now)
        .execute(&mut *work)
        .await?;
    }
    sqlx::query(
        "UPDATE district SET referral_facility = given.referral
         FROM unnest($1::text[], $2::bigint[]) AS given (id, referral)
         WHERE district.id = given.id AND referral_facility IS NULL",
    )
    .bind(districts.iter().map(|district| district.id.as_str()).collect::<Vec<_>>())
    .bind(districts.iter().map(|district| i64::from(district.referral)).collect::<Vec<_>>())
    .execute(work)
    .await?;
    Ok(())
}

/// Adds the pharmacies that are missing.
pub async fn add_pharmacies(
    work: &mut PgConnection,
    pharmacies: &[Pharmacy],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    for pharmacy in pharmacies {
        sqlx::query(
            "INSERT INTO facility (id, name, town, district, kind, all_day, synthetic, updated_at)
             VALUES ($1, $2, $3, $4, 'pharmacy', $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(pharmacy.id)
        .bind(&pharmacy.name)
        .bind(&pharmacy.town)
        .bind(&pharmacy.district)
        .bind(pharmacy.all_day)
        .bind(pharmacy.synthetic)
        .bind(now)
        .execute(&mut *work)
        .await?;
    }
    Ok(())
}
