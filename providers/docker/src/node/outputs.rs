//! Outputs of a node that the container shows.
//!
//! - Reads: what the engine says of a container.
//! - Returns: outputs by name.
//! - Never: names a secret.

use bollard::models::ContainerInspectResponse;
use pospool_model::{Attributes, Value};

use super::container::Made;
use crate::container::look::ids;

/// Outputs that are known before the container is made.
pub(crate) fn planned(docker: &str, made: &Made) -> Attributes {
    Attributes::from([
        ("docker".to_owned(), Value::from(docker)),
        ("container_name".to_owned(), Value::from(made.name.as_str())),
        (
            "hardened_image".to_owned(),
            Value::from(made.image.as_str()),
        ),
        ("volume".to_owned(), Value::from(made.volume.to_string())),
        ("network".to_owned(), Value::from(made.network.as_str())),
        ("own_network".to_owned(), Value::from(made.own_network)),
    ])
}

/// Outputs of a container that is there.
pub(crate) fn of_container(
    docker: &str,
    made: &Made,
    found: &ContainerInspectResponse,
) -> Attributes {
    let mut outputs = planned(docker, made);
    outputs.extend(seen(found));
    outputs
}

/// Outputs that only the engine knows: of its container, and when that was started.
pub(crate) fn seen(found: &ContainerInspectResponse) -> Attributes {
    let started = found
        .state
        .as_ref()
        .and_then(|state| state.started_at.clone());
    let mut outputs = ids(found);
    // A container that never ran has the year 1 here.
    if let Some(started) = started.filter(|at| !at.starts_with("0001-")) {
        outputs.insert("started_at".to_owned(), started.into());
    }
    outputs
}
