//! Figures that follow from several parts of a status.

use pospool_model::status::{ChainStatus, Figure, NodeStatus, PoolStatus};

/// Fills in what follows from several parts: how far a node is behind its network.
pub fn complete_status(status: &mut PoolStatus) {
    let network = network_epoch(&status.chains);
    for node in &mut status.nodes {
        node.network_epoch = network.clone();
        node.behind_epochs = behind(node);
    }
}

/// The newest epoch at the chain's RPC. A pool has one chain; with several nobody knows here which one a node follows.
fn network_epoch(chains: &[ChainStatus]) -> Figure<u64> {
    match chains {
        [chain] => chain.epoch.clone(),
        [] => Figure::not_collected("there is no chain to ask"),
        _ => Figure::not_collected("the spec has several chains"),
    }
}

fn behind(node: &NodeStatus) -> Figure<u64> {
    let join = |network: &u64, local: &u64| network.saturating_sub(*local);
    node.network_epoch.join(&node.epoch, join)
}
