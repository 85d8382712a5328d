//! What goes wrong on demand.

use pospool_explorer::{Explorer, ExplorerFault, ExplorerSpace};

use crate::chain::FakeChain;
use crate::client::{
    FORM, ask, data, end, explorer, explorer_with, get, post, submit, submit_url, until,
    until_gone, verify,
};
use crate::sources::{Contract, counter};

const PASS: &str = "Pass - Verified";
const BUSY: &str = "Business is busy, please try again later";

async fn scene() -> (FakeChain, Explorer, Contract, String) {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    (chain, explorer, counter, address)
}

#[tokio::test]
async fn a_busy_explorer_takes_nothing_or_only_says_so() {
    let (_chain, explorer, counter, address) = scene().await;
    let form = counter.form(&address);
    explorer.set(ExplorerFault::Busy(1));
    let answer = submit(&explorer, ExplorerSpace::Core, &form).await;
    assert_eq!(answer["code"], 1);
    assert_eq!(
        (&answer["message"], &answer["data"]),
        (&"NOTOK".into(), &BUSY.into())
    );

    // Taken all the same: the next submission finds it running, or done.
    explorer.set(ExplorerFault::BusyButTaken(1));
    explorer.set(ExplorerFault::Held(true));
    let answer = submit(&explorer, ExplorerSpace::Core, &form).await;
    assert_eq!(answer["data"], BUSY);
    let again = submit(&explorer, ExplorerSpace::Core, &form).await;
    assert_eq!(again["message"], "Error: Too Many Requests");
    explorer.set(ExplorerFault::Held(false));
    until(|| explorer.verified(ExplorerSpace::Core, &address).is_some()).await;
}

#[tokio::test]
async fn a_contract_has_one_submission_at_a_time() {
    let (_chain, explorer, counter, address) = scene().await;
    let form = counter.form(&address);
    explorer.set(ExplorerFault::Held(true));
    let first = data(
        ExplorerSpace::Core,
        &submit(&explorer, ExplorerSpace::Core, &form).await,
    );
    let second = submit(&explorer, ExplorerSpace::Core, &form).await;
    assert_eq!(second["code"], 500);
    assert_eq!(second["message"], "Error: Too Many Requests");
    for _ in 0..3 {
        let query = format!("guid={}", first.as_str().unwrap());
        let answer = ask(&explorer, ExplorerSpace::Core, "checkverifystatus", &query).await;
        assert_eq!(answer["data"], "Pending in queue");
    }
    explorer.set(ExplorerFault::Held(false));
    assert_eq!(
        end(&explorer, ExplorerSpace::Core, first.as_str().unwrap()).await,
        PASS
    );
    let third = verify(&explorer, ExplorerSpace::Core, &form).await;
    assert!(third.starts_with("already_verified:"), "{third}");
}

#[tokio::test]
async fn an_explorer_behind_the_chain_says_that_nothing_is_deployed() {
    let (_chain, explorer, counter, address) = scene().await;
    explorer.set(ExplorerFault::NotIndexed(1));
    let form = counter.form(&address);
    let words = verify(&explorer, ExplorerSpace::Core, &form).await;
    assert!(words.starts_with("contract_not_deployed:"), "{words}");
    explorer.set(ExplorerFault::Broken(1));
    let words = verify(&explorer, ExplorerSpace::Core, &form).await;
    assert!(words.starts_with("internal_error:"), "{words}");
    assert_eq!(verify(&explorer, ExplorerSpace::Core, &form).await, PASS);
}

#[tokio::test]
async fn where_there_is_no_contract_none_is_deployed() {
    let (_chain, explorer, counter, _) = scene().await;
    let form = counter.form(&format!("0x{}", "9".repeat(40)));
    let words = verify(&explorer, ExplorerSpace::Espace, &form).await;
    assert!(words.starts_with("contract_not_deployed:"), "{words}");
}

#[tokio::test]
async fn a_chain_that_is_gone_cannot_be_read() {
    let (chain, explorer, counter, address) = scene().await;
    drop(chain);
    let words = verify(&explorer, ExplorerSpace::Core, &counter.form(&address)).await;
    assert!(words.starts_with("cannot_fetch_bytecode:"), "{words}");
}

