//! From the address of one contract of a pool to all of them, as blocks of a spec.
//!
//! - Reads: getters of the reference's contracts, from one contract to the next; owners; the register of PoS.
//! - Returns: blocks for accounts, contracts and the registration, in the order in which a spec has them.
//! - Never: believes that a contract is what it looks like: taking it up compares the code.

mod around;
mod blocks;
mod graph;

use std::collections::BTreeMap;

use pospool_conflux::{ChainAddress, CoreAddress};
use pospool_conflux_rpc::CountingTransport;
use pospool_model::provider::FoundBlock;
use pospool_model::{Address, Attributes, ProviderError};

use self::around::{Around, ask_around};
use self::graph::Graph;
use crate::codes;

/// Finds the pool that these addresses belong to.
pub(crate) async fn explore_pool(
    link: &CountingTransport,
    from: &[String],
    around: &BTreeMap<Address, Attributes>,
) -> Result<Vec<FoundBlock>, ProviderError> {
    let Some((chain, wanted)) = around.iter().find(|(it, _)| it.kind() == "chain") else {
        return Ok(Vec::new());
    };
    let around = ask_around(link, chain, wanted).await?;
    let mut start = Vec::new();
    for text in from {
        start.push(read_start(text, &around)?);
    }
    let found = Graph::walk(&around, start).await?;
    check_found(&found, from)?;
    Ok(blocks::write_blocks(&found, &around))
}

/// Refuses what is no pool, and a list of the pools of many.
fn check_found(found: &Graph, from: &[String]) -> Result<(), ProviderError> {
    let refused = |what| Err(ProviderError::refused(codes::NOTHING_THERE, what));
    if found.contracts.is_empty() {
        let from = from.join(", ");
        return refused(format!("no contract of a pool is at {from}"));
    }
    let shared = found
        .contracts
        .iter()
        .find(|it| it.listed_pools().len() > 1);
    match shared {
        Some(list) if found.keys.is_empty() => {
            let pools: Vec<_> = list
                .listed_pools()
                .iter()
                .map(ToString::to_string)
                .collect();
            refused(format!(
                "{} lists {} pools; name the one that is meant: {}",
                list.at,
                pools.len(),
                pools.join(", ")
            ))
        }
        _ => Ok(()),
    }
}

fn read_start(text: &str, around: &Around<'_>) -> Result<ChainAddress, ProviderError> {
    let refused = |what| ProviderError::refused(codes::BAD_ADDRESS, what);
    match text.parse::<ChainAddress>() {
        Ok(ChainAddress::Core(core)) if core.network() != around.network => {
            let here = CoreAddress::new(core.bytes(), around.network);
            Err(refused(format!(
                "`{text}` is an address of another network; on this one it is {here}"
            )))
        }
        Ok(address) => Ok(address),
        Err(error) => Err(refused(error.to_string())),
    }
}
