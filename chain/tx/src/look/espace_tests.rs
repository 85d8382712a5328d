//! Looks at a transaction of eSpace through a small node: what is seen, and what is no answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pospool_conflux::EspaceAddress;
use pospool_conflux_rpc::Rpc;
use pospool_model::{Attributes, SecretRef};
use pospool_rpcstub::{StubAnswer, StubNode};
use serde_json::{Value as Json, json};

use super::{Blind, Closeness, look_once, view_of};
use crate::chain_ref::ChainRef;
use crate::flight::{Pool, Receipt};
use crate::signed::{PriceForm, SignedForm, SignedWork};
use crate::testing::{GENESIS, chain_ref};
use crate::wait_level::WaitLevel;

const ESPACE_ID: u32 = 1235;

type Answers = Arc<Mutex<BTreeMap<&'static str, Json>>>;

/// A node whose answers can be changed; a string that begins with `!` is a refusal.
async fn node(answers: &Answers) -> StubNode {
    let answers = Arc::clone(answers);
    StubNode::start(move |method, params| {
        let answers = answers.lock().unwrap();
        let tagged = format!("{method} {}", params[1].as_str().unwrap_or_default());
        let first = format!("{method} {}", params[0].as_str().unwrap_or_default());
        let found = [tagged.as_str(), first.as_str(), method]
            .into_iter()
            .find_map(|name| answers.get(name));
        match found.unwrap_or(&Json::Null) {
            Json::String(text) if text.starts_with('!') => StubAnswer::refuse(3, &text[1..], None),
            other => StubAnswer::Result(other.clone()),
        }
    })
    .await
}

fn usual() -> Answers {
    let block = |number: &str| json!({ "number": number, "hash": "0x99", "baseFeePerGas": "0x1" });
    Arc::new(Mutex::new(BTreeMap::from([
        ("eth_chainId", json!(format!("{ESPACE_ID:#x}"))),
        (
            "eth_getBlockByNumber 0x0",
            json!({ "number": "0x0", "hash": GENESIS }),
        ),
        ("eth_getBlockByNumber safe", block("0x50")),
        ("eth_getBlockByNumber finalized", block("0x40")),
        ("eth_getBlockByNumber latest", block("0x60")),
        ("eth_blockNumber", json!("0x60")),
        ("eth_gasPrice", json!("0x1")),
        ("eth_getTransactionCount", json!("0x5")),
        ("eth_getBalance", json!("0xde0b6b3a7640000")),
        ("eth_getCode", json!("0x60")),
        ("eth_estimateGas", json!("0x5208")),
        (
            "eth_getAccountPendingTransactions",
            json!({ "pendingTransactions": [], "firstTxStatus": null }),
        ),
    ])))
}

fn signed() -> SignedWork {
    let price = PriceForm::Market {
        max_fee: 2,
        max_priority: 1,
    };
    SignedWork {
        chain: ChainRef {
            network: ESPACE_ID,
            ..chain_ref(&[])
        },
        from: EspaceAddress::new([1; 20]).into(),
        key: SecretRef::Env("unset".to_owned()),
        nonce: 5,
        epoch_height: None,
        first: SignedForm {
            raw: "0x02".to_owned(),
            hash: "0xaa".to_owned(),
            price,
        },
        raised: Vec::new(),
        ceiling: 100,
        creates: None,
        level: WaitLevel::Executed,
        outputs: Attributes::new(),
    }
}

#[test]
fn a_transaction_of_espace_never_ages() {
    assert_eq!(view_of(&signed()).last, None);
}

#[tokio::test]
async fn a_look_sees_the_words_of_ethereum() {
    let answers = usual();
    let (signed, server) = (signed(), node(&answers).await);
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let look = || look_once(&rpc, &signed, Closeness::Close);
    let set = |name, value| answers.lock().unwrap().insert(name, value);

    let sight = look().await.unwrap().sight;
    assert_eq!((sight.pool, sight.receipt.is_none()), (Pool::Unknown, true));
    let heads = sight.heads;
    assert_eq!(
        (heads.newest, heads.confirmed, heads.finalised),
        (0x60, 0x50, 0x40)
    );
    assert_eq!((sight.next_nonce, sight.final_nonce), (5, Some(5)));

    let hash = signed.first.hash.clone();
    set(
        "eth_getTransactionByHash",
        json!({ "hash": hash, "blockHash": null }),
    );
    let pending = json!({
        "pendingTransactions": [{ "hash": hash }], "firstTxStatus": { "pending": "notEnoughCash" }
    });
    set("eth_getAccountPendingTransactions", pending);
    assert_eq!(look().await.unwrap().sight.pool, Pool::NotEnoughCash);

    for (status, outcome) in [("0x1", Receipt::Succeeded), ("0x0", Receipt::Failed)] {
        let receipt = json!({
            "status": status, "blockNumber": "0x55", "txExecErrorMsg": "no", "contractAddress": null
        });
        set("eth_getTransactionReceipt", receipt);
        let found = look().await.unwrap().sight.receipt.unwrap();
        assert_eq!((found.outcome, found.height), (outcome, Some(0x55)));
        assert_eq!(found.reason.as_deref(), Some("no"));
    }

    set("eth_getTransactionReceipt", json!("!busy"));
    assert!(
        matches!(look().await, Err(Blind::Silent(_))),
        "a refusal is no answer"
    );
    set("eth_chainId", json!("0x1"));
    // What cannot change is not asked again at once: a new client asks.
    let rpc = Rpc::new(&[server.url()]).unwrap();
    let look = look_once(&rpc, &signed, Closeness::Close).await;
    assert!(matches!(look, Err(Blind::OtherChain)));
}
