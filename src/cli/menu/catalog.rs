//! `mamacare menu catalog`.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::menu::{FieldKind, FieldSpec, Guard, ParamSpec, Shape};
use crate::ussd::catalog::CATALOG;

use super::Format;

/// List what screens can show and do: data sources, actions, facts about the number.
#[derive(Args)]
pub(super) struct CatalogCommand {
    /// Only what has this in its name.
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// How to tell it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl CatalogCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(&to_json())?),
            Format::Text => self.tell(),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self) {
        let wanted = |name: &str| self.name.as_ref().is_none_or(|part| name.contains(part.as_str()));
        if wanted("phone") {
            println!("phone: facts about the number, always there");
            CATALOG.phone.iter().for_each(tell_field);
            println!();
        }
        for source in CATALOG.sources.iter().filter(|source| wanted(source.name)) {
            let many = if source.shape == Shape::Many { ", many items" } else { "" };
            println!("{} (source, {}{many}): {}", source.name, guard(source.guard), source.about);
            source.params.iter().for_each(tell_param);
            source.fields.iter().for_each(tell_field);
            println!();
        }
        for action in CATALOG.actions.iter().filter(|action| wanted(action.name)) {
            let secret = if action.secret { ", takes a PIN" } else { "" };
            println!("{} (action, {}{secret}): {}", action.name, guard(action.guard), action.about);
            action.params.iter().for_each(tell_param);
            for outcome in action.outcomes {
                println!("  on {:<14} {}", outcome.name, outcome.about);
                for fact in outcome.facts {
                    println!("     outcome.{:<9} {} ({})", fact.name, fact.about, kind(fact.kind));
                }
            }
            println!();
        }
    }
}

fn tell_param(param: &ParamSpec) {
    let needed = if param.required { "" } else { " (may be left out)" };
    println!("  with {:<12} {}{needed}", param.name, param.about);
}

fn tell_field(field: &FieldSpec) {
    println!("  .{:<16} {} ({}: {})", field.name, field.about, kind(field.kind), field.typical);
}

const fn guard(guard: Guard) -> &'static str {
    match guard {
        Guard::Anonymous => "for anyone",
        Guard::Phone => "requires: phone",
        Guard::Pin => "requires: pin",
        Guard::Consent => "requires: consent",
    }
}

const fn kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Number => "number",
        FieldKind::Date => "date",
        FieldKind::Flag => "flag",
    }
}

fn to_json() -> Value {
    let fields = |fields: &[FieldSpec]| -> Vec<Value> {
        fields
            .iter()
            .map(|field| {
                json!({"name": field.name, "kind": kind(field.kind), "typical": field.typical,
                       "longest": field.longest, "about": field.about})
            })
            .collect()
    };
    let params = |params: &[ParamSpec]| -> Vec<Value> {
        let param =
            |param: &ParamSpec| json!({"name": param.name, "required": param.required, "about": param.about});
        params.iter().map(param).collect()
    };
    let sources: Vec<Value> = CATALOG
        .sources
        .iter()
        .map(|source| {
            json!({"name": source.name, "requires": source.guard, "many": source.shape == Shape::Many,
                   "with": params(source.params), "fields": fields(source.fields), "about": source.about})
        })
        .collect();
    let actions: Vec<Value> = CATALOG
        .actions
        .iter()
        .map(|action| {
            let outcomes: Vec<Value> = action
                .outcomes
                .iter()
                .map(|outcome| json!({"name": outcome.name, "facts": fields(outcome.facts), "about": outcome.about}))
                .collect();
            json!({"name": action.name, "requires": action.guard, "takes_pin": action.secret,
                   "with": params(action.params), "outcomes": outcomes, "about": action.about})
        })
        .collect();
    json!({"phone": fields(CATALOG.phone), "sources": sources, "actions": actions})
}
