//! From the file to the schedule, each mistake with its line.

use serde::Deserialize;

use super::when::days;
use super::{Anchor, FILE, Offset, Rule, Step, Stop};
use crate::care::{CountryError, CountryProblem, Row, rows};
use crate::messages::Ask;
use crate::messages::keywords::Programme;

/// More steps than any row has; numbers above it are free for what staff look after.
const MOST_STEPS: usize = 20;

#[derive(Deserialize)]
struct Line {
    id: String,
    programme: Programme,
    anchor: Anchor,
    when: String,
    text: String,
    covert: String,
    ask: Option<Ask>,
    needs: String,
    stops: String,
    urgency: u8,
    staff: String,
    after_loss: String,
    active: String,
}

pub(super) fn rules(text: &str) -> Result<Vec<Rule>, CountryError> {
    let lines = rows::<Line>(FILE, text)?;
    let mut rules: Vec<Rule> = Vec::with_capacity(lines.len());
    let mut ids: Vec<&str> = Vec::with_capacity(lines.len());
    for row in &lines {
        let rule = rule(&row.value).map_err(|problem| row.error(CountryProblem::Rule(problem)))?;
        if ids.contains(&row.value.id.as_str()) {
            return Err(row.error(CountryProblem::Twice(row.value.id.clone())));
        }
        ids.push(&row.value.id);
        if yes(row, "active", &row.value.active)? {
            let after_loss = yes(row, "after_loss", &row.value.after_loss)?;
            rules.push(Rule { after_loss, line: row.line(), ..rule });
        }
    }
    Ok(rules)
}

fn rule(line: &Line) -> Result<Rule, String> {
    let id = &line.id;
    let well = id.len() <= 16
        && id.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if !well {
        return Err(format!("id `{id}`: expected a letter and at most 15 letters and digits"));
    }
    if line.text.is_empty() || line.covert.is_empty() {
        return Err("text and covert name messages; where covert wording gets none, write `-`".to_owned());
    }
    if !(1..=9).contains(&line.urgency) {
        return Err(format!("urgency {}: expected 1 to 9", line.urgency));
    }
    let times = steps(line)?;
    let stops = line.stops.split_whitespace().map(stop).collect::<Result<Vec<_>, _>>()?;
    if stops.contains(&Stop::Answered) && line.ask.is_none() {
        return Err("stops: `answered` is for a row that asks".to_owned());
    }
    if line.ask == Some(Ask::Loss) {
        return Err("ask: expected visit, well or birth; a loss is never asked for by a reminder".to_owned());
    }
    Ok(Rule {
        id: id.clone(),
        programme: line.programme,
        anchor: line.anchor,
        steps: times,
        text: line.text.clone(),
        covert: Some(line.covert.clone()).filter(|name| name != "-"),
        ask: line.ask,
        dated: match line.needs.as_str() {
            "" => false,
            "dated" if matches!(line.anchor, Anchor::LastPeriod | Anchor::Due | Anchor::Contact) => true,
            other => {
                return Err(format!(
                    "needs `{other}`: expected `dated`, on a row of a pregnancy, or nothing"
                ));
            }
        },
        stops,
        urgency: line.urgency,
        staff: staff(line)?,
        after_loss: false,
        line: 0,
    })
}

fn steps(line: &Line) -> Result<Vec<Step>, String> {
    let read: Result<Vec<Step>, _> = line.when.split_whitespace().map(str::parse).collect();
    let steps = read.map_err(|wrong: super::when::NotAStep| wrong.to_string())?;
    if steps.is_empty() || steps.len() > MOST_STEPS {
        return Err(format!("when: expected 1 to {MOST_STEPS} times, like `-3d/1d -1d/0d`"));
    }
    let growing = steps.iter().zip(steps.iter().skip(1));
    if growing.clone().any(|(one, next)| next.offset.about_days() <= one.offset.about_days()) {
        return Err("when: the times must grow".to_owned());
    }
    for step in &steps {
        match (line.anchor, step.offset) {
            (Anchor::Visit, Offset::Days(days))
                if days < 0 && i32::from(days) + i32::from(step.window) < 0 => {}
            (Anchor::Visit, _) => {
                return Err(
                    "when: a reminder of a visit goes before its day, and its time ends before it".to_owned()
                );
            }
            (Anchor::Joined | Anchor::Birth, _) | (_, Offset::Days(_)) => {}
            (_, Offset::Months(_)) => {
                return Err("when: months are counted from `birth` and `joined` alone; write days or weeks"
                    .to_owned());
            }
        }
    }
    Ok(steps)
}

fn stop(name: &str) -> Result<Stop, String> {
    Ok(match name {
        "contact" => Stop::Contact,
        "booked" => Stop::Booked,
        "postnatal" => Stop::Postnatal,
        "seen" => Stop::Seen,
        "refilled" => Stop::Refilled,
        "answered" => Stop::Answered,
        other => {
            return Err(format!(
                "stops `{other}`: expected contact, booked, postnatal, seen, refilled or answered"
            ));
        }
    })
}

fn staff(line: &Line) -> Result<Option<u16>, String> {
    if line.staff.is_empty() {
        return Ok(None);
    }
    let given =
        days(&line.staff).ok_or_else(|| format!("staff `{}`: expected days, like 14d", line.staff))?;
    if !matches!(line.anchor, Anchor::Missed | Anchor::Vaccines) {
        return Err("staff: only a visit that was missed and a vaccine visit go to their list".to_owned());
    }
    Ok(Some(given))
}

