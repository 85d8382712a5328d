//! The gateway over HTTP, with a node of a table behind it and a clock that only tests move.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is over")]

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pospool_explorer::http::{HttpRequest, Response, Server};
use pospool_gateway::{BODY_LIMIT, GateMode, GatewayEndpoint, LimitRate, Limits, Profile};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value as Json, json};

/// Answers each call with its method, and keeps every question.
struct Table {
    server: Server,
    asked: Arc<Mutex<Vec<Json>>>,
}

impl Table {
    /// What the node makes of its answers before it sends them.
    async fn start(twist: fn(Vec<Json>) -> Json) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let server = Server::start(0, move |request: HttpRequest| {
            let question: Json = serde_json::from_slice(&request.body).unwrap();
            kept.lock().unwrap().push(question.clone());
            let answer = match question {
                Json::Array(calls) => twist(calls.iter().map(answer).collect()),
                call => answer(&call),
            };
            async move { Some(Response::json(&answer)) }
        });
        Self {
            server: server.await.unwrap(),
            asked,
        }
    }

    fn asked(&self) -> Vec<Json> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(call: &Json) -> Json {
    json!({ "jsonrpc": "2.0", "id": call["id"], "result": call["method"] })
}

fn in_order(answers: Vec<Json>) -> Json {
    Json::Array(answers)
}

/// A gateway, its node, and the time.
struct Stage {
    node: Table,
    endpoint: GatewayEndpoint,
    now: Arc<Mutex<Instant>>,
}

impl Stage {
    async fn new(limits: Limits) -> Self {
        Self::with_node(limits, Table::start(in_order).await).await
    }

    async fn with_node(limits: Limits, node: Table) -> Self {
        let now = Arc::new(Mutex::new(Instant::now()));
        let clock = Arc::clone(&now);
        let profile = Profile {
            limits,
            latency: Duration::ZERO,
        };
        let clock = Arc::new(move || *clock.lock().unwrap());
        let url = node.server.url();
        let endpoint = GatewayEndpoint::with_clock(&url, 0, profile, clock)
            .await
            .unwrap();
        Self {
            node,
            endpoint,
            now,
        }
    }

    fn passes(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }

    async fn ask(&self, question: &Json) -> Json {
        serde_json::from_str(&self.post(question.to_string()).await.1).unwrap()
    }

    async fn post(&self, body: String) -> (u16, String) {
        post(&self.endpoint.url(), body).await
    }
}

