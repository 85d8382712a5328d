//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970; zero by a clock from before.
pub(super) fn unix_time() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map(|now| now.as_secs()).unwrap_or_default()
}
