//! The door through which a node comes to vote: the conditions, in their order.
//!
//! - Reads: facts of this moment, and what the watch over the key has found.
//! - Returns: that it may vote, that it may only stand for election, or what is missing.
//! - Never: does I/O, or reads a clock.
//!
//! Conflux takes part in elections only while it votes, so a key that is not elected could never be watched in an elected
//! round if it had to be silent until then. Such a node is let through as a candidate: a key outside of the committee has
//! nothing to vote on. As soon as it is elected it is stopped, watched, and let in.

use crate::observe::{LocalView, PosHead, SAME_HEIGHT};
use crate::safety::SafetyFile;
use pospool_model::guard::PosRound;

/// A newest block of PoW that is older says that the node does not follow its chain.
const FRESH: u64 = 60;
/// How many seconds a block may be in the future: PoS takes no proposal that is more.
const AHEAD: u64 = 300;
/// So many blocks of PoS have to come after the node was in sync.
const FURTHER: u64 = 2;
/// A newest block of PoS that is younger than so many times the usual gap proves that most votes of the network reach this
/// node: without two thirds of them there is no new block.
const QUORUM_GAPS: u64 = 5;
/// For so many seconds after its start a node is on its way: it reads its databases, and finds its peers.
const OPENING: u64 = 300;

/// Everything that the door looks at.
#[derive(Clone, Debug)]
pub(crate) struct DoorFacts<'a> {
    /// The node; `None` while it does not answer.
    pub(crate) local: Option<&'a LocalView>,
    /// Other sources that answered.
    pub(crate) sources: &'a [PosHead],
    /// How long no source has seen a new block of PoS, in seconds.
    pub(crate) stalled: u64,
    /// How long the process has been looked at, in seconds.
    pub(crate) age: u64,
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// Time of the newest committed block here.
    pub(crate) block_time: Option<u64>,
    /// Usual seconds between two blocks of PoS.
    pub(crate) gap: u64,
    pub(crate) safety: &'a SafetyFile,
    pub(crate) key: &'a str,
    /// Height of PoS at which this process was first in sync.
    pub(crate) synced_at: Option<u64>,
    /// Whether everything that the key did since its last watch is accounted for.
    pub(crate) accounted: bool,
    /// Epoch of PoS that has to be over first.
    pub(crate) after_epoch: Option<u64>,
    /// Blocks of PoS that were not looked at yet.
    pub(crate) unread: u64,
    /// Blocks that still have to be silent.
    pub(crate) silence_left: u64,
    /// The newest signature that is not ours.
    pub(crate) foreign: Option<PosRound>,
    /// Why a person has to say so first.
    pub(crate) held: Option<&'a str>,
}

/// What the door says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may vote.
    Vote,
    /// It may stand for election, and is stopped when it is elected.
    Stand,
    /// It may not yet; why.
    Hold(Hold),
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Person(String),
    Starting,
    /// What every start goes through, and is only wrong if it stays.
    Opening(Box<Hold>),
    CatchingUp(String),
    OldHead,
    NoPeers,
    NoPos,
    Behind(u64),
    NobodyToAsk,
    Further(u64),
    NoSafetyFile,
    BadSafetyFile(String),
    OtherOwner(String),
    OldSafetyFile {
        file: u64,
        pos: u64,
    },
    EpochToEnd(u64),
    Reading(u64),
    OtherVoter(PosRound),
    Watching(u64),
}

impl Hold {
    /// The condition by its name, for programs.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Person(_) => "held",
            Self::Starting | Self::Opening(_) => "starting",
            Self::CatchingUp(_) => "catching-up",
            Self::OldHead => "old-head",
            Self::NoPeers => "no-peers",
            Self::NoPos => "no-pos",
            Self::Behind(_) => "behind",
            Self::NobodyToAsk => "nobody-to-ask",
            Self::Further(_) => "two-blocks",
            Self::NoSafetyFile => "no-safety-file",
            Self::BadSafetyFile(_) => "bad-safety-file",
            Self::OtherOwner(_) => "other-owner",
            Self::OldSafetyFile { .. } => "old-safety-file",
            Self::EpochToEnd(_) => "epoch-to-end",
            Self::Reading(_) => "reading",
            Self::OtherVoter(_) => "other-voter",
            Self::Watching(_) => "watching",
        }
    }
}

