//! How a node is.

use serde::Serialize;

use super::Figure;
use crate::Address;
use crate::guard::{PosLoop, PosRound, Voting};

/// How a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// It runs.
    Running,
    /// It runs, and what is in it has no password yet.
    WaitingForPassword,
    /// All its processes stand still.
    Paused,
    /// It was made and does not run.
    Stopped,
    /// It is not there.
    Gone,
}

/// What a guard says of whether its node votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuardWord {
    /// Whether the node votes.
    pub voting: Voting,
    /// The condition that keeps it from voting.
    pub hold: Option<String>,
    /// The same in words.
    pub why: String,
    /// Whether conflux runs.
    pub running: bool,
    /// Whether it was given up to start it.
    pub given_up: bool,
}

/// How long a key may stay without a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Budget {
    /// Nothing is expected of it: it is elected neither now nor for a term that is known.
    NotElected,
    /// It is retired at the end of this epoch of PoS if it has no vote until then.
    Left {
        /// The epoch.
        epoch: u64,
        /// Blocks of PoS until its end.
        blocks: u64,
        /// The same in seconds, by the usual time between two blocks, if that is known.
        seconds: Option<u64>,
        /// Whether the key has a vote in the running epoch already: more than that it never has.
        voted: bool,
    },
}

/// A term that has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// Its first view.
    pub view: u64,
    /// Whether the key is elected for it.
    pub elected: bool,
}

/// How a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Its name in the spec.
    pub address: Address,
    /// Name of its container.
    pub container_name: String,
    /// Whether the spec wants it to run.
    pub wanted_running: bool,
    /// Live peers below which something is wrong: a private network may have a single one.
    pub least_peers: u64,
    /// How its container is.
    pub container: Figure<ContainerState>,
    /// Exit code of its container, if that has ended.
    pub exit_code: Figure<Option<i64>>,
    /// Whether the container was killed for its memory.
    pub out_of_memory: Figure<bool>,
    /// Most memory that it may use; `None` if that is not limited.
    pub memory_limit_bytes: Figure<Option<u64>>,
    /// How long the container runs.
    pub running_seconds: Figure<u64>,
    /// Why conflux ended the last time it did, by the code of a known reason; `None` where its last lines name none.
    pub last_failure: Figure<Option<String>>,
    /// Most files that it may have open.
    pub open_files_limit: Figure<u64>,
    /// Free bytes where its data lies.
    pub disk_free_bytes: Figure<u64>,
    /// All bytes there.
    pub disk_total_bytes: Figure<u64>,
    /// Whether the kernel says that a time source keeps the clock of its machine.
    pub clock_synchronised: Figure<bool>,
    /// What the guard says.
    pub guard: Figure<GuardWord>,
    /// Starts of conflux since the container's own.
    pub conflux_starts: Figure<u64>,
    /// Why the guard ended conflux in the last hour, if it did; see `docs/reference/guard.md`.
    pub last_fault: Figure<Option<String>>,
    /// PoS address of its key.
    pub key: Figure<String>,
    /// The key that the state has for it.
    pub recorded_key: Figure<String>,
    /// What the node says of its version.
    pub client_version: Figure<String>,
    /// Phase of the synchronisation, such as `NormalSyncPhase`.
    pub phase: Figure<String>,
    /// Newest epoch of PoW.
    pub epoch: Figure<u64>,
    /// The same at the chain's RPC.
    pub network_epoch: Figure<u64>,
    /// How many epochs it is behind that.
    pub behind_epochs: Figure<u64>,
    /// For how long its epoch stands.
    pub epoch_stands_seconds: Figure<u64>,
    /// For how long the counters of its synchronisation stand: headers, bodies, states.
    pub counters_stand_seconds: Figure<u64>,
    /// Epochs that it gains on the network in an hour, over the last half hour.
    pub gained_epochs_per_hour: Figure<i64>,
    /// Age of its newest block by its machine's clock; less than nothing for a block of the future.
    pub head_age_seconds: Figure<i64>,
    /// Peers that it has a session with.
    pub sessions: Figure<u64>,
    /// Peers from which something was read in the last minute.
    pub live_peers: Figure<u64>,
    /// Epoch of PoS; `None` while PoS has not started.
    pub pos_epoch: Figure<Option<u64>>,
    /// Height of PoS.
    pub pos_height: Figure<Option<u64>>,
    /// Height of PoS at the other source that is furthest.
    pub source_height: Figure<u64>,
    /// Other sources that answer its guard, and how many there are.
    pub sources: Figure<(u64, u64)>,
    /// What its PoS loop says of its voting.
    pub pos_loop: Figure<PosLoop>,
    /// Whether its key is in the committee.
    pub elected: Figure<bool>,
    /// Terms that come, and whether its key is elected for them.
    pub coming_terms: Figure<Vec<Term>>,
    /// Last round that its safety file says was signed; `None` if it says none.
    pub signed: Figure<Option<PosRound>>,
    /// Last committed block with a signature of its key.
    pub seen_signed: Figure<Option<PosRound>>,
    /// How long its key may stay without a vote.
    pub budget: Figure<Budget>,
    /// Ports of the host behind which its inner RPC answers.
    pub open_inner_ports: Figure<Vec<u16>>,
    /// Age of the last bundle of its key; `None` if none was made.
    pub backup_age_seconds: Figure<Option<u64>>,
    /// Age of the last drill with such a bundle.
    pub drill_age_seconds: Figure<Option<u64>>,
}

impl NodeStatus {
    /// A node of which nothing is known yet.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            container_name: String::new(),
            wanted_running: true,
            least_peers: 3,
            container: Figure::default(),
            exit_code: Figure::default(),
            out_of_memory: Figure::default(),
            memory_limit_bytes: Figure::default(),
            running_seconds: Figure::default(),
            last_failure: Figure::default(),
            open_files_limit: Figure::default(),
            disk_free_bytes: Figure::default(),
            disk_total_bytes: Figure::default(),
            clock_synchronised: Figure::default(),
            guard: Figure::default(),
            conflux_starts: Figure::default(),
            last_fault: Figure::default(),
            key: Figure::default(),
            recorded_key: Figure::default(),
            client_version: Figure::default(),
            phase: Figure::default(),
            epoch: Figure::default(),
            network_epoch: Figure::default(),
            behind_epochs: Figure::default(),
            epoch_stands_seconds: Figure::default(),
            counters_stand_seconds: Figure::default(),
            gained_epochs_per_hour: Figure::default(),
            head_age_seconds: Figure::default(),
            sessions: Figure::default(),
            live_peers: Figure::default(),
            pos_epoch: Figure::default(),
            pos_height: Figure::default(),
            source_height: Figure::default(),
            sources: Figure::default(),
            pos_loop: Figure::default(),
            elected: Figure::default(),
            coming_terms: Figure::default(),
            signed: Figure::default(),
            seen_signed: Figure::default(),
            budget: Figure::default(),
            open_inner_ports: Figure::default(),
            backup_age_seconds: Figure::default(),
            drill_age_seconds: Figure::default(),
        }
    }
}
