//! The client against gateways that count calls, or let nobody in, in virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::*;
use crate::call::REVERTED;
use crate::pace::{Allowance, is_counted_apart};
use crate::transport::{Transport, TransportError};

/// What a gateway does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Gate {
    Open,
    /// As Confura's free tier counts: 5 a second of a method, 50 in all, each with a burst of as many.
    Counts,
    Status(u16),
    /// Each slot is refused, for ever.
    Rate,
    NoBatches,
    KeyWanted,
}

#[derive(Default)]
struct Seen {
    requests: usize,
    served: Vec<String>,
    refused: usize,
    buckets: BTreeMap<String, (f64, Option<Instant>)>,
}

/// Gateways by host.
struct Gates {
    gates: Vec<(&'static str, Gate)>,
    seen: Mutex<BTreeMap<&'static str, Seen>>,
}

impl Seen {
    fn takes(&mut self, name: &str, rate: f64) -> bool {
        let now = Instant::now();
        let bucket = self.buckets.entry(name.to_owned()).or_insert((rate, None));
        let past = bucket.1.map_or(0.0, |at| (now - at).as_secs_f64());
        bucket.0 = (bucket.0 + past * rate).min(rate);
        bucket.1 = Some(now);
        let takes = bucket.0 >= 1.0;
        if takes {
            bucket.0 -= 1.0;
        }
        takes
    }

