//! Wires the API: its settings, and the texts of its SMS from the menus.

use std::sync::Arc;

use axum::Router;
use sqlx::PgPool;

use crate::api::{About, Api, ApiParts, ApiSettings, EnglishTexts, Texts, router};
use crate::care::Country;
use crate::identity::PinHasher;
use crate::menu::{LanguageId, TextContext};
use crate::privacy::Vault;

use super::clock::Clock;
use super::menus::Menus;
use super::settings::Settings;
use super::turns::MenuShelf;

/// What the API is built on.
pub struct Ground {
    /// The database, as row-level security shows it to the API.
    pub scoped: PgPool,
    /// The database, as the service itself.
    pub service: PgPool,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    /// Checks PINs and passwords.
    pub hasher: PinHasher,
    /// What the country sets.
    pub country: Arc<Country>,
    /// Tells the time.
    pub clock: Clock,
    /// The menus, for the texts of SMS.
    pub menus: Menus,
}

/// The addresses of the API; must be called within the runtime.
pub fn addresses(settings: &Settings, ground: Ground) -> Router {
    let clock = ground.clock;
    let api = Api::new(ApiParts {
        scoped: ground.scoped,
        service: ground.service,
        vault: ground.vault,
        pins: ground.hasher.clone(),
        passwords: ground.hasher,
        country: ground.country,
        texts: Arc::new(MenuTexts(ground.menus)),
        clock: Arc::new(move || clock.now()),
        settings: ApiSettings {
            public_url: settings.server.public_url.trim_end_matches('/').to_owned(),
            service_code: settings.ussd.service_code.clone(),
            trusted_proxies: settings.server.trusted_proxies.clone(),
            pin_tries: settings.pin.tries(),
            guard: settings.pin.guard(),
            pin_min_length: settings.pin.min_length,
            rates: settings.api.rates(),
            staff_sign_in: settings.api.staff_sign_in(),
            patient_sign_in: settings.api.patient_sign_in(),
            refusal_after: settings.api.refusal_after(),
        },
    });
    router(&Arc::new(api))
}

/// The texts of `menus/messages.yaml`, in the language of who gets them.
struct MenuTexts(Menus);

impl MenuTexts {
    fn render(&self, name: &str, language: &str, values: &[(&'static str, &str)]) -> Option<String> {
        let menu = self.0.current();
        let mut context = TextContext::new();
        for (key, value) in values {
            context.insert(*key, *value);
        }
        let served = menu.served(language).unwrap_or(LanguageId(0));
        menu.texts.render(menu.message(name)?, served, &context).ok().map(std::borrow::Cow::into_owned)
    }
}

impl Texts for MenuTexts {
    fn pin_issued(&self, language: &str, pin: &str, service_code: &str) -> String {
        self.render("pin_issued", language, &[("pin", pin), ("service_code", service_code)])
            .unwrap_or_else(|| EnglishTexts.pin_issued(language, pin, service_code))
    }

    fn pin_issued_later(&self, language: &str, pin: &str, minutes: i64, service_code: &str) -> String {
        let shown = minutes.to_string();
        let values = [("pin", pin), ("minutes", shown.as_str()), ("service_code", service_code)];
        self.render("pin_issued_later", language, &values)
            .unwrap_or_else(|| EnglishTexts.pin_issued_later(language, pin, minutes, service_code))
    }

    fn pin_locked(&self, language: &str, minutes: i64, service_code: &str) -> String {
        let shown = minutes.to_string();
        self.render("pin_locked", language, &[("minutes", &shown), ("service_code", service_code)])
            .unwrap_or_else(|| EnglishTexts.pin_locked(language, minutes, service_code))
    }

    fn warning(&self, about: About, language: &str, service_code: &str) -> String {
        self.render(about.name(), language, &[("service_code", service_code)])
            .unwrap_or_else(|| EnglishTexts.warning(about, language, service_code))
    }
}
