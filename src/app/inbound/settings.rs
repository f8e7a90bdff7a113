//! What the taker of inbound messages is set to.

use crate::app::settings::Settings;

/// What it is set to.
#[derive(Clone, Debug)]
pub struct InboundSettings {
    /// What is dialled; named in answers.
    pub service_code: String,
    /// Numbers and names that our messages come from: what they send us is our own.
    pub own_numbers: Vec<String>,
    /// Most answers to one number within an hour.
    pub answers_an_hour: i64,
    /// Most answers to one number within a day.
    pub answers_a_day: i64,
    /// More messages of one number within an hour are a robot's.
    pub messages_an_hour: i64,
    /// The same words of one number so often within an hour are a robot's.
    pub same_words_an_hour: i64,
}

impl InboundSettings {
    /// The usual limits.
    pub fn new(service_code: impl Into<String>) -> Self {
        Self {
            service_code: service_code.into(),
            own_numbers: Vec::new(),
            answers_an_hour: 8,
            answers_a_day: 24,
            messages_an_hour: 40,
            same_words_an_hour: 3,
        }
    }

    /// Those of a node: whatever a provider sends as is our own.
    pub fn of(settings: &Settings) -> Self {
        let senders = settings.providers.values().map(|provider| provider.sender.clone());
        let own_numbers = senders.filter(|sender| !sender.is_empty()).collect();
        Self { own_numbers, ..Self::new(&settings.ussd.service_code) }
    }
}
