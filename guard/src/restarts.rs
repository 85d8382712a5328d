//! How often conflux is started again, and when that is given up.
//!
//! - Reads: when it was started and when it ended.
//! - Returns: how long to wait before the next start, or that it is enough.
//! - Never: reads a clock.

use std::time::Duration;

use tokio::time::Instant;

use crate::order::Order;

/// The first pause, and the longest; each is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(10);
/// A process that lived so long was well: what ended it is a new matter.
const WELL: Duration = Duration::from_mins(15);
/// So many ends of processes that were not well are enough: what is wrong does not go away by itself.
const ENOUGH: u32 = 8;

/// What follows when conflux has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStart {
    /// It is started again after a pause.
    After(Duration),
    /// A person has to look.
    GivenUp,
}

/// The starts so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restarts {
    in_a_row: u32,
}

impl Restarts {
    /// Conflux has ended.
    pub(crate) fn ended(&mut self, started: Instant, now: Instant) -> NextStart {
        if now.duration_since(started) >= WELL {
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
        if self.in_a_row > ENOUGH {
            return NextStart::GivenUp;
        }
        let doubled = FIRST * 2_u32.pow((self.in_a_row - 1).min(16));
        NextStart::After(doubled.min(LONGEST))
    }

    /// The guard has ended conflux. A network that comes and goes is none of conflux's doing, and a node that nobody starts
    /// again for it would lose its votes: each time it was in sync before, and cut off for minutes.
    pub(crate) fn ordered(&mut self, order: &Order, started: Instant, now: Instant) -> NextStart {
        match order {
            Order::Silence(_) | Order::CutOff { .. } => NextStart::After(FIRST),
            Order::Kill(_) | Order::Restart(_) => self.ended(started, now),
        }
    }

    /// A person has looked.
    pub(crate) fn clear(&mut self) {
        self.in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_double_and_there_is_an_end() {
        let mut restarts = Restarts::default();
        let now = Instant::now();
        let pauses: Vec<_> = (0..9).map(|_| restarts.ended(now, now)).collect();
        let seconds = [1, 2, 4, 8, 16, 32, 64, 128].map(Duration::from_secs);
        assert_eq!(pauses[..8], seconds.map(NextStart::After));
        assert_eq!(pauses[8], NextStart::GivenUp);
        restarts.clear();
        assert_eq!(restarts.ended(now, now), NextStart::After(FIRST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_lived_long_begins_anew() {
        let mut restarts = Restarts::default();
        let now = Instant::now();
        for _ in 0..8 {
            restarts.ended(now, now);
        }
        assert_eq!(restarts.ended(now, now + WELL), NextStart::After(FIRST));
    }

    /// Seen after six partitions of a network and two other faults within an hour: the seventh left the node down.
    #[tokio::test(start_paused = true)]
    async fn a_network_that_comes_and_goes_ends_no_node_for_good() {
        let mut restarts = Restarts::default();
        let now = Instant::now();
        let why = || "why".to_owned();
        for votes in [true, false].into_iter().cycle().take(30) {
            let order = Order::CutOff { why: why(), votes };
            let next = restarts.ordered(&order, now, now);
            assert_eq!(next, NextStart::After(FIRST));
        }
        let mut ends = (0..9).map(|_| restarts.ordered(&Order::Kill(why()), now, now));
        assert_eq!(ends.next(), Some(NextStart::After(FIRST)));
        assert_eq!(ends.last(), Some(NextStart::GivenUp));
    }
}
