//! What is verified, and what is not.

use pospool_explorer::{ExplorerSpace, Match};

use crate::chain::{FakeChain, digits};
use crate::client::{Form, ask, data, end, explorer, explorer_with, item, submit, verify};
use crate::sources::{Contract, counter, stand_in};

const PASS: &str = "Pass - Verified";

fn begins(words: &str, code: &str) -> bool {
    words.split(':').next() == Some(code)
}

#[tokio::test]
async fn the_pool_is_verified_in_core() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let pool = stand_in("PoSPool");
    let address = chain.deploy(ExplorerSpace::Core, &pool.runtime, Some(&pool.creation));
    assert_eq!(
        verify(&explorer, ExplorerSpace::Core, &pool.form(&address)).await,
        PASS
    );

    let verified = explorer.verified(ExplorerSpace::Core, &address).unwrap();
    assert_eq!(verified.runtime, Some(Match::Exact));
    assert_eq!(
        verified.creation, None,
        "the creation of a base32 address is not looked for"
    );
    let item = item(&explorer, ExplorerSpace::Core, &address).await;
    assert_eq!(item["ContractName"], "PoSPool");
    assert_eq!(item["ContractFileName"], "contracts/PoSPool.sol");
    assert_eq!(item["CompilerVersion"], "v0.8.4+commit.c7e474f2");
    assert_eq!(item["LicenseType"], "Apache-2.0");
}

#[tokio::test]
async fn a_hex_address_in_core_is_matched_with_its_creation() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(
        ExplorerSpace::Core,
        &counter.runtime,
        Some(&counter.creation),
    );
    let form = counter.form(&format!("0x{}", digits(&address)));
    assert_eq!(verify(&explorer, ExplorerSpace::Core, &form).await, PASS);
    let verified = explorer.verified(ExplorerSpace::Core, &address).unwrap();
    assert_eq!(verified.creation, Some(Match::Exact));
}

/// A proxy with its arguments: the address of the logic and empty data.
fn proxy() -> (Contract, String) {
    let arguments = format!("{:0>64}{:0>64}{:0>64}", "85".repeat(20), "40", "");
    (
        stand_in("contracts/utils/Proxy1967.sol:Proxy1967"),
        arguments,
    )
}

#[tokio::test]
async fn constructor_arguments_are_those_of_the_creation() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let (proxy, arguments) = proxy();
    let creation = format!("{}{arguments}", proxy.creation);
    let wrong = arguments.replace("40", "60");

    let address = chain.deploy(ExplorerSpace::Espace, &proxy.runtime, Some(&creation));
    chain.mine(ExplorerSpace::Espace, 250);
    let form = proxy.form(&address);
    let refused = form.clone().with("constructorArguements", &wrong);
    let words = verify(&explorer, ExplorerSpace::Espace, &refused).await;
    assert!(
        begins(&words, "no_match") && words.contains(&arguments),
        "{words}"
    );
    assert_eq!(explorer.verified(ExplorerSpace::Espace, &address), None);

    let right = form.with("constructorArguements", &arguments);
    assert_eq!(verify(&explorer, ExplorerSpace::Espace, &right).await, PASS);
    let verified = explorer.verified(ExplorerSpace::Espace, &address).unwrap();
    assert_eq!(verified.creation, Some(Match::Exact));
    let item = item(&explorer, ExplorerSpace::Espace, &address).await;
    assert_eq!(item["ConstructorArguments"], format!("0x{arguments}"));
    assert_eq!(
        chain.most_reads(ExplorerSpace::Espace),
        1,
        "no block is read twice"
    );

    // The chain of Core is not asked for a creation, so nobody notices there.
    let address = chain.deploy(ExplorerSpace::Core, &proxy.runtime, Some(&creation));
    let form = proxy.form(&address).with("constructorArguements", &wrong);
    assert_eq!(verify(&explorer, ExplorerSpace::Core, &form).await, PASS);
}

#[tokio::test]
async fn a_creation_that_cannot_be_found_leaves_the_runtime_code() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let (proxy, arguments) = proxy();
    let address = chain.deploy(ExplorerSpace::Espace, &proxy.runtime, None);
    let form = proxy
        .form(&address)
        .with("constructorArguements", &arguments);
    assert_eq!(verify(&explorer, ExplorerSpace::Espace, &form).await, PASS);
    let verified = explorer.verified(ExplorerSpace::Espace, &address).unwrap();
    assert_eq!(
        (verified.runtime, verified.creation),
        (Some(Match::Exact), None)
    );
}

