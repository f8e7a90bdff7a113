//! Who shares a number, as far as messages to and from it ask.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

/// Somebody on a number.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Sharer {
    /// Who.
    pub person: Uuid,
    /// Language of her messages, ISO code.
    pub language: String,
    /// Whether her messages must not say what they are about.
    pub covert: bool,
    /// The facility that cares for her.
    pub home_facility: Option<i32>,
    /// Whether she agrees that her record is kept.
    pub in_care: bool,
    /// Whether, as far as we know, she is pregnant, was so lately, or has a small child.
    pub mothering: bool,
}

/// The people on a number, in their order.
pub async fn sharers(
    work: &mut PgConnection,
    phone: &[u8; 16],
    today: NaiveDate,
) -> Result<Vec<Sharer>, sqlx::Error> {
    sqlx::query_as(
        "SELECT person.id AS person, person.language, person.wording = 'covert' AS covert, home_facility,
                EXISTS (SELECT FROM person_in_care WHERE person_in_care.id = person.id) AS in_care,
                EXISTS (SELECT FROM pregnancy WHERE pregnancy.person = person.id
                        AND (status = 'active' OR ended_on > $2::date - 180))
                OR EXISTS (SELECT FROM child WHERE child.person = person.id
                           AND status = 'living' AND born_on > $2::date - 730) AS mothering
         FROM person_phone JOIN person ON person.id = person_phone.person
         WHERE person_phone.phone = $1 AND erased_at IS NULL ORDER BY ordinal",
    )
    .bind(phone)
    .bind(today)
    .fetch_all(work)
    .await
}
