//! What there is to do for a bridge: a table over what its views say.
//!
//! - Reads: numbers.
//! - Returns: duties in the order in which they are sent, and what has to wait with the reason.
//! - Never: asks a node.

use pospool_conflux::abi::{self, Argument};
use pospool_model::Drip;

/// Stake of one vote.
const VOTE: u128 = 1000 * Drip::PER_CFX;

/// What a bridge and the chain say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeenBridge {
    /// Votes that eSpace has sold and Core Space has not yet.
    pub(crate) crossing: u128,
    /// Money that has arrived for the bridge, in drip.
    pub(crate) mapped: u128,
    /// Requests to unstake, and the votes of the first one.
    pub(crate) unstakes: u128,
    pub(crate) first_unstake: u128,
    /// Votes past their lock period.
    pub(crate) locked: u128,
    /// Votes that PoS has let go of.
    pub(crate) unlocked: u128,
    /// In drip.
    pub(crate) interest: u128,
    pub(crate) locks_changed: bool,
    pub(crate) votes_changed: bool,
    /// Whether the account that calls owns the bridge.
    pub(crate) owns: bool,
    pub(crate) block: u64,
    pub(crate) claimed_block: Option<u64>,
    pub(crate) claim_every: u64,
}

/// A call to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DutyKind {
    CrossStake,
    Withdraw,
    Unstake,
    Claim,
    SyncLocks,
    SyncVotes,
}

/// One thing to do, and how much of it at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duty {
    pub(crate) kind: DutyKind,
    /// Votes; for a claim, drip.
    pub(crate) amount: u128,
}

/// Something that waits, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingDuty {
    pub(crate) duty: Duty,
    pub(crate) why: String,
}

impl DutyKind {
    /// Name of the effect and of the duty.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CrossStake => "cross_stake",
            Self::Withdraw => "withdraw",
            Self::Unstake => "unstake",
            Self::Claim => "claim_interest",
            Self::SyncLocks => "sync_locks",
            Self::SyncVotes => "sync_votes",
        }
    }

    /// Whether only the bridge's owner may do it.
    fn is_owners(self) -> bool {
        !matches!(self, Self::SyncLocks | Self::SyncVotes)
    }
}

impl Duty {
    fn new(kind: DutyKind, amount: u128) -> Self {
        Self { kind, amount }
    }

    /// For the spec's reader: `cross_stake 2`.
    pub(crate) fn text(self) -> String {
        let name = self.kind.name();
        match self.kind {
            DutyKind::SyncLocks | DutyKind::SyncVotes => name.to_owned(),
            DutyKind::Claim => format!("{name} {}", Drip(self.amount)),
            _ => format!("{name} {}", self.amount),
        }
    }

    /// What the transaction does, for the plan's reader.
    pub(crate) fn summary(self) -> String {
        let votes = |amount| match amount {
            1 => "1 vote".to_owned(),
            more => format!("{more} votes"),
        };
        match self.kind {
            DutyKind::CrossStake => format!("stake {} of eSpace", votes(self.amount)),
            DutyKind::Withdraw => format!("bring {} back to eSpace", votes(self.amount)),
            DutyKind::Unstake => format!("ask PoS to let {} go", votes(self.amount)),
            DutyKind::Claim => format!("bring {} of interest to eSpace", Drip(self.amount)),
            DutyKind::SyncLocks => "pass the governance locks of eSpace on".to_owned(),
            DutyKind::SyncVotes => "pass the governance votes of eSpace on".to_owned(),
        }
    }

    /// Call data.
    pub(crate) fn data(self) -> Vec<u8> {
        let plain = |signature| abi::function_selector(signature).to_vec();
        match self.kind {
            DutyKind::CrossStake => plain("crossStake()"),
            DutyKind::Withdraw => abi::encode_call(
                "withdrawVotesByVotes(uint64)",
                &[Argument::Number(self.amount)],
            ),
            DutyKind::Unstake => plain("handleOneUnstake()"),
            DutyKind::Claim => plain("syncAPYandClaimInterest()"),
            DutyKind::SyncLocks => plain("syncLockInfo()"),
            DutyKind::SyncVotes => plain("syncVoteInfo()"),
        }
    }

    /// The same for ever less, as far as the amount is a choice: the largest that the chain accepts is taken.
    pub(crate) fn choices(self) -> Vec<Self> {
        if self.kind != DutyKind::Withdraw {
            return vec![self];
        }
        let halves = std::iter::successors(Some(self.amount), |amount| Some(amount / 2));
        halves
            .take_while(|amount| *amount > 0)
            .map(|amount| Self::new(DutyKind::Withdraw, amount))
            .collect()
    }
}

