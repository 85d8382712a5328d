//! Whether anybody else signs with our key: the blocks of PoS, one after the other, against what we account for.
//!
//! - Reads: committed blocks as this node and another source know them; how far our safety file says that we signed.
//! - Returns: how many elected blocks in a row were silent, and the signatures that are not ours.
//! - Never: takes silence for proof where the key was not in the committee, or only one source was asked.
//!
//! Silence is evidence only while we are silent ourselves: two nodes that both vote send equal votes, which nobody can tell
//! apart. So it is looked for before a node votes. While it votes, what its safety file does not know of is not its own.

use std::collections::BTreeMap;

use pospool_model::guard::PosRound;

use crate::round::PosBlock;

/// So many blocks after a process was first looked at may still hold a vote of the process before it: blocks are committed
/// two rounds after their votes.
const PIPELINE: u64 = 4;
/// So many silent blocks at most wait for the word of another source.
const WAITING: usize = 120;

/// The rounds in which our key's signatures are our own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnRounds {
    /// All up to this one, from before.
    pub(crate) until: PosRound,
    /// While we vote: all after the first and up to the second, which is what the safety file says that was signed. conflux
    /// writes it before a vote leaves.
    pub(crate) voting: Option<(PosRound, PosRound)>,
}

impl OwnRounds {
    fn hold(self, at: PosRound) -> bool {
        let voted = |(after, signed): (PosRound, PosRound)| after < at && at <= signed;
        at <= self.until || self.voting.is_some_and(voted)
    }
}

/// A signature that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForeignVote {
    pub(crate) at: PosRound,
    /// It was made while this node was silent for certain. Else it may be a vote of ours of which the safety file knows
    /// nothing: it is written without a sync, and a power cut can take it back.
    pub(crate) is_certain: bool,
}

/// The watch over one key.
#[derive(Clone, Debug)]
pub(crate) struct SilenceWatch {
    own: OwnRounds,
    /// Elected blocks that have to be silent in a row.
    needed: u64,
    silent: u64,
    /// Height of the newest block that was looked at.
    watched: u64,
    /// Height of PoS when this process was first looked at: it has been silent since.
    silent_since: u64,
    /// Elected blocks that are silent here, and of which no other source has said anything yet.
    waiting: BTreeMap<u64, PosRound>,
    foreign: Option<PosRound>,
}

impl SilenceWatch {
    /// A watch that begins after a block, of a process that was first looked at a height.
    pub(crate) fn new(own: OwnRounds, needed: u64, watched: u64, silent_since: u64) -> Self {
        Self {
            own,
            needed,
            silent: 0,
            watched,
            silent_since,
            waiting: BTreeMap::new(),
            foreign: None,
        }
    }

    /// Takes the next block as this node knows it. `elected` says whether the key was in the committee of its epoch, if that
    /// is known. Returns the signature of the key that is not ours, if there is one.
    pub(crate) fn take(&mut self, block: &PosBlock, elected: Option<bool>) -> Option<ForeignVote> {
        if block.height <= self.watched {
            return None;
        }
        self.watched = block.height;
        if block.signed {
            return self.signed(block);
        }
        // It counts when another source says the same.
        if block.has_signatures && elected == Some(true) {
            self.waiting.insert(block.height, block.at);
            if self.waiting.len() > WAITING {
                self.waiting.pop_first();
            }
        }
        None
    }

    /// Takes a block as another source knows it.
    pub(crate) fn witness(&mut self, block: &PosBlock) -> Option<ForeignVote> {
        let is_same = self.waiting.get(&block.height) == Some(&block.at);
        if !is_same || !block.has_signatures {
            return None;
        }
        self.waiting.remove(&block.height);
        if block.signed {
            return self.signed(block);
        }
        self.silent += 1;
        None
    }

    fn signed(&mut self, block: &PosBlock) -> Option<ForeignVote> {
        if self.own.hold(block.at) {
            return None;
        }
        self.silent = 0;
        self.waiting.clear();
        self.foreign = self.foreign.max(Some(block.at));
        Some(ForeignVote {
            at: block.at,
            is_certain: block.height > self.silent_since + PIPELINE,
        })
    }

    /// Heights of which another source has to say something.
    pub(crate) fn unwitnessed(&self) -> Option<(u64, u64)> {
        let (first, _) = self.waiting.first_key_value()?;
        let (last, _) = self.waiting.last_key_value()?;
        Some((*first, *last))
    }

    /// Somebody else signed: the silence has to last anew, for so many blocks.
    pub(crate) fn begin_anew(&mut self, needed: u64) {
        self.silent = 0;
        self.waiting.clear();
        self.needed = needed;
    }

    /// A person has looked: what was seen before is no reason any more.
    pub(crate) fn forgive(&mut self) {
        self.foreign = None;
    }

    /// From now on signatures after a round are our own, as far as the safety file knows of them.
    pub(crate) fn voting(&mut self, after: PosRound, signed: PosRound) {
        self.own.voting = Some((after, signed));
    }

    /// Blocks that still have to be silent.
    pub(crate) fn left(&self) -> u64 {
        self.needed.saturating_sub(self.silent)
    }

    /// Height of the newest block that was looked at.
    pub(crate) fn watched(&self) -> u64 {
        self.watched
    }

    /// The newest signature that is not ours.
    pub(crate) fn foreign(&self) -> Option<PosRound> {
        self.foreign
    }
}

