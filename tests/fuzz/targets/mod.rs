//! The targets.

mod answers;
mod api;
mod menus;
mod sms;
mod tls;
mod tokens;
mod turns;
mod wire;
mod words;

/// What is tried.
pub struct Target {
    /// Its name, and that of its folder under `corpus/`.
    pub name: &'static str,
    /// Holds what must be true of any octets.
    pub run: fn(&[u8]),
    /// What one input costs, against a cheap one.
    #[cfg_attr(fuzzing, expect(dead_code, reason = "libFuzzer is given time, not a number of inputs"))]
    pub costs: u32,
}

macro_rules! targets {
    ($($room:ident :: $name:ident $costs:literal)*) => {
        /// All of them.
        pub const ALL: &[Target] =
            &[$(Target { name: stringify!($name), run: $room::$name, costs: $costs }),*];

        #[cfg(not(fuzzing))]
        mod tried {
            $(#[test]
            fn $name() {
                let target = super::ALL.iter().find(|target| target.name == stringify!($name));
                crate::edits::try_out(target.unwrap());
            })*
        }
    };
}

targets! {
    turns::ussd_africastalking 1
    turns::ussd_json 1
    sms::sms_africastalking 1
    sms::sms_twilio 1
    sms::sms_kannel 1
    sms::sms_json 1
    answers::provider_answers 2
    words::sms_keywords 2
    words::phone_numbers 1
    words::provider_words 1
    menus::menu_files 20
    menus::menu_scripts 10
    tokens::access_tokens 1
    api::api_bodies 1
    api::api_queries 1
    api::api_headers 1
    api::api_forms 1
    api::csv_imports 1
    tls::tls_files 2
}

/// The one that `MAMACARE_FUZZ` names.
#[cfg(fuzzing)]
pub fn chosen() -> fn(&[u8]) {
    static CHOSEN: std::sync::LazyLock<fn(&[u8])> = std::sync::LazyLock::new(|| {
        let name = std::env::var("MAMACARE_FUZZ").unwrap_or_default();
        let found = ALL.iter().find(|target| target.name == name);
        found.unwrap_or_else(|| panic!("MAMACARE_FUZZ: there is no target {name:?}")).run
    });
    *CHOSEN
}
