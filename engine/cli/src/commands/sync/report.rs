//! The report of one round: a line of `pospool sync --json`, and what the status file holds.

use pospool_model::Drip;
use serde::{Deserialize, Serialize};

/// How a round went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// There was nothing to do.
    Idle,
    /// Something was done.
    Sent,
    /// The first look of a new state.
    Listening,
    /// Somebody else signs with the key, or holds the state.
    StandingBy,
    /// Something is under way and not ended.
    UnderWay,
    /// Something failed.
    Failed,
}

/// One service in one round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name in the spec.
    pub address: String,
    /// Who signs.
    pub signer: String,
    /// Balance of the signer, in drip.
    pub balance_drip: String,
    /// Block that was looked at.
    pub block: u64,
    /// What there was to do.
    pub duties: Vec<String>,
    /// What waits, with the reason.
    pub waiting: Vec<String>,
    /// For how long the oldest duty is open, in seconds.
    pub lag_seconds: u64,
    /// The same in blocks.
    pub lag_blocks: u64,
}

impl ServiceStatus {
    /// Balance of the signer.
    #[must_use]
    pub fn balance(&self) -> Option<Drip> {
        self.balance_drip.parse().ok().map(Drip)
    }
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncProblem {
    /// Stable code.
    pub code: String,
    /// What, and where.
    pub what: String,
    /// What to do.
    pub help: Option<String>,
}

/// One round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundReport {
    /// Version of this form.
    pub format_version: u32,
    /// Seconds since 1970.
    pub time: u64,
    /// Rounds of this process so far.
    pub round: u64,
    /// How it went.
    pub conduct: Conduct,
    /// The services.
    pub services: Vec<ServiceStatus>,
    /// What was done.
    pub sent: Vec<String>,
    /// What went wrong.
    pub errors: Vec<SyncProblem>,
    /// Rounds that failed one after the other, with this one.
    pub failures: u32,
    /// Seconds until the next round.
    pub next_seconds: u64,
    /// After so many seconds without another round something is wrong.
    pub stale_seconds: u64,
}
