//! What the effects of a snapshot carry, and the form of their payloads in plans and journals.
//!
//! - Reads: payloads of any plan, also hand-made ones.
//! - Returns: jobs as values.
//! - Never: holds a URL with a secret: such a URL is refused in the spec.

use pospool_model::Address;
use serde::{Deserialize, Serialize};

use crate::image::hash_bytes;
use crate::names::Name;
use crate::place::{DataLocation, Folder};

/// Where an archive is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArchiveSource {
    /// On a web server.
    Web(String),
    /// On this machine.
    File(Folder),
}

/// What makes the archive this very one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArchivePin {
    pub(crate) source: ArchiveSource,
    /// Its length in bytes.
    pub(crate) length: u64,
    /// Entity tag of the server, or the file's own number and date.
    pub(crate) tag: Option<String>,
    /// `Last-Modified` of the server.
    pub(crate) modified: Option<String>,
    /// SHA-256 in hex, where it is known.
    pub(crate) sha256: Option<String>,
    /// Whether the server gives parts of it.
    pub(crate) ranges: bool,
}

impl ArchivePin {
    /// Name of this very archive.
    pub(crate) fn id(&self) -> String {
        // Texts and numbers always have a JSON form.
        let json = serde_json::to_string(self).unwrap_or_default();
        hash_bytes(json.as_bytes())
            .get(..16)
            .unwrap_or_default()
            .to_owned()
    }

    /// The entity tag, if a server may be asked to compare it byte for byte.
    pub(crate) fn strong_tag(&self) -> Option<&str> {
        self.tag.as_deref().filter(|tag| !tag.starts_with("W/"))
    }
}

/// How an archive gets into the volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TransferMode {
    /// It is kept in a folder of this machine until it is unpacked.
    Spooled(Folder),
    /// It is unpacked as it comes: from the web, or from a file that is here already.
    Streamed,
}

/// A snapshot for one volume; both effects carry the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnapshotJob {
    pub(crate) docker: String,
    pub(crate) lineage: String,
    /// The volume.
    pub(crate) volume: Address,
    pub(crate) place: DataLocation,
    /// Name of the node's container: the spooled archive is called after it.
    pub(crate) node: Name,
    /// Hardened image of the node: its tools do the work.
    pub(crate) image: String,
    /// Digest of everything in that image.
    pub(crate) digest: String,
    pub(crate) pin: ArchivePin,
    pub(crate) way: TransferMode,
    /// Word of the spec that allows to replace chain data that is there.
    pub(crate) refill: Option<String>,
    /// Hash of the network's `initial_nodes.json`, as [`NodesHash`] writes it.
    pub(crate) nodes: Option<NodesHash>,
}

/// Hash of a network's `initial_nodes.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NodesHash {
    /// SHA-256 in hex, as our table of public networks has it.
    Sha256(String),
    /// [`hash_bytes`] in hex, as the files of a private network have it.
    Own(String),
}

impl SnapshotJob {
    /// Name of the attempt, equal for equal payloads.
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.place, self.pin.id())
    }

    /// Start of the names of all archives that are kept for this node.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-", self.node)
    }
}

/// An archive that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundArchive {
    pub(crate) pin: ArchivePin,
    /// Release that wrote its data, if anybody says so.
    pub(crate) version: Option<(u32, u32)>,
}
