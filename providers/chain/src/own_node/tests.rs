//! A node of the pool beside an endpoint: whom each call reaches, and whose answer counts.

use std::sync::Mutex;

use async_trait::async_trait;
use pospool_rpcstub::{StubAnswer, StubNode};

use super::*;

/// A node that answers views with 7, where the endpoint says 1.
struct Own {
    /// Age of its newest block, in seconds.
    age: u64,
    hash: &'static str,
    /// What it answers to views instead, and how often.
    refuses: Mutex<(u32, Json)>,
    silent: bool,
    asked: Mutex<u32>,
}

fn own() -> Own {
    Own {
        age: 3,
        hash: "0xaa",
        refuses: Mutex::new((0, Json::Null)),
        silent: false,
        asked: Mutex::new(0),
    }
}

fn refusing(times: u32, code: i64, message: &str) -> Own {
    let error = json!({ "code": code, "message": message });
    Own {
        refuses: Mutex::new((times, error)),
        ..own()
    }
}

impl Own {
    fn answer(&self, method: &str, params: &Json, refuse: bool) -> Json {
        let time = now().unwrap() - self.age;
        match (method, params[0].as_str()) {
            ("cfx_getBlockByEpochNumber", Some("latest_mined")) => {
                json!({ "result": { "timestamp": format!("{time:#x}") } })
            }
            ("cfx_getBlockByEpochNumber", Some("latest_finalized")) => {
                json!({ "result": { "epochNumber": "0x50", "hash": self.hash } })
            }
            ("cfx_call", _) if refuse => json!({ "error": self.refuses.lock().unwrap().1 }),
            ("cfx_call", _) => json!({ "result": "0x7" }),
            other => panic!("the node was asked {other:?}"),
        }
    }
}

#[async_trait]
impl OwnNode for Own {
    async fn ask(&self, docker: &str, lineage: &str, node: &Address, batch: &Json) -> Option<Json> {
        assert_eq!(
            (docker, lineage, node.to_string().as_str()),
            ("unix:///d", "line", "node.main")
        );
        *self.asked.lock().unwrap() += 1;
        let refuse = {
            let mut refuses = self.refuses.lock().unwrap();
            let again = refuses.0 > 0;
            refuses.0 = refuses.0.saturating_sub(1);
            again
        };
        let answer = |call: &Json| {
            let method = call["method"].as_str().unwrap();
            let mut answer = self.answer(method, &call["params"], refuse);
            answer["id"] = call["id"].clone();
            answer
        };
        // The order of a batch's answers is free.
        let answers = batch.as_array().unwrap().iter().rev().map(answer);
        (!self.silent).then(|| Json::Array(answers.collect()))
    }
}

/// What the five calls are answered, and how many calls with `cfx_call` the endpoint has seen.
async fn told_beside(own: &Own) -> (Vec<Json>, usize) {
    let views_seen = std::sync::Arc::new(Mutex::new(0));
    let seen = std::sync::Arc::clone(&views_seen);
    let server = StubNode::start(move |method, params| {
        if method == "cfx_call" {
            *seen.lock().unwrap() += 1;
        }
        StubAnswer::Result(match method {
            "cfx_getBlockByEpochNumber" => {
                assert_eq!(params[0], "0x50");
                json!({ "hash": "0xaa" })
            }
            "cfx_getNextNonce" => json!("0x5"),
            _ => json!("0x1"),
        })
    })
    .await;
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let methods = [
        "cfx_call",
        "cfx_getNextNonce",
        "cfx_call",
        "cfx_getBalance",
        "cfx_call",
    ];
    let calls = methods.map(|method| Call {
        method,
        params: json!([]),
    });
    let address: Address = "node.main".parse().unwrap();
    let node = PoolNode {
        way: own,
        docker: "unix:///d",
        lineage: "line",
        address: &address,
    };
    // The last one is a view on which money depends: it is not among those that the node may answer.
    let answers = ask_beside(&rpc, Some(node), &calls, &[0, 2]).await.unwrap();
    let answers = answers.into_iter().map(Result::unwrap).collect();
    let seen = *views_seen.lock().unwrap();
    (answers, seen)
}

