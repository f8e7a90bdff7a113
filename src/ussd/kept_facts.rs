//! Facts of an action as a session keeps them. A value that menus see says nothing of its kind, so that a text may
//! print it and a script name it in one word; what is stored in few octets has to say it.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::menu::Value;

#[derive(Deserialize, Serialize)]
enum Kept {
    Flag(bool),
    Number(i64),
    Date(NaiveDate),
    Text(String),
}

impl From<&Value> for Kept {
    fn from(value: &Value) -> Self {
        match value {
            Value::Flag(flag) => Self::Flag(*flag),
            Value::Number(number) => Self::Number(*number),
            Value::Date(day) => Self::Date(*day),
            Value::Text(text) => Self::Text(text.clone()),
        }
    }
}

impl From<Kept> for Value {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Flag(flag) => Self::Flag(flag),
            Kept::Number(number) => Self::Number(number),
            Kept::Date(day) => Self::Date(day),
            Kept::Text(text) => Self::Text(text),
        }
    }
}

pub(super) fn serialize<S: Serializer>(facts: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(facts.iter().map(|(name, value)| (name, Kept::from(value))))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, Value)>, D::Error> {
    let facts = Vec::<(String, Kept)>::deserialize(deserializer)?;
    Ok(facts.into_iter().map(|(name, kept)| (name, kept.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Holder(#[serde(with = "super")] Vec<(String, Value)>);

    #[test]
    fn every_kind_of_value_comes_back_as_it_was() {
        let values = [
            Value::Flag(true),
            Value::Number(-4),
            Value::Date(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()),
            Value::Text("2026-11-24".to_owned()),
            Value::Text(String::new()),
        ];
        let holder = Holder(values.into_iter().map(|value| ("fact".to_owned(), value)).collect());
        let stored = postcard::to_stdvec(&holder).unwrap();
        assert_eq!(postcard::from_bytes::<Holder>(&stored).unwrap(), holder);
        assert_eq!(
            postcard::to_stdvec(&Holder(Vec::new())).unwrap(),
            [0],
            "a session without facts is as before"
        );
    }
}