#[tokio::test]
async fn one_changed_byte_of_source_is_no_match() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let changed = counter.changed("count += 3", "count += 4");
    for space in [ExplorerSpace::Core, ExplorerSpace::Espace] {
        let address = chain.deploy(space, &counter.runtime, Some(&counter.creation));
        let words = verify(&explorer, space, &changed.form(&address)).await;
        assert!(begins(&words, "no_match"), "{words}");
        assert_eq!(explorer.verified(space, &address), None);
        assert_eq!(item(&explorer, space, &address).await["SourceCode"], "");
    }
}

#[tokio::test]
async fn code_of_another_length_is_said_so() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    let longer = counter.changed("count += 3", "count += 3; count += 1");
    let words = verify(&explorer, ExplorerSpace::Core, &longer.form(&address)).await;
    assert!(begins(&words, "bytecode_length_mismatch"), "{words}");
}

#[tokio::test]
async fn other_metadata_is_a_match_that_an_exact_one_replaces() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(
        ExplorerSpace::Espace,
        &counter.runtime,
        Some(&counter.creation),
    );
    let levels = || {
        let verified = explorer.verified(ExplorerSpace::Espace, &address).unwrap();
        (verified.runtime, verified.creation)
    };
    let comment = counter
        .changed("starts at zero", "starts at Zero")
        .form(&address);
    assert_eq!(
        verify(&explorer, ExplorerSpace::Espace, &comment).await,
        PASS
    );
    assert_eq!(levels(), (Some(Match::Partial), Some(Match::Partial)));

    let words = verify(&explorer, ExplorerSpace::Espace, &comment).await;
    assert!(begins(&words, "already_verified"), "{words}");
    let exact = counter.form(&address);
    assert_eq!(verify(&explorer, ExplorerSpace::Espace, &exact).await, PASS);
    assert_eq!(levels(), (Some(Match::Exact), Some(Match::Exact)));
    for form in [&exact, &comment] {
        let words = verify(&explorer, ExplorerSpace::Espace, form).await;
        assert!(begins(&words, "already_verified"), "{words}");
    }
    assert_eq!(levels(), (Some(Match::Exact), Some(Match::Exact)));
}

#[tokio::test]
async fn another_compiler_makes_other_code() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    let form = counter.form(&address);
    let other = form
        .clone()
        .with("compilerversion", "v0.8.19+commit.7dd6d404");
    let words = verify(&explorer, ExplorerSpace::Core, &other).await;
    assert!(
        begins(&words, "no_match") || begins(&words, "bytecode_length_mismatch"),
        "{words}"
    );
    let unknown = form.with("compilerversion", "v0.8.20+commit.a1b79de6");
    let answer = submit(&explorer, ExplorerSpace::Core, &unknown).await;
    assert_eq!(answer["code"], 500);
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("not supported"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_single_file_is_verified_too() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    let input: serde_json::Value = serde_json::from_str(&counter.input).unwrap();
    let source = input["sources"]["A.sol"]["content"].as_str().unwrap();
    let form = counter
        .form(&address)
        .with("codeformat", "solidity-single-file")
        .with("sourceCode", source)
        .with("optimizationUsed", "0")
        .with("runs", "200");
    assert_eq!(verify(&explorer, ExplorerSpace::Core, &form).await, PASS);
    // Without the name of the file the metadata is another.
    let address = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    let form = form
        .with("contractaddress", &address)
        .with("contractname", "Counter");
    assert_eq!(verify(&explorer, ExplorerSpace::Core, &form).await, PASS);
    let verified = explorer.verified(ExplorerSpace::Core, &address).unwrap();
    assert_eq!(verified.runtime, Some(Match::Partial));
    let item = item(&explorer, ExplorerSpace::Core, &address).await;
    assert_eq!(item["SourceCode"], source);
    assert_eq!(item["ContractFileName"], "");
}

#[tokio::test]
async fn submissions_of_two_contracts_run_side_by_side() {
    let chain = FakeChain::start().await;
    let explorer = explorer_with(&chain, |config| config.pending_polls = 3).await;
    let (counter, manager) = (counter(), stand_in("PoolManager"));
    let first = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    let second = chain.deploy(ExplorerSpace::Core, &manager.runtime, None);
    let changed = manager.changed("pool.poolAPY()", "pool.poolAPy()");
    let (first, second, third) = (counter.form(&first), manager.form(&second), changed);
    // The third is of another contract that does not compile; none disturbs another.
    let other = chain.deploy(ExplorerSpace::Core, &manager.runtime, None);
    let third = third.form(&other);
    let (first, second, third) = tokio::join!(
        verify(&explorer, ExplorerSpace::Core, &first),
        verify(&explorer, ExplorerSpace::Core, &second),
        verify(&explorer, ExplorerSpace::Core, &third),
    );
    assert_eq!((first.as_str(), second.as_str()), (PASS, PASS));
    assert!(begins(&third, "compiler_error"), "{third}");
}

