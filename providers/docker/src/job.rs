//! What one effect carries: complete, and the form of its payload in plans and journals.
//!
//! - Reads: payloads of any plan, also hand-made ones: names are checked while they are read.
//! - Returns: jobs as values.
//! - Never: holds a secret, only its name.

use std::collections::BTreeMap;

use pospool_model::{Address, SecretRef};
use serde::{Deserialize, Serialize};

use crate::names::Name;
use crate::node::container::Made;
use crate::node::image::Recipe;
use crate::place::{Folder, Place};
use crate::snapshot::job::SnapshotJob;
use crate::syncer::job::{SyncJob, SyncerJob};
use crate::ui::job::{PageJob, ServeJob, ServerJob};

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Job {
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
    /// Builds a hardened image.
    Image(ImageJob),
    /// Stops a container, and proves it.
    Stop(StopJob),
    /// Removes a stopped container and what goes with it.
    Remove(RemoveJob),
    /// Makes a container, starts it, and hands the password over.
    Run(RunJob),
    /// Waits for the node's identity.
    Identity(WaitJob),
    /// Waits until the node follows its chain.
    Ready(WaitJob),
    /// Makes the image of a page.
    Page(Box<PageJob>),
    /// Makes the image of a page with its server.
    Server(ServerJob),
    /// Makes the container of a page, and waits until it is well.
    Serve(Box<ServeJob>),
    /// Ends the container of a page or a syncer.
    End(EndJob),
    /// Makes the image of a syncer.
    Syncer(SyncerJob),
    /// Makes the container of a syncer, starts it, and hands its key over.
    Sync(Box<SyncJob>),
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
    pub(crate) from: Place,
    pub(crate) to: Place,
}

/// A hardened image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageJob {
    pub(crate) docker: String,
    pub(crate) recipe: Recipe,
    /// Secret that later effects need: a run that cannot read it should end before it stops anything.
    pub(crate) password: SecretRef,
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

/// What to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveJob {
    pub(crate) docker: String,
    pub(crate) name: Name,
    /// The container's id, if there is one.
    pub(crate) container: Option<Name>,
    /// A network of its own, which goes with it.
    pub(crate) network: Option<Name>,
    /// Labels that the network must have to be ours.
    pub(crate) owner: BTreeMap<String, String>,
    /// Hardened image that may go if nothing uses it.
    pub(crate) image: Option<String>,
}

/// A container of a page or a syncer to end, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndJob {
    pub(crate) docker: String,
    pub(crate) name: Name,
    pub(crate) container: Name,
    /// Network of its own, when it goes as well.
    pub(crate) network: Option<Name>,
    /// Labels that the network must have to be ours.
    pub(crate) owner: BTreeMap<String, String>,
    /// Images that may go if nothing uses them.
    pub(crate) images: Vec<String>,
}

/// A container to make and to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunJob {
    pub(crate) docker: String,
    pub(crate) made: Made,
    /// Whether it may be made; otherwise it must be there.
    pub(crate) create: bool,
    /// Whether it is to run.
    pub(crate) start: bool,
    pub(crate) password: SecretRef,
    /// PoS address of the key that must lie on the volume already.
    pub(crate) key: Option<String>,
    /// Id of the container that this one replaces, and that must be gone.
    pub(crate) replaces: Option<Name>,
}

/// A node to wait for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WaitJob {
    pub(crate) docker: String,
    pub(crate) address: Address,
    pub(crate) name: Name,
    /// PoS address that its key must have.
    pub(crate) key: Option<String>,
}

impl Job {
    /// Name of the attempt outside.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Volume(job) | Self::RemoveVolume(job) => job.name.to_string(),
            Self::Folder(job) | Self::RemoveFolder(job) => job.folder.to_string(),
            Self::Move(job) => job.to.to_string(),
            Self::Fetch(job) | Self::Fill(job) => job.key(),
            Self::Image(job) => job.recipe.tag(),
            Self::Stop(job) => job.name.to_string(),
            Self::Remove(job) => job.name.to_string(),
            Self::Run(job) => job.made.name.to_string(),
            Self::Identity(job) | Self::Ready(job) => job.name.to_string(),
            Self::Page(job) => job.recipe.tag(),
            Self::Server(job) => job.recipe.tag(),
            Self::Serve(job) => job.made.name.to_string(),
            Self::End(job) => job.name.to_string(),
            Self::Syncer(job) => job.recipe.tag(),
            Self::Sync(job) => job.made.name.to_string(),
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
            Self::Stop(job) => &job.docker,
            Self::Remove(job) => &job.docker,
            Self::Run(job) => &job.docker,
            Self::Identity(job) | Self::Ready(job) => &job.docker,
            Self::Page(job) => &job.docker,
            Self::Server(job) => &job.docker,
            Self::Serve(job) => &job.docker,
            Self::End(job) => &job.docker,
            Self::Syncer(job) => &job.docker,
            Self::Sync(job) => &job.docker,
        }
    }

    /// Secret that it needs now or soon.
    pub(crate) fn password(&self) -> Option<&SecretRef> {
        match self {
            Self::Image(job) => Some(&job.password),
            Self::Run(job) if job.start => Some(&job.password),
            _ => None,
        }
    }
}
