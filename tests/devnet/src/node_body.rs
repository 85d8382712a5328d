//! What all containers with a node share.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HostConfig};

use crate::docker::bounded_log;
use crate::settings::{GENESIS_PASSWORD, MEMORY_LIMIT};

/// Returns the settings that all containers with a node share.
pub(crate) fn node_body(image: &str, labels: &HashMap<String, String>) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        labels: Some(labels.clone()),
        env: Some(vec![format!(
            "CFX_POS_KEY_ENCRYPTION_PASSWORD={GENESIS_PASSWORD}"
        )]),
        host_config: Some(HostConfig {
            log_config: Some(bounded_log()),
            memory: Some(MEMORY_LIMIT),
            memory_swap: Some(MEMORY_LIMIT),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
