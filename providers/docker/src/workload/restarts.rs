//! Whether Docker starts a container by itself.
//!
//! - Reads: how its secrets come; a container.
//! - Returns: its restart policy.
//! - Never: leaves a container that pospool has stopped, or that another one replaces, to a start of the engine.
//!
//! Measured on Docker Engine 20.10.24 without `live-restore`: killed itself, it stops the containers that lived on at its next
//! start, takes that for a stop by hand, and starts again only those with `always`; those too that somebody has stopped by
//! hand before, but none that never ran. So a stop by pospool takes the policy away first.

use bollard::models::{
    ContainerInspectResponse, ContainerUpdateBody, HostConfig, RestartPolicy, RestartPolicyNameEnum,
};
use pospool_model::ProviderError;

use crate::client::Engine;
use crate::names::Name;
use crate::workload::run::{inspect_container, is_running};
use crate::workload::spec::SecretWay;

/// The policy of a container that is meant to run.
pub(crate) fn restart_policy(secrets: &SecretWay) -> RestartPolicy {
    named(match secrets {
        SecretWay::Input => RestartPolicyNameEnum::NO,
        SecretWay::None | SecretWay::Mounted { .. } => RestartPolicyNameEnum::ALWAYS,
    })
}

fn named(name: RestartPolicyNameEnum) -> RestartPolicy {
    RestartPolicy {
        name: Some(name),
        maximum_retry_count: None,
    }
}

/// The policy of a container that is there, for `wanted` as long as it runs.
pub(crate) fn policy_now(
    wanted: Option<RestartPolicy>,
    found: &ContainerInspectResponse,
) -> Option<RestartPolicy> {
    let runs = found.state.as_ref().is_some_and(is_running);
    wanted.map(|wanted| {
        if runs {
            wanted
        } else {
            named(RestartPolicyNameEnum::NO)
        }
    })
}

/// Whether a container has the policy with which it was made, or was stopped by pospool since.
pub(crate) fn is_as_made(ours: &HostConfig, found: &ContainerInspectResponse) -> bool {
    let (ours, seen) = (name_of(ours), policy_of(found));
    let runs = found.state.as_ref().is_some_and(is_running);
    seen == ours || (!runs && seen == RestartPolicyNameEnum::NO)
}

/// No policy and the empty one mean the same.
fn name_of(host: &HostConfig) -> RestartPolicyNameEnum {
    let policy = host.restart_policy.as_ref().and_then(|policy| policy.name);
    match policy {
        None | Some(RestartPolicyNameEnum::EMPTY) => RestartPolicyNameEnum::NO,
        Some(policy) => policy,
    }
}

fn policy_of(found: &ContainerInspectResponse) -> RestartPolicyNameEnum {
    found
        .host_config
        .as_ref()
        .map_or(RestartPolicyNameEnum::NO, name_of)
}

/// A container that is about to be stopped, or was stopped by somebody else: no engine starts it again.
pub(crate) async fn keep_down(
    engine: &Engine,
    container: &Name,
    found: &ContainerInspectResponse,
) -> Result<(), ProviderError> {
    set_policy(engine, container, found, RestartPolicyNameEnum::NO).await
}

/// A container that was started, and that finds its secrets by itself: each engine starts it again.
pub(crate) async fn keep_up(engine: &Engine, container: &Name) -> Result<(), ProviderError> {
    let found = inspect_container(engine, container).await?;
    let config = found.config.as_ref();
    let takes_input = config.and_then(|config| config.open_stdin) == Some(true);
    let policy = if takes_input {
        RestartPolicyNameEnum::NO
    } else {
        RestartPolicyNameEnum::ALWAYS
    };
    set_policy(engine, container, &found, policy).await
}

async fn set_policy(
    engine: &Engine,
    container: &Name,
    found: &ContainerInspectResponse,
    policy: RestartPolicyNameEnum,
) -> Result<(), ProviderError> {
    if policy_of(found) == policy {
        return Ok(());
    }
    let settings = ContainerUpdateBody {
        restart_policy: Some(named(policy)),
        ..ContainerUpdateBody::default()
    };
    engine.update(container, settings).await
}

#[cfg(test)]
mod tests {
    use bollard::models::ContainerState;

    use super::*;

    fn container(policy: RestartPolicyNameEnum, running: bool) -> ContainerInspectResponse {
        ContainerInspectResponse {
            host_config: Some(HostConfig {
                restart_policy: Some(named(policy)),
                ..HostConfig::default()
            }),
            state: Some(ContainerState {
                running: Some(running),
                ..ContainerState::default()
            }),
            ..ContainerInspectResponse::default()
        }
    }

    #[test]
    fn what_needs_nobody_comes_back_and_what_was_stopped_does_not() {
        use RestartPolicyNameEnum::{ALWAYS, EMPTY, NO, UNLESS_STOPPED};
        let ours = HostConfig {
            restart_policy: Some(restart_policy(&SecretWay::None)),
            ..HostConfig::default()
        };
        for (policy, running, as_made) in [
            (ALWAYS, true, true),
            (ALWAYS, false, true),
            (NO, false, true),
            (EMPTY, false, true),
            (NO, true, false),
            (UNLESS_STOPPED, true, false),
            (UNLESS_STOPPED, false, false),
        ] {
            let found = container(policy, running);
            assert_eq!(is_as_made(&ours, &found), as_made, "{policy} {running}");
            let now = policy_now(ours.restart_policy.clone(), &found);
            let expected = if running { ALWAYS } else { NO };
            assert_eq!(now.unwrap().name, Some(expected));
        }
        let attended = restart_policy(&SecretWay::Input);
        assert_eq!(attended.name, Some(NO));
    }
}
