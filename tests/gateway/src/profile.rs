//! What an endpoint is like.

use std::time::Duration;

use crate::limits::Limits;

/// What an endpoint is like on a good day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What one client may ask.
    pub limits: Limits,
    /// How long each request is on its way, there and back.
    pub latency: Duration,
}

impl Profile {
    /// A public endpoint, for who does not pay.
    pub const FREE: Self = Self {
        limits: Limits::FREE,
        latency: Duration::from_millis(150),
    };

    /// Nothing is refused and nothing takes time.
    pub const OPEN: Self = Self {
        limits: Limits::NONE,
        latency: Duration::ZERO,
    };
}
