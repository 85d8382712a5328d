//! The life of one ticket against a small node: looked for first, sent at most once, never signed again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::bench::{GENESIS, attributes, chain_ref, core, text};
use crate::testing::{Answer, Server};

const HASH: &str = "0xabcd";

fn signed(endpoints: Vec<String>) -> SignedWork {
    SignedWork {
        chain: chain_ref(endpoints),
        from: core(0x11),
        nonce: 5,
        epoch_height: 1000,
        raw: "0x00".to_owned(),
        hash: HASH.to_owned(),
        creates: None,
        confirm: false,
        outputs: attributes([("address", text(core(0x80)))]),
    }
}

/// What the node shows at one look.
#[derive(Clone, Debug)]
struct Shown {
    receipt: Json,
    known: bool,
    next_nonce: u64,
    epoch: u64,
    genesis: &'static str,
    code: bool,
}

fn nothing() -> Shown {
    Shown {
        receipt: Json::Null,
        known: false,
        next_nonce: 5,
        epoch: 1000,
        genesis: GENESIS,
        code: true,
    }
}

fn pending() -> Shown {
    Shown {
        known: true,
        ..nothing()
    }
}

fn executed(status: &str) -> Shown {
    let receipt = json!({
        "outcomeStatus": status,
        "epochNumber": "0x3e8",
        "contractCreated": core(0x80).to_string(),
        "txExecErrorMsg": "Vm reverted, not the manager",
    });
    Shown {
        receipt,
        known: true,
        next_nonce: 6,
        ..nothing()
    }
}

/// A node that shows one thing after the other, and then the last one for ever.
struct Node {
    server: Server,
    sends: Arc<AtomicU32>,
}

async fn node(shows: Vec<Shown>, refusal: Option<(i64, &'static str)>) -> Node {
    let sends = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&sends);
    let queue = Mutex::new(VecDeque::from(shows));
    let server = Server::start(move |method, _| {
        // A batch's calls are answered from its last one, so a look ends with its receipt.
        let mut queue = queue.lock().unwrap();
        let view = queue[0].clone();
        if method == "cfx_getTransactionReceipt" && queue.len() > 1 {
            queue.pop_front();
        }
        let hex = |number: u64| json!(format!("{number:#x}"));
        Answer::Result(match method {
            "cfx_getTransactionReceipt" => view.receipt,
            "cfx_getTransactionByHash" if view.known => json!({ "hash": HASH }),
            "cfx_getNextNonce" => hex(view.next_nonce),
            "cfx_getStatus" => {
                json!({ "epochNumber": hex(view.epoch), "latestConfirmed": hex(1000) })
            }
            "cfx_getBlockByEpochNumber" => json!({ "hash": view.genesis }),
            "cfx_getAccount" if view.code => json!({ "codeHash": "0x01" }),
            "cfx_getAccount" => json!({ "codeHash": crate::batch::NO_CODE }),
            "cfx_sendRawTransaction" => {
                counter.fetch_add(1, Ordering::SeqCst);
                match refusal {
                    Some((code, why)) => return Answer::refuse(code, "Invalid params", Some(why)),
                    None => json!(HASH),
                }
            }
            _ => Json::Null,
        })
    })
    .await;
    Node { server, sends }
}

/// Hears how often the effect was said to be sent.
#[derive(Default)]
struct Ear {
    sent: AtomicU32,
    stop: bool,
}

#[async_trait::async_trait]
impl Progress for Ear {
    fn sent(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }

    fn waiting(&self, _: &str) {}

    fn cancelled(&self) -> bool {
        self.stop
    }

    async fn amend(&self, _: &pospool_model::provider::Ticket) -> Result<(), ProviderError> {
        Ok(())
    }
}

fn pace(wait: u64) -> Pace {
    Pace {
        wait: Duration::from_millis(wait),
        poll: Duration::from_millis(1),
    }
}

async fn run(signed: &SignedWork, wait: u64) -> (Result<Attributes, ProviderError>, u32) {
    let ear = Ear::default();
    let result = commit(&Link::default(), pace(wait), signed, &ear).await;
    (result, ear.sent.load(Ordering::SeqCst))
}

