//! Takes devnets down, wherever they come from.
//!
//! - Reads: labels of containers, networks, volumes and images.
//! - Returns: what was removed.
//! - Never: touches anything without our labels, but for cutting it off a network that goes.

use std::collections::HashMap;

use bollard::{
    models::NetworkDisconnectRequest,
    query_parameters::{
        ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
        ListVolumesOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
    },
};
use serde::Serialize;

use crate::{
    docker::{DevnetEngine, absent_is_fine, short_id},
    error::{DevnetError, Result},
    owner,
    settings::{LABEL_NAME, LABEL_OWNER, check_name},
};

/// What was removed, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Containers.
    pub containers: Vec<String>,
    /// Networks.
    pub networks: Vec<String>,
    /// Volumes.
    pub volumes: Vec<String>,
    /// Images made for one devnet.
    pub images: Vec<String>,
}

/// Takes down everything of one devnet.
pub async fn remove_devnet(engine: &DevnetEngine, name: &str) -> Result<Removed> {
    check_name(name)?;
    let of_devnet =
        |labels: &FoundLabels| labels.get(LABEL_NAME).is_some_and(|label| label == name);
    remove(engine, &of_devnet).await
}

/// Takes down everything whose owner process is gone.
pub async fn remove_orphans(engine: &DevnetEngine) -> Result<Removed> {
    let of_the_dead = |labels: &FoundLabels| {
        labels
            .get(LABEL_OWNER)
            .is_some_and(|owner| owner::is_gone(owner))
    };
    remove(engine, &of_the_dead).await
}

/// Tells whether anything of a devnet is there.
pub(crate) async fn devnet_exists(engine: &DevnetEngine, name: &str) -> Result<bool> {
    let of_devnet =
        |labels: &FoundLabels| labels.get(LABEL_NAME).is_some_and(|label| label == name);
    Ok(!containers(engine, &of_devnet).await?.is_empty()
        || !networks(engine, &of_devnet).await?.is_empty())
}

type FoundLabels = HashMap<String, String>;
type Choice<'a> = &'a (dyn Fn(&FoundLabels) -> bool + Sync);

async fn remove(engine: &DevnetEngine, choice: Choice<'_>) -> Result<Removed> {
    let mut removed = Removed::default();
    for id in containers(engine, choice).await? {
        engine.remove_container(&id).await?;
        removed.containers.push(id);
    }
    for id in networks(engine, choice).await? {
        remove_network(engine, &id).await?;
        removed.networks.push(id);
    }
    for name in volumes(engine, choice).await? {
        let options = RemoveVolumeOptionsBuilder::new().force(true).build();
        let answer = engine.client.remove_volume(&name, Some(options)).await;
        absent_is_fine(answer, || format!("remove volume `{name}`"))?;
        removed.volumes.push(name);
    }
    for id in images(engine, choice).await? {
        let options = RemoveImageOptionsBuilder::new().force(true).build();
        let answer = engine.client.remove_image(&id, Some(options), None).await;
        absent_is_fine(answer.map(|_| ()), || format!("remove image {id}"))?;
        removed.images.push(id);
    }
    Ok(removed)
}

fn ours() -> HashMap<String, Vec<String>> {
    [("label".to_owned(), vec![LABEL_OWNER.to_owned()])].into()
}

async fn containers(engine: &DevnetEngine, choice: Choice<'_>) -> Result<Vec<String>> {
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&ours())
        .build();
    let found = engine.client.list_containers(Some(options)).await;
    let found = found.map_err(DevnetError::docker("list containers"))?;
    let chosen = found
        .into_iter()
        .filter(|one| choice(&one.labels.clone().unwrap_or_default()));
    Ok(chosen.filter_map(|one| one.id).collect())
}

async fn networks(engine: &DevnetEngine, choice: Choice<'_>) -> Result<Vec<String>> {
    let options = ListNetworksOptionsBuilder::new().filters(&ours()).build();
    let found = engine.client.list_networks(Some(options)).await;
    let found = found.map_err(DevnetError::docker("list networks"))?;
    let chosen = found
        .into_iter()
        .filter(|one| choice(&one.labels.clone().unwrap_or_default()));
    Ok(chosen.filter_map(|one| one.id).collect())
}

async fn volumes(engine: &DevnetEngine, choice: Choice<'_>) -> Result<Vec<String>> {
    let options = ListVolumesOptionsBuilder::new().filters(&ours()).build();
    let found = engine.client.list_volumes(Some(options)).await;
    let found = found
        .map_err(DevnetError::docker("list volumes"))?
        .volumes
        .unwrap_or_default();
    Ok(found
        .into_iter()
        .filter(|one| choice(&one.labels))
        .map(|one| one.name)
        .collect())
}

async fn images(engine: &DevnetEngine, choice: Choice<'_>) -> Result<Vec<String>> {
    let options = ListImagesOptionsBuilder::new().filters(&ours()).build();
    let found = engine.client.list_images(Some(options)).await;
    let found = found.map_err(DevnetError::docker("list images"))?;
    Ok(found
        .into_iter()
        .filter(|one| choice(&one.labels))
        .map(|one| one.id)
        .collect())
}

/// Removes a network; whoever is still on it is cut off first.
pub(crate) async fn remove_network(engine: &DevnetEngine, id: &str) -> Result<()> {
    let what = || format!("remove network {}", short_id(id));
    let options = None::<bollard::query_parameters::InspectNetworkOptions>;
    if let Ok(found) = engine.client.inspect_network(id, options).await {
        for container in found.containers.unwrap_or_default().into_keys() {
            let request = NetworkDisconnectRequest {
                container,
                force: Some(true),
            };
            absent_is_fine(engine.client.disconnect_network(id, request).await, what)?;
        }
    }
    absent_is_fine(engine.client.remove_network(id).await, what)
}
