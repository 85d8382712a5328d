//! Normal forms of `chain` blocks, and networks that are not the one they are said to be.

use super::*;

fn attributes(pairs: &[(&str, Value)]) -> Attributes {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn shown(attributes: &Attributes, space: Space) -> Vec<String> {
    let endpoints = endpoints_of(attributes, space);
    endpoints.iter().map(ToString::to_string).collect()
}

#[test]
fn a_public_network_has_its_endpoints() {
    let normal = normalise_chain(attributes(&[("network", Value::from("testnet"))])).unwrap();
    assert_eq!(
        shown(&normal, Space::Core)[0],
        "https://test.confluxrpc.com"
    );
    assert_eq!(gas_price_ceiling(&normal), DEFAULT_CEILING);
    assert_eq!(normalise_chain(normal.clone()).unwrap(), normal);
}

#[test]
fn espace_has_its_own_endpoints() {
    let chain = |pairs: &[(&str, Value)]| normalise_chain(attributes(pairs));
    let public = chain(&[("network", Value::from("mainnet"))]).unwrap();
    assert_eq!(
        shown(&public, Space::Espace),
        ["https://evm.confluxrpc.com", "https://evm.confluxrpc.org"]
    );
    let core = ("core_rpc", Value::from("http://127.0.0.1:1"));
    let devnet = ("network", Value::from("devnet"));
    let without = chain(&[devnet.clone(), core.clone()]).unwrap();
    assert!(endpoints_of(&without, Space::Espace).is_empty());
    let urls = ["http://127.0.0.1:2", "https://example.org"];
    let list = Value::List(urls.map(Value::from).to_vec());
    let with = chain(&[devnet.clone(), core.clone(), ("espace_rpc", list)]).unwrap();
    assert_eq!(shown(&with, Space::Espace), urls);
    let wrong = chain(&[devnet, core, ("espace_rpc", Value::from("ws://x"))]).unwrap_err();
    assert_eq!(
        (wrong[0].code, wrong[0].path.clone()),
        (codes::BAD_RPC, vec!["espace_rpc".to_owned()])
    );
}

#[test]
fn what_everybody_knows_is_no_secret() {
    for network in PUBLIC {
        for url in network.core_rpc.iter().chain(network.espace_rpc) {
            assert!(!Endpoint::parse(url).unwrap().is_secret(), "{url}");
        }
    }
}

#[test]
fn case_key_in_url_normal_attributes_show_no_key_and_reach_the_endpoint() {
    let keyed = "https://me:hunter2@rpc.example/hunter3?k=hunter4";
    let named = Value::Secret(pospool_model::SecretRef::Env("POSPOOL_CORE_RPC".to_owned()));
    let list = Value::List(vec![
        keyed.into(),
        named,
        "https://main.confluxrpc.com/".into(),
    ]);
    let normal = normalise_chain(attributes(&[
        ("network", "mainnet".into()),
        ("core_rpc", list),
    ]))
    .unwrap();
    let text = serde_json::to_string(&normal).unwrap();
    assert!(!text.contains("hunter") && !text.contains("me:"), "{text}");
    assert_eq!(normalise_chain(normal.clone()).unwrap(), normal);
    let found = endpoints_of(&normal, Space::Core);
    assert_eq!(found[0].url().unwrap().as_str(), keyed);
    let texts: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(texts[0].starts_with("https://rpc.example#"), "{texts:?}");
    assert_eq!(
        texts[1..],
        ["env:POSPOOL_CORE_RPC", "https://main.confluxrpc.com"]
    );
    // Another key is another wish.
    let other = Value::from("https://me:hunter2@rpc.example/hunter3?k=another");
    let other = normalise_chain(attributes(&[
        ("network", "mainnet".into()),
        ("core_rpc", other),
    ]));
    assert_ne!(
        other.unwrap()["core_rpc"],
        Value::List(vec![normal["core_rpc"].as_list().unwrap()[0].clone()])
    );
}

#[test]
fn case_key_in_url_an_rpc_for_everybody_has_no_key() {
    let open = |network: &str, url: &str| {
        let written = attributes(&[("network", network.into()), ("core_rpc", url.into())]);
        let open = open_rpc(&normalise_chain(written).unwrap(), Space::Core);
        open.map(|url| url.as_text().unwrap().to_owned())
    };
    let found = |url: &str| open("testnet", url).unwrap();
    assert_eq!(found("https://own.example"), "https://own.example");
    assert_eq!(
        found("https://own.example/key"),
        "https://test.confluxrpc.com"
    );
    assert_eq!(open("devnet", "http://10.0.0.1:12537/key"), None);
}

#[test]
fn case_key_in_url_what_is_refused_is_not_repeated() {
    for wrong in [
        "ws://u:hunter2@a",
        "hunter2",
        "https://",
        "https://a.example#0a1b2c3d",
    ] {
        let written = attributes(&[("network", "mainnet".into()), ("core_rpc", wrong.into())]);
        let problem = normalise_chain(written).unwrap_err().remove(0);
        assert_eq!(problem.code, "chain/bad-rpc");
        let text = format!("{} {:?}", problem.summary, problem.help);
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_public_network_has_its_oracle_and_a_devnet_none() {
    for network in ["mainnet", "testnet"] {
        let parsed: Result<pospool_conflux::EspaceAddress, _> = oracle_of(network).unwrap().parse();
        assert!(parsed.is_ok(), "{network}");
    }
    assert_ne!(oracle_of("mainnet"), oracle_of("testnet"));
    assert_eq!(oracle_of("devnet"), None);
}

#[test]
fn a_devnet_waits_for_less_unless_it_is_told_to() {
    let rpc = ("core_rpc", Value::from("http://127.0.0.1:1"));
    let chain = |name: &str, word: Option<&str>| {
        let word = word.map(|word| (WAIT_LEVEL, Value::from(word)));
        let pairs = [("network", Value::from(name)), rpc.clone()];
        let pairs: Vec<_> = pairs.into_iter().chain(word).collect();
        normalise_chain(attributes(&pairs)).map(|normal| wait_level(&normal))
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
    let text = normalise_chain(attributes(&[network.clone(), ("core_rpc", one.clone())]));
    let list = normalise_chain(attributes(&[network, ("core_rpc", Value::List(vec![one]))]));
    assert_eq!(text.unwrap(), list.unwrap());
}

#[test]
fn all_problems_of_a_chain_are_told() {
    let wrong = attributes(&[
        ("network", Value::from("main")),
        ("core_rpc", Value::Integer(1)),
    ]);
    let codes: Vec<_> = normalise_chain(wrong)
        .unwrap_err()
        .iter()
        .map(|p| p.code)
        .collect();
    assert_eq!(codes, ["chain/unknown-network", "chain/bad-rpc"]);
    let devnet = attributes(&[("network", Value::from("devnet"))]);
    assert_eq!(normalise_chain(devnet).unwrap_err()[0].code, "chain/no-rpc");
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
