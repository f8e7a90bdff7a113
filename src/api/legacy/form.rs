//! Bodies of the old administration: forms with a file, or JSON with the same fields.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::api::frame::field::Name;
use crate::api::frame::{FieldProblem, Part, Problem, Sheet, body};

/// Most octets of a form with its file.
const MOST: usize = 6 * 1024 * 1024;

/// Most octets of a JSON body.
const MOST_JSON: usize = 64 * 1024;

/// The fields, and the file where there is one.
#[derive(Clone, Debug)]
pub struct Form<T> {
    /// The fields.
    pub fields: T,
    /// The file in the field `image`.
    pub image: Option<Vec<u8>>,
}

impl<S: Sync, T: DeserializeOwned + Send> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
            body::expect_type(request.headers(), "application/json")?;
            let octets = body::read(request, MOST_JSON).await?;
            return Ok(Self { fields: body::parse(&octets)?, image: None });
        }
        let (head, content) = request.into_parts();
        let octets = body::read(Request::from_parts(head.clone(), content), MOST).await?;
        let whole = Request::from_parts(head, axum::body::Body::from(octets));
        let mut parts = Multipart::from_request(whole, &()).await.map_err(|_| unreadable())?;
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        let mut image = None;
        while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "image" {
                let content = part.bytes().await.map_err(|_| unreadable())?;
                image = (!content.is_empty()).then(|| content.to_vec());
            } else {
                let text = part.text().await.map_err(|_| unreadable())?;
                texts.insert(name, text);
            }
        }
        let fields: Map<String, Value> = texts
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, Value::String(text)))
            .collect();
        let fields = serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
            let field = error.path().to_string();
            let detail = body::without_value(&error.inner().to_string());
            Problem {
                fields: vec![FieldProblem { field: field.clone(), detail: detail.clone() }],
                ..Problem::malformed(format!("{field}: {detail}"))
            }
        })?;
        Ok(Self { fields, image })
    }
}

fn unreadable() -> Problem {
    Problem::malformed("the form cannot be read")
}

impl<T: utoipa::ToSchema> Part for Form<T> {
    fn describe(sheet: &mut Sheet) {
        <body::Body<T> as Part>::describe(sheet);
        let content = sheet.body.as_mut().and_then(|body| body.get_mut("content")?.as_object_mut());
        if let Some(content) = content
            && let Some(schema) = content.get("application/json").and_then(|json| json.get("schema")).cloned()
        {
            let form = serde_json::json!({"schema": {"allOf": [schema], "description":
                "The same fields as form fields, and a picture as the file `image`."}});
            content.insert("multipart/form-data".to_owned(), form);
        }
    }
}

/// A field that may not be left out here.
pub fn required<'a, T>(field: &'static str, value: Option<&'a T>) -> Result<&'a T, Problem> {
    value.ok_or_else(|| Problem::field(field, format!("{field} is required")))
}

/// A boolean, 1 or 0, `on` or `off`, `yes` or `no`. Anything else is no answer, and refused: what is
/// meant as a yes must not be taken for a no.
pub fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    use serde::Deserialize;
    use serde::de::Error;
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Truth(bool),
        Number(u8),
        Text(String),
    }
    let text = match Option::<Either>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Either::Truth(truth)) => return Ok(Some(truth)),
        Some(Either::Number(number)) => number.to_string(),
        Some(Either::Text(text)) => text.to_ascii_lowercase(),
    };
    match text.as_str() {
        "on" | "true" | "1" | "yes" => Ok(Some(true)),
        "off" | "false" | "0" | "no" => Ok(Some(false)),
        _ => Err(D::Error::custom("expected on or off")),
    }
}

/// A list, a JSON list in a text, or one a line.
pub fn texts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    use serde::Deserialize;
    use serde::de::Error;
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        List(Vec<String>),
        Text(String),
    }
    let list = match Option::<Either>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Either::List(list)) => list,
        Some(Either::Text(text)) => serde_json::from_str(&text).unwrap_or_else(|_| {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        }),
    };
    let list: Result<Vec<Name>, String> = list.iter().map(|text| text.as_str().try_into()).collect();
    match list {
        Ok(list) if list.len() <= 50 => Ok(Some(list.into_iter().map(|name| name.0).collect())),
        _ => Err(D::Error::custom("expected at most 50 services of 1 to 100 characters")),
    }
}
