//! Plausible lives: what a record holds of a woman in some week of her pregnancy, or with a child of
//! some age. Everything is reckoned back from today.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::care::calendar::{add_days, local_day};
use crate::care::{Child, ImmunisationSchedule};
use crate::store::bulk::{
    AppointmentRow, ChildRow, ConsentRow, History, MedicineRow, PregnancyRow, VisitRow,
};
use crate::store::sealed::{ChildNote, Diagnosis, MedicineNote, PregnancyNote, Sex, VisitNote};

/// Days from the last period to the due date.
const TERM: i64 = 280;
/// Weeks in which the schedule sees a pregnant woman.
const CONTACTS: [i64; 8] = [12, 20, 26, 30, 34, 36, 38, 40];
/// Days that a supply of iron lasts.
const IRON_DAYS: i64 = 60;

/// Where and when a life is reckoned.
#[derive(Clone, Copy, Debug)]
pub(in crate::app::demo) struct Setting<'a> {
    pub now: DateTime<Utc>,
    /// Her facility.
    pub facility: i32,
    /// Id of her district.
    pub district: &'a str,
    /// What her children get.
    pub vaccines: &'a ImmunisationSchedule,
}

/// How a woman is doing, as far as measurements tell.
#[derive(Clone, Copy, Debug)]
pub(in crate::app::demo) struct Body {
    /// At her first visit, in units of 100 g.
    pub weight: u16,
    /// Usual blood pressure.
    pub pressure: (u16, u16),
}

/// A small child.
#[derive(Clone, Copy, Debug)]
pub(in crate::app::demo) struct Baby {
    /// In days.
    pub age: i64,
    pub sex: Sex,
    /// Empty before the naming.
    pub name: &'static str,
    /// A dose was given where its day passed at least so many days ago.
    pub slack: i64,
    /// Days to the next visit.
    pub next_visit: i64,
}

impl Setting<'_> {
    pub fn today(&self) -> NaiveDate {
        local_day(self.now)
    }

    /// A pregnancy of so many weeks and days: her visits so far, iron since the first of them, and
    /// the next one booked. `findings` are the diagnoses of her visits, in their order.
    pub fn pregnant(
        &self,
        history: &mut History,
        weeks: i64,
        days: i64,
        body: Body,
        findings: &[&[Finding]],
    ) {
        let begun = add_days(self.today(), -(weeks * 7 + days));
        history.pregnancies.push(PregnancyRow {
            due_on: add_days(begun, TERM),
            dated_by: "lmp",
            precision: "day",
            ended_on: None,
            note: PregnancyNote { children: Some(1), outcome: None },
        });
        let seen = CONTACTS.iter().filter(|&&week| week * 7 < weeks * 7 + days);
        for (&week, nth) in seen.zip(0..) {
            let on = add_days(begun, week * 7);
            let findings = findings.get(usize::from(nth)).copied().unwrap_or_default();
            self.antenatal_visit(history, on, nth, body, findings);
        }
        let next = CONTACTS.iter().map(|week| add_days(begun, week * 7)).find(|day| *day > self.today());
        if let Some(on) = next {
            self.book(history, on, "antenatal");
        }
    }

    fn antenatal_visit(
        &self,
        history: &mut History,
        on: NaiveDate,
        nth: u16,
        body: Body,
        findings: &[Finding],
    ) {
        let treatment = findings.iter().map(|finding| finding.treatment).find(|text| !text.is_empty());
        let note = VisitNote {
            diagnoses: findings.iter().map(Finding::diagnosis).collect(),
            treatment: treatment.unwrap_or("Iron tablets").to_owned(),
            pressure: Some((body.pressure.0 + 2 * (nth % 3), body.pressure.1 + nth % 3)),
            // Some 1.5 kg from visit to visit.
            weight: Some(body.weight + 15 * nth),
            haemoglobin: Some(108 + nth),
        };
        history.visits.push(VisitRow { facility: self.facility, on, kind: "antenatal", note });
        self.medicine(history, on, IRON_DAYS, "iron_folic_acid", "1 tablet a day");
        for finding in findings {
            if let Some((code, days, dose)) = finding.medicine {
                self.medicine(history, on, days, code, dose);
            }
        }
    }

    /// A child and what came with it: the pregnancy that ended, the birth, the doses that were
    /// given, and the next visit.
    pub fn newborn(&self, history: &mut History, baby: Baby, body: Body) {
        let born = add_days(self.today(), -baby.age);
        history.pregnancies.push(PregnancyRow {
            due_on: add_days(born, 4),
            dated_by: "lmp",
            precision: "day",
            ended_on: Some(born),
            note: PregnancyNote { children: Some(1), outcome: Some("live_birth".to_owned()) },
        });
        let quiet = |treatment: &str| VisitNote {
            treatment: treatment.to_owned(),
            pressure: Some(body.pressure),
            weight: Some(body.weight),
            ..VisitNote::default()
        };
        history.visits.push(VisitRow {
            facility: self.facility,
            on: born,
            kind: "birth",
            note: quiet("Rest, and breast milk only"),
        });
        if baby.age > 7 {
            let note = quiet("Mother and baby are well");
            history.visits.push(VisitRow {
                facility: self.facility,
                on: add_days(born, 7),
                kind: "postnatal",
                note,
            });
        }
        self.medicine(history, born, IRON_DAYS + 30, "iron_folic_acid", "1 tablet a day");
        let child = Child { born, district: self.district };
        let until = add_days(self.today(), -baby.slack);
        let doses = self
            .vaccines
            .doses()
            .iter()
            .filter(|dose| dose.is_for(&child))
            .map(|dose| (dose.code.clone(), dose.age.after(born), self.facility))
            .filter(|(_, day, _)| *day <= until)
            .collect();
        history.children.push(ChildRow {
            born_on: born,
            note: ChildNote {
                name: baby.name.to_owned(),
                sex: Some(baby.sex),
                birth_weight: Some(3100),
                closed: None,
            },
            doses,
        });
        self.book(history, add_days(self.today(), baby.next_visit), "vaccination");
    }

    fn book(&self, history: &mut History, on: NaiveDate, purpose: &'static str) {
        let at = NaiveTime::from_hms_opt(9, 30, 0);
        history.appointments.push(AppointmentRow {
            facility: self.facility,
            on,
            at,
            purpose,
            status: "booked",
        });
    }

    fn medicine(&self, history: &mut History, on: NaiveDate, days: i64, code: &str, dose: &str) {
        history.medicines.push(MedicineRow {
            facility: self.facility,
            started_on: on,
            until_on: add_days(on, days.max(1) - 1),
            note: MedicineNote { code: code.to_owned(), dose: dose.to_owned(), ..MedicineNote::default() },
        });
    }
}

