//! One key, one node: what a plan must not do with a PoS key.
//!
//! - Reads: a node's desired config, what is recorded of it, and what is there.
//! - Returns: the key that its volume must hold; problems.
//! - Never: lets a plan go on that could make two voters of one key, or lose a key in silence.

use futures_util::future::join_all;
use pospool_model::provider::{ChangeRequest, PlanContext};
use pospool_model::{Address, Attributes, Problem};

use crate::attributes::attribute_text;
use crate::client::{Engine, ListedContainer};
use crate::codes;
use crate::facts::{Container, DockerFacts};
use crate::names::{self, Name};
use crate::node::guard_report::query_guard;
use crate::node::schema::NodeSpec;
use crate::node::wish::DesiredNode;
use crate::place::DataLocation;
use crate::volume::VolumeSpec;

/// The PoS address that the volume's key must have: as recorded, while the volume is the same.
pub(crate) fn known_key(task: &ChangeRequest<'_>, desired: &DesiredNode) -> Option<String> {
    let recorded = task.recorded?;
    let same = NodeSpec::read(&recorded.attributes).data.known() == Some(&desired.data);
    attribute_text(&recorded.outputs, "pos_address")
        .filter(|_| same)
        .map(str::to_owned)
}

/// One key, one node.
pub(crate) fn refuse_shared_key(
    address: &Address,
    desired: &DesiredNode,
    world: &PlanContext<'_>,
) -> Result<(), Problem> {
    let other = world.wanted.iter().find(|(other, attributes)| {
        other.kind() == "node"
            && *other != address
            && NodeSpec::read(attributes).data.known() == Some(&desired.data)
    });
    match other {
        None => Ok(()),
        Some((other, _)) => Err(Problem::new(
            codes::SHARED_KEY,
            &["data"],
            format!(
                "`{}` is the data of {other} too: two nodes with one PoS key must never vote",
                desired.data
            ),
        )
        .help("give each node a volume of its own")
        .against_everything()),
    }
}

pub(crate) fn refuse_other_host(
    desired: &DesiredNode,
    world: &PlanContext<'_>,
) -> Result<(), Problem> {
    let Some(volume) = world.wanted.get(&desired.data) else {
        return Ok(());
    };
    match VolumeSpec::read(volume).host.known() {
        Some(host) if *host != desired.host => Err(Problem::new(
            codes::OTHER_HOST,
            &["data"],
            format!(
                "`{}` is on {host}, and the node on {}",
                desired.data, desired.host
            ),
        )
        .help("write the same host in both")),
        _ => Ok(()),
    }
}

/// Where the data of the node lies now: as its container has it, or as recorded, while the volume is the same one.
pub(crate) fn moved_from(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    old: Option<&Container>,
) -> Option<DataLocation> {
    let recorded = task.recorded?;
    let same = NodeSpec::read(&recorded.attributes).data.known() == Some(&desired.data);
    let place = old.and_then(|old| old.place.clone());
    let place =
        place.or_else(|| DataLocation::parse(attribute_text(&recorded.outputs, "volume")?).ok());
    place.filter(|_| same)
}

/// Data moves only while nobody writes it, and the operator says when the node may stand still.
pub(crate) fn refuse_move_of_running(
    from: &DataLocation,
    to: &DataLocation,
    old: Option<&Container>,
) -> Result<(), Problem> {
    if old.is_none_or(|old| !old.running) {
        return Ok(());
    }
    Err(Problem::new(
        codes::VOLUME_MOVE,
        &["data"],
        format!("the data of the node is to move from `{from}` to `{to}`, and the node runs"),
    )
    .help("write `state = \"stopped\"` in the node and apply that first, with the old place in the volume"))
}

/// A node whose key is registered keeps its volume: with another one it would get another key, and nobody would vote for
/// the pool.
pub(crate) fn refuse_other_volume(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    world: &PlanContext<'_>,
) -> Result<(), Problem> {
    let Some(recorded) = task.recorded else {
        return Ok(());
    };
    let (Some(key), Some(data)) = (
        attribute_text(&recorded.outputs, "pos_address"),
        NodeSpec::read(&recorded.attributes).data.known(),
    ) else {
        return Ok(());
    };
    if *data == desired.data {
        return Ok(());
    }
    let recorded = world.recorded.iter();
    let outputs = recorded.map(|(address, recorded)| (address, &recorded.outputs));
    match find_registration(outputs, key) {
        None => Ok(()),
        Some(registration) => Err(Problem::new(
            codes::REGISTERED_KEY,
            &["data"],
            format!(
                "the PoS key {key} is on `{data}` and registered by `{registration}`; with `{}` the node would have another \
                 key, and nobody would vote for the pool",
                desired.data
            ),
        )
        .help(format!(
            "write `data = {data}` again, and keep the label of that volume: Docker keeps a volume's name, so it cannot be \
             renamed. To move its data to another disk, change `path` of `{data}`"
        ))),
    }
}

/// The bond of a key with a pool, among the outputs of resources.
pub(crate) fn find_registration<'a>(
    outputs: impl IntoIterator<Item = (&'a Address, &'a Attributes)>,
    key: &str,
) -> Option<&'a Address> {
    let mut bonds = outputs.into_iter().filter(|(address, outputs)| {
        address.kind() == "pos_registration" && attribute_text(outputs, "pos_address") == Some(key)
    });
    bonds.next().map(|(address, _)| address)
}

/// The one process that is known to have a node's key, and what the node is called.
pub(crate) struct KeyHolder<'a> {
    pub(crate) key: &'a str,
    /// Its own container, which may have the key.
    pub(crate) container: Option<&'a str>,
}

/// Nobody else on the engine may run with the key of a node: not with a copy of its volume, and not for another project.
/// Containers that were not made from an image of pospool do not say which key they have.
pub(crate) async fn find_second_voter(
    engine: &Engine,
    containers: &[ListedContainer],
    holder: &KeyHolder<'_>,
) -> Option<String> {
    let others = containers.iter().filter(|other| {
        // An image of a node has this label, and what is made from it too.
        other.running
            && other.labels.contains_key(names::BASE)
            && holder.container != Some(other.id.as_str())
    });
    let keys = others.map(|other| async move {
        let id = Name::new(&other.id).ok()?;
        let report = query_guard(engine, &id).await?;
        (report.key.as_deref() == Some(holder.key)).then_some(&other.name)
    });
    let voter = join_all(keys).await.into_iter().flatten().next()?;
    Some(format!(
        "container `{voter}` runs with the same PoS key {}, on other data: two nodes with one key must never vote",
        holder.key
    ))
}

/// A registered key that is gone must not be replaced in silence.
pub(crate) fn refuse_lost_key(
    key: &str,
    docker: &str,
    place: &DataLocation,
    facts: &DockerFacts,
) -> Result<(), Problem> {
    let (Some(engine), DataLocation::Volume(volume)) = (facts.engines.get(docker), place) else {
        // A folder that is not there, or lost its mark, is a problem of its volume.
        return Ok(());
    };
    if engine.volumes.contains_key(volume.as_str()) {
        return Ok(());
    }
    Err(Problem::new(
        codes::POS_KEY_LOST,
        &["data"],
        format!("volume `{volume}` is gone, and the PoS key {key} with it"),
    )
    .help(
        "`pospool key restore BUNDLE --to VOLUME` puts the key onto a new volume; if a new key is what you want, remove the \
         node and its volume from the spec, apply, and write them again: it needs a new pool",
    ))
}
