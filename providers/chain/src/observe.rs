//! The looks: one round trip for what is given, one for what is made.
//!
//! - Reads: targets and the scene; the chain's answers.
//! - Returns: what is there, facts, bindings, identities, problems.
//! - Never: changes anything. Everything that is made is read at the epoch that the first look pinned.

mod given;
mod made;

use futures_util::future::join3;
use pospool_model::provider::{self, Observation, Observed, Scene, Target};
use pospool_model::{Address, Attributes, ProviderError, Value};

use crate::account;
use crate::bridge;
use crate::chain_address::Space;
use crate::codes;
use crate::facts::Facts;
use crate::rpc::RpcError;
use crate::verification::{self, Web};
use crate::wire::Link;

type Found = Result<(Observation, Facts), ProviderError>;

/// Looks at the targets.
pub(crate) async fn observe(
    link: &Link,
    web: &Web,
    targets: &[Target<'_>],
    scene: &Scene<'_>,
) -> Result<Observation, ProviderError> {
    let (verified, others): (Vec<&Target<'_>>, Vec<&Target<'_>>) = targets
        .iter()
        .partition(|target| target.address.kind() == "verification");
    let (given, made): (Vec<&Target<'_>>, Vec<&Target<'_>>) = others
        .into_iter()
        .partition(|target| matches!(target.address.kind(), "chain" | "account"));
    let mut observation = Observation::default();
    let mut facts = Facts::default();
    let mut parts = Vec::new();
    let mut services = None;
    if !given.is_empty() {
        parts.extend(given::look(link, &given, scene).await);
    }
    if !made.is_empty() || !verified.is_empty() {
        // Services are among what is made too, for their accounts.
        let served: Vec<&Target<'_>> = made
            .iter()
            .copied()
            .filter(|target| target.address.kind() == "bridge_service")
            .collect();
        let looks = join3(
            made::look(link, &made, scene),
            verification::observe::look(link, web, &verified, scene),
            bridge::observe::ask(link, &served, scene),
        );
        let (found, seen, views) = looks.await;
        parts.extend(found);
        parts.push(seen.map(|seen| (seen, Facts::default())));
        services = Some(views);
    }
    for part in parts {
        take(part?, &mut observation, &mut facts);
    }
    if let Some(views) = services {
        let services = bridge::observe::look(views, &facts).await?;
        take(services, &mut observation, &mut facts);
    }
    for account in facts
        .accounts
        .values()
        .chain(facts.espace_accounts.values())
    {
        let name = account::lane(account.address);
        let counted = name.clone();
        observation.bindings.insert(name, account.nonce.to_string());
        observation.counters.insert(counted, account.nonce);
    }
    observation.facts = provider::Facts::new(facts);
    Ok(observation)
}

/// Adds what one part found.
fn take((found, known): (Observation, Facts), observation: &mut Observation, facts: &mut Facts) {
    observation.objects.extend(found.objects);
    observation.chains.extend(found.chains);
    observation.problems.extend(found.problems);
    observation.bindings.extend(found.bindings);
    facts.chains.extend(known.chains);
    facts.accounts.extend(known.accounts);
    facts.espace_chains.extend(known.espace_chains);
    facts.espace_accounts.extend(known.espace_accounts);
    facts.contracts.extend(known.contracts);
    facts.registrations.extend(known.registrations);
    facts.bridges.extend(known.bridges);
}

/// The chain that attributes name, or the only one.
pub(crate) fn chain_of<'a>(
    attributes: Option<&'a Attributes>,
    scene: &Scene<'a>,
) -> Option<&'a Address> {
    let named = attributes
        .and_then(|attributes| attributes.get("chain"))
        .and_then(Value::as_resource);
    named.or_else(|| {
        let mut chains = scene
            .wanted
            .keys()
            .filter(|address| address.kind() == "chain");
        chains.next().filter(|_| chains.next().is_none())
    })
}

fn unreachable(chain: &Address, space: Space, error: RpcError) -> ProviderError {
    if let RpcError::Endpoint(error) = &error {
        let what = format!(
            "an endpoint in `{}` of `{chain}` cannot be used: {error}",
            space.rpc()
        );
        return ProviderError::refused(codes::BAD_RPC, what);
    }
    ProviderError::Unreachable {
        code: codes::UNREACHABLE,
        what: format!(
            "the {} RPC of `{chain}` (`{}`; a node that starts needs a moment)",
            space.title(),
            space.rpc()
        ),
        source: Some(Box::new(error)),
    }
}

/// Name of the output that says how new a chain must be at least.
const EPOCH: &str = "epoch";

/// The output of a transaction that says when it was executed.
pub(crate) fn known_at(epoch: u64) -> Attributes {
    let number = i64::try_from(epoch).unwrap_or(i64::MAX);
    Attributes::from([(EPOCH.to_owned(), Value::Integer(number))])
}

/// The newest epoch that the state knows of these targets.
fn newest_known(targets: &[&Target<'_>]) -> Option<u64> {
    let recorded = targets.iter().filter_map(|target| target.recorded);
    let epochs = recorded.filter_map(|recorded| recorded.outputs.get(EPOCH)?.as_integer());
    epochs.filter_map(|epoch| epoch.try_into().ok()).max()
}

/// A node that shows an older chain than the state knows would have everything made again.
fn behind(chain: &Address, epoch: u64, known: u64) -> ProviderError {
    ProviderError::refused(
        codes::BEHIND,
        format!(
            "the RPC of `{chain}` is at epoch {epoch}, and the state knows of epoch {known}: wait until that node has caught up, or name another one first in `core_rpc`"
        ),
    )
}

fn not_a_node(chain: &Address, space: Space) -> ProviderError {
    let port = match space {
        Space::Core => 12537,
        Space::Espace => 8545,
    };
    ProviderError::refused(
        codes::NOT_A_NODE,
        format!(
            "what answers at `{}` of `{chain}` is not the {} RPC of a Conflux node; port {port} usually is",
            space.rpc(),
            space.title()
        ),
    )
}

fn no_rpc(chain: &Address, space: Space) -> ProviderError {
    let what = format!(
        "`{chain}` names no RPC of {}, and a private network has no public one: write `{} = \"http://127.0.0.1:8545\"`, or where its node listens",
        space.title(),
        space.rpc()
    );
    ProviderError::refused(codes::NO_RPC, what)
}

fn other_chain(chain: &Address, space: Space) -> ProviderError {
    let what = format!(
        "the node at `{}` of `{chain}` is on another chain than the one at `core_rpc`",
        space.rpc()
    );
    ProviderError::refused(codes::WRONG_NETWORK, what)
}

fn present(outputs: Attributes) -> Observed {
    Observed::Present {
        attributes: Attributes::new(),
        outputs,
    }
}

#[cfg(test)]
mod tests;
