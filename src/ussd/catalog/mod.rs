//! MamaCare's data sources and actions: what menus can show and do. The store answers the
//! sources, the driver does the actions; `languages`, `people` and the built-in actions are
//! answered by the engine itself.

mod actions;
mod sources;
mod spec;

use crate::menu::Catalog;

/// The catalogue that this service offers to menus.
pub const CATALOG: Catalog =
    Catalog { sources: sources::SOURCES, actions: actions::ACTIONS, phone: sources::PHONE };
