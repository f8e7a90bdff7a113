//! What the API reads before it knows anything: bodies, queries, headers, forms with files, and tables.

use std::net::IpAddr;

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use axum::response::IntoResponse;
use chrono::{Datelike, NaiveDate};
use ipnet::IpNet;
use mamacare::api::Problem;
use mamacare::api::reading::{
    Body, Cursor, Day, Email, Entrant, Filter, Form, IfMatch, Limit, Line, Name, Note, Once, Page, Phone,
    Pin, entrants, etag, flag, presented, sniff, source, texts,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::wire::{Answer, is_a_problem, tells_nothing, wait};

/// The answer that a refusal becomes, held against what was sent.
fn refused(problem: Problem, sent: &[u8]) {
    assert!(matches!(problem.status, 400 | 408 | 412 | 413 | 415 | 428), "{problem:?}");
    for field in &problem.fields {
        assert!(problem.detail.contains(&field.detail), "{problem:?}");
    }
    let response = problem.into_response();
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = wait(axum::body::to_bytes(response.into_body(), 1 << 20)).unwrap();
    let answer = Answer { status, kind, body: String::from_utf8(body.to_vec()).unwrap() };
    is_a_problem(&answer, sent);
}

/// A body with each kind of field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: Name,
    note: Option<Note>,
    email: Option<Email>,
    phone: Option<Phone>,
    born: Option<Day>,
    pin: Option<Pin>,
    weight: Option<u16>,
    role: Option<Choice>,
    #[serde(default)]
    visits: Vec<Visit>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Visit {
    held_on: Day,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Nurse,
    Midwife,
}

fn plain(text: &str, most: usize, prose: bool) {
    assert!(text.chars().count() <= most && text == text.trim(), "{text:?}");
    let kept = |letter: char| prose && matches!(letter, '\n' | '\r' | '\t');
    assert!(text.chars().all(|letter| kept(letter) || !letter.is_control()), "{text:?}");
    assert!(
        !text.chars().any(|letter| matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')),
        "{text:?}"
    );
}

fn read_body(octets: &[u8]) -> Result<Sample, Problem> {
    let request = Request::post("/").header("content-type", "application/json");
    let request = request.body(HttpBody::from(octets.to_vec())).unwrap();
    wait(Body::<Sample>::from_request(request, &())).map(|Body(sample)| sample)
}

pub fn api_bodies(octets: &[u8]) {
    let sample = match read_body(octets) {
        Ok(sample) => sample,
        Err(problem) => return refused(problem, octets),
    };
    assert!(!sample.name.is_empty());
    plain(&sample.name, 100, false);
    if let Some(note) = &sample.note {
        plain(note, 4000, true);
    }
    if let Some(Email(address)) = &sample.email {
        assert!(address.len() <= 120 && address.is_ascii() && address.matches('@').count() == 1, "{address}");
        assert!(!address.chars().any(|letter| letter.is_control() || letter == ' '), "{address:?}");
    }
    assert!(!format!("{:?}", sample.pin).chars().any(|letter| letter.is_ascii_digit()), "a PIN is printed");
    let again = json!({"name": sample.name, "note": sample.note, "email": sample.email, "phone": sample.phone,
        "born": sample.born, "weight": sample.weight, "role": sample.role,
        "visits": sample.visits.iter().map(|visit| json!({"held_on": visit.held_on})).collect::<Vec<_>>()});
    let second = read_body(again.to_string().as_bytes()).unwrap();
    assert_eq!((second.name, second.note, second.email), (sample.name, sample.note, sample.email));
    assert_eq!((second.phone, second.born, second.role), (sample.phone, sample.born, sample.role));
}

/// A query of a list with each kind of filter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
    from: Option<Day>,
    name: Option<Line<1, 100>>,
    facility: Option<i32>,
    #[serde(default)]
    dry_run: bool,
    kind: Option<Choice>,
}

pub fn api_queries(octets: &[u8]) {
    let Ok(address) = Uri::try_from([b"/api/v1/patients?", octets].concat()) else { return };
    let (mut parts, ()) = Request::get(address).body(()).unwrap().into_parts();
    let asked = match wait(Filter::<Asked>::from_request_parts(&mut parts, &())) {
        Ok(Filter(asked)) => asked,
        Err(problem) => return refused(problem, octets),
    };
    assert!((1..=200).contains(&asked.limit.rows()) && asked.limit.fetch() <= 201);
    if let Some(name) = &asked.name {
        plain(name, 100, false);
    }
    assert!(asked.from.is_none_or(|Day(day)| (1900..=2199).contains(&day.year())));
    let _ = (asked.facility, asked.dry_run, asked.kind);
    let cursor = asked.cursor.as_ref();
    match Cursor::read::<(String, Uuid)>(cursor) {
        Ok(Some(position)) => {
            // The page that it names has it as its own beginning.
            let written = Page::<()>::ended(vec![], Some(position.clone())).next.unwrap();
            let again: Cursor = serde_json::from_value(written.into()).unwrap();
            assert_eq!(Cursor::read(Some(&again)).unwrap(), Some(position));
        }
        Ok(None) => assert!(cursor.is_none()),
        Err(problem) => refused(problem, octets),
    }
    if let Err(problem) = Cursor::read::<(i64, Vec<NaiveDate>)>(cursor) {
        refused(problem, octets);
    }
}

pub fn api_headers(octets: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in octets.split(|octet| *octet == b'\n').take(50) {
        let mut halves = line.splitn(2, |octet| *octet == b':');
        let name = HeaderName::from_bytes(halves.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(halves.next().unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let (mut parts, ()) = Request::post("/api/v1/patients").body(()).unwrap().into_parts();
    parts.headers = headers;
    match wait(IfMatch::from_request_parts(&mut parts, &())) {
        Ok(IfMatch(at)) => {
            let mut again = parts.clone();
            again.headers.insert("if-match", etag(at).parse().unwrap());
            let IfMatch(second) = wait(IfMatch::from_request_parts(&mut again, &())).unwrap();
            assert_eq!(second.timestamp_micros(), at.timestamp_micros());
        }
        Err(problem) => refused(problem, octets),
    }
    match wait(Once::from_request_parts(&mut parts, &())) {
        Ok(once) => {
            let key = once.key();
            assert!(
                key.is_none_or(|key| (1..=128).contains(&key.len()) && !key.chars().any(char::is_control)),
                "{key:?}"
            );
            assert_eq!(key.is_some(), parts.headers.contains_key("idempotency-key"));
        }
        Err(problem) => refused(problem, octets),
    }
    if let Some(token) = presented(&parts.headers) {
        assert!(token == token.trim() && !token.chars().any(char::is_control), "{token:?}");
    }
    let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
    let stranger: IpAddr = "192.0.2.1".parse().unwrap();
    assert_eq!(source(Some(stranger), &parts.headers, &trusted), stranger, "a stranger's word was believed");
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    let from = source(Some(proxy), &parts.headers, &trusted);
    assert!(from == proxy || parts.headers.contains_key("x-forwarded-for"), "{from}");
    assert!(from == proxy || !trusted[0].contains(&from), "{from}");
}

#[derive(Debug, Deserialize)]
struct Sheet {
    name: Option<Name>,
    #[serde(default, deserialize_with = "flag")]
    is_active: Option<bool>,
    #[serde(default, deserialize_with = "texts")]
    services: Option<Vec<String>>,
}

/// The boundary of a form in a line, then the form.
pub fn api_forms(octets: &[u8]) {
    let middle = octets.iter().position(|octet| *octet == b'\n').unwrap_or(octets.len());
    let (boundary, body) = octets.split_at(middle);
    let body = body.get(1..).unwrap_or_default();
    let kind = [b"multipart/form-data; boundary=", boundary].concat();
    let Ok(kind) = HeaderValue::from_bytes(&kind) else { return };
    let request =
        Request::post("/").header("content-type", kind).body(HttpBody::from(body.to_vec())).unwrap();
    let form = match wait(Form::<Sheet>::from_request(request, &())) {
        Ok(form) => form,
        Err(problem) => return refused(problem, octets),
    };
    if let Some(name) = &form.fields.name {
        plain(name, 100, false);
    }
    let _ = form.fields.is_active;
    for service in form.fields.services.iter().flatten() {
        plain(service, 100, false);
    }
    assert!(form.fields.services.is_none_or(|services| services.len() <= 50));
    let Some(image) = form.image else { return };
    assert!(!image.is_empty() && image.len() <= body.len());
    if let Some(media_type) = sniff(&image) {
        // What is served as a picture cannot be read as a page.
        assert!(matches!(media_type, "application/pdf" | "image/png" | "image/jpeg" | "image/webp"));
        assert_eq!(sniff(&image[..image.len().min(12)]), Some(media_type), "only the first octets say it");
        assert!(!image.trim_ascii_start().starts_with(b"<"), "{media_type}");
    }
}

fn today() -> NaiveDate {
    "2026-11-24".parse().unwrap()
}

pub fn csv_imports(octets: &[u8]) {
    let read: Vec<Result<Entrant, Problem>> = entrants(octets, today()).collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    let columns = ["given_name", "family_name", "birth_date", "phone", "language", "email", "consent"];
    table.write_record(columns).unwrap();
    let mut taken = Vec::new();
    for row in read {
        match row {
            Ok(entrant) => {
                holds(&entrant);
                let born = entrant.identity.birth_date.map_or_else(String::new, |day| day.to_string());
                let phone = entrant.phone.map_or_else(String::new, |number| format!("'{}", number.local()));
                let email = entrant.email.clone().unwrap_or_default();
                let identity = &entrant.identity;
                let cells =
                    [&identity.given, &identity.family, &born, &phone, &entrant.language, &email, "yes"];
                table.write_record(cells).unwrap();
                taken.push(entrant);
            }
            Err(problem) => tells_nothing(&problem.detail, octets),
        }
    }
    let table = table.into_inner().unwrap();
    let again: Vec<Entrant> = entrants(&table, today()).map(Result::unwrap).collect();
    assert_eq!(again.len(), taken.len());
    for (one, other) in again.iter().zip(&taken) {
        assert_eq!((&one.identity, one.phone, &one.email), (&other.identity, other.phone, &other.email));
    }
}

fn holds(entrant: &Entrant) {
    assert!(!entrant.identity.given.is_empty());
    plain(&entrant.identity.given, 100, false);
    plain(&entrant.identity.family, 200, false);
    assert!(["en", "kri", "men", "tem", "lim"].contains(&entrant.language.as_str()));
    let born = entrant.identity.birth_date;
    assert!(born.is_none_or(|day| day <= today() && day.year() >= 1926), "{born:?}");
    assert_eq!(born.map(|day| day.year()), entrant.identity.birth_year.map(i32::from));
}
