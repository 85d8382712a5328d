//! What the changes of one plan share: nonces that were handed out, money that was asked for, money that is on its way.
//!
//! There is one ledger for each plan, and [`crate::draft::ChangeDraft`] is the only one that writes in it: so no two transactions
//! of a plan have one nonce, and what an account may need is the sum of all that the plan asks of it.

use std::collections::BTreeMap;

use pospool_conflux::ChainAddress;
use pospool_model::Address;
use pospool_model::plan::{EffectId, Purpose};

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
    spent: BTreeMap<Purpose, u128>,
    income: u128,
    brought_by: Vec<EffectId>,
    short: Option<ShortPayer>,
}

/// An account that cannot pay, by the first change that asked it in vain.
#[derive(Debug)]
struct ShortPayer {
    first: Address,
    account: Address,
    balance: u128,
}

/// What a plan may need of an account that has not so much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shortfall<'a> {
    /// The change that could not be paid any more.
    pub(crate) first: &'a Address,
    /// The account's name in the spec.
    pub(crate) account: &'a Address,
    pub(crate) balance: u128,
    /// What the plan brings to it.
    pub(crate) income: u128,
    /// All that the plan asks of it.
    pub(crate) spent: &'a BTreeMap<Purpose, u128>,
}

/// Whether an account can pay.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Funds {
    /// With what it has.
    There,
    /// With what these effects bring, once they have ended.
    After(Vec<EffectId>),
    /// Not with that either.
    Short,
}

fn sum_of(spent: &BTreeMap<Purpose, u128>) -> u128 {
    spent
        .values()
        .fold(0, |sum, amount| sum.saturating_add(*amount))
}

impl Shortfall<'_> {
    /// All that the plan asks of it, as one sum.
    pub(crate) fn needed(&self) -> u128 {
        sum_of(self.spent)
    }
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
    pub(crate) fn spend(
        &mut self,
        account: ChainAddress,
        balance: u128,
        costs: &[(Purpose, u128)],
    ) -> Funds {
        let entry = self.accounts.entry(account).or_default();
        for (purpose, amount) in costs {
            let sum = entry.spent.entry(*purpose).or_default();
            *sum = sum.saturating_add(*amount);
        }
        let (needed, income) = (sum_of(&entry.spent), entry.income);
        if needed <= balance {
            Funds::There
        } else if needed <= balance.saturating_add(income) {
            Funds::After(entry.brought_by.clone())
        } else {
            Funds::Short
        }
    }

    /// Notes that an account cannot pay: what the plan asks of it goes on being added up.
    pub(crate) fn fall_short(
        &mut self,
        address: ChainAddress,
        (account, balance): (&Address, u128),
        first: &Address,
    ) {
        let entry = self.accounts.entry(address).or_default();
        entry.short.get_or_insert_with(|| ShortPayer {
            first: first.clone(),
            account: account.clone(),
            balance,
        });
    }

    /// Accounts that can only pay with what this plan brings to them.
    pub(crate) fn receivers(&self) -> impl Iterator<Item = ChainAddress> {
        let accounts = self.accounts.iter();
        accounts
            .filter(|(_, entry)| entry.income > 0 && entry.short.is_none())
            .map(|(address, _)| *address)
    }

    /// Accounts that cannot pay for all that was asked of them.
    pub(crate) fn shortfalls(&self) -> impl Iterator<Item = (ChainAddress, Shortfall<'_>)> {
        let accounts = self.accounts.iter();
        accounts.filter_map(|(address, entry)| {
            let short = entry.short.as_ref()?;
            let shortfall = Shortfall {
                first: &short.first,
                account: &short.account,
                balance: short.balance,
                income: entry.income,
                spent: &entry.spent,
            };
            Some((*address, shortfall))
        })
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
        assert_eq!(
            ledger.spend(account, 10, &[(Purpose::Gas, 10)]),
            Funds::There
        );
        ledger.bring(account, 3, effect("a"));
        ledger.bring(account, 2, effect("b"));
        let both = vec![effect("a"), effect("b")];
        let gas = |amount| [(Purpose::Gas, amount)];
        assert_eq!(ledger.spend(account, 10, &gas(5)), Funds::After(both));
        assert_eq!(ledger.spend(account, 10, &gas(1)), Funds::Short);
        let (payer, first) = (name("account.main"), name("funding.main"));
        ledger.fall_short(account, (&payer, 10), &first);
        // What is asked afterwards counts too, and the first one stays the first.
        let stake = [(Purpose::Stake, 1000)];
        assert_eq!(ledger.spend(account, 10, &stake), Funds::Short);
        ledger.fall_short(account, (&payer, 10), &payer);
        let (_, short) = ledger.shortfalls().next().unwrap();
        assert_eq!(
            (short.first, short.needed(), short.income),
            (&first, 1016, 5)
        );
    }
}