/// What there is to do now, and what waits.
pub(crate) fn duties_of(seen: &SeenBridge) -> (Vec<Duty>, Vec<WaitingDuty>) {
    let mut open = Vec::new();
    let mut waiting = Vec::new();
    let mut add = |there: bool, duty: Duty, obstacle: Option<String>| {
        let not_ours = (duty.kind.is_owners() && !seen.owns)
            .then(|| "only the bridge's owner may do it, and this account is not".to_owned());
        match not_ours.or(obstacle) {
            _ if !there => {}
            None => open.push(duty),
            Some(why) => waiting.push(WaitingDuty { duty, why }),
        }
    };
    let needed = seen.crossing.saturating_mul(VOTE);
    let arrived = (seen.mapped < needed)
        .then(|| format!("{} of {} have arrived", Drip(seen.mapped), Drip(needed)));
    add(
        seen.crossing > 0,
        Duty::new(DutyKind::CrossStake, seen.crossing),
        arrived,
    );
    // The contract counts votes in 64 bits.
    let unlocked = seen.unlocked.min(u64::MAX.into());
    add(unlocked > 0, Duty::new(DutyKind::Withdraw, unlocked), None);
    let locked = (seen.first_unstake > seen.locked)
        .then(|| format!("{} votes are past their lock period", seen.locked));
    add(
        seen.unstakes > 0 && seen.first_unstake > 0,
        Duty::new(DutyKind::Unstake, seen.first_unstake),
        locked,
    );
    let is_due = seen
        .claimed_block
        .is_none_or(|last| seen.block >= last.saturating_add(seen.claim_every));
    add(
        seen.interest > 0 && is_due,
        Duty::new(DutyKind::Claim, seen.interest),
        None,
    );
    add(seen.locks_changed, Duty::new(DutyKind::SyncLocks, 0), None);
    add(seen.votes_changed, Duty::new(DutyKind::SyncVotes, 0), None);
    (open, waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> SeenBridge {
        SeenBridge {
            owns: true,
            block: 10_000,
            claimed_block: Some(9_000),
            claim_every: 3_600,
            ..SeenBridge::default()
        }
    }

    fn texts(seen: &SeenBridge) -> (Vec<String>, Vec<String>) {
        let (open, waiting) = duties_of(seen);
        let waiting = waiting.iter().map(|one| one.duty.text());
        (
            open.iter().map(|duty| duty.text()).collect(),
            waiting.collect(),
        )
    }

    #[test]
    fn what_the_views_say_is_what_there_is_to_do() {
        type Change = fn(&mut SeenBridge);
        let table: &[(Change, &[&str], &[&str])] = &[
            (|_| {}, &[], &[]),
            (
                |s| (s.crossing, s.mapped) = (2, 2 * VOTE),
                &["cross_stake 2"],
                &[],
            ),
            (
                |s| (s.crossing, s.mapped) = (2, 2 * VOTE - 1),
                &[],
                &["cross_stake 2"],
            ),
            (|s| s.mapped = VOTE, &[], &[]),
            (|s| s.unlocked = 5, &["withdraw 5"], &[]),
            (
                |s| (s.unstakes, s.first_unstake, s.locked) = (3, 2, 2),
                &["unstake 2"],
                &[],
            ),
            (
                |s| (s.unstakes, s.first_unstake, s.locked) = (3, 2, 1),
                &[],
                &["unstake 2"],
            ),
            (|s| (s.unstakes, s.locked) = (3, 9), &[], &[]),
            (|s| s.interest = Drip::PER_CFX, &[], &[]),
            (
                |s| (s.interest, s.block) = (Drip::PER_CFX, 12_600),
                &["claim_interest 1 CFX"],
                &[],
            ),
            (
                |s| (s.interest, s.claimed_block) = (Drip::PER_CFX, None),
                &["claim_interest 1 CFX"],
                &[],
            ),
            (|s| s.claimed_block = None, &[], &[]),
            (|s| s.locks_changed = true, &["sync_locks"], &[]),
            (|s| s.votes_changed = true, &["sync_votes"], &[]),
            // Anybody may pass governance on, the rest is the owner's.
            (
                |s| (s.owns, s.unlocked, s.locks_changed) = (false, 1, true),
                &["sync_locks"],
                &["withdraw 1"],
            ),
        ];
        for (number, (change, open, waiting)) in table.iter().enumerate() {
            let mut seen = quiet();
            change(&mut seen);
            let (found, waits) = texts(&seen);
            assert_eq!(found, *open, "row {number}: {seen:?}");
            assert_eq!(waits, *waiting, "row {number}: {seen:?}");
        }
    }

    #[test]
    fn less_is_tried_where_the_amount_is_a_choice() {
        let amounts = |kind, amount| -> Vec<u128> {
            let choices = Duty::new(kind, amount).choices();
            choices.iter().map(|duty| duty.amount).collect()
        };
        assert_eq!(amounts(DutyKind::Withdraw, 11), [11, 5, 2, 1]);
        assert_eq!(amounts(DutyKind::CrossStake, 11), [11]);
        assert_eq!(
            Duty::new(DutyKind::Withdraw, u64::MAX.into())
                .choices()
                .len(),
            64
        );
    }
}
