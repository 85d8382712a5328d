//! How hosts, syncers and pages are.

use serde::Serialize;

use super::{ContainerState, Figure};
use crate::{Address, Drip};

/// How a host is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostStatus {
    /// Its name in the spec.
    pub address: Address,
    /// Release of its Docker Engine.
    pub engine_version: Figure<String>,
    /// Whether containers go on while the engine is stopped or upgraded.
    pub live_restore: Figure<bool>,
    /// Its memory, where containers can be limited in it.
    pub memory_bytes: Figure<Option<u64>>,
}

impl HostStatus {
    /// A host of which nothing is known yet.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            engine_version: Figure::default(),
            live_restore: Figure::default(),
            memory_bytes: Figure::default(),
        }
    }
}

/// How a syncer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncerStatus {
    /// Its name in the spec.
    pub address: Address,
    /// Name of its container.
    pub container_name: String,
    /// How its container is.
    pub container: Figure<ContainerState>,
    /// Why its own health check fails; `None` if it passes.
    pub trouble: Figure<Option<String>>,
    /// For how long its oldest duty is open.
    pub lag_seconds: Figure<u64>,
    /// What there is to do.
    pub duties: Figure<Vec<String>>,
    /// What cannot be done yet, with the reason.
    pub waiting: Figure<Vec<String>>,
    /// What its account has.
    pub balance_drip: Figure<Drip>,
    /// For how many days that lasts.
    pub balance_days: Figure<u64>,
}

impl SyncerStatus {
    /// A syncer of which nothing is known yet.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            container_name: String::new(),
            container: Figure::default(),
            trouble: Figure::default(),
            lag_seconds: Figure::default(),
            duties: Figure::default(),
            waiting: Figure::default(),
            balance_drip: Figure::default(),
            balance_days: Figure::default(),
        }
    }
}

/// How a web page is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageStatus {
    /// Its name in the spec.
    pub address: Address,
    /// Name of its container.
    pub container_name: String,
    /// How its container is.
    pub container: Figure<ContainerState>,
    /// Whether its server answers, by the container's own health check.
    pub answers: Figure<bool>,
}

impl PageStatus {
    /// A page of which nothing is known yet.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            container_name: String::new(),
            container: Figure::default(),
            answers: Figure::default(),
        }
    }
}
