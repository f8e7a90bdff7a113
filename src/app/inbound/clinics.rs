//! CLINIC and a place: public facts, for anybody.

use super::scene::Scene;
use super::{Done, Inbound, Work};
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::messages::keywords::same_place;
use crate::store::facilities::{Facility, Places};

/// Facilities that one SMS names.
const MOST: usize = 3;

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    pub(super) async fn clinics(
        &self,
        scene: &Scene,
        place: &str,
        work: &mut Work,
    ) -> Result<Done, PortError> {
        let places = self.parts.directory.places();
        let service_code = ("service_code", self.parts.settings.service_code.clone());
        let found = if place.is_empty() {
            scene.district.as_deref().and_then(|district| in_district(&places, district))
        } else {
            find(&places, place)
        };
        let Some((place, facilities)) = found else {
            return Ok(Done::asked(self.reply(scene, "clinic_place", &[service_code], work).await?));
        };
        let list: Vec<String> = facilities.into_iter().take(MOST).map(describe).collect();
        let values = [("place", place), ("list", list.join("; ")), service_code];
        Ok(Done::asked(self.reply(scene, "clinics", &values, work).await?))
    }
}

/// `Bo Government Hospital (Bo) 076 000000`; the town where the name does not hold it.
fn describe(facility: &Facility) -> String {
    let mut line = facility.name.clone();
    if !facility.name.to_lowercase().contains(&facility.town.to_lowercase()) {
        line = format!("{line} ({})", facility.town);
    }
    match &facility.phone {
        Some(phone) => format!("{line} {phone}"),
        None => line,
    }
}

/// The facilities of a district or a town, by its name with one slip at most.
fn find<'a>(places: &'a Places, place: &str) -> Option<(String, Vec<&'a Facility>)> {
    let districts = places.districts();
    let district = districts.iter().find(|district| same_place(place, &district.name, false)).or_else(|| {
        in_town(places, place, false)
            .is_none()
            .then(|| districts.iter().find(|district| same_place(place, &district.name, true)))
            .flatten()
    });
    match district {
        Some(district) => in_district(places, &district.id),
        None => in_town(places, place, false).or_else(|| in_town(places, place, true)),
    }
}

fn in_district<'a>(places: &'a Places, district: &str) -> Option<(String, Vec<&'a Facility>)> {
    let name = places.district(district)?.name.clone();
    let mut facilities: Vec<&Facility> = places.clinics(district, None).collect();
    if facilities.is_empty() {
        facilities.extend(places.nearest(district));
    }
    (!facilities.is_empty()).then_some((name, facilities))
}

fn in_town<'a>(places: &'a Places, town: &str, near: bool) -> Option<(String, Vec<&'a Facility>)> {
    let districts = places.districts().iter();
    let all = districts.flat_map(|district| places.clinics(&district.id, None));
    let facilities: Vec<&Facility> = all
        .filter(|facility| same_place(town, &facility.town, near) || same_place(town, &facility.name, near))
        .collect();
    let name = facilities.first()?.town.clone();
    Some((name, facilities))
}
