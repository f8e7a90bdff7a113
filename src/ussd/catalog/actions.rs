//! The actions, and how each can end.

use crate::menu::{ActionSpec, FieldSpec, Guard, OutcomeSpec};

use super::spec::{number, required};

const fn plain(name: &'static str, about: &'static str) -> OutcomeSpec {
    OutcomeSpec { name, facts: &[], about }
}

const fn with(name: &'static str, facts: &'static [FieldSpec], about: &'static str) -> OutcomeSpec {
    OutcomeSpec { name, facts, about }
}

const LEFT: FieldSpec = number("left", "4", "4", "tries left");
const MINUTES: FieldSpec = number("minutes", "30", "1440", "minutes until it opens");
const COOLING: FieldSpec = number("minutes", "1440", "4320", "minutes until it is over");

/// The actions.
pub(super) const ACTIONS: &[ActionSpec] = &[
    ActionSpec {
        name: "set_language",
        guard: Guard::Anonymous,
        secret: false,
        params: &[required("language", "ISO code from languages")],
        outcomes: &[plain("ok", "done; the next screen is in that language")],
        about: "switches the language and remembers it for this number (built in)",
    },
    ActionSpec {
        name: "set_district",
        guard: Guard::Anonymous,
        secret: false,
        params: &[required("district", "id from districts")],
        outcomes: &[plain("ok", "done")],
        about: "remembers the district for this number (built in)",
    },
    ActionSpec {
        name: "choose_person",
        guard: Guard::Phone,
        secret: false,
        params: &[required("person", "id from people")],
        outcomes: &[plain("ok", "done; any PIN given before no longer counts")],
        about: "says who calls, among those on this number (built in)",
    },
    ActionSpec {
        name: "forget_pin",
        guard: Guard::Anonymous,
        secret: false,
        params: &[],
        outcomes: &[plain("ok", "done")],
        about: "the PIN given in this session no longer counts (built in)",
    },
    ActionSpec {
        name: "verify_pin",
        guard: Guard::Phone,
        secret: true,
        params: &[],
        outcomes: &[
            plain("ok", "right"),
            plain("must_change", "right, and sent by us: she must choose her own now"),
            with("wrong", &[LEFT], "wrong"),
            with("locked", &[MINUTES], "too many wrong tries, now or before"),
            plain("expired", "the PIN that we sent is too old"),
            plain("none", "she has no PIN yet"),
            plain("stopped", "somebody at a number of hers stopped it; staff help"),
            plain("busy", "too many checks at once"),
        ],
        about: "checks the PIN of the person chosen",
    },
    ActionSpec {
        name: "propose_pin",
        guard: Guard::Phone,
        secret: true,
        params: &[],
        outcomes: &[
            plain("ok", "taken; ask for it once more"),
            plain(
                "weak",
                "too easy: 0000, 123456, one digit repeated, her birth year, the end of her number",
            ),
            plain("same", "the PIN that she has"),
            plain("length", "not as many digits as the deployment asks"),
            plain("busy", "too many checks at once"),
            plain("refused", "she has not proved who she is"),
        ],
        about: "takes a new PIN, to be typed once more; she has given her PIN in this session",
    },
    ActionSpec {
        name: "confirm_pin",
        guard: Guard::Phone,
        secret: true,
        params: &[],
        outcomes: &[
            plain("ok", "the new PIN counts from now on"),
            plain("differs", "not what she typed first"),
            plain("busy", "too many checks at once"),
            plain("refused", "nothing was proposed"),
        ],
        about: "makes the proposed PIN hers",
    },
    ActionSpec {
        name: "recover_pin",
        guard: Guard::Phone,
        secret: false,
        params: &[required("birth_year", "her year of birth, as a check")],
        outcomes: &[
            plain("sent", "if the year is right, a new PIN is on its way; it does not say whether it was"),
            with("sent_later", &[MINUTES], "the same, and a lock lasts for a while"),
            with("wait", &[MINUTES], "asked too often"),
            with("cooling", &[COOLING], "this number is new to her, or her PIN was reset lately; staff help"),
            plain("stopped", "somebody at a number of hers stopped her PIN; staff help"),
        ],
        about: "sends a new PIN by SMS to this number",
    },
    ActionSpec {
        name: "stop_pin",
        guard: Guard::Anonymous,
        secret: false,
        params: &[],
        outcomes: &[
            plain("stopped", "nobody gets in with the PIN, or gets a new one, until staff have seen her"),
            plain("nothing", "nothing was changed lately that this number could stop"),
        ],
        about: "stops a PIN that was changed, or whose owner's number was changed, without her",
    },
    ActionSpec {
        name: "send_clinic",
        guard: Guard::Anonymous,
        secret: false,
        params: &[required("id", "id from clinics or pharmacies")],
        outcomes: &[
            plain("sent", "on its way"),
            with("wait", &[MINUTES], "asked too often"),
            plain("unknown", "no such facility"),
        ],
        about: "sends name, address and number of a facility by SMS to this number",
    },
    ActionSpec {
        name: "register",
        guard: Guard::Anonymous,
        secret: false,
        params: &[
            required("name", "her name"),
            required("birth_year", "her year of birth"),
            required("weeks", "weeks of pregnancy as she reckons, 0 where unknown"),
            required("district", "id of the district"),
            required("consent", "yes"),
        ],
        outcomes: &[
            plain("ok", "registered, to be verified by staff; a PIN is on its way by SMS"),
            with("wait", &[MINUTES], "too many registrations from this number"),
            plain("full", "nine people share this number already"),
        ],
        about: "registers a pregnant woman on this number",
    },
    ActionSpec {
        name: "report_pregnancy",
        guard: Guard::Consent,
        secret: false,
        params: &[required("weeks", "weeks of pregnancy as she reckons, 0 where unknown")],
        outcomes: &[
            plain("ok", "written down, to be checked by staff"),
            plain("known", "she is pregnant already as far as we know; nothing is changed"),
        ],
        about: "writes down that she is pregnant",
    },
    ActionSpec {
        name: "stop_messages",
        guard: Guard::Phone,
        secret: false,
        params: &[],
        outcomes: &[plain("ok", "done")],
        about: "stops all messages to this number but the PIN that she asks for",
    },
    ActionSpec {
        name: "start_messages",
        guard: Guard::Phone,
        secret: false,
        params: &[],
        outcomes: &[plain("ok", "done")],
        about: "allows messages to this number again",
    },
    ActionSpec {
        name: "set_greeting",
        guard: Guard::Pin,
        secret: false,
        params: &[required("on", "yes or no")],
        outcomes: &[plain("ok", "done")],
        about: "whether she is greeted by name after her PIN",
    },
    ActionSpec {
        name: "give_consent",
        guard: Guard::Pin,
        secret: false,
        params: &[required("purpose", "care, reminders, sharing, sharing_outside or research")],
        outcomes: &[plain("ok", "done")],
        about: "she agrees",
    },
    ActionSpec {
        name: "withdraw_consent",
        guard: Guard::Pin,
        secret: false,
        params: &[required("purpose", "as for give_consent")],
        outcomes: &[plain("ok", "done")],
        about: "she no longer agrees",
    },
];
