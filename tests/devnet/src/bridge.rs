//! The Docker network of one devnet.
//!
//! - Reads: the subnet that Docker finds free.
//! - Returns: a network of that subnet in which the genesis node's address is known before it starts.
//! - Never: takes an address range that another network has.

use std::{collections::HashMap, net::Ipv4Addr};

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};

use crate::{
    cleanup,
    docker::DevnetEngine,
    error::{DevnetError, Result},
};

/// How often a subnet may be lost to another network that is made at the same time.
const TRIES: usize = 5;

/// A Docker network whose addresses are ours to give.
pub(crate) struct DockerBridge {
    /// Id on the engine.
    pub(crate) id: String,
    /// Name on the engine.
    pub(crate) name: String,
    /// Address kept for the genesis node.
    pub(crate) node_ip: Ipv4Addr,
}

impl DockerBridge {
    /// Creates the network twice: Docker chooses a free subnet, but lets a container ask for an address only in a
    /// subnet that was named.
    pub(crate) async fn create(
        engine: &DevnetEngine,
        devnet: &str,
        labels: &HashMap<String, String>,
    ) -> Result<Self> {
        let name = format!("pospool-devnet-{devnet}");
        let request = |ipam| NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            labels: Some(labels.clone()),
            ipam,
            ..NetworkCreateRequest::default()
        };
        let failed = || DevnetError::docker(format!("create network `{name}`"));
        let mut tries = 0;
        loop {
            tries += 1;
            let draft = engine
                .client
                .create_network(request(None))
                .await
                .map_err(failed())?
                .id;
            let subnet = subnet_of(engine, &draft).await;
            cleanup::remove_network(engine, &draft).await?;
            let (node_ip, ipam) = addresses(&subnet?)?;
            match engine.client.create_network(request(Some(ipam))).await {
                Ok(made) => {
                    return Ok(Self {
                        id: made.id,
                        name,
                        node_ip,
                    });
                }
                Err(error) if tries == TRIES => return Err(failed()(error)),
                Err(_) => {}
            }
        }
    }
}

async fn subnet_of(engine: &DevnetEngine, id: &str) -> Result<String> {
    let options = None::<bollard::query_parameters::InspectNetworkOptions>;
    let found = engine.client.inspect_network(id, options).await;
    let found = found.map_err(DevnetError::docker("inspect a new network"))?;
    let configs = found.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    let subnets = configs.into_iter().filter_map(|config| config.subnet);
    subnets
        .into_iter()
        .find(|subnet| subnet.contains('.'))
        .ok_or_else(|| DevnetError::malformed("a new network", "it has no IPv4 subnet"))
}

/// Shares a subnet out: gateway first, the genesis node second, all others from the upper half.
fn addresses(subnet: &str) -> Result<(Ipv4Addr, Ipam)> {
    let bad = || {
        DevnetError::malformed(
            format!("subnet `{subnet}`"),
            "no IPv4 subnet with room for a network",
        )
    };
    let (base, bits) = subnet.split_once('/').ok_or_else(bad)?;
    let base: u32 = base.parse::<Ipv4Addr>().map_err(|_| bad())?.into();
    let bits: u32 = bits
        .parse()
        .ok()
        .filter(|bits| (1..=28).contains(bits))
        .ok_or_else(bad)?;
    let upper = Ipv4Addr::from(base + (1 << (31 - bits)));
    let config = IpamConfig {
        subnet: Some(subnet.to_owned()),
        gateway: Some(Ipv4Addr::from(base + 1).to_string()),
        ip_range: Some(format!("{upper}/{}", bits + 1)),
        ..IpamConfig::default()
    };
    Ok((
        Ipv4Addr::from(base + 2),
        Ipam {
            config: Some(vec![config]),
            ..Ipam::default()
        },
    ))
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_shared_out() {
        let (ip, ipam) = addresses("172.18.0.0/16").unwrap();
        let config = &ipam.config.unwrap()[0];
        assert_eq!(ip, Ipv4Addr::new(172, 18, 0, 2));
        assert_eq!(config.gateway.as_deref(), Some("172.18.0.1"));
        assert_eq!(config.ip_range.as_deref(), Some("172.18.128.0/17"));
        for bad in ["172.18.0.0", "172.18.0.0/31", "fd00::/64", "x/16"] {
            assert!(addresses(bad).is_err(), "{bad}");
        }
    }
}
