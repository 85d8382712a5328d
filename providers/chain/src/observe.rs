//! The looks: one round trip for what is given, one for what is made.
//!
//! - Reads: targets and the scene; the chain's answers.
//! - Returns: what is there, facts, bindings, identities, problems.
//! - Never: changes anything. Everything that is made is read at the epoch that the first look pinned.

mod given;
mod made;

use pospool_model::provider::{self, Observation, Observed, Scene, Target};
use pospool_model::{Address, Attributes, ProviderError, Value};

use crate::account;
use crate::facts::Facts;
use crate::rpc::RpcError;
use crate::wire::Link;

type Found = Result<(Observation, Facts), ProviderError>;

/// Looks at the targets.
pub(crate) async fn observe(
    link: &Link,
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
        parts.extend(given::look(link, &given, scene).await);
    }
    if !made.is_empty() {
        parts.extend(made::look(link, &made, scene).await);
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

fn unreachable(chain: &Address, error: RpcError) -> ProviderError {
    ProviderError::Unreachable {
        code: "chain/unreachable",
        what: format!(
            "the Core Space RPC of `{chain}` (`core_rpc`; a node that starts needs a moment)"
        ),
        source: Some(Box::new(error)),
    }
}

fn not_a_node(chain: &Address) -> ProviderError {
    ProviderError::refused(
        "chain/not-a-node",
        format!(
            "what answers at `core_rpc` of `{chain}` is not the Core Space RPC of a Conflux node; port 12537 usually is"
        ),
    )
}

fn present(outputs: Attributes) -> Observed {
    Observed::Present {
        attributes: Attributes::new(),
        outputs,
    }
}

#[cfg(test)]
mod tests;
