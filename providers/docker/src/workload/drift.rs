//! What somebody changed on a container since it was made.
//!
//! - Reads: the request that would make it, and the container as the engine describes it.
//! - Returns: names of what differs.
//! - Never: calls a difference harmless: whoever widened one limit could have copied a key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{
    ContainerConfig, ContainerCreateBody, ContainerInspectResponse, HostConfig, MountPoint,
    PortBinding, PortMap, ResourcesUlimits,
};

use super::{body, labels, restarts};
use crate::names::{self, Name};
use crate::rows::AS_MADE;
use crate::workload::spec::{ContainerSpec, EnvironmentRule, Workload};

/// One check: its name, and whether it found everything as it was made.
type DriftCheck = (&'static str, bool);

/// What Docker can put right while the container runs. Memory is among it only where there is a limit: Docker takes one
/// away from no container.
const IN_PLACE: [&str; 5] = ["memory", "pids limit", "restart policy", "networks", "name"];

/// The attribute `runtime` where the container that was replaced is still there.
pub(super) const LEFT: &str = "the container before it is left";

/// The attributes `hardening` and `runtime`: what makes the container anew, and what is put right on it. `None` means that
/// its labels do not say how it was made.
pub(super) fn split_drift(different: Option<Vec<&'static str>>) -> (String, Option<String>) {
    let Some(different) = different else {
        return ("changed: labels".to_owned(), None);
    };
    let (in_place, lasting): (Vec<_>, Vec<_>) =
        different.into_iter().partition(|it| IN_PLACE.contains(it));
    let words = |list: Vec<&str>| {
        let changed = format!("changed: {}", list.join(", "));
        Some(changed).filter(|_| !list.is_empty())
    };
    (
        words(lasting).unwrap_or_else(|| AS_MADE.to_owned()),
        words(in_place),
    )
}

/// Names everything that differs between a container and how it would be made.
pub(crate) fn find_drift(
    spec: &ContainerSpec,
    workload: &Workload,
    found: &ContainerInspectResponse,
) -> Vec<&'static str> {
    let mut different = own(spec, workload, found);
    let request = body::create_request(spec, workload);
    different.extend(differences(&spec.name, &request, found));
    different
}

/// Names what differs of what a request does not show: words and variables, which the image brings along.
fn own(
    spec: &ContainerSpec,
    workload: &Workload,
    found: &ContainerInspectResponse,
) -> Vec<&'static str> {
    let config = found.config.clone().unwrap_or_default();
    let seen = labels::labels_of(found);
    let entrypoint = workload.entrypoint.as_ref();
    let command = match (&workload.command, entrypoint) {
        (Some(command), _) => config.cmd.as_ref() == Some(command),
        (None, Some(_)) => config.cmd.as_ref().is_none_or(Vec::is_empty),
        (None, None) => true,
    };
    let mut variables = config.env.iter().flatten();
    let environment = match workload.environment {
        EnvironmentRule::Only(known) => {
            variables.all(|variable| known.iter().any(|name| variable.starts_with(name)))
        }
        EnvironmentRule::Without(start) => !variables.any(|variable| variable.starts_with(start)),
    };
    let labelled =
        labels::labels_match(&spec.owner(), &seen) && seen.get(names::DIGEST) == Some(&spec.digest);
    named([
        (
            "entrypoint",
            entrypoint.is_none() || config.entrypoint.as_ref() == entrypoint,
        ),
        ("command", command),
        ("environment", environment),
        ("labels", labelled),
    ])
}

/// Names what differs between a container and the request that would make it.
fn differences(
    name: &Name,
    body: &ContainerCreateBody,
    found: &ContainerInspectResponse,
) -> Vec<&'static str> {
    let config = found.config.clone().unwrap_or_default();
    let host = found.host_config.clone().unwrap_or_default();
    let ours = body.host_config.clone().unwrap_or_default();
    let checks = process(body, &config).into_iter();
    let checks = checks
        .chain(limits(&ours, &host))
        .chain(isolation(&ours, &host))
        .chain(surroundings(name, &ours, found));
    named(checks)
}

fn named(checks: impl IntoIterator<Item = DriftCheck>) -> Vec<&'static str> {
    let different = checks.into_iter().filter(|(_, same)| !same);
    different.map(|(name, _)| name).collect()
}

fn process(body: &ContainerCreateBody, config: &ContainerConfig) -> [DriftCheck; 3] {
    [
        ("image", config.image == body.image),
        ("user", config.user == body.user),
        ("stop timeout", config.stop_timeout == body.stop_timeout),
    ]
}

