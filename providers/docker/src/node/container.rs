//! A node's container: how it is made.
//!
//! - Reads: the decisions of a plan.
//! - Returns: its workload.
//! - Never: lets Docker start it again by itself where nobody could give it its password.

use pospool_model::Problem;
use pospool_model::guard::{PASSWORD_PATH, SOURCES};

use super::wish::DesiredNode;
use crate::attributes::missing_attribute;
use crate::client::Labels;
use crate::names;
use crate::render::layout::DATA_DIR;
use crate::render::p2p_port;
use crate::workload::spec::{
    ContainerSpec, EnvironmentRule, IdleCommand, Port, SecretWay, Workload,
};

/// Time that the node has to stop: its own clean shutdown takes up to 1,200 seconds.
const STOP_SECONDS: i64 = 1260;
const PIDS: i64 = 4096;
const TMPFS: &str = "rw,nosuid,nodev,noexec,size=64m";
/// The container's log: the newest 250 MB.
const LOG: (&str, &str) = ("50m", "5");

/// How a node's container is made.
pub(super) fn node_workload(spec: &ContainerSpec) -> Result<Workload, Problem> {
    let desired = DesiredNode::read(&spec.attributes)?;
    let place = spec
        .place
        .clone()
        .ok_or_else(|| missing_attribute("data"))?;
    Ok(Workload {
        entrypoint: Some(vec!["/opt/pospool/entrypoint".to_owned()]),
        command: None,
        idle: IdleCommand {
            entrypoint: Some(vec!["/bin/true".to_owned()]),
            command: Vec::new(),
        },
        // Such a variable sets an option of the node.
        environment: EnvironmentRule::Without("CFX_"),
        data: Some((place, DATA_DIR)),
        tmpfs: Some(TMPFS),
        ports: ports(desired.publish_p2p),
        secrets: SecretWay::of(&desired.password, "pos_key_password", PASSWORD_PATH)?,
        variables: variables(spec),
        memory: desired.memory.or_else(|| labelled_memory(&spec.more)),
        pids: PIDS,
        log: LOG,
        stop_seconds: STOP_SECONDS,
    })
}

/// The limit that pospool took where the spec names none.
pub(super) fn labelled_memory(labels: &Labels) -> Option<i64> {
    let bytes = labels.get(names::MEMORY)?.parse::<i64>().ok();
    bytes.filter(|bytes| *bytes > 0)
}

/// The sources that a guard asks whose secrets are mounted: nobody hands it any when Docker starts it.
fn variables(spec: &ContainerSpec) -> Vec<String> {
    let sources = spec.more.get(names::SOURCES);
    let sources = sources.map(|sources| format!("{SOURCES}={sources}"));
    sources.into_iter().collect()
}

/// Ports for other nodes: inside of the container, under the number that is published.
fn ports(published: Option<u16>) -> Vec<Port> {
    let Some(published) = published else {
        return Vec::new();
    };
    let port = |protocol| Port {
        inside: p2p_port(Some(published)),
        protocol,
        address: None,
        published,
    };
    ["tcp", "udp"].map(port).into()
}

#[cfg(test)]
mod tests {
    use crate::workload::spec::ContainerSpec;
    use bollard::models::{ContainerInspectResponse, MountPoint, RestartPolicyNameEnum};
    use pospool_model::SecretRef;

    use crate::kinds;
    use crate::names;
    use crate::node::tests::{attributes, spec};
    use crate::workload::{body, drift};

    #[test]
    fn case_p2p_port_is_the_same_number_inside_and_outside() {
        let mut spec = spec();
        spec.attributes = attributes(&[("publish_p2p", pospool_model::Value::Integer(40000))]);
        let body = body::create_request(&spec, &kinds::workload_of(&spec).unwrap());
        let mut exposed = body.exposed_ports.unwrap();
        exposed.sort();
        assert_eq!(exposed, ["40000/tcp", "40000/udp"]);
        let bindings = body.host_config.unwrap().port_bindings.unwrap();
        for name in ["40000/tcp", "40000/udp"] {
            let bound = bindings[name].as_ref().unwrap();
            assert_eq!(bound[0].host_port.as_deref(), Some("40000"), "{name}");
        }
    }

    fn inspected(spec: &ContainerSpec) -> ContainerInspectResponse {
        let body = body::create_request(spec, &kinds::workload_of(spec).unwrap());
        let mut found = drift::tests::inspected(&spec.name, &body);
        let config = found.config.as_mut().unwrap();
        config.entrypoint = Some(vec!["/opt/pospool/entrypoint".to_owned()]);
        found
    }

