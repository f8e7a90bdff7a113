//! Everything that is kept about one person, opened, as one JSON document: what a person may ask for, and
//! what another system can read. A column that is not sealed is shown as it is; nothing of hers is left
//! out but her PIN's hash, which is of use to nobody but a thief.

use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::error::StoreError;
use super::people;
use super::record::births::BirthWords;
use super::record::visits::VisitWords;
use super::record::{profiles, referrals};
use super::sealed::{ChildNote, MedicineNote, Number, PregnancyNote, Sealed, VisitNote};
use crate::privacy::{PersonKey, Vault};

/// A row of hers: what is clear in it, and up to two sealed columns.
#[derive(FromRow)]
struct Part {
    clear: Json<Map<String, Value>>,
    number: i32,
    first: Option<Vec<u8>>,
    second: Option<Vec<u8>>,
}

const PHONES: &str = "SELECT jsonb_build_object('linked_at', linked_at) AS clear, ordinal::integer AS number,
    number AS first, NULL::bytea AS second FROM person_phone WHERE person = $1 ORDER BY linked_at, ordinal";
const FORMER_PHONES: &str =
    "SELECT jsonb_build_object('ended_at', ended_at) AS clear, ordinal::integer AS number,
    number AS first, NULL::bytea AS second FROM former_phone WHERE person = $1 ORDER BY ended_at, ordinal";
const PIN_GUARD: &str = "SELECT to_jsonb(part) - ARRAY['person'] AS clear, 0 AS number, NULL::bytea AS first,
    NULL::bytea AS second FROM pin_guard AS part WHERE person = $1";
const PREGNANCIES: &str =
    "SELECT to_jsonb(part) - ARRAY['person', 'note'] AS clear, number::integer AS number, note AS first,
    NULL::bytea AS second FROM pregnancy AS part WHERE person = $1 ORDER BY part.number";
const APPOINTMENTS: &str =
    "SELECT to_jsonb(part) - ARRAY['person'] AS clear, number, NULL::bytea AS first, NULL::bytea AS second
    FROM appointment AS part WHERE person = $1 ORDER BY part.number";
const VISITS: &str = "SELECT to_jsonb(part) - ARRAY['person', 'note', 'words'] AS clear, number, note AS first, words AS second
    FROM visit AS part WHERE person = $1 ORDER BY part.number";
const MEDICINES: &str =
    "SELECT to_jsonb(part) - ARRAY['person', 'note', 'code_key'] AS clear, number, note AS first,
    NULL::bytea AS second FROM medicine AS part WHERE person = $1 ORDER BY part.number";
const CHILDREN: &str = "SELECT to_jsonb(part) - ARRAY['person', 'note', 'words'] || jsonb_build_object('immunisations',
        coalesce((SELECT jsonb_agg(to_jsonb(given) - ARRAY['person', 'child'] ORDER BY given_on, given.dose)
                  FROM immunisation AS given WHERE given.person = part.person AND given.child = part.number), '[]'))
    AS clear, number::integer AS number, note AS first, words AS second FROM child AS part WHERE person = $1 ORDER BY part.number";
const REFERRALS: &str = "SELECT to_jsonb(part) - ARRAY['person', 'reason'] AS clear, number, reason AS first, NULL::bytea AS second
    FROM referral AS part WHERE person = $1 ORDER BY part.number";
const CONSENTS: &str =
    "SELECT to_jsonb(part) - ARRAY['id', 'person'] AS clear, 0 AS number, NULL::bytea AS first,
    NULL::bytea AS second FROM consent AS part WHERE person = $1 ORDER BY part.id";
const MESSAGES: &str =
    "SELECT jsonb_build_object('kind', kind, 'medium', medium, 'state', state, 'language', language,
        'segments', segments, 'created_at', created_at, 'changed_at', changed_at) AS clear, 0 AS number,
    NULL::bytea AS first, NULL::bytea AS second FROM outbox WHERE person = $1 ORDER BY id";
const REMINDERS: &str = "SELECT to_jsonb(part) - ARRAY['person', 'message'] AS clear, 0 AS number, NULL::bytea AS first,
    NULL::bytea AS second FROM reminder AS part WHERE person = $1 ORDER BY part.planned_at, part.rule, part.step";
const LOOKS: &str = "SELECT to_jsonb(part) - ARRAY['person', 'reference', 'reason'] AS clear, 0 AS number, NULL::bytea AS first,
    NULL::bytea AS second FROM access_log AS part WHERE person = $1 ORDER BY part.id";
