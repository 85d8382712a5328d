//! Whether it is this syncer's turn, or somebody else signs with its key.
//!
//! - Reads: the account's counters as the state keeps them and as they are.
//! - Returns: to go on or to stand by.
//! - Never: takes over while the other one still moves, or has nothing undone.

use std::collections::BTreeMap;

/// Counters of the outside, such as an account's next nonce, by name.
pub(super) type Counters = BTreeMap<String, u64>;

/// Rounds in which duties stay undone and the nonce stays where it is before a syncer that stood by goes on.
pub(super) const PATIENCE: u32 = 5;

/// What to do in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Do what there is to do.
    Go,
    /// The first look of a new state: somebody else may be at work.
    Listen,
    /// Somebody else signs with this key; it takes over after so many calm rounds more.
    StandBy(u32),
}

/// What is remembered from round to round.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Where the counters stood in the last look.
    last: Option<Counters>,
    /// Where this process last knew to have left them.
    own: Option<Counters>,
    /// What was sent last did not end as planned, so that nobody knows where the counters are.
    unsure: bool,
    /// The other one was met.
    yields: bool,
    calm: u32,
}

impl Watch {
    /// This process sent something that did not end as planned: the next look tells where its counters are.
    pub(super) fn unsure(&mut self) {
        self.unsure = true;
    }

    /// Another transaction took the place of ours.
    pub(super) fn met_another(&mut self) {
        self.yields = true;
        self.own = None;
    }

    /// Decides about one round.
    pub(super) fn turn(&mut self, kept: &Counters, now: &Counters, open: bool) -> Turn {
        let still = self.last.as_ref() == Some(now);
        let first = self.last.replace(now.clone()).is_none();
        let unsure = std::mem::take(&mut self.unsure);
        if !self.yields {
            let is_ours = || self.own.as_ref() == Some(now) || is_kept(kept, now);
            if unsure || is_ours() || (kept.is_empty() && !first && still) {
                return self.go(now);
            }
            if kept.is_empty() && first {
                return Turn::Listen;
            }
            self.yields = true;
        }
        self.calm = if still && open { self.calm + 1 } else { 0 };
        if self.calm >= PATIENCE {
            return self.go(now);
        }
        Turn::StandBy(PATIENCE - self.calm)
    }

    fn go(&mut self, now: &Counters) -> Turn {
        self.yields = false;
        self.calm = 0;
        self.own = Some(now.clone());
        Turn::Go
    }
}

/// Whether every counter is where the state left it.
fn is_kept(kept: &Counters, now: &Counters) -> bool {
    now.iter()
        .all(|(name, value)| kept.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nonce: u64) -> Counters {
        Counters::from([("nonce".to_owned(), nonce)])
    }

    #[test]
    fn a_new_syncer_listens_for_a_round_first() {
        let mut watch = Watch::default();
        let none = Counters::new();
        assert_eq!(watch.turn(&none, &at(5), true), Turn::Listen);
        assert_eq!(watch.turn(&none, &at(5), true), Turn::Go);
        let mut watch = Watch::default();
        assert_eq!(watch.turn(&none, &at(5), true), Turn::Listen);
        assert_eq!(watch.turn(&none, &at(6), true), Turn::StandBy(PATIENCE));
    }

    #[test]
    fn who_left_the_nonce_where_it_is_goes_on_at_once() {
        let mut watch = Watch::default();
        assert_eq!(watch.turn(&at(5), &at(5), true), Turn::Go);
        assert_eq!(watch.turn(&at(7), &at(7), true), Turn::Go);
    }

    #[test]
    fn the_second_one_stands_by_until_duties_stay_undone() {
        let mut watch = Watch::default();
        let kept = at(5);
        assert_eq!(watch.turn(&kept, &at(6), true), Turn::StandBy(PATIENCE));
        for nonce in 7..20 {
            assert_eq!(watch.turn(&kept, &at(nonce), true), Turn::StandBy(PATIENCE));
        }
        // Nothing to do is no sign that the other one is gone.
        for _ in 0..20 {
            assert_eq!(watch.turn(&kept, &at(19), false), Turn::StandBy(PATIENCE));
        }
        for more in (1..PATIENCE).rev() {
            assert_eq!(watch.turn(&kept, &at(19), true), Turn::StandBy(more));
        }
        assert_eq!(watch.turn(&kept, &at(19), true), Turn::Go);
        // From then on it is the one, until it meets another again.
        assert_eq!(watch.turn(&kept, &at(19), true), Turn::Go);
        watch.met_another();
        assert_eq!(watch.turn(&kept, &at(20), true), Turn::StandBy(PATIENCE));
    }

    #[test]
    fn what_this_process_sent_itself_is_no_other_hand() {
        let mut watch = Watch::default();
        assert_eq!(watch.turn(&at(5), &at(5), true), Turn::Go);
        watch.unsure();
        assert_eq!(watch.turn(&at(5), &at(6), true), Turn::Go);
        assert_eq!(watch.turn(&at(5), &at(6), true), Turn::Go);
        assert_eq!(watch.turn(&at(5), &at(7), true), Turn::StandBy(PATIENCE));
    }
}
