//! Which providers a message may take, the first that works first: by its number's range and its kind.

use crate::care::Msisdn;

use super::kind::{Kind, Medium};

/// Where a message goes, as far as its row shows in the clear: the two digits after the country code
/// of a number, which are the range of an operator; 0 for mail and for what is not known.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Lane(pub i16);

impl Lane {
    /// Neither range nor number.
    pub const NONE: Self = Self(0);

    /// The range of a number.
    pub fn of(number: Msisdn) -> Self {
        Self(i16::try_from(number.digits() / 1_000_000 % 100).unwrap_or(0))
    }

    /// Lanes in which a message of that medium may stand: those of the numbering plan, and none.
    pub fn all(medium: Medium) -> Vec<Self> {
        let ranges = (0..100).filter(|range| Msisdn::from_digits(23_200_000_000 + range * 1_000_000).is_ok());
        let ranges = ranges.filter_map(|range| i16::try_from(range).ok()).map(Self);
        match medium {
            Medium::Email => vec![Self::NONE],
            Medium::Sms => std::iter::once(Self::NONE).chain(ranges).collect(),
        }
    }

    /// Reads a range as people write it: `76`, `076`, `+23276`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().trim_start_matches("+232");
        let digits = digits.strip_prefix('0').unwrap_or(digits);
        let lane = digits.parse().ok().filter(|_| digits.len() == 2).map(Self)?;
        Self::all(Medium::Sms).contains(&lane).then_some(lane)
    }
}

/// One rule: messages of these kinds to these ranges take these providers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Route {
    /// Ranges; empty: any.
    pub lanes: Vec<Lane>,
    /// Kinds; empty: any.
    pub kinds: Vec<Kind>,
    /// Providers, by their place in the list of all; the first that works is taken.
    pub providers: Vec<usize>,
}

impl Route {
    fn fits(&self, kind: Kind, lane: Lane) -> bool {
        (self.lanes.is_empty() || self.lanes.contains(&lane))
            && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }
}

/// All rules; the first that fits decides.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Routes {
    /// For SMS.
    pub sms: Vec<Route>,
    /// For mail: the providers in their order.
    pub email: Vec<usize>,
}

impl Routes {
    /// The providers of such a message, in their order; none where no rule fits.
    pub fn of(&self, medium: Medium, kind: Kind, lane: Lane) -> &[usize] {
        match medium {
            Medium::Email => &self.email,
            Medium::Sms => self
                .sms
                .iter()
                .find(|route| route.fits(kind, lane))
                .map_or(&[], |route| route.providers.as_slice()),
        }
    }

    /// All kinds of messages that now go to `provider`: those for which it is the first of their
    /// providers that `keeps` messages of the kind.
    pub fn share(
        &self,
        provider: usize,
        keeps: impl Fn(usize, Kind) -> bool,
        wanted: impl Fn(Kind) -> bool,
    ) -> Vec<(Medium, Lane, i16)> {
        let mut share = Vec::new();
        for medium in [Medium::Sms, Medium::Email] {
            let kinds = Kind::ALL.into_iter().filter(|kind| match medium {
                Medium::Sms => kind.medium() == Medium::Sms,
                // A PIN goes by mail to those who have an address.
                Medium::Email => matches!(kind, Kind::Pin | Kind::Mail),
            });
            for kind in kinds.filter(|kind| wanted(*kind)) {
                for lane in Lane::all(medium) {
                    let chosen = self.of(medium, kind, lane).iter().find(|place| keeps(**place, kind));
                    if chosen == Some(&provider) {
                        share.push((medium, lane, kind.priority()));
                    }
                }
            }
        }
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORANGE: Lane = Lane(76);
    const AFRICELL: Lane = Lane(77);

    fn routes() -> Routes {
        Routes {
            sms: vec![
                Route { kinds: vec![Kind::Pin], providers: vec![2, 0], ..Route::default() },
                Route { lanes: vec![ORANGE], providers: vec![1, 0], ..Route::default() },
                Route { providers: vec![0], ..Route::default() },
            ],
            email: vec![3],
        }
    }

    #[test]
    fn a_range_is_the_two_digits_of_an_operator() {
        assert_eq!(Lane::of("+23276000001".parse().unwrap()), ORANGE);
        for text in ["76", "076", "+23276", " 076 "] {
            assert_eq!(Lane::parse(text), Some(ORANGE), "{text}");
        }
        for text in ["", "7", "22", "0760", "+4476", "ab"] {
            assert_eq!(Lane::parse(text), None, "{text}");
        }
        assert!(Lane::all(Medium::Sms).contains(&AFRICELL) && Lane::all(Medium::Email) == [Lane::NONE]);
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let routes = routes();
        assert_eq!(routes.of(Medium::Sms, Kind::Pin, ORANGE), [2, 0]);
        assert_eq!(routes.of(Medium::Sms, Kind::Reminder, ORANGE), [1, 0]);
        assert_eq!(routes.of(Medium::Sms, Kind::Reminder, AFRICELL), [0]);
        assert_eq!(routes.of(Medium::Email, Kind::Mail, Lane::NONE), [3]);
        assert!(Routes::default().of(Medium::Sms, Kind::Pin, ORANGE).is_empty());
    }

    #[test]
    fn each_message_is_the_share_of_one_working_provider() {
        let routes = routes();
        let shares = |works: fn(usize) -> bool| {
            (0..4)
                .map(|provider| routes.share(provider, |place, _| works(place), |_| true))
                .collect::<Vec<_>>()
        };
        for works in
            [|_| true, |place| place != 1, |place| place == 0 || place == 3] as [fn(usize) -> bool; 3]
        {
            let mut all = shares(works).concat();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "nothing is shared by two");
            assert_eq!(count, 6 * Lane::all(Medium::Sms).len() + 2, "and nothing is left over");
        }
        let reminder = (Medium::Sms, ORANGE, Kind::Reminder.priority());
        assert!(shares(|_| true)[1].contains(&reminder));
        assert!(shares(|place| place != 1)[0].contains(&reminder), "the next one takes over");
        assert!(routes.share(1, |_, _| true, |kind| !kind.is_planned()).len() < shares(|_| true)[1].len());
    }
}
