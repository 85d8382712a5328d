//! A client of the explorer that does not know how it is to be used: it writes what a test says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pospool_explorer::{
    Cache, Explorer, ExplorerConfig, ExplorerSpace, Tools, Workshop, shared_cache,
};
use serde_json::Value as Json;

use crate::chain::FakeChain;

/// Compilers are loaded into it once, and stay.
pub(crate) fn cache() -> Cache {
    shared_cache(Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer-cache"))
}

/// An explorer of a chain, as it is made by default.
pub(crate) async fn explorer(chain: &FakeChain) -> Explorer {
    explorer_with(chain, |_| {}).await
}

pub(crate) async fn explorer_with(
    chain: &FakeChain,
    change: impl FnOnce(&mut ExplorerConfig),
) -> Explorer {
    // One for all tests, since many hand the same contract in.
    static WORKSHOP: LazyLock<Arc<Workshop>> =
        LazyLock::new(|| Arc::new(Workshop::new(cache(), Tools::default())));
    let mut config = ExplorerConfig::new(chain.url(), chain.url(), cache());
    config.workshop = Arc::clone(&WORKSHOP);
    change(&mut config);
    Explorer::start(config).await.unwrap()
}

/// Fields of a form, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn new(fields: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(fields.iter().map(owned).collect())
    }

    /// Sets a field, or adds it.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a field out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn text(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| {
            let mut pair = format!("{name}=");
            for byte in value.bytes() {
                match byte {
                    b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => pair.push(char::from(byte)),
                    b' ' => pair.push('+'),
                    other => write!(pair, "%{other:02X}").unwrap(),
                }
            }
            pair
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    pub(crate) fn json(&self) -> Json {
        let fields: BTreeMap<_, _> = self.0.iter().cloned().collect();
        serde_json::json!(fields)
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Heard {
    pub(crate) fn json(&self) -> Json {
        assert_eq!(self.status, 200, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Each test has a runtime of its own, so no connection is kept for the next one.
    let builder = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0);
    builder.build().unwrap()
});

pub(crate) async fn get(url: &str) -> Result<Heard, reqwest::Error> {
    heard(HTTP.get(url)).await
}

pub(crate) async fn post(url: &str, kind: &str, body: String) -> Result<Heard, reqwest::Error> {
    heard(HTTP.post(url).header("content-type", kind).body(body)).await
}

async fn heard(request: reqwest::RequestBuilder) -> Result<Heard, reqwest::Error> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    Ok(Heard { status, text })
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Asks in the dialect of a space; the name is the one in eSpace.
pub(crate) async fn ask(
    explorer: &Explorer,
    space: ExplorerSpace,
    name: &str,
    query: &str,
) -> Json {
    let url = match space {
        ExplorerSpace::Core => format!("{}/contract/{name}?{query}", explorer.core_url()),
        ExplorerSpace::Espace => {
            let base = explorer.espace_url();
            format!("{base}/api?module=contract&action={name}&{query}")
        }
    };
    get(&url).await.unwrap().json()
}

/// Hands a form in, in the dialect of a space.
pub(crate) async fn submit(explorer: &Explorer, space: ExplorerSpace, form: &Form) -> Json {
    let url = submit_url(explorer, space);
    post(&url, FORM, form.text()).await.unwrap().json()
}

pub(crate) fn submit_url(explorer: &Explorer, space: ExplorerSpace) -> String {
    match space {
        ExplorerSpace::Core => format!("{}/contract/verifysourcecode", explorer.core_url()),
        ExplorerSpace::Espace => {
            let base = explorer.espace_url();
            format!("{base}/api?module=contract&action=verifysourcecode")
        }
    }
}

/// The data of an answer that is a success.
pub(crate) fn data(space: ExplorerSpace, answer: &Json) -> Json {
    let (good, data) = match space {
        ExplorerSpace::Core => (answer["code"] == 0, &answer["data"]),
        ExplorerSpace::Espace => (answer["status"] == "1", &answer["result"]),
    };
    assert!(good && answer["message"] == "OK", "{answer}");
    data.clone()
}

/// Hands a form in and asks for its end, which it returns in the words of the explorer.
pub(crate) async fn verify(explorer: &Explorer, space: ExplorerSpace, form: &Form) -> String {
    let taken = submit(explorer, space, form).await;
    let id = data(space, &taken);
    end(explorer, space, id.as_str().unwrap()).await
}

pub(crate) async fn end(explorer: &Explorer, space: ExplorerSpace, id: &str) -> String {
    for _ in 0..10 {
        let answer = ask(explorer, space, "checkverifystatus", &format!("guid={id}")).await;
        let words = match space {
            ExplorerSpace::Core => &answer["data"],
            ExplorerSpace::Espace => &answer["result"],
        };
        let words = words.as_str().unwrap();
        if words != "Pending in queue" {
            return words.to_owned();
        }
    }
    panic!("it is pending for ever");
}

/// The only item of an answer about a source.
pub(crate) async fn item(explorer: &Explorer, space: ExplorerSpace, address: &str) -> Json {
    let answer = ask(
        explorer,
        space,
        "getsourcecode",
        &format!("address={address}"),
    )
    .await;
    let items = data(space, &answer);
    assert_eq!(items.as_array().unwrap().len(), 1);
    items[0].clone()
}

/// Waits for something that happens by itself.
pub(crate) async fn until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until nobody answers there.
pub(crate) async fn until_gone(url: &str) {
    while get(url).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
