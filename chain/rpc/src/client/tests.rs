//! The client against a small HTTP server.

use std::sync::atomic::Ordering;

use pospool_rpcstub::{StubAnswer, StubNode};

use super::*;

fn calls(methods: &[&'static str]) -> Vec<Call> {
    methods
        .iter()
        .map(|method| Call {
            method,
            params: json!([]),
        })
        .collect()
}

#[tokio::test]
async fn a_batch_is_one_request_and_its_answers_are_in_order() {
    let server = StubNode::start(|method, _| match method {
        "cfx_no" => StubAnswer::refuse(-32601, "no such method", None),
        other => StubAnswer::Result(json!(other)),
    })
    .await;
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let answers = rpc
        .batch(&calls(&["cfx_a", "cfx_no", "cfx_b"]))
        .await
        .unwrap();
    assert_eq!(answers[0], Ok(json!("cfx_a")));
    assert_eq!(answers[1].as_ref().unwrap_err().code, -32601);
    assert_eq!(answers[2], Ok(json!("cfx_b")));
    assert_eq!((server.requests(), rpc.round_trips()), (1, 1));
}

#[tokio::test]
async fn a_large_batch_goes_out_side_by_side() {
    let server = StubNode::start(|_, params| StubAnswer::Result(params.clone())).await;
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let many: Vec<Call> = (0..450)
        .map(|number| Call {
            method: "cfx_a",
            params: json!([number]),
        })
        .collect();
    let answers = rpc.batch(&many).await.unwrap();
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Ok(json!([number])));
    }
    assert_eq!((server.requests(), rpc.round_trips()), (3, 1));
}

#[tokio::test]
async fn a_reading_call_moves_on_to_the_next_endpoint() {
    let server = StubNode::start(|_, _| StubAnswer::Result(json!(1))).await;
    let busy = StubNode::start(|_, _| StubAnswer::refuse(-32072, "too many requests", None)).await;
    let endpoints = ["http://127.0.0.1:1".to_owned(), busy.url(), server.url()];
    let rpc = Rpc::new(&endpoints).unwrap();
    assert_eq!(rpc.call("cfx_a", json!([])).await.unwrap(), json!(1));

    let error = Rpc::new(&endpoints[..2])
        .unwrap()
        .call("cfx_a", json!([]))
        .await;
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("127.0.0.1:1 (") && text.contains("too many requests"),
        "{text}"
    );
}

#[tokio::test]
async fn a_refusal_keeps_code_and_data() {
    let server =
        StubNode::start(|_, _| StubAnswer::refuse(-32015, "reverted", Some("0x08c379a0"))).await;
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let Err(RpcError::Refused { refusal, .. }) = rpc.call("cfx_call", json!([])).await else {
        panic!("not refused");
    };
    assert_eq!(
        (refusal.code, refusal.data.as_deref()),
        (-32015, Some("0x08c379a0"))
    );
}

#[tokio::test]
async fn a_transaction_goes_to_one_endpoint_only() {
    let taking = StubNode::start(|_, _| StubAnswer::Result(json!("0x1"))).await;
    let silent = StubNode::start(|_, _| StubAnswer::Hang).await;
    let syncing = StubNode::start(|_, _| StubAnswer::refuse(-32077, "catch-up", None)).await;
    let nobody = "http://127.0.0.1:1".to_owned();
    let endpoints = [nobody, syncing.url(), silent.url(), taking.url()];
    let ways = Rpc::new(&endpoints).unwrap().each();
    let mut sent = Vec::new();
    for way in &ways {
        sent.push(way.send_raw(Space::Core, "0x00").await);
    }
    assert!(
        matches!(
            sent[..],
            [
                Sent::Nowhere(_),
                Sent::Refused(_),
                Sent::Unknown,
                Sent::Accepted
            ]
        ),
        "{sent:?}"
    );
    assert_eq!(taking.requests(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let server = StubNode::start(|_, _| StubAnswer::Result(json!("a".repeat(9 << 20)))).await;
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let error = rpc.call("cfx_a", json!([])).await.unwrap_err().to_string();
    assert!(error.contains("larger than 8 MB"), "{error}");
}

#[test]
fn only_http_is_called() {
    for text in ["", "file:///etc/passwd", "node", "ws://127.0.0.1"] {
        assert!(
            matches!(Rpc::new(&[text.to_owned()]), Err(RpcError::Endpoint(_))),
            "{text}"
        );
    }
    assert!(Rpc::new(&["https://main.confluxrpc.com".to_owned()]).is_ok());
}

#[tokio::test]
async fn an_endpoint_that_counts_by_the_second_is_asked_again() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = StubNode::start(move |_, _| {
        // One call of the first batch is too many.
        if asked.fetch_add(1, Ordering::SeqCst) == 1 {
            return StubAnswer::refuse(-32072, "too many requests", None);
        }
        StubAnswer::Result(json!(1))
    })
    .await;
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let answers = rpc.batch(&calls(&["cfx_a", "cfx_b"])).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((server.requests(), rpc.round_trips()), (2, 1));
}
