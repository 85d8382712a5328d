//! Transactions of eSpace against a small node: what is signed, what is seen, what is refused.

use std::collections::BTreeMap;

use pospool_conflux::hex::hex_bytes;
use pospool_conflux::{ChainAddress, EspaceAddress, Space, UnsignedTransaction};
use pospool_conflux_rpc::CountingTransport;
use pospool_conflux_tx::{ChainRef, KeyRef, PriceForm, SignedWork, WaitLevel};
use pospool_model::plan::{Effect, Nature};
use pospool_model::{Attributes, ProviderError, SecretRef};
use pospool_rpcstub::StubNode;
use pospool_rpcstub::espace::{StubAnswers, answering_node, usual_answers};
use serde_json::{Value as Json, json};

use crate::bench::{ESPACE_ID, GENESIS, chain_ref, espace, name};
use crate::chains::Chains;
use crate::own_node::OwnNodes;
use crate::prepare::prepare_effect;
use crate::work::{EffectWork, TicketAttempt, TransactionWork};
use pospool_conflux::Key;

const KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn work(key: KeyRef) -> TransactionWork {
    TransactionWork {
        chain: ChainRef {
            network: ESPACE_ID,
            ..chain_ref(&[])
        },
        account: name("account.operator"),
        key,
        from: sender(),
        nonce: 5,
        to: Some(espace(0x80)),
        value: 0,
        data: Some("0x01020304".to_owned()),
        gas: 100_000,
        estimated: false,
        storage_limit: 0,
        price: PriceForm::Market {
            max_fee: 2,
            max_priority: 1,
        },
        ceiling: 100,
        level: WaitLevel::Executed,
        creates: None,
        registration: None,
        restake: None,
        outputs: Attributes::new(),
    }
}

fn sender() -> ChainAddress {
    EspaceAddress::of_public_key(&Key::parse(KEY).unwrap().public()).into()
}

/// Prepares a call at a node.
async fn signed(answers: &StubAnswers) -> Result<(SignedWork, StubNode), ProviderError> {
    let server = answering_node(answers).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).unwrap();
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_alone).unwrap();
    let work = work(SecretRef::File(path).into());
    let effect = Effect {
        name: "call".to_owned(),
        provider: crate::draft::PROVIDER.to_owned(),
        summary: String::new(),
        nature: Nature::Act,
        payload: serde_json::to_value(EffectWork::Transaction(Box::new(work))).unwrap(),
        inputs: BTreeMap::new(),
        needs: Vec::new(),
    };
    let ticket = prepare_effect(
        &CountingTransport::default(),
        &Chains::only(&server.url()),
        &OwnNodes::default(),
        &effect,
        &Attributes::new(),
    )
    .await?;
    match serde_json::from_value(ticket.payload).unwrap() {
        TicketAttempt::Transaction(signed) => Ok((*signed, server)),
        other => panic!("{other:?}"),
    }
}

async fn refusal(change: (&'static str, Json)) -> pospool_model::Code {
    let answers = usual_answers(ESPACE_ID, GENESIS);
    answers.lock().unwrap().insert(change.0, change.1);
    signed(&answers).await.err().unwrap().code()
}

#[tokio::test]
async fn a_call_is_signed_for_its_chain_and_never_ages() {
    let (signed, _server) = signed(&usual_answers(ESPACE_ID, GENESIS)).await.unwrap();
    assert_eq!(signed.epoch_height, None);
    let raw = hex_bytes(&signed.first.raw).unwrap();
    let Some(UnsignedTransaction::Espace(read)) = UnsignedTransaction::read(Space::Espace, &raw)
    else {
        panic!("it is no transaction of eSpace");
    };
    assert_eq!((read.chain_id, read.nonce), (ESPACE_ID.into(), 5));
    assert_eq!(read.to, Some([0x80; 20]));
}

#[tokio::test]
async fn nothing_is_signed_for_another_chain_or_without_need() {
    assert_eq!(
        refusal(("eth_chainId", json!("0x1"))).await,
        "chain/wrong-network"
    );
    let other = json!({ "number": "0x0", "hash": "0x02" });
    assert_eq!(
        refusal(("eth_getBlockByNumber 0x0", other)).await,
        "chain/wrong-network"
    );
    assert_eq!(
        refusal(("eth_getTransactionCount", json!("0x6"))).await,
        "chain/nonce-taken"
    );
    assert_eq!(
        refusal(("eth_getBalance", json!("0x1"))).await,
        "chain/not-enough-balance"
    );
    assert_eq!(
        refusal(("eth_estimateGas", json!("!execution reverted: revert: no"))).await,
        "chain/reverted"
    );
    assert_eq!(
        refusal(("eth_estimateGas", json!("0x186a1"))).await,
        "chain/over-limit"
    );
}
