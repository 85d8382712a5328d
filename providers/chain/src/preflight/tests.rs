//! What is refused before anything is signed, against a small node.

use std::collections::BTreeMap;
use std::sync::Arc;

use pospool_conflux::abi::Argument;
use pospool_conflux_rpc::NO_CODE;
use pospool_conflux_tx::{PriceForm, WaitLevel};
use pospool_model::plan::{Effect, Nature};
use pospool_model::provider::Ticket;
use pospool_model::{Attributes, SecretRef, Value};
use pospool_rpcstub::{StubAnswer, StubNode};

use super::*;
use crate::bench::good_registration;
use crate::bench::{GENESIS, NETWORK, attributes, chain_ref, core, name};
use crate::chains::Chains;
use crate::own_node::OwnNodes;
use crate::registration::DEPOSIT;
use crate::work::{EffectWork, TicketAttempt};
use pospool_conflux::CoreTransaction;
use pospool_conflux::Key;

const KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const PRICE: PriceForm = PriceForm::Market {
    max_fee: 2,
    max_priority: 1,
};

/// The chain as the node shows it.
#[derive(Clone)]
struct Shown {
    genesis: &'static str,
    nonce: &'static str,
    pool_nonce: &'static str,
    balance: u128,
    /// Code at `latest_state` and at `latest_finalized`.
    code: (bool, bool),
    pointed_at: u8,
    bound_to: u8,
    registered: bool,
    estimate: Result<(u64, u64), &'static str>,
    /// Votes that the pool's users have not asked back, of 14 that were registered and 6 of them freed; whether PoS has
    /// the key as retired.
    available: u128,
    retired: bool,
    /// A method that the node has too much trouble to answer.
    broken: &'static str,
}

fn usual() -> Shown {
    Shown {
        genesis: GENESIS,
        nonce: "0x5",
        pool_nonce: "0x5",
        balance: 2 * DEPOSIT,
        code: (true, true),
        pointed_at: 0x81,
        bound_to: 0,
        registered: false,
        estimate: Ok((50_000, 64)),
        available: 12,
        retired: false,
        broken: "",
    }
}

fn is_call(params: &Json, signature: &str) -> bool {
    let selector = hex_text(&abi::function_selector(signature));
    let data = params[0]["data"].as_str();
    data.is_some_and(|data| data.starts_with(&selector))
}

impl Shown {
    fn answer(&self, method: &str, params: &Json) -> StubAnswer {
        if method == self.broken {
            return StubAnswer::refuse(-32603, "Internal error", None);
        }
        let word = |byte: u8| {
            json!(format!(
                "0x{:0>64}",
                hex_text(&[byte; 20]).trim_start_matches("0x")
            ))
        };
        let words = |words: [u128; 2]| {
            let words = words.map(Argument::Number);
            json!(hex_text(&abi::encode_arguments(&words)))
        };
        StubAnswer::Result(match method {
            "cfx_getStatus" => json!({ "chainId": "0x4d2", "epochNumber": "0x3e8" }),
            "cfx_getBlockByEpochNumber" => json!({ "hash": self.genesis }),
            "cfx_getNextNonce" => json!(self.nonce),
            "txpool_nextNonce" => json!(self.pool_nonce),
            "cfx_getBalance" => json!(quantity_text(self.balance)),
            "cfx_getAccount" => {
                let there = if params[1] == "latest_finalized" {
                    self.code.1
                } else {
                    self.code.0
                };
                json!({ "codeHash": if there { "0x01" } else { NO_CODE } })
            }
            "cfx_getStorageAt" if self.pointed_at == 0 => json!(format!("0x{:064x}", 0)),
            "cfx_getStorageAt" => word(self.pointed_at),
            "pos_getAccount" => {
                let bar = if self.retired {
                    json!("0x1")
                } else {
                    Json::Null
                };
                let status = json!({ "availableVotes": "0x0", "forceRetired": bar });
                json!({ "blockNumber": "0x64", "status": status })
            }
            "cfx_call" if is_call(params, "getVotes(bytes32)") => words([14, 6]),
            "cfx_call" if is_call(params, "poolSummary()") => words([self.available, 0]),
            "cfx_call" if params[0]["to"] == pos_register(NETWORK).to_string() => {
                if self.bound_to == 0 {
                    json!(format!("0x{:064x}", 0))
                } else {
                    word(self.bound_to)
                }
            }
            "cfx_call" => json!(hex_text(&abi::encode_arguments(&[Argument::Bool(
                self.registered
            )]))),
            "cfx_estimateGasAndCollateral" => match self.estimate {
                Ok((gas, storage)) => json!({
                    "gasLimit": format!("{gas:#x}"), "gasUsed": format!("{gas:#x}"), "storageCollateralized": format!("{storage:#x}")
                }),
                Err(why) => return StubAnswer::refuse(-32015, why, None),
            },
            _ => Json::Null,
        })
    }
}

