//! The second look: everything that is made, in one round trip for each space of each chain. Views of contracts in Core
//! Space come from the pool's own node, where it follows the chain.
//!
//! - Reads: contracts and registrations at the epoch that the first look pinned; fees, nonces and balances.
//! - Returns: what is there, and all facts that a design needs.
//! - Never: looks at a chain that the spec does not have.

use crate::contract::schema::space_of_kind;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::{join, join_all};
use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, CountingTransport, Rpc, RpcError};
use pospool_conflux_tx::{
    AskedFees, AskedIdentity, ChainRef, KeyRef, ask_fees, ask_identity, read_fees,
};
use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Address, Attributes, ProviderError};

use super::refusals::{
    chain_unreachable, chain_unseen, no_rpc, node_behind, not_a_node, other_chain,
};
use super::scene::{
    ObservedPart, chain_of, merge_part, newest_known, observed_present, problem_of_all, unseen_part,
};
use crate::account;
use crate::chain;
use crate::contract;
use crate::contract::earlier::{SearchScope, find_earlier_contracts};
use crate::contract::observe::ask_taken_code;
use crate::contract::origin::check_record;
use crate::contract::place::check_place;
use crate::contract::takeup::read_running_code;
use crate::facts::{ChainFacts, ChainProviderFacts};
use crate::funding;
use crate::own_node::{OwnNodes, node_on, send_beside};
use crate::registration;

/// Looks at contracts and registrations.
pub(super) async fn look_at_made(
    link: &CountingTransport,
    own_nodes: &OwnNodes,
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
) -> Vec<ObservedPart> {
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
                    let object = observed_present(recorded.outputs.clone());
                    unplaced.objects.insert(target.address.clone(), object);
                }
            }
        }
    }
    let looks = by_chain
        .into_iter()
        .map(|(chain, targets)| look_at_targets(link, own_nodes, chain, targets, scene));
    let mut found = join_all(looks).await;
    found.push((unplaced, ChainProviderFacts::default()));
    found
}

/// What the first look left of a chain.
struct Pinned<'a> {
    chain: &'a Address,
    wanted: &'a Attributes,
    /// Network id of its Core addresses.
    network: u32,
    espace_chain_id: u32,
    genesis_hash: &'a str,
    epoch: u64,
}

impl<'a> Pinned<'a> {
    fn find(chain: &'a Address, scene: &ObserveContext<'a>) -> Option<Self> {
        let outputs = scene.outputs.get(chain)?;
        let number = |name: &str| outputs.get(name)?.as_integer();
        Some(Self {
            chain,
            wanted: scene.wanted.get(chain)?,
            network: number("core_chain_id")?.try_into().ok()?,
            espace_chain_id: number("espace_chain_id")?.try_into().ok()?,
            genesis_hash: outputs.get("genesis_hash")?.as_text()?,
            epoch: number("epoch")?.try_into().ok()?,
        })
    }

    fn reference(&self, space: Space) -> ChainRef {
        ChainRef {
            address: Some(self.chain.clone()),
            endpoints: chain::endpoints_of(self.wanted, space),
            network: match space {
                Space::Core => self.network,
                Space::Espace => self.espace_chain_id,
            },
            genesis_hash: self.genesis_hash.to_owned(),
        }
    }
}

/// Questions about everything in one space of a chain.
struct AskedSpace<'a> {
    fees: AskedFees,
    identity: Option<AskedIdentity>,
    accounts: Vec<(
        &'a Address,
        ChainAddress,
        Option<KeyRef>,
        account::AskedAccount,
    )>,
    contracts: Vec<(&'a Address, contract::observe::AskedContract<'a>)>,
    registrations: Vec<(&'a Address, registration::observe::AskedRegistration<'a>)>,
    /// Views of contracts: what they tell is shown and compared, and no money depends on it.
    views: Vec<usize>,
}

impl AskedSpace<'_> {
    /// What was not told must not be taken for what is not there: it would be made again.
    fn all_told(&self, answers: &BatchAnswers) -> Result<(), RpcError> {
        let contracts = self.contracts.iter().flat_map(|(_, asked)| asked.slots());
        let registrations = self
            .registrations
            .iter()
            .flat_map(|(_, asked)| asked.slots());
        let mut accounts = self.accounts.iter();
        let account = accounts.find_map(|(.., asked)| asked.trouble(answers));
        let mut slots = contracts.chain(registrations);
        let object = slots.find_map(|slot| answers.silence(slot));
        let account = account.map(|refusal| ("a question about an account", refusal));
        let object = object.map(|refusal| ("a question about a contract", refusal));
        match account.or(object) {
            None => Ok(()),
            Some((method, refusal)) => Err(RpcError::refused(method, refusal)),
        }
    }
}