#[tokio::test]
async fn code_of_something_verified_is_verified_by_itself_where_that_is_wanted() {
    let chain = FakeChain::start().await;
    let explorer = explorer_with(&chain, |config| config.similar = true).await;
    let counter = counter();
    let deploy = || {
        chain.deploy(
            ExplorerSpace::Espace,
            &counter.runtime,
            Some(&counter.creation),
        )
    };
    let (first, second, third) = (deploy(), deploy(), deploy());
    assert_eq!(
        item(&explorer, ExplorerSpace::Espace, &second).await["SourceCode"],
        ""
    );
    assert_eq!(
        verify(&explorer, ExplorerSpace::Espace, &counter.form(&first)).await,
        PASS
    );
    let found = item(&explorer, ExplorerSpace::Espace, &second).await;
    assert_eq!(found["ContractName"], "Counter");
    assert_eq!(found["SimilarMatch"], first);
    // Its creation was never compared, so a submission makes it better.
    assert_eq!(
        verify(&explorer, ExplorerSpace::Espace, &counter.form(&third)).await,
        PASS
    );
    let changed = counter.changed("starts at zero", "starts at Zero");
    let words = verify(&explorer, ExplorerSpace::Espace, &changed.form(&second)).await;
    assert!(begins(&words, "already_verified"), "{words}");
}

#[tokio::test]
async fn a_verification_can_be_lost() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    assert_eq!(
        verify(&explorer, ExplorerSpace::Core, &counter.form(&address)).await,
        PASS
    );
    explorer.forget(ExplorerSpace::Core, &address);
    assert_eq!(
        item(&explorer, ExplorerSpace::Core, &address).await["SourceCode"],
        ""
    );
    assert_eq!(
        verify(&explorer, ExplorerSpace::Core, &counter.form(&address)).await,
        PASS
    );
}

#[tokio::test]
async fn polls_are_pending_as_often_as_wanted_and_for_ever_for_an_unknown_id() {
    let chain = FakeChain::start().await;
    let explorer = explorer_with(&chain, |config| config.pending_polls = 2).await;
    let counter = counter();
    let address = chain.deploy(ExplorerSpace::Espace, &counter.runtime, None);
    let taken = submit(&explorer, ExplorerSpace::Espace, &counter.form(&address)).await;
    let id = data(ExplorerSpace::Espace, &taken);
    let poll = |id: String| {
        let explorer = &explorer;
        async move {
            ask(
                explorer,
                ExplorerSpace::Espace,
                "checkverifystatus",
                &format!("guid={id}"),
            )
            .await
        }
    };
    for _ in 0..2 {
        let answer = poll(id.as_str().unwrap().to_owned()).await;
        assert_eq!(answer["status"], "0");
        assert_eq!(answer["message"], "NOTOK");
        assert_eq!(answer["result"], "Pending in queue");
    }
    assert_eq!(
        end(&explorer, ExplorerSpace::Espace, id.as_str().unwrap()).await,
        PASS
    );
    for _ in 0..5 {
        let unknown = poll("6b0a1f5e-0000-4000-a000-000000000000".to_owned()).await;
        assert_eq!(unknown["result"], "Pending in queue");
    }
}

#[tokio::test]
async fn both_body_forms_are_read_in_both_spaces() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    for space in [ExplorerSpace::Core, ExplorerSpace::Espace] {
        let address = chain.deploy(space, &counter.runtime, None);
        // Everything is in the body, module and action too.
        let url = match space {
            ExplorerSpace::Core => format!("{}/contract/verifysourcecode", explorer.core_url()),
            ExplorerSpace::Espace => format!("{}/api", explorer.espace_url()),
        };
        let body = counter.form(&address).json().to_string();
        let answer = crate::client::post(&url, "application/json", body)
            .await
            .unwrap();
        let id = data(space, &answer.json());
        assert_eq!(end(&explorer, space, id.as_str().unwrap()).await, PASS);
    }
    let empty = Form::new(&[]);
    let answer = submit(&explorer, ExplorerSpace::Core, &empty).await;
    assert_eq!(answer["code"], 500);
}