/// A call without money.
fn setter() -> TransactionWork {
    TransactionWork {
        chain: chain_ref(&[]),
        account: name("account.operator"),
        key: SecretRef::Env("unset".to_owned()).into(),
        from: Key::parse(KEY).unwrap().core_address(NETWORK).into(),
        nonce: 5,
        to: Some(core(0x80).into()),
        value: 0,
        data: Some("0x01020304".to_owned()),
        gas: 100_000,
        estimated: false,
        storage_limit: 64,
        price: PRICE,
        ceiling: 100,
        level: WaitLevel::Executed,
        creates: None,
        registration: None,
        restake: None,
        outputs: Attributes::new(),
    }
}

fn registering() -> TransactionWork {
    TransactionWork {
        value: DEPOSIT,
        level: WaitLevel::Finalised,
        data: None,
        registration: Some(RegistrationWork {
            pool: core(0x80),
            implementation: Some(core(0x81)),
            node: None,
        }),
        ..setter()
    }
}

/// Prepares against a node; the key lies in a file.
async fn prepare(
    shown: Shown,
    mut work: TransactionWork,
    inputs: &Attributes,
) -> Result<Ticket, ProviderError> {
    let server = StubNode::start(move |method, params| shown.answer(method, params)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!("{KEY}\n")).unwrap();
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_alone).unwrap();
    work.key = SecretRef::File(path).into();
    let effect = Effect {
        name: "effect".to_owned(),
        provider: "chain".to_owned(),
        summary: String::new(),
        nature: Nature::Act,
        payload: serde_json::to_value(EffectWork::Transaction(Box::new(work))).unwrap(),
        inputs: BTreeMap::new(),
        needs: Vec::new(),
    };
    let ticket = crate::prepare::prepare_effect(
        &Arc::default(),
        &Chains::only(&server.url()),
        &OwnNodes::default(),
        &effect,
        inputs,
    )
    .await;
    assert_eq!(server.requests(), 1, "one look, in one round trip");
    ticket
}

async fn refusal(shown: Shown, work: TransactionWork) -> ProviderError {
    prepare(shown, work, &known()).await.unwrap_err()
}

fn known() -> Attributes {
    let (data, identifier) = good_registration();
    attributes([
        ("register_data", Value::Text(data)),
        ("pos_address", Value::Text(hex_text(&identifier))),
    ])
}

#[tokio::test]
async fn the_planned_transaction_is_signed_and_nothing_else() {
    let ticket = prepare(usual(), setter(), &Attributes::new())
        .await
        .unwrap();
    let unsigned = CoreTransaction {
        nonce: 5,
        price: PRICE.into(),
        gas: 100_000,
        to: Some(core(0x80).bytes()),
        value: 0,
        storage_limit: 64,
        epoch_height: 1000,
        chain_id: NETWORK.into(),
        data: vec![1, 2, 3, 4],
    };
    let expected = unsigned.sign(&Key::parse(KEY).unwrap());
    assert_eq!(ticket.key, hex_text(&expected.hash));
    let TicketAttempt::Transaction(signed) =
        serde_json::from_value(ticket.payload.clone()).unwrap()
    else {
        panic!()
    };
    assert_eq!(signed.first.raw, hex_text(&expected.raw));
    assert_eq!(
        (signed.level, signed.ceiling, signed.raised),
        (WaitLevel::Executed, 100, Vec::new())
    );
    assert!(!ticket.payload.to_string().contains(&KEY[2..]));
}