/// How many elected blocks must be silent: drawn at random, so that two nodes that begin to watch at the same time do not
/// begin to vote at the same time. 20 to 60 on the public networks, whose epochs have 120 rounds: a key that was just
/// elected is retired if it has no vote by the end of that epoch, so the window ends in its first half.
pub(crate) fn draw_window(rounds_per_epoch: u64, random: u64) -> u64 {
    let (least, most) = ((rounds_per_epoch / 6).max(1), (rounds_per_epoch / 2).max(1));
    least + random % (most - least + 1)
}

/// A number that nobody can foretell.
pub(crate) fn random_number() -> u64 {
    // Without the system's randomness the window is the shortest; the key is watched all the same.
    getrandom::u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(height: u64, signed: bool) -> PosBlock {
        PosBlock {
            height,
            at: PosRound::new(5, height),
            time: 0,
            signed,
            has_signatures: true,
        }
    }

    fn watch(until: u64) -> SilenceWatch {
        let own = OwnRounds {
            until: PosRound::new(5, until),
            voting: None,
        };
        SilenceWatch::new(own, 3, 10, 10)
    }

    /// A block that both sources know; whether it holds a signature that is not ours.
    fn take(seen: &mut SilenceWatch, height: u64, signed: bool) -> bool {
        let block = block(height, signed);
        let here = seen.take(&block, Some(true));
        here.or_else(|| seen.witness(&block)).is_some()
    }

    #[test]
    fn silence_counts_only_in_elected_blocks_that_two_sources_know() {
        let mut seen = watch(0);
        assert_eq!(seen.take(&block(11, false), Some(true)), None);
        for (height, elected) in [(12, Some(false)), (13, None)] {
            seen.take(&block(height, false), elected);
            seen.witness(&block(height, false));
        }
        assert_eq!(seen.left(), 3);
        // The other source says later what it knows.
        assert_eq!(seen.unwitnessed(), Some((11, 11)));
        seen.witness(&block(11, false));
        assert_eq!((seen.left(), seen.unwitnessed()), (2, None));
        for height in 14..=15 {
            assert!(!take(&mut seen, height, false));
        }
        assert_eq!(seen.left(), 0);
        // The same block twice counts once.
        let mut seen = watch(0);
        take(&mut seen, 11, false);
        take(&mut seen, 11, false);
        assert_eq!(seen.left(), 2);
    }

    #[test]
    fn a_block_without_any_signature_is_not_silent_but_unknown() {
        let unknown = PosBlock {
            has_signatures: false,
            ..block(11, false)
        };
        let mut seen = watch(0);
        seen.take(&unknown, Some(true));
        seen.witness(&block(11, false));
        assert_eq!(seen.left(), 3);
        let mut seen = watch(0);
        seen.take(&block(11, false), Some(true));
        seen.witness(&unknown);
        // Another branch, or another network.
        seen.witness(&PosBlock {
            at: PosRound::new(4, 11),
            ..block(11, false)
        });
        assert_eq!((seen.left(), seen.unwitnessed()), (3, Some((11, 11))));
    }

    #[test]
    fn a_signature_that_either_source_knows_is_somebody_else_s() {
        for (here, there) in [(true, false), (false, true)] {
            let mut seen = watch(10);
            take(&mut seen, 11, false);
            let found = seen.take(&block(12, here), Some(true));
            let found = found.or_else(|| seen.witness(&block(12, there)));
            assert_eq!(found.map(|vote| vote.at), Some(PosRound::new(5, 12)));
            assert_eq!(seen.foreign(), Some(PosRound::new(5, 12)));
            assert_eq!(seen.left(), 3);
        }
    }

    #[test]
    fn our_own_signatures_are_those_that_our_safety_file_knows() {
        let mut seen = watch(12);
        assert!(!take(&mut seen, 12, true), "signed before the restart");
        assert_eq!(seen.left(), 3);
        let round = |round| PosRound::new(5, round);
        seen.voting(round(14), round(17));
        assert!(take(&mut seen, 14, true), "a round that we kept out of");
        assert!(!take(&mut seen, 17, true));
        assert!(
            take(&mut seen, 18, true),
            "the safety file knows nothing of it"
        );
        seen.voting(round(14), PosRound::new(6, 2));
        let next_epoch = PosBlock {
            at: PosRound::new(6, 1),
            ..block(19, true)
        };
        assert_eq!(seen.take(&next_epoch, Some(true)), None);
    }

    #[test]
    fn a_vote_right_after_the_start_may_be_one_that_a_power_cut_took_back() {
        let mut seen = watch(8);
        let certain = |seen: &mut SilenceWatch, height| {
            let vote = seen.take(&block(height, true), None);
            vote.unwrap().is_certain
        };
        assert!(!certain(&mut seen, 11) && !certain(&mut seen, 14));
        assert!(certain(&mut seen, 15));
    }

    #[test]
    fn a_window_is_long_enough_and_ends_within_its_epoch() {
        for random in 0..100 {
            assert!((20..=60).contains(&draw_window(120, random)));
            assert!((1..=5).contains(&draw_window(10, random)));
            assert_eq!(draw_window(1, random), 1);
        }
        let drawn: std::collections::BTreeSet<_> = (0..99).map(|n| draw_window(120, n)).collect();
        assert_eq!(drawn.len(), 41);
    }
}