fn all(view: &str) -> Vec<Json> {
    [view, "0x5", view, "0x1", "0x1"].map(Json::from).to_vec()
}

#[tokio::test]
async fn views_come_from_the_own_node_and_the_rest_from_the_endpoint() {
    let own = own();
    assert_eq!(told_beside(&own).await, (all("0x7"), 1));
    assert_eq!(*own.asked.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_node_that_is_old_on_another_chain_or_silent_is_not_believed() {
    for (what, own) in [
        ("old", Own { age: 61, ..own() }),
        (
            "another chain",
            Own {
                hash: "0xbb",
                ..own()
            },
        ),
        (
            "silent",
            Own {
                silent: true,
                ..own()
            },
        ),
        ("refuses", refusing(9, -32603, "Internal error")),
        (
            "stays behind",
            refusing(9, -32602, "Specified epoch 9 is not executed"),
        ),
    ] {
        assert_eq!(told_beside(&own).await, (all("0x1"), 3), "{what}");
    }
}

#[tokio::test]
async fn a_node_that_is_an_epoch_behind_is_waited_for() {
    let own = refusing(2, -32602, "Specified epoch 9 is not executed");
    assert_eq!(told_beside(&own).await, (all("0x7"), 1));
    assert_eq!(*own.asked.lock().unwrap(), 3);
}

#[test]
fn an_answer_that_is_not_whole_is_none() {
    let one = |id: u64| json!({ "id": id, "result": "0x1" });
    assert!(in_order(&json!([one(1), one(0)]), 2).is_some());
    for wrong in [
        json!([one(0)]),
        json!([one(0), one(2)]),
        json!({}),
        json!([{}, {}]),
    ] {
        assert_eq!(in_order(&wrong, 2), None, "{wrong}");
    }
}

/// A node that says a key, or nothing.
struct Said(Option<&'static str>);

#[async_trait]
impl OwnNode for Said {
    async fn ask(&self, docker: &str, lineage: &str, node: &Address, batch: &Json) -> Option<Json> {
        assert_eq!((docker, lineage), ("unix:///d", "line"));
        assert_eq!(node.to_string(), "node.main");
        assert_eq!(batch[0]["method"], "test_posRegister");
        let key = self.0?;
        Some(json!([{ "id": 0, "result": ["e335b451", key] }]))
    }
}

#[tokio::test(start_paused = true)]
async fn case_planted_record_1000_cfx_go_only_with_a_key_that_the_node_says_now() {
    let node: Address = "node.main".parse().unwrap();
    let expect = async |said: Said, is_seen: bool| {
        let nodes = OwnNodes::from(Arc::new(said) as Arc<dyn OwnNode>);
        if is_seen {
            let place = ("unix:///d".to_owned(), "line".to_owned());
            nodes.places().insert(node.clone(), place);
        }
        let expected = nodes.expect_key(&node, [0xab; 32]).await;
        expected.map_err(|error| (error.code(), error.to_string()))
    };
    let right: &'static str = Box::leak("AB".repeat(32).into_boxed_str());
    let other: &'static str = Box::leak("ac".repeat(32).into_boxed_str());
    assert_eq!(expect(Said(Some(right)), true).await, Ok(()));
    let (code, what) = expect(Said(Some(other)), true).await.unwrap_err();
    assert_eq!(code, codes::OTHER_KEY);
    assert!(what.contains(other), "{what}");
    for (said, is_seen) in [(None, true), (Some("nonsense"), true), (Some(right), false)] {
        let (code, _) = expect(Said(said), is_seen).await.unwrap_err();
        assert_eq!(code, codes::KEY_NOT_SAID);
    }
    let no_way = OwnNodes::default();
    assert!(
        no_way.expect_key(&node, [0xab; 32]).await.is_ok(),
        "no way to nodes"
    );
}
