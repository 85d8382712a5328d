//! Money for an account that the network does not know yet.
//!
//! The funded accounts stand in the genesis files, which every node of the network has. An
//! account that must be nowhere gets its money by a transfer.

use pospool_devnet::FundedAccount;
use pospool_devnet::sender::{DevnetSender, DevnetTransaction, SenderSpace};
use tokio::runtime::Runtime;

use super::project::network;

/// Sends CFX, and returns when they have arrived.
pub(crate) fn transfer(from: &FundedAccount, to: &FundedAccount, cfx: u64) {
    let [from, to] = [from, to].map(|account| DevnetSender::new(network(), account).unwrap());
    let draft = DevnetTransaction {
        to: Some(to.core_address),
        value: u128::from(cfx) * 1_000_000_000_000_000_000,
        ..DevnetTransaction::default()
    };
    let sent = from.send(SenderSpace::Core, &draft);
    Runtime::new().unwrap().block_on(sent).unwrap();
}
