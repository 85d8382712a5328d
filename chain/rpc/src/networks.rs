//! The public networks: their ids, and their endpoints with the hosts at which these are free.
//!
//! - Reads: nothing.
//! - Returns: facts of a network by its name.
//! - Never: says anything of a private network.

use pospool_conflux::{MAINNET, TESTNET};

/// Hosts of the free endpoints.
const FREE_HOSTS: &[&str] = &["confluxrpc.com", "confluxrpc.org"];

/// A public network.
pub struct PublicNetwork {
    /// Its name in specs.
    pub name: &'static str,
    /// Network id, which is the chain id of its Core Space.
    pub network: u32,
    /// Chain id of its eSpace.
    pub espace: u32,
    /// Endpoints of Core Space.
    pub core_rpc: &'static [&'static str],
    /// Endpoints of eSpace.
    pub espace_rpc: &'static [&'static str],
    /// Contract of eSpace that tells what Core Space knows of governance.
    pub oracle: &'static str,
}

/// Public networks with their public endpoints (Conflux documentation, "network endpoints").
pub const PUBLIC: &[PublicNetwork] = &[
    PublicNetwork {
        name: "mainnet",
        network: MAINNET,
        espace: 1030,
        core_rpc: &["https://main.confluxrpc.com", "https://main.confluxrpc.org"],
        espace_rpc: &["https://evm.confluxrpc.com", "https://evm.confluxrpc.org"],
        oracle: "0x4CE48b7e15A6120B7DAFC59bA5184085a51C05Ff",
    },
    PublicNetwork {
        name: "testnet",
        network: TESTNET,
        espace: 71,
        core_rpc: &["https://test.confluxrpc.com", "https://test.confluxrpc.org"],
        espace_rpc: &[
            "https://evmtestnet.confluxrpc.com",
            "https://evmtestnet.confluxrpc.org",
        ],
        oracle: "0x95af72eac6f5e08b6ab51874582fa8f8c5e93d28",
    },
];

/// The public network of a name.
#[must_use]
pub fn public_network(name: &str) -> Option<&'static PublicNetwork> {
    PUBLIC.iter().find(|public| public.name == name)
}

/// The oracle of Core Space in a network's eSpace.
#[must_use]
pub fn oracle_of(network: &str) -> Option<&'static str> {
    public_network(network).map(|public| public.oracle)
}

/// Whether an endpoint is one of the public networks' without a key: those live in the path or in the query.
pub(crate) fn is_free_endpoint(endpoint: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(endpoint) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let named = |free: &&&str| {
        host.strip_suffix(**free)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    url.path() == "/" && url.query().is_none() && FREE_HOSTS.iter().any(|free| named(&free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_endpoints_are_known_by_their_hosts() {
        for url in [
            "https://main.confluxrpc.com",
            "https://evmtestnet.confluxrpc.org/",
        ] {
            assert!(is_free_endpoint(url), "{url}");
        }
        for url in [
            "https://main.confluxrpc.com/key",
            "https://main.confluxrpc.com/?key=1",
            "https://notconfluxrpc.com",
            "http://127.0.0.1:12537",
        ] {
            assert!(!is_free_endpoint(url), "{url}");
        }
    }

    #[test]
    fn the_endpoints_of_the_networks_are_free() {
        for network in PUBLIC {
            let mut urls = network.core_rpc.iter().chain(network.espace_rpc);
            assert!(urls.all(|url| is_free_endpoint(url)), "{}", network.name);
        }
    }
}
