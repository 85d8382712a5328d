//! What the guard of a node and whoever looks into its container have to agree on.
//!
//! - Reads: nothing.
//! - Returns: the guard's settings in the image, and its report in the container's memory.
//! - Never: holds a secret, or an endpoint of a source.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the image has the guard's settings.
pub const SETTINGS_PATH: &str = "/etc/conflux/guard.json";
/// Folder of a container for what is gone after each stop.
pub const RUNTIME_DIR: &str = "/tmp";
/// Where the guard's report lies in the container.
pub const REPORT_PATH: &str = "/tmp/pospool.guard.json";
/// A file with which a guard that has given up is asked to start conflux again; it releases no hold.
pub const START_PATH: &str = "/tmp/pospool.guard.start";
/// Where the container of a node that starts without a person finds the password of its key.
pub const PASSWORD_PATH: &str = "/run/pospool/pos_key_password";
/// The environment variable with other sources of the chain for such a guard: URLs without a key, with spaces between.
pub const SOURCES: &str = "POSPOOL_SOURCES";
/// The condition of a guard that waits for a person.
pub const HELD: &str = "held";

/// A round of PoS; they are ordered by epoch first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PosRound {
    /// Epoch of PoS: an hour on the public networks.
    pub epoch: u64,
    /// Round inside of the epoch.
    pub round: u64,
}

impl PosRound {
    /// A round of an epoch.
    #[must_use]
    pub const fn new(epoch: u64, round: u64) -> Self {
        Self { epoch, round }
    }
}

impl std::fmt::Display for PosRound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "round {} of PoS epoch {}", self.round, self.epoch)
    }
}

/// How a guard runs its node. Nothing in it is secret: the password of the key and the endpoints come on standard input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardSettings {
    /// The program, and the words with which it is started as a node that does not vote.
    pub command: Vec<String>,
    /// Folder of the volume.
    pub data: PathBuf,
    /// Folder for what is gone after each stop of the container.
    pub runtime: PathBuf,
    /// Port of the node's local RPC.
    pub local_port: u16,
    /// Rounds of one PoS epoch: 120 on the public networks.
    pub rounds_per_epoch: u64,
}

/// Whether the node votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voting {
    /// It votes when its key is in the committee.
    On,
    /// It stands for election; it is watched before its first vote.
    Candidate,
    /// It does not vote.
    Off,
}

/// What the PoS loop of a node says of its voting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PosLoop {
    /// It votes.
    Voting,
    /// It does not vote.
    Silent,
    /// PoS has not started.
    NotStarted,
    /// Its task has ended, though the node answers.
    Dead,
    /// It gives no answer, or none that says anything.
    Hung,
}

/// Why the guard ended conflux.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedFor {
    /// Short name of the fault: `dead-pos`.
    pub fault: String,
    /// When, in seconds since 1970.
    pub at: u64,
}

/// How the node synchronises: a part of the report that guards of before this version do not write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncFacts {
    /// Newest epoch of PoW.
    pub epoch: Option<u64>,
    /// Since when it is that one, in seconds since 1970.
    pub epoch_since: Option<u64>,
    /// Peers that the node has a session with.
    pub sessions: Option<u64>,
    /// What its PoS loop says of its voting.
    pub pos_loop: Option<PosLoop>,
    /// Why the guard ended conflux the last time it did.
    pub ended_for: Option<EndedFor>,
}

/// How the machine is, as it is seen in the container: the same sort of part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineFacts {
    /// Free bytes on the disk of the volume.
    pub disk_free_bytes: Option<u64>,
    /// All bytes of it.
    pub disk_total_bytes: Option<u64>,
    /// Most files that the node may have open.
    pub open_files_limit: Option<u64>,
    /// Whether the kernel says that a time source keeps the clock.
    pub clock_synchronised: Option<bool>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardReport {
    /// When it was made, in seconds since 1970.
    pub at: u64,
    /// PoS address of the node's key.
    pub key: Option<String>,
    /// Whether the node votes.
    pub voting: Voting,
    /// The condition that keeps it from voting, by name; see `docs/reference/guard.md`.
    pub hold: Option<String>,
    /// The same in words.
    pub why: String,
    /// Whether conflux runs.
    pub running: bool,
    /// Whether it was given up to start it.
    pub given_up: bool,
    /// Starts of conflux since the container's own.
    pub starts: u64,
    /// Phase of the synchronisation.
    pub phase: Option<String>,
    /// Time of the newest block of PoW, in seconds since 1970.
    pub head_time: Option<u64>,
    /// Peers from which something was read in the last minute.
    pub peers: Option<usize>,
    /// Epoch of PoS here.
    pub pos_epoch: Option<u64>,
    /// Height of PoS here.
    pub pos_height: Option<u64>,
    /// Height of PoS at the other source that is furthest; `None` if none answered.
    pub source_height: Option<u64>,
    /// How many other sources answered, and how many there are.
    pub sources: (usize, usize),
    /// Whether the key is in the committee.
    pub elected: Option<bool>,
    /// Last round that the safety file says was signed.
    pub signed: Option<PosRound>,
    /// Last committed block with a signature of the key.
    pub seen_signed: Option<PosRound>,
    /// How it synchronises.
    #[serde(default)]
    pub sync: SyncFacts,
    /// How the machine is.
    #[serde(default)]
    pub machine: MachineFacts,
}

impl GuardReport {
    /// Whether the container is healthy: conflux runs, and nothing waits for a person.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let needs_a_person = [HELD, "other-owner", "bad-safety-file", "other-voter"];
        let hold = self.hold.as_deref();
        self.running && !self.given_up && !hold.is_some_and(|id| needs_a_person.contains(&id))
    }

    /// Whether it only waits to be told to start conflux again: nothing is held that a person has to look at.
    #[must_use]
    pub fn waits_for_a_start(&self) -> bool {
        self.given_up && self.hold.as_deref() != Some(HELD)
    }
}
