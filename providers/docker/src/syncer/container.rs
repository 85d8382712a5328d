//! The container of a syncer: how it is made.
//!
//! - Reads: the decisions of a plan.
//! - Returns: its workload.
//! - Never: lets Docker start it again by itself where nobody could give it its key.

use pospool_model::Problem;

use super::image::{DATA_DIR, KEY_PATH, syncer_command};
use super::wish::DesiredSyncer;
use crate::place::DataLocation;
use crate::workload::spec::{ContainerSpec, EnvironmentRule, IdleCommand, SecretWay, Workload};

/// Time that it has to end: what it waits for on the chain is in its journal.
const STOP_SECONDS: i64 = 30;
const MEMORY: i64 = 256 << 20;
const PIDS: i64 = 64;
/// Owner and mode are named: a second start would take them over from the folder that the first one left.
const TMPFS: &str = "rw,nosuid,nodev,noexec,size=4m,mode=0700,uid=10001,gid=10001";
/// The container's log: the newest 30 MB.
const LOG: (&str, &str) = ("10m", "3");

/// How a syncer's container is made.
pub(super) fn syncer_workload(spec: &ContainerSpec) -> Result<Workload, Problem> {
    let desired = DesiredSyncer::read(&spec.attributes)?;
    Ok(Workload {
        entrypoint: None,
        command: Some(syncer_command(&desired.every)),
        idle: IdleCommand {
            entrypoint: None,
            command: vec!["--version".to_owned()],
        },
        // Those that the image or the engine sets.
        environment: EnvironmentRule::Only(&["PATH=", "SSL_CERT_FILE="]),
        data: Some((DataLocation::Volume(spec.name.clone()), DATA_DIR)),
        tmpfs: Some(TMPFS),
        ports: Vec::new(),
        secrets: SecretWay::of(&desired.key, "private_key", KEY_PATH)?,
        variables: Vec::new(),
        memory: Some(MEMORY),
        pids: PIDS,
        log: LOG,
        stop_seconds: STOP_SECONDS,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::user::USER;
    use bollard::models::{ContainerCreateBody, ContainerInspectResponse, RestartPolicyNameEnum};

    use super::super::wish::tests::attributes;
    use super::*;
    use crate::client::Labels;
    use crate::names::{self, Name};
    use crate::workload::{body, drift};

    pub(crate) fn spec() -> ContainerSpec {
        let name = Name::new("pospool-1a2b3c4d-syncer.main").unwrap();
        ContainerSpec {
            network: name.clone(),
            name,
            lineage: "1a2b3c4d-0000".to_owned(),
            address: "syncer.main".parse().unwrap(),
            image: "pospool/syncer:0123456789ab".to_owned(),
            digest: "0123456789ab".to_owned(),
            own_network: true,
            place: None,
            more: Labels::new(),
            attributes: attributes(&[]),
        }
    }

    fn request(spec: &ContainerSpec) -> ContainerCreateBody {
        body::create_request(spec, &syncer_workload(spec).unwrap())
    }

    /// What the engine would say of a container that was made from `made`.
    fn inspected(spec: &ContainerSpec) -> ContainerInspectResponse {
        let mut found = drift::tests::inspected(&spec.name, &request(spec));
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
        let spec = spec();
        let mut found = inspected(&spec);
        assert_eq!(
            drift::find_drift(&spec, &syncer_workload(&spec).unwrap(), &found),
            Vec::<&str>::new()
        );
        let host = found.host_config.as_mut().unwrap();
        host.readonly_rootfs = Some(false);
        host.memory = None;
        host.restart_policy.as_mut().unwrap().name = Some(RestartPolicyNameEnum::ALWAYS);
        let config = found.config.as_mut().unwrap();
        config.env.as_mut().unwrap().push("KEY=1".to_owned());
        config.cmd.as_mut().unwrap().push("--once".to_owned());
        found.mounts.as_mut().unwrap().clear();
        assert_eq!(
            drift::find_drift(&spec, &syncer_workload(&spec).unwrap(), &found),
            [
                "command",
                "environment",
                "memory",
                "read-only root",
                "mounts",
                "restart policy"
            ]
        );
    }

    #[test]
    fn labels_and_command_name_the_key_and_do_not_hold_it() {
        let spec = spec();
        assert!(spec.labels()[names::ATTRIBUTES].contains("env:SYNCER"));
        let words = request(&spec).cmd.unwrap().join(" ");
        assert_eq!(
            words,
            "sync --spec /etc/pospool/sync.hcl --state /data/sync.state.json --status /tmp/pospool.sync.json --every 30s"
        );
    }

    /// Without these a second start could not write its status.
    #[test]
    fn its_folder_for_the_status_is_its_own_after_each_start() {
        let tmpfs = request(&spec()).host_config.unwrap().tmpfs.unwrap();
        let (user, group) = USER.split_once(':').unwrap();
        let options = format!("mode=0700,uid={user},gid={group}");
        assert!(tmpfs["/tmp"].ends_with(&options), "{tmpfs:?}");
    }

    #[test]
    fn it_never_comes_back_alone_and_takes_its_input_once() {
        let body = request(&spec());
        let policy = body.host_config.unwrap().restart_policy.unwrap();
        assert_eq!(policy.name, Some(RestartPolicyNameEnum::NO));
        assert_eq!((body.open_stdin, body.stdin_once), (Some(true), Some(true)));
    }
}
