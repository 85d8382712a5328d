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

pub(crate) use design::{SnapshotPlan, plan_snapshot};
pub(crate) use fill::{fill_volume, spool_archive};
pub(crate) use observe::observe_snapshot;
pub(crate) use spec::normalise_snapshot;
