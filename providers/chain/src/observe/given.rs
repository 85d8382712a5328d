//! The first look: chains and accounts, in one round trip for each chain.
//!
//! - Reads: status, genesis and fees; nonces and balances where the network id is known beforehand; keys, for as long
//!   as it takes to make addresses of them.
//! - Returns: outputs, identities, facts.
//! - Never: keeps a private key while it waits.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use pospool_model::provider::{Observation, Scene, Target};
use pospool_model::{Address, Attributes, SecretRef};

use super::{Found, chain_of, not_a_node, present, unreachable};
use crate::account::{self, PublicKey};
use crate::address::CoreAddress;
use crate::batch::{At, Batch};
use crate::chain;
use crate::chain_address::Space;
use crate::facts::Facts;
use crate::rpc::{Rpc, RpcError};
use crate::wire::Link;

/// An account whose key was read.
struct Signer<'a> {
    target: &'a Target<'a>,
    key: PublicKey,
    secret: &'a SecretRef,
}

/// Looks at chains and accounts.
pub(super) async fn look(link: &Link, targets: &[&Target<'_>], scene: &Scene<'_>) -> Vec<Found> {
    let mut problems = Vec::new();
    let mut signers: BTreeMap<&Address, Vec<Signer<'_>>> = BTreeMap::new();
    for target in targets
        .iter()
        .filter(|target| target.address.kind() == "account")
    {
        let (Some(wanted), Some(chain)) = (target.wanted, chain_of(target.wanted, scene)) else {
            continue;
        };
        match (account::public_key(wanted), account::secret(wanted)) {
            (Ok(key), Some(secret)) => {
                let signer = Signer {
                    target,
                    key,
                    secret,
                };
                signers.entry(chain).or_default().push(signer);
            }
            (Err(problem), _) => problems.push((target.address.clone(), problem)),
            (Ok(_), None) => {}
        }
    }
    let chains = targets
        .iter()
        .filter(|target| target.address.kind() == "chain");
    let looks = chains.filter_map(|target| {
        let accounts = signers.remove(target.address).unwrap_or_default();
        target
            .wanted
            .map(|wanted| look_at_chain(link, target.address, wanted, accounts))
    });
    let mut found = join_all(looks).await;
    let own = Observation {
        problems,
        ..Observation::default()
    };
    found.push(Ok((own, Facts::default())));
    found
}

async fn look_at_chain(
    link: &Link,
    chain: &Address,
    wanted: &Attributes,
    accounts: Vec<Signer<'_>>,
) -> Found {
    let rpc = Rpc::over(link, &chain::endpoints(wanted, Space::Core));
    let failed = |error| unreachable(chain, Space::Core, error);
    let rpc = rpc.map_err(failed)?;
    let mut batch = Batch::default();
    let asked = chain::ask(&mut batch);
    // A devnet's network id, which is part of every address, is only known from the answer.
    let expected = chain::expected_network(wanted);
    let asked_accounts: Vec<_> = accounts
        .iter()
        .map(|signer| {
            expected.map(|network| {
                account::ask(
                    &mut batch,
                    CoreAddress::of_public_key(&signer.key, network).into(),
                    At::LatestState,
                )
            })
        })
        .collect();
    let answers = batch.send(&rpc).await.map_err(failed)?;
    let seen = chain::read(&asked, &answers, chain, wanted)
        .ok_or_else(|| not_a_node(chain, Space::Core))?;
    let network = seen.facts.network;
    let mut observation = Observation::default();
    if let Err(problem) = chain::check_network(wanted, network) {
        observation.problems.push((chain.clone(), problem));
        return Ok((observation, Facts::default()));
    }
    let mut facts = Facts::default();
    let mut outputs: Vec<Attributes> = accounts
        .iter()
        .map(|signer| account::outputs(&signer.key, network))
        .collect();
    for ((signer, asked), outputs) in accounts.iter().zip(asked_accounts).zip(&mut outputs) {
        let address = CoreAddress::of_public_key(&signer.key, network);
        let read = |asked| account::read(asked, &answers, address.into(), chain, signer.secret);
        if let Some(found) = asked.and_then(read) {
            account::add_balance(outputs, found.balance);
            facts.accounts.insert(signer.target.address.clone(), found);
        }
    }
    if expected.is_none() {
        let at = At::Epoch(seen.epoch);
        add_used_balances(&rpc, &accounts, network, at, &mut outputs)
            .await
            .map_err(failed)?;
    }
    for (signer, outputs) in accounts.iter().zip(outputs) {
        observation
            .objects
            .insert(signer.target.address.clone(), present(outputs));
    }
    observation
        .objects
        .insert(chain.clone(), present(chain::outputs(wanted, &seen)));
    observation.chains.insert(chain.clone(), seen.identity);
    facts.chains.insert(chain.clone(), seen.facts);
    Ok((observation, facts))
}

/// On a devnet a balance costs a second round trip, so only those are asked for that the spec reads.
async fn add_used_balances(
    rpc: &Rpc,
    accounts: &[Signer<'_>],
    network: u32,
    at: At,
    outputs: &mut [Attributes],
) -> Result<(), RpcError> {
    let mut batch = Batch::default();
    let slots: Vec<_> = accounts
        .iter()
        .map(|signer| {
            let used = signer.target.used.contains("balance");
            used.then(|| batch.balance(CoreAddress::of_public_key(&signer.key, network), at))
        })
        .collect();
    if slots.iter().all(Option::is_none) {
        return Ok(());
    }
    let answers = batch.send(rpc).await?;
    for (slot, outputs) in slots.into_iter().zip(outputs) {
        if let Some(balance) = slot.and_then(|slot| answers.number(slot)) {
            account::add_balance(outputs, balance);
        }
    }
    Ok(())
}
