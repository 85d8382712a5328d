//! Case key-in-url: where a chain is asked is what the current spec says, and nothing else.

use std::time::Duration;

use pospool_model::provider::{NoProgress, Ticket};
use pospool_model::{Provider, Value};
use pospool_rpcstub::{StubAnswer, StubNode};
use serde_json::Value as Json;

use super::*;
use crate::bench::{GENESIS, NETWORK, chain_ref, name};
use crate::work::AwaitVotes;
use crate::{ChainProvider, ChainSettings};

/// As the program wrote it before endpoints were left out.
const OLD: &str = r#"{"do":"await_votes","chain":{"endpoints":["http://127.0.0.1:1/hunter2"],"network":1234,
    "genesis_hash":"GENESIS"},"pos_address":"0x0a"}"#;

/// A node of the chain with this first block, where PoS counts two votes.
async fn node(genesis: &'static str) -> StubNode {
    StubNode::start(move |method, _| match method {
        "cfx_getBlockByEpochNumber" => StubAnswer::Result(json!({ "hash": genesis })),
        "pos_getAccount" => StubAnswer::Result(json!({ "status": { "availableVotes": "0x2" } })),
        _ => StubAnswer::Result(Json::Null),
    })
    .await
}

fn old() -> Ticket {
    let text = OLD.replace("GENESIS", GENESIS);
    Ticket {
        key: "0x0a".to_owned(),
        payload: serde_json::from_str(&text).unwrap(),
    }
}

fn spec(chains: &[(&str, &str)]) -> BTreeMap<Address, Attributes> {
    let chain = |url: &str| {
        crate::chain::normalise_chain(Attributes::from([
            ("network".to_owned(), "devnet".into()),
            ("core_rpc".to_owned(), url.into()),
        ]))
    };
    let chains = chains.iter();
    chains
        .map(|(address, url)| (name(address), chain(url).unwrap()))
        .collect()
}

async fn commit(chains: &[(&str, &str)], ticket: &Ticket) -> Result<Attributes, ProviderError> {
    let provider = ChainProvider::new(ChainSettings {
        wait: Duration::ZERO,
        poll: Duration::ZERO,
    });
    provider.configure(&spec(chains));
    provider.commit(ticket, &NoProgress).await
}

#[tokio::test]
async fn case_key_in_url_a_ticket_is_settled_at_the_endpoint_of_the_current_spec() {
    let server = node(GENESIS).await;
    let url = format!("{}/another-key?k=1", server.url());
    // By its first block, as an old ticket does not name its chain.
    let outputs = commit(&[("chain.renamed", &url)], &old()).await.unwrap();
    assert_eq!(outputs["votes"], Value::Integer(2));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn case_key_in_url_a_ticket_of_a_chain_that_left_the_spec_stays_open() {
    let other = node("0x0bad").await;
    for chains in [&[][..], &[("chain.conflux", &other.url()[..])]] {
        let error = commit(chains, &old()).await.unwrap_err();
        assert_eq!(error.code(), "chain/no-chain");
        assert!(
            matches!(error, ProviderError::OutcomeUnknown { .. }),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(text.contains(GENESIS) && text.contains("1234"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    // With the right one beside it, it is found.
    let right = node(GENESIS).await;
    let both = [
        ("chain.conflux", &other.url()[..]),
        ("chain.two", &right.url()[..]),
    ];
    assert!(commit(&both, &old()).await.is_ok());
}

#[tokio::test]
async fn a_chain_that_is_silent_leaves_the_ticket_open() {
    let error = commit(&[("chain.conflux", "http://127.0.0.1:1/hunter2")], &old()).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unreachable { .. }),
        "{error:?}"
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.contains("127.0.0.1:1") && !cause.contains("hunter2"),
        "{cause}"
    );
}

#[test]
fn case_key_in_url_what_is_written_of_a_chain_has_no_endpoint() {
    let work = AwaitVotes {
        chain: chain_ref(&["https://rpc.example/hunter2"]),
        pos_address: None,
        at_least: None,
    };
    let written = serde_json::to_value(TicketAttempt::AwaitVotes(work.clone())).unwrap();
    let expected =
        json!({ "address": "chain.conflux", "network": NETWORK, "genesis_hash": GENESIS });
    assert_eq!(written["chain"], expected);
    let TicketAttempt::AwaitVotes(read) = serde_json::from_value(written).unwrap() else {
        panic!("another attempt");
    };
    assert!(read.chain.endpoints.is_empty());
    assert!(!format!("{work:?}").contains("hunter2"));
}

#[test]
fn a_chain_may_only_be_one_of_its_network() {
    let network = |name: &str| Attributes::from([("network".to_owned(), Value::from(name))]);
    for (wanted, id, expected) in [
        ("mainnet", 1029, [true, false]),
        ("mainnet", 1030, [false, true]),
        ("testnet", 1, [true, false]),
        ("testnet", 71, [false, true]),
        ("devnet", 1234, [true, true]),
    ] {
        let found = [Space::Core, Space::Espace];
        let found = found.map(|space| chain::may_be(&network(wanted), space, id));
        assert_eq!(found, expected, "{wanted} {id}");
    }
    assert!(!chain::may_be(&network("devnet"), Space::Core, 1029));
}
