//! What a look at the chain found, for planning.
//!
//! - Reads: nothing.
//! - Returns: plain data.
//! - Never: holds a private key; only the name of the secret.

use std::collections::BTreeMap;

use pospool_model::{Address, SecretRef};

use crate::address::CoreAddress;
use crate::bridge::duties::Duty;
use crate::gas::Limits;
use crate::work::{ChainRef, WaitLevel};

/// Facts of one look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) chains: BTreeMap<Address, ChainFacts>,
    pub(crate) accounts: BTreeMap<Address, AccountFacts>,
    pub(crate) contracts: BTreeMap<Address, ContractFacts>,
    pub(crate) registrations: BTreeMap<Address, RegistrationFacts>,
    pub(crate) bridges: BTreeMap<Address, BridgeFacts>,
}

/// One chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainFacts {
    pub(crate) reference: ChainRef,
    pub(crate) fees: Fees,
    /// Most that a unit of gas may cost.
    pub(crate) ceiling: u128,
    /// How deep a transaction without value must be in the chain.
    pub(crate) level: WaitLevel,
}

impl ChainFacts {
    pub(crate) fn network(&self) -> u32 {
        self.reference.network
    }
}

/// What gas costs now, in drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fees {
    /// Price that the node proposes.
    pub(crate) gas_price: u128,
    /// Base fee of the newest block; `None` on a node from before CIP-1559.
    pub(crate) base: Option<u128>,
    /// What the node proposes for the miner.
    pub(crate) priority: u128,
}

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct AccountFacts {
    pub(crate) address: CoreAddress,
    pub(crate) chain: Address,
    pub(crate) key: SecretRef,
    /// First nonce that neither the state nor the pool has used.
    pub(crate) nonce: u64,
    pub(crate) balance: u128,
}

/// One contract that an earlier run made, or began to make.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContractFacts {
    /// The recorded implementation, if its code is there.
    pub(crate) implementation: Option<CoreAddress>,
    /// Who may change the manager's settings; `None` if the contract has no manager or cannot say.
    pub(crate) manager: Option<[u8; 20]>,
}

/// One registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct RegistrationFacts {
    /// The identifier that the pool is bound to.
    pub(crate) pool_identifier: Option<[u8; 32]>,
}

/// One bridge that is served.
#[derive(Clone, Debug)]
pub(crate) struct BridgeFacts {
    pub(crate) bridge: CoreAddress,
    /// Number of the block that was looked at.
    pub(crate) block: u64,
    /// What the node would accept now.
    pub(crate) calls: Vec<BridgeCall>,
}

/// One call that is ready to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BridgeCall {
    pub(crate) duty: Duty,
    pub(crate) limits: Limits,
}
