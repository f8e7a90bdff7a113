//! PINs of patients as the API issues and checks them. The counters of wrong tries are those of the
//! phone: a try here is a try there.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlx::PgConnection;
use uuid::Uuid;

use super::frame::{Api, Problem};
use crate::care::Msisdn;
use crate::identity::{Admission, Pin, PinOwner, PinPolicy};
use crate::privacy::PersonKey;
use crate::store::outbox::{self, Kind, NewMessage};
use crate::store::pin_delivery::SMS_LASTS;
use crate::store::sealed::Identity;
use crate::store::{credentials, people};
use crate::text::segments;

/// A PIN that was sent is good for this long.
const ISSUED_FOR: TimeDelta = TimeDelta::days(3);

/// Who is meant to have a PIN.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Her key.
    pub key: &'a PersonKey,
    /// Her number.
    pub msisdn: Msisdn,
    /// Her language.
    pub language: &'a str,
}

fn known<'a>(identity: &Identity, phones: &'a [Msisdn]) -> PinOwner<'a> {
    let year = identity.birth_date.map(|day| day.year()).or(identity.birth_year.map(i32::from));
    PinOwner { birth_year: year, birth_date: identity.birth_date, phones }
}

/// A PIN drawn for somebody, and its hash. Drawn before the transaction: a hash takes its time.
pub async fn draw(api: &Api, identity: &Identity, msisdn: Msisdn) -> Result<(Pin, String), Problem> {
    let mut generator = StdRng::from_seed(api.keyring().random());
    let pin = PinPolicy::default().issue(&mut generator, &known(identity, &[msisdn]));
    let hash = api.pins.hash(pin.reveal()).await?;
    Ok((pin, hash))
}

/// Makes a drawn PIN hers and sends it to her number. Nobody else is told.
pub async fn send(
    api: &Api,
    work: &mut PgConnection,
    owner: &Owner<'_>,
    pin: &Pin,
    hash: &str,
) -> Result<(), Problem> {
    let now = api.now();
    let person = owner.key.person();
    credentials::issue(work, person, hash, now + ISSUED_FOR, now).await?;
    outbox::cancel_pins(work, person, now).await?;
    let text = api.texts.pin_issued(owner.language, pin.reveal(), &api.settings.service_code);
    let cause = format!("pin:api:{}", api.new_id());
    message(api, work, owner, &cause, Kind::Pin, &text, now + SMS_LASTS).await
}

async fn message(
    api: &Api,
    work: &mut PgConnection,
    owner: &Owner<'_>,
    cause: &str,
    kind: Kind,
    text: &str,
    expires_at: DateTime<Utc>,
) -> Result<(), Problem> {
    let message = NewMessage {
        cause,
        kind,
        owner: Some(owner.key),
        to: owner.msisdn,
        phone: api.keyring().phone_index(owner.msisdn),
        language: owner.language,
        text,
        segments: segments(text).count,
        now: api.now(),
        expires_at,
    };
    Ok(outbox::enqueue(work, api.keyring(), &message).await?)
}

/// What became of a try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tried {
    /// Right, and her own.
    Right(Uuid),
    /// Right, and sent by us: she must choose her own first.
    MustChange(Uuid),
    /// Wrong, unknown, locked or too old: whoever tries is told the same.
    Refused,
}

