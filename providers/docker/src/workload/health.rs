//! How a container is by its own health check.
//!
//! - Reads: what the engine says of a container.
//! - Returns: the attribute `state`; when it is healthy, or why it is not.
//! - Never: asks what runs inside: its image says how that is asked.

use std::time::Duration;

use bollard::models::{ContainerState, HealthStatusEnum};
use pospool_model::{Attributes, Code, ProviderError};
use tokio::time::{Instant, sleep};

use super::ContainerStart;
use super::run::{container_state, is_running, last_output};
use crate::workload::run::read_health;

const POLL: Duration = Duration::from_millis(500);
/// Time for it to answer its own health check.
const WELL: Duration = Duration::from_mins(2);
/// Lines of its log that are shown.
const SHOWN: usize = 10;

/// Whether its last check succeeded.
pub(crate) fn is_healthy(state: &ContainerState) -> bool {
    read_health(state) == Some(HealthStatusEnum::HEALTHY)
}

/// Waits until it is healthy; `code` is that of one that is not, `what` a name for what does not answer.
pub(crate) async fn await_healthy(
    start: &ContainerStart<'_>,
    code: Code,
    what: &str,
) -> Result<Attributes, ProviderError> {
    let deadline = Instant::now() + WELL;
    let address = &start.job.spec.address;
    loop {
        let state = container_state(start.engine, start.container).await?;
        if is_healthy(&state) {
            return Ok(Attributes::new());
        }
        let is_unhealthy = read_health(&state) == Some(HealthStatusEnum::UNHEALTHY);
        if !is_running(&state) || is_unhealthy || Instant::now() >= deadline {
            let last = last_output(start.engine, start.container, SHOWN).await;
            let what = format!("{what} of {address} does not answer; its last output:\n{last}");
            return Err(ProviderError::refused(code, what));
        }
        start
            .progress
            .waiting(&format!("waiting for {what} of {address} to answer"));
        if start.progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        sleep(POLL).await;
    }
}
