//! What menus can ask for: data sources and actions, with their types. The catalogue is the
//! contract between the writer of a menu, `menu check`, the engine and the store.

use serde::{Deserialize, Serialize};

/// What must be true of the caller before a state may run. Ordered: each includes those before.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Anyone who dials.
    #[default]
    Anonymous,
    /// The number is linked to at least one person.
    Phone,
    /// A person gave her PIN in this session.
    Pin,
    /// She also agreed that her record is kept and shown on this phone.
    Consent,
}

/// Whether a source gives one item or many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// `{{ source.field }}`.
    One,
    /// A `list` state, or `{% for item in source %}`.
    Many,
}

/// The type of a field or parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldKind {
    /// Free text.
    Text,
    /// A whole number.
    Number,
    /// A day; shown with the `date` filter.
    Date,
    /// Yes or no; for conditions.
    Flag,
}

/// One field that a source or an outcome publishes, with samples for the budget check.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// Name in texts.
    pub name: &'static str,
    /// Type.
    pub kind: FieldKind,
    /// A realistic value, written as in YAML.
    pub typical: &'static str,
    /// The longest value that the store lets through.
    pub longest: &'static str,
    /// What it is, for the writer of menus.
    pub about: &'static str,
}

/// One parameter of a source or an action.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    /// Name under `with:`.
    pub name: &'static str,
    /// Whether `menu check` insists on it.
    pub required: bool,
    /// What it is.
    pub about: &'static str,
}

/// A data source.
#[derive(Clone, Copy, Debug)]
pub struct SourceSpec {
    /// Name in `use:` and `list: {from: …}`.
    pub name: &'static str,
    /// What the caller must have proved; enforced by the engine, whatever the menu says.
    pub guard: Guard,
    /// One item or many.
    pub shape: Shape,
    /// Parameters.
    pub params: &'static [ParamSpec],
    /// Fields of an item. An item of a `Many` source has a field `id` where it can be chosen.
    pub fields: &'static [FieldSpec],
    /// What it gives.
    pub about: &'static str,
}

/// One way in which an action can end; the menu says where each leads.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeSpec {
    /// Name under `on:`.
    pub name: &'static str,
    /// Facts that the next text may show as `{{ outcome.… }}`.
    pub facts: &'static [FieldSpec],
    /// When it happens.
    pub about: &'static str,
}

/// Something that a menu can do.
#[derive(Clone, Copy, Debug)]
pub struct ActionSpec {
    /// Name under `action: {do: …}`.
    pub name: &'static str,
    /// What the caller must have proved.
    pub guard: Guard,
    /// Whether it consumes the PIN that was typed on the way to it. Such a state may only be
    /// reached from an `input` of type `pin`, in the same turn; the PIN is never stored.
    pub secret: bool,
    /// Parameters.
    pub params: &'static [ParamSpec],
    /// Outcomes; the menu must cover all.
    pub outcomes: &'static [OutcomeSpec],
    /// What it does.
    pub about: &'static str,
}

/// All sources and actions.
#[derive(Clone, Copy, Debug)]
pub struct Catalog {
    /// Data sources.
    pub sources: &'static [SourceSpec],
    /// Actions.
    pub actions: &'static [ActionSpec],
    /// Facts about the number that called, always there as `{{ phone.… }}`.
    pub phone: &'static [FieldSpec],
}

impl Catalog {
    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&'static SourceSpec> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The action of that name.
    pub fn action(&self, name: &str) -> Option<&'static ActionSpec> {
        self.actions.iter().find(|action| action.name == name)
    }
}
