//! The menu language: what a programme officer writes under `menus/`, parsed, checked, drawn.
//! Pure; leans on `text` alone.

pub mod catalog;
pub mod model;
mod text_builder;
mod texts;
mod value;
mod words;

pub use catalog::{
    ActionSpec, Catalog, FieldKind, FieldSpec, Guard, OutcomeSpec, ParamSpec, Shape, SourceSpec,
};
pub use model::{
    ActionCall, Arm, Choice, Completion, FlowId, InputKind, Keys, Kind, Language, LanguageId, List, Menu,
    MenuVersion, Prompt, SourceCall, Standard, State, StateId, Strikes, Target, TextId, VarId,
};
pub use text_builder::{Spoken, TextFault, TextPlace, TextsBuilder};
pub use texts::{RenderError, TextContext, Texts};
pub use value::{Fields, Value};
pub use words::{Plural, Words};
