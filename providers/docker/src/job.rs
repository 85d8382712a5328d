//! What one effect carries: complete, and the form of its payload in plans and journals.
//!
//! - Reads: payloads of any plan, also hand-made ones: names are checked while they are read.
//! - Returns: jobs as values.
//! - Never: holds a secret, only its name.

use std::collections::BTreeMap;

use pospool_model::Address;
use serde::{Deserialize, Serialize};

use crate::names::Name;
use crate::place::{DataLocation, Folder};
use crate::snapshot::job::SnapshotJob;
use crate::workload::job::{ImageJob, ProveJob, RemoveJob, RepairJob, ResumeJob, StopJob, UpJob};

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum DockerJob {
    /// Makes a volume.
    Volume(VolumeJob),
    /// Removes a volume.
    RemoveVolume(VolumeJob),
    /// Marks a folder of the host as a volume.
    Folder(FolderJob),
    /// Empties a folder of the host that was a volume.
    RemoveFolder(FolderJob),
    /// Copies the data of a node to another place.
    Move(MoveJob),
    /// Loads a snapshot into a folder of this machine.
    Fetch(Box<SnapshotJob>),
    /// Unpacks a snapshot into a volume.
    Fill(Box<SnapshotJob>),
    /// Makes an image.
    Image(Box<ImageJob>),
    /// Proves that a container would start, before the one that it replaces is stopped.
    Prove(Box<ProveJob>),
    /// Stops a container, and proves it.
    Stop(StopJob),
    /// Creates a container, starts it, and passes its secrets on stdin.
    Up(Box<UpJob>),
    /// Asks the guard of a node to start conflux again, which it had given up.
    Resume(ResumeJob),
    /// Puts settings of a container right while it runs.
    Repair(Box<RepairJob>),
    /// Removes a stopped container and what goes with it.
    Remove(RemoveJob),
    /// Waits for the node's identity.
    Identity(Box<UpJob>),
    /// Waits until the node follows its chain.
    Ready(Box<UpJob>),
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VolumeJob {
    pub(crate) docker: String,
    pub(crate) name: Name,
    pub(crate) labels: BTreeMap<String, String>,
}

/// A volume that is a folder of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderJob {
    pub(crate) docker: String,
    /// Where the path of the spec leads.
    pub(crate) folder: Folder,
    pub(crate) lineage: String,
    /// The volume.
    pub(crate) address: Address,
}

/// Data to copy to another place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveJob {
    pub(crate) docker: String,
    pub(crate) lineage: String,
    /// The volume.
    pub(crate) address: Address,
    /// Hardened image of the node: its tools do the work.
    pub(crate) image: String,
    /// Digest of everything in that image.
    pub(crate) digest: String,
    /// Name of this very copy: what was copied before is not what is there now.
    pub(crate) this: String,
    pub(crate) from: DataLocation,
    pub(crate) to: DataLocation,
}

impl DockerJob {
    /// Name of the attempt, equal for equal payloads.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Volume(job) | Self::RemoveVolume(job) => job.name.to_string(),
            Self::Folder(job) | Self::RemoveFolder(job) => job.folder.to_string(),
            Self::Move(job) => job.to.to_string(),
            Self::Fetch(job) | Self::Fill(job) => job.key(),
            Self::Image(job) => job.recipe.tag(),
            Self::Prove(job) => job.spec.name.to_string(),
            Self::Stop(job) => job.name.to_string(),
            Self::Resume(job) => job.name.to_string(),
            Self::Up(job) | Self::Identity(job) | Self::Ready(job) => job.spec.name.to_string(),
            Self::Repair(job) => job.spec.name.to_string(),
            Self::Remove(job) => job.name.to_string(),
        }
    }

    /// The engine that it is for.
    pub(crate) fn docker(&self) -> &str {
        match self {
            Self::Volume(job) | Self::RemoveVolume(job) => &job.docker,
            Self::Folder(job) | Self::RemoveFolder(job) => &job.docker,
            Self::Move(job) => &job.docker,
            Self::Fetch(job) | Self::Fill(job) => &job.docker,
            Self::Image(job) => &job.docker,
            Self::Prove(job) => &job.docker,
            Self::Stop(job) => &job.docker,
            Self::Resume(job) => &job.docker,
            Self::Up(job) | Self::Identity(job) | Self::Ready(job) => &job.docker,
            Self::Repair(job) => &job.docker,
            Self::Remove(job) => &job.docker,
        }
    }
}
