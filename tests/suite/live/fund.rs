//! Money for an account that the network does not know yet.
//!
//! The funded accounts stand in the genesis files, which every node of the network has. An
//! account that must be nowhere gets its money by a transfer.

use pospool_devnet::Account;
use pospool_devnet::sender::{Draft, Sender, Space};
use tokio::runtime::Runtime;

use super::project::network;

/// Sends CFX, and returns when they have arrived.
pub(crate) fn transfer(from: &Account, to: &Account, cfx: u64) {
    let [from, to] = [from, to].map(|account| Sender::new(network(), account).unwrap());
    let draft = Draft {
        to: Some(to.core_address),
        value: u128::from(cfx) * 1_000_000_000_000_000_000,
        ..Draft::default()
    };
    let sent = from.send(Space::Core, &draft);
    Runtime::new().unwrap().block_on(sent).unwrap();
}
