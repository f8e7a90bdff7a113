//! What messages cost, and when to stop.

use super::kind::Kind;

/// An amount of money in millionths of the currency's unit. Sums are whole numbers, so that a year
/// of small prices adds up.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Price(pub i64);

impl Price {
    /// From an amount as people write it: 0.035.
    pub fn of_units(units: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a float that does not fit is capped")]
        Self((units * 1e6).round() as i64)
    }

    /// As people write it.
    pub fn units(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let units = self.0 as f64 / 1e6;
        units
    }

    /// That many of it.
    #[must_use]
    pub fn times(self, count: usize) -> Self {
        Self(self.0.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)))
    }
}

/// The most that may be spent; nothing: no bound.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Budget {
    /// In a day of the country.
    pub day: Option<Price>,
    /// In a calendar month.
    pub month: Option<Price>,
}

/// What has been spent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spent {
    /// Today.
    pub day: Price,
    /// This month.
    pub month: Price,
}

impl Budget {
    /// Whether all of it is spent.
    pub fn is_spent(&self, spent: Spent) -> bool {
        self.day.is_some_and(|most| spent.day >= most) || self.month.is_some_and(|most| spent.month >= most)
    }

    /// Whether there is a bound at all.
    pub fn is_bounded(&self) -> bool {
        self.day.is_some() || self.month.is_some()
    }

    /// Whether messages of that kind go. While it is not known what was spent (a worker that has just
    /// started), what a bound could stop waits.
    pub fn allows(&self, kind: Kind, spent: Option<Spent>) -> bool {
        kind.passes_budget() || spent.map_or(!self.is_bounded(), |spent| !self.is_spent(spent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_prices_add_up_exactly() {
        let price = Price::of_units(0.035);
        assert_eq!(price.times(1_000_000), Price::of_units(35_000.0));
        assert!((price.units() - 0.035).abs() < 1e-12);
        assert_eq!(Price::of_units(f64::MAX).times(5), Price(i64::MAX));
    }

    #[test]
    fn a_spent_budget_stops_what_can_wait_and_not_a_pin() {
        let budget = Budget { day: Some(Price(100)), month: None };
        let under = Some(Spent { day: Price(99), month: Price(900) });
        let over = Some(Spent { day: Price(100), month: Price(900) });
        assert!(budget.allows(Kind::Reminder, under) && !budget.allows(Kind::Reminder, over));
        assert!(budget.allows(Kind::Pin, over) && budget.allows(Kind::Answer, over));
        let monthly = Budget { day: None, month: Some(Price(900)) };
        assert!(!monthly.allows(Kind::Broadcast, under));
        assert!(Budget::default().allows(Kind::Broadcast, over));
    }

    #[test]
    fn until_it_is_known_what_was_spent_a_bound_stops_what_can_wait() {
        let budget = Budget { day: None, month: Some(Price(900)) };
        assert!(!budget.allows(Kind::Reminder, None) && budget.allows(Kind::Pin, None));
        assert!(Budget::default().allows(Kind::Reminder, None));
    }
}
