//! Calls about volumes and networks.
//!
//! - Reads: one volume or network, by a checked name.
//! - Returns: labels, which say whose it is.
//! - Never: trusts the answer of a create: Docker answers 200 for a volume that is there with other labels.

use std::collections::HashMap;

use bollard::models::{
    NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest, VolumeCreateRequest,
};
use bollard::query_parameters::{
    InspectNetworkOptions, ListNetworksOptionsBuilder, RemoveVolumeOptions,
};
use pospool_model::ProviderError;

use super::{Engine, QUICK, bounded, bounded_look};
use crate::errors::{CallKind, call_failed, http_status, is_absent, timed_out};
use crate::names::{Labels, Name};

/// A network.
#[derive(Clone, Debug)]
pub(crate) struct DockerNetwork {
    /// Id: one that was made again has another.
    pub(crate) id: String,
    /// Its labels.
    pub(crate) labels: Labels,
}

impl Engine {
    /// Returns a volume's labels, if it is there.
    pub(crate) async fn volume(&self, name: &Name) -> Result<Option<Labels>, ProviderError> {
        let call = self.docker.inspect_volume(name.as_str());
        let found = bounded_look(&format!("inspect volume `{name}`"), call).await?;
        Ok(found.map(|volume| volume.labels.into_iter().collect()))
    }

    /// Creates a volume, or leaves the one that is there.
    pub(crate) async fn create_volume(
        &self,
        name: &Name,
        labels: &Labels,
    ) -> Result<(), ProviderError> {
        let request = VolumeCreateRequest {
            name: Some(name.to_string()),
            driver: Some("local".to_owned()),
            labels: Some(labels.clone().into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        let call = self.docker.create_volume(request);
        let what = format!("create volume `{name}`");
        bounded(CallKind::Change, &what, QUICK, call)
            .await
            .map(|_| ())
    }

    /// Removes a volume; one that is gone is fine.
    pub(crate) async fn remove_volume(&self, name: &Name) -> Result<(), ProviderError> {
        let call = self
            .docker
            .remove_volume(name.as_str(), None::<RemoveVolumeOptions>);
        gone(call, &format!("remove volume `{name}`")).await
    }

    /// Inspects a network.
    pub(crate) async fn network(
        &self,
        name: &Name,
    ) -> Result<Option<DockerNetwork>, ProviderError> {
        let call = self
            .docker
            .inspect_network(name.as_str(), None::<InspectNetworkOptions>);
        let found = bounded_look(&format!("inspect network `{name}`"), call).await?;
        // The engine also finds a network by the first digits of its id.
        Ok(found
            .filter(|network| network.name.as_deref() == Some(name.as_str()))
            .map(|network| DockerNetwork {
                id: network.id.unwrap_or_default(),
                labels: network.labels.unwrap_or_default().into_iter().collect(),
            }))
    }

    /// Lists the networks that have a label: names and labels.
    pub(crate) async fn networks_with(
        &self,
        label: &str,
    ) -> Result<Vec<(String, Labels)>, ProviderError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let call = self.docker.list_networks(Some(options));
        let found = bounded(CallKind::Read, "list networks", QUICK, call).await?;
        let networks = found.into_iter().filter_map(|network| {
            let labels: Labels = network.labels?.into_iter().collect();
            Some((network.name?, labels))
        });
        Ok(networks
            .filter(|(_, labels)| labels.contains_key(label))
            .collect())
    }

    /// Creates a bridge network; one of the same name that is there is fine.
    pub(crate) async fn create_network(
        &self,
        name: &Name,
        labels: &Labels,
    ) -> Result<(), ProviderError> {
        let request = NetworkCreateRequest {
            name: name.to_string(),
            driver: Some("bridge".to_owned()),
            labels: Some(labels.clone().into_iter().collect()),
            ..NetworkCreateRequest::default()
        };
        let what = format!("create network `{name}`");
        match tokio::time::timeout(QUICK, self.docker.create_network(request)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if http_status(&error) == Some(409) => Ok(()),
            Ok(Err(error)) => Err(call_failed(CallKind::Change, &what, error)),
            Err(_) => Err(timed_out(CallKind::Change, &what)),
        }
    }

    /// Lets a container join a network.
    pub(crate) async fn join_network(
        &self,
        network: &Name,
        container: &Name,
    ) -> Result<(), ProviderError> {
        let request = NetworkConnectRequest {
            container: container.to_string(),
            ..NetworkConnectRequest::default()
        };
        let call = self.docker.connect_network(network.as_str(), request);
        let what = format!("connect container `{container}` with network `{network}`");
        bounded(CallKind::Change, &what, QUICK, call).await
    }

    /// Lets a container leave a network, also one that is gone.
    pub(crate) async fn leave_network(
        &self,
        network: &Name,
        container: &Name,
    ) -> Result<(), ProviderError> {
        let request = NetworkDisconnectRequest {
            container: container.to_string(),
            force: Some(true),
        };
        let call = self.docker.disconnect_network(network.as_str(), request);
        let what = format!("disconnect container `{container}` from network `{network}`");
        bounded(CallKind::Change, &what, QUICK, call).await
    }

    /// Removes a network; one that is gone is fine.
    pub(crate) async fn remove_network(&self, name: &Name) -> Result<(), ProviderError> {
        let call = self.docker.remove_network(name.as_str());
        gone(call, &format!("remove network `{name}`")).await
    }
}

async fn gone(
    call: impl Future<Output = Result<(), bollard::errors::Error>>,
    what: &str,
) -> Result<(), ProviderError> {
    match tokio::time::timeout(QUICK, call).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if is_absent(&error) => Ok(()),
        Ok(Err(error)) => Err(call_failed(CallKind::Change, what, error)),
        Err(_) => Err(timed_out(CallKind::Change, what)),
    }
}
