//! What is refused before anything is compiled, and where values are read from.

use pospool_explorer::{Explorer, ExplorerConfig, ExplorerSpace};
use serde_json::{Value as Json, json};

use crate::chain::FakeChain;
use crate::client::{
    FORM, Form, ask, cache, data, explorer, get, post, submit, submit_url, until_gone,
};
use crate::sources::counter;

const BOTH: [ExplorerSpace; 2] = [ExplorerSpace::Core, ExplorerSpace::Espace];

fn message(answer: &Json) -> &str {
    answer["message"].as_str().unwrap()
}

#[tokio::test]
async fn a_refusal_has_its_words_in_the_message_and_no_data() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    for space in BOTH {
        let address = chain.deploy(space, &counter.runtime, None);
        let form = counter.form(&address);
        let table = [
            (
                form.clone().without("contractaddress"),
                "contractAddress is required",
            ),
            (
                form.clone().with("evmversion", "default"),
                "EVM version default not supported",
            ),
            (
                form.clone().with("contractaddress", "0x12"),
                "Error: Bad Request",
            ),
            (form.clone().with("sourceCode", "{}"), "TypeError"),
        ];
        for (form, words) in table {
            let answer = submit(&explorer, space, &form).await;
            assert!(message(&answer).contains(words), "{answer}");
            let (sign, data) = match space {
                ExplorerSpace::Core => (&answer["code"], answer.get("data")),
                ExplorerSpace::Espace => (&answer["status"], answer.get("result")),
            };
            let failed = if space == ExplorerSpace::Core {
                json!(500)
            } else {
                json!("0")
            };
            assert_eq!((sign, data), (&failed, None));
        }
    }
}

#[tokio::test]
async fn the_address_of_the_other_space_is_refused() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let core = chain.deploy(ExplorerSpace::Core, &counter.runtime, None);
    let answer = submit(&explorer, ExplorerSpace::Espace, &counter.form(&core)).await;
    assert_eq!(message(&answer), "Error: Bad Request");
    let answer = ask(
        &explorer,
        ExplorerSpace::Espace,
        "getsourcecode",
        &format!("address={core}"),
    )
    .await;
    assert!(message(&answer).contains("another network"), "{answer}");
}

#[tokio::test]
async fn an_address_that_is_too_long_is_answered_with_510_and_the_query() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let long = format!("0x{}", "8".repeat(41));
    let answer = ask(
        &explorer,
        ExplorerSpace::Core,
        "getabi",
        &format!("address={long}"),
    )
    .await;
    let expected = json!({
        "code": 510,
        "message": "Invalid Parameter.",
        "data": { "address": long },
    });
    assert_eq!(answer, expected);
    let answer = ask(
        &explorer,
        ExplorerSpace::Espace,
        "getabi",
        &format!("address={long}"),
    )
    .await;
    assert_eq!(answer["status"], "0");
    assert_eq!(answer["result"]["address"], long);
}

#[tokio::test]
async fn a_status_is_asked_for_in_the_query_even_by_post() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let url = format!("{}/api", explorer.espace_url());
    let form = Form::new(&[
        ("module", "contract"),
        ("action", "checkverifystatus"),
        ("guid", "x"),
    ]);
    // Module and action are found in the body, the id is not.
    let answer = post(&url, FORM, form.text()).await.unwrap().json();
    assert!(message(&answer).contains("guid is required"), "{answer}");
    let answer = post(&format!("{url}?{}", form.text()), FORM, String::new()).await;
    assert_eq!(answer.unwrap().json()["result"], "Pending in queue");
    let core = format!("{}/contract/checkverifystatus?guid=x", explorer.core_url());
    assert_eq!(post(&core, FORM, String::new()).await.unwrap().status, 404);
    assert_eq!(get(&core).await.unwrap().json()["data"], "Pending in queue");
}

#[tokio::test]
async fn a_query_hides_the_body_of_a_submission_from_the_gateway() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let address = chain.deploy(ExplorerSpace::Espace, &counter.runtime, None);
    let body = counter.form(&address).text();
    let base = format!("{}/api", explorer.espace_url());
    let answer = post(&format!("{base}?apiKey=x"), FORM, body.clone()).await;
    assert_eq!(message(&answer.unwrap().json()), "unknown module:undefined");
    // The fields of the submission are read from the body alone.
    let answer = post(&format!("{base}?{body}"), FORM, String::new()).await;
    let answer = answer.unwrap();
    assert!(
        message(&answer.json()).contains("contractAddress is required"),
        "{answer:?}"
    );
    data(
        ExplorerSpace::Espace,
        &post(&base, FORM, body).await.unwrap().json(),
    );
}

#[tokio::test]
async fn bodies_are_limited_by_their_type() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let counter = counter();
    let filler = |length: usize| " ".repeat(length);
    for space in BOTH {
        let address = chain.deploy(space, &counter.runtime, None);
        let url = submit_url(&explorer, space);
        let form = counter.form(&address);
        let large = form.clone().with(
            "sourceCode",
            &format!("{}{}", counter.input, filler(1 << 20)),
        );
        let answer = post(&url, "application/json", large.json().to_string())
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (413, "request entity too large")
        );
        // A form of the same size is taken: it may have ten times as much.
        data(space, &post(&url, FORM, large.text()).await.unwrap().json());
        let body = form.with("sourceCode", &filler(10 << 20)).text();
        assert_eq!(post(&url, FORM, body).await.unwrap().status, 413);
    }
    let url = submit_url(&explorer, ExplorerSpace::Core);
    let answer = post(&url, "application/json", "{".to_owned())
        .await
        .unwrap();
    assert_eq!(answer.status, 400);
    let answer = post(&url, "text/plain", "contractaddress=x".to_owned())
        .await
        .unwrap();
    assert!(message(&answer.json()).contains("contractAddress is required"));
}

#[tokio::test]
async fn there_is_no_explorer_without_a_chain() {
    let gone = "http://127.0.0.1:9";
    let error = Explorer::start(ExplorerConfig::new(gone, gone, cache()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "explorer/chain");
    assert!(error.to_string().contains(gone), "{error}");
}

#[tokio::test]
async fn a_taken_port_is_named_and_a_stopped_explorer_frees_its_own() {
    let chain = FakeChain::start().await;
    let first = explorer(&chain).await;
    let port: u16 = first
        .core_url()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let config = || ExplorerConfig {
        core_port: port,
        ..ExplorerConfig::new(chain.url(), chain.url(), cache())
    };
    let error = Explorer::start(config()).await.unwrap_err();
    assert_eq!(error.code(), "explorer/listen");
    let url = first.core_url();
    first.stop();
    // The task that listens ends as soon as the runtime gets to it.
    until_gone(&url).await;
}
