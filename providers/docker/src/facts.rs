//! What a look at the outside leaves for `design`.
//!
//! - Reads: nothing.
//! - Returns: plain data, by address and by engine.
//! - Never: holds a connection.

use std::collections::BTreeMap;

use pospool_model::Address;
use pospool_model::provider::Facts;

use crate::folder::FolderFacts;
use crate::names::Name;
use crate::place::Place;
use crate::render::node_files::NodeFiles;
use crate::snapshot::SnapshotFacts;
use crate::syncer::SyncerFacts;
use crate::ui::PageFacts;

/// Facts of all hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct DockerFacts {
    /// URL of each host's engine.
    pub(crate) hosts: BTreeMap<Address, String>,
    /// Engines by URL.
    pub(crate) engines: BTreeMap<String, EngineFacts>,
    /// Files of each private network that a node joins, by chain.
    pub(crate) files: BTreeMap<Address, NodeFiles>,
    /// Folders of the host that volumes are, by volume.
    pub(crate) folders: BTreeMap<Address, FolderFacts>,
    /// Containers of nodes.
    pub(crate) nodes: BTreeMap<Address, NodeFacts>,
    /// Snapshots that volumes are to be filled from, by node.
    pub(crate) snapshots: BTreeMap<Address, SnapshotFacts>,
    /// Web pages: their containers, and what they would be made from.
    pub(crate) pages: BTreeMap<Address, PageFacts>,
    /// Containers of syncers.
    pub(crate) syncers: BTreeMap<Address, SyncerFacts>,
}

/// Facts of one engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineFacts {
    /// The engine's own name.
    pub(crate) id: String,
    /// Whether containers go on while the engine itself is stopped or upgraded.
    pub(crate) live_restore: bool,
    /// Labels of its volumes, by name.
    pub(crate) volumes: BTreeMap<String, BTreeMap<String, String>>,
    /// Folder of everything that it keeps.
    pub(crate) root: String,
}

/// A node's container.
#[derive(Clone, Debug)]
pub(crate) struct NodeFacts {
    /// The engine that has it.
    pub(crate) docker: String,
    /// Its id.
    pub(crate) container: Name,
    /// Where its data lies.
    pub(crate) place: Option<Place>,
    /// Whether a process of it may run.
    pub(crate) running: bool,
    /// Whether its node has its password; until then only the entrypoint runs.
    pub(crate) has_password: bool,
    /// Hardened image that it was made from.
    pub(crate) image: String,
    /// Network of its own, if it has one.
    pub(crate) network: Option<Name>,
    /// How far its node is, where that was asked for.
    pub(crate) epoch: Option<u64>,
}

impl DockerFacts {
    /// Returns the facts that a look left; none before the first one.
    pub(crate) fn of(facts: &Facts) -> Self {
        facts.get::<Self>().cloned().unwrap_or_default()
    }
}
