//! A look at the services of bridges: what there is to do, and what of it can be done now.
//!
//! - Reads: the views of each bridge, and which of its duties the node accepts.
//! - Returns: duties as an attribute whose wanted value is "none"; limits for the calls that the node accepts.
//! - Never: plans a call while a transaction of the account is under way that this state did not settle.

use futures_util::future::join_all;
use pospool_model::provider::{Observation, Observed, Scene, Target};
use pospool_model::{Address, Attributes, Drip, Problem, ProviderError, Value};

use super::DUTIES;
use super::ready::{Ready, ready};
use super::views::{Views, views};
use crate::address::CoreAddress;
use crate::chain;
use crate::chain_address::Space;
use crate::facts::{BridgeFacts, Facts};
use crate::observe::chain_of;
use crate::resolve::address_of;
use crate::rpc::{Rpc, RpcError};
use crate::wire::Link;

const OUTPUT_EPOCH: &str = "epoch";

/// Looks at services.
pub(crate) async fn look(
    link: &Link,
    targets: &[&Target<'_>],
    scene: &Scene<'_>,
) -> Result<(Observation, Facts), ProviderError> {
    let (mut observation, mut facts) = (Observation::default(), Facts::default());
    let looks = targets.iter().map(|target| look_at(link, target, scene));
    for (target, found) in targets.iter().zip(join_all(looks).await) {
        let address = target.address.clone();
        match found? {
            Ok((observed, known)) => {
                observation.objects.insert(address.clone(), observed);
                facts.bridges.extend(known.map(|known| (address, known)));
            }
            Err(problem) => observation.problems.push((address, problem)),
        }
    }
    Ok((observation, facts))
}

type Found = Result<(Observed, Option<BridgeFacts>), Problem>;

/// Who calls what on which chain.
pub(super) struct Service<'a> {
    pub(super) target: &'a Target<'a>,
    pub(super) wanted: &'a Attributes,
    pub(super) bridge: CoreAddress,
    pub(super) signer: CoreAddress,
    /// The epoch that the first look pinned.
    pub(super) epoch: u64,
    pub(super) network: u32,
}

impl<'a> Service<'a> {
    /// `None` while there is nothing to look at.
    fn find(
        target: &'a Target<'a>,
        wanted: &'a Attributes,
        chain: &Address,
        scene: &Scene<'_>,
    ) -> Result<Option<Self>, Problem> {
        let Some((network, epoch)) = pinned(scene.outputs.get(chain)) else {
            return Ok(None);
        };
        let Some(bridge) = bridge_of(wanted, scene, network)? else {
            return Ok(None);
        };
        let account = wanted.get("account").unwrap_or(&Value::Null);
        Ok(Some(Self {
            target,
            wanted,
            bridge,
            signer: address_of(account, scene.outputs, network, &["account"])?,
            epoch,
            network,
        }))
    }
}

async fn look_at(
    link: &Link,
    target: &Target<'_>,
    scene: &Scene<'_>,
) -> Result<Found, ProviderError> {
    let absent = Ok(Ok((Observed::Absent, None)));
    // One that left the spec leaves nothing outside.
    let chain = chain_of(target.wanted, scene);
    let (Some(wanted), Some(chain)) = (target.wanted, chain) else {
        return absent;
    };
    let service = match Service::find(target, wanted, chain, scene) {
        Ok(Some(service)) => service,
        Ok(None) => return absent,
        Err(problem) => return Ok(Err(problem)),
    };
    let unreachable = |error: RpcError| ProviderError::Unreachable {
        code: "chain/unreachable",
        what: format!("the Core Space RPC of `{chain}` (`core_rpc`)"),
        source: Some(Box::new(error)),
    };
    let endpoints = scene.wanted.get(chain);
    let endpoints = endpoints.map(|wanted| chain::endpoints(wanted, Space::Core));
    let rpc = Rpc::over(link, &endpoints.unwrap_or_default()).map_err(unreachable)?;
    let views = match views(&service, &rpc).await.map_err(unreachable)? {
        Ok(views) => views,
        Err(problem) => return Ok(Err(problem)),
    };
    let ready = ready(&service, &rpc, &views).await.map_err(unreachable)?;
    Ok(Ok(present(&service, &views, ready)))
}

fn pinned(chain: Option<&Attributes>) -> Option<(u32, u64)> {
    let number = |name: &str| chain?.get(name)?.as_integer();
    let network = number("core_chain_id")?.try_into().ok()?;
    Some((network, number(OUTPUT_EPOCH)?.try_into().ok()?))
}

/// The bridge; `None` while this state has not made it.
fn bridge_of(
    wanted: &Attributes,
    scene: &Scene<'_>,
    network: u32,
) -> Result<Option<CoreAddress>, Problem> {
    let value = match wanted.get("bridge") {
        None | Some(Value::Unknown | Value::Null) => return Ok(None),
        Some(value) => value,
    };
    if let Value::Resource(resource) = value
        && !scene
            .outputs
            .get(resource)
            .is_some_and(|it| it.contains_key("address"))
    {
        return Ok(None);
    }
    address_of(value, scene.outputs, network, &["bridge"]).map(Some)
}

fn present(service: &Service<'_>, found: &Views, ready: Ready) -> (Observed, Option<BridgeFacts>) {
    let seen = &found.seen;
    let number = |number: u128| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let texts = |texts: Vec<String>| Value::List(texts.into_iter().map(Value::Text).collect());
    let duties = ready.calls.iter().map(|call| call.duty.text()).collect();
    let waiting = ready.waiting.iter().chain(&found.troubles);
    let waiting = waiting
        .map(|one| format!("{}: {}", one.duty.text(), one.why))
        .collect();
    let mut outputs = Attributes::from([
        (
            "bridge_address".to_owned(),
            Value::Text(service.bridge.to_string()),
        ),
        ("signer".to_owned(), Value::Text(service.signer.to_string())),
        ("block".to_owned(), number(seen.block.into())),
        ("waiting".to_owned(), texts(waiting)),
        ("crossing_votes".to_owned(), number(seen.crossing)),
        ("unstakes".to_owned(), number(seen.unstakes)),
        ("unlocked_votes".to_owned(), number(seen.unlocked)),
        ("interest".to_owned(), Value::Amount(Drip(seen.interest))),
    ]);
    if let Some(balance) = found.balance {
        outputs.insert("balance".to_owned(), Value::Amount(Drip(balance)));
    }
    let facts = BridgeFacts {
        bridge: service.bridge,
        block: seen.block,
        calls: ready.calls,
    };
    let attributes = Attributes::from([(DUTIES.to_owned(), texts(duties))]);
    let observed = Observed::Present {
        attributes,
        outputs,
    };
    (observed, Some(facts))
}
