//! What somebody changed on a node's container since it was made.
//!
//! - Reads: the container as a plan decided on it, and as the engine describes it.
//! - Returns: names of what differs.
//! - Never: calls a difference harmless: whoever widened one limit could have copied the key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{
    ContainerConfig, ContainerInspectResponse, HostConfig, PortBinding, PortMap, ResourcesUlimits,
    RestartPolicyNameEnum,
};

use super::container::{Made, NO_NEW_PRIVILEGES, PIDS, STOP_SECONDS};
use crate::image::USER;
use crate::names;
use crate::render::DATA_DIR;

impl Made {
    /// Names what differs between this and a container; empty when nothing does.
    pub(crate) fn differences(&self, found: &ContainerInspectResponse) -> Vec<&'static str> {
        let config = found.config.clone().unwrap_or_default();
        let host = found.host_config.clone().unwrap_or_default();
        let mut different = self.config_differences(&config);
        different.extend(self.limit_differences(&host));
        different.extend(self.isolation_differences(&host));
        if !self.mounts_are_ours(found) {
            different.push("mounts");
        }
        let networks: BTreeSet<String> = found
            .network_settings
            .clone()
            .and_then(|settings| settings.networks)
            .unwrap_or_default()
            .into_keys()
            .collect();
        if networks != BTreeSet::from([self.network.to_string()]) {
            different.push("networks");
        }
        if found
            .name
            .as_deref()
            .unwrap_or_default()
            .trim_start_matches('/')
            != self.name.as_str()
        {
            different.push("name");
        }
        different
    }

    fn config_differences(&self, config: &ContainerConfig) -> Vec<&'static str> {
        let labels = config.labels.clone().unwrap_or_default();
        let secret = |variable: &String| variable.starts_with("CFX_");
        different(&[
            ("image", config.image.as_ref() == Some(&self.image)),
            ("user", config.user.as_deref() == Some(USER)),
            (
                "entrypoint",
                config.entrypoint.as_deref() == Some(&["/opt/pospool/entrypoint".to_owned()])
                    && config.cmd.as_ref().is_none_or(Vec::is_empty),
            ),
            (
                "environment",
                !config.env.as_deref().unwrap_or_default().iter().any(secret),
            ),
            (
                "labels",
                self.owner()
                    .iter()
                    .all(|(key, value)| labels.get(key) == Some(value))
                    && labels.get(names::DIGEST) == Some(&self.digest),
            ),
            (
                "stop timeout",
                config.stop_timeout == Some(i64::from(STOP_SECONDS)),
            ),
        ])
    }

    fn limit_differences(&self, host: &HostConfig) -> Vec<&'static str> {
        let ours = self.host_config();
        let zero = |value: Option<i64>| value.unwrap_or(0) == 0;
        let swap = host.memory_swap.unwrap_or(0);
        let policy = host.restart_policy.as_ref().and_then(|policy| policy.name);
        different(&[
            // An engine that cannot limit swap writes -1.
            (
                "memory",
                host.memory.unwrap_or(0) == self.memory.unwrap_or(0)
                    && (swap == -1 || swap == self.memory.unwrap_or(0)),
            ),
            (
                "processors",
                zero(host.nano_cpus)
                    && zero(host.cpu_quota)
                    && zero(host.cpu_shares)
                    && host.cpuset_cpus.as_deref().unwrap_or_default().is_empty(),
            ),
            ("pids limit", host.pids_limit == Some(PIDS)),
            (
                "ulimits",
                same_ulimits(host.ulimits.as_deref(), ours.ulimits.as_deref()),
            ),
            ("logs", host.log_config == ours.log_config),
            (
                "restart policy",
                matches!(
                    policy,
                    None | Some(RestartPolicyNameEnum::NO | RestartPolicyNameEnum::EMPTY)
                ),
            ),
            (
                "ports",
                ports(host.port_bindings.as_ref()) == ports(ours.port_bindings.as_ref()),
            ),
        ])
    }

    fn isolation_differences(&self, host: &HostConfig) -> Vec<&'static str> {
        let empty = |list: Option<&Vec<String>>| list.is_none_or(Vec::is_empty);
        let plain = |mode: Option<&String>| mode.is_none_or(String::is_empty);
        let ipc = host.ipc_mode.as_deref().unwrap_or_default();
        different(&[
            ("read-only root", host.readonly_rootfs == Some(true)),
            ("tmpfs", host.tmpfs == self.host_config().tmpfs),
            (
                "capabilities",
                empty(host.cap_add.as_ref())
                    && host.cap_drop.as_deref() == Some(&["ALL".to_owned()]),
            ),
            (
                "privileges",
                host.privileged != Some(true)
                    && host.security_opt.as_deref() == Some(&[NO_NEW_PRIVILEGES.to_owned()]),
            ),
            (
                "namespaces",
                plain(host.pid_mode.as_ref())
                    && plain(host.uts_mode.as_ref())
                    && plain(host.userns_mode.as_ref())
                    && matches!(ipc, "" | "private" | "shareable"),
            ),
            (
                "devices",
                host.devices.as_ref().is_none_or(Vec::is_empty)
                    && host.device_requests.as_ref().is_none_or(Vec::is_empty),
            ),
            ("groups", empty(host.group_add.as_ref())),
            (
                "network",
                host.network_mode.as_deref() == Some(self.network.as_str()),
            ),
        ])
    }

    fn mounts_are_ours(&self, found: &ContainerInspectResponse) -> bool {
        let mounts = found.mounts.as_deref().unwrap_or_default();
        matches!(mounts, [mount] if mount.name.as_deref() == Some(self.volume.as_str())
            && mount.destination.as_deref() == Some(DATA_DIR)
            && mount.rw != Some(false))
    }
}

