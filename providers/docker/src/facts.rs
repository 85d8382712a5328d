//! What a refresh of the infrastructure leaves for `design`.
//!
//! - Returns: plain data, by address and by engine.
//! - Never: holds a connection.

use std::collections::BTreeMap;

use pospool_model::guard::GuardReport;
use pospool_model::provider::Facts;
use pospool_model::{Address, Problem};

use crate::client::Labels;
use crate::names::Name;
use crate::node::budget::BudgetFacts;
use crate::place::{DataLocation, Folder};
use crate::render::node_files::PrivateNetworkFiles;
use crate::snapshot::job::FoundArchive;
use crate::syncer::report::SyncerReport;
use crate::ui::sources::PinnedPageSource;
use crate::workload::spec::ContainerSpec;

/// Facts of all hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct DockerFacts {
    /// URL of each host's engine.
    pub(crate) hosts: BTreeMap<Address, String>,
    /// Engines by URL.
    pub(crate) engines: BTreeMap<String, EngineFacts>,
    /// Files of each private network that a node joins, by chain.
    pub(crate) files: BTreeMap<Address, PrivateNetworkFiles>,
    /// Folders of the host that volumes are, by volume.
    pub(crate) folders: BTreeMap<Address, FolderFacts>,
    /// Containers, by resource.
    pub(crate) containers: BTreeMap<Address, Container>,
    /// How far nodes are, where that was asked for.
    pub(crate) epochs: BTreeMap<Address, u64>,
    /// What the guards of running nodes say, if they say anything.
    pub(crate) guards: BTreeMap<Address, Option<GuardReport>>,
    /// How long the keys of voting nodes may stay without a vote, where the node says it.
    pub(crate) budgets: BTreeMap<Address, BudgetFacts>,
    /// What running syncers say of themselves, where they say anything.
    pub(crate) syncers: BTreeMap<Address, SyncerReport>,
    /// Snapshots that volumes are to be filled from, by node.
    pub(crate) snapshots: BTreeMap<Address, SnapshotFacts>,
    /// What web pages would be made from now.
    pub(crate) pages: BTreeMap<Address, PinnedPageSource>,
    /// Why that could not be read.
    pub(crate) unread_pages: BTreeMap<Address, Problem>,
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
    /// Memory of the host in bytes, where containers can be limited in it.
    pub(crate) memory: Option<i64>,
}

/// A container of ours.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    /// The engine that has it.
    pub(crate) docker: String,
    /// Its id.
    pub(crate) id: Name,
    /// Where its data lies.
    pub(crate) place: Option<DataLocation>,
    /// Whether a process of it may run.
    pub(crate) running: bool,
    /// How it is, as its kind says it.
    pub(crate) state: &'static str,
    /// When it was last started; `None` if it never ran.
    pub(crate) started_at: Option<String>,
    /// Network of its own, if it has one.
    pub(crate) network: Option<Name>,
    /// Its labels.
    pub(crate) labels: Labels,
    /// The container that it replaced, where that is still there.
    pub(crate) aside: Option<KeptContainer>,
    /// Whether settings were changed that Docker can put right while it runs.
    pub(crate) drifted: bool,
    /// How it was made, as its labels say, if they do.
    pub(crate) made: Option<ContainerSpec>,
}

/// A container that is kept until the one that replaces it is ready.
#[derive(Clone, Debug)]
pub(crate) struct KeptContainer {
    /// Its id.
    pub(crate) id: Name,
    /// Its labels.
    pub(crate) labels: Labels,
}

impl DockerFacts {
    /// Returns the facts that a refresh left; none before the first one.
    pub(crate) fn of(facts: &Facts) -> Self {
        facts.get::<Self>().cloned().unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A container that is there, in a network of its own.
    pub(crate) fn container(name: &str, state: &'static str, labels: &[(&str, &str)]) -> Container {
        let labels = labels.iter();
        Container {
            docker: "unix:///var/run/docker.sock".to_owned(),
            id: Name::new("c0ffee").unwrap(),
            place: DataLocation::parse(name).ok(),
            running: state != "stopped",
            state,
            started_at: Some("2026-11-22T10:00:00Z".to_owned()),
            network: Name::new(name).ok(),
            labels: labels
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            aside: None,
            drifted: false,
            made: None,
        }
    }
}

/// What was found of a folder.
#[derive(Clone, Debug)]
pub(crate) struct FolderFacts {
    /// Where the path leads, without symbolic links.
    pub(crate) real: Folder,
    /// The mark in it.
    pub(crate) mark: Mark,
    /// Device and number: equal for two names of one folder.
    pub(crate) identity: (u64, u64),
}

/// The mark of a folder, as far as this user may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It names this state and this volume.
    Ours,
    /// There is none.
    Missing,
    /// Only the node's own user and root may look inside.
    Unseen,
}

/// What was found of a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotFacts {
    /// The archive.
    pub(crate) found: FoundArchive,
    /// Folder in which it can be kept.
    pub(crate) spool: Option<Folder>,
    /// Free bytes of that disk, and its number.
    pub(crate) spool_free: Option<(u64, u64)>,
    /// The same of the disk of the data.
    pub(crate) data_free: Option<(u64, u64)>,
}
