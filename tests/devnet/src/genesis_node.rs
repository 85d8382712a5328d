//! The container of the genesis validator.
//!
//! - Reads: the chain's genesis and the address the node shall have.
//! - Returns: the running container's id and where its RPC ports are published.
//! - Never: publishes a port on anything but the loopback address.

use std::{collections::HashMap, net::Ipv4Addr};

use bollard::models::{EndpointIpamConfig, EndpointSettings, NetworkingConfig, PortBinding};

use crate::{
    accounts::{self, encode_hex},
    archive::ArchiveEntry,
    docker::DevnetEngine,
    error::{DevnetError, Result},
    genesis::Genesis,
    node_body::node_body,
    node_files::POS_FOLDER,
    settings::{CORE_PORT, DevnetConfig, ESPACE_PORT, LOCAL_PORT, NODE_DIR, P2P_PORT},
};

/// What the genesis node has for itself.
pub(crate) struct GenesisNode {
    entries: Vec<ArchiveEntry>,
    /// How other nodes of the network reach it: `cfxnode://…@IP:port`.
    pub(crate) bootnode: String,
    ip: Ipv4Addr,
}

impl GenesisNode {
    /// Writes the node's files.
    pub(crate) fn new(config: &DevnetConfig, genesis: &Genesis, ip: Ipv4Addr) -> Result<Self> {
        let net_key = accounts::derive_key(&config.chain.seed, "net-key")?;
        let own = format!(
            "dev_block_interval_ms = {}\npersist_tx_index = true\n\
            public_rpc_apis = \"all\"\npublic_evm_rpc_apis = \"all\"\n\
            jsonrpc_cors = \"all\"\njsonrpc_http_port = {CORE_PORT}\njsonrpc_http_eth_port = {ESPACE_PORT}\n\
            jsonrpc_local_http_port = {LOCAL_PORT}\ntcp_port = {P2P_PORT}\nudp_port = {P2P_PORT}\n\
            public_address = \"{ip}\"\nnet_key = \"{}\"\n",
            config.block_interval_ms,
            encode_hex(&net_key.to_bytes()),
        );
        let mut entries = genesis.files.entries(&own, 0);
        let pos_key =
            ArchiveEntry::file(&format!("{POS_FOLDER}/pos_key"), genesis.pos_key.as_slice());
        entries.push(pos_key.mode(0o600));
        let public = encode_hex(&accounts::public_key(&net_key));
        Ok(Self {
            entries,
            bootnode: format!("cfxnode://{public}@{ip}:{P2P_PORT}"),
            ip,
        })
    }

    /// Creates and starts the container, and returns its id.
    pub(crate) async fn start(
        &self,
        engine: &DevnetEngine,
        config: &DevnetConfig,
        image: &str,
        labels: &HashMap<String, String>,
        network: &str,
    ) -> Result<String> {
        let mut body = node_body(image, labels);
        let ports = [CORE_PORT, ESPACE_PORT].map(|port| format!("{port}/tcp"));
        let loopback = || {
            vec![PortBinding {
                host_ip: Some("127.0.0.1".to_owned()),
                host_port: Some(String::new()),
            }]
        };
        if let Some(host) = &mut body.host_config {
            host.network_mode = Some(network.to_owned());
            host.cpu_shares = Some(CPU_SHARES);
            host.port_bindings = Some(
                ports
                    .iter()
                    .map(|port| (port.clone(), Some(loopback())))
                    .collect(),
            );
        }
        body.exposed_ports = Some(ports.to_vec());
        body.networking_config = Some(fixed_ip(network, self.ip));
        let name = format!("pospool-devnet-{}-genesis", config.name);
        let id = engine.create(Some(&name), body).await?;
        engine.upload(&id, NODE_DIR, &self.entries).await?;
        engine.start(&id).await?;
        Ok(id)
    }
}

fn fixed_ip(network: &str, ip: Ipv4Addr) -> NetworkingConfig {
    let ipam = EndpointIpamConfig {
        ipv4_address: Some(ip.to_string()),
        ..EndpointIpamConfig::default()
    };
    let endpoint = EndpointSettings {
        ipam_config: Some(ipam),
        ..EndpointSettings::default()
    };
    NetworkingConfig {
        endpoints_config: Some([(network.to_owned(), endpoint)].into()),
    }
}

/// Eight times the share of any other container: the only one that makes blocks must not wait for those that read them.
const CPU_SHARES: i64 = 8192;

/// Returns the URLs under which Docker published the RPC ports.
pub(crate) async fn published_urls(
    engine: &DevnetEngine,
    container: &str,
) -> Result<(String, String)> {
    let options = None::<bollard::query_parameters::InspectContainerOptions>;
    let found = engine.client.inspect_container(container, options).await;
    let found = found.map_err(DevnetError::docker("inspect the genesis node"))?;
    let ports = found
        .network_settings
        .and_then(|settings| settings.ports)
        .unwrap_or_default();
    let url = |port: u16| {
        let bindings = ports
            .get(&format!("{port}/tcp"))
            .cloned()
            .flatten()
            .unwrap_or_default();
        let host_port = bindings.into_iter().find_map(|binding| binding.host_port);
        host_port.map(|host_port| format!("http://127.0.0.1:{host_port}"))
    };
    if let (Some(core), Some(espace)) = (url(CORE_PORT), url(ESPACE_PORT)) {
        return Ok((core, espace));
    }
    engine.expect_running(container).await?;
    Err(DevnetError::malformed(
        "the genesis node's container",
        "its ports are not published",
    ))
}
