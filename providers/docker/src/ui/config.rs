//! What the page must know of its pool: the text of `pool.config.js`.
//!
//! - Reads: the page's desired config, and what the chain says of itself.
//! - Returns: the configuration as a module for the build, and as JSON for pages that read it when they are opened.
//! - Never: holds anything that a visitor may not read.

use pospool_model::{Attributes, Problem, Value};
use serde_json::{Value as Json, json};

use super::wish::{DesiredPage, NO_KEY, url_origin};
use crate::attributes::attribute_text;
use crate::codes;
use crate::ui::schema::UiSpec;

/// Name of the module that the reference interface compiles in.
pub(crate) const MODULE: &str = "pool.config.js";
/// Name of the same as data, beside the page's files.
pub(crate) const DATA: &str = "pool.config.json";

/// What a page needs from the chain, as far as its own block does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChainSide {
    network: String,
    core_id: i64,
    espace_id: i64,
    core_rpc: Option<String>,
    espace_rpc: Option<String>,
    /// The chain has an RPC of eSpace, and none that may be in a page.
    espace_is_keyed: bool,
}

impl ChainSide {
    /// Reads a chain's outputs.
    pub(crate) fn read(outputs: &Attributes) -> Self {
        let number = |name: &str| outputs.get(name).and_then(Value::as_integer).unwrap_or(0);
        let owned = |name: &str| attribute_text(outputs, name).map(str::to_owned);
        Self {
            network: owned("network").unwrap_or_default(),
            core_id: number("core_chain_id"),
            espace_id: number("espace_chain_id"),
            // The chain's own ones may hold a key.
            core_rpc: owned("public_core_rpc"),
            espace_rpc: owned("public_espace_rpc"),
            espace_is_keyed: outputs.contains_key("espace_rpc")
                && !outputs.contains_key("public_espace_rpc"),
        }
    }

    /// Everything that changes the page, in one text for a digest.
    pub(crate) fn digest_text(&self, wanted: &Attributes) -> String {
        let Self {
            network,
            core_id,
            espace_id,
            ..
        } = self;
        let core = UiSpec::read(wanted)
            .core_rpc
            .known()
            .or(self.core_rpc.as_deref());
        let espace = UiSpec::read(wanted)
            .espace_rpc
            .known()
            .or(self.espace_rpc.as_deref());
        json!([network, core_id, espace_id, core, espace]).to_string()
    }
}

/// The configuration of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageConfig {
    /// As data.
    pub(crate) data: Json,
    /// Origins that the page talks to.
    pub(crate) connect: Vec<String>,
}

impl PageConfig {
    /// Renders the configuration.
    pub(crate) fn new(desired: &DesiredPage, chain: &ChainSide) -> Result<Self, Problem> {
        let Some(core) = desired.core_rpc.clone().or_else(|| chain.core_rpc.clone()) else {
            return Err(Problem::new(
                codes::MISSING_ATTRIBUTE,
                &["core_rpc"],
                "no RPC of Core Space is known that the page could ask: those of the chain may hold a key",
            )
            .help(NO_KEY));
        };
        // A chain without eSpace RPC: the page shows what Core Space knows.
        let espace = desired
            .espace_rpc
            .clone()
            .or_else(|| chain.espace_rpc.clone());
        if espace.is_none() && chain.espace_is_keyed {
            let what = "the RPC of eSpace may hold a key, and a page is read by everybody";
            return Err(
                Problem::new(codes::MISSING_ATTRIBUTE, &["espace_rpc"], what)
                    .help(NO_KEY.replace("core_rpc", "espace_rpc")),
            );
        }
        let (core_name, espace_name) = names(&chain.network);
        let one = json!({
            "poolManagerAddress": desired.manager,
            "core": { "name": core_name, "RPC": core, "networkId": chain.core_id },
            "eSpace": {
                "name": espace_name,
                "RPC": espace.clone().unwrap_or_default(),
                "networkId": chain.espace_id,
            },
        });
        let mut connect: Vec<String> = [Some(core), espace]
            .into_iter()
            .flatten()
            .filter_map(|url| url_origin(&url).ok())
            .collect();
        connect.sort();
        connect.dedup();
        // The reference interface chooses by the name of the host that it is opened under, and a
        // pool is on one network only, whatever its site is called.
        let data = json!({ "defaultLang": "en", "testnet": one, "mainnet": one });
        Ok(Self { data, connect })
    }
}

