//! The chain as the other sources and the newest blocks show it: how far it is, and how fast.
//!
//! - Reads: answers of sources, blocks of PoS.
//! - Returns: the newest heads, the usual time between two blocks, and for how long nothing has moved.
//! - Never: decides what that means.

use std::time::Duration;

use futures_util::future::join_all;
use pospool_model::guard::PosRound;
use tokio::time::Instant;

use crate::observe::{PosHead, Source};
use crate::round::PosBlock;

/// Milliseconds between two blocks of PoS where that is not known yet, and at most.
const USUAL_GAP: u64 = 30_000;
/// Other sources are asked at most so often.
const LEAST_PAUSE: Duration = Duration::from_secs(2);

/// What is known of the chain.
#[derive(Debug)]
pub(crate) struct Network {
    sources: Vec<Source>,
    heads: Vec<PosHead>,
    asked: Option<Instant>,
    /// The newest height that a source named, and since when.
    newest_head: Option<(u64, Instant)>,
    newest: Option<PosBlock>,
    seen_signed: Option<PosRound>,
    /// Milliseconds between two blocks of PoS.
    gap: u64,
}

impl Network {
    pub(crate) fn over(sources: Vec<Source>) -> Self {
        Self {
            sources,
            heads: Vec::new(),
            asked: None,
            newest_head: None,
            newest: None,
            seen_signed: None,
            gap: USUAL_GAP,
        }
    }

    /// Asks the sources, not more often than there are new blocks.
    pub(crate) async fn ask(&mut self, chain_id: Option<u64>) {
        let now = Instant::now();
        let every = Duration::from_millis(self.gap).max(LEAST_PAUSE);
        let lately = |asked: Instant| now.duration_since(asked) < every;
        if self.asked.is_some_and(lately) {
            return;
        }
        self.asked = Some(now);
        let heads = join_all(self.sources.iter().map(|source| source.head(chain_id))).await;
        self.take_heads(heads.into_iter().flatten().collect(), now);
    }

    fn take_heads(&mut self, heads: Vec<PosHead>, now: Instant) {
        let newest = heads.iter().map(|head| head.height).max();
        self.newest_head = match (newest, self.newest_head) {
            (Some(height), Some((before, since))) if height == before => Some((height, since)),
            (newest, _) => newest.map(|height| (height, now)),
        };
        self.heads = heads;
    }

    /// Takes the next block, and learns from it how far apart blocks are.
    pub(crate) fn take_block(&mut self, block: PosBlock) {
        if let Some(before) = self.newest
            && block.height > before.height
        {
            let blocks = block.height - before.height;
            let between = 1000 * block.time.saturating_sub(before.time) / blocks;
            // An eighth of the newest: a pause of one round is no other pace.
            self.gap = (7 * self.gap + between.min(USUAL_GAP)) / 8;
        }
        if self
            .newest
            .is_none_or(|before| block.height > before.height)
        {
            self.newest = Some(block);
        }
        if block.signed {
            self.seen_signed = self.seen_signed.max(Some(block.at));
        }
    }

    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub(crate) fn heads(&self) -> &[PosHead] {
        &self.heads
    }

    pub(crate) fn newest(&self) -> Option<PosBlock> {
        self.newest
    }

    /// Last committed block with a signature of our key.
    pub(crate) fn seen_signed(&self) -> Option<PosRound> {
        self.seen_signed
    }

    /// The usual time between two blocks.
    pub(crate) fn gap(&self) -> Duration {
        Duration::from_millis(self.gap)
    }

    /// For how long no source has seen a new block.
    pub(crate) fn stalled(&self, now: Instant) -> Duration {
        self.newest_head
            .map_or(Duration::ZERO, |(_, since)| now.duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(height: u64) -> Vec<PosHead> {
        vec![PosHead { epoch: 1, height }]
    }

    #[tokio::test(start_paused = true)]
    async fn the_network_stands_from_the_last_new_block_on() {
        let mut network = Network::over(Vec::new());
        let now = Instant::now();
        let seconds = Duration::from_secs;
        network.take_heads(head(5), now);
        network.take_heads(head(5), now + seconds(9));
        assert_eq!(network.stalled(now + seconds(20)), seconds(20));
        network.take_heads(head(6), now + seconds(21));
        assert_eq!(network.stalled(now + seconds(22)), seconds(1));
        // Nobody answers: nothing is known of it.
        network.take_heads(Vec::new(), now + seconds(23));
        assert_eq!(network.stalled(now + seconds(99)), seconds(0));
    }

    #[test]
    fn the_pace_of_pos_is_learned_and_one_pause_is_no_pace() {
        let mut network = Network::over(Vec::new());
        let block = |height, time, signed| PosBlock {
            height,
            at: PosRound::new(1, height),
            time,
            signed,
            has_signatures: true,
        };
        for height in 1..40 {
            network.take_block(block(height, 1000 + height, height == 3));
        }
        assert!(
            network.gap() < Duration::from_millis(1500),
            "{:?}",
            network.gap()
        );
        network.take_block(block(40, 1100, false));
        assert!(
            network.gap() < Duration::from_secs(6),
            "{:?}",
            network.gap()
        );
        assert_eq!(network.seen_signed(), Some(PosRound::new(1, 3)));
        // An older block changes nothing.
        let before = network.gap();
        network.take_block(block(2, 1002, false));
        assert_eq!(
            (network.gap(), network.newest().unwrap().height),
            (before, 40)
        );
    }
}
