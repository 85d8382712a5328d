//! How fast a syncer goes: its pauses, and how long a round waits for a transaction.

use std::time::Duration;

/// Longest time between two rounds when rounds fail.
pub(super) const LONGEST: Duration = Duration::from_mins(5);
/// Time to the next round when this one did something: there may be more.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// Time between two looks at a transaction: each look is half a dozen calls, and nobody sits and waits.
pub const POLL: Duration = Duration::from_secs(5);
/// Longest wait for one transaction in one round; the next round goes on with it.
pub const WAIT: Duration = Duration::from_mins(3);
