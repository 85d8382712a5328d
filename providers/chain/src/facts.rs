//! What a look at the chain found, for planning.
//!
//! - Reads: nothing.
//! - Returns: plain data.
//! - Never: holds a private key; only the name of the secret.

use std::collections::BTreeMap;

use pospool_conflux::{ChainAddress, CoreAddress, Space};
use pospool_conflux_tx::gas::GasLimits;
use pospool_conflux_tx::{ChainRef, Fees, KeyRef, WaitLevel};
use pospool_model::Address;

use crate::bridge::duties::Duty;
use crate::bridge::views::LastViews;
use crate::profit::due::ProfitCall;
use crate::registration::votes::PosVotes;
use crate::restake::due::DueRestake;
use crate::verification::Likeness;

/// Facts of one look.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChainProviderFacts {
    /// What was seen of each chain's Core Space.
    pub(crate) chains: BTreeMap<Address, ChainFacts>,
    /// Accounts in Core Space.
    pub(crate) accounts: BTreeMap<Address, AccountFacts>,
    /// The same of eSpace, if anything of the spec is there.
    pub(crate) espace_chains: BTreeMap<Address, ChainFacts>,
    pub(crate) espace_accounts: BTreeMap<Address, AccountFacts>,
    pub(crate) contracts: BTreeMap<Address, ContractFacts>,
    /// Whose creation proves where a contract of the state is.
    pub(crate) makers: BTreeMap<Address, ChainAddress>,
    pub(crate) registrations: BTreeMap<Address, RegistrationFacts>,
    pub(crate) bridges: BTreeMap<Address, BridgeFacts>,
    /// Pools whose profit is claimed.
    pub(crate) profits: BTreeMap<Address, ProfitFacts>,
}

impl ChainProviderFacts {
    /// Chains as they were seen in one space.
    pub(crate) fn chains_in(&self, space: Space) -> &BTreeMap<Address, ChainFacts> {
        match space {
            Space::Core => &self.chains,
            Space::Espace => &self.espace_chains,
        }
    }

    /// The same, to write.
    pub(crate) fn chains_in_mut(&mut self, space: Space) -> &mut BTreeMap<Address, ChainFacts> {
        match space {
            Space::Core => &mut self.chains,
            Space::Espace => &mut self.espace_chains,
        }
    }

    /// Accounts as they were seen in one space, to write.
    pub(crate) fn accounts_in_mut(&mut self, space: Space) -> &mut BTreeMap<Address, AccountFacts> {
        match space {
            Space::Core => &mut self.accounts,
            Space::Espace => &mut self.espace_accounts,
        }
    }

    /// Accounts as they were seen in one space.
    pub(crate) fn accounts_in(&self, space: Space) -> &BTreeMap<Address, AccountFacts> {
        match space {
            Space::Core => &self.accounts,
            Space::Espace => &self.espace_accounts,
        }
    }
}

/// One space of a chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainFacts {
    pub(crate) reference: ChainRef,
    /// Network id of the chain's Core addresses.
    pub(crate) network: u32,
    pub(crate) fees: Fees,
    /// Most that a unit of gas may cost.
    pub(crate) ceiling: u128,
    /// How deep a transaction without value must be in the chain.
    pub(crate) level: WaitLevel,
}

/// One account in one space.
#[derive(Clone, Debug)]
pub(crate) struct AccountFacts {
    pub(crate) address: ChainAddress,
    pub(crate) chain: Address,
    /// Where its key is; without one it signs nothing here.
    pub(crate) key: Option<KeyRef>,
    /// First nonce that neither the state nor the pool has used.
    pub(crate) nonce: u64,
    /// First nonce that is not executed.
    pub(crate) executed: u64,
    pub(crate) balance: u128,
}

/// One contract that an earlier run made, or began to make.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContractFacts {
    /// The recorded implementation, if its code is there.
    pub(crate) implementation: Option<ChainAddress>,
    /// Who owns it, and who is written down as its admin if the spec speaks of one.
    pub(crate) owner: Option<[u8; 20]>,
    pub(crate) admin: Option<[u8; 20]>,
    /// Who may change the manager's settings; `None` if the contract has no manager or cannot say.
    pub(crate) manager: Option<[u8; 20]>,
    /// What its proxy points at.
    pub(crate) pointed_at: Option<ChainAddress>,
    /// Where other code is wanted than was recorded: how like that is to the recorded implementation's code on the
    /// chain.
    pub(crate) likeness: Option<Likeness>,
}

/// One registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct RegistrationFacts {
    /// The identifier that the pool is bound to.
    pub(crate) pool_identifier: Option<[u8; 32]>,
    /// What PoS counts for the key, if the key is bound to this pool and PoS said it.
    pub(crate) votes: Option<PosVotes>,
    /// What of its votes can be staked again, after they have left.
    pub(crate) restake: Option<RestakeFacts>,
}

/// Votes of a retired pool that can be staked again, now or later.
#[derive(Clone, Debug)]
pub(crate) struct RestakeFacts {
    pub(crate) pool: CoreAddress,
    /// Who calls; an account of the spec.
    pub(crate) manager: [u8; 20],
    pub(crate) identifier: [u8; 32],
    pub(crate) due: DueRestake,
    /// Votes that work already.
    pub(crate) working: u64,
    /// Of the call that stakes what is due now, as the node estimates it.
    pub(crate) limits: Option<GasLimits>,
    /// Why it is not made now.
    pub(crate) waits: Option<String>,
    /// Whether somebody could see that the node with the key follows the chain.
    pub(crate) sees_node: bool,
}

impl RestakeFacts {
    /// For the spec's reader.
    pub(crate) fn texts(&self) -> Vec<String> {
        let now = (self.due.now > 0).then(|| format!("stake again: {}", self.due.now));
        let later = self.due.later.map(|later| {
            let (votes, view) = (later.votes, later.view);
            format!("from view {view} on: {votes}")
        });
        now.into_iter().chain(later).collect()
    }
}

/// One bridge that is served.
#[derive(Clone, Debug)]
pub(crate) struct BridgeFacts {
    pub(crate) bridge: CoreAddress,
    /// Number of the block that was looked at.
    pub(crate) block: u64,
    /// What the node would accept now.
    pub(crate) calls: Vec<BridgeCall>,
    /// What a glance is compared with.
    pub(crate) last: LastViews,
}

/// One call that is ready to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BridgeCall {
    pub(crate) duty: Duty,
    pub(crate) limits: GasLimits,
}

/// What is due of a pool's profit, and what the node would accept now.
#[derive(Clone, Debug)]
pub(crate) struct ProfitFacts {
    /// Number of the block that was looked at.
    pub(crate) block: u64,
    /// All that the pool had earned by then, in drip.
    pub(crate) earned: u128,
    pub(crate) calls: Vec<(ProfitCall, GasLimits)>,
}
