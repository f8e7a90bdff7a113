//! The environment as a layer of settings: `MAMACARE_SECTION__KEY`.

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::is_secret;

/// Variables of that name choose the settings file and are no settings.
pub const FILE_VARIABLE: &str = "MAMACARE_SETTINGS";

const PREFIX: &str = "MAMACARE_";

/// Variables with our prefix that mean something else.
const NO_SETTINGS: [&str; 3] = [FILE_VARIABLE, "MAMACARE_DIAL_SECRET", "MAMACARE_TEST_DATABASE_URL"];

/// Variables, as a provider. What is a secret stays a text, whatever it looks like.
pub struct Environment<'a>(pub &'a [(String, String)]);

impl Provider for Environment<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment").interpolater(|_: &Profile, keys: &[&str]| {
            if keys == ["database", "url"] {
                return "DATABASE_URL".to_owned();
            }
            format!("{PREFIX}{}", keys.join("__").to_ascii_uppercase())
        })
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut root = Dict::new();
        for (name, text) in self.0 {
            let Some(key) = key_of(name) else { continue };
            let value = if is_secret(&key) { Value::from(text.as_str()) } else { parse(text) };
            merge(&mut root, figment::util::nest(&key, value));
        }
        Ok(Profile::Default.collect(root))
    }
}

/// `MAMACARE_USSD__SERVICE_CODE` is `ussd.service_code`, `DATABASE_URL` is `database.url`.
fn key_of(name: &str) -> Option<String> {
    if name == "DATABASE_URL" {
        return Some("database.url".to_owned());
    }
    if NO_SETTINGS.contains(&name) {
        return None;
    }
    name.strip_prefix(PREFIX).map(|rest| rest.to_ascii_lowercase().replace("__", "."))
}

fn parse(text: &str) -> Value {
    // Figment's parser does not fail: what is no number, flag or list is a text.
    text.parse().unwrap_or_else(|_| Value::from(text))
}

fn merge(into: &mut Dict, nested: Value) {
    let Some(dict) = nested.into_dict() else { return };
    for (key, value) in dict {
        match (into.get_mut(&key), value) {
            (Some(Value::Dict(_, inner)), value @ Value::Dict(..)) => merge(inner, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
