//! Districts and facilities.

use serde::{Deserialize, Deserializer, Serialize};

/// A district of the country.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct District {
    /// `western-area-urban`.
    pub id: String,
    /// `Western Area Urban`.
    pub name: String,
    /// `Western Area`.
    pub region: String,
    /// The hospital with maternity services that serves it; in another district where it has none.
    pub referral: u32,
}

/// A facility that is publicly known.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Facility {
    /// Its number.
    pub id: u32,
    /// Name, as it fits a screen.
    pub name: String,
    /// What it is.
    pub kind: FacilityKind,
    /// Id of its district.
    pub district: String,
    /// Town.
    pub town: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What it is publicly known to offer.
    #[serde(deserialize_with = "services")]
    pub services: Vec<Service>,
}

/// What a facility is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FacilityKind {
    /// Hospital.
    Hospital,
    /// Community health centre.
    Chc,
    /// Community health post.
    Chp,
    /// Maternal and child health post.
    Mchp,
    /// Clinic.
    Clinic,
    /// Pharmacy.
    Pharmacy,
}

impl FacilityKind {
    /// All, in the order in which a list shows them.
    pub const ALL: [Self; 6] =
        [Self::Hospital, Self::Chc, Self::Clinic, Self::Chp, Self::Mchp, Self::Pharmacy];

    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hospital => "hospital",
            Self::Chc => "chc",
            Self::Chp => "chp",
            Self::Mchp => "mchp",
            Self::Clinic => "clinic",
            Self::Pharmacy => "pharmacy",
        }
    }

    /// The kind of that code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What people look for in a facility.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Births, with skilled help.
    Maternity,
    /// Blood for transfusion.
    Blood,
    /// An ambulance stands there.
    Ambulance,
    /// Care of sick or small newborns.
    Newborn,
    /// Operations, caesarean sections too.
    Surgery,
    /// Vaccines.
    Vaccines,
    /// HIV care.
    Hiv,
}

impl Service {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::Maternity,
        Self::Blood,
        Self::Ambulance,
        Self::Newborn,
        Self::Surgery,
        Self::Vaccines,
        Self::Hiv,
    ];

    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Maternity => "maternity",
            Self::Blood => "blood",
            Self::Ambulance => "ambulance",
            Self::Newborn => "newborn",
            Self::Surgery => "surgery",
            Self::Vaccines => "vaccines",
            Self::Hiv => "hiv",
        }
    }

    /// The service of that code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.code() == code)
    }
}

/// Codes with spaces between them.
fn services<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Service>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let read = |code: &str| {
        let known = || Service::ALL.map(Service::code).join(", ");
        Service::of(code).ok_or_else(|| {
            serde::de::Error::custom(format!("there is no service `{code}`; the services are {}", known()))
        })
    };
    text.split_whitespace().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_are_written() {
        for kind in FacilityKind::ALL {
            assert_eq!(FacilityKind::of(kind.code()), Some(kind));
        }
        for service in Service::ALL {
            assert_eq!(Service::of(service.code()), Some(service));
        }
        assert_eq!(Service::of("dentist"), None);
    }
}