fn ask<'a>(
    batch: &mut Batch,
    space: Space,
    pinned: &Pinned<'_>,
    targets: &[&Target<'a>],
    scene: &ObserveContext<'a>,
) -> AskedSpace<'a> {
    let mut asked = AskedSpace {
        fees: ask_fees(batch, space),
        // The first look has seen which chain Core Space is on.
        identity: (space == Space::Espace).then(|| ask_identity(batch)),
        accounts: Vec::new(),
        contracts: Vec::new(),
        registrations: Vec::new(),
        views: Vec::new(),
    };
    let (at, network) = (At::Epoch(pinned.epoch), pinned.network);
    for (name, address, secret) in accounts_of(pinned.chain, space, scene) {
        let account = account::ask_account(batch, address, at);
        asked.accounts.push((name, address, secret, account));
    }
    for target in targets {
        let address = target.address;
        if space_of_kind(address.kind()) == Some(space) {
            let first = batch.calls().len();
            let contract = contract::observe::ask_contract(**target, scene, batch, at, network);
            asked.views.extend(batch.views_from(first));
            asked.contracts.push((address, contract));
        } else if space == Space::Core && address.kind() == "pos_registration" {
            let registration =
                registration::observe::ask_registration(**target, scene, batch, at, network);
            asked.registrations.push((address, registration));
        }
    }
    asked
}

