//! Putting right on a container what Docker can change while it runs: name, networks, limits, restart policy.
//!
//! - Reads: a [`RepairJob`]; the container.
//! - Returns: when the container is as it was made.
//! - Never: stops it.

use std::collections::HashMap;

use bollard::models::{ContainerInspectResponse, ContainerUpdateBody, EndpointSettings};
use pospool_model::{Attributes, ProviderError};

use super::body;
use super::job::RepairJob;
use super::restarts::policy_now;
use super::run::{ensure_network, inspect_container};
use crate::client::Engine;
use crate::codes;
use crate::kinds;
use crate::names::Name;
use crate::workload::spec::ContainerSpec;

/// Puts everything right, or finds it right.
pub(crate) async fn repair_container(
    engine: &Engine,
    job: &RepairJob,
) -> Result<Attributes, ProviderError> {
    let (spec, container) = (&job.spec, &job.container);
    let request = body::create_request(spec, &kinds::workload_of(spec)?);
    let host = request.host_config.unwrap_or_default();
    let found = inspect_container(engine, container).await?;
    let settings = ContainerUpdateBody {
        memory: host.memory,
        memory_swap: host.memory_swap,
        pids_limit: host.pids_limit,
        restart_policy: policy_now(host.restart_policy, &found),
        ..ContainerUpdateBody::default()
    };
    engine.update(container, settings).await?;
    let found = inspect_container(engine, container).await?;
    repair_networks(engine, spec, container, &found).await?;
    let name = found.name.as_deref().unwrap_or_default();
    if name.trim_start_matches('/') != spec.name.as_str() {
        engine.rename(container, &spec.name).await?;
    }
    Ok(Attributes::new())
}

/// Makes the network of a container where that is gone, and joins this one and no other. A stopped container that was in
/// a network which somebody removed still names it, and does not start.
pub(crate) async fn repair_networks(
    engine: &Engine,
    spec: &ContainerSpec,
    container: &Name,
    found: &ContainerInspectResponse,
) -> Result<(), ProviderError> {
    let owner = spec.own_network.then(|| spec.owner());
    let id = ensure_network(engine, &spec.network, owner.as_ref()).await?;
    let joined = found.network_settings.clone();
    let joined = joined.and_then(|settings| settings.networks);
    let joined = joined.unwrap_or_default();
    for other in strangers(&joined, &spec.network, &id) {
        let other = Name::new(other)
            .map_err(|error| ProviderError::refused(codes::BAD_NAME, error.to_string()))?;
        engine.leave_network(&other, container).await?;
    }
    let is_in = |joined: &HashMap<String, EndpointSettings>| {
        let endpoint = joined.get(spec.network.as_str());
        endpoint.is_some_and(|endpoint| is_of(endpoint, &id))
    };
    if !is_in(&joined) {
        engine.join_network(&spec.network, container).await?;
    }
    Ok(())
}

/// Networks to leave: others, and one of the same name that is gone.
fn strangers<'a>(
    joined: &'a HashMap<String, EndpointSettings>,
    network: &Name,
    id: &str,
) -> Vec<&'a str> {
    let others = joined
        .iter()
        .filter(|(name, endpoint)| name.as_str() != network.as_str() || !is_of(endpoint, id));
    let mut others: Vec<&str> = others.map(|(name, _)| name.as_str()).collect();
    others.sort_unstable();
    others
}

/// A container that never ran has no id there yet.
fn is_of(endpoint: &EndpointSettings, id: &str) -> bool {
    let known = endpoint.network_id.as_deref().unwrap_or_default();
    known.is_empty() || known == id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_network_pruned_a_network_of_the_same_name_is_another_one() {
        let endpoint = |id: &str| EndpointSettings {
            network_id: Some(id.to_owned()),
            ..EndpointSettings::default()
        };
        let own = Name::new("own").unwrap();
        let joined = |id: &str| HashMap::from([("own".to_owned(), endpoint(id))]);
        assert_eq!(strangers(&joined("1"), &own, "1"), [""; 0]);
        assert_eq!(strangers(&joined("1"), &own, "2"), ["own"]);
        assert_eq!(strangers(&joined(""), &own, "2"), [""; 0]);
        let mut two = joined("1");
        two.insert("bridge".to_owned(), endpoint("9"));
        assert_eq!(strangers(&two, &own, "1"), ["bridge"]);
    }
}
