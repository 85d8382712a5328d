//! What is due of a pool's profit: a table over what the pool and the state say.
//!
//! - Reads: numbers.
//! - Returns: calls in the order in which they are sent.
//! - Never: asks a node, or reads a clock: the chain's blocks are the time.
//!
//! The pool (`PoSPool.sol` of the reference) adds a reward to what it owes only when somebody's call has it counted. The pool's
//! own share of a staker's reward is added when that staker's account is settled: by the staker's own calls, or by
//! `_updatePoolProfit()`, which settles all and so costs gas for each staker. `_withdrawPoolProfit` pays from what was added by
//! then, must leave a rest, and takes all that the pool has by then for counted: a reward that was not counted before it is
//! nobody's for ever. So a payment always follows a call that counts.
//!
//! | call | due when |
//! |---|---|
//! | settle | blocks have passed since the last settlement; it may bring more than its gas costs; with that, `min` is reached |
//! | pay | blocks have passed since the last payment; what is settled reaches `min`, or is more than gas costs |
//! | count | before a payment, where settling is not due or does not fit |

use pospool_conflux::CoreAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_model::Drip;

/// What all of a reward is, in the parts of a share ratio.
const WHOLE: u128 = 10_000;

/// What a pool and the state say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeenProfit {
    /// Profit that is settled, in drip.
    pub(crate) settled: u128,
    /// All that the pool has ever earned, in drip.
    pub(crate) earned: u128,
    /// What the stakers keep of a reward, of 10,000; nothing as long as it was not asked for.
    pub(crate) users_share: u128,
    pub(crate) block: u64,
    /// Blocks of the last settlement and the last payment, as the state knows them.
    pub(crate) settled_block: Option<u64>,
    pub(crate) claimed_block: Option<u64>,
    /// What the pool had earned when the last settlement was planned, in drip.
    pub(crate) settled_earned: Option<u128>,
}

impl SeenProfit {
    /// Most that settling can bring: the pool's share of all that came in since the last time. Stakers whose account was
    /// settled since then by a call of their own, or who pay no fee, make it less.
    fn unsettled(&self) -> u128 {
        let fresh = self
            .earned
            .saturating_sub(self.settled_earned.unwrap_or_default());
        let share = WHOLE.saturating_sub(self.users_share);
        fresh.saturating_mul(share) / WHOLE
    }

    fn has_passed(&self, last: Option<u64>, every: u64) -> bool {
        last.is_none_or(|last| self.block >= last.saturating_add(every))
    }
}

/// A call to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfitCall {
    /// Settles all stakers.
    Settle,
    /// Counts what came in, and settles the caller alone: where there are too many stakers.
    Count,
    /// Pays profit out, in drip.
    Withdraw { amount: u128, to: CoreAddress },
}

impl ProfitCall {
    /// Name of the effect.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Settle => "settle_profit",
            Self::Count => "count_profit",
            Self::Withdraw { .. } => "withdraw_profit",
        }
    }

    /// For the spec's reader.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Settle => "settle".to_owned(),
            Self::Count => "count".to_owned(),
            Self::Withdraw { amount, to } => format!("withdraw {} to {to}", Drip(amount)),
        }
    }

    /// What the transaction does, for the plan's reader.
    pub(crate) fn summary(self) -> String {
        match self {
            Self::Settle => "settle what all stakers and the pool have earned".to_owned(),
            Self::Count => "have the pool count what has come in".to_owned(),
            Self::Withdraw { amount, to } => {
                format!("pay {} of the pool's profit to {to}", Drip(amount))
            }
        }
    }

    /// Call data.
    pub(crate) fn data(self) -> Vec<u8> {
        match self {
            Self::Settle => abi::function_selector("_updatePoolProfit()").to_vec(),
            // Interest of nothing is paid to anybody, and everything is counted for it.
            Self::Count => abi::encode_call("claimInterest(uint256)", &[Argument::Number(0)]),
            Self::Withdraw { amount, to } => abi::encode_call(
                "_withdrawPoolProfit(uint256,address)",
                &[Argument::Number(amount), Argument::Address(to.bytes())],
            ),
        }
    }
}

