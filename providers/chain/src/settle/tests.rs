//! Case planted-ticket-signs, one field at a time.

use std::time::Duration;

use pospool_conflux::hex::hex_text;
use pospool_conflux::{CoreTransaction, GasPrice, Key, UnsignedTransaction};
use pospool_conflux_rpc::CountingTransport;
use pospool_conflux_tx::{SignedForm, WaitLevel};
use pospool_model::provider::NoProgress;
use pospool_model::{Attributes, SecretRef};
use pospool_rpcstub::{StubAnswer, StubNode};
use serde_json::json;

use super::*;
use crate::bench::{GENESIS, NETWORK, attributes, chain_ref, code, name, resource};

/// A spec with one account on one chain, and the way to it.
struct Desk {
    link: CountingTransport,
    chains: Chains,
    node: StubNode,
    folder: tempfile::TempDir,
}

fn key(byte: u8) -> Key {
    Key::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

impl Desk {
    async fn new() -> Self {
        let node = StubNode::start(|method, _| {
            StubAnswer::Result(match method {
                "cfx_getBlockByEpochNumber" => json!({ "hash": GENESIS }),
                // The nonce that is final.
                _ => json!("0x5"),
            })
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let desk = Self {
            link: CountingTransport::default(),
            chains: Chains::default(),
            node,
            folder,
        };
        desk.write_key("key", "01");
        desk.configure("key");
        desk
    }

    fn write_key(&self, file: &str, byte: &str) {
        let path = self.folder.path().join(file);
        std::fs::write(&path, byte.repeat(32)).unwrap();
        let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, owner_alone).unwrap();
    }

    fn secret(&self, file: &str) -> SecretRef {
        SecretRef::File(self.folder.path().join(file))
    }

    fn configure(&self, file: &str) {
        let chain = crate::chain::normalise_chain(Attributes::from([
            ("network".to_owned(), "devnet".into()),
            ("core_rpc".to_owned(), self.node.url().into()),
            (
                "max_gas_price".to_owned(),
                Value::Amount(pospool_model::Drip(50_000_000_000)),
            ),
        ]));
        let account = attributes([
            ("private_key", Value::Secret(self.secret(file))),
            ("chain", resource("chain.conflux")),
        ]);
        let wanted = [
            (name("chain.conflux"), chain.unwrap()),
            (name("account.operator"), account),
        ];
        self.chains.configure(&wanted.into());
    }

    async fn trust(
        &self,
        claimed: &SignedWork,
    ) -> Result<Result<SignedWork, String>, ProviderError> {
        trust(&self.way(), claimed, &NoProgress).await
    }

    fn way(&self) -> TicketWay<'_> {
        TicketWay {
            link: &self.link,
            chains: &self.chains,
            pace: Pace {
                wait: Duration::ZERO,
                poll: Duration::ZERO,
            },
        }
    }

    /// A creation by the account, as a run journalled it.
    fn genuine(&self) -> SignedWork {
        let mut unsigned = CoreTransaction {
            nonce: 5,
            price: GasPrice::Legacy { gas_price: 10 },
            gas: 100_000,
            to: None,
            value: 0,
            storage_limit: 640,
            epoch_height: 1_000,
            chain_id: NETWORK.into(),
            data: vec![0x60; 90],
        };
        let own = key(1);
        let form = |unsigned: &CoreTransaction| {
            let unsigned = UnsignedTransaction::Core(unsigned.clone());
            SignedForm::of(&unsigned, unsigned.price().into(), &own)
        };
        let first = form(&unsigned);
        unsigned.price = GasPrice::Legacy { gas_price: 20 };
        let raised = vec![form(&unsigned)];
        let from: ChainAddress = own.core_address(NETWORK).into();
        let address = from.of_creation(5, &unsigned.data);
        let place = || Value::Text(address.to_string());
        SignedWork {
            chain: chain_ref(&[]),
            from,
            key: self.secret("key").into(),
            nonce: 5,
            epoch_height: Some(1_000),
            first,
            raised,
            ceiling: 40_000_000_000,
            creates: Some(address),
            level: WaitLevel::Confirmed,
            outputs: attributes([
                ("address", place()),
                ("implementation", place()),
                ("code", code("PoSPool")),
                (PROXY_ARGUMENTS, Value::Text(hex_text(&[0x60; 32]))),
            ]),
        }
    }
}

/// All that could stand in the place of a value.
fn others(value: &Json) -> Vec<Json> {
    let stranger = key(0x66).core_address(NETWORK);
    let mut all = vec![
        Json::Null,
        json!(0),
        json!(u64::MAX),
        json!(""),
        json!("0x"),
        json!("1"),
        json!("340282366920938463463374607431768211455"),
        json!("executed"),
        json!(stranger.to_string()),
        json!("file:/etc/passwd"),
        json!([]),
        json!({}),
    ];
    if let Some(text) = value.as_str().filter(|text| text.len() > 20) {
        // Another digit somewhere inside.
        let at = text.len() - 9;
        let digit = if &text[at..=at] == "a" { "b" } else { "a" };
        all.push(json!(format!("{}{digit}{}", &text[..at], &text[at + 1..])));
    }
    all
}

/// Pointers to every value inside, and to the whole.
fn pointers(value: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let inner: Vec<(String, &Json)> = match value {
        Json::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), it)).collect(),
        Json::Array(items) => (items
            .iter()
            .enumerate()
            .map(|(at, it)| (at.to_string(), it)))
        .collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        pointers(value, &format!("{at}/{name}"), found);
    }
}