fn limits(ours: &HostConfig, host: &HostConfig) -> [DriftCheck; 6] {
    let zero = |value: Option<i64>| value.unwrap_or(0) == 0;
    let (memory, swap) = (ours.memory.unwrap_or(0), host.memory_swap.unwrap_or(0));
    // Docker takes a limit away from no container, so that one which was not wanted makes it anew.
    let limit = if memory == 0 {
        "memory limit"
    } else {
        "memory"
    };
    [
        // An engine that cannot limit swap writes -1.
        (
            limit,
            host.memory.unwrap_or(0) == memory && (swap == -1 || swap == memory),
        ),
        (
            "processors",
            zero(host.nano_cpus)
                && zero(host.cpu_quota)
                && zero(host.cpu_shares)
                && host.cpuset_cpus.as_deref().unwrap_or_default().is_empty(),
        ),
        ("pids limit", host.pids_limit == ours.pids_limit),
        (
            "ulimits",
            ours.ulimits.is_none()
                || same_ulimits(host.ulimits.as_deref(), ours.ulimits.as_deref()),
        ),
        ("logs", host.log_config == ours.log_config),
        (
            "ports",
            ports(host.port_bindings.as_ref()) == ports(ours.port_bindings.as_ref()),
        ),
    ]
}

fn isolation(ours: &HostConfig, host: &HostConfig) -> [DriftCheck; 8] {
    let plain = |mode: Option<&String>| mode.is_none_or(String::is_empty);
    let ipc = host.ipc_mode.as_deref().unwrap_or_default();
    [
        (
            "read-only root",
            host.readonly_rootfs == ours.readonly_rootfs,
        ),
        (
            "tmpfs",
            filled(host.tmpfs.as_ref()) == filled(ours.tmpfs.as_ref()),
        ),
        (
            "capabilities",
            empty(host.cap_add.as_ref()) && host.cap_drop == ours.cap_drop,
        ),
        (
            "privileges",
            host.privileged != Some(true) && host.security_opt == ours.security_opt,
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
            empty(host.devices.as_ref()) && empty(host.device_requests.as_ref()),
        ),
        ("groups", empty(host.group_add.as_ref())),
        ("network", host.network_mode == ours.network_mode),
    ]
}

fn surroundings(
    name: &Name,
    ours: &HostConfig,
    found: &ContainerInspectResponse,
) -> [DriftCheck; 4] {
    let networks = found.network_settings.clone();
    let networks = networks.and_then(|settings| settings.networks);
    let networks: BTreeSet<String> = networks.unwrap_or_default().into_keys().collect();
    let seen = found.name.as_deref().unwrap_or_default();
    [
        ("mounts", are_ours(found.mounts.as_deref(), ours)),
        (
            "networks",
            networks == ours.network_mode.iter().cloned().collect(),
        ),
        ("name", seen.trim_start_matches('/') == name.as_str()),
        ("restart policy", restarts::is_as_made(ours, found)),
    ]
}

fn empty<T>(list: Option<&Vec<T>>) -> bool {
    list.is_none_or(Vec::is_empty)
}

fn filled(map: Option<&HashMap<String, String>>) -> Option<&HashMap<String, String>> {
    map.filter(|map| !map.is_empty())
}

/// Whether exactly the wanted volumes, folders and files are mounted, and those writable that should be.
fn are_ours(mounts: Option<&[MountPoint]>, ours: &HostConfig) -> bool {
    let mount = |mount: &MountPoint| {
        let source = mount.name.as_deref().or(mount.source.as_deref())?;
        let place = mount.destination.as_deref()?;
        Some((format!("{source}:{place}"), mount.rw != Some(false)))
    };
    let found = mounts.unwrap_or_default().iter().map(mount);
    let folders = ours.mounts.iter().flatten().map(|mount| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let place = format!("{}:{}", text(&mount.source), text(&mount.target));
        (place, mount.read_only != Some(true))
    });
    let volumes = ours.binds.iter().flatten().cloned();
    let wanted = volumes.map(|place| (place, true)).chain(folders);
    found.collect::<BTreeSet<_>>() == wanted.map(Some).collect()
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
pub(crate) mod tests {
    use bollard::models::{EndpointSettings, NetworkSettings, RestartPolicyNameEnum};

    use super::*;
    use crate::workload::body::{ContainerLimits, hardened_host_config, no_core_dumps};

