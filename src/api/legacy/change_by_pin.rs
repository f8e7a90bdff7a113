//! The body of `PUT /api/patient/profile`: number and PIN beside the fields that change, all on one
//! level. Clients of the old system send the whole profile back, also what is no longer hers to write.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::profile::ProfileFields;
use crate::api::frame::field::{Phone, Pin};
use crate::api::patient_sign_in::PatientLogin;

/// Fields of the old profile that are read and not written: names are set right by staff, measurements
/// come from visits, and the rest is reckoned.
const READ_ONLY: [&str; 14] = [
    "id",
    "fhir_id",
    "name",
    "pregnancy_status",
    "lmp_date",
    "due_date",
    "gestational_age",
    "risk_level",
    "risk_factors",
    "blood_pressure",
    "hemoglobin",
    "blood_sugar",
    "weight",
    "pregnancy_complications",
];

/// Number, PIN, and what changes.
#[derive(Clone, Debug)]
pub struct ChangeByPin {
    /// Who.
    pub login: PatientLogin,
    /// What changes; what is left out stays.
    pub fields: ProfileFields,
}

/// One of the fields of who she is.
fn part<T: serde::de::DeserializeOwned, E: Error>(
    fields: &mut Map<String, Value>,
    name: &'static str,
) -> Result<T, E> {
    let value = fields.remove(name).ok_or_else(|| E::missing_field(name))?;
    serde_json::from_value(value).map_err(|error| E::custom(format!("{name}: {error}")))
}

impl<'de> Deserialize<'de> for ChangeByPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::<String, Value>::deserialize(deserializer)?;
        let login = PatientLogin {
            phone: part(&mut fields, "phone")?,
            pin: part(&mut fields, "pin")?,
            person: fields.contains_key("person").then(|| part(&mut fields, "person")).transpose()?.flatten(),
        };
        fields.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
        let fields = serde_path_to_error::deserialize(Value::Object(fields))
            .map_err(|error| D::Error::custom(format!("{}: {}", error.path(), error.inner())))?;
        Ok(Self { login, fields })
    }
}

impl PartialSchema for ChangeByPin {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut object)) = ProfileFields::schema() else {
            return ProfileFields::schema();
        };
        object.properties.insert("phone".to_owned(), Ref::from_schema_name(Phone::name()).into());
        object.properties.insert("pin".to_owned(), Ref::from_schema_name(Pin::name()).into());
        let place = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(9))
            .description(Some("Her place among those who share the number, from 1."));
        object.properties.insert("person".to_owned(), place.into());
        for name in READ_ONLY {
            let ignored = ObjectBuilder::new()
                .schema_type(utoipa::openapi::schema::SchemaType::AnyValue)
                .description(Some("Not heeded: staff write it, or it is reckoned."));
            object.properties.insert(name.to_owned(), ignored.into());
        }
        object.required = vec!["phone".to_owned(), "pin".to_owned()];
        RefOr::T(Schema::Object(object))
    }
}

impl ToSchema for ChangeByPin {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Phone::name().into_owned(), Phone::schema()));
        schemas.push((Pin::name().into_owned(), Pin::schema()));
        ProfileFields::schemas(schemas);
    }
}
