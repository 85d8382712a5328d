//! `verification`: that the code on the chain is that of the source, and that an explorer says so too.
//!
//! - Reads: contracts of the spec, compiled code of sources, code on the chain, answers of an explorer.
//! - Returns: normal forms and places of explorers here; looks, designs and effects in the modules below.
//! - Never: believes an explorer instead of the chain: the local comparison is made before anything is handed in.
//!
//! ```text
//! parts (what should be where) --observe--> compare: exact | metadata | different --> the attribute `verified`
//!                              --design---> check (waits for the chain), then submit (asks, hands in, polls)
//! submit: explorer (questions, answers, what they mean) over web (HTTP, five a second)
//! ```

pub(crate) mod check;
mod compare;
pub(crate) mod design;
mod explorer;
mod licence;
pub(crate) mod observe;
mod parts;
mod schema;
pub(crate) mod submit;
mod web;

use pospool_conflux::Space;
use pospool_model::kind::Attribute;
use pospool_model::{Address, Attributes, Code, Problem, Value};

pub(crate) use compare::{Hole, Likeness, compare_code};
pub(crate) use parts::{CompiledPart, read_runtime};
pub(crate) use schema::{VERIFICATION, VerificationSpec};
pub(crate) use web::Web;

use crate::codes;

/// The attribute that tells what is there; the spec need not write it.
const VERIFIED: &str = "verified";
const BAD_EXPLORER: Code = codes::BAD_EXPLORER;

/// Where an explorer is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ExplorerSite {
    /// URL of its API, without a slash at the end.
    api: String,
    /// URL of its pages, without a slash at the end.
    pages: String,
}

/// `ConfluxScan` by network and space: API and pages.
const CONFLUXSCAN: &[(&str, Space, &str, &str)] = &[
    (
        "mainnet",
        Space::Core,
        "https://api.confluxscan.org",
        "https://confluxscan.org",
    ),
    (
        "mainnet",
        Space::Espace,
        "https://evmapi.confluxscan.org",
        "https://evm.confluxscan.org",
    ),
    (
        "testnet",
        Space::Core,
        "https://api-testnet.confluxscan.org",
        "https://testnet.confluxscan.org",
    ),
    (
        "testnet",
        Space::Espace,
        "https://evmapi-testnet.confluxscan.org",
        "https://evmtestnet.confluxscan.org",
    ),
];

/// Brings attributes into their normal form: a list of contracts, and the wish that all is verified.
pub(crate) fn normalise_verification(
    mut attributes: Attributes,
) -> Result<Attributes, Vec<Problem>> {
    let mut problems = Vec::new();
    let wanted = VerificationSpec::read(&attributes);
    let many = wanted.contracts != Attribute::Known(&[]) && !wanted.contracts.is_absent();
    if many != wanted.contract.is_absent() {
        let summary = "a verification names one `contract`, or `contracts` in a list";
        problems.push(Problem::new(
            codes::NOTHING_TO_VERIFY,
            &["contract"],
            summary,
        ));
    }
    if let Some(explorer) = wanted.explorer.known()
        && let Err(summary) = check_explorer(explorer)
    {
        problems.push(Problem::new(BAD_EXPLORER, &["explorer"], summary).help(
            "write \"confluxscan\", a URL, or { core = \"https://…\", espace = \"https://…\" }",
        ));
    }
    if let (Some(explorer), false) = (wanted.explorer.known(), wanted.api_key.is_absent())
        && let Some(url) = plain_url(explorer)
    {
        let summary = format!("`api_key` would go to {url} in plain text");
        let problem = Problem::new(BAD_EXPLORER, &["explorer"], summary);
        problems.push(problem.help("write an https:// URL, or leave `api_key` out"));
    }
    let wish = attributes
        .entry(VERIFIED.to_owned())
        .or_insert(Value::Bool(true));
    if *wish != Value::Bool(true) {
        let summary = "`verified` can only be wished to be `true`; leave it out";
        problems.push(Problem::new(codes::NOTHING_TO_VERIFY, &[VERIFIED], summary));
    }
    if problems.is_empty() {
        Ok(attributes)
    } else {
        Err(problems)
    }
}

fn check_explorer(explorer: &Value) -> Result<(), String> {
    match explorer {
        Value::Text(text) if text == "confluxscan" => Ok(()),
        Value::Text(text) => check_url(text),
        Value::Map(map) => map.iter().try_for_each(|(name, value)| {
            let known = [Space::Core, Space::Espace].map(Space::word);
            match value {
                Value::Text(text) if known.contains(&name.as_str()) => check_url(text),
                Value::Unknown => Ok(()),
                _ => Err(format!(
                    "`{name} = {value}` is not the URL of a space's explorer"
                )),
            }
        }),
        other => Err(format!("{other} is not an explorer")),
    }
}

/// The first URL without encryption that leads to another machine.
fn plain_url(explorer: &Value) -> Option<&str> {
    let texts: Vec<&str> = match explorer {
        Value::Map(map) => map.values().filter_map(Value::as_text).collect(),
        other => other.as_text().into_iter().collect(),
    };
    let is_plain = |text: &&str| {
        let url = reqwest::Url::parse(text).ok();
        url.is_some_and(|url| url.scheme() == "http" && !is_this_machine(&url))
    };
    texts.into_iter().find(is_plain)
}