async fn post(url: &str, body: String) -> (u16, String) {
    let request = reqwest::Client::new().post(url).body(body);
    let request = request.header(CONTENT_TYPE, "application/json");
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn call(id: impl Into<Json>, method: &str) -> Json {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": [] })
}

fn batch(calls: usize, method: &str) -> Json {
    (0..calls).map(|id| call(id, method)).collect()
}

/// Codes of the errors, 0 where there is a result.
fn codes(answers: &Json) -> Vec<i64> {
    let answers = answers.as_array().unwrap().iter();
    answers
        .map(|answer| {
            assert!(answer["error"].is_object() != answer["result"].is_string());
            answer["error"]["code"].as_i64().unwrap_or_default()
        })
        .collect()
}

fn refused(answers: &Json) -> usize {
    let codes = codes(answers);
    assert!(codes.iter().all(|code| [0, -32005].contains(code)));
    codes.iter().filter(|code| **code == -32005).count()
}

#[tokio::test]
async fn case_rate_limit_each_call_of_a_batch_counts_and_is_refused_in_its_slot() {
    let stage = Stage::new(Limits::FREE).await;
    let mut calls: Vec<Json> = (0..8)
        .map(|n| call(format!("call {n}"), "cfx_call"))
        .collect();
    calls.insert(3, call("price", "cfx_gasPrice"));
    calls.push(call(7, "cfx_getBalance"));
    let answers = stage.ask(&Json::Array(calls.clone())).await;
    let no = -32005;
    assert_eq!(codes(&answers), [0, 0, 0, 0, 0, 0, no, no, no, 0]);
    for (call, answer) in calls.iter().zip(answers.as_array().unwrap()) {
        assert_eq!(answer["id"], call["id"], "the client's own ids, in order");
        let result = &answer["result"];
        assert!(result.is_null() || *result == call["method"]);
    }
    assert_eq!(
        answers[6]["error"]["message"].as_str(),
        Some("request rate exceeded")
    );
    let asked = stage.node.asked();
    assert_eq!(
        (asked.len(), asked[0].as_array().unwrap().len()),
        (1, 7),
        "the node is spared what is refused"
    );

    stage.passes(Duration::from_millis(400));
    assert_eq!(refused(&stage.ask(&batch(4, "cfx_call")).await), 2);
    let single = stage.ask(&call(1, "cfx_call")).await;
    assert_eq!(single["error"]["code"], -32005);
    assert_eq!(single["id"], 1);
}

#[tokio::test]
async fn case_rate_limit_the_node_is_not_asked_when_nothing_passes() {
    let limits = Limits {
        daily: Some(2),
        ..Limits::NONE
    };
    let stage = Stage::new(limits).await;
    assert_eq!(refused(&stage.ask(&batch(5, "cfx_getBalance")).await), 3);
    let answers = stage.ask(&batch(4, "cfx_getBalance")).await;
    assert_eq!(refused(&answers), 4);
    assert_eq!(
        answers[0]["error"]["message"],
        "daily request count exceeded"
    );
    assert_eq!(stage.node.asked().len(), 1);
    stage.passes(Duration::from_hours(24));
    assert_eq!(refused(&stage.ask(&batch(2, "cfx_getBalance")).await), 0);
}

#[tokio::test]
async fn case_rate_limit_fifty_calls_of_any_kind_pass_at_once() {
    let stage = Stage::new(Limits::FREE).await;
    let answers = stage.ask(&batch(70, "cfx_getStorageAt")).await;
    assert_eq!(refused(&answers), 20);
    stage.passes(Duration::from_secs(1));
    let answers = stage.ask(&batch(70, "cfx_getStorageAt")).await;
    assert_eq!(refused(&answers), 20);
}

#[tokio::test]
async fn each_form_refuses_whole_requests_in_its_own_way() {
    let stage = Stage::new(Limits::NONE).await;
    for (name, form) in GateMode::ALL {
        stage.endpoint.set_form(form);
        let single = stage.post(call(5, "cfx_call").to_string()).await;
        let many = stage.post(batch(3, "cfx_call").to_string()).await;
        let page = |answer: &(u16, String)| answer.1.starts_with("<!DOCTYPE html>");
        let json = |answer: &(u16, String)| serde_json::from_str::<Json>(&answer.1).unwrap();
        match form {
            GateMode::Open => {
                assert_eq!(json(&single)["result"], "cfx_call");
                assert_eq!(codes(&json(&many)), [0, 0, 0]);
            }
            GateMode::Exhausted => {
                assert_eq!(json(&single)["error"]["code"], -32005);
                assert_eq!(codes(&json(&many)), [-32005, -32005, -32005]);
            }
            GateMode::NoBatches => {
                assert_eq!(json(&single)["result"], "cfx_call");
                assert_eq!(many.0, 200);
                assert!(json(&many)["error"]["code"].is_i64(), "{}", many.1);
            }
            GateMode::Unauthorised => {
                assert_eq!([single.0, many.0], [401, 401]);
                assert!(json(&many)["error"]["message"].is_string());
            }
            GateMode::TooManyRequests
            | GateMode::Forbidden
            | GateMode::BadGateway
            | GateMode::Page => {
                let status = name.parse().unwrap_or(200);
                assert_eq!([single.0, many.0], [status, status]);
                assert!(page(&single) && page(&many), "{name}: {}", many.1);
            }
        }
    }
    // Open both times, and the single call where only batches are refused.
    assert_eq!(stage.node.asked().len(), 3);
    let counts = stage.endpoint.counts();
    assert_eq!((counts.requests, counts.calls, counts.lost), (16, 32, 0));
    assert_eq!(counts.refused, 32 - 4 - 1);
}

#[tokio::test]
async fn a_form_can_be_for_the_next_requests_only() {
    let stage = Stage::new(Limits::NONE).await;
    stage.endpoint.set_next(GateMode::TooManyRequests, 2);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(stage.post(call(1, "cfx_gasPrice").to_string()).await.0);
    }
    assert_eq!(statuses, [429, 429, 200]);
}

#[tokio::test]
async fn limits_can_be_changed_while_it_runs() {
    let stage = Stage::new(Limits::FREE).await;
    assert_eq!(refused(&stage.ask(&batch(9, "cfx_call")).await), 4);
    stage.endpoint.set_limits(Limits::NONE);
    assert_eq!(refused(&stage.ask(&batch(90, "cfx_call")).await), 0);
    stage.endpoint.set_limits(Limits {
        method: Some(LimitRate {
            per_second: 1,
            burst: 2,
        }),
        ..Limits::NONE
    });
    assert_eq!(refused(&stage.ask(&batch(9, "cfx_call")).await), 7);
}

