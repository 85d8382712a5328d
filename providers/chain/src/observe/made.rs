//! The second look: everything that is made, in one round trip for each chain.
//!
//! - Reads: contracts and registrations at the epoch that the first look pinned; fees, nonces and balances.
//! - Returns: what is there, and all facts that a design needs.
//! - Never: looks at a chain that the spec does not have.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use pospool_model::provider::{Observation, Scene, Target};
use pospool_model::{Address, Attributes, SecretRef};

use super::{Found, behind, chain_of, newest_known, not_a_node, present, unreachable};
use crate::account;
use crate::address::CoreAddress;
use crate::batch::{Answers, At, Batch};
use crate::chain;
use crate::contract;
use crate::facts::{ChainFacts, Facts};
use crate::registration;
use crate::rpc::{Rpc, RpcError};
use crate::wire::Link;
use crate::work::ChainRef;

/// Looks at contracts and registrations.
pub(super) async fn look(link: &Link, targets: &[&Target<'_>], scene: &Scene<'_>) -> Vec<Found> {
    let mut by_chain: BTreeMap<&Address, Vec<&Target<'_>>> = BTreeMap::new();
    let mut unplaced = Observation::default();
    for target in targets {
        let recorded = target.recorded.map(|recorded| &recorded.attributes);
        let chain = chain_of(target.wanted.or(recorded), scene);
        match chain.filter(|chain| scene.wanted.contains_key(*chain)) {
            Some(chain) => by_chain.entry(chain).or_default().push(target),
            // Its chain left the spec together with it: what is recorded is all that can be said.
            None => {
                if let Some(recorded) = target.recorded {
                    let object = present(recorded.outputs.clone());
                    unplaced.objects.insert(target.address.clone(), object);
                }
            }
        }
    }
    let looks = by_chain
        .into_iter()
        .map(|(chain, targets)| look_at_targets(link, chain, targets, scene));
    let mut found = join_all(looks).await;
    found.push(Ok((unplaced, Facts::default())));
    found
}

/// What the first look left of a chain.
fn pinned(chain: &Address, scene: &Scene<'_>) -> Option<(ChainRef, u64)> {
    let outputs = scene.outputs.get(chain)?;
    let number = |name: &str| outputs.get(name)?.as_integer();
    let reference = ChainRef {
        endpoints: chain::endpoints(scene.wanted.get(chain)?),
        network: number("core_chain_id")?.try_into().ok()?,
        genesis_hash: outputs.get("genesis_hash")?.as_text()?.to_owned(),
    };
    Some((reference, number("epoch")?.try_into().ok()?))
}

/// Questions about everything on one chain.
struct Asked<'a> {
    fees: chain::AskedFees,
    accounts: Vec<(&'a Address, CoreAddress, &'a SecretRef, account::Asked)>,
    contracts: Vec<(&'a Address, contract::observe::Asked<'a>)>,
    registrations: Vec<(&'a Address, registration::observe::Asked<'a>)>,
}

impl Asked<'_> {
    /// What was not told must not be taken for what is not there: it would be made again.
    fn all_told(&self, answers: &Answers) -> Result<(), RpcError> {
        let contracts = self.contracts.iter().flat_map(|(_, asked)| asked.slots());
        let registrations = self
            .registrations
            .iter()
            .flat_map(|(_, asked)| asked.slots());
        let refusal = contracts
            .chain(registrations)
            .find_map(|slot| answers.silence(slot));
        match refusal {
            None => Ok(()),
            Some(refusal) => Err(RpcError::Refused {
                method: "a question about a contract".to_owned(),
                refusal: refusal.clone(),
            }),
        }
    }
}

fn ask<'a>(
    batch: &mut Batch,
    chain: &Address,
    targets: Vec<&Target<'a>>,
    scene: &Scene<'a>,
    network: u32,
    at: At,
) -> Asked<'a> {
    let mut asked = Asked {
        fees: chain::ask_fees(batch),
        accounts: Vec::new(),
        contracts: Vec::new(),
        registrations: Vec::new(),
    };
    for (name, address, secret) in accounts_of(chain, scene) {
        let account = account::ask(batch, address, at);
        asked.accounts.push((name, address, secret, account));
    }
    for target in targets {
        if target.address.kind() == "core_contract" {
            let contract = contract::observe::ask(*target, batch, at, network);
            asked.contracts.push((target.address, contract));
        } else if target.address.kind() == "pos_registration" {
            let registration = registration::observe::ask(*target, scene, batch, at, network);
            asked.registrations.push((target.address, registration));
        }
    }
    asked
}

async fn look_at_targets(
    link: &Link,
    chain: &Address,
    targets: Vec<&Target<'_>>,
    scene: &Scene<'_>,
) -> Found {
    let (reference, epoch) = pinned(chain, scene).ok_or_else(|| not_a_node(chain))?;
    if let Some(known) = newest_known(&targets).filter(|known| *known > epoch) {
        return Err(behind(chain, epoch, known));
    }
    let at = At::Epoch(epoch);
    let rpc = Rpc::over(link, &reference.endpoints);
    let rpc = rpc.map_err(|error| unreachable(chain, error))?;
    let mut batch = Batch::default();
    let asked = ask(&mut batch, chain, targets, scene, reference.network, at);
    let answers = batch.send(&rpc).await;
    let answers = answers.map_err(|error| unreachable(chain, error))?;
    asked
        .all_told(&answers)
        .map_err(|error| unreachable(chain, error))?;
    let (mut observation, mut facts) = (Observation::default(), Facts::default());
    let nothing = Attributes::new();
    let wanted = scene.wanted.get(chain).unwrap_or(&nothing);
    let known = ChainFacts {
        reference,
        fees: chain::read_fees(&asked.fees, &answers).ok_or_else(|| not_a_node(chain))?,
        ceiling: chain::ceiling(wanted),
        level: chain::level(wanted),
    };
    facts.chains.insert(chain.clone(), known);
    for (name, address, secret, asked) in asked.accounts {
        let found = account::read(asked, &answers, address, chain, secret);
        let found = found.ok_or_else(|| not_a_node(chain))?;
        facts.accounts.insert(name.clone(), found);
    }
    for (address, asked) in asked.contracts {
        let (observed, known) = contract::observe::read(&asked, &answers, scene);
        observation.objects.insert(address.clone(), observed);
        facts.contracts.insert(address.clone(), known);
    }
    for (address, asked) in asked.registrations {
        match registration::observe::read(&asked, &answers) {
            Ok((observed, known)) => {
                observation.objects.insert(address.clone(), observed);
                facts.registrations.insert(address.clone(), known);
            }
            Err(problem) => observation.problems.push((address.clone(), problem)),
        }
    }
    Ok((observation, facts))
}

/// Accounts of a chain, with the address that the first look gave them.
fn accounts_of<'a>(
    chain: &Address,
    scene: &Scene<'a>,
) -> Vec<(&'a Address, CoreAddress, &'a SecretRef)> {
    let accounts = scene
        .wanted
        .iter()
        .filter(|(address, _)| address.kind() == "account");
    accounts
        .filter(|(_, wanted)| chain_of(Some(wanted), scene) == Some(chain))
        .filter_map(|(name, wanted)| {
            let text = scene.outputs.get(name)?.get("address")?.as_text()?;
            Some((name, text.parse().ok()?, account::secret(wanted)?))
        })
        .collect()
}
