//! Types of what a text can name.

use std::rc::Rc;

use crate::menu::catalog::{FieldKind, FieldSpec};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::menu) enum Type {
    /// Not known: not checked.
    Any,
    /// One value.
    Value(FieldKind),
    /// Fields, as `{{ pregnancy.weeks }}`.
    Record(Rc<Record>),
    /// Many items, as `{% for visit in visits %}`.
    Many(Rc<Record>),
}

/// Fields of a record.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::menu) struct Record {
    /// What it is, for messages.
    pub(in crate::menu) what: String,
    /// Names and types.
    pub(in crate::menu) fields: Vec<(String, FieldKind)>,
}

impl Record {
    /// Of the fields that a source, an outcome or the number publishes.
    pub(in crate::menu) fn of(what: &str, specs: &[FieldSpec]) -> Rc<Self> {
        let fields = specs.iter().map(|spec| (spec.name.to_owned(), spec.kind)).collect();
        Rc::new(Self { what: what.to_owned(), fields })
    }

    /// The type of a field.
    pub(in crate::menu) fn field(&self, name: &str) -> Option<FieldKind> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind)
    }
}

/// What is known of a name where a text stands.
pub(in crate::menu) type Names = Vec<(String, Type)>;
