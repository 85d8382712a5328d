//! What is wrong with a node that answers, and what has to be done about it.
//!
//! - Reads: what the node says of itself and how far other sources are.
//! - Returns: the fault, once it has lasted long enough to be one.
//! - Never: reads a clock, or ends anything.

use std::time::Duration;

use pospool_model::guard::Voting;
use tokio::time::Instant;

use crate::observe::{LocalView, PosHead, SAME_HEIGHT, VotingFlag};

/// So many looks in a row have to say the same before it is believed: an answer is lost now and then.
const AGAIN: u32 = 3;
/// A node is cut off when it hears of nobody for so many gaps between blocks, five minutes on the public networks, and
/// at least so long.
const CUT_GAPS: u32 = 10;
const LEAST_CUT: Duration = Duration::from_secs(30);
/// A node that does not answer is not watched: one that votes is ended after this time, one that does not after the other.
const BLIND_VOTER: Duration = Duration::from_secs(30);
const BLIND: Duration = Duration::from_mins(10);

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The task of PoS has ended, and the process goes on.
    DeadPos,
    /// The PoS loop gives no answer.
    HungPos,
    /// The node does not answer any more.
    Blind,
    /// The voting was stopped, and not by the guard.
    StoppedByHand,
    /// The node votes, and the guard did not let it.
    UnaskedVote,
    /// No peer says anything.
    NoPeers,
    /// PoS stands here, and not at other sources, or none of them answers.
    LeftBehind,
}

impl Fault {
    /// Its name in reports: a promise.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::DeadPos => "dead-pos",
            Self::HungPos => "hung-pos",
            Self::Blind => "blind",
            Self::StoppedByHand => "stopped-by-hand",
            Self::UnaskedVote => "unasked-vote",
            Self::NoPeers => "no-peers",
            Self::LeftBehind => "left-behind",
        }
    }

    /// The fault in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::DeadPos => "the task of PoS has ended, though the node answers",
            Self::HungPos => "the PoS loop gives no answer",
            Self::Blind => "the node does not answer any more",
            Self::StoppedByHand => "the voting was stopped, and not by the guard",
            Self::UnaskedVote => "the node votes, and the guard did not let it",
            Self::NoPeers => "the node is cut off: no peer says anything",
            Self::LeftBehind => {
                "the node is cut off: PoS stands here, and moves at other sources or cannot be seen there"
            }
        }
    }
}

/// Faults that need time to show.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FaultWatch {
    /// Looks in a row at which the flag said nothing, and at which it was off though it should be on.
    unknown: u32,
    off: u32,
    /// The height of PoS here, and since when.
    height: Option<(u64, Instant)>,
    lonely_since: Option<Instant>,
    blind_since: Option<Instant>,
}

/// What a look for faults looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultFacts<'a> {
    pub(crate) view: &'a LocalView,
    pub(crate) sources: &'a [PosHead],
    pub(crate) voting: Voting,
    /// Whether the process was in sync before: one that never was catches up, and may take as long as it needs.
    pub(crate) was_synced: bool,
    /// The usual time between two blocks of PoS.
    pub(crate) gap: Duration,
}

impl FaultWatch {
    /// The node did not answer at this look, though it did before.
    pub(crate) fn blind(&mut self, voting: Voting, now: Instant) -> Option<Fault> {
        let since = *self.blind_since.get_or_insert(now);
        let bound = match voting {
            Voting::Off => BLIND,
            Voting::On | Voting::Candidate => BLIND_VOTER,
        };
        (now.duration_since(since) >= bound).then_some(Fault::Blind)
    }

    /// Looks for a fault.
    pub(crate) fn find(&mut self, facts: FaultFacts<'_>, now: Instant) -> Option<Fault> {
        self.blind_since = None;
        let lets = facts.voting != Voting::Off;
        let flag = facts.view.flag;
        let is_unknown = flag == VotingFlag::Unknown || (lets && flag == VotingFlag::NotStarted);
        self.unknown = if is_unknown { self.unknown + 1 } else { 0 };
        self.off = if lets && flag == VotingFlag::Off {
            self.off + 1
        } else {
            0
        };
        if flag == VotingFlag::Dead {
            return Some(Fault::DeadPos);
        }
        if flag == VotingFlag::On && !lets {
            return Some(Fault::UnaskedVote);
        }
        if self.unknown >= AGAIN {
            return Some(Fault::HungPos);
        }
        if self.off >= AGAIN {
            return Some(Fault::StoppedByHand);
        }
        self.find_cut(facts, now)
    }

