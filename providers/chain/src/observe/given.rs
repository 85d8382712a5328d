//! The first look: chains and accounts, in one round trip for each chain.
//!
//! - Reads: status and genesis; balances that the spec reads; keys of accounts whose addresses nobody says, for as long as it takes
//!   to make addresses of them.
//! - Returns: outputs and identities.
//! - Never: keeps a private key while it waits.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use pospool_conflux::{CoreAddress, Space};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, CountingTransport, Rpc, RpcError, Slot};
use pospool_model::provider::{Observation, ObserveContext, Target};
use pospool_model::{Address, Attributes, ProviderError};

use super::refusals::{chain_unreachable, chain_unseen, not_a_node};
use super::scene::{ObservedPart, chain_of, observed_present, problem_of_all, unseen_part};
use crate::account::{self, AccountAddresses, AddressSource};
use crate::chain;
use crate::facts::ChainProviderFacts;

/// An account whose addresses are known.
struct Signer<'a> {
    target: &'a Target<'a>,
    addresses: AccountAddresses,
    source: AddressSource,
}

/// Looks at chains and accounts.
pub(super) async fn look_at_given(
    link: &CountingTransport,
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
) -> Vec<ObservedPart> {
    let mut problems = Vec::new();
    let mut signers: BTreeMap<&Address, Vec<Signer<'_>>> = BTreeMap::new();
    for target in targets
        .iter()
        .filter(|target| target.address.kind() == "account")
    {
        let (Some(wanted), Some(chain)) = (target.wanted, chain_of(target.wanted, scene)) else {
            continue;
        };
        match account::find_addresses(wanted, scene.accounts.get(target.address)) {
            Ok((addresses, source)) => signers.entry(chain).or_default().push(Signer {
                target,
                addresses,
                source,
            }),
            Err(problem) => problems.push((target.address.clone(), problem)),
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
    found.push((own, ChainProviderFacts::default()));
    found
}

async fn look_at_chain(
    link: &CountingTransport,
    chain: &Address,
    wanted: &Attributes,
    accounts: Vec<Signer<'_>>,
) -> ObservedPart {
    let addresses = accounts.iter().map(|signer| signer.target.address);
    let addresses: Vec<&Address> = addresses.collect();
    let unseen = || problem_of_all(addresses.iter().copied(), &chain_unseen(chain)).0;
    match ask_chain_and_accounts(link, chain, wanted, accounts).await {
        Ok((mut observation, facts)) => {
            if !observation.problems.is_empty() {
                observation.problems.extend(unseen().problems);
            }
            (observation, facts)
        }
        Err(error) => {
            let (mut observation, facts) = unseen_part([chain], &error);
            observation.problems.extend(unseen().problems);
            (observation, facts)
        }
    }
}

async fn ask_chain_and_accounts(
    link: &CountingTransport,
    chain: &Address,
    wanted: &Attributes,
    accounts: Vec<Signer<'_>>,
) -> Result<ObservedPart, ProviderError> {
    let rpc = Rpc::over(link, &chain::endpoints_of(wanted, Space::Core));
    let failed = |error| chain_unreachable(chain, Space::Core, error);
    let rpc = rpc.map_err(failed)?;
    let mut batch = Batch::default();
    let asked = chain::ask_chain(&mut batch);
    // Where the network id, which is part of every address, is known beforehand, balances cost no round trip.
    let expected = chain::expected_network(wanted);
    let early =
        expected.map(|network| ask_balances(&mut batch, &accounts, network, At::LatestState));
    let answers = batch.send(&rpc).await.map_err(failed)?;
    if let Some((method, refusal)) = asked.trouble(&answers) {
        return Err(failed(RpcError::refused(method, refusal)));
    }
    let seen = chain::read_chain(&asked, &answers).ok_or_else(|| not_a_node(chain, Space::Core))?;
    let network = seen.network;
    let mut observation = Observation::default();
    if let Err(problem) = chain::check_network(wanted, network) {
        observation.problems.push((chain.clone(), problem));
        return Ok((observation, ChainProviderFacts::default()));
    }
    let mut outputs: Vec<Attributes> = accounts
        .iter()
        .map(|signer| account::account_outputs(signer.addresses, network))
        .collect();
    if let Some(slots) = early {
        add_balances(&slots, &answers, &mut outputs);
    } else {
        let mut batch = Batch::default();
        let slots = ask_balances(&mut batch, &accounts, network, At::Epoch(seen.epoch));
        if slots.iter().any(Option::is_some) {
            let answers = batch.send(&rpc).await.map_err(failed)?;
            add_balances(&slots, &answers, &mut outputs);
        }
    }
    for (signer, outputs) in accounts.iter().zip(outputs) {
        if let Err(problem) = account::check_network(signer.target.wanted, network) {
            let address = signer.target.address.clone();
            observation.problems.push((address, problem));
            continue;
        }
        let kept = account::kept_identity(signer.target.wanted, &outputs);
        if let Some(kept) = kept.filter(|_| signer.source != AddressSource::Spec) {
            let address = signer.target.address.clone();
            observation.accounts.insert(address, kept);
        }
        observation
            .objects
            .insert(signer.target.address.clone(), observed_present(outputs));
    }
    observation.objects.insert(
        chain.clone(),
        observed_present(chain::chain_outputs(wanted, &seen)),
    );
    observation.chains.insert(chain.clone(), seen.identity);
    Ok((observation, ChainProviderFacts::default()))
}

/// Asks for the balances that the spec reads; nonces, and what the rest of an account is needed for, are asked for by the
/// look at what is made.
fn ask_balances(
    batch: &mut Batch,
    accounts: &[Signer<'_>],
    network: u32,
    at: At,
) -> Vec<Option<Slot>> {
    let slots = accounts.iter().map(|signer| {
        let used = signer.target.used.contains("balance");
        used.then(|| batch.balance(CoreAddress::new(signer.addresses.core, network), at))
    });
    slots.collect()
}

fn add_balances(slots: &[Option<Slot>], answers: &BatchAnswers, outputs: &mut [Attributes]) {
    for (slot, outputs) in slots.iter().zip(outputs) {
        if let Some(balance) = slot.and_then(|slot| answers.number(slot)) {
            account::add_balance(outputs, balance);
        }
    }
}
