//! How long a transaction is waited for.

use serde::{Deserialize, Serialize};

/// How deep in the chain an executed transaction must be before its step has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitLevel {
    /// Its receipt is there.
    Executed,
    /// Its epoch can hardly be turned any more.
    Confirmed,
    /// PoS has finalised its epoch.
    Finalised,
}

impl WaitLevel {
    /// All levels, the weakest first.
    pub const ALL: &'static [Self] = &[Self::Executed, Self::Confirmed, Self::Finalised];

    /// The word of the spec and what it means.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Executed => ("executed", "its receipt is there: 5 epochs after its block"),
            Self::Confirmed => (
                "confirmed",
                "its epoch is not above `latest_confirmed`: after about 50 epochs",
            ),
            Self::Finalised => (
                "finalised",
                "its epoch is not above `latest_finalized`: after some minutes on a public network",
            ),
        }
    }
}
