//! What a language says about dates and counts, and the Tera filters that follow it.

use chrono::{Datelike, NaiveDate};
use tera::{Kwargs, State, Tera, TeraResult, Value};

/// How a language forms the plural.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Plural {
    /// One form for exactly one, another for all other counts (English).
    #[default]
    OneOther,
    /// One form for all counts (Krio, Mende, Temne, Limba).
    None,
}

impl Plural {
    /// The form for `count`.
    pub const fn form<'word>(self, count: i128, one: &'word str, other: &'word str) -> &'word str {
        match self {
            Self::OneOther if count == 1 => one,
            Self::OneOther | Self::None => other,
        }
    }
}

/// How much of a date is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DateForm {
    /// With the year.
    Long,
    /// Without it.
    Short,
    /// The month alone, of a date whose day is not known.
    Month,
}

/// The words of one language.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Words {
    /// Pattern of `date(form="long")`: `{day} {month} {year}`; also `{weekday}`.
    pub long: String,
    /// Pattern of `date`: `{day} {month}`.
    pub short: String,
    /// January to December.
    pub months: Vec<String>,
    /// Monday to Sunday.
    pub weekdays: Vec<String>,
    /// How it counts.
    pub plural: Plural,
}

impl Words {
    /// The parts that a pattern may name.
    pub const PARTS: [&'static str; 5] = ["day", "month", "month_number", "year", "weekday"];

    /// `date` in one of the forms.
    pub fn date(&self, date: NaiveDate, form: DateForm) -> String {
        let word = |words: &[String], at: u32| {
            usize::try_from(at).ok().and_then(|at| words.get(at)).cloned().unwrap_or_default()
        };
        let pattern = match form {
            DateForm::Long => self.long.as_str(),
            DateForm::Short => self.short.as_str(),
            DateForm::Month => "{month} {year}",
        };
        pattern
            .replace("{day}", &date.day().to_string())
            .replace("{month}", &word(&self.months, date.month0()))
            .replace("{month_number}", &date.month().to_string())
            .replace("{year}", &date.year().to_string())
            .replace("{weekday}", &word(&self.weekdays, date.weekday().num_days_from_monday()))
    }

    /// Gives `tera` the filters `date` and `plural` of this language.
    pub(super) fn register(&self, tera: &mut Tera) {
        let words = self.clone();
        tera.register_filter("date", move |value: &Value, kwargs: Kwargs, _: &State| {
            words.date_filter(value, &kwargs)
        });
        let rule = self.plural;
        tera.register_filter("plural", move |value: &Value, kwargs: Kwargs, _: &State| {
            plural_filter(rule, value, &kwargs)
        });
    }

    /// `{{ visit.on | date(form="long") }}`. A date that is absent is shown as nothing.
    fn date_filter(&self, value: &Value, kwargs: &Kwargs) -> TeraResult<String> {
        let form = match kwargs.get::<&str>("form")?.unwrap_or("short") {
            "long" => DateForm::Long,
            "short" => DateForm::Short,
            "month" => DateForm::Month,
            other => {
                return Err(tera::Error::message(format!(
                    "`form` is \"long\", \"short\" or \"month\", not \"{other}\""
                )));
            }
        };
        if value.is_undefined() || value.is_none() {
            return Ok(String::new());
        }
        let day = value.as_str().unwrap_or_default();
        if day.is_empty() && value.as_str().is_some() {
            return Ok(String::new());
        }
        NaiveDate::parse_from_str(day, "%Y-%m-%d")
            .map(|date| self.date(date, form))
            .map_err(|_| tera::Error::message("the `date` filter wants a date"))
    }
}

/// `{{ n | plural(one="week", other="weeks") }}`.
fn plural_filter(rule: Plural, value: &Value, kwargs: &Kwargs) -> TeraResult<String> {
    let count =
        value.as_i128().ok_or_else(|| tera::Error::message("the `plural` filter wants a whole number"))?;
    let one = kwargs.must_get::<&str>("one")?;
    let other = kwargs.must_get::<&str>("other")?;
    Ok(rule.form(count, one, other).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> Words {
        let list = |names: &str| names.split(' ').map(str::to_owned).collect();
        Words {
            long: "{weekday} {day} {month} {year}".to_owned(),
            short: "{day} {month}".to_owned(),
            months: list(
                "January February March April May June July August September October November December",
            ),
            weekdays: list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
            plural: Plural::OneOther,
        }
    }

    #[test]
    fn dates_follow_the_patterns() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
        assert_eq!(english().date(day, DateForm::Short), "1 December");
        assert_eq!(english().date(day, DateForm::Long), "Tuesday 1 December 2026");
        assert_eq!(english().date(day, DateForm::Month), "December 2026");
    }

    #[test]
    fn a_language_without_plural_has_one_form() {
        assert_eq!(Plural::OneOther.form(1, "week", "weeks"), "week");
        assert_eq!(Plural::OneOther.form(0, "week", "weeks"), "weeks");
        assert_eq!(Plural::None.form(1, "wik", "wik dɛn"), "wik dɛn");
    }
}
