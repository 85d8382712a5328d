//! The looks: one round trip for what is given, one for what is made.
//!
//! - Reads: targets and the scene; the chain's answers.
//! - Returns: what is there, facts, bindings, identities, problems.
//! - Never: changes anything. Everything that is made is read at the epoch that the first look pinned.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::future::join_all;
use pospool_model::provider::{self, Observation, Observed, Scene, Target};
use pospool_model::{Address, Attributes, ProviderError, SecretRef, Value};

use crate::account::{self, PublicKey};
use crate::address::CoreAddress;
use crate::batch::{At, Batch};
use crate::chain;
use crate::contract;
use crate::facts::{ChainFacts, Facts};
use crate::registration;
use crate::rpc::{Rpc, RpcError};
use crate::work::ChainRef;

type Trips = Arc<AtomicU64>;
type Found = Result<(Observation, Facts), ProviderError>;

/// Looks at the targets.
pub(crate) async fn observe(
    trips: &Trips,
    targets: &[Target<'_>],
    scene: &Scene<'_>,
) -> Result<Observation, ProviderError> {
    let (given, made): (Vec<&Target<'_>>, Vec<&Target<'_>>) = targets
        .iter()
        .partition(|target| matches!(target.address.kind(), "chain" | "account"));
    let mut observation = Observation::default();
    let mut facts = Facts::default();
    let mut parts = Vec::new();
    if !given.is_empty() {
        parts.extend(look_at_given(trips, &given, scene).await);
    }
    if !made.is_empty() {
        parts.extend(look_at_made(trips, &made, scene).await);
    }
    for part in parts {
        let (found, known) = part?;
        observation.objects.extend(found.objects);
        observation.chains.extend(found.chains);
        observation.problems.extend(found.problems);
        observation.bindings.extend(found.bindings);
        facts.chains.extend(known.chains);
        facts.accounts.extend(known.accounts);
        facts.contracts.extend(known.contracts);
        facts.registrations.extend(known.registrations);
    }
    for account in facts.accounts.values() {
        let name = account::lane(account.address);
        observation.bindings.insert(name, account.nonce.to_string());
    }
    observation.facts = provider::Facts::new(facts);
    Ok(observation)
}

/// The chain that attributes name, or the only one.
fn chain_of<'a>(attributes: Option<&'a Attributes>, scene: &Scene<'a>) -> Option<&'a Address> {
    let named = attributes.and_then(|attributes| attributes.get("chain")).and_then(Value::as_resource);
    named.or_else(|| {
        let mut chains = scene.wanted.keys().filter(|address| address.kind() == "chain");
        chains.next().filter(|_| chains.next().is_none())
    })
}

fn unreachable(chain: &Address, error: RpcError) -> ProviderError {
    ProviderError::Unreachable {
        code: "chain/unreachable",
        what: format!("the Core Space RPC of `{chain}` (`core_rpc`; a node that starts needs a moment)"),
        source: Some(Box::new(error)),
    }
}

fn not_a_node(chain: &Address) -> ProviderError {
    ProviderError::refused(
        "chain/not-a-node",
        format!("what answers at `core_rpc` of `{chain}` is not the Core Space RPC of a Conflux node; port 12537 usually is"),
    )
}

/// An account whose key was read.
struct Signer<'a> {
    target: &'a Target<'a>,
    key: PublicKey,
    secret: &'a SecretRef,
}