impl std::fmt::Display for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(why) => write!(f, "{why}; a person has to say that it is over: `pospool guard --clear` in the container"),
            Self::Starting => f.write_str("the node does not answer yet"),
            Self::Opening(what) => write!(f, "started less than {OPENING} s ago: {what}"),
            Self::CatchingUp(phase) => write!(f, "the node catches up ({phase})"),
            Self::OldHead => write!(f, "its newest block is older than {FRESH} s"),
            Self::NoPeers => f.write_str("no peer says anything"),
            Self::NoPos => f.write_str("PoS has not started"),
            Self::Behind(blocks) => write!(f, "PoS is {blocks} blocks behind other sources"),
            Self::NobodyToAsk => f.write_str(
                "no other source of the chain answers, and the newest block of PoS is too old to speak for itself",
            ),
            Self::Further(left) => write!(f, "in sync; {left} more blocks of PoS"),
            Self::NoSafetyFile => f.write_str("there is no safety file (pos_db/secure_storage.json)"),
            Self::BadSafetyFile(why) => write!(f, "the safety file cannot be read: {why}"),
            Self::OtherOwner(owner) => write!(
                f,
                "the safety file belongs to the key {owner}: it came from another node"
            ),
            Self::OldSafetyFile { file, pos } => write!(
                f,
                "the safety file is of PoS epoch {file}, and PoS is in epoch {pos}"
            ),
            Self::EpochToEnd(epoch) => write!(
                f,
                "the volume was copied, restored or moved: PoS epoch {epoch} has to end first"
            ),
            Self::Reading(blocks) => write!(f, "{blocks} blocks of PoS are still to be looked at"),
            Self::OtherVoter(round) => write!(
                f,
                "somebody else signs with this key (last in {round}): find and stop that node"
            ),
            Self::Watching(left) => write!(
                f,
                "watching that nobody else signs with this key: {left} more elected blocks"
            ),
        }
    }
}

