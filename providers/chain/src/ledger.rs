//! What the changes of one plan share: nonces that were handed out, money that was asked for, money that is on its way.
//!
//! There is one ledger for each plan, and [`crate::draft::ChangeDraft`] is the only one that writes in it: so no two transactions
//! of a plan have one nonce, and what an account may need is the sum of all that the plan asks of it.

use std::collections::BTreeMap;

use pospool_conflux::ChainAddress;
use pospool_model::plan::EffectId;

use crate::account::nonce_lane;

/// Accounts by address; those of the two spaces are others.
#[derive(Debug, Default)]
pub(crate) struct AccountLedger {
    accounts: BTreeMap<ChainAddress, LedgerEntry>,
    /// Accounts that send nothing in this plan, by their lane, and why.
    held: BTreeMap<String, String>,
}

/// What one plan does with one account.
#[derive(Debug, Default)]
struct LedgerEntry {
    next_nonce: Option<u64>,
    last: Option<EffectId>,
    spent: u128,
    income: u128,
    brought_by: Vec<EffectId>,
}

/// Whether an account can pay.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Funds {
    /// With what it has.
    There,
    /// With what these effects bring, once they have ended.
    After(Vec<EffectId>),
    /// Not with that either.
    Short {
        /// What the plan may need of it so far.
        needed: u128,
        /// What the plan brings to it.
        income: u128,
    },
}

/// The lane of whoever signed a ticket that cannot be read.
pub(crate) const EVERY_LANE: &str = "nonce of every account";

impl AccountLedger {
    /// Hears which accounts send nothing.
    pub(crate) fn hold(&mut self, lanes: &BTreeMap<String, String>) {
        self.held.clone_from(lanes);
    }

    /// Why an account sends nothing, if it does not.
    pub(crate) fn held(&self, account: ChainAddress) -> Option<&str> {
        let why = self.held.get(&nonce_lane(account));
        why.or_else(|| self.held.get(EVERY_LANE))
            .map(String::as_str)
    }

    /// Nonce of the next transaction of this plan; `first` is that of the first one.
    pub(crate) fn next_nonce(&self, account: ChainAddress, first: u64) -> u64 {
        let entry = self.accounts.get(&account);
        entry.and_then(|entry| entry.next_nonce).unwrap_or(first)
    }

    /// Takes the next nonce for an effect; returns it and the effect that has the one before. `None` behind the last nonce.
    pub(crate) fn take_nonce(
        &mut self,
        account: ChainAddress,
        first: u64,
        effect: &EffectId,
    ) -> Option<(u64, Option<EffectId>)> {
        let nonce = self.next_nonce(account, first);
        let entry = self.accounts.entry(account).or_default();
        entry.next_nonce = Some(nonce.checked_add(1)?);
        Some((nonce, entry.last.replace(effect.clone())))
    }

    /// Asks an account that has so much now for more money.
    pub(crate) fn spend(&mut self, account: ChainAddress, balance: u128, amount: u128) -> Funds {
        let entry = self.accounts.entry(account).or_default();
        entry.spent = entry.spent.saturating_add(amount);
        let (needed, income) = (entry.spent, entry.income);
        if needed <= balance {
            Funds::There
        } else if needed <= balance.saturating_add(income) {
            Funds::After(entry.brought_by.clone())
        } else {
            Funds::Short { needed, income }
        }
    }

    /// Notes that an effect of this plan brings money to an account.
    pub(crate) fn bring(&mut self, account: ChainAddress, amount: u128, effect: EffectId) {
        let entry = self.accounts.entry(account).or_default();
        entry.income = entry.income.saturating_add(amount);
        entry.brought_by.push(effect);
    }

    /// Next nonces of all accounts that sign in this plan.
    pub(crate) fn counters(&self) -> BTreeMap<String, u64> {
        let accounts = self.accounts.iter();
        accounts
            .filter_map(|(address, entry)| Some((nonce_lane(*address), entry.next_nonce?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{core, name};

    fn effect(name_of_it: &str) -> EffectId {
        EffectId {
            address: name("funding.main"),
            name: name_of_it.to_owned(),
        }
    }

    #[test]
    fn each_nonce_is_taken_once_and_names_the_one_before() {
        let (mut ledger, account) = (AccountLedger::default(), core(1).into());
        let mut take = |first, name| ledger.take_nonce(account, first, &effect(name));
        assert_eq!(take(5, "a"), Some((5, None)));
        assert_eq!(take(5, "b"), Some((6, Some(effect("a")))));
        assert_eq!(ledger.next_nonce(account, 5), 7);
        assert_eq!(ledger.next_nonce(core(2).into(), 3), 3);
        let counters: Vec<_> = ledger.counters().into_values().collect();
        assert_eq!(counters, [7]);
    }

    #[test]
    fn behind_the_last_nonce_there_is_none() {
        let (mut ledger, account) = (AccountLedger::default(), core(1).into());
        assert_eq!(ledger.take_nonce(account, u64::MAX, &effect("a")), None);
    }

    #[test]
    fn money_adds_up_and_what_comes_is_waited_for() {
        let (mut ledger, account) = (AccountLedger::default(), core(1).into());
        assert_eq!(ledger.spend(account, 10, 10), Funds::There);
        ledger.bring(account, 3, effect("a"));
        ledger.bring(account, 2, effect("b"));
        let both = vec![effect("a"), effect("b")];
        assert_eq!(ledger.spend(account, 10, 5), Funds::After(both));
        let (needed, income) = (16, 5);
        assert_eq!(
            ledger.spend(account, 10, 1),
            Funds::Short { needed, income }
        );
    }
}
