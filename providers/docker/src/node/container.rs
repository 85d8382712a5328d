//! A node's container: how it is made.
//!
//! - Reads: the decisions of a plan.
//! - Returns: the request that makes it.
//! - Never: asks Docker to start it again by itself. A container that came back alone would wait for its password,
//!   and one that is meant to be stopped must not vote beside another one with the same key.

use std::collections::BTreeMap;

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, PortBinding, PortMap, ResourcesUlimits,
    RestartPolicy, RestartPolicyNameEnum,
};
use pospool_model::{Address, Attributes};
use serde::{Deserialize, Serialize};

use crate::image::USER;
use crate::names::{self, Name};
use crate::render::{DATA_DIR, P2P_PORT};

/// Time that the node has to stop: its own clean shutdown takes up to 1,200 seconds.
pub(crate) const STOP_SECONDS: u32 = 1260;
pub(crate) const PIDS: i64 = 4096;
const TMPFS: &str = "rw,nosuid,nodev,noexec,size=64m";
pub(crate) const NO_NEW_PRIVILEGES: &str = "no-new-privileges:true";
/// The container's log: the newest 250 MB.
const LOG: [(&str, &str); 2] = [("max-size", "50m"), ("max-file", "5")];

/// Everything that decides how a node's container is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    /// Its name.
    pub(crate) name: Name,
    /// Lineage of the state.
    pub(crate) lineage: String,
    /// Its resource.
    pub(crate) address: Address,
    /// Name of the hardened image.
    pub(crate) image: String,
    /// Digest of everything in that image.
    pub(crate) digest: String,
    /// Volume with its data and its key.
    pub(crate) volume: Name,
    /// Network that it joins.
    pub(crate) network: Name,
    /// Whether that network is its own.
    pub(crate) own_network: bool,
    /// Memory limit in bytes.
    pub(crate) memory: Option<i64>,
    /// Host port for P2P.
    pub(crate) publish_p2p: Option<u16>,
    /// Normalised attributes, for its label; without those that change in place.
    pub(crate) attributes: Attributes,
}

/// Attributes that say nothing about how the container was made.
pub(crate) const IN_PLACE: [&str; 2] = ["state", "hardening"];

impl Made {
    /// Labels of the container.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        // Wanted attributes have no unknown part here, and maps of text always have a JSON form.
        let attributes = serde_json::to_string(&self.attributes).unwrap_or_default();
        let mut labels = self.owner();
        labels.insert(names::DIGEST.to_owned(), self.digest.clone());
        labels.insert(names::ATTRIBUTES.to_owned(), attributes);
        labels
    }

    /// Labels that say whose an object is.
    pub(crate) fn owner(&self) -> BTreeMap<String, String> {
        owner(&self.lineage, &self.address)
    }

    /// The request that makes the container.
    pub(crate) fn body(&self) -> ContainerCreateBody {
        ContainerCreateBody {
            image: Some(self.image.clone()),
            user: Some(USER.to_owned()),
            labels: Some(self.labels().into_iter().collect()),
            exposed_ports: self.publish_p2p.map(|_| p2p_ports().to_vec()),
            attach_stdin: Some(true),
            open_stdin: Some(true),
            // The input ends with the attachment that brings the password: if pospool
            // dies in between, the entrypoint sees the end and stops.
            stdin_once: Some(true),
            stop_signal: Some("SIGTERM".to_owned()),
            stop_timeout: Some(i64::from(STOP_SECONDS)),
            host_config: Some(self.host_config()),
            ..ContainerCreateBody::default()
        }
    }

    pub(super) fn host_config(&self) -> HostConfig {
        HostConfig {
            binds: Some(vec![format!("{}:{DATA_DIR}", self.volume)]),
            network_mode: Some(self.network.to_string()),
            port_bindings: self.port_bindings(),
            memory: self.memory,
            // The same as the memory: none of it is swapped out, where a key could reach a disk.
            memory_swap: self.memory,
            pids_limit: Some(PIDS),
            readonly_rootfs: Some(true),
            tmpfs: Some([("/tmp".to_owned(), TMPFS.to_owned())].into()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec![NO_NEW_PRIVILEGES.to_owned()]),
            ulimits: Some(ulimits()),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(
                    LOG.map(|(key, value)| (key.to_owned(), value.to_owned()))
                        .into(),
                ),
            }),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::NO),
                maximum_retry_count: None,
            }),
            ..HostConfig::default()
        }
    }

    fn port_bindings(&self) -> Option<PortMap> {
        let port = self.publish_p2p?.to_string();
        let binding = PortBinding {
            host_ip: None,
            host_port: Some(port),
        };
        Some(
            p2p_ports()
                .map(|name| (name, Some(vec![binding.clone()])))
                .into(),
        )
    }
}

/// Labels that say whose an object is.
pub(crate) fn owner(lineage: &str, address: &Address) -> BTreeMap<String, String> {
    BTreeMap::from([
        (names::LINEAGE.to_owned(), lineage.to_owned()),
        (names::ADDRESS.to_owned(), address.to_string()),
    ])
}

fn p2p_ports() -> [String; 2] {
    [format!("{P2P_PORT}/tcp"), format!("{P2P_PORT}/udp")]
}

/// No core dumps: the memory holds the key and its password. How many files may be open is set by the entrypoint: a
/// wish that is above the engine's own limit would keep the container from starting.
fn ulimits() -> Vec<ResourcesUlimits> {
    vec![ResourcesUlimits {
        name: Some("core".to_owned()),
        soft: Some(0),
        hard: Some(0),
    }]
}
