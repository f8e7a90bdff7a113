//! Sources that say what is public: districts, facilities, pharmacies. They are answered from
//! memory.

use crate::menu::{Fields, Value};
use crate::store::facilities::{Facility, Places};
use crate::ussd::port::{Answer, Question};

use super::fields::item;
use super::param;
use crate::app::turns::PortError;

/// The answer, where the source is one of these.
pub(super) fn answer(places: &Places, question: &Question) -> Option<Result<Answer, PortError>> {
    let source = question.source;
    let facilities = |facilities: Vec<&Facility>| {
        facilities.into_iter().map(|facility| describe(places, question, facility)).collect::<Answer>()
    };
    let district = || param(&question.params, "district");
    let answer = match source.name {
        "districts" => Ok(places
            .districts()
            .iter()
            .map(|district| {
                item(
                    source,
                    [
                        ("id", Value::from(district.id.as_str())),
                        ("name", Value::from(district.name.as_str())),
                        ("region", Value::from(district.region.as_str())),
                    ],
                )
            })
            .collect()),
        "clinics" => district().map(|district| {
            let service = question.params.get("service").map(String::as_str).filter(|name| !name.is_empty());
            facilities(places.clinics(district, service).collect())
        }),
        "pharmacies" => district().map(|district| facilities(places.pharmacies(district).collect())),
        "clinic" => param(&question.params, "id")
            .map(|id| facilities(id.parse().ok().and_then(|id| places.facility(id)).into_iter().collect())),
        "nearest" => district().map(|district| facilities(places.nearest(district).into_iter().collect())),
        _ => return None,
    };
    Some(answer)
}

/// The fields that the source asks for, of one facility.
fn describe(places: &Places, question: &Question, facility: &Facility) -> Fields {
    let text = |text: &Option<String>| Value::from(text.as_deref().unwrap_or_default());
    let district = places.district(&facility.district).map_or("", |district| &district.name);
    let all = [
        ("id", Value::from(facility.id.to_string())),
        ("name", Value::from(facility.name.as_str())),
        ("town", Value::from(facility.town.as_str())),
        ("district", Value::from(district)),
        ("kind", Value::from(facility.kind.as_str())),
        ("phone", text(&facility.phone)),
        ("address", text(&facility.address)),
        ("all_day", Value::from(facility.all_day)),
    ];
    let asked = |name: &str| question.source.fields.iter().any(|spec| spec.name == name);
    item(question.source, all.into_iter().filter(|(name, _)| asked(name)))
}
