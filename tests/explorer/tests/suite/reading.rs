//! Questions about contracts: sources, proxies, creations.

use pospool_explorer::ExplorerSpace;
use serde_json::{Value as Json, json};

use crate::chain::{FakeChain, digits};
use crate::client::{ask, data, explorer, item, verify};
use crate::sources::{counter, stand_in};

const BOTH: [ExplorerSpace; 2] = [ExplorerSpace::Core, ExplorerSpace::Espace];
const PASS: &str = "Pass - Verified";
const NOT_VERIFIED: &str = "Contract source code not verified";

#[tokio::test]
async fn what_is_not_verified_is_a_success_without_a_source() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    for space in BOTH {
        let address = chain.deploy(space, "00", None);
        let item = item(&explorer, space, &address).await;
        assert_eq!(item["ABI"], NOT_VERIFIED);
        assert_eq!(item["SourceCode"], "");
        assert_eq!(item["Proxy"], "0");
        assert_eq!(item.as_object().unwrap().len(), 16);
        // The ABI alone is a failure.
        let answer = ask(&explorer, space, "getabi", &format!("address={address}")).await;
        let (sign, words) = match space {
            ExplorerSpace::Core => (answer["code"] == 1, &answer["data"]),
            ExplorerSpace::Espace => (answer["status"] == "0", &answer["result"]),
        };
        assert!(sign && words == NOT_VERIFIED, "{answer}");
    }
}

#[tokio::test]
async fn what_is_verified_has_its_source_in_double_braces() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let manager = stand_in("PoolManager");
    let address = chain.deploy(
        ExplorerSpace::Espace,
        &manager.runtime,
        Some(&manager.creation),
    );
    assert_eq!(
        verify(&explorer, ExplorerSpace::Espace, &manager.form(&address)).await,
        PASS
    );
    let item = item(&explorer, ExplorerSpace::Espace, &address).await;
    let source = item["SourceCode"].as_str().unwrap();
    let inner = source.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let (inner, handed): (Json, Json) = (
        serde_json::from_str(inner).unwrap(),
        serde_json::from_str(&manager.input).unwrap(),
    );
    assert_eq!(inner["sources"], handed["sources"]);
    assert_eq!(
        inner["settings"],
        json!({ "optimizer": { "enabled": false, "runs": 200 } })
    );
    assert_eq!(item["OptimizationUsed"], "0");
    assert_eq!(item["Runs"], "200");
    assert_eq!(item["EVMVersion"], "Default");
    assert!(item.get("ConstructorArguments").is_none(), "there are none");
    let abi = ask(
        &explorer,
        ExplorerSpace::Espace,
        "getabi",
        &format!("address={address}"),
    )
    .await;
    let abi = data(ExplorerSpace::Espace, &abi);
    assert_eq!(abi, item["ABI"]);
    let abi: Json = serde_json::from_str(abi.as_str().unwrap()).unwrap();
    assert!(
        abi.as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["name"] == "addPool")
    );
}

#[tokio::test]
async fn a_proxy_points_where_its_slot_points_now() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    for space in BOTH {
        let proxy = chain.deploy(space, &counter.runtime, None);
        let [old, new] = [(), ()].map(|()| chain.deploy(space, "00", None));
        assert_eq!(verify(&explorer, space, &counter.form(&proxy)).await, PASS);
        let found = item(&explorer, space, &proxy).await;
        assert_eq!(
            (&found["Proxy"], &found["Implementation"]),
            (&"0".into(), &"".into())
        );
        for implementation in [&old, &new] {
            chain.point(space, &proxy, implementation);
            let found = item(&explorer, space, &proxy).await;
            assert_eq!(found["Proxy"], "1");
            assert_eq!(&found["Implementation"], implementation);
        }
        proxies(&explorer, &chain, space, [&proxy, &old, &new]).await;
    }
}