fn yes(row: &Row<Line>, column: &str, value: &str) -> Result<bool, CountryError> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(row.error(CountryProblem::Rule(format!("{column} `{other}`: expected yes or no")))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Schedule;

    const HEADING: &str =
        "id,programme,anchor,when,text,covert,ask,needs,stops,urgency,staff,after_loss,active,source\n";

    fn problem(line: &str) -> String {
        Schedule::read(&format!("{HEADING}{line}\n")).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_schedule_is_read_without_the_rows_taken_out() {
        let schedule = Schedule::shipped().unwrap_or_else(|error| panic!("{error}"));
        let ids: Vec<&str> = schedule.rules().iter().map(|rule| rule.id.as_str()).collect();
        assert!(ids.contains(&"V1") && ids.contains(&"K1b") && !ids.contains(&"M1"), "{ids:?}");
    }

    #[test]
    fn mistakes_name_file_line_and_what_was_expected() {
        for (line, expected) in [
            ("1A,visits,visit,-3d/1d,a,b,,,,2,,yes,yes,P", "id `1A`: expected a letter"),
            ("A,visit,visit,-3d/1d,a,b,,,,2,,yes,yes,P", "unknown variant `visit`"),
            ("A,visits,period,-3d/1d,a,b,,,,2,,yes,yes,P", "unknown variant `period`"),
            ("A,visits,visit,-3d,a,b,,,,2,,yes,yes,P", "`-3d`: expected a distance"),
            ("A,visits,visit,,a,b,,,,2,,yes,yes,P", "when: expected 1 to 20 times"),
            ("A,visits,visit,-1d/0d -3d/1d,a,b,,,,2,,yes,yes,P", "the times must grow"),
            ("A,visits,visit,-3d/3d,a,b,,,,2,,yes,yes,P", "goes before its day"),
            ("A,visits,missed,1m/3d,a,b,,,,2,,yes,yes,P", "months are counted from"),
            ("A,visits,visit,-3d/1d,,b,,,,2,,yes,yes,P", "text and covert name messages"),
            ("A,visits,visit,-3d/1d,a,,,,,2,,yes,yes,P", "write `-`"),
            ("A,visits,visit,-3d/1d,a,b,loss,,,2,,yes,yes,P", "never asked for"),
            ("A,visits,visit,-3d/1d,a,b,maybe,,,2,,yes,yes,P", "unknown variant `maybe`"),
            ("A,visits,visit,-3d/1d,a,b,,dated,,2,,yes,yes,P", "needs `dated`: expected"),
            ("A,visits,visit,-3d/1d,a,b,,,gone,2,,yes,yes,P", "stops `gone`: expected contact"),
            ("A,visits,visit,-3d/1d,a,b,,,answered,2,,yes,yes,P", "`answered` is for a row that asks"),
            ("A,visits,visit,-3d/1d,a,b,,,,0,,yes,yes,P", "urgency 0: expected 1 to 9"),
            ("A,visits,visit,-3d/1d,a,b,,,,2,14d,yes,yes,P", "staff: only a visit that was missed"),
            ("A,visits,missed,2d/1d,a,b,,,,2,soon,yes,yes,P", "staff `soon`: expected days"),
            ("A,visits,visit,-3d/1d,a,b,,,,2,,maybe,yes,P", "after_loss `maybe`: expected yes or no"),
            ("A,visits,visit,-3d/1d,a,b,,,,2,,yes,perhaps,P", "active `perhaps`: expected yes or no"),
            ("A,visits,visit,-3d/1d,a,b,,,,2,,yes,yes", "13 columns"),
        ] {
            let problem = problem(line);
            assert!(problem.starts_with("reminders.csv, line 2: "), "{problem}");
            assert!(problem.contains(expected), "{line}: {problem}");
        }
        let twice = "A,visits,visit,-3d/1d,a,b,,,,2,,yes,yes,P\nA,visits,visit,-3d/1d,a,b,,,,2,,yes,no,P";
        assert_eq!(problem(twice), "reminders.csv, line 3: `A` is given twice; keep one of the rows");
    }

    #[test]
    fn a_text_must_be_in_the_menus_and_see_what_its_row_has() {
        let schedule =
            Schedule::read(&format!("{HEADING}V,visits,visit,-3d/1d,soon,-,,,,2,,yes,yes,P\n")).unwrap();
        let sees = |values: &'static [&'static str]| {
            move |name: &str| {
                (name == "soon").then(|| values.iter().map(|value| (*value).to_owned()).collect())
            }
        };
        assert_eq!(schedule.check_texts(sees(&["day", "facility", "emergency"])), Ok(()));
        let error = schedule.check_texts(sees(&["pin"])).unwrap_err().to_string();
        assert!(error.starts_with("reminders.csv, line 2: the message `soon` sees `pin`"), "{error}");
        let line = "V,visits,visit,-3d/1d,soon,soon_open,,,,2,,yes,yes,P";
        let open = Schedule::read(&format!("{HEADING}{line}\n")).unwrap();
        assert!(
            open.check_texts(sees(&[])).unwrap_err().to_string().contains("is for who chose open wording")
        );
        let error = schedule.check_texts(|_| None).unwrap_err().to_string();
        assert_eq!(
            error,
            "reminders.csv, line 2: there is no message in the menus `soon`; add it or name another"
        );
    }
}
