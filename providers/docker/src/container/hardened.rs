//! Rights and limits of a container.
//!
//! - Reads: what its kind needs.
//! - Returns: the part of the request that is the same for all kinds.
//! - Never: leaves a right that a kind did not ask for: no capabilities, no new privileges, no writable root.

use bollard::models::{
    HostConfig, HostConfigLogConfig, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};

/// Limits that each kind sets for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Memory in bytes.
    pub(crate) memory: Option<i64>,
    /// Processes and threads.
    pub(crate) pids: i64,
    /// The container's log: size of one file, and how many files are kept.
    pub(crate) log: (&'static str, &'static str),
}

/// A container with no more rights than a process needs that reads its image and talks to a network.
pub(crate) fn hardened(limits: Limits) -> HostConfig {
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

/// No core dumps, for a container whose memory holds a key.
pub(crate) fn no_core_dumps() -> Vec<ResourcesUlimits> {
    vec![ResourcesUlimits {
        name: Some("core".to_owned()),
        soft: Some(0),
        hard: Some(0),
    }]
}

/// When Docker starts it again by itself.
pub(crate) fn restarts(name: RestartPolicyNameEnum) -> RestartPolicy {
    RestartPolicy {
        name: Some(name),
        maximum_retry_count: None,
    }
}
