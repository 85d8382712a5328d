//! Money in drip.

/// 1 CFX in drip.
pub const CFX: u128 = 1_000_000_000_000_000_000;
/// Price of one vote.
pub const VOTE: u128 = 1000 * CFX;
