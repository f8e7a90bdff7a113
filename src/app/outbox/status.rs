//! How a worker's providers are, for `/readyz`.

use serde::Serialize;

use crate::messages::CircuitState;

use super::{Shared, lock};

/// What `/readyz` says of messages. A provider that is down does not make a node unready.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OutboxStatus {
    /// Each provider.
    pub providers: Vec<LineStatus>,
    /// Whether the budget is spent.
    pub budget_spent: bool,
    /// Messages on their way from this node.
    pub in_flight: usize,
}

/// How a provider is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LineStatus {
    /// Its name.
    pub name: String,
    /// `works`, `trying`, `paused` or `down`.
    pub state: &'static str,
    /// What it last said, where it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

pub(super) fn of(shared: &Shared) -> OutboxStatus {
    let now = shared.elapsed();
    let providers = shared.lines.iter().map(|line| {
        let state = match line.state(now) {
            CircuitState::Closed => "works",
            CircuitState::Probing => "trying",
            CircuitState::Paused { .. } => "paused",
            CircuitState::Open { .. } => "down",
        };
        let words = (state != "works").then(|| line.trouble());
        LineStatus { name: line.plan.name.clone(), state, words }
    });
    OutboxStatus {
        providers: providers.collect(),
        budget_spent: lock(&shared.spent).is_some_and(|spent| shared.rules.budget.is_spent(spent)),
        in_flight: lock(&shared.flights).len(),
    }
}
