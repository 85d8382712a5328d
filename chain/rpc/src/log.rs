//! What the log says of RPC calls: method, endpoint without what may be its key, outcome and time; never parameters.

use std::time::Duration;

use tracing::{Level, debug, enabled, info};

use crate::away::{Away, Placed};
use crate::call::{Call, Sent};
use crate::endpoint::RpcEndpoint;

/// One request, with one event for each of its calls.
pub(crate) fn log_request(
    endpoint: &RpcEndpoint,
    calls: &[Call],
    slots: &[usize],
    found: &Result<Placed, Away>,
    took: Duration,
) {
    if !enabled!(Level::DEBUG) {
        return;
    }
    let (endpoint, seconds) = (endpoint.name(), took.as_secs_f64());
    match found {
        Ok(placed) => {
            for (slot, result) in placed {
                let method = calls[*slot].method;
                match result {
                    Ok(_) => debug!(method, endpoint, seconds, "RPC call answered"),
                    Err(refusal) => {
                        debug!(method, endpoint, seconds, %refusal, "RPC call refused");
                    }
                }
            }
        }
        Err(away) => {
            for slot in slots {
                let (method, reason) = (calls[*slot].method, away.what());
                debug!(
                    method,
                    endpoint, seconds, reason, "RPC call without an answer"
                );
            }
        }
    }
}

/// Another endpoint is asked instead.
pub(crate) fn log_next_endpoint(endpoint: &RpcEndpoint, away: &Away) {
    let (endpoint, reason) = (endpoint.name(), away.what());
    info!(endpoint, reason, "endpoint left for the next one");
}

/// A transaction was broadcast.
pub(crate) fn log_broadcast(endpoint: &RpcEndpoint, method: &str, sent: &Sent, took: Duration) {
    let (endpoint, seconds) = (endpoint.name(), took.as_secs_f64());
    debug!(method, endpoint, seconds, outcome = ?sent, "transaction broadcast");
}
