//! Asking one endpoint, at its pace, until it has answered all calls or is left for another one.
//!
//! - Reads: answers; what the process has learned of the endpoint.
//! - Returns: results in the order of the calls, or why this endpoint gave none.
//! - Never: asks again what was answered, or takes a refusal of the gateway for the node's.

use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::away::{Away, Placed};
use crate::call::{Call, LEFT_OUT, Refusal, call_json, is_lagging, read_result};
use crate::endpoint::RpcEndpoint;
use crate::link::CountingTransport;
use crate::log;
use crate::meter::{BUSY_FOR, SHUT_FOR};
use crate::pace::{goes_first, tells_fate, tells_nonce};
use crate::transport::TransportError;

/// Most calls in one request; larger batches go out side by side.
const BATCH_LIMIT: usize = 200;
/// Calls that may go out within this time share a request. The first of them wait for the last, so a gateway sees as many
/// more at once as its rate gives in this time; [`crate::pace::Allowance::FREE`] leaves room for that.
const TOGETHER: Duration = Duration::from_millis(250);
/// Most requests under way at once to an endpoint that takes no batches.
const SINGLY_AT_ONCE: usize = 4;
/// How often refused calls are asked again without one answer more.
const FRUITLESS: u32 = 2;
/// How often, and how far apart, a question is asked again of a node that is behind.
const LAGGING_TRIES: u32 = 6;
const LAGGING_PAUSE: Duration = Duration::from_millis(500);
type Results = Vec<Result<Json, Refusal>>;
/// Asks one endpoint.
pub(crate) async fn ask_endpoint(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    calls: &[Call],
) -> Result<Results, Away> {
    let meters = link.meters();
    let name = endpoint.url.as_str();
    let mut results: Vec<Option<Result<Json, Refusal>>> = calls
        .iter()
        .map(|call| meters.known(name, call).map(Ok))
        .collect();
    let (mut fruitless, mut tries) = (0, 1);
    loop {
        let open: Vec<usize> = (0..calls.len())
            .filter(|slot| results[*slot].is_none())
            .collect();
        if open.is_empty() {
            return Ok(results.into_iter().flatten().collect());
        }
        let (mut refused, mut again, mut answered) = (Vec::new(), false, 0);
        let found = turn(link, endpoint, calls, &open).await?;
        // A nonce that is still to be told would be newer than a receipt that is there already.
        let early = found.iter().any(|(slot, result)| {
            let put_off = |it: &Refusal| it.is_rate() || is_lagging(it);
            tells_nonce(calls[*slot].method) && result.as_ref().is_err_and(put_off)
        });
        for (slot, result) in found {
            match result {
                _ if early && tells_fate(calls[slot].method) && tries < LAGGING_TRIES => {}
                Err(refusal) if refusal.is_rate() => refused.push((slot, refusal)),
                Err(refusal) if is_lagging(&refusal) && tries < LAGGING_TRIES => again = true,
                other => {
                    if let Ok(answer) = &other {
                        meters.learn(name, &calls[slot], answer);
                    }
                    results[slot] = Some(other);
                    answered += 1;
                }
            }
        }
        // A request that came back with nothing but refusals is no sign of life.
        if answered > 0 {
            meters.wake(name);
        }
        if again {
            tokio::time::sleep(LAGGING_PAUSE).await;
        }
        if again || early {
            tries += 1;
        }
        let Some((_, refusal)) = refused.first() else {
            continue;
        };
        let methods = refused.iter().map(|(slot, _)| calls[*slot].method);
        meters.refused(name, &distinct(methods.collect()));
        fruitless = if answered == 0 { fruitless + 1 } else { 0 };
        if fruitless == FRUITLESS {
            meters.rest_busy(name);
            return Err(Away::Busy(refusal.to_string()));
        }
    }
}