#[tokio::test]
async fn too_many_requests_are_refused_alike_in_both_spaces() {
    let (_chain, explorer, ..) = scene().await;
    for space in [ExplorerSpace::Core, ExplorerSpace::Espace] {
        explorer.set(ExplorerFault::Limited(1));
        let answer = ask(&explorer, space, "checkverifystatus", "guid=x").await;
        let expected = r#"{"code":429,"message":"Too many requests. Allow 5/s"}"#;
        assert_eq!(answer.to_string(), expected);
        assert_ne!(
            ask(&explorer, space, "checkverifystatus", "guid=x").await["code"],
            429
        );
    }
}

#[tokio::test]
async fn the_limit_itself_can_be_switched_on() {
    let chain = FakeChain::start().await;
    let explorer = explorer_with(&chain, |config| config.rate_limit = true).await;
    // However slowly this runs, it is over 5 in each second and 20 more in ten only when it is fast enough; so it
    // goes on until it was, and it must have been admitted before.
    let mut admitted = 0;
    loop {
        let answer = ask(
            &explorer,
            ExplorerSpace::Core,
            "checkverifystatus",
            "guid=x",
        )
        .await;
        if answer["code"] == 429 {
            break;
        }
        admitted += 1;
    }
    assert!(admitted >= 25, "{admitted}");
}

#[tokio::test]
async fn gates_and_silence_come_before_and_after_the_work() {
    let (_chain, explorer, counter, address) = scene().await;
    let url = submit_url(&explorer, ExplorerSpace::Core);
    let form = counter.form(&address);
    explorer.set(ExplorerFault::BadGateway(1));
    let answer = post(&url, FORM, form.text()).await.unwrap();
    assert_eq!(answer.status, 502);
    assert!(
        serde_json::from_str::<serde_json::Value>(&answer.text).is_err(),
        "a page"
    );

    explorer.set(ExplorerFault::Silent(1));
    let silence = post(&url, FORM, form.text()).await;
    assert!(silence.is_err(), "{silence:?}");
    until(|| explorer.verified(ExplorerSpace::Core, &address).is_some()).await;
}

#[tokio::test]
async fn an_answer_can_be_made_up() {
    let (_chain, explorer, ..) = scene().await;
    for (space, expected) in [
        (
            ExplorerSpace::Core,
            r#"{"code":501,"message":"Parameter absent:x"}"#,
        ),
        (
            ExplorerSpace::Espace,
            r#"{"message":"Parameter absent:x","status":"0"}"#,
        ),
    ] {
        explorer.set(ExplorerFault::Answered {
            times: 1,
            code: 501,
            message: "Parameter absent:x".to_owned(),
        });
        let answer = ask(&explorer, space, "getabi", "address=x").await;
        assert_eq!(answer.to_string(), expected);
    }
}

#[tokio::test]
async fn a_repeated_submission_can_be_a_conflict() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(
        ExplorerSpace::Espace,
        &counter.runtime,
        Some(&counter.creation),
    );
    let form = counter.form(&address);
    explorer.set(ExplorerFault::Conflict(true));
    assert_eq!(verify(&explorer, ExplorerSpace::Espace, &form).await, PASS);
    let answer = submit(&explorer, ExplorerSpace::Espace, &form).await;
    assert_eq!(answer["message"], "Error: Conflict");
    // It is one only where both codes are exact.
    let address = chain.deploy(ExplorerSpace::Espace, &counter.runtime, None);
    let form = form.with("contractaddress", &address);
    assert_eq!(verify(&explorer, ExplorerSpace::Espace, &form).await, PASS);
    let words = verify(&explorer, ExplorerSpace::Espace, &form).await;
    assert!(words.starts_with("already_verified:"), "{words}");
}

#[tokio::test]
async fn a_stopped_explorer_closes_its_connections() {
    let (_chain, explorer, ..) = scene().await;
    let url = format!("{}/contract/checkverifystatus?guid=x", explorer.core_url());
    assert!(get(&url).await.is_ok());
    explorer.stop();
    until_gone(&url).await;
}
