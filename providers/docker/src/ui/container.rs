//! The container of a page: how it is made.
//!
//! - Reads: the decisions of a plan.
//! - Returns: its workload.
//! - Never: gives it more than a server of static files needs. It has no secret: unlike a node it may come back alone.

use pospool_model::Problem;

use super::image::PORT;
use super::wish::DesiredPage;
use crate::workload::spec::{
    ContainerSpec, EnvironmentRule, IdleCommand, Port, SecretWay, Workload,
};

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

/// How a page's container is made.
pub(super) fn page_workload(spec: &ContainerSpec) -> Result<Workload, Problem> {
    let listen = DesiredPage::read(&spec.attributes)?.listen;
    Ok(Workload {
        entrypoint: None,
        command: None,
        idle: IdleCommand {
            entrypoint: None,
            command: vec!["--version".to_owned()],
        },
        environment: EnvironmentRule::Only(&["PATH="]),
        data: None,
        tmpfs: None,
        ports: vec![Port {
            inside: PORT,
            protocol: "tcp",
            address: Some(listen.ip()),
            published: listen.port(),
        }],
        secrets: SecretWay::None,
        variables: Vec::new(),
        memory: Some(MEMORY),
        pids: PIDS,
        log: LOG,
        stop_seconds: STOP_SECONDS,
    })
}

#[cfg(test)]
mod tests {
    use bollard::models::MountPoint;

    use super::super::wish::tests::attributes;
    use super::*;
    use crate::client::Labels;
    use crate::names::Name;
    use crate::workload::{body, drift};

    fn spec() -> ContainerSpec {
        let name = Name::new("pospool-1a2b3c4d-ui.site").unwrap();
        ContainerSpec {
            network: name.clone(),
            own_network: true,
            name,
            lineage: "1a2b3c4d-0000".to_owned(),
            address: "ui.site".parse().unwrap(),
            image: "pospool/ui:0123456789ab".to_owned(),
            digest: "0123456789ab".to_owned(),
            place: None,
            more: Labels::from([(PAGE.to_owned(), "0a".to_owned())]),
            attributes: attributes(&[]),
        }
    }

    #[test]
    fn changes_by_hand_are_named_and_nothing_else() {
        let spec = spec();
        let workload = page_workload(&spec).unwrap();
        let mut found =
            drift::tests::inspected(&spec.name, &body::create_request(&spec, &workload));
        let different = |found: &_| drift::find_drift(&spec, &workload, found);
        assert_eq!(different(&found), Vec::<&str>::new());
        let host = found.host_config.as_mut().unwrap();
        host.readonly_rootfs = Some(false);
        host.cap_add = Some(vec!["NET_ADMIN".to_owned()]);
        host.memory = None;
        found.mounts = Some(vec![MountPoint::default()]);
        assert_eq!(
            different(&found),
            ["memory", "read-only root", "capabilities", "mounts"]
        );
    }

    #[test]
    fn it_is_published_where_the_operator_says_and_nowhere_else() {
        let spec = spec();
        let request = body::create_request(&spec, &page_workload(&spec).unwrap());
        let ports = request.host_config.unwrap().port_bindings.unwrap();
        let bindings = ports["8080/tcp"].as_ref().unwrap();
        assert_eq!((ports.len(), bindings.len()), (1, 1));
        assert_eq!(bindings[0].host_ip.as_deref(), Some("127.0.0.1"));
    }
}