/// Tries a PIN of the person at that place (from 1) on a number.
pub async fn try_pin(api: &Api, msisdn: Msisdn, place: u8, pin: &Pin) -> Result<Tried, Problem> {
    let phone = api.keyring().phone_index(msisdn);
    let attempt = i64::from_be_bytes(api.keyring().random());
    let mut work = api.door().await?;
    let person = people::chosen(&mut work, &phone, place.saturating_sub(1)).await?;
    let credential = match person {
        Some(person) => credentials::find(&mut work, person).await?,
        None => None,
    };
    let mut counters = credentials::hold_counters(&mut work, &phone, person).await?;
    let (now, limits) = (api.now(), &api.settings.pin_tries);
    let was_open =
        counters.person.as_ref().is_some_and(|tries| tries.locked_until.is_none_or(|until| until <= now));
    let of_phone = counters.phone.admit(attempt, now, limits);
    let of_person = counters.person.as_mut().map(|tries| tries.admit(attempt, now, limits));
    let admitted = |admission: Admission| matches!(admission, Admission::Admitted { .. });
    let may = admitted(of_phone) && of_person.is_none_or(admitted);
    // Either counter may have refused; then neither counts a try that was not checked.
    if may {
        credentials::save_counters(&mut work, &phone, person, &counters).await?;
    }
    work.commit().await?;
    let hash = credential.as_ref().filter(|_| may).map(|credential| credential.hash.as_str());
    let against = match hash {
        Some(hash) => hash,
        None => api.pin_decoy().await?,
    };
    let fits = api.pins.verify(pin.reveal(), against).await?;
    let (Some(person), Some(credential), true) = (person, credential, fits && may) else {
        let locked =
            counters.person.as_ref().and_then(|tries| tries.locked_until).filter(|until| *until > now);
        if let (Some(person), true) = (person, may) {
            refused(api, person, msisdn, locked.filter(|_| was_open)).await?;
        }
        return Ok(Tried::Refused);
    };
    let mut work = api.door().await?;
    let counts = credentials::still_counts(&mut work, person, &credential.hash).await?;
    let fresh = credential.expires_at.is_none_or(|until| until > now);
    if !(counts && fresh) {
        return Ok(Tried::Refused);
    }
    credentials::clear_counters(&mut work, &phone, person).await?;
    work.commit().await?;
    Ok(if credential.must_change { Tried::MustChange(person) } else { Tried::Right(person) })
}

/// Writes down a wrong try; tells her by SMS where it locked her PIN.
async fn refused(
    api: &Api,
    person: Uuid,
    msisdn: Msisdn,
    locked: Option<DateTime<Utc>>,
) -> Result<(), Problem> {
    use crate::store::trail::{Doer, Line, add};
    let mut work = api.door().await?;
    let doer = Doer { staff: None, role: None, facility: None, sign_in: Uuid::nil() };
    let line =
        Line { at: api.now(), doer, person: Some(person), act: "sign_in_failed", what: "pin", reason: None };
    add(&mut work, api.keyring(), &[line]).await?;
    if let Some(until) = locked
        && let Some(opened) = people::open(&mut work, &api.vault, person).await?
    {
        let minutes = crate::identity::Tries::minutes_left(until, api.now());
        let text = api.texts.pin_locked(&opened.language, minutes, &api.settings.service_code);
        let owner = Owner { key: &opened.key, msisdn, language: &opened.language };
        let cause = format!("locked:{person}:{}", until.timestamp());
        message(api, &mut work, &owner, &cause, Kind::Warning, &text, api.now() + TimeDelta::hours(2))
            .await?;
    }
    work.commit().await?;
    Ok(())
}

/// Makes a PIN that she chose her own.
pub async fn choose(api: &Api, person: Uuid, msisdn: Msisdn, pin: &Pin) -> Result<(), Problem> {
    let mut work = api.herself(person).await?;
    let opened = people::open(&mut work, &api.vault, person)
        .await?
        .ok_or_else(|| Problem::missing("there is no such person"))?;
    let policy = PinPolicy { min_length: api.settings.pin_min_length.into(), ..PinPolicy::default() };
    policy
        .check(pin, &known(&opened.identity, &[msisdn]))
        .map_err(|refused| Problem::field("new_pin", refused.to_string()))?;
    work.rollback().await?;
    let hash = api.pins.hash(pin.reveal()).await?;
    let mut work = api.herself(person).await?;
    credentials::propose(&mut work, person, &hash, &api.keyring().random()).await?;
    credentials::confirm(&mut work, person, &hash, api.now()).await?;
    work.commit().await?;
    Ok(())
}
