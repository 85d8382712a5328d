//! Whether anybody else signs with our key: the blocks of PoS, one after the other, against what we account for.
//!
//! - Reads: committed blocks as this node and another source know them.
//! - Returns: how many elected blocks in a row were silent, and the newest signature that is not ours.
//! - Never: takes silence for proof where the key was not in the committee, or only one source was asked.
//!
//! Silence is evidence only while we are silent ourselves: two nodes that both vote send equal votes, which nobody can tell
//! apart. So it is looked for before a node votes, and in the rounds that it is known to have kept out of.

use pospool_model::guard::PosRound;

use crate::round::PosBlock;

/// The rounds in which our key's signatures are our own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnRounds {
    /// All up to this one, from before.
    pub(crate) until: PosRound,
    /// All after this one, while we vote.
    pub(crate) after: Option<PosRound>,
}

impl OwnRounds {
    fn hold(self, at: PosRound) -> bool {
        at <= self.until || self.after.is_some_and(|after| at > after)
    }
}

/// So many blocks after a process was first looked at may still hold a vote of the process before it: blocks are committed
/// two rounds after their votes.
const PIPELINE: u64 = 4;

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
            foreign: None,
        }
    }

    /// Takes the next block: as this node knows it, and as another source does if one was asked. `elected` says whether the
    /// key was in the committee of its epoch, if that is known. Returns the signature of the key that is not ours, if there is one.
    pub(crate) fn take(
        &mut self,
        local: &PosBlock,
        other: Option<&PosBlock>,
        elected: Option<bool>,
    ) -> Option<ForeignVote> {
        if local.height <= self.watched {
            return None;
        }
        self.watched = local.height;
        let signed = local.signed || other.is_some_and(|block| block.signed);
        if signed && !self.own.hold(local.at) {
            self.silent = 0;
            self.foreign = self.foreign.max(Some(local.at));
            return Some(ForeignVote {
                at: local.at,
                is_certain: local.height > self.silent_since + PIPELINE,
            });
        }
        // Our own signature says nothing of anybody else.
        if !signed && other.is_some() && elected == Some(true) {
            self.silent += 1;
        }
        None
    }

    /// Somebody else signed: the silence has to last anew, for so many blocks.
    pub(crate) fn begin_anew(&mut self, needed: u64) {
        self.silent = 0;
        self.needed = needed;
    }

    /// From now on signatures after a round are our own.
    pub(crate) fn voting_after(&mut self, round: PosRound) {
        self.own.after = Some(round);
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
        }
    }

    fn own(until: u64) -> OwnRounds {
        OwnRounds {
            until: PosRound::new(5, until),
            after: None,
        }
    }

    fn watch(own: OwnRounds) -> SilenceWatch {
        SilenceWatch::new(own, 3, 10, 10)
    }

    /// Whether a block that both sources know holds a signature that is not ours.
    fn take(seen: &mut SilenceWatch, height: u64, signed: bool) -> bool {
        let block = block(height, signed);
        seen.take(&block, Some(&block), Some(true)).is_some()
    }

    #[test]
    fn silence_counts_only_in_elected_blocks_that_two_sources_know() {
        let mut seen = watch(own(0));
        let silent = block(11, false);
        assert_eq!(seen.take(&silent, None, Some(true)), None);
        let both = |height| (block(height, false), Some(block(height, false)));
        for (height, elected) in [(12, Some(false)), (13, None)] {
            let (local, other) = both(height);
            assert_eq!(seen.take(&local, other.as_ref(), elected), None);
        }
        assert_eq!(seen.left(), 3);
        for height in 14..=16 {
            assert!(!take(&mut seen, height, false));
        }
        assert_eq!(seen.left(), 0);
        // The same block twice counts once.
        let mut seen = watch(own(0));
        take(&mut seen, 11, false);
        take(&mut seen, 11, false);
        assert_eq!(seen.left(), 2);
    }

    #[test]
    fn a_signature_that_either_source_knows_is_somebody_else_s() {
        for (local, other) in [(true, false), (false, true)] {
            let mut seen = watch(own(10));
            take(&mut seen, 11, false);
            let found = seen.take(&block(12, local), Some(&block(12, other)), Some(true));
            assert_eq!(found.map(|vote| vote.at), Some(PosRound::new(5, 12)));
            assert_eq!(seen.foreign(), Some(PosRound::new(5, 12)));
            assert_eq!(seen.left(), 3);
        }
    }

    #[test]
    fn our_own_signatures_are_nobody_s() {
        let mut seen = watch(own(12));
        assert!(!take(&mut seen, 12, true), "signed before the restart");
        assert_eq!(seen.left(), 3);
        seen.voting_after(PosRound::new(5, 14));
        assert!(take(&mut seen, 14, true), "a round that we kept out of");
        assert!(!take(&mut seen, 15, true));
        let next_epoch = PosBlock {
            at: PosRound::new(6, 1),
            ..block(16, true)
        };
        assert_eq!(seen.take(&next_epoch, None, Some(true)), None);
    }

    #[test]
    fn a_vote_right_after_the_start_may_be_one_that_a_power_cut_took_back() {
        let mut seen = watch(own(8));
        let certain = |seen: &mut SilenceWatch, height| {
            let vote = seen.take(&block(height, true), None, Some(true));
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
