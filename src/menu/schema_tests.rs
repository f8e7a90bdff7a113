//! The published JSON Schema says what the reader takes: the same keys, and every shipped file
//! keeps to it.

use serde_json::{Map, Value, json};

use super::draft::keys_of;
use super::starter::{SCHEMA, STARTER};
use super::yaml::{self, Node};
use super::{FileId, Sources};

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// As an editor reads YAML: what is plain may be a number or a flag.
fn as_json(node: &Node) -> Value {
    match node {
        Node::Scalar(scalar) if !scalar.plain => json!(scalar.text),
        Node::Scalar(scalar) => match scalar.text.as_str() {
            "" | "~" | "null" => Value::Null,
            "true" => json!(true),
            "false" => json!(false),
            text => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
        },
        Node::List(list) => Value::Array(list.items.iter().map(as_json).collect()),
        Node::Map(map) => {
            let entry = |(key, value): &(Node, Node)| match key {
                Node::Scalar(scalar) => (scalar.text.clone(), as_json(value)),
                _ => panic!("a key that is no scalar"),
            };
            Value::Object(map.items.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

/// The part of JSON Schema that the file uses. What is wrong is told with its path.
fn broken(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut tell = |what: String| wrong.push(format!("{path}: {what}"));
    if let Some(kinds) = schema.get("type") {
        let kinds: Vec<&str> = match kinds {
            Value::String(kind) => vec![kind],
            kinds => kinds.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect(),
        };
        let is = |kind: &&str| match *kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "number" | "integer" => value.is_number(),
            "boolean" => value.is_boolean(),
            other => panic!("type {other}"),
        };
        if !kinds.iter().any(is) {
            tell(format!("{value} is not {kinds:?}"));
        }
    }
    if schema.get("const").is_some_and(|wanted| wanted != value)
        || schema.get("enum").is_some_and(|allowed| !allowed.as_array().unwrap().contains(value))
    {
        tell(format!("{value} is not among what is allowed"));
    }
    if let (Some(object), true) = (value.as_object(), schema.get("properties").is_some()) {
        for (key, inner) in object {
            match (schema["properties"].get(key), schema.get("additionalProperties")) {
                (None, Some(Value::Bool(false))) => wrong.push(format!("{path}: no `{key}`")),
                (Some(of), _) | (None, Some(of)) => {
                    wrong.extend(broken(root, of, inner, &format!("{path}.{key}")));
                }
                (None, None) => {}
            }
        }
    } else if let (Some(object), Some(of)) = (value.as_object(), schema.get("additionalProperties")) {
        for (key, inner) in object {
            wrong.extend(broken(root, of, inner, &format!("{path}.{key}")));
        }
    }
    for key in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        if value.get(key.as_str().unwrap()).is_none() {
            wrong.push(format!("{path}: {key} is missing"));
        }
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(of) = schema.get("items") {
            wrong.extend(broken(root, of, item, &format!("{path}[{at}]")));
        }
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let of = root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("no {name}"));
        wrong.extend(broken(root, of, value, path));
    }
    for (word, least, most) in [("oneOf", 1, 1), ("anyOf", 1, usize::MAX)] {
        if let Some(ways) = schema.get(word).and_then(Value::as_array) {
            let tried: Vec<_> = ways.iter().map(|way| broken(root, way, value, path)).collect();
            let fit = tried.iter().filter(|wrong| wrong.is_empty()).count();
            if !(least..=most).contains(&fit) {
                let nearest = tried.into_iter().min_by_key(Vec::len).unwrap_or_default();
                wrong.push(format!("{path}: {fit} of {word} fit: {nearest:?}"));
            }
        }
    }
    wrong
}

fn check(name: &str, text: &str) {
    let node = yaml::read(FileId(0), text, &mut Vec::new()).unwrap();
    let wrong = broken(&schema(), &schema(), &as_json(&node), name);
    assert_eq!(wrong, [] as [&str; 0]);
}

#[test]
fn every_shipped_file_keeps_to_the_schema() {
    let sources = Sources::from_dir(std::path::Path::new("menus")).unwrap();
    assert!(sources.scripts().len() > 5 && sources.files().len() > 20);
    for file in sources.files().iter().chain(sources.scripts()) {
        check(&file.name, &file.text);
    }
    for (name, text) in STARTER {
        check(name, text);
    }
}

#[test]
fn the_schema_knows_the_keys_that_the_reader_knows() {
    for (definition, keys) in keys_of() {
        let mut known: Vec<&str> = keys.to_vec();
        known.sort_unstable();
        let schema = schema();
        let of = schema.pointer(&format!("/$defs/{definition}/properties"));
        let mut written: Vec<&str> = of
            .unwrap_or_else(|| panic!("no {definition}"))
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        written.sort_unstable();
        assert_eq!(written, known, "{definition}");
    }
}

#[test]
fn what_breaks_the_schema_is_noticed() {
    let schema = schema();
    for wrong in [
        json!({"mamacare": 1}),
        json!({"mamacare": 1, "flow": "x", "start": "a", "states": {"a": {"say": "x", "end": true, "menu": []}}}),
        json!({"mamacare": 1, "flow": "x", "start": "a", "states": {"a": {"say": "x", "edn": true}}}),
        json!({"mamacare": 2, "fragments": {}}),
    ] {
        assert_ne!(broken(&schema, &schema, &wrong, "file"), [] as [&str; 0], "{wrong}");
    }
}
