//! A look at the services of bridges: what there is to do, and what of it can be done now.
//!
//! - Reads: the views of each bridge, what the look beside it found of its account, and which of its duties the node
//!   accepts.
//! - Returns: duties as an attribute whose wanted value is "none"; limits for the calls that the node accepts.
//! - Never: plans a call while a transaction of the account is under way that this state did not settle.

use futures_util::future::join_all;
use pospool_model::provider::{Observation, Observed, Scene, Target};
use pospool_model::{Address, Attributes, Drip, Endpoint, Problem, ProviderError, Value};

use super::glance::Last;
use super::ready::{Ready, Standing, ready};
use super::views::{Subject, Views, views};
use super::{DUTIES, claim_every};
use crate::address::CoreAddress;
use crate::chain;
use crate::chain_address::Space;
use crate::codes;
use crate::facts::{BridgeFacts, Facts};
use crate::observe::chain_of;
use crate::resolve::address_of;
use crate::rpc::{Rpc, RpcError};
use crate::wire::Link;

const OUTPUT_EPOCH: &str = "epoch";

/// What the views of services said.
pub(crate) struct Asked<'a>(Vec<Result<Half<'a>, ProviderError>>);

/// A service whose views are known, and which of its duties can be done is not yet.
enum Half<'a> {
    Absent(&'a Address),
    Wrong(&'a Address, Problem),
    Seen(Box<Service<'a>>, Rpc, Views),
}

/// Who calls what on which chain.
pub(super) struct Service<'a> {
    pub(super) wanted: &'a Attributes,
    pub(super) subject: Subject,
    address: &'a Address,
    chain: &'a Address,
    endpoints: Vec<Endpoint>,
    /// The epoch that the first look pinned.
    epoch: u64,
}

impl<'a> Service<'a> {
    /// `None` while there is nothing to look at.
    fn find(target: &Target<'a>, scene: &Scene<'a>) -> Result<Option<Self>, Problem> {
        // One that left the spec leaves nothing outside.
        let (Some(wanted), Some(chain)) = (target.wanted, chain_of(target.wanted, scene)) else {
            return Ok(None);
        };
        let Some((network, epoch)) = pinned(scene.outputs.get(chain)) else {
            return Ok(None);
        };
        let Some(bridge) = bridge_of(wanted, scene, network)? else {
            return Ok(None);
        };
        let account = wanted.get("account").unwrap_or(&Value::Null);
        let endpoints = scene.wanted.get(chain);
        let endpoints = endpoints.map(|wanted| chain::endpoints(wanted, Space::Core));
        Ok(Some(Self {
            wanted,
            subject: Subject {
                bridge,
                signer: address_of(account, scene.outputs, network, &["account"])?,
                network,
                claimed_block: claimed_block(target),
                claim_every: claim_every(wanted),
            },
            address: target.address,
            chain,
            endpoints: endpoints.unwrap_or_default(),
            epoch,
        }))
    }

    fn unreachable(&self, error: RpcError) -> ProviderError {
        ProviderError::Unreachable {
            code: codes::UNREACHABLE,
            what: format!("the Core Space RPC of `{}` (`core_rpc`)", self.chain),
            source: Some(Box::new(error)),
        }
    }
}

/// Asks services for their views.
pub(crate) async fn ask<'a>(link: &Link, targets: &[&Target<'a>], scene: &Scene<'a>) -> Asked<'a> {
    let views = targets.iter().map(|target| ask_one(link, target, scene));
    Asked(join_all(views).await)
}

async fn ask_one<'a>(
    link: &Link,
    target: &Target<'a>,
    scene: &Scene<'a>,
) -> Result<Half<'a>, ProviderError> {
    let service = match Service::find(target, scene) {
        Ok(Some(service)) => service,
        Ok(None) => return Ok(Half::Absent(target.address)),
        Err(problem) => return Ok(Half::Wrong(target.address, problem)),
    };
    let unreachable = |error| service.unreachable(error);
    let rpc = Rpc::over(link, &service.endpoints).map_err(unreachable)?;
    match views(&service.subject, service.epoch, &rpc)
        .await
        .map_err(unreachable)?
    {
        Ok(views) => Ok(Half::Seen(Box::new(service), rpc, views)),
        Err(problem) => Ok(Half::Wrong(target.address, problem)),
    }
}