/// The configuration as a `CommonJS` module; JSON is `JavaScript` since ES2019.
pub(crate) fn config_module(data: &Json) -> String {
    format!("module.exports = {data:#};\n")
}

/// Names of both spaces, as wallets show them.
fn names(network: &str) -> (&'static str, &'static str) {
    match network {
        "mainnet" => ("Conflux Hydra", "Conflux eSpace"),
        "testnet" => ("Conflux Testnet", "Conflux eSpace (Testnet)"),
        _ => ("Conflux Devnet", "Conflux eSpace (Devnet)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::wish::tests::desired;

    fn chain() -> ChainSide {
        ChainSide::read(&Attributes::from([
            ("network".to_owned(), Value::from("testnet")),
            ("core_chain_id".to_owned(), Value::Integer(1)),
            ("espace_chain_id".to_owned(), Value::Integer(71)),
            (
                "public_core_rpc".to_owned(),
                Value::from("https://test.confluxrpc.com"),
            ),
        ]))
    }

    #[test]
    fn both_names_of_the_network_mean_the_pool_s_own() {
        let config = PageConfig::new(&desired(&[]), &chain()).unwrap();
        assert_eq!(config.data["testnet"], config.data["mainnet"]);
        assert_eq!(config.data["mainnet"]["core"]["networkId"], 1);
        assert_eq!(config.data["mainnet"]["eSpace"]["networkId"], 71);
        assert_eq!(config.connect, ["https://test.confluxrpc.com"]);
        let text = config_module(&config.data);
        assert!(text.starts_with("module.exports = {\n"), "{text}");
    }

    #[test]
    fn what_the_page_s_block_says_comes_before_the_chain() {
        let path = "https://rpc.example:8443/a";
        let one = desired(&[("core_rpc", path.into()), ("public_rpc", true.into())]);
        let config = PageConfig::new(&one, &chain()).unwrap();
        assert_eq!(config.connect, ["https://rpc.example:8443"]);
        let written = [("core_rpc".to_owned(), "https://rpc.example".into())].into();
        assert_ne!(
            chain().digest_text(&written),
            chain().digest_text(&Attributes::new())
        );
        let error = PageConfig::new(&desired(&[]), &ChainSide::default()).unwrap_err();
        assert_eq!(error.path, ["core_rpc"]);
    }

    #[test]
    fn case_key_in_url_an_rpc_of_the_chain_with_a_key_is_not_published() {
        let keyed = pospool_model::Endpoint::parse("https://rpc.example/hunter2").unwrap();
        let mut outputs = Attributes::from([
            ("network".to_owned(), Value::from("testnet")),
            ("core_rpc".to_owned(), keyed.clone().into()),
            ("espace_rpc".to_owned(), keyed.into()),
        ]);
        let config =
            |outputs: &Attributes| PageConfig::new(&desired(&[]), &ChainSide::read(outputs));
        assert_eq!(config(&outputs).unwrap_err().path, ["core_rpc"]);
        let public = Value::from("https://test.confluxrpc.com");
        outputs.insert("public_core_rpc".to_owned(), public);
        let error = config(&outputs).unwrap_err();
        assert_eq!(error.path, ["espace_rpc"]);
        assert!(error.help.unwrap().starts_with("write `espace_rpc`"));
        let public = Value::from("https://evmtestnet.confluxrpc.com");
        outputs.insert("public_espace_rpc".to_owned(), public);
        let config = config(&outputs).unwrap();
        assert_eq!(config.connect.len(), 2);
        assert!(!config_module(&config.data).contains("rpc.example"));
    }
}
