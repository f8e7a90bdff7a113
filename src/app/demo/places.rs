//! The demo's places: the country's own districts and hospitals, and pharmacies that are invented
//! and say so in their names.

use crate::care::Country;
use crate::store::places::Pharmacy;

/// Numbers of invented places; the country's own stay far below.
const FIRST_ID: i32 = 90_001;

/// Two pharmacies for each district, where its hospital stands; one of them never closes.
pub(super) fn pharmacies(country: &Country) -> Vec<Pharmacy> {
    let of_district = country.districts.iter().flat_map(|district| {
        let town =
            country.facility(district.referral).map_or(district.name.as_str(), |hospital| &hospital.town);
        [("Demo Pharmacy", false), ("Demo Night Pharmacy", true)].map(|(name, all_day)| Pharmacy {
            id: 0,
            name: format!("{name} {}", district.name),
            district: district.id.clone(),
            town: town.to_owned(),
            all_day,
            synthetic: true,
        })
    });
    of_district.zip(FIRST_ID..).map(|(pharmacy, id)| Pharmacy { id, ..pharmacy }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_district_has_a_pharmacy_that_never_closes_and_says_that_it_is_invented() {
        let country = Country::shipped().unwrap();
        let pharmacies = pharmacies(&country);
        for district in &country.districts {
            let here =
                pharmacies.iter().filter(|pharmacy| pharmacy.district == district.id && pharmacy.all_day);
            assert_eq!(here.count(), 1, "{}", district.id);
        }
        assert!(pharmacies.iter().all(|pharmacy| pharmacy.synthetic && pharmacy.name.starts_with("Demo")));
        assert!(pharmacies.iter().all(|pharmacy| pharmacy.name.len() <= 40));
    }
}
