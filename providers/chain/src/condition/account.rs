//! What accounts have, and for how many calls that lasts.

use pospool_conflux::Space;
use pospool_model::Drip;
use pospool_model::provider::{StatusContext, Target};
use pospool_model::status::{AccountStatus, Figure};

use super::pos::RPC;
use crate::facts::{AccountFacts, ChainProviderFacts};

/// Gas of a usual call of a pool's contracts; most take less.
const USUAL_GAS: u128 = 300_000;

/// How the accounts of the spec are, in each space in which something is there.
pub(super) fn account_statuses(
    targets: &[Target<'_>],
    context: &StatusContext<'_>,
    facts: &ChainProviderFacts,
) -> Vec<AccountStatus> {
    let mut statuses = Vec::new();
    let accounts = targets
        .iter()
        .filter(|target| target.address.kind() == "account" && target.wanted.is_some());
    for target in accounts {
        let mut is_seen = false;
        for space in [Space::Core, Space::Espace] {
            if let Some(account) = facts.accounts_in(space).get(target.address) {
                statuses.push(seen_account(target, account, facts, space));
                is_seen = true;
            }
        }
        if let (false, Some(why)) = (is_seen, context.unseen.get(target.address)) {
            statuses.push(AccountStatus {
                address: target.address.clone(),
                space: Space::Core.word().to_owned(),
                account: String::new(),
                signs: true,
                balance_drip: Figure::not_seen(RPC, why),
                calls_left: Figure::not_seen(RPC, why),
            });
        }
    }
    statuses
}

fn seen_account(
    target: &Target<'_>,
    account: &AccountFacts,
    facts: &ChainProviderFacts,
    space: Space,
) -> AccountStatus {
    let price = facts
        .chains_in(space)
        .get(&account.chain)
        .map(|chain| chain.fees.gas_price);
    let calls = price.filter(|price| *price > 0).map(|price| {
        let calls = account.balance / price.saturating_mul(USUAL_GAS).max(1);
        u64::try_from(calls).unwrap_or(u64::MAX)
    });
    AccountStatus {
        address: target.address.clone(),
        space: space.word().to_owned(),
        account: account.address.to_string(),
        // Who never sent anything in eSpace, such as a syncer, has nothing to pay there.
        signs: account.key.is_some() && (space == Space::Core || account.nonce > 0),
        balance_drip: Figure::seen(RPC, Drip(account.balance)),
        calls_left: Figure::said(RPC, calls, 0, "the RPC gives no price of gas"),
    }
}
