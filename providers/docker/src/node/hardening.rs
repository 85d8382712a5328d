//! What somebody changed on a node's container since it was made.
//!
//! - Reads: the container as a plan decided on it, and as the engine describes it.
//! - Returns: names of what differs.
//! - Never: calls a difference harmless: whoever widened one limit could have copied the key.

use bollard::models::{ContainerConfig, ContainerInspectResponse};

use super::container::Made;
use crate::container::drift;
use crate::container::labels;
use crate::names;

impl Made {
    /// Names what differs between this and a container; empty when nothing does.
    pub(crate) fn differences(&self, found: &ContainerInspectResponse) -> Vec<&'static str> {
        let config = found.config.clone().unwrap_or_default();
        let seen = labels::of(found);
        let own = vec![
            ("entrypoint", is_entrypoint(&config)),
            ("environment", !sets_an_option(&config)),
            (
                "labels",
                labels::fit(&self.owner(), &seen) && seen.get(names::DIGEST) == Some(&self.digest),
            ),
        ];
        drift::differences(&self.name, &self.body(), found, own)
    }
}

fn is_entrypoint(config: &ContainerConfig) -> bool {
    config.entrypoint.as_deref() == Some(&["/opt/pospool/entrypoint".to_owned()])
        && config.cmd.as_ref().is_none_or(Vec::is_empty)
}

/// Whether a variable sets an option of the node.
fn sets_an_option(config: &ContainerConfig) -> bool {
    let mut variables = config.env.iter().flatten();
    variables.any(|variable| variable.starts_with("CFX_"))
}

#[cfg(test)]
mod tests {
    use bollard::models::{MountPoint, RestartPolicyNameEnum};

    use super::*;
    use crate::node::tests::made;

    fn inspected(made: &Made) -> ContainerInspectResponse {
        let mut found = drift::tests::inspected(&made.name, &made.body());
        let config = found.config.as_mut().unwrap();
        config.entrypoint = Some(vec!["/opt/pospool/entrypoint".to_owned()]);
        found
    }

    #[test]
    fn a_container_as_made_has_no_differences() {
        let made = made();
        assert_eq!(made.differences(&inspected(&made)), Vec::<&str>::new());
    }

    #[test]
    fn changes_by_hand_are_named() {
        let made = made();
        let mut found = inspected(&made);
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
            made.differences(&found),
            [
                "environment",
                "labels",
                "user",
                "memory",
                "restart policy",
                "read-only root",
                "privileges",
                "mounts"
            ]
        );
    }

    #[test]
    fn labels_name_the_secret_and_do_not_hold_it() {
        let labels = made().labels();
        assert!(labels[names::ATTRIBUTES].contains("env:"));
        assert_eq!(labels[names::ADDRESS], "node.main");
    }
}