/// Whether something makes it necessary to look at eSpace. What left the spec together with the RPC does not: what is
/// recorded of it is all that can be said.
fn needs_espace(targets: &[&Target<'_>], pinned: &Pinned<'_>) -> bool {
    let is_there =
        |target: &&&Target<'_>| matches!(target.address.kind(), "espace_contract" | "funding");
    let has_rpc = !chain::endpoints_of(pinned.wanted, Space::Espace).is_empty();
    let mut there = targets.iter().filter(is_there);
    there.any(|target| has_rpc || target.wanted.is_some())
}

async fn look_at_targets(
    link: &CountingTransport,
    own_nodes: &OwnNodes,
    chain: &Address,
    targets: Vec<&Target<'_>>,
    scene: &ObserveContext<'_>,
) -> ObservedPart {
    let all = || targets.iter().map(|target| target.address);
    let Some(pinned) = Pinned::find(chain, scene) else {
        return problem_of_all(all(), &chain_unseen(chain));
    };
    if let Some(known) = newest_known(&targets).filter(|known| *known > pinned.epoch) {
        return unseen_part(all(), &node_behind(chain, pinned.epoch, known));
    }
    let core = look_in(link, own_nodes, Space::Core, &pinned, &targets, scene);
    let in_espace = |address: &&Address| matches!(address.kind(), "espace_contract" | "funding");
    if !needs_espace(&targets, &pinned) {
        let core = core.await;
        return core.unwrap_or_else(|error| unseen_part(all(), &error));
    }
    let espace = look_in(link, own_nodes, Space::Espace, &pinned, &targets, scene);
    let (core, espace) = join(core, espace).await;
    // What one space does not tell is no reason to know nothing of the other one.
    let mut whole = core.unwrap_or_else(|error| {
        let in_core = all().filter(|address| address.kind() != "espace_contract");
        unseen_part(in_core, &error)
    });
    let espace = espace.unwrap_or_else(|error| unseen_part(all().filter(in_espace), &error));
    merge_part(espace, &mut whole);
    for target in targets {
        if let ("funding", Some(recorded)) = (target.address.kind(), target.recorded) {
            let seen = funding::observe_funding(recorded, target.wanted);
            whole.0.objects.insert(target.address.clone(), seen);
        }
    }
    whole
}

/// Looks at one space of a chain, in one round trip.
async fn look_in(
    link: &CountingTransport,
    own_nodes: &OwnNodes,
    space: Space,
    pinned: &Pinned<'_>,
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
) -> Result<ObservedPart, ProviderError> {
    let chain = pinned.chain;
    let reference = pinned.reference(space);
    if reference.endpoints.is_empty() {
        return Err(no_rpc(chain, space));
    }
    let failed = |error| chain_unreachable(chain, space, error);
    let rpc = Rpc::over(link, &reference.endpoints).map_err(failed)?;
    let mut batch = Batch::default();
    let asked = ask(&mut batch, space, pinned, targets, scene);
    let node = node_on(own_nodes, chain, scene);
    let answers = send_beside(&batch, &rpc, node, &asked.views).await;
    let answers = answers.map_err(failed)?;
    asked.all_told(&answers).map_err(failed)?;
    if let Some(identity) = &asked.identity {
        match identity.is_on(&reference, &answers) {
            Some(true) => {}
            Some(false) => return Err(other_chain(chain, space)),
            None => return Err(not_a_node(chain, space)),
        }
    }
    if let Some((method, refusal)) = asked.fees.trouble(&answers) {
        return Err(failed(RpcError::refused(method, refusal)));
    }
    let fees = read_fees(&asked.fees, &answers);
    let fees = fees.ok_or_else(|| not_a_node(chain, space))?;
    let known = ChainFacts {
        reference,
        network: pinned.network,
        fees,
        ceiling: chain::gas_price_ceiling(pinned.wanted),
        level: chain::wait_level(pinned.wanted),
    };
    let mut facts = ChainProviderFacts::default();
    facts.chains_in_mut(space).insert(chain.clone(), known);
    for (name, address, secret, asked) in &asked.accounts {
        let found = account::read_account(*asked, &answers, *address, chain, secret.as_ref());
        let found = found.ok_or_else(|| not_a_node(chain, space))?;
        facts.accounts_in_mut(space).insert((*name).clone(), found);
    }
    let mut observation = read_targets(&asked, &answers, scene, &mut facts);
    let seen = (&mut observation, &mut facts);
    take_up(&rpc, pinned, &asked, &answers, scene, seen)
        .await
        .map_err(failed)?;
    let scope = SearchScope {
        rpc: &rpc,
        space,
        at: At::Epoch(pinned.epoch),
        network: pinned.network,
        scene,
        facts: &facts,
    };
    observation.earlier = find_earlier_contracts(&scope, targets)
        .await
        .map_err(failed)?;
    Ok((observation, facts))
}

/// Refuses contracts of which nothing says but the state that they are ours, and finds out what those were made from that the
/// spec says are there and no state knows.
async fn take_up(
    rpc: &Rpc,
    pinned: &Pinned<'_>,
    asked: &AskedSpace<'_>,
    answers: &BatchAnswers,
    scene: &ObserveContext<'_>,
    (observation, facts): (&mut Observation, &mut ChainProviderFacts),
) -> Result<(), RpcError> {
    let both = [&facts.accounts, &facts.espace_accounts].into_iter();
    let makers: Vec<_> = both
        .flat_map(BTreeMap::values)
        .map(|it| (it.address, it.nonce))
        .collect();
    let (mut batch, mut running) = (Batch::default(), Vec::new());
    let at = At::Epoch(pinned.epoch);
    for (address, contract) in &asked.contracts {
        let target = contract.target();
        let place = check_place(target, pinned.network);
        let place = place.and_then(|()| check_record(target, scene, &makers));
        let code = place.and_then(|maker| {
            let maker = maker.map(|maker| ((*address).clone(), maker));
            facts.makers.extend(maker);
            ask_taken_code(contract, answers, &mut batch, at)
        });
        match code {
            Ok(slot) => running.extend(slot.map(|slot| (*address, contract, slot))),
            Err(problem) => observation.problems.push(((*address).clone(), problem)),
        }
    }
    if running.is_empty() {
        return Ok(());
    }
    let answers = send_beside(&batch, rpc, None, &[]).await?;
    for (address, contract, slot) in running {
        if let Some(refusal) = answers.silence(slot) {
            return Err(RpcError::refused("the code of a contract", refusal));
        }
        match read_running_code(contract.target(), scene, &answers, slot) {
            Ok(taken) => {
                let warning = taken.warning.map(|warning| (address.clone(), warning));
                observation.warnings.extend(warning);
                if let Some(Observed::Present { outputs, .. }) =
                    observation.objects.get_mut(address)
                {
                    outputs.extend(taken.outputs);
                }
            }
            Err(problem) => observation.problems.push((address.clone(), problem)),
        }
    }
    Ok(())
}

/// What the answers say of contracts and registrations.
fn read_targets(
    asked: &AskedSpace<'_>,
    answers: &BatchAnswers,
    scene: &ObserveContext<'_>,
    facts: &mut ChainProviderFacts,
) -> Observation {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    let mut observation = Observation::default();
    for (address, asked) in &asked.contracts {
        let (observed, known) = contract::observe::read_contract(asked, answers, scene);
        observation.objects.insert((*address).clone(), observed);
        facts.contracts.insert((*address).clone(), known);
    }
    for (address, asked) in &asked.registrations {
        match registration::observe::read_registration(asked, answers, now) {
            Ok(seen) => {
                observation
                    .objects
                    .insert((*address).clone(), seen.observed);
                facts.registrations.insert((*address).clone(), seen.facts);
                observation.findings.extend(seen.finding);
            }
            Err(problem) => observation.problems.push(((*address).clone(), problem)),
        }
    }
    observation
}

/// Accounts of a chain, with the address that the first look gave them.
fn accounts_of<'a>(
    chain: &Address,
    space: Space,
    scene: &ObserveContext<'a>,
) -> Vec<(&'a Address, ChainAddress, Option<KeyRef>)> {
    let accounts = scene
        .wanted
        .iter()
        .filter(|(address, _)| address.kind() == "account");
    accounts
        .filter(|(_, wanted)| chain_of(Some(wanted), scene) == Some(chain))
        .filter_map(|(name, wanted)| {
            let output = account::output_of(space);
            let text = scene.outputs.get(name)?.get(output)?.as_text()?;
            Some((name, text.parse().ok()?, account::key_of(wanted)))
        })
        .collect()
}
