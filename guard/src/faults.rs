//! What is wrong with a node that answers, and what has to be done about it.
//!
//! - Reads: what the node says of itself and how far other sources are.
//! - Returns: the fault, once it has lasted long enough to be one.
//! - Never: reads a clock, or ends anything.

use std::time::Duration;

use pospool_model::guard::Voting;
use tokio::time::Instant;

use crate::observe::{LocalView, PosHead, VotingFlag};

/// A PoS loop that gives no answer so many times in a row hangs.
const HUNG: u32 = 3;
/// A node is cut off when it hears of nobody for so many gaps between blocks, five minutes on the public networks, and
/// at least so long.
const CUT_GAPS: u32 = 10;
const LEAST_CUT: Duration = Duration::from_secs(30);
/// So many blocks may a node be behind other sources: they were asked a moment later.
const BEHIND: u64 = 2;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The task of PoS has ended, and the process goes on.
    DeadPos,
    /// The PoS loop gives no answer.
    HungPos,
    /// The voting was stopped, and not by the guard.
    StoppedByHand,
    /// The node votes, and the guard did not let it.
    UnaskedVote,
    /// No peer says anything.
    NoPeers,
    /// PoS stands here while it moves at other sources.
    LeftBehind,
}

impl Fault {
    /// The fault in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::DeadPos => "the task of PoS has ended, though the node answers",
            Self::HungPos => "the PoS loop gives no answer",
            Self::StoppedByHand => "the voting was stopped, and not by the guard",
            Self::UnaskedVote => "the node votes, and the guard did not let it",
            Self::NoPeers => "the node is cut off: no peer says anything",
            Self::LeftBehind => "the node is cut off: PoS stands here while it moves elsewhere",
        }
    }
}

/// Faults that need time to show.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FaultWatch {
    hung: u32,
    cut_since: Option<Instant>,
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
    /// Looks for a fault.
    pub(crate) fn find(&mut self, facts: FaultFacts<'_>, now: Instant) -> Option<Fault> {
        let lets = facts.voting != Voting::Off;
        self.hung = match facts.view.flag {
            VotingFlag::Hung => self.hung + 1,
            _ => 0,
        };
        match facts.view.flag {
            VotingFlag::Dead => return Some(Fault::DeadPos),
            VotingFlag::Hung if self.hung >= HUNG => return Some(Fault::HungPos),
            VotingFlag::Off | VotingFlag::NotStarted if lets => return Some(Fault::StoppedByHand),
            VotingFlag::On if !lets => return Some(Fault::UnaskedVote),
            _ => {}
        }
        self.find_cut(facts, now)
    }

    fn find_cut(&mut self, facts: FaultFacts<'_>, now: Instant) -> Option<Fault> {
        let newest = facts.sources.iter().map(|head| head.height).max();
        let behind = newest
            .zip(facts.view.pos)
            .is_some_and(|(newest, pos)| newest > pos.height + BEHIND);
        let fault = match (facts.view.live_peers, behind) {
            (0, _) => Fault::NoPeers,
            (_, true) => Fault::LeftBehind,
            (_, false) => {
                self.cut_since = None;
                return None;
            }
        };
        if !(facts.was_synced && facts.view.phase == "NormalSyncPhase") {
            self.cut_since = None;
            return None;
        }
        let since = *self.cut_since.get_or_insert(now);
        let bound = (CUT_GAPS * facts.gap).max(LEAST_CUT);
        (now.duration_since(since) >= bound).then_some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(flag: VotingFlag) -> LocalView {
        LocalView {
            phase: "NormalSyncPhase".to_owned(),
            head_time: Some(1000),
            live_peers: 3,
            pos: Some(PosHead {
                epoch: 7,
                height: 100,
            }),
            committee: Some((7, true)),
            coming: false,
            flag,
        }
    }

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
        let find = |flag, voting| {
            let mut watch = FaultWatch::default();
            let view = view(flag);
            watch.find(facts(&view, &[], voting), now)
        };
        for (flag, voting, fault) in [
            (VotingFlag::Dead, Voting::Off, Some(Fault::DeadPos)),
            (VotingFlag::Off, Voting::On, Some(Fault::StoppedByHand)),
            (
                VotingFlag::NotStarted,
                Voting::Candidate,
                Some(Fault::StoppedByHand),
            ),
            (VotingFlag::On, Voting::Off, Some(Fault::UnaskedVote)),
            (VotingFlag::On, Voting::On, None),
            (VotingFlag::Off, Voting::Off, None),
            (VotingFlag::NotStarted, Voting::Off, None),
        ] {
            assert_eq!(find(flag, voting), fault, "{flag:?} {voting:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_hangs_when_it_gives_no_answer_again_and_again() {
        let now = Instant::now();
        let mut watch = FaultWatch::default();
        let (hung, well) = (view(VotingFlag::Hung), view(VotingFlag::On));
        let mut find = |view: &LocalView| watch.find(facts(view, &[], Voting::On), now);
        assert_eq!((find(&hung), find(&hung), find(&well)), (None, None, None));
        assert_eq!((find(&hung), find(&hung)), (None, None));
        assert_eq!(find(&hung), Some(Fault::HungPos));
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_is_cut_off_after_five_minutes_without_peers_or_behind_all_sources() {
        let now = Instant::now();
        let minutes = |minutes| now + Duration::from_mins(minutes);
        let mut alone = view(VotingFlag::On);
        alone.live_peers = 0;
        let mut watch = FaultWatch::default();
        let mut find = |at| watch.find(facts(&alone, &[], Voting::On), at);
        assert_eq!((find(now), find(minutes(4))), (None, None));
        assert_eq!(find(minutes(5)), Some(Fault::NoPeers));
        let sources = [PosHead {
            epoch: 7,
            height: 103,
        }];
        let well = view(VotingFlag::On);
        let mut watch = FaultWatch::default();
        let mut find = |sources, at| watch.find(facts(&well, sources, Voting::On), at);
        assert_eq!(find(&sources, now), None);
        assert_eq!(find(&[], minutes(4)), None, "it is not behind any more");
        assert_eq!(find(&sources, minutes(5)), None);
        assert_eq!(find(&sources, minutes(10)), Some(Fault::LeftBehind));
        // One that never was in sync catches up.
        let mut catching_up = facts(&alone, &sources, Voting::Off);
        catching_up.was_synced = false;
        let mut off = view(VotingFlag::Off);
        off.live_peers = 0;
        catching_up.view = &off;
        let mut watch = FaultWatch::default();
        watch.find(catching_up, now);
        assert_eq!(watch.find(catching_up, minutes(60)), None);
    }
}
