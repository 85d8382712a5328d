//! The looks: one round trip for what is given, one for what is made.
//!
//! - Reads: targets and the scene; the chain's answers.
//! - Returns: what is there, facts, bindings, identities, problems.
//! - Never: changes anything. Everything that is made is read at the epoch that the first look pinned.

mod given;
mod made;
mod refusals;
mod scene;

use futures_util::future::join3;
use pospool_conflux_rpc::CountingTransport;
use pospool_model::provider::{self, Observation, ObserveContext, Target};

pub(crate) use self::refusals::{chain_unreachable, not_a_node};
use self::scene::{ObservedPart, merge_part};
pub(crate) use self::scene::{chain_of, known_at};
use crate::account;
use crate::bridge;
use crate::facts::ChainProviderFacts;
use crate::own_node::OwnNodes;
use crate::profit;
use crate::restake;
use crate::verification::{self, Web};

/// Looks at the targets.
pub(crate) async fn observe_targets(
    link: &CountingTransport,
    web: &Web,
    own_nodes: &OwnNodes,
    targets: &[Target<'_>],
    scene: &ObserveContext<'_>,
) -> Observation {
    let (verified, others): (Vec<&Target<'_>>, Vec<&Target<'_>>) = targets
        .iter()
        .partition(|target| target.address.kind() == "verification");
    let (given, made): (Vec<&Target<'_>>, Vec<&Target<'_>>) = others
        .into_iter()
        .partition(|target| matches!(target.address.kind(), "chain" | "account"));
    let mut parts = Vec::new();
    let mut services = None;
    if !given.is_empty() {
        parts.extend(given::look_at_given(link, &given, scene).await);
    }
    if !made.is_empty() || !verified.is_empty() {
        // Services are among what is made too, for their accounts.
        let served: Vec<&Target<'_>> = made
            .iter()
            .copied()
            .filter(|target| target.address.kind() == "bridge_service")
            .collect();
        let looks = join3(
            made::look_at_made(link, own_nodes, &made, scene),
            verification::observe::look_at_verified(link, web, &verified, scene),
            bridge::observe::ask_services(link, &served, scene),
        );
        let (found, seen, views) = looks.await;
        parts.extend(found);
        parts.push((seen, ChainProviderFacts::default()));
        services = Some(views);
    }
    let mut whole = ObservedPart::default();
    for part in parts {
        merge_part(part, &mut whole);
    }
    let (observation, facts) = &mut whole;
    profit::observe::look_at_profit(link, &made, scene, observation, facts).await;
    restake::observe::look_at_restakes(link, own_nodes, &made, scene, observation, facts).await;
    if let Some(views) = services {
        let services = bridge::observe::look_at_services(views, facts).await;
        merge_part(services, &mut whole);
    }
    let (mut observation, facts) = whole;
    for account in facts
        .accounts
        .values()
        .chain(facts.espace_accounts.values())
    {
        let name = account::nonce_lane(account.address);
        let counted = name.clone();
        observation.bindings.insert(name, account.nonce.to_string());
        observation.counters.insert(counted, account.nonce);
    }
    observation.facts = provider::Facts::new(facts);
    observation
}

#[cfg(test)]
mod tests;
