//! What a running demo says of itself: to scripts in `demo.json`, to people on standard output.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use sqlx::PgConnection;
use uuid::Uuid;

use super::facts::{Callback, Facts, Load, Mother, StaffMember};
use super::people::{MOTHERS, person_id};
use super::secrets::DemoSecrets;
use super::staff::STAFF;
use crate::app::settings::Settings;

/// A line on standard output. A reader that has gone away needs none.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A mother's PIN, as her phone left it.
#[derive(sqlx::FromRow)]
struct PinState {
    person: Uuid,
    must_change: bool,
    changed: bool,
}

/// Everything that a script needs. PINs are those that the demo gave; where a mother has changed
/// hers since, that is said, and nobody but her knows it.
pub(super) async fn facts(
    settings: &Settings,
    secrets: &DemoSecrets,
    database_url: String,
    load: Option<Load>,
    connection: &mut PgConnection,
) -> Result<Facts, sqlx::Error> {
    let ids: Vec<Uuid> = (0..MOTHERS.len()).map(person_id).collect();
    let states: Vec<PinState> = sqlx::query_as(
        "SELECT person, must_change, changed_at <> created_at AS changed
         FROM credential JOIN person ON person.id = credential.person WHERE person = ANY($1)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let mothers = MOTHERS.iter().enumerate().zip(&secrets.mother_pins).map(|((place, mother), pin)| {
        let state = states.iter().find(|state| state.person == person_id(place));
        Mother {
            key: mother.key,
            msisdn: mother.msisdn.to_owned(),
            pin: mother.pin.map_or_else(|| pin.clone(), str::to_owned),
            language: mother.language,
            must_change_pin: state.is_some_and(|state| state.must_change),
            pin_changed: state.is_none_or(|state| state.changed),
            person: mother.shared.then_some(mother.ordinal),
        }
    });
    let staff = STAFF.iter().zip(&secrets.staff_passwords).map(|(account, password)| StaffMember {
        role: account.role.word(),
        email: account.email,
        password: password.clone(),
    });
    Ok(Facts {
        base_url: settings.server.public_url.clone(),
        pid: std::process::id(),
        database_url,
        service_code: settings.ussd.service_code.clone(),
        callbacks: callbacks(&settings.server.public_url, secrets),
        sms_callbacks: sms_callbacks(&settings.server.public_url, secrets),
        mothers: mothers.collect(),
        staff: staff.collect(),
        load,
    })
}

fn callbacks(base_url: &str, secrets: &DemoSecrets) -> BTreeMap<&'static str, Callback> {
    let africastalking = format!("{base_url}/ussd/africastalking/{}", secrets.africastalking);
    let bearer = format!("Bearer {}", secrets.json);
    BTreeMap::from([
        (
            "africastalking",
            Callback {
                events_url: Some(format!("{africastalking}/events")),
                url: africastalking,
                headers: BTreeMap::new(),
            },
        ),
        (
            "json",
            Callback {
                url: format!("{base_url}/ussd/json"),
                headers: BTreeMap::from([("authorization", bearer)]),
                events_url: None,
            },
        ),
    ])
}

fn sms_callbacks(base_url: &str, secrets: &DemoSecrets) -> BTreeMap<&'static str, Callback> {
    let url = format!("{base_url}/sms/africastalking/inbound/{}", secrets.africastalking);
    BTreeMap::from([("africastalking", Callback { url, headers: BTreeMap::new(), events_url: None })])
}

/// The same for people.
pub(super) fn banner(facts: &Facts, folder: &Path) -> String {
    let mut text = String::new();
    let program = program();
    let _ = write!(
        text,
        "\n\
         The MamaCare demo runs. Everyone in it is invented, and SMS are shown here instead of sent.\n\n\
         Gateway   {base}\n\
         Data      {folder} (demo.json there is for scripts)\n\
         Dial      {program} dial '{code}'{data}\n\
         \u{20}         as the first of these phones; add --msisdn for another\n\n\
         Phones\n",
        base = facts.base_url,
        folder = folder.display(),
        code = facts.service_code,
        data = data_option(folder),
    );
    for mother in &facts.mothers {
        let _ =
            writeln!(text, "  {}  {}  {}", mother.msisdn, pin_words(mother), mother.key.replace('_', " "));
    }
    if let Some(load) = &facts.load {
        let _ = writeln!(
            text,
            "  {}  PIN {}  and on, {} synthetic patients",
            load.first_msisdn, load.pin, load.count
        );
    }
    text.push_str("\nStaff\n");
    for member in &facts.staff {
        let _ = writeln!(text, "  {:<13}  {:<30}  {}", member.role, member.email, member.password);
    }
    if let Some(callback) = facts.callbacks.get("africastalking") {
        let _ = write!(
            text,
            "\nAs an aggregator calls it\n  \
             curl {} -d sessionId=1 -d networkCode=61901 --data-urlencode 'serviceCode={}' \
             --data-urlencode 'phoneNumber={}' -d text=\n",
            callback.url,
            facts.service_code,
            facts.mothers.first().map_or("", |mother| mother.msisdn.as_str()),
        );
    }
    if let Some(callback) = facts.sms_callbacks.get("africastalking") {
        let _ = write!(
            text,
            "\nAs it brings an SMS that somebody sent (STOP, NEXT, HELP …); a new id each time\n  \
             curl {} -d id=1 -d to=4680 --data-urlencode 'from={}' -d text=NEXT\n",
            callback.url,
            facts.mothers.first().map_or("", |mother| mother.msisdn.as_str()),
        );
    }
    text.push_str("\nCtrl-C stops it all; the next start goes on from here.\n");
    text
}

fn pin_words(mother: &Mother) -> String {
    if mother.pin_changed {
        "PIN changed   ".to_owned()
    } else if mother.must_change_pin {
        format!("PIN {} once", mother.pin)
    } else {
        format!("PIN {}    ", mother.pin)
    }
}

/// This program, as one would type it here.
fn program() -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_else(|_| "mamacare".into());
    program.strip_prefix(here).unwrap_or(&program).display().to_string()
}

/// What `dial` must be told to find a demo that is not in the usual place.
fn data_option(folder: &Path) -> String {
    let usual = super::default_folder().canonicalize().is_ok_and(|usual| usual == folder);
    if usual { String::new() } else { format!(" --data {}", folder.display()) }
}