/// Whether settling pays for itself, at what its gas costs in drip. Without that, dust would be settled with each apply.
pub(crate) fn is_settlement_due(
    seen: &SeenProfit,
    every: u64,
    min: Option<u128>,
    cost: u128,
) -> bool {
    let brings = seen.unsettled();
    // A payment leaves a drip behind.
    let reaches = min.is_none_or(|min| seen.settled.saturating_add(brings) > min);
    brings > cost && reaches && seen.has_passed(seen.settled_block, every)
}

/// What is to be paid now, in drip; its gas is not counted yet. The pool pays less than it has, never all.
pub(crate) fn payment_due(seen: &SeenProfit, every: u64, min: Option<u128>) -> Option<u128> {
    let amount = seen.settled.saturating_sub(1);
    let pays = amount > 0 && amount >= min.unwrap_or(1);
    (pays && seen.has_passed(seen.claimed_block, every)).then_some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut SeenProfit);

    /// 1,000 earned since the last settlement, of which the pool has a tenth.
    const USUAL: SeenProfit = SeenProfit {
        settled: 101,
        earned: 3_000,
        users_share: 9_000,
        block: 10_000,
        settled_block: Some(9_000),
        claimed_block: Some(9_000),
        settled_earned: Some(2_000),
    };

    fn changed(change: Change) -> SeenProfit {
        let mut seen = USUAL;
        change(&mut seen);
        seen
    }

    #[test]
    fn a_payment_is_due_by_blocks_and_its_amount() {
        // Every 500 blocks, from 50 drip on.
        let table: &[(Change, Option<u128>)] = &[
            (|_| {}, Some(100)),
            (|s| s.claimed_block = Some(9_501), None),
            (|s| s.claimed_block = Some(9_500), Some(100)),
            (|s| s.claimed_block = None, Some(100)),
            (|s| s.settled_block = Some(9_999), Some(100)),
            (|s| s.settled = 51, Some(50)),
            (|s| s.settled = 50, None),
            (|s| s.settled = 0, None),
            // The chain was set back, or the state is of another one.
            (|s| s.block = 1, None),
        ];
        for (number, (change, due)) in table.iter().enumerate() {
            let seen = changed(*change);
            assert_eq!(payment_due(&seen, 500, Some(50)), *due, "row {number}");
        }
        let without_bound = |settled| {
            let seen = SeenProfit { settled, ..USUAL };
            payment_due(&seen, 1, None)
        };
        assert_eq!([0, 1, 2].map(without_bound), [None, None, Some(1)]);
    }

    #[test]
    fn a_settlement_is_due_by_blocks_and_what_it_brings() {
        // Every 500 blocks; it costs 30.
        let table: &[(Change, Option<u128>, bool)] = &[
            (|_| {}, None, true),
            (|s| s.settled_block = Some(9_501), None, false),
            (|s| s.settled_block = None, None, true),
            // The pool's tenth of 300 is what it costs.
            (|s| s.earned = 2_300, None, false),
            (|s| s.earned = 2_310, None, true),
            (|s| s.earned = 2_000, None, false),
            (|s| s.users_share = 10_000, None, false),
            // A state that was lost: all may be unsettled.
            (|s| (s.earned, s.settled_earned) = (310, None), None, true),
            (|s| (s.earned, s.settled_earned) = (0, None), None, false),
            // What is settled and what it brings, 201, must be more than what is paid.
            (|_| {}, Some(200), true),
            (|_| {}, Some(201), false),
            // Even where the spec wants little, gas is not spent on less than it costs.
            (|s| s.earned = 2_300, Some(1), false),
            (|s| s.block = 1, None, false),
        ];
        for (number, (change, min, due)) in table.iter().enumerate() {
            let seen = changed(*change);
            assert_eq!(
                is_settlement_due(&seen, 500, *min, 30),
                *due,
                "row {number}: {seen:?}"
            );
        }
    }
}