    fn answer(&mut self, gate: Gate, call: &Json) -> Json {
        let method = call["method"].as_str().unwrap();
        let refuse = |code: i64, message: &str| json!({ "id": call["id"], "error": { "code": code, "message": message } });
        let counted = gate == Gate::Counts
            && !(self.takes("", 50.0) && (!is_counted_apart(method) || self.takes(method, 5.0)));
        if counted || gate == Gate::Rate {
            self.refused += 1;
            return refuse(-32005, "request rate exceeded");
        }
        if gate == Gate::KeyWanted {
            return refuse(-32600, "Invalid API key");
        }
        self.served.push(method.to_owned());
        json!({ "id": call["id"], "result": call["params"] })
    }
}

#[async_trait]
impl Transport for Gates {
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, TransportError> {
        tokio::time::sleep(Duration::from_millis(75)).await;
        let answer = {
            let named = |(host, _): &&(&str, Gate)| endpoint.contains(host);
            let (host, gate) = *self.gates.iter().find(named).unwrap();
            let mut all = self.seen.lock().unwrap();
            let seen = all.entry(host).or_default();
            seen.requests += 1;
            match (gate, request.as_array()) {
                (Gate::Status(status), _) => {
                    return Err(TransportError::status(
                        status,
                        format!("HTTP status {status}"),
                    ));
                }
                (Gate::NoBatches, Some(_)) => {
                    json!({ "id": null, "error": { "code": -32600, "message": "batch requests are not allowed" } })
                }
                (gate, Some(calls)) => calls.iter().map(|call| seen.answer(gate, call)).collect(),
                (gate, None) => seen.answer(gate, request),
            }
        };
        tokio::time::sleep(Duration::from_millis(75)).await;
        Ok(answer)
    }
}

fn world(gates: &[(&'static str, Gate)]) -> (Arc<Gates>, Rpc) {
    let world = Arc::new(Gates {
        gates: gates.to_vec(),
        seen: Mutex::default(),
    });
    let endpoints: Vec<pospool_model::Endpoint> = gates
        .iter()
        .map(|(host, _)| pospool_model::Endpoint::parse(&format!("http://{host}")).unwrap())
        .collect();
    let rpc = Rpc::over(&CountingTransport::new(world.clone()), &endpoints).unwrap();
    (world, rpc)
}

fn many(methods: &[(&'static str, usize)]) -> Vec<Call> {
    let each = methods.iter().flat_map(|(method, times)| {
        (0..*times).map(|number| Call {
            method,
            params: json!([number]),
        })
    });
    each.collect()
}

fn is_answered(calls: &[Call], answers: &[Result<Json, Refusal>]) -> bool {
    let mut pairs = calls.iter().zip(answers);
    calls.len() == answers.len() && pairs.all(|(call, answer)| answer.as_ref() == Ok(&call.params))
}

#[tokio::test(start_paused = true)]
async fn case_rate_limit_only_refused_calls_are_asked_again_and_later_ones_are_paced() {
    let (gates, rpc) = world(&[("a", Gate::Counts)]);
    let calls = many(&[
        ("cfx_call", 12),
        ("cfx_getTransactionReceipt", 8),
        ("cfx_getBalance", 50),
    ]);
    let answers = rpc.batch(&calls).await.unwrap();
    assert!(is_answered(&calls, &answers), "{answers:?}");
    let refused = {
        let seen = gates.seen.lock().unwrap();
        assert_eq!(seen["a"].served.len(), calls.len(), "none twice");
        assert!(seen["a"].refused > 0);
        seen["a"].refused
    };
    // What was learned holds: many more calls, and none of them is refused.
    for _ in 0..10 {
        let answers = rpc.batch(&calls).await.unwrap();
        assert!(is_answered(&calls, &answers));
    }
    let seen = gates.seen.lock().unwrap();
    assert_eq!(seen["a"].refused, refused, "refused after it was learned");
    assert_eq!(seen["a"].served.len(), 11 * calls.len());
}

#[tokio::test(start_paused = true)]
async fn case_rate_limit_tasks_side_by_side_share_the_pace() {
    let (gates, rpc) = world(&[("a", Gate::Counts)]);
    rpc.link.meters().allow("http://a/", Allowance::FREE);
    let calls = many(&[("cfx_getTransactionReceipt", 1), ("cfx_getNextNonce", 2)]);
    let tasks = (0..20).map(|_| rpc.batch(&calls));
    for answers in futures_util::future::join_all(tasks).await {
        assert!(is_answered(&calls, &answers.unwrap()));
    }
    assert_eq!(gates.seen.lock().unwrap()["a"].refused, 0);
}

#[tokio::test(start_paused = true)]
async fn case_no_fallback_an_endpoint_that_refuses_is_left_for_the_next() {
    for gate in [
        Gate::Status(401),
        Gate::Status(403),
        Gate::Status(429),
        Gate::Status(503),
        Gate::Rate,
        Gate::NoBatches,
        Gate::KeyWanted,
    ] {
        let (gates, rpc) = world(&[("a", gate), ("b", Gate::Open)]);
        let calls = many(&[("cfx_call", 2), ("cfx_getNextNonce", 2)]);
        let mut asked = Vec::new();
        for _ in 0..3 {
            let answers = rpc.batch(&calls).await.unwrap();
            assert!(is_answered(&calls, &answers), "{gate:?}");
            asked.push(gates.seen.lock().unwrap()["a"].requests);
        }
        assert_eq!(gates.seen.lock().unwrap()["b"].served.len(), 12, "{gate:?}");
        // Once it has refused, it is not asked first any more.
        assert!(asked[0] > 0 && asked[2] == asked[0], "{gate:?}: {asked:?}");
    }
}

/// One that was slowed down by its refusals and has a long queue is as good as busy, though it answers in the end.
#[tokio::test(start_paused = true)]
async fn case_no_fallback_nobody_waits_behind_many_calls_while_another_endpoint_is_free() {
    let (gates, rpc) = world(&[("a", Gate::Counts), ("b", Gate::Open)]);
    for _ in 0..20 {
        rpc.link.meters().refused("http://a/", &["cfx_call"]);
        tokio::time::advance(Duration::from_secs(2)).await;
    }
    let calls = many(&[("cfx_call", 5)]);
    let waits = (0..9).map(|_| rpc.batch(&calls));
    for answers in futures_util::future::join_all(waits).await {
        assert!(is_answered(&calls, &answers.unwrap()));
    }
    let seen = gates.seen.lock().unwrap();
    assert_eq!((seen["a"].served.len(), seen["b"].served.len()), (5, 40));
    assert_eq!(seen["a"].refused, 0);
}

#[tokio::test(start_paused = true)]
async fn case_no_fallback_the_message_says_who_refused_and_why() {
    for (gate, why) in [
        (Gate::Status(401), "HTTP status 401"),
        (Gate::Rate, "request rate exceeded"),
        (Gate::KeyWanted, "Invalid API key"),
    ] {
        let (_, rpc) = world(&[("a", gate), ("b", Gate::Status(429))]);
        let error = rpc.batch(&many(&[("cfx_call", 1)])).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("a (") && text.contains(why), "{text}");
        assert!(text.contains("b (HTTP status 429)"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_takes_no_batches_is_asked_call_by_call_if_there_is_no_other() {
    let (gates, rpc) = world(&[("a", Gate::NoBatches), ("b", Gate::Status(403))]);
    let calls = many(&[("cfx_call", 9), ("cfx_getNextNonce", 9)]);
    let answers = rpc.batch(&calls).await.unwrap();
    assert!(is_answered(&calls, &answers), "{answers:?}");
    assert_eq!(gates.seen.lock().unwrap()["a"].served.len(), calls.len());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_change_is_asked_once() {
    let (gates, rpc) = world(&[("a", Gate::Open)]);
    let genesis = Call {
        method: "cfx_getBlockByEpochNumber",
        params: json!(["0x0", false]),
    };
    let calls = [many(&[("cfx_getNextNonce", 1)]), vec![genesis]].concat();
    for _ in 0..3 {
        let answers = rpc.batch(&calls).await.unwrap();
        assert!(is_answered(&calls, &answers));
    }
    assert_eq!(gates.seen.lock().unwrap()["a"].served.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_contract_that_speaks_of_rates_is_not_a_gateway() {
    for code in REVERTED {
        let refusal = Refusal {
            code: *code,
            message: "execution reverted: rate limit, forbidden".to_owned(),
            data: None,
        };
        assert!(!refusal.is_busy() && !refusal.is_shut());
    }
    let busy = |code, message: &str| Refusal {
        code,
        message: message.to_owned(),
        data: None,
    };
    assert!(busy(-32005, "request rate exceeded").is_busy());
    assert!(busy(-32072, "throttled").is_busy());
    assert!(busy(-32000, "Too Many Requests").is_busy());
    assert!(!busy(-32603, "exceeds block gas limit").is_busy());
}

/// An order that no reading can be wrong in: what tells a nonce is answered before a receipt is asked.
#[tokio::test(start_paused = true)]
async fn what_goes_first_is_answered_before_the_rest_is_asked() {
    for gate in [Gate::Open, Gate::Counts, Gate::NoBatches] {
        let (gates, rpc) = world(&[("a", gate)]);
        let calls = many(&[
            ("eth_getTransactionReceipt", 7),
            ("eth_getTransactionCount", 2),
            ("eth_blockNumber", 2),
        ]);
        for _ in 0..4 {
            gates.seen.lock().unwrap().clear();
            let answers = rpc.batch(&calls).await.unwrap();
            assert!(is_answered(&calls, &answers), "{gate:?}");
            let seen = gates.seen.lock().unwrap();
            let receipt = |method: &String| method == "eth_getTransactionReceipt";
            let served = &seen["a"].served;
            let begin = served.iter().position(receipt).unwrap();
            assert!(served[begin..].iter().all(receipt), "{gate:?}: {served:?}");
        }
    }
}

/// Nonces that are refused at first are read after the receipts of the same batch: those are read again then.
#[tokio::test(start_paused = true)]
async fn a_receipt_is_read_again_where_a_nonce_is_told_later() {
    let (gates, rpc) = world(&[("a", Gate::Counts)]);
    let calls = many(&[
        ("eth_getTransactionCount", 9),
        ("eth_getTransactionReceipt", 2),
    ]);
    let answers = rpc.batch(&calls).await.unwrap();
    assert!(is_answered(&calls, &answers), "{answers:?}");
    let seen = gates.seen.lock().unwrap();
    let last = seen["a"]
        .served
        .iter()
        .rposition(|it| it == "eth_getTransactionCount");
    let after = &seen["a"].served[last.unwrap() + 1..];
    assert_eq!(after, ["eth_getTransactionReceipt"; 2]);
}
