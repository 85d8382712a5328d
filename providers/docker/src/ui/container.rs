//! The container of a page: how it is made, and what somebody changed on it.
//!
//! - Reads: the decisions of a plan; the container as the engine describes it.
//! - Returns: the request that makes it; names of what differs.
//! - Never: gives it more than a server of static files needs.

use std::net::SocketAddr;

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HostConfig, PortBinding, PortMap,
    RestartPolicyNameEnum,
};
use pospool_model::{Address, Attributes};
use serde::{Deserialize, Serialize};

use super::image::{PORT, USER};
use crate::client::Labels;
use crate::container::hardened::{Limits, hardened, restarts};
use crate::container::{drift, labels};
use crate::names::Name;

/// Label of a container: digest over what the page was made from, apart from its own attributes.
pub(crate) const CONTENT: &str = "pospool.content";
/// Label of a container: digest of its page.
pub(crate) const PAGE: &str = "pospool.page";
/// Time that the server has to end.
const STOP_SECONDS: i64 = 10;
const MEMORY: i64 = 128 << 20;
const PIDS: i64 = 64;
/// The container's log: the newest 30 MB.
const LOG: (&str, &str) = ("10m", "3");

/// Everything that decides how a page's container is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    /// Its name, and the one of its network.
    pub(crate) name: Name,
    /// Lineage of the state.
    pub(crate) lineage: String,
    /// Its resource.
    pub(crate) address: Address,
    /// Name of the image.
    pub(crate) image: String,
    /// Digest of everything in that image.
    pub(crate) digest: String,
    /// Digest of the page in it.
    pub(crate) page: String,
    /// Digest over what the page was made from, apart from its attributes.
    pub(crate) content: String,
    /// Where it is published.
    pub(crate) listen: SocketAddr,
    /// Normalised attributes, for its label.
    pub(crate) attributes: Attributes,
}

impl Made {
    /// Labels of the container.
    pub(crate) fn labels(&self) -> Labels {
        let mut labels = labels::made(&self.lineage, &self.address, &self.digest, &self.attributes);
        labels.insert(PAGE.to_owned(), self.page.clone());
        labels.insert(CONTENT.to_owned(), self.content.clone());
        labels
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
            exposed_ports: Some(vec![port()]),
            stop_signal: Some("SIGTERM".to_owned()),
            stop_timeout: Some(STOP_SECONDS),
            host_config: Some(self.host_config()),
            ..ContainerCreateBody::default()
        }
    }

    fn host_config(&self) -> HostConfig {
        HostConfig {
            network_mode: Some(self.name.to_string()),
            port_bindings: Some(self.ports()),
            // It has no secret: unlike a node it may come back alone after a reboot.
            restart_policy: Some(restarts(RestartPolicyNameEnum::UNLESS_STOPPED)),
            ..hardened(Limits {
                memory: Some(MEMORY),
                pids: PIDS,
                log: LOG,
            })
        }
    }

    fn ports(&self) -> PortMap {
        let binding = PortBinding {
            host_ip: Some(self.listen.ip().to_string()),
            host_port: Some(self.listen.port().to_string()),
        };
        [(port(), Some(vec![binding]))].into()
    }

    /// Names what differs between this and a container; empty when nothing does.
    pub(crate) fn differences(&self, found: &ContainerInspectResponse) -> Vec<&'static str> {
        drift::differences(&self.name, &self.body(), found, Vec::new())
    }
}

fn port() -> String {
    format!("{PORT}/tcp")
}

#[cfg(test)]
pub(crate) mod tests {
    use bollard::models::MountPoint;

    use super::*;

    pub(crate) fn made() -> Made {
        Made {
            name: Name::new("pospool-1a2b3c4d-ui.site").unwrap(),
            lineage: "1a2b3c4d-0000".to_owned(),
            address: "ui.site".parse().unwrap(),
            image: "pospool/ui:0123456789ab".to_owned(),
            digest: "0123456789ab".to_owned(),
            page: "0a".to_owned(),
            content: "0b".to_owned(),
            listen: "127.0.0.1:8080".parse().unwrap(),
            attributes: Attributes::new(),
        }
    }

    #[test]
    fn changes_by_hand_are_named_and_nothing_else() {
        let made = made();
        let mut found = drift::tests::inspected(&made.name, &made.body());
        assert_eq!(made.differences(&found), Vec::<&str>::new());
        let host = found.host_config.as_mut().unwrap();
        host.readonly_rootfs = Some(false);
        host.cap_add = Some(vec!["NET_ADMIN".to_owned()]);
        host.memory = None;
        found.mounts = Some(vec![MountPoint::default()]);
        assert_eq!(
            made.differences(&found),
            ["memory", "read-only root", "capabilities", "mounts"]
        );
    }

    #[test]
    fn it_is_published_where_the_operator_says_and_nowhere_else() {
        let ports = made().ports();
        let bindings = ports["8080/tcp"].as_ref().unwrap();
        assert_eq!(bindings.len(), 1);
        assert_eq!(bindings[0].host_ip.as_deref(), Some("127.0.0.1"));
    }
}
