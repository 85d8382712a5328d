//! A node's container: how it is made.
//!
//! - Reads: the decisions of a plan.
//! - Returns: the request that makes it.
//! - Never: asks Docker to start it again by itself. A container that came back alone would wait for its password,
//!   and one that is meant to be stopped must not vote beside another one with the same key.

use bollard::models::{
    ContainerCreateBody, HostConfig, PortBinding, PortMap, RestartPolicyNameEnum,
};
use pospool_model::{Address, Attributes};
use serde::{Deserialize, Serialize};

use super::image::USER;
use crate::client::Labels;
use crate::container::hardened::{Limits, hardened, no_core_dumps, restarts};
use crate::container::labels;
use crate::names::Name;
use crate::place::Place;
use crate::render::{DATA_DIR, p2p_port};

/// Time that the node has to stop: its own clean shutdown takes up to 1,200 seconds.
pub(crate) const STOP_SECONDS: u32 = 1260;
const PIDS: i64 = 4096;
const TMPFS: &str = "rw,nosuid,nodev,noexec,size=64m";
/// The container's log: the newest 250 MB.
const LOG: (&str, &str) = ("50m", "5");

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
    /// Place of its data and its key.
    pub(crate) volume: Place,
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
pub(crate) const IN_PLACE: [&str; 3] = ["state", "hardening", "snapshot"];

impl Made {
    /// Labels of the container.
    pub(crate) fn labels(&self) -> Labels {
        labels::made(&self.lineage, &self.address, &self.digest, &self.attributes)
    }

    /// Labels that say whose an object is.
    pub(crate) fn owner(&self) -> Labels {
        labels::owner(&self.lineage, &self.address)
    }

    /// The request that makes the container.
    pub(crate) fn body(&self) -> ContainerCreateBody {
        ContainerCreateBody {
            image: Some(self.image.clone()),
            user: Some(USER.to_owned()),
            labels: Some(self.labels().into_iter().collect()),
            exposed_ports: self.publish_p2p.map(|port| p2p_ports(port).to_vec()),
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

    fn host_config(&self) -> HostConfig {
        let (binds, mounts) = self.volume.mounted(DATA_DIR, true);
        HostConfig {
            binds: Some(binds).filter(|binds| !binds.is_empty()),
            mounts: Some(mounts).filter(|mounts| !mounts.is_empty()),
            network_mode: Some(self.network.to_string()),
            port_bindings: self.port_bindings(),
            tmpfs: Some([("/tmp".to_owned(), TMPFS.to_owned())].into()),
            // How many files may be open is set by the entrypoint: a wish that is above the engine's own limit would
            // keep the container from starting.
            ulimits: Some(no_core_dumps()),
            restart_policy: Some(restarts(RestartPolicyNameEnum::NO)),
            ..hardened(Limits {
                memory: self.memory,
                pids: PIDS,
                log: LOG,
            })
        }
    }

    fn port_bindings(&self) -> Option<PortMap> {
        let port = self.publish_p2p?;
        let binding = PortBinding {
            host_ip: None,
            host_port: Some(port.to_string()),
        };
        Some(
            p2p_ports(port)
                .map(|name| (name, Some(vec![binding.clone()])))
                .into(),
        )
    }
}

/// Ports inside of the container, under the number that is published.
fn p2p_ports(published: u16) -> [String; 2] {
    let port = p2p_port(Some(published));
    [format!("{port}/tcp"), format!("{port}/udp")]
}

#[cfg(test)]
mod tests {
    use crate::node::tests::made;

    #[test]
    fn case_p2p_port_is_the_same_number_inside_and_outside() {
        let body = super::Made {
            publish_p2p: Some(40000),
            ..made()
        }
        .body();
        assert_eq!(body.exposed_ports.unwrap(), ["40000/tcp", "40000/udp"]);
        let bindings = body.host_config.unwrap().port_bindings.unwrap();
        for name in ["40000/tcp", "40000/udp"] {
            let bound = bindings[name].as_ref().unwrap();
            assert_eq!(bound[0].host_port.as_deref(), Some("40000"), "{name}");
        }
    }
}