/// Says what of it can be done now; `made` is what the look beside it found.
pub(crate) async fn look(
    asked: Asked<'_>,
    made: &Facts,
) -> Result<(Observation, Facts), ProviderError> {
    let (mut observation, mut facts) = (Observation::default(), Facts::default());
    let looks = asked.0.into_iter().map(|half| look_at(half, made));
    for found in join_all(looks).await {
        let (address, found) = found?;
        match found {
            Ok((observed, known)) => {
                observation.objects.insert(address.clone(), observed);
                facts
                    .bridges
                    .extend(known.map(|known| (address.clone(), known)));
            }
            Err(problem) => observation.problems.push((address.clone(), problem)),
        }
    }
    Ok((observation, facts))
}

type Found = Result<(Observed, Option<BridgeFacts>), Problem>;

async fn look_at<'a>(
    half: Result<Half<'a>, ProviderError>,
    made: &Facts,
) -> Result<(&'a Address, Found), ProviderError> {
    let (service, rpc, views) = match half? {
        Half::Absent(address) => return Ok((address, Ok((Observed::Absent, None)))),
        Half::Wrong(address, problem) => return Ok((address, Err(problem))),
        Half::Seen(service, rpc, views) => (service, rpc, views),
    };
    let standing = standing(&service, made);
    let ready = ready(&service, &rpc, &views, standing).await;
    let ready = ready.map_err(|error| service.unreachable(error))?;
    let address = service.address;
    Ok((address, Ok(present(*service, views, standing, ready))))
}

/// What the look beside this one found of the account; that look has failed if the node did not tell.
fn standing(service: &Service<'_>, made: &Facts) -> Option<Standing> {
    let signer = service.subject.signer.into();
    let account = made.accounts.values().find(|it| it.address == signer)?;
    let chain = made.chains.get(service.chain)?;
    Some(Standing {
        balance: account.balance,
        under_way: account.nonce.saturating_sub(account.executed),
        price: chain.fees.gas_price,
    })
}

/// Block of the last claim.
fn claimed_block(target: &Target<'_>) -> Option<u64> {
    let recorded = target.recorded?.outputs.get("claimed_block")?;
    recorded.as_integer()?.try_into().ok()
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

fn present(
    service: Service<'_>,
    views: Views,
    standing: Option<Standing>,
    ready: Ready,
) -> (Observed, Option<BridgeFacts>) {
    let (seen, subject) = (&views.seen, &service.subject);
    let number = |number: u128| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let texts = |texts: Vec<String>| Value::List(texts.into_iter().map(Value::Text).collect());
    let duties = ready.calls.iter().map(|call| call.duty.text()).collect();
    let waiting = ready.waiting.iter().chain(&views.troubles);
    let waiting = waiting
        .map(|one| format!("{}: {}", one.duty.text(), one.why))
        .collect();
    let mut outputs = Attributes::from([
        (
            "bridge_address".to_owned(),
            Value::Text(subject.bridge.to_string()),
        ),
        ("signer".to_owned(), Value::Text(subject.signer.to_string())),
        ("block".to_owned(), number(seen.block.into())),
        ("waiting".to_owned(), texts(waiting)),
        ("crossing_votes".to_owned(), number(seen.crossing)),
        ("unstakes".to_owned(), number(seen.unstakes)),
        ("unlocked_votes".to_owned(), number(seen.unlocked)),
        ("interest".to_owned(), Value::Amount(Drip(seen.interest))),
    ]);
    if let Some(standing) = standing {
        outputs.insert("balance".to_owned(), Value::Amount(Drip(standing.balance)));
    }
    let facts = BridgeFacts {
        bridge: subject.bridge,
        block: seen.block,
        calls: ready.calls,
        last: Last {
            endpoints: service.endpoints,
            subject: service.subject,
            views,
        },
    };
    let attributes = Attributes::from([(DUTIES.to_owned(), texts(duties))]);
    let observed = Observed::Present {
        attributes,
        outputs,
    };
    (observed, Some(facts))
}