    /// What the engine would say of a container that was made from a request.
    pub(crate) fn inspected(name: &Name, body: &ContainerCreateBody) -> ContainerInspectResponse {
        let host = body.host_config.clone().unwrap_or_default();
        let mount = |bind: &String| {
            let (volume, place) = bind.split_once(':').unwrap();
            MountPoint {
                name: Some(volume.to_owned()),
                destination: Some(place.to_owned()),
                rw: Some(true),
                ..MountPoint::default()
            }
        };
        let binds = host.binds.iter().flatten().map(mount);
        let folders = host.mounts.iter().flatten().map(|mount| MountPoint {
            source: mount.source.clone(),
            destination: mount.target.clone(),
            rw: mount.read_only.map(|read_only| !read_only),
            ..MountPoint::default()
        });
        let networks = host.network_mode.iter().cloned();
        let networks = networks.map(|network| (network, EndpointSettings::default()));
        ContainerInspectResponse {
            name: Some(format!("/{name}")),
            config: Some(ContainerConfig {
                image: body.image.clone(),
                user: body.user.clone(),
                cmd: body.cmd.clone(),
                labels: body.labels.clone(),
                stop_timeout: body.stop_timeout,
                ..ContainerConfig::default()
            }),
            mounts: Some(binds.chain(folders).collect()),
            network_settings: Some(NetworkSettings {
                networks: Some(networks.collect()),
                ..NetworkSettings::default()
            }),
            host_config: Some(host),
            ..ContainerInspectResponse::default()
        }
    }

    fn name() -> Name {
        Name::new("pospool-1a2b3c4d-main").unwrap()
    }

    fn body() -> ContainerCreateBody {
        ContainerCreateBody {
            image: Some("pospool/node:0a".to_owned()),
            user: Some("10001:10001".to_owned()),
            host_config: Some(HostConfig {
                binds: Some(vec!["data:/data".to_owned()]),
                network_mode: Some("inner".to_owned()),
                ulimits: Some(no_core_dumps()),
                ..hardened_host_config(ContainerLimits {
                    memory: Some(1 << 30),
                    pids: 64,
                    log: ("10m", "3"),
                })
            }),
            ..ContainerCreateBody::default()
        }
    }

    /// A change by hand.
    type Change = fn(&mut HostConfig);

    #[test]
    fn each_change_by_hand_has_its_name() {
        let changes: [(&str, Change); 13] = [
            ("memory", |host| host.memory = None),
            ("memory", |host| host.memory_swap = Some(2 << 30)),
            ("processors", |host| host.cpu_quota = Some(1000)),
            ("pids limit", |host| host.pids_limit = None),
            ("ulimits", |host| host.ulimits = None),
            ("logs", |host| host.log_config = None),
            ("restart policy", |host| {
                host.restart_policy.get_or_insert_default().name =
                    Some(RestartPolicyNameEnum::ALWAYS);
            }),
            ("ports", |host| {
                host.port_bindings = Some([("80/tcp".to_owned(), None)].into());
            }),
            ("tmpfs", |host| {
                host.tmpfs = Some([("/run".to_owned(), "rw".to_owned())].into());
            }),
            ("namespaces", |host| host.pid_mode = Some("host".to_owned())),
            ("devices", |host| {
                host.devices = Some(vec![bollard::models::DeviceMapping::default()]);
            }),
            ("groups", |host| host.group_add = Some(vec!["0".to_owned()])),
            ("network", |host| {
                host.network_mode = Some("host".to_owned());
            }),
        ];
        let as_made = inspected(&name(), &body());
        for (expected, change) in changes {
            let mut found = as_made.clone();
            change(found.host_config.as_mut().unwrap());
            let different = differences(&name(), &body(), &found);
            assert_eq!(different, [expected]);
        }
    }

    #[test]
    fn other_words_of_the_engine_for_the_same_are_no_change() {
        let mut found = inspected(&name(), &body());
        let host = found.host_config.as_mut().unwrap();
        host.memory_swap = Some(-1);
        host.restart_policy.get_or_insert_default().name = Some(RestartPolicyNameEnum::EMPTY);
        host.ipc_mode = Some("private".to_owned());
        host.tmpfs = Some(HashMap::new());
        host.port_bindings = Some(HashMap::new());
        host.group_add = Some(Vec::new());
        let different = differences(&name(), &body(), &found);
        assert_eq!(different, [""; 0]);
    }

    #[test]
    fn another_mount_network_or_name_is_seen() {
        let mut found = inspected(&name(), &body());
        found.mounts.as_mut().unwrap().push(MountPoint::default());
        found.name = Some("/other".to_owned());
        let networks = found.network_settings.as_mut().unwrap();
        let networks = networks.networks.as_mut().unwrap();
        networks.insert("outer".to_owned(), EndpointSettings::default());
        let different = differences(&name(), &body(), &found);
        assert_eq!(different, ["mounts", "networks", "name"]);
        let mut read_only = inspected(&name(), &body());
        read_only.mounts.as_mut().unwrap()[0].rw = Some(false);
        let different = differences(&name(), &body(), &read_only);
        assert_eq!(different, ["mounts"]);
    }
}
