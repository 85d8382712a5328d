//! How often a client may ask.
//!
//! - Reads: the moment of a request.
//! - Returns: whether it is within five in a second, or within twenty more in ten seconds.
//! - Never: looks at a clock itself.

use std::time::{Duration, Instant};

/// A number of requests in a time that starts with the first of them.
#[derive(Debug)]
struct Window {
    most: u32,
    length: Duration,
    start: Option<Instant>,
    used: u32,
}

impl Window {
    fn admits(&mut self, now: Instant) -> bool {
        let over = self
            .start
            .is_none_or(|start| now.saturating_duration_since(start) >= self.length);
        if over {
            self.start = Some(now);
            self.used = 0;
        }
        let admitted = self.used < self.most;
        self.used += u32::from(admitted);
        admitted
    }
}

/// The limit of one who did not pay.
#[derive(Debug)]
pub(crate) struct Limit {
    steady: Window,
    burst: Window,
}

impl Default for Limit {
    fn default() -> Self {
        let window = |most, seconds| Window {
            most,
            length: Duration::from_secs(seconds),
            start: None,
            used: 0,
        };
        Self {
            steady: window(5, 1),
            burst: window(20, 10),
        }
    }
}

impl Limit {
    /// Counts a request; false when there were too many.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        self.steady.admits(now) || self.burst.admits(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_in_a_second_and_twenty_more_in_ten() {
        let mut limit = Limit::default();
        let start = Instant::now();
        let mut admitted = |seconds: u64, asked: u32| {
            let now = start + Duration::from_secs(seconds);
            (0..asked).filter(|_| limit.admits(now)).count()
        };
        assert_eq!(admitted(0, 30), 25, "five, and the burst");
        assert_eq!(admitted(1, 30), 5, "the next second, without a burst");
        assert_eq!(admitted(10, 30), 25, "the burst is back");
        assert_eq!(admitted(30, 3), 3);
    }
}