    fn differences(spec: &ContainerSpec, found: &ContainerInspectResponse) -> Vec<&'static str> {
        drift::find_drift(spec, &kinds::workload_of(spec).unwrap(), found)
    }

    #[test]
    fn a_container_as_made_has_no_differences() {
        let spec = spec();
        assert_eq!(differences(&spec, &inspected(&spec)), Vec::<&str>::new());
    }

    #[test]
    fn case_reboot_a_mounted_password_brings_the_node_back() {
        let mounted = SecretRef::Mount("/etc/pospool/password".into());
        let mut spec = spec();
        spec.attributes =
            attributes(&[("pos_key_password", pospool_model::Value::Secret(mounted))]);
        spec.more
            .insert(names::SOURCES.to_owned(), "http://a http://b".to_owned());
        let body = body::create_request(&spec, &kinds::workload_of(&spec).unwrap());
        assert_eq!(body.open_stdin, None);
        assert_eq!(
            body.env.as_deref(),
            Some(&["POSPOOL_SOURCES=http://a http://b".to_owned()][..])
        );
        let host = body.host_config.as_ref().unwrap();
        let policy = host.restart_policy.as_ref().unwrap();
        assert_eq!(policy.name, Some(RestartPolicyNameEnum::ALWAYS));
        assert!(host.ulimits.is_some(), "no core dumps");
        let mount = &host.mounts.as_ref().unwrap()[0];
        assert_eq!(mount.read_only, Some(true));
        assert_eq!(
            mount.target.as_deref(),
            Some("/run/pospool/pos_key_password")
        );
        let mut found = inspected(&spec);
        assert_eq!(differences(&spec, &found), Vec::<&str>::new());
        found.mounts.as_mut().unwrap().last_mut().unwrap().rw = Some(true);
        assert_eq!(differences(&spec, &found), ["mounts"]);
        // What is only proven gets no secret, and takes a line that is none.
        let trial = body::trial_request(&spec, &kinds::workload_of(&spec).unwrap(), None);
        assert_eq!(trial.open_stdin, Some(true));
        assert_eq!(trial.host_config.unwrap().mounts, None);
    }

    /// The default changed; the containers that are there did not.
    #[test]
    fn a_container_of_before_the_default_limit_is_as_it_was_made() {
        let mut old = spec();
        old.attributes = attributes(&[]);
        let mut new = old.clone();
        new.more
            .insert(names::MEMORY.to_owned(), (13_i64 << 30).to_string());
        assert_eq!(differences(&old, &inspected(&old)), Vec::<&str>::new());
        assert_eq!(differences(&new, &inspected(&new)), Vec::<&str>::new());
        let host = inspected(&new).host_config.unwrap();
        assert_eq!(
            (host.memory, host.memory_swap),
            (Some(13 << 30), Some(13 << 30))
        );
        // Whoever takes the limit away is seen.
        let mut found = inspected(&new);
        found.host_config.as_mut().unwrap().memory = None;
        assert_eq!(differences(&new, &found), ["memory"]);
        // What the spec says counts.
        new.attributes = attributes(&[("memory", "16g".into())]);
        let body = body::create_request(&new, &kinds::workload_of(&new).unwrap());
        assert_eq!(body.host_config.unwrap().memory, Some(16 << 30));
    }

    #[test]
    fn changes_by_hand_are_named() {
        let spec = spec();
        let mut found = inspected(&spec);
        let host = found.host_config.as_mut().unwrap();
        host.memory = Some(1);
        host.readonly_rootfs = Some(false);
        host.privileged = Some(true);
        host.restart_policy.as_mut().unwrap().name = Some(RestartPolicyNameEnum::ALWAYS);
        let config = found.config.as_mut().unwrap();
        config.user = Some("0".to_owned());
        config.env = Some(vec!["CFX_LOG=1".to_owned()]);
        config.labels.as_mut().unwrap().clear();
        found.mounts.as_mut().unwrap().push(MountPoint::default());
        assert_eq!(
            differences(&spec, &found),
            [
                "environment",
                "labels",
                "user",
                "memory",
                "read-only root",
                "privileges",
                "mounts",
                "restart policy"
            ]
        );
    }

    #[test]
    fn labels_name_the_secret_and_do_not_hold_it() {
        let labels = spec().labels();
        assert!(labels[names::ATTRIBUTES].contains("env:"));
        assert_eq!(labels[names::ADDRESS], "node.main");
    }
}
