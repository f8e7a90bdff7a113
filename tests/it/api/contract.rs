//! The contract as a list that can be read: routes with their parameters, bodies and answers, then
//! the shapes. A change of the API is a change of `contract.txt`, seen in review; run with
//! `MAMACARE_WRITE_CONTRACT=1` to write the new one.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

const CONTRACT: &str = include_str!("contract.txt");

#[test]
fn the_contract_is_the_one_that_was_agreed() {
    let now = contract(&mamacare::api::document("https://mamacare.example"));
    if std::env::var_os("MAMACARE_WRITE_CONTRACT").is_some() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/api/contract.txt");
        std::fs::write(file, &now).unwrap();
        return;
    }
    if now != CONTRACT {
        let compared = similar::TextDiff::from_lines(CONTRACT, &now);
        let changes =
            compared.unified_diff().context_radius(2).header("contract.txt", "the API now").to_string();
        panic!("the API's contract has changed; MAMACARE_WRITE_CONTRACT=1 writes it down:\n{changes}");
    }
}

#[test]
fn a_shape_is_written_in_one_word() {
    for (schema, expected) in [
        (serde_json::json!({"type": "string", "minLength": 1, "maxLength": 9}), "string 1..9"),
        (serde_json::json!({"type": ["integer", "null"], "minimum": 0}), "integer 0.. | null"),
        (serde_json::json!({"type": "array", "items": {"$ref": "#/components/schemas/Page"}}), "[Page]"),
        (serde_json::json!({"oneOf": [{"type": "null"}, {"enum": ["a", "b"]}]}), "null | a|b"),
        (serde_json::json!({"type": "string", "format": "date"}), "string date"),
    ] {
        assert_eq!(shape(&schema), expected);
    }
}

fn contract(document: &Value) -> String {
    let mut text = String::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let roles = words(&operation["x-roles"]).join(", ");
            writeln!(text, "{} {path}  ({roles})", method.to_uppercase()).unwrap();
            route(&mut text, operation);
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        writeln!(text, "\n{name}: {}", shape(schema)).unwrap();
        fields(&mut text, schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            fields(&mut text, part);
        }
    }
    text
}

fn route(text: &mut String, operation: &Value) {
    for parameter in operation["parameters"].as_array().unwrap() {
        let must = if parameter["required"] == true { "" } else { "?" };
        let (place, name) = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
        writeln!(text, "  {place} {name}{must}: {}", shape(&parameter["schema"])).unwrap();
    }
    for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        writeln!(text, "  takes {media}: {}", shape(&content["schema"])).unwrap();
    }
    let mut refusals = Vec::new();
    for (status, answer) in operation["responses"].as_object().unwrap() {
        if answer["content"].get("application/problem+json").is_some() {
            refusals.push(status.as_str());
            continue;
        }
        let headers = answer["headers"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let headers = headers.map(|name| format!(" +{name}")).collect::<Vec<_>>().concat();
        let contents = answer["content"].as_object().into_iter().flatten();
        let contents = contents.map(|(media, content)| match media.as_str() {
            "application/json" => shape(&content["schema"]),
            media => media.to_owned(),
        });
        let contents = contents.collect::<Vec<_>>().join(", ");
        writeln!(text, "  {status} {contents}{headers}").unwrap();
    }
    writeln!(text, "  refuses {}", refusals.join(" ")).unwrap();
}

fn fields(text: &mut String, schema: &Value) {
    let required = words(&schema["required"]);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let must = if required.contains(&name.as_str()) { "" } else { "?" };
        writeln!(text, "  {name}{must}: {}", shape(field)).unwrap();
    }
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A schema in a few words.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap().to_owned();
    }
    for (several, between) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
        if let Some(parts) = schema[several].as_array() {
            return parts.iter().map(shape).collect::<Vec<_>>().join(between);
        }
    }
    let choices = words(&schema["enum"]);
    if !choices.is_empty() {
        return choices.join("|");
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        kinds => words(kinds),
    };
    let kinds = kinds.into_iter().map(|kind| match kind {
        "array" => format!("[{}]{}", shape(&schema["items"]), range(schema, "minItems", "maxItems")),
        "string" => format!("string{}{}", format_of(schema), range(schema, "minLength", "maxLength")),
        "integer" | "number" => format!("{kind}{}", range(schema, "minimum", "maximum")),
        "object" if schema["additionalProperties"] == false => "object, no other fields".to_owned(),
        kind => kind.to_owned(),
    });
    kinds.collect::<Vec<_>>().join(" | ")
}

fn format_of(schema: &Value) -> String {
    let known = schema["format"].as_str().or_else(|| schema["pattern"].as_str());
    known.map(|format| format!(" {format}")).unwrap_or_default()
}

fn range(schema: &Value, least: &str, most: &str) -> String {
    match (&schema[least], &schema[most]) {
        (Value::Null, Value::Null) => String::new(),
        (Value::Null, most) => format!(" ..{most}"),
        (least, Value::Null) => format!(" {least}.."),
        (least, most) => format!(" {least}..{most}"),
    }
}