#[tokio::test]
async fn what_is_no_call_is_refused_before_the_node() {
    let stage = Stage::new(Limits::NONE).await;
    let code = async |body: &str| {
        let answer = stage.post(body.to_owned()).await.1;
        serde_json::from_str::<Json>(&answer).unwrap()["error"]["code"].take()
    };
    assert_eq!(code("{").await, -32700);
    assert_eq!(code("[]").await, -32600);
    assert_eq!(code("{\"id\":1}").await, -32600);
    let text = format!("\"{}\"", "x".repeat(BODY_LIMIT));
    assert_eq!(stage.post(text).await.0, 413);
    let client = reqwest::Client::new();
    let plain = client.post(stage.endpoint.url()).body("{}").send().await;
    assert_eq!(plain.unwrap().status(), 415);
    let get = client.get(stage.endpoint.url()).send().await;
    assert_eq!(get.unwrap().status(), 405);
    assert!(stage.node.asked().is_empty());
}

#[tokio::test]
async fn methods_that_public_endpoints_have_not_never_reach_the_node() {
    let stage = Stage::new(Limits::NONE).await;
    let methods = [
        "cfx_gasPrice",
        "txpool_nextNonce",
        "txpool_status",
        "debug_currentSyncPhase",
        "test_posStopElection",
        "pos_getStatus",
    ];
    let calls = methods.iter().map(|method| call(*method, method));
    let answers = stage.ask(&calls.collect()).await;
    let no = -32601;
    assert_eq!(codes(&answers), [0, 0, no, no, no, 0]);
    assert_eq!(stage.node.asked()[0].as_array().unwrap().len(), 3);
    assert_eq!(stage.endpoint.counts().refused, 0, "no limit was met");
}

#[tokio::test]
async fn what_the_node_leaves_out_is_left_out_and_counted_as_lost() {
    let shorter = |mut answers: Vec<Json>| {
        answers.remove(0);
        answers.reverse();
        Json::Array(answers)
    };
    let node = Table::start(shorter).await;
    let stage = Stage::with_node(Limits::NONE, node).await;
    let answers = stage.ask(&batch(3, "cfx_gasPrice")).await;
    let ids: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["id"])
        .collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(stage.endpoint.counts().lost, 1);
}

#[tokio::test]
async fn a_node_that_is_gone_is_a_bad_gateway() {
    let stage = Stage::new(Limits::FREE).await;
    let url = stage.endpoint.url();
    let Stage { node, endpoint, .. } = stage;
    drop(node);
    let (status, body) = post(&url, batch(7, "cfx_call").to_string()).await;
    assert_eq!(status, 502);
    assert!(body.starts_with("<!DOCTYPE html>"));
    let counts = endpoint.counts();
    assert_eq!((counts.calls, counts.refused, counts.lost), (7, 2, 5));
}

#[tokio::test]
async fn case_rate_limit_counts_tell_what_came_after_a_mark() {
    let stage = Stage::new(Limits::FREE).await;
    stage.ask(&batch(6, "cfx_call")).await;
    let mark = stage.endpoint.counts();
    stage.ask(&batch(2, "cfx_call")).await;
    stage.ask(&call(1, "eth_call")).await;
    let after = stage.endpoint.counts().since(&mark);
    assert_eq!((after.requests, after.calls, after.refused), (2, 3, 2));
    assert_eq!(after.methods["cfx_call"].refused, 2);
    assert_eq!(after.methods["eth_call"].calls, 1);
    let text = reqwest::get(format!("{}/counts", stage.endpoint.url())).await;
    let told: Json = serde_json::from_str(&text.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(told, stage.endpoint.counts().json());
    assert_eq!(told["methods"]["cfx_call"]["refused"], 3);
}

#[tokio::test]
async fn at_another_address_it_is_the_same_client() {
    let stage = Stage::new(Limits::FREE).await;
    let other = IpAddr::from([127, 0, 0, 2]);
    let url = stage.endpoint.listen_also(other).await.unwrap();
    assert!(url.starts_with("http://127.0.0.2:"));
    assert_eq!(refused(&stage.ask(&batch(4, "cfx_call")).await), 0);
    let (_, body) = post(&url, batch(4, "cfx_call").to_string()).await;
    assert_eq!(refused(&serde_json::from_str(&body).unwrap()), 3);
}

#[tokio::test]
async fn a_page_of_any_origin_may_ask() {
    let stage = Stage::new(Limits::NONE).await;
    let client = reqwest::Client::new();
    let url = stage.endpoint.url();
    let before = client.request(reqwest::Method::OPTIONS, &url).send().await;
    let before = before.unwrap();
    assert_eq!(before.status(), 204);
    let headers = before.headers();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-headers"], "content-type");
    let asked = client.post(&url).json(&call(1, "cfx_gasPrice")).send();
    let headers = asked.await.unwrap().headers().clone();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(
        stage.endpoint.counts().requests,
        1,
        "a question before is none"
    );
}
