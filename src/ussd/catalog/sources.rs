//! The data sources, and the facts about the number.

use crate::menu::{FieldSpec, Guard, ParamSpec, Shape, SourceSpec};

use super::spec::{date, flag, number, optional, required, text};

const fn one(
    name: &'static str,
    guard: Guard,
    params: &'static [ParamSpec],
    fields: &'static [FieldSpec],
    about: &'static str,
) -> SourceSpec {
    SourceSpec { name, guard, shape: Shape::One, params, fields, about }
}

const fn many(
    name: &'static str,
    guard: Guard,
    params: &'static [ParamSpec],
    fields: &'static [FieldSpec],
    about: &'static str,
) -> SourceSpec {
    SourceSpec { name, guard, shape: Shape::Many, params, fields, about }
}

const ID: FieldSpec = text("id", "12", "99999", "what a choice of it saves");
const FACILITY_NAME: FieldSpec = text(
    "name",
    "Bo Government Hospital",
    "Princess Christian Maternity Hospital",
    "name, at most 40 characters",
);
const TOWN: FieldSpec = text("town", "Kenema", "Freetown east end", "town, at most 20 characters");
const FACILITY_PHONE: FieldSpec =
    text("phone", "076 000000", "076 000000", "number as people say it; empty where none is known");
const FACILITY: FieldSpec =
    text("facility", "Bo Government Hospital", "Princess Christian Maternity Hospital", "facility");
/// As long as the API takes a reason.
const LONGEST_REASON: &str = "Brought in unconscious by her neighbour after a fall from a motorbike near the \
    market; no papers with her but her card, and nobody at the ward who knows her. The blood pressure is high \
    and she seems to be in the eighth month, so before any medicine is given we must know what she takes, what \
    she does not tolerate, how the pregnancy went so far and how the ones before it ended. The hospital that \
    cares for her was called twice and did not answer; her family has been sent for and is on the way here.";

/// Facts about the number, always there as `{{ phone.… }}`.
pub(super) const PHONE: &[FieldSpec] = &[
    flag("known", "whether the number is linked to a person"),
    number("people", "1", "9", "people who share it"),
    text("language", "kri", "kri", "language remembered; empty where none"),
    text("district", "bo", "western-area-urban", "id of the district remembered; empty where none"),
    flag("stopped", "whether messages are stopped on it"),
    text("own", "076 000001", "076 000001", "the number itself, as people say it"),
];

