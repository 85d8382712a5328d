//! The container of a syncer: how it is made, and what somebody changed on it.
//!
//! - Reads: the decisions of a plan; the container as the engine describes it.
//! - Returns: the request that makes it; names of what differs.
//! - Never: asks Docker to start it again by itself: a container that came back alone would wait for its key.

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HostConfig, RestartPolicyNameEnum,
};
use pospool_model::{Address, Attributes};
use serde::{Deserialize, Serialize};

use super::image::{DATA_DIR, USER, command};
use crate::client::Labels;
use crate::container::hardened::{Limits, hardened, no_core_dumps, restarts};
use crate::container::{drift, labels};
use crate::names::Name;

/// Time that it has to end: what it waits for on the chain is in its journal.
const STOP_SECONDS: i64 = 30;
const MEMORY: i64 = 256 << 20;
const PIDS: i64 = 64;
/// Owner and mode are named: a second start would take them over from the folder that the first one left.
const TMPFS: &str = "rw,nosuid,nodev,noexec,size=4m,mode=0700,uid=10001,gid=10001";
/// The container's log: the newest 30 MB.
const LOG: (&str, &str) = ("10m", "3");
/// Variables that the image or the engine sets.
const VARIABLES: [&str; 2] = ["PATH=", "SSL_CERT_FILE="];

/// Everything that decides how a syncer's container is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    /// Its name, and the one of its volume.
    pub(crate) name: Name,
    /// Lineage of the state.
    pub(crate) lineage: String,
    /// Its resource.
    pub(crate) address: Address,
    /// Name of the image.
    pub(crate) image: String,
    /// Digest of everything in that image.
    pub(crate) digest: String,
    /// Network that it joins.
    pub(crate) network: Name,
    /// Whether that network is its own.
    pub(crate) own_network: bool,
    /// Time between two rounds.
    pub(crate) every: String,
    /// Normalised attributes, for its label; without those that change in place.
    pub(crate) attributes: Attributes,
}

/// Attributes that say nothing about how the container was made.
pub(crate) const IN_PLACE: [&str; 2] = ["state", "hardening"];

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
            cmd: Some(command(&self.every)),
            labels: Some(self.labels().into_iter().collect()),
            attach_stdin: Some(true),
            open_stdin: Some(true),
            // The input ends with the attachment that brings the key: if pospool dies in between, the
            // syncer sees the end and says that it has no key.
            stdin_once: Some(true),
            stop_signal: Some("SIGTERM".to_owned()),
            stop_timeout: Some(STOP_SECONDS),
            host_config: Some(self.host_config()),
            ..ContainerCreateBody::default()
        }
    }

    fn host_config(&self) -> HostConfig {
        HostConfig {
            binds: Some(vec![format!("{}:{DATA_DIR}", self.name)]),
            network_mode: Some(self.network.to_string()),
            tmpfs: Some([("/tmp".to_owned(), TMPFS.to_owned())].into()),
            ulimits: Some(no_core_dumps()),
            restart_policy: Some(restarts(RestartPolicyNameEnum::NO)),
            ..hardened(Limits {
                memory: Some(MEMORY),
                pids: PIDS,
                log: LOG,
            })
        }
    }

    /// Names what differs between this and a container; empty when nothing does.
    pub(crate) fn differences(&self, found: &ContainerInspectResponse) -> Vec<&'static str> {
        let config = found.config.clone().unwrap_or_default();
        let known = |variable: &String| VARIABLES.iter().any(|name| variable.starts_with(name));
        let own = vec![
            ("command", config.cmd == Some(command(&self.every))),
            ("environment", config.env.iter().flatten().all(known)),
        ];
        drift::differences(&self.name, &self.body(), found, own)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::wish::tests::attributes;
    use super::*;
    use crate::names;

    pub(crate) fn made() -> Made {
        let name = Name::new("pospool-1a2b3c4d-syncer.main").unwrap();
        Made {
            network: name.clone(),
            name,
            lineage: "1a2b3c4d-0000".to_owned(),
            address: "syncer.main".parse().unwrap(),
            image: "pospool/syncer:0123456789ab".to_owned(),
            digest: "0123456789ab".to_owned(),
            own_network: true,
            every: "30s".to_owned(),
            attributes: attributes(&[]),
        }
    }

    /// What the engine would say of a container that was made from `made`.
    fn inspected(made: &Made) -> ContainerInspectResponse {
        let mut found = drift::tests::inspected(&made.name, &made.body());
        let config = found.config.as_mut().unwrap();
        config.env = Some(
            ["PATH=/bin", "SSL_CERT_FILE=/etc/ca"]
                .map(str::to_owned)
                .into(),
        );
        found
    }

    #[test]
    fn changes_by_hand_are_named_and_nothing_else() {
        let made = made();
        let mut found = inspected(&made);
        assert_eq!(made.differences(&found), Vec::<&str>::new());
        let host = found.host_config.as_mut().unwrap();
        host.readonly_rootfs = Some(false);
        host.memory = None;
        host.restart_policy.as_mut().unwrap().name = Some(RestartPolicyNameEnum::ALWAYS);
        let config = found.config.as_mut().unwrap();
        config.env.as_mut().unwrap().push("KEY=1".to_owned());
        config.cmd.as_mut().unwrap().push("--once".to_owned());
        found.mounts.as_mut().unwrap().clear();
        assert_eq!(
            made.differences(&found),
            [
                "command",
                "environment",
                "memory",
                "restart policy",
                "read-only root",
                "mounts"
            ]
        );
    }

    #[test]
    fn labels_and_command_name_the_key_and_do_not_hold_it() {
        let made = made();
        assert!(made.labels()[names::ATTRIBUTES].contains("env:SYNCER"));
        let words = made.body().cmd.unwrap().join(" ");
        assert_eq!(
            words,
            "sync --spec /etc/pospool/sync.hcl --state /data/sync.state.json --status /tmp/pospool.sync.json --every 30s"
        );
    }

    /// Without these a second start could not write its status.
    #[test]
    fn its_folder_for_the_status_is_its_own_after_each_start() {
        let tmpfs = made().host_config().tmpfs.unwrap();
        let (user, group) = USER.split_once(':').unwrap();
        let options = format!("mode=0700,uid={user},gid={group}");
        assert!(tmpfs["/tmp"].ends_with(&options), "{tmpfs:?}");
    }

    #[test]
    fn it_never_comes_back_alone_and_takes_its_input_once() {
        let body = made().body();
        let policy = body.host_config.unwrap().restart_policy.unwrap();
        assert_eq!(policy.name, Some(RestartPolicyNameEnum::NO));
        assert_eq!((body.open_stdin, body.stdin_once), (Some(true), Some(true)));
    }
}