#[tokio::test]
async fn case_planted_ticket_signs_no_field_but_the_bytes_counts() {
    let desk = Desk::new().await;
    let genuine = desk.genuine();
    let right = desk.trust(&genuine).await.unwrap().unwrap();
    assert_eq!(right.outputs, genuine.outputs);
    let of_spec = WaitLevel::Executed;
    assert_eq!((right.ceiling, right.level), (genuine.ceiling, of_spec));
    let whole = serde_json::to_value(&genuine).unwrap();
    let mut places = Vec::new();
    pointers(&whole, "", &mut places);
    let (mut trusted, mut foreign) = (0, 0);
    for place in places {
        for other in others(whole.pointer(&place).unwrap()) {
            let mut forged = whole.clone();
            *forged.pointer_mut(&place).unwrap() = other.clone();
            // One that is of no known form is foreign before it comes so far.
            let Ok(forged) = serde_json::from_value::<SignedWork>(forged) else {
                continue;
            };
            let Ok(found) = desk.trust(&forged).await.unwrap() else {
                foreign += 1;
                continue;
            };
            trusted += 1;
            assert!(found.ceiling <= 50_000_000_000, "{place}: {other}");
            for (name, value) in &found.outputs {
                let is_code = name == "code";
                let is_end = name == PROXY_ARGUMENTS;
                let is_right = genuine.outputs.get(name) == Some(value);
                assert!(is_right || is_code || is_end, "{place}: {name} = {value}");
            }
            let same = SignedWork {
                outputs: right.outputs.clone(),
                ceiling: right.ceiling,
                raised: right.raised.clone(),
                ..found.clone()
            };
            assert_eq!(same, right, "{place}: {other}");
            assert!(
                found.raised == right.raised || found.raised.is_empty(),
                "{place}"
            );
        }
    }
    assert!(trusted > 20 && foreign > 20, "{trusted} and {foreign}");
}

#[tokio::test]
async fn who_signed_cannot_be_told_without_the_key() {
    let desk = Desk::new().await;
    desk.configure("nowhere");
    let error = desk.trust(&desk.genuine()).await.unwrap_err();
    assert_eq!(error.code(), codes::NO_KEY);
    assert!(
        matches!(error, ProviderError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    desk.write_key("other", "02");
    desk.configure("other");
    let why = desk.trust(&desk.genuine()).await.unwrap().unwrap_err();
    assert!(why.contains("no account of the spec signed it"), "{why}");
}

#[tokio::test]
async fn what_is_foreign_waits_until_its_nonce_is_final() {
    let desk = Desk::new().await;
    desk.write_key("other", "02");
    desk.configure("other");
    let settle = async |nonce| {
        let claimed = SignedWork {
            nonce,
            ..desk.genuine()
        };
        let ticket = prepare::ticket_of(claimed);
        settle_ticket(&desk.way(), &ticket, &NoProgress)
            .await
            .unwrap()
    };
    assert!(matches!(settle(5).await, Settlement::Foreign(_)));
    assert_eq!(settle(4).await, Settlement::Closed);
}

#[tokio::test]
async fn what_is_no_transaction_is_closed_and_what_nobody_knows_is_foreign() {
    let desk = Desk::new().await;
    let settle = async |payload: Json| {
        let key = "any".to_owned();
        let ticket = Ticket { key, payload };
        settle_ticket(&desk.way(), &ticket, &NoProgress)
            .await
            .unwrap()
    };
    for named in CLOSED {
        assert_eq!(settle(json!({ "do": named })).await, Settlement::Closed);
    }
    for payload in [
        json!({ "do": "transaction" }),
        json!({ "do": "something_new" }),
        json!(null),
    ] {
        assert!(matches!(settle(payload).await, Settlement::Foreign(_)));
    }
    assert_eq!(desk.node.requests(), 0);
}
