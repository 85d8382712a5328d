//! How a pool is: one model that `pospool status`, the doctor, and whatever else shows it, are views of.
//!
//! - Returns: plain data; each figure says its source, its age, or why it is not known.
//! - Never: takes what was not seen for well, or for down.
//!
//! Providers fill in the parts that they see ([`crate::Provider::collect_status`]); what follows from several parts is worked out by
//! the crate `pospool-status`.

mod chain;
mod figure;
mod heard;
mod machine;
mod node;
mod service;

use serde::Serialize;

pub use chain::{AccountStatus, ChainStatus, KeyStatus, MissedVotes, QueuedVotes, Votes};
pub use figure::{Figure, Missing, Unknown};
pub use heard::HeardGuard;
pub use machine::{EngineWord, MachineStatus};
pub use node::{Budget, ContainerState, GuardWord, NodeStatus, Term};
pub use service::{HostStatus, PageStatus, SyncerStatus};

use crate::plan::Action;
use crate::{Address, Finding};

/// One part of a status, as a provider sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum StatusPart {
    /// A chain.
    Chain(ChainStatus),
    /// An account.
    Account(AccountStatus),
    /// A host.
    Host(HostStatus),
    /// A node.
    Node(Box<NodeStatus>),
    /// A registered key.
    Key(Box<KeyStatus>),
    /// A syncer.
    Syncer(Box<SyncerStatus>),
    /// A web page.
    Page(PageStatus),
}

/// What a plan of now would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedChange {
    /// Of which resource.
    pub address: Address,
    /// What would happen to it.
    pub action: Action,
    /// Paths that differ.
    pub changed: Vec<String>,
    /// Whether all of them moved by themselves, and not in the spec.
    pub is_drift: bool,
}

/// A resource that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unseen {
    /// Which one.
    pub address: Address,
    /// Stable code of the reason.
    pub code: String,
    /// The reason.
    pub why: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// How a pool is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PoolStatus {
    /// When the look was made, in seconds since 1970.
    pub made_at: u64,
    /// Nodes.
    pub nodes: Vec<NodeStatus>,
    /// Registered keys.
    pub keys: Vec<KeyStatus>,
    /// Syncers.
    pub syncers: Vec<SyncerStatus>,
    /// Web pages.
    pub pages: Vec<PageStatus>,
    /// Accounts.
    pub accounts: Vec<AccountStatus>,
    /// Chains.
    pub chains: Vec<ChainStatus>,
    /// Hosts.
    pub hosts: Vec<HostStatus>,
    /// Effects that an apply has begun and not ended: one runs now, or was cut.
    pub open_effects: u64,
    /// What a plan would change; not known where no plan could be made.
    pub changes: Figure<Vec<PlannedChange>>,
    /// What the look found wrong.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

impl PoolStatus {
    /// Puts parts together; what follows from several of them is not worked out yet.
    #[must_use]
    pub fn of_parts(made_at: u64, parts: Vec<StatusPart>) -> Self {
        let mut status = Self {
            made_at,
            ..Self::default()
        };
        for part in parts {
            match part {
                StatusPart::Chain(chain) => status.chains.push(chain),
                StatusPart::Account(account) => status.accounts.push(account),
                StatusPart::Host(host) => status.hosts.push(host),
                StatusPart::Node(node) => status.nodes.push(*node),
                StatusPart::Key(key) => status.keys.push(*key),
                StatusPart::Syncer(syncer) => status.syncers.push(*syncer),
                StatusPart::Page(page) => status.pages.push(page),
            }
        }
        status
    }

    /// A finding about one resource with one of these codes.
    #[must_use]
    pub fn find<'a>(&'a self, address: &Address, codes: &[&str]) -> Option<&'a Finding> {
        let mut findings = self.findings.iter();
        findings.find(|one| one.address == *address && codes.contains(&one.code.as_str()))
    }
}