/// Runs a usual ticket against a node: result, times that "sent" was said, times that bytes went out.
async fn life(
    shows: Vec<Shown>,
    refusal: Option<(i64, &'static str)>,
    wait: u64,
) -> (Result<Attributes, ProviderError>, u32, u32) {
    let node = node(shows, refusal).await;
    let (result, said) = run(&signed(vec![node.server.url()]), wait).await;
    (result, said, node.sends.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_fresh_one_is_sent_once_and_ends_with_its_outputs() {
    let (result, said, sends) = life(
        vec![nothing(), pending(), pending(), executed("0x0")],
        None,
        5000,
    )
    .await;
    assert_eq!(result.unwrap()["address"], text(core(0x80)));
    assert_eq!((said, sends), (1, 1));
}

#[tokio::test]
async fn one_that_is_done_already_is_found_and_not_sent() {
    let (result, said, sends) = life(vec![executed("0x0")], None, 5000).await;
    assert!(result.is_ok());
    assert_eq!((said, sends), (1, 0));
}

#[tokio::test]
async fn one_that_was_dropped_is_handed_in_again_with_the_same_bytes() {
    let shows = vec![pending(), nothing(), pending(), executed("0x0")];
    let (result, said, sends) = life(shows, None, 5000).await;
    assert!(result.is_ok());
    assert_eq!((said, sends), (1, 1));
}

#[tokio::test]
async fn a_node_that_has_it_already_counts_as_sent() {
    let shows = vec![nothing(), executed("0x0")];
    let (result, said, _) = life(shows, Some((-32602, "tx already exist")), 5000).await;
    assert!(result.is_ok());
    assert_eq!(said, 1);
}

#[tokio::test]
async fn a_revert_is_told_in_the_contract_s_words() {
    let (result, _, _) = life(vec![executed("0x1")], None, 5000).await;
    let error = result.unwrap_err();
    assert_eq!(error.code(), "chain/reverted");
    assert!(error.to_string().contains("not the manager"), "{error}");
}

#[tokio::test]
async fn a_foreign_transaction_in_its_place_ends_it_after_a_while() {
    let foreign = Shown {
        next_nonce: 6,
        ..nothing()
    };
    let (result, said, sends) = life(vec![foreign.clone()], None, 5000).await;
    assert_eq!(result.unwrap_err().code(), "chain/nonce-taken");
    assert_eq!((said, sends), (0, 0));
    // A receipt that comes late, from a node that was behind, is believed.
    let (result, ..) = life(vec![foreign.clone(), foreign, executed("0x0")], None, 5000).await;
    assert!(result.is_ok());
}

#[tokio::test]
async fn a_stale_nonce_alone_proves_nothing() {
    let stale = Some((
        -32602,
        "Transaction 0xabcd is discarded due to a too stale nonce",
    ));
    let (result, ..) = life(vec![nothing(), nothing(), executed("0x0")], stale, 5000).await;
    assert!(result.is_ok());
}

#[tokio::test]
async fn a_refusal_for_good_ends_it() {
    for (why, code) in [
        (
            "Transaction 0x1 is discarded due to out of balance, needs 2 but account balance is 1",
            "chain/not-enough-balance",
        ),
        ("NotEnoughBaseGas", "chain/rejected"),
    ] {
        let (result, said, sends) = life(vec![nothing()], Some((-32602, why)), 5000).await;
        let error = result.unwrap_err();
        assert!(matches!(error, ProviderError::Refused { .. }));
        assert_eq!((error.code(), said, sends), (code, 0, 1));
    }
}

#[tokio::test]
async fn one_that_was_in_a_pool_is_not_given_up_for_a_refusal() {
    let refusal = Some((-32602, "discarded due to out of balance"));
    let (result, ..) = life(vec![pending(), nothing()], refusal, 50).await;
    assert!(matches!(
        result.unwrap_err(),
        ProviderError::OutcomeUnknown { .. }
    ));
}

#[tokio::test]
async fn one_that_is_too_old_expires() {
    let late = Shown {
        epoch: 200_000,
        ..nothing()
    };
    let (result, _, sends) = life(vec![late], None, 5000).await;
    assert_eq!((result.unwrap_err().code(), sends), ("chain/expired", 0));
}

#[tokio::test]
async fn what_nobody_can_tell_stays_open() {
    let open = |result: Result<Attributes, ProviderError>| {
        assert!(matches!(
            result.unwrap_err(),
            ProviderError::OutcomeUnknown { .. }
        ));
    };
    // In the pool for longer than the wait.
    open(life(vec![pending()], None, 50).await.0);
    // The node is catching up and takes nothing.
    open(
        life(vec![nothing()], Some((-32077, "catch-up mode")), 50)
            .await
            .0,
    );
    // Another transaction with its nonce waits in the pool.
    open(
        life(
            vec![nothing()],
            Some((-32602, "Tx with same nonce already inserted.")),
            50,
        )
        .await
        .0,
    );
    // Nobody answers.
    open(
        run(&signed(vec!["http://127.0.0.1:1".to_owned()]), 20)
            .await
            .0,
    );
    // It is another chain now.
    let other = Shown {
        genesis: "0x02",
        ..nothing()
    };
    let (result, _, sends) = life(vec![other], None, 5000).await;
    open(result);
    assert_eq!(sends, 0);
}

#[tokio::test]
async fn a_creation_must_be_where_the_plan_said() {
    let node = node(vec![executed("0x0")], None).await;
    let elsewhere = SignedWork {
        creates: Some(core(0x81)),
        ..signed(vec![node.server.url()])
    };
    assert_eq!(
        run(&elsewhere, 5000).await.0.unwrap_err().code(),
        "chain/wrong-address"
    );

    let no_code = Shown {
        code: false,
        ..executed("0x0")
    };
    let node = super::tests::node(vec![no_code.clone(), no_code, executed("0x0")], None).await;
    let there = SignedWork {
        creates: Some(core(0x80)),
        ..signed(vec![node.server.url()])
    };
    assert!(run(&there, 5000).await.0.is_ok());
}

#[tokio::test]
async fn a_user_who_stops_leaves_it_open() {
    let node = node(vec![pending()], None).await;
    let ear = Ear {
        stop: true,
        ..Ear::default()
    };
    let result = commit(
        &Link::default(),
        pace(5000),
        &signed(vec![node.server.url()]),
        &ear,
    )
    .await;
    assert!(matches!(result, Err(ProviderError::Cancelled)));
}