fn different(checks: &[(&'static str, bool)]) -> Vec<&'static str> {
    checks
        .iter()
        .filter(|(_, same)| !same)
        .map(|(name, _)| *name)
        .collect()
}

fn same_ulimits(found: Option<&[ResourcesUlimits]>, ours: Option<&[ResourcesUlimits]>) -> bool {
    let sorted = |list: Option<&[ResourcesUlimits]>| {
        let mut list: Vec<_> = list
            .unwrap_or_default()
            .iter()
            .map(|limit| (limit.name.clone(), limit.soft, limit.hard))
            .collect();
        list.sort();
        list
    };
    sorted(found) == sorted(ours)
}

/// Ports by name; the engine fills in an empty address.
fn ports(map: Option<&PortMap>) -> BTreeMap<String, Vec<(String, String)>> {
    let one = |binding: &PortBinding| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        (text(&binding.host_ip), text(&binding.host_port))
    };
    map.unwrap_or(&HashMap::new())
        .iter()
        .map(|(name, bindings)| {
            let bindings = bindings.as_deref().unwrap_or_default();
            (name.clone(), bindings.iter().map(one).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use bollard::models::{EndpointSettings, MountPoint, NetworkSettings};

    use super::*;
    use crate::node::tests::made;

    /// What the engine would say of a container that was made from `made`.
    fn inspected(made: &Made) -> ContainerInspectResponse {
        let body = made.body();
        ContainerInspectResponse {
            name: Some(format!("/{}", made.name)),
            config: Some(ContainerConfig {
                image: body.image,
                user: body.user,
                labels: body.labels,
                entrypoint: Some(vec!["/opt/pospool/entrypoint".to_owned()]),
                stop_timeout: body.stop_timeout,
                ..ContainerConfig::default()
            }),
            host_config: body.host_config,
            mounts: Some(vec![MountPoint {
                name: Some(made.volume.to_string()),
                destination: Some(DATA_DIR.to_owned()),
                rw: Some(true),
                ..MountPoint::default()
            }]),
            network_settings: Some(NetworkSettings {
                networks: Some([(made.network.to_string(), EndpointSettings::default())].into()),
                ..NetworkSettings::default()
            }),
            ..ContainerInspectResponse::default()
        }
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
        found.config.as_mut().unwrap().user = Some("0".to_owned());
        found.mounts.as_mut().unwrap().push(MountPoint::default());
        assert_eq!(
            made.differences(&found),
            [
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
