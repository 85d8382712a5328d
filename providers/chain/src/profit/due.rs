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

use pospool_conflux::CoreAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_model::Drip;

/// What a pool and the state say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeenProfit {
    /// Profit that is settled, in drip.
    pub(crate) settled: u128,
    /// All that the pool has ever earned, in drip.
    pub(crate) earned: u128,
    pub(crate) block: u64,
    /// Blocks of the last settlement and the last payment, as the state knows them.
    pub(crate) settled_block: Option<u64>,
    pub(crate) claimed_block: Option<u64>,
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

/// What is due now. A payment brings a settlement with it, of which the next payment is made.
pub(crate) fn profit_due(
    seen: &SeenProfit,
    every: u64,
    min: Option<u128>,
    to: CoreAddress,
) -> Vec<ProfitCall> {
    let is_due =
        |last: Option<u64>| last.is_none_or(|last| seen.block >= last.saturating_add(every));
    // The pool pays less than it has, never all.
    let amount = seen.settled.saturating_sub(1);
    let pays = amount > 0 && amount >= min.unwrap_or(1) && is_due(seen.claimed_block);
    let settles = pays || (seen.earned > 0 && is_due(seen.settled_block));
    let settle = settles.then_some(ProfitCall::Settle);
    let pay = pays.then_some(ProfitCall::Withdraw { amount, to });
    settle.into_iter().chain(pay).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::core;

    type Change = fn(&mut SeenProfit);

    #[test]
    fn what_is_due_follows_from_blocks_and_amounts() {
        let usual = SeenProfit {
            settled: 101,
            earned: 1_000,
            block: 10_000,
            settled_block: Some(9_000),
            claimed_block: Some(9_000),
        };
        // Every 500 blocks, from 50 drip on.
        let table: &[(Change, &[&str])] = &[
            (|_| {}, &["settle", "withdraw 100"]),
            (|s| s.claimed_block = Some(9_501), &["settle"]),
            (
                |s| s.claimed_block = Some(9_500),
                &["settle", "withdraw 100"],
            ),
            // Settled a moment ago: what is counted by then may have changed since.
            (
                |s| s.settled_block = Some(9_999),
                &["settle", "withdraw 100"],
            ),
            (
                |s| (s.settled_block, s.claimed_block) = (Some(9_999), Some(9_999)),
                &[],
            ),
            (
                |s| (s.settled_block, s.claimed_block) = (None, None),
                &["settle", "withdraw 100"],
            ),
            (|s| s.settled = 51, &["settle", "withdraw 50"]),
            (|s| s.settled = 50, &["settle"]),
            (|s| (s.settled, s.settled_block) = (50, Some(9_999)), &[]),
            (|s| s.settled = 0, &["settle"]),
            (
                |s| (s.settled, s.earned, s.settled_block) = (0, 0, None),
                &[],
            ),
            // The chain was set back, or the state is of another one.
            (|s| s.block = 1, &[]),
        ];
        for (number, (change, expected)) in table.iter().enumerate() {
            let mut seen = usual;
            change(&mut seen);
            let due = profit_due(&seen, 500, Some(50), core(1));
            let texts: Vec<String> = due
                .iter()
                .map(|call| match call {
                    ProfitCall::Withdraw { amount, .. } => format!("withdraw {amount}"),
                    other => other.text(),
                })
                .collect();
            assert_eq!(texts, *expected, "row {number}: {seen:?}");
        }
    }

    #[test]
    fn without_a_bound_anything_is_due_but_nothing() {
        let seen = |settled| SeenProfit {
            settled,
            earned: 1,
            ..SeenProfit::default()
        };
        let payments = |settled| {
            let due = profit_due(&seen(settled), 1, None, core(1)).into_iter();
            due.filter(|call| matches!(call, ProfitCall::Withdraw { .. }))
                .count()
        };
        assert_eq!([payments(0), payments(1), payments(2)], [0, 0, 1]);
    }
}
