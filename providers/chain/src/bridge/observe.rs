//! A look at the services of bridges: what there is to do, and what of it can be done now.
//!
//! - Reads: the views of each bridge, what the look beside it found of its account, and which of its duties the node
//!   accepts.
//! - Returns: duties as an attribute whose wanted value is "none"; limits for the calls that the node accepts.
//! - Never: plans a call while a transaction of the account is under way that this state did not settle.

use futures_util::future::join_all;
use pospool_conflux_rpc::{CountingTransport, Rpc};
use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Address, Attributes, Drip, Problem, ProviderError, Value};

use super::DUTIES;
use super::ready::{Ready, find_ready_duties};
use super::service::BridgeService;
use super::views::{LastViews, Views, read_views};
use crate::estimate::CallerStanding;
use crate::facts::{BridgeFacts, ChainProviderFacts};

/// What the views of services said.
pub(crate) struct AskedBridges<'a>(Vec<Half<'a>>);

/// A service whose views are known, and which of its duties can be done is not yet.
enum Half<'a> {
    Absent(&'a Address),
    Wrong(&'a Address, Problem),
    Seen(Box<BridgeService<'a>>, Rpc, Views),
}

/// Asks services for their views.
pub(crate) async fn ask_services<'a>(
    link: &CountingTransport,
    targets: &[&Target<'a>],
    scene: &ObserveContext<'a>,
) -> AskedBridges<'a> {
    let views = targets.iter().map(async |target| {
        let asked = ask_one(link, target, scene).await;
        asked.unwrap_or_else(|error| Half::Wrong(target.address, error.to_problem()))
    });
    AskedBridges(join_all(views).await)
}

async fn ask_one<'a>(
    link: &CountingTransport,
    target: &Target<'a>,
    scene: &ObserveContext<'a>,
) -> Result<Half<'a>, ProviderError> {
    let service = match BridgeService::find(target, scene) {
        Ok(Some(service)) => service,
        Ok(None) => return Ok(Half::Absent(target.address)),
        Err(problem) => return Ok(Half::Wrong(target.address, problem)),
    };
    let unreachable = |error| service.unreachable(error);
    let rpc = Rpc::over(link, &service.endpoints).map_err(unreachable)?;
    match read_views(&service.subject, service.epoch, &rpc)
        .await
        .map_err(unreachable)?
    {
        Ok(views) => Ok(Half::Seen(Box::new(service), rpc, views)),
        Err(problem) => Ok(Half::Wrong(target.address, problem)),
    }
}

/// Says what of it can be done now; `made` is what the look beside it found.
pub(crate) async fn look_at_services(
    asked: AskedBridges<'_>,
    made: &ChainProviderFacts,
) -> (Observation, ChainProviderFacts) {
    let (mut observation, mut facts) = (Observation::default(), ChainProviderFacts::default());
    let looks = asked.0.into_iter().map(|half| look_at(half, made));
    for found in join_all(looks).await {
        let (address, found) = found;
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
    (observation, facts)
}

type FoundBridge = Result<(Observed, Option<BridgeFacts>), Problem>;

async fn look_at<'a>(half: Half<'a>, made: &ChainProviderFacts) -> (&'a Address, FoundBridge) {
    let (service, rpc, views) = match half {
        Half::Absent(address) => return (address, Ok((Observed::Absent, None))),
        Half::Wrong(address, problem) => return (address, Err(problem)),
        Half::Seen(service, rpc, views) => (service, rpc, views),
    };
    // The look beside this one has failed if the node did not tell.
    let standing = CallerStanding::find(service.subject.signer, made);
    let address = service.address;
    let ready = match find_ready_duties(&service, &rpc, &views, standing).await {
        Ok(ready) => ready,
        Err(error) => return (address, Err(service.unreachable(error).to_problem())),
    };
    (address, Ok(present(*service, views, standing, ready)))
}

fn present(
    service: BridgeService<'_>,
    views: Views,
    standing: Option<CallerStanding>,
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
        last: LastViews {
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
