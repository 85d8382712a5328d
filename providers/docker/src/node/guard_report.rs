//! The report of the guard in a container.
//!
//! - Reads: a file in the container's memory.
//! - Returns: the report, if there is one.
//! - Never: takes a container without a guard for one that is well.

use std::time::Duration;

use pospool_model::guard::{GuardReport, REPORT_PATH};

use crate::client::Engine;
use crate::names::Name;

/// Longest time to read it.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks the guard in a container; `None` if there is no report.
pub(crate) async fn query_guard(engine: &Engine, container: &Name) -> Option<GuardReport> {
    let said = engine.exec(container, &["cat", REPORT_PATH], LIMIT).await;
    serde_json::from_str(&said.ok()?.out).ok()
}