impl DoorFacts<'_> {
    /// Whether the node is in sync with the chain.
    pub(crate) fn sync(&self) -> Result<PosHead, Hold> {
        let local = self.local.ok_or(Hold::Starting)?;
        if !local.has_caught_up() {
            return Err(Hold::CatchingUp(local.phase.clone()));
        }
        let pos = local.pos.ok_or(Hold::NoPos)?;
        if !self.stands_everywhere(pos) && !self.is_young(local.head_time, FRESH) {
            return Err(Hold::OldHead);
        }
        if local.live_peers == 0 {
            return Err(Hold::NoPeers);
        }
        let newest = self.sources.iter().map(|head| head.height).max();
        match newest {
            Some(newest) if newest > pos.height + SAME_HEIGHT => {
                Err(Hold::Behind(newest - pos.height))
            }
            Some(_) => Ok(pos),
            None if self.quorum_reaches_us() => Ok(pos),
            None => Err(Hold::NobodyToAsk),
        }
    }

    /// What is missing, as long as it is no more than what every start goes through. A spec without a source stays wrong.
    fn opening(&self, hold: Hold) -> Hold {
        match hold {
            Hold::Starting | Hold::NobodyToAsk => hold,
            _ if self.age < OPENING => Hold::Opening(Box::new(hold)),
            _ => hold,
        }
    }

    fn quorum_reaches_us(&self) -> bool {
        self.is_young(self.block_time, QUORUM_GAPS * self.gap)
    }

    /// Whether a block is so many seconds old at most. One of the far future says that our clock is behind.
    fn is_young(&self, time: Option<u64>, seconds: u64) -> bool {
        time.is_some_and(|time| time <= self.now + AHEAD && self.now <= time + seconds)
    }

    /// PoS stands at every source that can be asked, and here at the same block: it is not this node that is cut off. A
    /// network whose voters all wait for each other would never go on.
    fn stands_everywhere(&self, pos: PosHead) -> bool {
        let same = |head: &PosHead| head.height.abs_diff(pos.height) <= SAME_HEIGHT;
        // The process too must have had the time to hear of a block, or of the round that the others are in.
        let long = self.stalled.min(self.age) > QUORUM_GAPS * self.gap;
        long && !self.sources.is_empty() && self.sources.iter().all(same)
    }

    /// Whether the node may vote.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.check() {
            Ok(verdict) => verdict,
            Err(hold) => Verdict::Hold(hold),
        }
    }

    fn check(&self) -> Result<Verdict, Hold> {
        if let Some(why) = self.held {
            return Err(Hold::Person(why.to_owned()));
        }
        let pos = self.sync().map_err(|hold| self.opening(hold))?;
        let stands = self.accounted && self.stands_everywhere(pos);
        if !stands {
            let since = self.synced_at.unwrap_or(pos.height);
            let left = (since + FURTHER).saturating_sub(pos.height);
            if left > 0 {
                return Err(Hold::Further(left));
            }
        }
        self.check_safety_file(pos)?;
        if let Some(epoch) = self.after_epoch.filter(|epoch| pos.epoch <= *epoch) {
            return Err(Hold::EpochToEnd(epoch));
        }
        if self.unread > 0 {
            return Err(Hold::Reading(self.unread));
        }
        if self.accounted && self.foreign.is_none() {
            return Ok(Verdict::Vote);
        }
        if self.silence_left == 0 {
            return Ok(Verdict::Vote);
        }
        if !self.is_elected() {
            return Ok(Verdict::Stand);
        }
        match self.foreign {
            Some(round) => Err(Hold::OtherVoter(round)),
            None => Err(Hold::Watching(self.silence_left)),
        }
    }

    /// Whether the key is in the committee, or will be. Where nobody says so it may be.
    pub(crate) fn is_elected(&self) -> bool {
        self.local.is_some_and(|local| local.coming) || self.is_in_committee()
    }

    fn is_in_committee(&self) -> bool {
        let committee = self.local.and_then(|local| local.committee);
        committee.is_none_or(|(_, elected)| elected)
    }

    fn check_safety_file(&self, pos: PosHead) -> Result<(), Hold> {
        match self.safety {
            SafetyFile::Missing => Err(Hold::NoSafetyFile),
            SafetyFile::Unreadable(why) => Err(Hold::BadSafetyFile(why.clone())),
            SafetyFile::Known { owner, .. } if owner != self.key => {
                Err(Hold::OtherOwner(owner.clone()))
            }
            // The node writes a new one when an epoch begins in which its key is in the committee.
            SafetyFile::Known { signed, .. }
                if signed.epoch < pos.epoch && self.is_in_committee() =>
            {
                Err(Hold::OldSafetyFile {
                    file: signed.epoch,
                    pos: pos.epoch,
                })
            }
            SafetyFile::Known { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::VotingFlag;
    use crate::observe::tests::synced_view;

    const KEY: &str = "0xab";

    fn local() -> LocalView {
        synced_view(VotingFlag::Off)
    }

    fn safety() -> SafetyFile {
        SafetyFile::Known {
            owner: KEY.to_owned(),
            signed: PosRound::new(7, 3),
        }
    }

    fn facts<'a>(
        local: &'a LocalView,
        safety: &'a SafetyFile,
        sources: &'a [PosHead],
    ) -> DoorFacts<'a> {
        DoorFacts {
            local: Some(local),
            sources,
            stalled: 0,
            age: 9000,
            now: 1010,
            block_time: Some(1000),
            gap: 60,
            safety,
            key: KEY,
            synced_at: Some(98),
            accounted: true,
            after_epoch: None,
            unread: 0,
            silence_left: 20,
            foreign: None,
            held: None,
        }
    }

    const HEAD: PosHead = PosHead {
        epoch: 7,
        height: 101,
    };

    fn missing(facts: &DoorFacts<'_>) -> &'static str {
        match facts.verdict() {
            Verdict::Hold(hold) => hold.id(),
            other => panic!("{other:?}"),
        }
    }

    /// Each condition alone keeps the door shut.
    #[test]
    fn one_missing_condition_is_enough() {
        let (well, file, sources) = (local(), safety(), [HEAD]);
        let facts = facts(&well, &file, &sources);
        assert_eq!(facts.verdict(), Verdict::Vote);
        let of = |change: &dyn Fn(&mut DoorFacts<'_>)| {
            let mut facts = facts.clone();
            change(&mut facts);
            missing(&facts)
        };
        assert_eq!(of(&|it| it.local = None), "starting");
        assert_eq!(of(&|it| it.now += 100), "old-head");
        assert_eq!(of(&|it| it.held = Some("x")), "held");
        assert_eq!(of(&|it| it.synced_at = Some(99)), "two-blocks");
        assert_eq!(of(&|it| it.synced_at = None), "two-blocks");
        assert_eq!(of(&|it| it.after_epoch = Some(7)), "epoch-to-end");
        assert_eq!(of(&|it| it.unread = 1), "reading");
        assert_eq!(of(&|it| it.accounted = false), "watching");
        let foreign = Some(PosRound::new(7, 1));
        assert_eq!(of(&|it| it.foreign = foreign), "other-voter");
        let far = [
            HEAD,
            PosHead {
                epoch: 7,
                height: 103,
            },
        ];
        let mut behind = facts.clone();
        behind.sources = &far;
        assert_eq!(behind.verdict(), Verdict::Hold(Hold::Behind(3)));
    }

    #[test]
    fn a_node_that_is_not_well_does_not_vote() {
        let (file, sources) = (safety(), [HEAD]);
        let of = |change: &dyn Fn(&mut LocalView)| {
            let mut local = local();
            change(&mut local);
            missing(&facts(&local, &file, &sources))
        };
        assert_eq!(of(&|it| it.phase = "CatchUp".to_owned()), "catching-up");
        assert_eq!(of(&|it| it.live_peers = 0), "no-peers");
        assert_eq!(of(&|it| it.pos = None), "no-pos");
        assert_eq!(of(&|it| it.head_time = None), "old-head");
    }

    /// Every start goes through these: only what stays is wrong.
    #[test]
    fn a_node_that_was_just_started_is_on_its_way() {
        let (file, sources) = (safety(), [HEAD]);
        let local = LocalView {
            phase: "CatchUpRecoverBlockHeaderFromDbPhase".to_owned(),
            ..local()
        };
        let mut facts = facts(&local, &file, &sources);
        facts.age = OPENING - 1;
        assert_eq!(missing(&facts), "starting");
        let Verdict::Hold(hold) = facts.verdict() else {
            panic!("it must not vote");
        };
        assert!(hold.to_string().contains(&local.phase), "{hold}");
        facts.age = OPENING;
        assert_eq!(missing(&facts), "catching-up");
    }

    #[test]
    fn a_safety_file_must_be_the_key_s_own_and_of_this_epoch() {
        let (well, sources) = (local(), [HEAD]);
        let known = |owner: &str, epoch| SafetyFile::Known {
            owner: owner.to_owned(),
            signed: PosRound::new(epoch, 3),
        };
        for (file, id) in [
            (SafetyFile::Missing, "no-safety-file"),
            (SafetyFile::Unreadable("x".to_owned()), "bad-safety-file"),
            (known("0xcd", 7), "other-owner"),
            (known(KEY, 6), "old-safety-file"),
        ] {
            assert_eq!(missing(&facts(&well, &file, &sources)), id);
        }
        // Outside of the committee there is nothing to sign, and the node writes no new file.
        let outside = LocalView {
            committee: Some((7, false)),
            ..local()
        };
        let old = known(KEY, 1);
        assert_eq!(facts(&outside, &old, &sources).verdict(), Verdict::Vote);
    }

    #[test]
    fn a_key_that_is_not_accounted_for_is_watched_where_it_is_elected() {
        let (file, sources) = (safety(), [HEAD]);
        let verdict = |committee: Option<(u64, bool)>, coming: bool, left: u64| {
            let local = LocalView {
                committee,
                coming,
                ..local()
            };
            let mut facts = facts(&local, &file, &sources);
            facts.accounted = false;
            facts.silence_left = left;
            facts.verdict()
        };
        let watching = Verdict::Hold(Hold::Watching(20));
        assert_eq!(verdict(Some((7, true)), false, 20), watching);
        assert_eq!(verdict(Some((7, false)), true, 20), watching);
        assert_eq!(verdict(None, false, 20), watching, "it may be elected");
        assert_eq!(verdict(Some((7, false)), false, 20), Verdict::Stand);
        assert_eq!(verdict(Some((7, true)), false, 0), Verdict::Vote);
    }

    #[test]
    fn another_voter_shuts_the_door_until_it_was_silent_long_enough() {
        let (local, file, sources) = (local(), safety(), [HEAD]);
        let mut facts = facts(&local, &file, &sources);
        facts.foreign = Some(PosRound::new(7, 1));
        assert!(matches!(
            facts.verdict(),
            Verdict::Hold(Hold::OtherVoter(_))
        ));
        facts.silence_left = 0;
        assert_eq!(facts.verdict(), Verdict::Vote);
        // Outside of the committee nobody votes, and nobody could be seen: it stands for election, and is watched then.
        let outside = LocalView {
            committee: Some((7, false)),
            ..local.clone()
        };
        facts.silence_left = 20;
        facts.local = Some(&outside);
        assert_eq!(facts.verdict(), Verdict::Stand);
    }

    #[test]
    fn without_another_source_only_fresh_blocks_of_pos_speak_for_the_network() {
        let (local, file) = (local(), safety());
        let mut facts = facts(&local, &file, &[]);
        assert_eq!(facts.verdict(), Verdict::Vote);
        facts.block_time = Some(1000 - 5 * 60);
        assert_eq!(facts.verdict(), Verdict::Hold(Hold::NobodyToAsk));
        facts.block_time = None;
        assert_eq!(facts.verdict(), Verdict::Hold(Hold::NobodyToAsk));
    }

    /// All pools of this tool would fall silent together, and the chain could not go on.
    #[test]
    fn where_the_whole_network_stands_a_voter_that_is_accounted_for_goes_on() {
        let mut local = local();
        local.head_time = Some(0);
        let (file, sources) = (
            safety(),
            [PosHead {
                epoch: 7,
                height: 100,
            }],
        );
        let mut facts = facts(&local, &file, &sources);
        facts.now = 9000;
        facts.synced_at = None;
        assert_eq!(facts.verdict(), Verdict::Hold(Hold::OldHead));
        facts.stalled = 301;
        facts.age = 300;
        assert_eq!(
            facts.verdict(),
            Verdict::Hold(Hold::OldHead),
            "it may hear more"
        );
        facts.age = 301;
        assert_eq!(facts.verdict(), Verdict::Vote);
        facts.accounted = false;
        assert_eq!(facts.verdict(), Verdict::Hold(Hold::Further(2)));
        facts.accounted = true;
        // This node stands, or that source does.
        for height in [97, 103] {
            let other = [PosHead { epoch: 7, height }];
            let mut facts = facts.clone();
            facts.sources = &other;
            assert!(matches!(facts.verdict(), Verdict::Hold(_)), "{height}");
        }
    }
}
