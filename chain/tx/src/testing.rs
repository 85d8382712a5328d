//! What several tests of this crate need.

use pospool_conflux::CoreAddress;
use pospool_model::Endpoint;

use crate::chain_ref::ChainRef;

pub(crate) const NETWORK: u32 = 1234;
pub(crate) const GENESIS: &str = "0x01";

pub(crate) fn core(byte: u8) -> CoreAddress {
    CoreAddress::new([byte; 20], NETWORK)
}

pub(crate) fn chain_ref(urls: &[&str]) -> ChainRef {
    let endpoints = urls.iter().map(|url| Endpoint::parse(url).unwrap());
    ChainRef {
        address: Some("chain.conflux".parse().unwrap()),
        endpoints: endpoints.collect(),
        network: NETWORK,
        genesis_hash: GENESIS.to_owned(),
    }
}
