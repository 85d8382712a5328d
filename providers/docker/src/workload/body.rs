//! The requests that make containers.
//!
//! - Reads: a workload, and what a plan decided.
//! - Returns: requests for Docker Engine.
//! - Never: leaves a right that a kind did not ask for: no root, no capabilities, no new privileges, no writable root.

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, PortBinding, PortMap, ResourcesUlimits,
};

use crate::place::DataLocation;
use crate::user::USER;
use crate::workload::restarts::restart_policy;
use crate::workload::spec::{ContainerSpec, Port, SecretWay, Workload};

/// Limits that each container has of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContainerLimits {
    /// Memory in bytes.
    pub(crate) memory: Option<i64>,
    /// Processes and threads.
    pub(crate) pids: i64,
    /// The container's log: size of one file, and how many files are kept.
    pub(crate) log: (&'static str, &'static str),
}

/// A container with no more rights than a process needs that reads its image and talks to a network.
pub(crate) fn hardened_host_config(limits: ContainerLimits) -> HostConfig {
    let (size, files) = limits.log;
    let log = [("max-size", size), ("max-file", files)];
    HostConfig {
        memory: limits.memory,
        // The same as the memory: none of it is swapped out, where a key could reach a disk.
        memory_swap: limits.memory,
        pids_limit: Some(limits.pids),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(
                log.map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
            ),
        }),
        ..HostConfig::default()
    }
}

/// The request that makes a container.
pub(crate) fn create_request(spec: &ContainerSpec, workload: &Workload) -> ContainerCreateBody {
    let (binds, mut mounts) = match &workload.data {
        Some((place, at)) => place.mounted(at, true),
        None => (Vec::new(), Vec::new()),
    };
    if let SecretWay::Mounted { file, at } = &workload.secrets {
        mounts.extend(DataLocation::Folder(file.clone()).mounted(at, false).1);
    }
    let host = HostConfig {
        binds: Some(binds).filter(|binds| !binds.is_empty()),
        mounts: Some(mounts).filter(|mounts| !mounts.is_empty()),
        network_mode: Some(spec.network.to_string()),
        port_bindings: bindings(&workload.ports),
        restart_policy: Some(restart_policy(&workload.secrets)),
        ..host(workload)
    };
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: workload.command.clone(),
        labels: Some(spec.labels().into_iter().collect()),
        exposed_ports: exposed(&workload.ports),
        host_config: Some(host),
        ..process(workload)
    }
}

/// The same without data, ports or network, and never started again: to see whether it would start at all.
pub(crate) fn trial_request(
    spec: &ContainerSpec,
    workload: &Workload,
    command: Option<Vec<String>>,
) -> ContainerCreateBody {
    // What is no secret comes over its input, whichever way the real one comes.
    let mut trial = workload.clone();
    if trial.secrets != SecretWay::None {
        trial.secrets = SecretWay::Input;
    }
    // What lies there comes from the image, and goes with the container.
    let data = workload.data.as_ref();
    let scratch = data.map(|(_, at)| vec![(*at).to_owned()]);
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: command.or_else(|| workload.command.clone()),
        volumes: scratch,
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            // The one that works is not killed for its sake.
            oom_score_adj: Some(1000),
            ..host(workload)
        }),
        ..process(&trial)
    }
}

/// One that holds ports of the host for the moment that it takes to see that they are free.
pub(crate) fn port_holder_request(
    spec: &ContainerSpec,
    workload: &Workload,
    ports: &[Port],
) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        user: Some(USER.to_owned()),
        entrypoint: workload.idle.entrypoint.clone(),
        cmd: Some(workload.idle.command.clone()),
        exposed_ports: exposed(ports),
        host_config: Some(HostConfig {
            network_mode: Some(spec.network.to_string()),
            port_bindings: bindings(ports),
            ..host(workload)
        }),
        ..ContainerCreateBody::default()
    }
}

fn process(workload: &Workload) -> ContainerCreateBody {
    let input = Some(true).filter(|_| workload.secrets == SecretWay::Input);
    let variables = workload.variables.clone();
    ContainerCreateBody {
        user: Some(USER.to_owned()),
        attach_stdin: input,
        open_stdin: input,
        // The input ends with the attachment that brings the secrets: if pospool dies in between, what runs inside sees
        // the end and stops.
        stdin_once: input,
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(workload.stop_seconds),
        env: Some(variables).filter(|variables| !variables.is_empty()),
        ..ContainerCreateBody::default()
    }
}

fn host(workload: &Workload) -> HostConfig {
    let tmpfs = workload.tmpfs;
    HostConfig {
        tmpfs: tmpfs.map(|options| [("/tmp".to_owned(), options.to_owned())].into()),
        // How many files may be open is not set here: a limit that is above the engine's own would keep the
        // container from starting.
        ulimits: (workload.secrets != SecretWay::None).then(no_core_dumps),
        ..hardened_host_config(ContainerLimits {
            memory: workload.memory,
            pids: workload.pids,
            log: workload.log,
        })
    }
}

/// No core dumps, for a container whose memory holds a key.
pub(crate) fn no_core_dumps() -> Vec<ResourcesUlimits> {
    vec![ResourcesUlimits {
        name: Some("core".to_owned()),
        soft: Some(0),
        hard: Some(0),
    }]
}

fn exposed(ports: &[Port]) -> Option<Vec<String>> {
    let names = ports.iter().map(Port::name);
    Some(names.collect()).filter(|names: &Vec<String>| !names.is_empty())
}

fn bindings(ports: &[Port]) -> Option<PortMap> {
    let one = |port: &Port| {
        let binding = PortBinding {
            host_ip: port.address.map(|address| address.to_string()),
            host_port: Some(port.published.to_string()),
        };
        (port.name(), Some(vec![binding]))
    };
    Some(ports.iter().map(one).collect()).filter(|map: &PortMap| !map.is_empty())
}

impl Port {
    /// As Docker names it inside of the container.
    fn name(&self) -> String {
        format!("{}/{}", self.inside, self.protocol)
    }
}