/// The proxy points at the new one, and then at the old one.
async fn proxies(
    explorer: &pospool_explorer::Explorer,
    chain: &FakeChain,
    space: ExplorerSpace,
    [proxy, old, new]: [&str; 3],
) {
    let submit = async |query: String| {
        let answer = ask(explorer, space, "verifyproxycontract", &query).await;
        data(space, &answer).as_str().unwrap().to_owned()
    };
    let check = async |id: &str| {
        let query = format!("guid={id}");
        let answer = ask(explorer, space, "checkproxyverification", &query).await;
        answer["message"] == "OK"
    };
    let any = submit(format!("address={proxy}")).await;
    let expected = submit(format!("address={proxy}&expectedimplementation={old}")).await;
    let again = submit(format!("address={proxy}&expectedimplementation={old}")).await;
    let plain = submit(format!("address={new}")).await;
    assert_eq!(any.len(), 50);
    assert_eq!(expected, again);
    assert_eq!((check(&any).await, check(&expected).await), (true, false));
    assert_eq!(
        (check(&plain).await, check("unknown").await),
        (false, false)
    );
    chain.point(space, proxy, old);
    assert_eq!((check(&any).await, check(&expected).await), (true, true));
}

#[tokio::test]
async fn creations_are_found_wherever_they_are() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    for space in BOTH {
        let old = chain.deploy(space, "00", Some("6001"));
        chain.mine(space, 450);
        let middle = chain.deploy(space, "00", Some("6002"));
        chain.mine(space, 20);
        let inner = chain.deploy(space, "00", None);
        let created = async |addresses: &[&str]| {
            let query = format!("contractaddresses={}", addresses.join(","));
            let answer = ask(&explorer, space, "getcontractcreation", &query).await;
            data(space, &answer).as_array().unwrap().clone()
        };
        let found = created(&[&middle]).await;
        assert_eq!(found[0]["creationBytecode"], "0x6002");
        assert_eq!(found[0]["contractAddress"], middle);
        assert_eq!(found[0]["contractCreator"], FakeChain::creator(space));
        assert_eq!(
            (&found[0]["blockNumber"], &found[0]["timestamp"]),
            (&452.into(), &5.into())
        );
        let found = created(&[&old, &inner, &middle]).await;
        assert_eq!(
            found.len(),
            2,
            "a contract that a contract made is left out"
        );
        assert_eq!(found[0]["creationBytecode"], "0x6001");
        chain.mine(space, 250);
        let new = chain.deploy(space, "00", Some("6003"));
        assert_eq!(created(&[&new]).await[0]["creationBytecode"], "0x6003");
        assert_eq!(chain.most_reads(space), 1, "no block is read twice");
    }
}

#[tokio::test]
async fn six_creations_are_too_many() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let list = vec![format!("0x{}", "8".repeat(40)); 6].join(",");
    let query = format!("contractaddresses={list}");
    let answer = ask(
        &explorer,
        ExplorerSpace::Core,
        "getContractCreation",
        &query,
    )
    .await;
    assert_eq!(answer["code"], 1);
    assert_eq!(answer["message"], "Contract addresses up to 5 at a time");
    // eSpace knows it only in small letters.
    let answer = ask(
        &explorer,
        ExplorerSpace::Espace,
        "getContractCreation",
        &query,
    )
    .await;
    assert!(
        answer["message"].as_str().unwrap().contains("action"),
        "{answer}"
    );
}

#[tokio::test]
async fn core_takes_hex_in_questions_and_only_contracts_where_it_says_so() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let address = chain.deploy(ExplorerSpace::Core, "00", Some("60"));
    let hex = format!("0x{}", digits(&address));
    assert_eq!(
        item(&explorer, ExplorerSpace::Core, &hex).await["SourceCode"],
        ""
    );
    let query = format!("contractaddresses={hex}");
    let answer = ask(
        &explorer,
        ExplorerSpace::Core,
        "getcontractcreation",
        &query,
    )
    .await;
    assert_eq!(
        data(ExplorerSpace::Core, &answer)[0]["contractAddress"],
        address
    );
    let query = format!(
        "contractaddresses={}",
        FakeChain::creator(ExplorerSpace::Core)
    );
    let answer = ask(
        &explorer,
        ExplorerSpace::Core,
        "getcontractcreation",
        &query,
    )
    .await;
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("not a contract"),
        "{answer}"
    );
}