const PERSON: &str =
    "SELECT to_jsonb(part) - ARRAY['wrapped_key', 'identity'] AS clear, 0 AS number, NULL::bytea AS first,
    NULL::bytea AS second FROM person AS part WHERE id = $1";

/// Everything about a person; none where she is not here or was erased.
pub async fn export(work: &mut PgConnection, vault: &Vault, id: Uuid) -> Result<Option<Value>, StoreError> {
    let Some(person) = people::open(work, vault, id).await? else { return Ok(None) };
    let key = &person.key;
    let mut whole = Map::new();
    whole.insert("mamacare_export".to_owned(), Value::from(1));
    let mut herself = parts(work, id, PERSON, |_, _| Ok(())).await?;
    let mut herself = herself.pop().unwrap_or_default();
    add(&mut herself, "identity", &person.identity);
    whole.insert("person".to_owned(), herself);
    for (name, query) in [("phones", PHONES), ("former_phones", FORMER_PHONES)] {
        let phones = parts(work, id, query, |part, row| {
            opened::<Number>(key, part, "number", row.number, row.first.as_deref())
        });
        whole.insert(name.to_owned(), phones.await?.into());
    }
    let profile = profiles::find(work, key).await?;
    whole.insert("profile".to_owned(), profile.map_or(Value::Null, |(profile, _)| shown(&profile)));
    let pregnancies = parts(work, id, PREGNANCIES, |part, row| {
        opened::<PregnancyNote>(key, part, "note", row.number, row.first.as_deref())
    });
    whole.insert("pregnancies".to_owned(), pregnancies.await?.into());
    let visits = parts(work, id, VISITS, |part, row| {
        opened::<VisitNote>(key, part, "note", row.number, row.first.as_deref())?;
        opened::<VisitWords>(key, part, "words", row.number, row.second.as_deref())
    });
    whole.insert("visits".to_owned(), visits.await?.into());
    let medicines = parts(work, id, MEDICINES, |part, row| {
        opened::<MedicineNote>(key, part, "note", row.number, row.first.as_deref())
    });
    whole.insert("medicines".to_owned(), medicines.await?.into());
    let children = parts(work, id, CHILDREN, |part, row| {
        opened::<ChildNote>(key, part, "note", row.number, row.first.as_deref())?;
        opened::<BirthWords>(key, part, "words", row.number, row.second.as_deref())
    });
    whole.insert("children".to_owned(), children.await?.into());
    let sent_on = parts(work, id, REFERRALS, |part, row| {
        let reason = referrals::reason(key, row.number, row.first.as_deref().unwrap_or_default())?;
        add(part, "reason", &reason);
        Ok(())
    });
    whole.insert("referrals".to_owned(), sent_on.await?.into());
    for (name, query) in [
        ("appointments", APPOINTMENTS),
        ("consents", CONSENTS),
        ("messages", MESSAGES),
        ("pin_guard", PIN_GUARD),
        ("reminders", REMINDERS),
        ("who_looked", LOOKS),
    ] {
        whole.insert(name.to_owned(), parts(work, id, query, |_, _| Ok(())).await?.into());
    }
    Ok(Some(whole.into()))
}

async fn parts(
    work: &mut PgConnection,
    person: Uuid,
    query: &'static str,
    open: impl Fn(&mut Value, &Part) -> Result<(), StoreError>,
) -> Result<Vec<Value>, StoreError> {
    let rows: Vec<Part> = sqlx::query_as(query).bind(person).fetch_all(work).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for mut row in rows {
        let mut part = Value::Object(std::mem::take(&mut row.clear.0));
        open(&mut part, &row)?;
        shown.push(part);
    }
    Ok(shown)
}

fn opened<T: Sealed>(
    key: &PersonKey,
    part: &mut Value,
    name: &str,
    number: i32,
    sealed: Option<&[u8]>,
) -> Result<(), StoreError> {
    if let Some(sealed) = sealed {
        add(part, name, &T::open(key, number, sealed)?);
    }
    Ok(())
}

fn add(part: &mut Value, name: &str, content: &impl Serialize) {
    if let Some(fields) = part.as_object_mut() {
        fields.insert(name.to_owned(), shown(content));
    }
}

fn shown(content: &impl Serialize) -> Value {
    // Plain structs of texts and numbers; there is no way to fail.
    serde_json::to_value(content).unwrap_or_default()
}
