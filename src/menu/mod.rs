//! The menu language: what a programme officer writes under `menus/`, parsed, checked, drawn.
//! Pure; leans on `text` alone.

pub mod catalog;
#[cfg(test)]
mod check_tests;
mod compile;
mod draft;
pub mod draw;
mod embedded;
mod expr;
mod keys;
mod lint;
mod load;
pub mod model;
mod nearest;
mod plain;
mod report;
#[cfg(test)]
mod schema_tests;
pub mod script;
mod sources;
mod starter;
mod text_builder;
mod texts;
mod value;
mod words;
mod yaml;

pub use catalog::{
    ActionSpec, Catalog, FieldKind, FieldSpec, Guard, OutcomeSpec, ParamSpec, Shape, SourceSpec,
};
pub use keys::Keys;
pub use load::{Checked, LoadOptions, check, load};
pub use model::{
    ActionCall, Arm, Choice, Completion, FlowId, InputKind, Kind, Language, LanguageId, List, Menu,
    MenuVersion, Message, Prompt, SourceCall, Standard, State, StateId, Strikes, Target, TextId, VarId,
};
pub use plain::{Seen, Values};
pub use report::{FileId, Finding, Place, Report, Severity};
pub use sources::{SourceFile, Sources, SourcesError};
pub use starter::{SCHEMA, STARTER};
pub use text_builder::{Spoken, TextFault, TextPlace, TextsBuilder};
pub use texts::{RenderError, TextContext, Texts};
pub use value::{Fields, Value};
pub use words::{Plural, Words};
