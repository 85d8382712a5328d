//! Chain data from a snapshot: where it comes from, how it is loaded, and how it gets onto a node's volume.
//!
//! - Reads: an archive on the web or on this machine; the engine.
//! - Returns: a volume whose chain data is whole.
//! - Never: takes a PoS key, a PoS safety file or a network identity of somebody else, or touches those of the node.
//!
//! Two effects. `fetch` keeps the archive on a disk of this machine and goes on at its byte, whatever stopped it. `fill`
//! unpacks it through the engine into the volume; what is half unpacked is marked. A streamed snapshot has `fill` alone.

mod design;
mod fetch;
mod fill;
pub(crate) mod job;
mod observe;
mod pump;
mod source;
mod space;
mod spec;
mod unpack;

#[cfg(test)]
mod hostile;

pub(crate) use design::{Snapshot, planned};
pub(crate) use fetch::spool;
pub(crate) use fill::fill;
pub(crate) use observe::{SnapshotFacts, observe};
pub(crate) use spec::{REFILL, SNAPSHOT, normalise};

/// Explanations of the codes of snapshots.
pub const CODES: &[(&str, &str)] = &[
    (
        "docker/bad-snapshot",
        "`snapshot` of a node is not one: it names `full` or `archive`, an http or https URL without a user and a query, \
         or an absolute path of an archive.",
    ),
    (
        "docker/snapshot-corrupt",
        "The archive cannot be unpacked, or has another SHA-256 than the spec names. What was kept of it is removed; \
         the data is marked and never started.",
    ),
    (
        "docker/snapshot-entry",
        "The archive holds something that chain data never has: a link, a device, or a path that leads out of it. \
         Nothing of it is used.",
    ),
    (
        "docker/snapshot-layout",
        "The archive has no folder `blockchain_data` at its top or one or two folders below.",
    ),
    (
        "docker/snapshot-network",
        "The archive holds the `initial_nodes.json` of another network. Its data is marked and never started.",
    ),
    (
        "docker/snapshot-occupied",
        "The volume holds chain data already. A snapshot is only for an empty volume, unless `refill` says that it \
         replaces what is there.",
    ),
    (
        "docker/snapshot-replaced",
        "The archive is another one than the plan was made for: its length, its ETag or its date differ. Plan again.",
    ),
    (
        "docker/snapshot-space",
        "There is not enough free space for the snapshot. Name another disk in `spool`, or in the `path` of the volume.",
    ),
    (
        "docker/snapshot-unreachable",
        "The server of the snapshot does not answer, refuses, or does not say how long the archive is.",
    ),
    (
        "docker/snapshot-version",
        "The snapshot was made by a newer release than the node's image, which cannot read it.",
    ),
];