#[tokio::test]
async fn what_cannot_end_well_is_not_signed() {
    let poor = Shown {
        balance: 1,
        ..usual()
    };
    let other_chain = Shown {
        genesis: "0x02",
        ..usual()
    };
    let used = Shown {
        nonce: "0x6",
        ..usual()
    };
    let pending = Shown {
        pool_nonce: "0x6",
        ..usual()
    };
    let reverted = Shown {
        estimate: Err("Estimation isn't accurate: transaction is reverted: no"),
        ..usual()
    };
    let hungry = Shown {
        estimate: Ok((100_001, 0)),
        ..usual()
    };
    let large = Shown {
        estimate: Ok((1, 65)),
        ..usual()
    };
    for (shown, code) in [
        (poor, codes::NOT_ENOUGH_BALANCE),
        (other_chain, codes::WRONG_NETWORK),
        (used, codes::NONCE_TAKEN),
        (pending, codes::NONCE_TAKEN),
        (reverted, codes::REVERTED),
        (hungry, codes::OVER_LIMIT),
        (large, codes::OVER_LIMIT),
    ] {
        assert_eq!(refusal(shown, setter()).await.code(), code);
    }
}

#[tokio::test]
async fn a_call_that_follows_its_contract_is_not_tried_out() {
    let early = Shown {
        code: (false, false),
        estimate: Err("nonsense"),
        ..usual()
    };
    assert!(prepare(early, setter(), &Attributes::new()).await.is_ok());
}

#[tokio::test]
async fn a_node_in_trouble_is_asked_again_later() {
    for broken in [
        "cfx_getStatus",
        "cfx_getBlockByEpochNumber",
        "cfx_getBalance",
        "cfx_estimateGasAndCollateral",
    ] {
        let error = refusal(Shown { broken, ..usual() }, setter()).await;
        assert!(
            matches!(error, ProviderError::Unreachable { .. }),
            "{broken}: {error}"
        );
    }
}

/// The contract is there, and `initialize()`, sent just before, is not executed yet.
#[tokio::test]
async fn a_call_behind_others_that_are_not_executed_is_not_tried_out() {
    let [mut early, mut now] = [usual(), usual()];
    (early.nonce, early.pool_nonce) = ("0x4", "0x5");
    (early.estimate, now.estimate) = (Err("sender is not the manager"), Err("no manager"));
    assert!(prepare(early, setter(), &Attributes::new()).await.is_ok());
    assert_eq!(refusal(now, setter()).await.code(), "chain/reverted");
}

#[tokio::test]
async fn another_key_than_the_planned_one_does_not_sign() {
    let planned = TransactionWork {
        from: core(0x11).into(),
        ..setter()
    };
    assert_eq!(refusal(usual(), planned).await.code(), "chain/no-key");
}

#[tokio::test]
async fn a_proven_registration_is_signed_and_waits_for_finality() {
    let ticket = prepare(usual(), registering(), &known()).await.unwrap();
    let TicketAttempt::Transaction(signed) = serde_json::from_value(ticket.payload).unwrap() else {
        panic!()
    };
    assert_eq!(signed.level, WaitLevel::Finalised);
    let data = good_registration().0;
    assert!(signed.first.raw.contains(data.trim_start_matches("0x")));
}

