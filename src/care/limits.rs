//! What a measurement can be: what is refused, what is asked again, what needs care.

use std::fmt;

use serde::Deserialize;

/// Something measured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Upper blood pressure, mmHg.
    Systolic,
    /// Lower blood pressure, mmHg.
    Diastolic,
    /// A woman's weight, kg.
    Weight,
    /// A woman's height, cm.
    Height,
    /// Body temperature, °C.
    Temperature,
    /// Haemoglobin, g/dL.
    Haemoglobin,
    /// Weight at birth, g.
    BirthWeight,
    /// A mother's age, years.
    MotherAge,
}

/// One row of the limits.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Limit {
    /// What it limits.
    pub measure: Measure,
    /// In which unit (UCUM, but for years).
    pub unit: String,
    refuse_least: f64,
    refuse_most: f64,
    ask_least: f64,
    ask_most: f64,
    alert_soon_from: Option<f64>,
    alert_now_from: Option<f64>,
}

/// What to make of a value.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Plausibility {
    /// Take it.
    Usual,
    /// Ask whether it is right, then take it.
    Unlikely,
}

/// How soon a value needs care.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Alert {
    /// Soon.
    Soon,
    /// At once.
    Now,
}

/// A value that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Impossible {
    /// Outside of the limits.
    #[error("{measure:?} must be from {least} to {most} {unit}")]
    Outside {
        /// Of what.
        measure: Measure,
        /// Least.
        least: f64,
        /// Most.
        most: f64,
        /// Unit.
        unit: String,
    },
    /// The upper pressure is not above the lower one.
    #[error("the upper blood pressure must be higher than the lower one; they may be swapped")]
    Swapped,
}

/// All limits.
#[derive(Clone, Debug)]
pub struct Limits {
    rows: Vec<Limit>,
}

impl Limits {
    pub(super) const fn new(rows: Vec<Limit>) -> Self {
        Self { rows }
    }

    /// The row of a measure, where the country sets one.
    pub fn of(&self, measure: Measure) -> Option<&Limit> {
        self.rows.iter().find(|limit| limit.measure == measure)
    }

    /// Judges a value; one without limits is taken.
    pub fn check(&self, measure: Measure, value: f64) -> Result<Plausibility, Impossible> {
        self.of(measure).map_or(Ok(Plausibility::Usual), |limit| limit.check(value))
    }

    /// Whether a value needs care.
    pub fn alert(&self, measure: Measure, value: f64) -> Option<Alert> {
        self.of(measure)?.alert(value)
    }
}

impl Limit {
    fn check(&self, value: f64) -> Result<Plausibility, Impossible> {
        // NaN is in no range.
        if !(self.refuse_least..=self.refuse_most).contains(&value) {
            return Err(Impossible::Outside {
                measure: self.measure,
                least: self.refuse_least,
                most: self.refuse_most,
                unit: self.unit.clone(),
            });
        }
        let usual = (self.ask_least..=self.ask_most).contains(&value);
        Ok(if usual { Plausibility::Usual } else { Plausibility::Unlikely })
    }

    fn alert(&self, value: f64) -> Option<Alert> {
        let from = |limit: Option<f64>| limit.is_some_and(|limit| value >= limit);
        if from(self.alert_now_from) {
            Some(Alert::Now)
        } else {
            from(self.alert_soon_from).then_some(Alert::Soon)
        }
    }
}

/// A blood pressure that can be, in mmHg. Shown as `110/70`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BloodPressure {
    systolic: u16,
    diastolic: u16,
}

impl BloodPressure {
    /// Judges the two values together.
    pub fn new(systolic: u16, diastolic: u16, limits: &Limits) -> Result<(Self, Plausibility), Impossible> {
        let upper = limits.check(Measure::Systolic, f64::from(systolic))?;
        let lower = limits.check(Measure::Diastolic, f64::from(diastolic))?;
        if systolic <= diastolic {
            return Err(Impossible::Swapped);
        }
        Ok((Self { systolic, diastolic }, upper.max(lower)))
    }

    /// The upper value.
    pub const fn systolic(self) -> u16 {
        self.systolic
    }

    /// The lower value.
    pub const fn diastolic(self) -> u16 {
        self.diastolic
    }

    /// Whether it needs care.
    pub fn alert(self, limits: &Limits) -> Option<Alert> {
        let upper = limits.alert(Measure::Systolic, f64::from(self.systolic));
        upper.max(limits.alert(Measure::Diastolic, f64::from(self.diastolic)))
    }
}

impl fmt::Display for BloodPressure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.systolic, self.diastolic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::care::country::Country;

    fn limits() -> Limits {
        Country::shipped().unwrap().limits
    }

    #[test]
    fn a_low_diastolic_pressure_is_true_and_a_swapped_one_is_not() {
        let limits = limits();
        let (pressure, plausibility) = BloodPressure::new(90, 45, &limits).unwrap();
        assert_eq!((pressure.to_string(), plausibility), ("90/45".to_owned(), Plausibility::Unlikely));
        assert_eq!(BloodPressure::new(70, 110, &limits), Err(Impossible::Swapped));
        assert!(matches!(BloodPressure::new(261, 70, &limits), Err(Impossible::Outside { .. })));
        assert!(matches!(BloodPressure::new(120, 29, &limits), Err(Impossible::Outside { .. })));
    }

    #[test]
    fn high_pressure_alerts_soon_or_now_by_either_value() {
        let limits = limits();
        for (systolic, diastolic, alert) in [
            (120, 80, None),
            (140, 80, Some(Alert::Soon)),
            (130, 90, Some(Alert::Soon)),
            (160, 90, Some(Alert::Now)),
            (150, 110, Some(Alert::Now)),
        ] {
            let (pressure, _) = BloodPressure::new(systolic, diastolic, &limits).unwrap();
            assert_eq!(pressure.alert(&limits), alert, "{pressure}");
        }
    }

    #[test]
    fn weights_are_taken_asked_again_or_refused() {
        let limits = limits();
        assert_eq!(limits.check(Measure::Weight, 62.5), Ok(Plausibility::Usual));
        assert_eq!(limits.check(Measure::Weight, 33.0), Ok(Plausibility::Unlikely));
        for weight in [24.9, 250.1, f64::NAN, f64::INFINITY] {
            assert!(limits.check(Measure::Weight, weight).is_err(), "{weight}");
        }
        let error = limits.check(Measure::Weight, 6.2).unwrap_err();
        assert_eq!(error.to_string(), "Weight must be from 25 to 250 kg");
    }
}
