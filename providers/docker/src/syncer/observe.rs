//! A look at one syncer: what it says of itself, and whether it would be made so now.
//!
//! - Reads: its own health check; its labels, and the chain as the spec wants it.
//! - Returns: its state, and what was changed since.
//! - Never: believes a label that the container itself contradicts.

use pospool_model::provider::{Scene, Target};
use pospool_model::{Attributes, Value};

use super::design::recipe;
use super::endpoints::CORE_RPC;
use super::report::Report;
use super::wish::SyncerWish;
use crate::image::{Build, SYNCERS};
use crate::names;
use crate::workload::{Made, Seen};

/// The attribute `state`.
pub(super) fn state(running: bool, report: Option<&Report>) -> &'static str {
    match (running, report) {
        (false, _) => "stopped",
        (true, None) => "waiting for its key",
        (true, Some(report)) if report.is_well() => "running",
        (true, Some(_)) => "unwell",
    }
}

/// The container as its labels say that it was made.
pub(super) fn made(seen: &Seen<'_>, attributes: &Attributes) -> Option<Made> {
    SyncerWish::read(attributes).ok()?;
    let digest = seen.label(names::DIGEST)?.to_owned();
    let whose = (seen.scene.lineage, seen.target.address, &seen.name);
    Some(Made::new(whose, (SYNCERS, digest), attributes))
}

/// The endpoints of a container whose label does not name them, as earlier versions made it with those of its chain: they
/// are known if its image is the one that would be made now.
pub(super) fn taken_over(
    made: Option<&Made>,
    target: &Target<'_>,
    scene: &Scene<'_>,
) -> Option<Value> {
    let made = made.filter(|made| !made.attributes.contains_key(CORE_RPC))?;
    if is_another_image(made, scene) {
        return None;
    }
    target.wanted?.get(CORE_RPC).cloned()
}

/// Whether the same attributes would make another image now: its chain changed, or pospool is another release.
pub(super) fn is_another_image(made: &Made, scene: &Scene<'_>) -> bool {
    let Ok(wish) = SyncerWish::read(&made.attributes) else {
        return false;
    };
    let Some(chain) = scene.wanted.get(&wish.chain) else {
        return false;
    };
    recipe(&wish, chain).is_ok_and(|recipe| recipe.digest() != made.digest)
}
