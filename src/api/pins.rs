//! PINs of patients as the API issues and checks them. The counters of wrong tries are those of the
//! phone: a try here is a try there.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlx::PgConnection;
use uuid::Uuid;

use super::frame::{About, Api, Problem};
use crate::care::Msisdn;
use crate::identity::{Admission, Pin, PinOwner, PinPolicy, Tries};
use crate::privacy::PersonKey;
use crate::store::guard::{self, Warning};
use crate::store::outbox::{self, Kind, NewMessage};
use crate::store::pin_delivery::{AskedBy, Delivered, Delivery, SMS_LASTS, Way, Words, deliver};
use crate::store::sealed::Identity;
use crate::store::sign_ins::{self, RightPin};
use crate::store::{counters, credentials, people};
use crate::text::segments;

/// A first PIN that was sent is good for this long.
const ISSUED_FOR: TimeDelta = TimeDelta::days(3);
/// A warning is of no use after this.
const WARNING_LASTS: TimeDelta = TimeDelta::days(1);

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

/// Makes a drawn PIN hers, her first, and sends it to her number. Nobody else is told.
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

/// Sends a drawn PIN to a number of hers, which must be held, at her own asking and unless something holds it
/// back: a lock stays for a while, and her other numbers are told.
pub async fn renew(
    api: &Api,
    work: &mut PgConnection,
    owner: &Owner<'_>,
    pin: &Pin,
    hash: &str,
) -> Result<Delivered, Problem> {
    let (now, person) = (api.now(), owner.key.person());
    let phone = api.keyring().phone_index(owner.msisdn);
    let mut counters = counters::hold(work, &phone, Some(person)).await?;
    counters.renew(now, api.settings.guard.unlock_after);
    let (code, pin) = (&api.settings.service_code, pin.reveal());
    let text = match counters.lasts(now) {
        None => api.texts.pin_issued(owner.language, pin, code),
        Some(until) => api.texts.pin_issued_later(owner.language, pin, Tries::minutes_left(until, now), code),
    };
    let elsewhere = api.texts.warning(About::PinSentElsewhere, owner.language, code);
    let delivery = Delivery {
        cause: &format!("pin:api:{}", api.new_id()),
        owner: owner.key,
        hash,
        way: Way::Sms(owner.msisdn),
        by: AskedBy::Herself { channel: "api", session: api.keyring().random() },
        words: words(&text),
        elsewhere: words(&elsewhere),
        language: owner.language,
        times: api.settings.guard,
        now,
    };
    Ok(deliver(work, api.keyring(), &delivery).await?)
}

/// A text with the SMS that it takes.
pub fn words(text: &str) -> Words<'_> {
    Words { text, segments: segments(text).count }
}

/// Tells of a change that she may not have made: on her numbers, and on those that were hers lately, but one.
pub async fn warn(
    api: &Api,
    work: &mut PgConnection,
    (key, language): (&PersonKey, &str),
    about: About,
    but: Option<&[u8; 16]>,
) -> Result<(), Problem> {
    let text = api.texts.warning(about, language, &api.settings.service_code);
    let warning = Warning {
        cause: &format!("{}:{}", about.name(), api.new_id()),
        owner: key,
        language,
        text: &text,
        segments: segments(&text).count,
        since: api.settings.guard.since(api.now()),
        now: api.now(),
        expires_at: api.now() + WARNING_LASTS,
    };
    Ok(guard::tell(work, api.keyring(), &warning, but).await?)
}

/// Takes back a try that was counted but could not be checked.
async fn take_back(api: &Api, phone: &[u8; 16], person: Option<Uuid>, attempt: i64) -> Result<(), Problem> {
    let mut work = api.door().await?;
    let mut counters = counters::hold(&mut work, phone, person).await?;
    counters.withdraw(attempt, &api.settings.pin_tries);
    counters::save(&mut work, phone, person, &counters).await?;
    Ok(work.commit().await?)
}

/// Whether a PIN is the one of that hash; without one it is checked against a PIN that nobody has.
async fn check(api: &Api, pin: &Pin, hash: Option<&str>) -> Result<bool, Problem> {
    let against = match hash {
        Some(hash) => hash,
        None => api.pin_decoy().await?,
    };
    Ok(api.pins.verify(pin.reveal(), against).await?)
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
    if api.pins.is_full() {
        return Err(Problem::busy());
    }
    let phone = api.keyring().phone_index(msisdn);
    let attempt = i64::from_be_bytes(api.keyring().random());
    let mut work = api.door().await?;
    let person = people::chosen(&mut work, &phone, place.saturating_sub(1)).await?;
    let credential = match person {
        Some(person) => credentials::find(&mut work, person).await?,
        None => None,
    };
    let mut counters = counters::hold(&mut work, &phone, person).await?;
    let (now, limits) = (api.now(), &api.settings.pin_tries);
    let was_open = counters.person.as_ref().is_some_and(|tries| tries.lasts(now).is_none());
    let may = matches!(counters.admit(attempt, now, limits), Admission::Admitted { .. });
    // Either counter may have refused; then neither counts a try that was not checked.
    if may {
        counters::save(&mut work, &phone, person, &counters).await?;
    }
    work.commit().await?;
    let hash = credential.as_ref().filter(|_| may).map(|credential| credential.hash.as_str());
    let checked = check(api, pin, hash).await;
    if checked.is_err() && may {
        take_back(api, &phone, person, attempt).await?;
    }
    let fits = checked?;
    let (Some(person), Some(credential), true) = (person, credential, fits && may) else {
        let locked = counters.person.as_ref().and_then(|tries| tries.lasts(now));
        if let (Some(person), true) = (person, may) {
            refused(api, person, msisdn, locked.filter(|_| was_open)).await?;
        }
        return Ok(Tried::Refused);
    };
    let mut work = api.door().await?;
    let pin = RightPin { person, phone, hash: credential.hash, renewed: None };
    let counts = sign_ins::hold(&mut work, &[&pin]).await? == [true];
    let fresh = credential.expires_at.is_none_or(|until| until > now);
    if !(counts && fresh) {
        return Ok(Tried::Refused);
    }
    sign_ins::clear(&mut work, &[&pin]).await?;
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
        let minutes = Tries::minutes_left(until, api.now());
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
    let chosen = credentials::confirm(&mut work, person, &hash, api.now()).await?;
    if chosen.is_some_and(|chosen| chosen.in_place) {
        warn(api, &mut work, (&opened.key, &opened.language), About::PinChanged, None).await?;
    }
    work.commit().await?;
    Ok(())
}