async fn look_at_given(trips: &Trips, targets: &[&Target<'_>], scene: &Scene<'_>) -> Vec<Found> {
    let mut problems = Vec::new();
    let mut signers: BTreeMap<&Address, Vec<Signer<'_>>> = BTreeMap::new();
    for target in targets.iter().filter(|target| target.address.kind() == "account") {
        let (Some(wanted), Some(chain)) = (target.wanted, chain_of(target.wanted, scene)) else {
            continue;
        };
        match (account::public_key(wanted), account::secret(wanted)) {
            (Ok(key), Some(secret)) => {
                let signer = Signer { target, key, secret };
                signers.entry(chain).or_default().push(signer);
            }
            (Err(problem), _) => problems.push((target.address.clone(), problem)),
            (Ok(_), None) => {}
        }
    }
    let chains = targets.iter().filter(|target| target.address.kind() == "chain");
    let looks = chains.filter_map(|target| {
        let accounts = signers.remove(target.address).unwrap_or_default();
        target.wanted.map(|wanted| look_at_chain(trips, target.address, wanted, accounts))
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
    trips: &Trips,
    chain: &Address,
    wanted: &Attributes,
    accounts: Vec<Signer<'_>>,
) -> Found {
    let rpc = Rpc::counting(&chain::endpoints(wanted), Arc::clone(trips));
    let rpc = rpc.map_err(|error| unreachable(chain, error))?;
    let mut batch = Batch::default();
    let asked = chain::ask(&mut batch);
    // A devnet's network id, which is part of every address, is only known from the answer.
    let expected = chain::expected_network(wanted);
    let asked_accounts: Vec<_> = accounts
        .iter()
        .map(|signer| expected.map(|network| account::ask(&mut batch, CoreAddress::of_public_key(&signer.key, network), At::LatestState)))
        .collect();
    let answers = batch.send(&rpc).await.map_err(|error| unreachable(chain, error))?;
    let seen = chain::read(&asked, &answers, wanted).ok_or_else(|| not_a_node(chain))?;
    let network = seen.facts.network();
    let mut observation = Observation::default();
    if let Err(problem) = chain::check_network(wanted, network) {
        observation.problems.push((chain.clone(), problem));
        return Ok((observation, Facts::default()));
    }
    let mut facts = Facts::default();
    let mut outputs: Vec<Attributes> = accounts.iter().map(|signer| account::outputs(&signer.key, network)).collect();
    for ((signer, asked), outputs) in accounts.iter().zip(asked_accounts).zip(&mut outputs) {
        let address = CoreAddress::of_public_key(&signer.key, network);
        let read = |asked| account::read(asked, &answers, address, chain, signer.secret);
        if let Some(found) = asked.and_then(read) {
            account::add_balance(outputs, found.balance);
            facts.accounts.insert(signer.target.address.clone(), found);
        }
    }
    if expected.is_none() {
        let at = At::Epoch(seen.epoch);
        add_used_balances(&rpc, &accounts, network, at, &mut outputs)
            .await
            .map_err(|error| unreachable(chain, error))?;
    }
    for (signer, outputs) in accounts.iter().zip(outputs) {
        observation.objects.insert(signer.target.address.clone(), present(outputs));
    }
    observation.objects.insert(chain.clone(), present(chain::outputs(wanted, &seen)));
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

fn present(outputs: Attributes) -> Observed {
    Observed::Present {
        attributes: Attributes::new(),
        outputs,
    }
}

async fn look_at_made(trips: &Trips, targets: &[&Target<'_>], scene: &Scene<'_>) -> Vec<Found> {
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
    let looks = by_chain.into_iter().map(|(chain, targets)| look_at_targets(trips, chain, targets, scene));
    let mut found = join_all(looks).await;
    found.push(Ok((unplaced, Facts::default())));
    found
}

/// What the first look left of a chain.
fn pinned(chain: &Address, scene: &Scene<'_>) -> Option<(ChainRef, At)> {
    let outputs = scene.outputs.get(chain)?;
    let number = |name: &str| outputs.get(name)?.as_integer();
    let reference = ChainRef {
        endpoints: chain::endpoints(scene.wanted.get(chain)?),
        network: number("core_chain_id")?.try_into().ok()?,
        genesis_hash: outputs.get("genesis_hash")?.as_text()?.to_owned(),
    };
    Some((reference, At::Epoch(number("epoch")?.try_into().ok()?)))
}

async fn look_at_targets(
    trips: &Trips,
    chain: &Address,
    targets: Vec<&Target<'_>>,
    scene: &Scene<'_>,
) -> Found {
    let (reference, at) = pinned(chain, scene).ok_or_else(|| not_a_node(chain))?;
    let network = reference.network;
    let rpc = Rpc::counting(&reference.endpoints, Arc::clone(trips));
    let rpc = rpc.map_err(|error| unreachable(chain, error))?;
    let mut batch = Batch::default();
    let asked_fees = chain::ask_fees(&mut batch);
    let accounts = accounts_of(chain, scene);
    let asked_accounts: Vec<_> = accounts.iter().map(|(_, address, _)| account::ask(&mut batch, *address, at)).collect();
    let (mut contracts, mut registrations) = (Vec::new(), Vec::new());
    for target in targets {
        match target.address.kind() {
            "core_contract" => {
                contracts.push((target.address, contract::observe::ask(*target, &mut batch, at, network)));
            }
            _ => {
                let asked = registration::observe::ask(*target, scene, &mut batch, at, network);
                registrations.push((target.address, asked));
            }
        }
    }
    let answers = batch.send(&rpc).await.map_err(|error| unreachable(chain, error))?;
    let (mut observation, mut facts) = (Observation::default(), Facts::default());
    let fees = chain::read_fees(&asked_fees, &answers).ok_or_else(|| not_a_node(chain))?;
    let ceiling = scene.wanted.get(chain).map_or(0, chain::ceiling);
    facts.chains.insert(chain.clone(), ChainFacts { reference, fees, ceiling });
    for ((name, address, secret), asked) in accounts.into_iter().zip(asked_accounts) {
        let found = account::read(asked, &answers, address, chain, secret);
        facts.accounts.insert(name.clone(), found.ok_or_else(|| not_a_node(chain))?);
    }
    for (address, asked) in &contracts {
        let (observed, known) = contract::observe::read(asked, &answers, scene);
        observation.objects.insert((*address).clone(), observed);
        facts.contracts.insert((*address).clone(), known);
    }
    for (address, asked) in &registrations {
        match registration::observe::read(asked, &answers) {
            Ok((observed, known)) => {
                observation.objects.insert((*address).clone(), observed);
                facts.registrations.insert((*address).clone(), known);
            }
            Err(problem) => observation.problems.push(((*address).clone(), problem)),
        }
    }
    Ok((observation, facts))
}

/// Accounts of a chain, with the address that the first look gave them.
fn accounts_of<'a>(chain: &Address, scene: &Scene<'a>) -> Vec<(&'a Address, CoreAddress, &'a SecretRef)> {
    let accounts = scene.wanted.iter().filter(|(address, _)| address.kind() == "account");
    accounts
        .filter(|(_, wanted)| chain_of(Some(wanted), scene) == Some(chain))
        .filter_map(|(name, wanted)| {
            let text = scene.outputs.get(name)?.get("address")?.as_text()?;
            Some((name, text.parse().ok()?, account::secret(wanted)?))
        })
        .collect()
}
