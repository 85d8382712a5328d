//! Normal forms of `chain` blocks, and networks that are not the one they are said to be.

use super::*;

fn attributes(pairs: &[(&str, Value)]) -> Attributes {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

#[test]
fn a_public_network_has_its_endpoints() {
    let normal = normalise(attributes(&[("network", Value::from("testnet"))])).unwrap();
    assert_eq!(
        endpoints(&normal, Space::Core)[0],
        "https://test.confluxrpc.com"
    );
    assert_eq!(ceiling(&normal), DEFAULT_CEILING);
    assert_eq!(normalise(normal.clone()).unwrap(), normal);
}

#[test]
fn espace_has_its_own_endpoints() {
    let chain = |pairs: &[(&str, Value)]| normalise(attributes(pairs));
    let public = chain(&[("network", Value::from("mainnet"))]).unwrap();
    assert_eq!(
        endpoints(&public, Space::Espace),
        ["https://evm.confluxrpc.com"]
    );
    let core = ("core_rpc", Value::from("http://127.0.0.1:1"));
    let devnet = ("network", Value::from("devnet"));
    let without = chain(&[devnet.clone(), core.clone()]).unwrap();
    assert!(endpoints(&without, Space::Espace).is_empty());
    let urls = ["http://127.0.0.1:2", "https://example.org"];
    let list = Value::List(urls.map(Value::from).to_vec());
    let with = chain(&[devnet.clone(), core.clone(), ("espace_rpc", list)]).unwrap();
    assert_eq!(endpoints(&with, Space::Espace), urls);
    let wrong = chain(&[devnet, core, ("espace_rpc", Value::from("ws://x"))]).unwrap_err();
    assert_eq!(
        (wrong[0].code, wrong[0].path.clone()),
        ("chain/bad-rpc", vec!["espace_rpc".to_owned()])
    );
}

#[test]
fn a_public_network_has_its_oracle_and_a_devnet_none() {
    for network in ["mainnet", "testnet"] {
        let parsed: Result<crate::espace_address::EspaceAddress, _> =
            oracle(network).unwrap().parse();
        assert!(parsed.is_ok(), "{network}");
    }
    assert_ne!(oracle("mainnet"), oracle("testnet"));
    assert_eq!(oracle("devnet"), None);
}

#[test]
fn a_devnet_waits_for_less_unless_it_is_told_to() {
    let rpc = ("core_rpc", Value::from("http://127.0.0.1:1"));
    let chain = |name: &str, word: Option<&str>| {
        let word = word.map(|word| (WAIT_LEVEL, Value::from(word)));
        let pairs = [("network", Value::from(name)), rpc.clone()];
        let pairs: Vec<_> = pairs.into_iter().chain(word).collect();
        normalise(attributes(&pairs)).map(|normal| level(&normal))
    };
    assert_eq!(chain("testnet", None).unwrap(), WaitLevel::Confirmed);
    assert_eq!(chain("devnet", None).unwrap(), WaitLevel::Executed);
    for level in WaitLevel::ALL {
        let word = Some(level.words().0);
        assert_eq!(chain("devnet", word).unwrap(), *level);
    }
    let problems = chain("mainnet", Some("final")).unwrap_err();
    assert_eq!(problems[0].code, "chain/bad-wait-level");
}

#[test]
fn one_endpoint_and_a_list_of_one_are_the_same() {
    let one = Value::from("http://127.0.0.1:1");
    let network = ("network", Value::from("devnet"));
    let text = normalise(attributes(&[network.clone(), ("core_rpc", one.clone())]));
    let list = normalise(attributes(&[network, ("core_rpc", Value::List(vec![one]))]));
    assert_eq!(text.unwrap(), list.unwrap());
}

#[test]
fn all_problems_of_a_chain_are_told() {
    let wrong = attributes(&[
        ("network", Value::from("main")),
        ("core_rpc", Value::Integer(1)),
    ]);
    let codes: Vec<_> = normalise(wrong)
        .unwrap_err()
        .iter()
        .map(|p| p.code)
        .collect();
    assert_eq!(codes, ["chain/unknown-network", "chain/bad-rpc"]);
    let devnet = attributes(&[("network", Value::from("devnet"))]);
    assert_eq!(normalise(devnet).unwrap_err()[0].code, "chain/no-rpc");
}

#[test]
fn a_node_of_another_network_is_noticed() {
    let on = |name: &str| attributes(&[("network", Value::from(name))]);
    assert!(check_network(&on("mainnet"), 1029).is_ok());
    assert!(check_network(&on("devnet"), 1234).is_ok());
    for (name, found) in [
        ("mainnet", 1),
        ("testnet", 1029),
        ("devnet", 1029),
        ("devnet", 1),
    ] {
        let problem = check_network(&on(name), found).unwrap_err();
        assert_eq!(problem.code, "chain/wrong-network", "{name} {found}");
    }
}