fn is_this_machine(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn check_url(text: &str) -> Result<(), String> {
    let url = reqwest::Url::parse(text).ok();
    let is_web = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if url.as_ref().is_some_and(is_web) {
        Ok(())
    } else {
        Err(format!("`{text}` is not an http:// or https:// URL"))
    }
}

/// The explorer of a space; `None` where the spec names none.
fn site(wanted: &Attributes, network: &str, space: Space) -> Result<Option<ExplorerSite>, Problem> {
    let own = |text: &str| {
        let url = text.trim_end_matches('/').to_owned();
        Some(ExplorerSite {
            api: url.clone(),
            pages: url,
        })
    };
    match VerificationSpec::read(wanted).explorer.known() {
        Some(Value::Text(text)) if text == "confluxscan" => {
            let mut known = CONFLUXSCAN.iter();
            let found = known.find(|(name, of, ..)| (*name, *of) == (network, space));
            let found = found.map(|(_, _, api, pages)| ExplorerSite {
                api: (*api).to_owned(),
                pages: (*pages).to_owned(),
            });
            found.map(Some).ok_or_else(|| {
                let summary = format!("ConfluxScan knows no network `{network}`");
                Problem::new(BAD_EXPLORER, &["explorer"], summary)
                    .help("leave `explorer` out, or give the URL of one that looks at this network")
            })
        }
        Some(Value::Text(text)) => Ok(own(text)),
        Some(Value::Map(map)) => {
            let text = map.get(space.word()).and_then(Value::as_text);
            text.map(own).ok_or_else(|| {
                let summary = format!("`explorer` has no URL for {}", space.title());
                Problem::new(BAD_EXPLORER, &["explorer"], summary)
                    .help(format!("add `{} = \"https://…\"`", space.word()))
            })
        }
        _ => Ok(None),
    }
}

/// The contracts that a verification names.
fn contracts(attributes: &Attributes) -> Vec<&Address> {
    let wanted = VerificationSpec::read(attributes);
    let listed = wanted.contracts.known().unwrap_or_default().iter();
    let one = wanted.contract.known();
    one.into_iter()
        .chain(listed.filter_map(Value::as_resource))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(pairs: &[(&str, Value)]) -> Attributes {
        let owned = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
        pairs.iter().map(owned).collect()
    }

    fn pool() -> Value {
        Value::Resource("core_contract.pool".parse().unwrap())
    }

    #[test]
    fn one_contract_or_a_list_of_them() {
        let normal = normalise_verification(wanted(&[("contract", pool())])).unwrap();
        assert_eq!(normal[VERIFIED], Value::Bool(true));
        assert_eq!(normalise_verification(normal.clone()).unwrap(), normal);
        assert_eq!(contracts(&normal).len(), 1);
        let list = Value::List(vec![pool(), pool()]);
        assert_eq!(contracts(&wanted(&[("contracts", list.clone())])).len(), 2);
        let wrong = [
            vec![],
            vec![("contracts", Value::List(Vec::new()))],
            vec![("contract", pool()), ("contracts", list)],
            vec![("contract", pool()), (VERIFIED, Value::Bool(false))],
        ];
        for wrong in wrong {
            let problems = normalise_verification(wanted(&wrong)).unwrap_err();
            assert_eq!(problems[0].code, "chain/nothing-to-verify", "{wrong:?}");
        }
    }

    #[test]
    fn an_explorer_is_known_or_given_by_url() {
        let explorer = |value: Value| wanted(&[("contract", pool()), ("explorer", value)]);
        for wrong in [
            Value::from("etherscan"),
            Value::from("ftp://here"),
            Value::Integer(1),
            Value::Map([("both".to_owned(), Value::from("https://x"))].into()),
        ] {
            let problems = normalise_verification(explorer(wrong.clone())).unwrap_err();
            assert_eq!(problems[0].code, BAD_EXPLORER, "{wrong}");
        }
        let scan = normalise_verification(explorer(Value::from("confluxscan"))).unwrap();
        let api = |network, space| site(&scan, network, space).map(|site| site.unwrap().api);
        assert_eq!(
            api("testnet", Space::Espace).unwrap(),
            "https://evmapi-testnet.confluxscan.org"
        );
        assert_eq!(
            api("mainnet", Space::Core).unwrap(),
            "https://api.confluxscan.org"
        );
        assert_eq!(api("devnet", Space::Core).unwrap_err().code, BAD_EXPLORER);
        let map = Value::Map([("core".to_owned(), Value::from("http://x/"))].into());
        let own = normalise_verification(explorer(map)).unwrap();
        assert_eq!(
            site(&own, "devnet", Space::Core).unwrap().unwrap().api,
            "http://x"
        );
        assert!(site(&own, "devnet", Space::Espace).is_err());
        assert_eq!(site(&wanted(&[]), "mainnet", Space::Core), Ok(None));
    }
}
