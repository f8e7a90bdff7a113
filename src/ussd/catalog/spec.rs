//! Short forms in which the catalogue is written.

use crate::menu::{FieldKind, FieldSpec, ParamSpec};

pub(super) const fn field(
    name: &'static str,
    kind: FieldKind,
    typical: &'static str,
    longest: &'static str,
    about: &'static str,
) -> FieldSpec {
    FieldSpec { name, kind, typical, longest, about }
}

pub(super) const fn text(
    name: &'static str,
    typical: &'static str,
    longest: &'static str,
    about: &'static str,
) -> FieldSpec {
    field(name, FieldKind::Text, typical, longest, about)
}

pub(super) const fn number(
    name: &'static str,
    typical: &'static str,
    longest: &'static str,
    about: &'static str,
) -> FieldSpec {
    field(name, FieldKind::Number, typical, longest, about)
}

pub(super) const fn date(name: &'static str, typical: &'static str, about: &'static str) -> FieldSpec {
    field(name, FieldKind::Date, typical, "2026-09-30", about)
}

pub(super) const fn flag(name: &'static str, about: &'static str) -> FieldSpec {
    field(name, FieldKind::Flag, "true", "true", about)
}

pub(super) const fn required(name: &'static str, about: &'static str) -> ParamSpec {
    ParamSpec { name, required: true, about }
}

pub(super) const fn optional(name: &'static str, about: &'static str) -> ParamSpec {
    ParamSpec { name, required: false, about }
}
