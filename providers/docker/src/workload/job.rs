//! What the effects of a container carry, and the form of their payloads in plans and journals.
//!
//! - Reads: payloads of any plan, also hand-made ones: names are checked while they are read.
//! - Returns: jobs as values.
//! - Never: holds a secret, only its name.

use std::collections::BTreeMap;

use pospool_model::{Address, SecretRef};
use serde::{Deserialize, Serialize};

use crate::builds::ImageBuild;
use crate::names::Name;
use crate::workload::spec::ContainerSpec;

/// An image to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageJob {
    pub(crate) docker: String,
    pub(crate) recipe: ImageBuild,
    /// Secret that later effects need: a run that cannot read it should end before it stops anything.
    pub(crate) secret: Option<SecretRef>,
    /// Whose image it is.
    pub(crate) address: Address,
}

/// A container to prove before the one that it replaces is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProveJob {
    pub(crate) docker: String,
    #[serde(rename = "made")]
    pub(crate) spec: ContainerSpec,
    /// The container that has the ports and the network until then.
    pub(crate) replaces: Name,
}

/// A container to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopJob {
    pub(crate) docker: String,
    pub(crate) address: Address,
    pub(crate) name: Name,
    /// Its id: a container of the same name that was made later is not meant.
    pub(crate) container: Name,
}

/// A container whose guard has given up starting conflux.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeJob {
    pub(crate) docker: String,
    pub(crate) name: Name,
    /// Its id.
    pub(crate) container: Name,
    /// How often the guard had started conflux when it gave up: one that has started it since is not asked again.
    pub(crate) starts: u64,
}

/// A container to make, to start, or to wait for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpJob {
    pub(crate) docker: String,
    #[serde(rename = "made")]
    pub(crate) spec: ContainerSpec,
    /// Whether it may be made; otherwise it must be there.
    pub(crate) create: bool,
    /// Whether it is to run.
    pub(crate) start: bool,
    /// Secret that goes to its standard input.
    pub(crate) secret: Option<SecretRef>,
    /// PoS address of the key that must lie on its volume already.
    pub(crate) key: Option<String>,
    /// The container that it replaces.
    pub(crate) replaces: Option<ReplacedContainer>,
    /// When the process was started that is to end: it was not healthy, or had no secret. One that was started later stays.
    pub(crate) ends: Option<String>,
}

/// A container that is kept, stopped, until the one that replaces it is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplacedContainer {
    /// Its id.
    pub(crate) container: Name,
    /// Whether it ran, and so runs again if the new one does not get there.
    pub(crate) ran: bool,
    #[serde(default, skip_serializing_if = "WayBack::is_usual")]
    pub(crate) way_back: WayBack,
}

/// When the way back to a container that is replaced is taken, and whether it stays open once the new one has run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WayBack {
    /// Seconds that the new one has from its start to get there; without them a wait that is over changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) within: Option<u64>,
    /// Why it never runs again on what the new one has written, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed: Option<String>,
    /// Whether one that is gone again has written that already: then it is closed whatever the new one does.
    #[serde(default)]
    pub(crate) written: bool,
}

impl WayBack {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Settings of a container to put right while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepairJob {
    pub(crate) docker: String,
    #[serde(rename = "made")]
    pub(crate) spec: ContainerSpec,
    pub(crate) container: Name,
}

/// A stopped container to remove, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveJob {
    pub(crate) docker: String,
    pub(crate) name: Name,
    pub(crate) container: Name,
    /// A network of its own, when it goes as well.
    pub(crate) network: Option<Name>,
    /// Labels that the network must have to be ours.
    pub(crate) owner: BTreeMap<String, String>,
    /// Images that may go if nothing uses them.
    pub(crate) images: Vec<String>,
}
