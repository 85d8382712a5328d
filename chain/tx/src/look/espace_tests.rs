//! Looks at a transaction of eSpace through a small node: what is seen, and what is no answer.

use pospool_conflux::EspaceAddress;
use pospool_conflux_rpc::Rpc;
use pospool_model::{Attributes, SecretRef};
use pospool_rpcstub::espace::{answering_node, usual_answers};
use serde_json::json;

use super::{Blind, Closeness, look_once, view_of};
use crate::chain_ref::ChainRef;
use crate::flight::{Pool, Receipt};
use crate::signed::{PriceForm, SignedForm, SignedWork};
use crate::testing::{GENESIS, chain_ref};
use crate::wait_level::WaitLevel;

const ESPACE_ID: u32 = 1235;

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
        key: SecretRef::Env("unset".to_owned()).into(),
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
    let answers = usual_answers(ESPACE_ID, GENESIS);
    let (signed, server) = (signed(), answering_node(&answers).await);
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