#[tokio::test]
async fn money_does_not_go_to_what_is_not_proven() {
    let no_code = Shown {
        code: (false, false),
        ..usual()
    };
    let recent = Shown {
        code: (true, false),
        ..usual()
    };
    let other_code = Shown {
        pointed_at: 0x82,
        ..usual()
    };
    let no_proxy = Shown {
        pointed_at: 0,
        ..usual()
    };
    let bound = Shown {
        bound_to: 0x83,
        ..usual()
    };
    let registered = Shown {
        registered: true,
        ..usual()
    };
    let reverted = Shown {
        estimate: Err("no"),
        ..usual()
    };
    for (shown, code) in [
        (no_code, UNCONFIRMED),
        (recent, UNCONFIRMED),
        (other_code, codes::POOL_UNPROVEN),
        (no_proxy, codes::POOL_UNPROVEN),
        (bound, codes::ALREADY_REGISTERED),
        (registered, codes::ALREADY_REGISTERED),
        (reverted, codes::REVERTED),
    ] {
        assert_eq!(refusal(shown, registering()).await.code(), code);
    }
}

#[tokio::test]
async fn a_pool_without_a_proxy_must_be_final_too() {
    let plain = TransactionWork {
        registration: Some(RegistrationWork {
            pool: core(0x80),
            implementation: None,
            node: None,
        }),
        ..registering()
    };
    let direct = Shown {
        pointed_at: 0,
        ..usual()
    };
    let recent = Shown {
        code: (true, false),
        ..direct.clone()
    };
    assert!(prepare(direct, plain.clone(), &known()).await.is_ok());
    assert_eq!(refusal(recent, plain).await.code(), UNCONFIRMED);
}

#[tokio::test]
async fn register_data_is_checked_again_when_it_comes_from_the_node() {
    let effect = |inputs: Attributes| async move {
        let work = EffectWork::Transaction(Box::new(registering()));
        let effect = Effect {
            name: "register".to_owned(),
            provider: "chain".to_owned(),
            summary: String::new(),
            nature: Nature::Act,
            payload: serde_json::to_value(work).unwrap(),
            inputs: BTreeMap::new(),
            needs: Vec::new(),
        };
        crate::prepare::prepare_effect(
            &Arc::default(),
            &Chains::default(),
            &OwnNodes::default(),
            &effect,
            &inputs,
        )
        .await
        .unwrap_err()
        .code()
    };
    let mut other = known();
    other.insert("pos_address".to_owned(), Value::Text(hex_text(&[7; 32])));
    assert_eq!(effect(other).await, "chain/bad-register-data");
    let mut cut = known();
    let text = good_registration().0;
    cut.insert(
        "register_data".to_owned(),
        Value::from(&text[..text.len() - 2]),
    );
    assert_eq!(effect(cut).await, "chain/bad-register-data");
    assert_eq!(effect(Attributes::new()).await, "chain/missing-input");
}

/// Votes of a retired pool are staked again as long as nobody has asked them back since the plan was made.
#[tokio::test]
async fn votes_that_users_asked_back_are_not_staked_again() {
    let restaking = || TransactionWork {
        restake: Some(RestakeWork {
            pool: core(0x80),
            pos_address: hex_text(&[7; 32]),
            votes: 4,
        }),
        ..setter()
    };
    assert!(prepare(usual(), restaking(), &known()).await.is_ok());
    let more = Shown {
        available: 13,
        ..usual()
    };
    assert!(prepare(more, restaking(), &known()).await.is_ok());
    let asked_back = Shown {
        available: 11,
        ..usual()
    };
    let retired = Shown {
        retired: true,
        ..usual()
    };
    for shown in [asked_back, retired] {
        let error = refusal(shown, restaking()).await;
        assert_eq!(error.code(), codes::RESTAKE_CHANGED, "{error}");
    }
    let unheard = Shown {
        broken: "pos_getAccount",
        ..usual()
    };
    let error = refusal(unheard, restaking()).await;
    assert!(
        matches!(error, ProviderError::Unreachable { .. }),
        "{error}"
    );
}
