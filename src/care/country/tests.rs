use super::*;
use crate::care::place::Service;

/// The shipped files, with one of them changed.
fn with(file: &'static str, change: impl Fn(&str) -> String) -> Result<Country, CountryError> {
    Country::read(|name| {
        let text = std::fs::read_to_string(format!("{}/country/{name}", env!("CARGO_MANIFEST_DIR")));
        text.map(|text| if name == file { change(&text) } else { text })
    })
}

/// What is wrong once `from` is written as `to`; the error must name the line where `from` begins.
fn problem(file: &'static str, from: &str, to: &str) -> String {
    let shipped = std::fs::read_to_string(format!("{}/country/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let begins = shipped.find(from).unwrap_or_else(|| panic!("no {from} in {file}"));
    // A line feed at its start belongs to the line before.
    let line = 1 + shipped[..=begins].matches('\n').count();
    let error = with(file, |text| text.replacen(from, to, 1)).unwrap_err();
    let place = format!("{file}, line {line}: ");
    error.to_string().strip_prefix(&place).unwrap_or_else(|| panic!("{error} is not {place}")).to_owned()
}

#[test]
fn the_country_that_ships_has_16_districts_each_served_by_a_maternity() {
    let country = Country::shipped().unwrap();
    assert_eq!(country.districts.len(), 16);
    for district in &country.districts {
        let hospital = country.facility(district.referral).unwrap();
        assert!(hospital.services.contains(&Service::Maternity), "{}", district.name);
        assert!(hospital.name.contains("Hospital"));
    }
    assert_eq!(country.district("falaba").unwrap().referral, country.district("koinadugu").unwrap().referral);
    assert_eq!(country.district("nowhere"), None);
}

#[test]
fn points_lie_in_the_country_and_no_two_names_are_the_same() {
    let country = Country::shipped().unwrap();
    let mut names = BTreeSet::new();
    for facility in &country.facilities {
        assert!((6.8..=10.1).contains(&facility.latitude), "{}", facility.name);
        assert!((-13.4..=-10.2).contains(&facility.longitude), "{}", facility.name);
        assert!(names.insert(&facility.name), "{}", facility.name);
    }
}

#[test]
fn a_folder_reads_as_the_shipped_files_do() {
    let country = with("", str::to_owned).unwrap();
    assert_eq!(country.facilities, Country::shipped().unwrap().facilities);
}

#[test]
fn a_mistake_is_named_with_file_and_line() {
    assert_eq!(
        problem("facilities.csv", "3,Connaught Hospital,hospital", "3,Connaught Hospital,hospice"),
        "unknown variant `hospice`, expected one of `hospital`, `chc`, \
         `chp`, `mchp`, `clinic`, `pharmacy`"
    );
    assert_eq!(
        problem("facilities.csv", "hospital,bo,Bo", "hospital,boo,Bo"),
        "there is no district `boo`; add it or name another"
    );
    assert_eq!(
        problem("facilities.csv", "surgery", "dentist"),
        "there is no service `dentist`; the services are maternity, \
         blood, ambulance, newborn, surgery, vaccines, hiv"
    );
    assert_eq!(
        problem("districts.csv", "bombali,Bombali,Northern,15", "bombali,Bombali,Northern,99"),
        "there is no facility `99`; add it or name another"
    );
    assert_eq!(problem("districts.csv", "\nbombali,", "\nbo,"), "`bo` is given twice; keep one of the rows");
    assert_eq!(
        problem("immunisation.csv", "6w,Rota1", "6y,Rota1"),
        "`6y` is no age; write days, weeks or months like 14d, 6w or 9m"
    );
    assert_eq!(
        problem("immunisation.csv", "12m=6m", "12m:6m"),
        "`12m:6m` is no rule for a late start; write an age and a gap \
         like 12m=8w, or 24m=none"
    );
    assert_eq!(
        problem("immunisation.csv", "15m,MR2", "5m,MR2"),
        "this age is less than the one of the row before; sort the rows by age"
    );
    assert_eq!(
        problem("plain_words.csv", "medicine,quinine,", "medicine,sp,"),
        "`medicine,sp` is given twice; keep one of the rows"
    );
}

#[test]
fn rows_with_a_comma_too_many_or_a_missing_column_are_named() {
    let error = problem("plain_words.csv", "kills worms,de", "kills worms, all,de");
    assert_eq!(error, "8 columns, but the heading has 7; quote a text that holds a comma");
    let error = problem("districts.csv", "Northern,15", "Northern,x15");
    assert_eq!(error, "column `referral`: invalid digit found in string");
    let error = with("limits.csv", |text| text.replacen("measure,unit", "measure,units", 1)).unwrap_err();
    assert_eq!(error.problem, CountryProblem::Row("missing field `unit`".to_owned()));
}

#[test]
fn names_that_fit_no_screen_are_refused() {
    let error = problem("facilities.csv", "Connaught Hospital", &"Hospital ".repeat(6));
    assert!(error.starts_with("`Hospital Hospital") && error.contains("at most 40"), "{error}");
}

#[test]
fn contacts_that_do_not_follow_each_other_are_refused() {
    for (from, to) in
        [("2,20,7,6", "2,12,7,6"), ("3,26,7,4", "4,26,7,4"), ("7,38,7,2", "7,38,7,"), ("0,41", "0,39")]
    {
        assert!(problem("antenatal.csv", from, to).contains("the weeks must grow"), "{to}");
    }
}

#[test]
fn a_file_that_is_away_or_empty_is_named() {
    let error = Country::read(|_| Err::<String, _>("permission denied")).unwrap_err();
    assert_eq!(error.to_string(), "districts.csv, line 0: the file cannot be read: permission denied");
    let error = with("limits.csv", |text| text.lines().take(4).collect::<Vec<_>>().join("\n")).unwrap_err();
    assert_eq!(error.problem, CountryProblem::Empty);
}