/// The data sources.
pub(super) const SOURCES: &[SourceSpec] = &[
    many(
        "languages",
        Guard::Anonymous,
        &[],
        &[text("id", "kri", "kri", "ISO code"), text("name", "Krio", "English", "its own name")],
        "languages that this deployment serves (answered by the engine)",
    ),
    many(
        "people",
        Guard::Phone,
        &[],
        &[
            text("id", "1", "9", "place on this number, from 1"),
            number("number", "1", "9", "the same, for a label"),
        ],
        "people who share this number, without names (answered by the engine)",
    ),
    many(
        "districts",
        Guard::Anonymous,
        &[],
        &[
            text("id", "bo", "western-area-urban", "id"),
            text("name", "Bo", "Western Area Rural", "name"),
            text("region", "Southern", "Western Area", "region"),
        ],
        "the country's districts",
    ),
    many(
        "clinics",
        Guard::Anonymous,
        &[
            required("district", "id of the district"),
            optional(
                "service",
                "maternity, blood, ambulance, newborn, surgery, vaccines, hiv; all where absent",
            ),
        ],
        &[
            ID,
            FACILITY_NAME,
            TOWN,
            text("kind", "hospital", "hospital", "hospital, chc, chp, mchp or clinic"),
            FACILITY_PHONE,
        ],
        "facilities of a district, hospitals first",
    ),
    many(
        "pharmacies",
        Guard::Anonymous,
        &[required("district", "id of the district")],
        &[ID, FACILITY_NAME, TOWN, FACILITY_PHONE, flag("all_day", "open 24 hours")],
        "pharmacies of a district, those open 24 hours first",
    ),
    one(
        "clinic",
        Guard::Anonymous,
        &[required("id", "id from clinics or pharmacies")],
        &[
            ID,
            FACILITY_NAME,
            TOWN,
            text("district", "Bo", "Western Area Rural", "district"),
            text("kind", "hospital", "pharmacy", "hospital, chc, chp, mchp, clinic or pharmacy"),
            FACILITY_PHONE,
            text(
                "address",
                "Hospital Road",
                "Fourah Bay Road, near Kissy Road",
                "address, at most 40 characters; empty where none is known",
            ),
            flag("all_day", "open 24 hours"),
        ],
        "one facility or pharmacy",
    ),
    one(
        "nearest",
        Guard::Anonymous,
        &[required("district", "id of the district")],
        &[ID, FACILITY_NAME, TOWN, FACILITY_PHONE],
        "the hospital with maternity services to go to from a district (its own, or the one that serves it)",
    ),
    one(
        "me",
        Guard::Pin,
        &[],
        &[
            text(
                "greeting",
                "Fatmata",
                "Mariama-Isatu",
                "first name, empty unless she chose to be greeted by it",
            ),
            flag("greet", "whether she chose so"),
            FACILITY,
            flag("verified", "whether staff have verified her registration"),
        ],
        "the person who gave her PIN",
    ),
    one(
        "pregnancy",
        Guard::Consent,
        &[],
        &[
            flag("active", "whether she is pregnant as far as we know"),
            number("weeks", "28", "42", "completed weeks"),
            number("days", "3", "6", "days beyond them"),
            date("due", "2026-12-24", "due date"),
            flag("estimate", "whether the due date is known to the month only"),
            date("next_on", "2026-12-01", "day of the next antenatal contact"),
            number("next_contact", "5", "8", "its number, 1 to 8; 0 where none is left"),
            flag("overdue", "whether that day is more than 7 days past"),
        ],
        "her pregnancy",
    ),
    one(
        "next_visit",
        Guard::Consent,
        &[],
        &[
            flag("booked", "whether there is one"),
            date("on", "2026-12-01", "day"),
            text("time", "09:30", "09:30", "time; empty where none was given"),
            FACILITY,
            text("purpose", "antenatal check", "vaccination of the baby", "in plain words, her language"),
            number("in_days", "3", "120", "days from today"),
        ],
        "her next appointment",
    ),
    many(
        "visits",
        Guard::Consent,
        &[],
        &[
            ID,
            date("on", "2026-09-30", "day"),
            FACILITY,
            text(
                "reason",
                "weak blood",
                "high pressure from pregnancy",
                "the diagnosis that may be shown, in plain words; or what the visit was for",
            ),
        ],
        "her visits, newest first, at most 20",
    ),
    one(
        "visit",
        Guard::Consent,
        &[required("id", "id from visits")],
        &[
            date("on", "2026-09-30", "day"),
            FACILITY,
            text(
                "reason",
                "weak blood; iron and good food build it",
                "high pressure from pregnancy; can bring fits",
                "in plain words",
            ),
            text(
                "treatment",
                "Iron tablets",
                "Iron tablets and rest, come back in two weeks for a check",
                "at most 60 characters; empty where none",
            ),
            text("pressure", "110/70", "160/110", "blood pressure in mmHg; empty where not measured"),
            text("weight", "62.5", "102.5", "kg; empty where not measured"),
        ],
        "one visit",
    ),
    many(
        "medicines",
        Guard::Consent,
        &[],
        &[
            ID,
            text("name", "Iron + folic acid", "Sulfadoxine-pyrimethamine (SP)", "name"),
            text("plain", "builds blood", "protects baby from malaria; taken at clinic", "in plain words"),
            text(
                "dose",
                "1 tablet a day",
                "3 tablets at the clinic, once a month",
                "how to take it; empty where none",
            ),
            date("until", "2026-12-01", "last day of the supply"),
            flag("ongoing", "whether it is still taken"),
        ],
        "her medicines, those still taken first, at most 20",
    ),
    one(
        "measures",
        Guard::Consent,
        &[],
        &[
            text("pressure", "110/70", "160/110", "last blood pressure; empty where none"),
            date("pressure_on", "2026-09-30", "when; absent where none"),
            text("weight", "62.5", "102.5", "last weight in kg; empty where none"),
            date("weight_on", "2026-09-30", "when; absent where none"),
        ],
        "her last measurements",
    ),
    many(
        "babies",
        Guard::Consent,
        &[],
        &[
            ID,
            text("name", "Baby", "Mariama-Isatu", "first name, or empty before the naming"),
            date("born", "2026-09-30", "birth date"),
            number("weeks", "7", "104", "age in completed weeks"),
            number("months", "1", "59", "age in completed months"),
        ],
        "her children under five",
    ),
    many(
        "vaccines",
        Guard::Consent,
        &[required("baby", "id from babies")],
        &[
            ID,
            text(
                "name",
                "OPV1, Penta1, PCV1, Rota1",
                "OPV3, Penta3, PCV3, IPV1, IPTi2",
                "what is given at that visit",
            ),
            text("plain", "6 weeks", "18 months", "age at which it is due"),
            date("due", "2026-11-30", "day"),
            text("state", "given", "overdue", "given, due, overdue or later"),
            flag("given", "whether all of it was given"),
            flag("overdue", "whether the day is more than 28 days past"),
        ],
        "a child's vaccine visits of the national schedule, the next one due first, then what is later, then what was given",
    ),
    many(
        "looks",
        Guard::Pin,
        &[],
        &[
            text("id", "12", "999999999999999", "what a choice of it saves"),
            date("on", "2026-11-20", "day"),
            text(
                "who",
                "Nurse, Bo Government Hospital",
                "Health officer, Princess Christian Maternity Hospital",
                "who looked; \"you\" for her own phone",
            ),
            text("what", "record", "appointments", "what was looked at, in her language"),
            text(
                "reason",
                "Brought in unconscious",
                LONGEST_REASON,
                "why, as it was typed, where she was not in that facility's care; else empty",
            ),
        ],
        "who looked at her record, newest first, at most 20",
    ),
    many(
        "consents",
        Guard::Pin,
        &[],
        &[
            text("id", "reminders", "sharing_outside", "purpose"),
            text("name", "Reminders by SMS", "Sharing with other health systems", "in her language"),
            flag("given", "whether she agrees now"),
            date("on", "2026-11-20", "since when; absent where never asked"),
        ],
        "what she agreed to, by purpose",
    ),
];
