//! What goes wrong, and how often.
//!
//! - Reads: a seed.
//! - Returns: rates in 1,000, each of them off in most seeds, so that faults meet in ever other pairs.
//! - Never: decides one event; the network draws those.

use crate::random::Random;
use crate::shut::Shut;

/// How far a reorganisation goes back at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Only blocks that are not executed yet.
    #[default]
    Packed,
    /// Executed epochs that were never called confirmed.
    Unconfirmed,
    /// Everything that is not finalised.
    Unfinalised,
}

/// Rates in 1,000.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Requests that reach nobody, and the client knows.
    pub refused: u64,
    /// Requests without an answer: some never arrive, some arrive, some arrive late.
    pub lost: u64,
    /// Answers that are not JSON.
    pub garbled: u64,
    /// Requests that are one too many.
    pub throttled: u64,
    /// Batches with an answer missing.
    pub holes: u64,
    /// Calls that the node has too much trouble to answer.
    pub broken: u64,
    /// Handed-in transactions for which a pool has no room.
    pub full: u64,
    /// Epochs at which a node begins to fall behind.
    pub lagging: u64,
    /// Epochs at which a node begins to catch up and takes nothing.
    pub catching_up: u64,
    /// Epochs at which the branch changes.
    pub reorganised: u64,
    /// How far back.
    pub depth: Depth,
    /// Of those, how many leave a node on the old branch for a while.
    pub stuck: u64,
    /// Epochs at which some pool forgets a transaction.
    pub dropped: u64,
    /// Packed transactions that are skipped.
    pub skipped: u64,
    /// Packed transactions that fail.
    pub failed: u64,
    /// Epochs at which somebody else uses the key: the next nonce.
    pub foreign_next: u64,
    /// Epochs at which somebody else replaces a transaction with the same nonce.
    pub foreign_same: u64,
    /// Epochs at which the base fee rises for a while.
    pub surges: u64,
    /// Runs after which 100,000 empty epochs follow.
    pub leaps: u64,
    /// Epochs at which a pool does not tell the others.
    pub silent: u64,
    /// Calls that a gateway refuses in their slots, with the rest of the batch answered.
    pub one_too_many: u64,
    /// Requests that a gateway refuses whole.
    pub turned_away: u64,
    /// Batches that a gateway refuses because they are some.
    pub unbatched: u64,
    /// An endpoint that is shut, in the calm too, if it is not the only one: its number, and how.
    pub shut: Option<(u64, Shut)>,
}

impl Weather {
    /// Nothing goes wrong.
    #[must_use]
    pub fn calm() -> Self {
        Self::default()
    }

    /// Draws the weather of a seed.
    #[must_use]
    pub fn drawn(random: &mut Random, depth: Depth) -> Self {
        let mut rate = |most: u64| {
            if random.chance(350) {
                random.between(1, most)
            } else {
                0
            }
        };
        Self {
            refused: rate(200),
            lost: rate(150),
            garbled: rate(80),
            throttled: rate(100),
            holes: rate(60),
            broken: rate(30),
            full: rate(300),
            lagging: rate(20),
            catching_up: rate(10),
            reorganised: rate(40),
            depth,
            stuck: rate(700),
            dropped: rate(60),
            skipped: rate(150),
            failed: rate(80),
            foreign_next: rate(8),
            foreign_same: rate(15),
            surges: rate(10),
            leaps: rate(300),
            silent: rate(900),
            ..Self::calm()
        }
    }

    /// The same with gateways before the nodes, which have a seed of their own.
    #[must_use]
    pub fn behind_gateways(self, random: &mut Random) -> Self {
        let mut rate = |most: u64| {
            if random.chance(500) {
                random.between(1, most)
            } else {
                0
            }
        };
        let (one_too_many, turned_away, unbatched) = (rate(200), rate(150), rate(100));
        let ways = [Shut::Unauthorised, Shut::Exhausted, Shut::NoBatches];
        let shut = (random.below(3), ways[random.position(ways.len())]);
        Self {
            one_too_many,
            turned_away,
            unbatched,
            shut: random.chance(400).then_some(shut),
            ..self
        }
    }

    /// Whether more transactions than the planned ones may be executed: somebody else takes a nonce, or one fails and
    /// is planned again.
    #[must_use]
    pub fn costs_more(&self) -> bool {
        self.failed + self.foreign_next + self.foreign_same > 0
    }
}