    fn find_cut(&mut self, facts: FaultFacts<'_>, now: Instant) -> Option<Fault> {
        let height = facts.view.pos.map(|pos| pos.height);
        self.height = match (height, self.height) {
            (Some(height), Some((before, since))) if height == before => Some((height, since)),
            (height, _) => height.map(|height| (height, now)),
        };
        if facts.view.live_peers > 0 {
            self.lonely_since = None;
        } else {
            self.lonely_since.get_or_insert(now);
        }
        if !(facts.was_synced && facts.view.has_caught_up()) {
            return None;
        }
        let bound = (CUT_GAPS * facts.gap).max(LEAST_CUT);
        let lasts = |since: Instant| now.duration_since(since) >= bound;
        if self.lonely_since.is_some_and(lasts) {
            return Some(Fault::NoPeers);
        }
        let (height, _) = self.height.filter(|(_, since)| lasts(*since))?;
        let stands = |head: &PosHead| head.height <= height + SAME_HEIGHT;
        // Where all that answer stand too, it is the network.
        let all_stand = !facts.sources.is_empty() && facts.sources.iter().all(stands);
        (!all_stand).then_some(Fault::LeftBehind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::tests::synced_view as view;

    fn facts<'a>(view: &'a LocalView, sources: &'a [PosHead], voting: Voting) -> FaultFacts<'a> {
        FaultFacts {
            view,
            sources,
            voting,
            was_synced: true,
            gap: Duration::from_secs(30),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_fault_of_the_loop_is_told_from_the_others() {
        let now = Instant::now();
        // The fault, and at which of the looks it is believed.
        let find = |flag, voting| {
            let mut watch = FaultWatch::default();
            let view = view(flag);
            (1..=9).find_map(|look| Some((look, watch.find(facts(&view, &[], voting), now)?)))
        };
        for (flag, voting, fault) in [
            (VotingFlag::Dead, Voting::Off, Some((1, Fault::DeadPos))),
            (VotingFlag::On, Voting::Off, Some((1, Fault::UnaskedVote))),
            (VotingFlag::Off, Voting::On, Some((3, Fault::StoppedByHand))),
            (VotingFlag::Unknown, Voting::On, Some((3, Fault::HungPos))),
            (
                VotingFlag::NotStarted,
                Voting::Candidate,
                Some((3, Fault::HungPos)),
            ),
            (VotingFlag::On, Voting::On, None),
            (VotingFlag::Off, Voting::Off, None),
            (VotingFlag::NotStarted, Voting::Off, None),
        ] {
            assert_eq!(find(flag, voting), fault, "{flag:?} {voting:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_lost_now_and_then_is_no_fault() {
        let now = Instant::now();
        let mut watch = FaultWatch::default();
        let (unknown, well) = (view(VotingFlag::Unknown), view(VotingFlag::On));
        for view in [&unknown, &unknown, &well, &unknown, &unknown, &well] {
            assert_eq!(watch.find(facts(view, &[], Voting::On), now), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_voter_that_does_not_answer_is_not_watched() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut watch = FaultWatch::default();
        assert_eq!(watch.blind(Voting::Candidate, now), None);
        assert_eq!(watch.blind(Voting::Candidate, later(29)), None);
        assert_eq!(
            watch.blind(Voting::Candidate, later(30)),
            Some(Fault::Blind)
        );
        let mut watch = FaultWatch::default();
        assert_eq!(watch.blind(Voting::On, now), None);
        let view = view(VotingFlag::On);
        assert_eq!(watch.find(facts(&view, &[], Voting::On), later(20)), None);
        assert_eq!(
            watch.blind(Voting::On, later(40)),
            None,
            "it answered in between"
        );
        assert_eq!(watch.blind(Voting::Off, later(600)), None);
        assert_eq!(watch.blind(Voting::Off, later(640)), Some(Fault::Blind));
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_without_peers_is_cut_off_after_five_minutes() {
        let now = Instant::now();
        let minutes = |minutes| now + Duration::from_mins(minutes);
        let mut alone = view(VotingFlag::On);
        alone.live_peers = 0;
        let mut watch = FaultWatch::default();
        let mut find = |view: &LocalView, at| watch.find(facts(view, &[], Voting::On), at);
        assert_eq!((find(&alone, now), find(&alone, minutes(4))), (None, None));
        let mut moved = view(VotingFlag::On);
        moved.pos = Some(PosHead {
            epoch: 7,
            height: 101,
        });
        assert_eq!(find(&moved, minutes(4)), None);
        moved.live_peers = 0;
        assert_eq!(
            (find(&moved, minutes(5)), find(&moved, minutes(8))),
            (None, None)
        );
        assert!(find(&moved, minutes(10)).is_some());
        // One that never was in sync catches up.
        let mut watch = FaultWatch::default();
        let mut off = view(VotingFlag::Off);
        off.live_peers = 0;
        let mut catching_up = facts(&off, &[], Voting::Off);
        catching_up.was_synced = false;
        watch.find(catching_up, now);
        assert_eq!(watch.find(catching_up, minutes(60)), None);
    }

    /// With one peer of its own side a node has somebody to talk to, and stands all the same.
    #[tokio::test(start_paused = true)]
    async fn a_node_that_stands_is_cut_off_unless_all_that_can_be_asked_stand() {
        let now = Instant::now();
        let minutes = |minutes| now + Duration::from_mins(minutes);
        let well = view(VotingFlag::On);
        let head = |height| PosHead { epoch: 7, height };
        for (sources, fault) in [
            (vec![], Some(Fault::LeftBehind)),
            (vec![head(103)], Some(Fault::LeftBehind)),
            (vec![head(100), head(103)], Some(Fault::LeftBehind)),
            (vec![head(100), head(101)], None),
        ] {
            let mut watch = FaultWatch::default();
            let mut find = |at| watch.find(facts(&well, &sources, Voting::On), at);
            assert_eq!((find(now), find(minutes(4))), (None, None));
            assert_eq!(find(minutes(5)), fault, "{sources:?}");
        }
        // One that is behind and moves is not cut off.
        let mut watch = FaultWatch::default();
        for minute in 0..20 {
            let mut moving = view(VotingFlag::On);
            moving.pos = Some(head(100 + minute));
            let found = watch.find(facts(&moving, &[head(200)], Voting::On), minutes(minute));
            assert_eq!(found, None);
        }
    }
}