fn distinct(mut methods: Vec<&str>) -> Vec<&str> {
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// Sends the open calls once, each when the endpoint's pace allows it. What goes first is answered before the rest is
/// asked, if that is not in the same request.
async fn turn(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    calls: &[Call],
    open: &[usize],
) -> Result<Placed, Away> {
    let methods: Vec<&str> = open.iter().map(|slot| calls[*slot].method).collect();
    let moments = link.meters().reserve(endpoint.url.as_str(), &methods);
    let singly = link.meters().is_asked_singly(endpoint.url.as_str());
    let first = |slot: &usize| goes_first(calls[*slot].method);
    let mut groups = Vec::new();
    for (at, mut slots) in group(open, &moments) {
        slots.sort_by_key(|slot| !first(slot));
        let rest = if singly {
            slots.split_off(slots.partition_point(first))
        } else {
            Vec::new()
        };
        groups.extend([(at, slots), (at, rest)]);
    }
    groups.retain(|(_, slots)| !slots.is_empty());
    let (early, late): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .partition(|(_, slots)| slots.iter().any(first));
    let mut answers = Vec::new();
    for phase in [early, late] {
        let sent = phase.into_iter().map(|(at, slots)| async move {
            tokio::time::sleep_until(at).await;
            request(link, endpoint, calls, slots).await
        });
        answers.extend(try_join_all(sent).await?.into_iter().flatten());
    }
    Ok(answers)
}

/// Calls that go out in one request, and when.
fn group(open: &[usize], moments: &[Instant]) -> Vec<(Instant, Vec<usize>)> {
    let mut order: Vec<(Instant, usize)> =
        moments.iter().copied().zip(open.iter().copied()).collect();
    order.sort_by_key(|(at, slot)| (*at, *slot));
    let mut groups: Vec<(Instant, Instant, Vec<usize>)> = Vec::new();
    for (at, slot) in order {
        match groups.last_mut() {
            Some((first, last, slots)) if at < *first + TOGETHER && slots.len() < BATCH_LIMIT => {
                *last = at;
                slots.push(slot);
            }
            _ => groups.push((at, at, vec![slot])),
        }
    }
    let whole = groups.into_iter();
    whole.map(|(_, last, slots)| (last, slots)).collect()
}

/// Sends some calls now: in one request, or one by one where the endpoint wants that.
async fn request(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    calls: &[Call],
    slots: Vec<usize>,
) -> Result<Placed, Away> {
    if link.meters().is_asked_singly(endpoint.url.as_str()) {
        let each = slots.into_iter().map(|slot| async move {
            let begun = Instant::now();
            let found = single(link, endpoint, calls, slot).await;
            log::log_request(endpoint, calls, &[slot], &found, begun.elapsed());
            found
        });
        let answers = stream::iter(each).buffer_unordered(SINGLY_AT_ONCE);
        let answers: Vec<Placed> = answers.try_collect().await?;
        return Ok(answers.into_iter().flatten().collect());
    }
    let begun = Instant::now();
    let found = together(link, endpoint, calls, &slots).await;
    log::log_request(endpoint, calls, &slots, &found, begun.elapsed());
    found
}

async fn single(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    calls: &[Call],
    slot: usize,
) -> Result<Placed, Away> {
    let call = &calls[slot];
    let request = call_json(0, call.method, &call.params);
    let answer = post(link, endpoint, &request, &[call.method]).await?;
    let result = admitted(link, endpoint, read_result(&answer))?;
    Ok(vec![(slot, result)])
}

async fn together(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    calls: &[Call],
    slots: &[usize],
) -> Result<Placed, Away> {
    let requests = slots
        .iter()
        .map(|slot| call_json(*slot, calls[*slot].method, &calls[*slot].params));
    let methods = distinct(slots.iter().map(|slot| calls[*slot].method).collect());
    let answer = post(link, endpoint, &Json::Array(requests.collect()), &methods).await?;
    let Some(answers) = answer.as_array() else {
        return whole_refused(link, endpoint, &answer, slots);
    };
    // The order of a batch's answers is free: only the id counts.
    let mut results: Vec<_> = slots.iter().map(|slot| (*slot, Err(missing()))).collect();
    for answer in answers {
        let id = answer.get("id").and_then(Json::as_u64);
        let place = id.and_then(|id| {
            let slot = usize::try_from(id).ok()?;
            results.iter_mut().find(|(other, _)| *other == slot)
        });
        if let Some((_, result)) = place {
            *result = admitted(link, endpoint, read_result(answer))?;
        }
    }
    Ok(results)
}

/// One object came where a list was due: all calls were too many, or batches are not taken.
fn whole_refused(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    answer: &Json,
    slots: &[usize],
) -> Result<Placed, Away> {
    let refusal = read_result(answer).err().unwrap_or_else(missing);
    let refusal = match admitted(link, endpoint, Err(refusal))? {
        Err(refusal) => refusal,
        Ok(_) => missing(),
    };
    if refusal.is_rate() {
        let each = slots.iter().map(|slot| (*slot, Err(refusal.clone())));
        return Ok(each.collect());
    }
    link.meters().refuses_batches(endpoint.url.as_str());
    Err(Away::NoBatches(format!("takes no batches: {refusal}")))
}

/// Lets pass what is an answer to one call; the others concern all calls.
fn admitted(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    result: Result<Json, Refusal>,
) -> Result<Result<Json, Refusal>, Away> {
    match result {
        Err(refusal) if refusal.is_shut() => {
            link.meters().rest(endpoint.url.as_str(), SHUT_FOR);
            Err(Away::Gone(refusal.to_string()))
        }
        Err(refusal) if refusal.is_catching_up() => {
            link.meters().rest(endpoint.url.as_str(), BUSY_FOR);
            Err(Away::Busy(refusal.to_string()))
        }
        other => Ok(other),
    }
}

/// Carries one request. A refusal of all of it by its HTTP status teaches as much as one in a slot.
async fn post(
    link: &CountingTransport,
    endpoint: &RpcEndpoint,
    request: &Json,
    methods: &[&str],
) -> Result<Json, Away> {
    let name = endpoint.url.as_str();
    let answer = endpoint.post(link, request).await;
    answer.map_err(|silence| away(link, name, &silence, methods))
}

fn away(link: &CountingTransport, name: &str, silence: &TransportError, methods: &[&str]) -> Away {
    let meters = link.meters();
    let what = silence.what.clone();
    if silence.is_busy() {
        meters.refused(name, methods);
        meters.rest_busy(name);
        return Away::Busy(what);
    }
    let time = if silence.is_shut() {
        SHUT_FOR
    } else {
        BUSY_FOR
    };
    meters.rest(name, time);
    Away::Gone(what)
}

/// What stands for a call that a node left out of its answer.
fn missing() -> Refusal {
    Refusal {
        code: LEFT_OUT,
        message: "the node left this call unanswered".to_owned(),
        data: None,
    }
}