/// Gives her what every verified person in care has agreed to, since her record began.
pub(in crate::app::demo) fn give_consents(history: &mut History, since: DateTime<Utc>) {
    history.consents = ["care", "reminders"]
        .into_iter()
        .map(|purpose| ConsentRow { purpose, given_at: since, channel: "staff", text_version: "demo" })
        .collect();
}

/// A diagnosis and what was done about it.
#[derive(Clone, Copy, Debug)]
pub(in crate::app::demo) struct Finding {
    /// Its code in the country's list.
    pub code: &'static str,
    /// Whether the clinician said that it may be shown on her phone.
    pub shown: bool,
    /// As the clinician wrote it.
    pub treatment: &'static str,
    /// Medicine, how many days it lasts, and how to take it.
    pub medicine: Option<(&'static str, i64, &'static str)>,
}

impl Finding {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis { code: self.code.to_owned(), may_be_shown: self.shown }
    }
}

/// Weak blood, which iron mends.
pub(in crate::app::demo) const ANAEMIA: Finding = Finding {
    code: "anaemia",
    shown: true,
    treatment: "Iron tablets, and food that builds blood",
    medicine: None,
};

/// Malaria, treated with tablets for three days.
pub(in crate::app::demo) const MALARIA: Finding = Finding {
    code: "malaria",
    shown: true,
    treatment: "Malaria tablets for three days",
    medicine: Some(("artemether_lumefantrine", 3, "4 tablets, morning and evening, with food")),
};

/// A diagnosis that must not appear on a phone that others may hold.
pub(in crate::app::demo) const HIDDEN: Finding =
    Finding { code: "syphilis", shown: false, treatment: "Come back in one week", medicine: None };

/// SP against malaria, watched at the clinic.
pub(in crate::app::demo) const PROTECTED: Finding = Finding {
    code: "urine_infection",
    shown: true,
    treatment: "Drink much water; SP given",
    medicine: Some(("sp", 1, "3 tablets at the clinic")),
};
