//! What asking one endpoint comes to.

use serde_json::Value as Json;

use crate::call::Refusal;

/// Why an endpoint is left for another one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Away {
    /// It has too much to do, or catches up: later it may answer.
    Busy(String),
    /// It takes no batches.
    NoBatches(String),
    /// It lets nobody in, or gives no answer.
    Gone(String),
}

impl Away {
    pub(crate) fn what(&self) -> &str {
        match self {
            Self::Busy(what) | Self::NoBatches(what) | Self::Gone(what) => what,
        }
    }
}

/// Results by the places of their calls.
pub(crate) type Placed = Vec<(usize, Result<Json, Refusal>)>;
