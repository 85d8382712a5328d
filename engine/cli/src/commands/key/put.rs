//! A key that is put onto a volume: after every refusal, and with the mark for the guard.

use pospool_docker::{NodeKeyFiles, NodeKeyPlace};
use pospool_keys::{BroughtKey, BundleError, Placement, plan_placement};
use pospool_model::Problem;
use pospool_model::safety::SafetyData;

use crate::commands::clock::unix_time;
use crate::failure::{Failure, KeyFailure};

/// Puts a key and its safety file onto the place, as far as they are not there.
pub(super) async fn put_key(
    place: &NodeKeyPlace,
    brought: BroughtKey<'_>,
) -> Result<Placement, Failure> {
    let failed = |source: BundleError| {
        let node = place.node.clone();
        Failure::from(KeyFailure::OfNode { node, source })
    };
    if let Some(problem) = place.other_engine().await.map_err(Failure::Look)? {
        return Err(KeyFailure::Refused(problem).into());
    }
    if let Some(user) = place.running_user().await.map_err(Failure::Look)? {
        return Err(in_use(place, &user));
    }
    let there = place.read().await.map_err(Failure::Look)?;
    let placed = plan_placement(
        brought,
        there.pos_key.as_deref(),
        there.safety_file.as_deref(),
    )
    .map_err(failed)?;
    if placed.is_empty() {
        return Ok(placed);
    }
    let journal = place.read_journal().await.map_err(Failure::Look)?;
    let safety_file = brought.safety_file.filter(|_| placed.safety_file);
    let signed = safety_file
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .and_then(|text| SafetyData::parse(text).ok())
        .map(|data| data.signed);
    let journal = pospool_guard::brought_journal(&journal, unix_time(), signed);
    let files = NodeKeyFiles {
        pos_key: placed.pos_key.then(|| brought.pos_key.to_vec()),
        safety_file: safety_file.map(<[u8]>::to_vec),
    };
    let written = place.write(&files, &journal).await;
    written.map_err(|source| {
        let node = place.node.clone();
        KeyFailure::NotPlaced { node, source }
    })?;
    Ok(placed)
}

fn in_use(place: &NodeKeyPlace, user: &str) -> Failure {
    let what = format!("container `{user}` runs on `{}`", place.place());
    let code = pospool_docker::codes::VOLUME_IN_USE;
    let help = "write `state = \"stopped\"` in the node and apply, or stop that container; then run this again";
    KeyFailure::Refused(Problem::new(code, &[], what).help(help)).into()
}
