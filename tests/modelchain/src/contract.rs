//! The contracts that a pool needs, as far as their callers can tell.
//!
//! - Reads: a call and who makes it.
//! - Returns: the answer, the deed, or the reason of a revert.
//! - Never: moves money; the ledger does.

use crate::abi::{self, CallArgument, ContractFunction as F};
use crate::bridge::BridgeStorage;
use crate::called::{CallOutcome, CallResult, require_sender};
use crate::transaction::Account;

/// Init code of the model's own contracts. No machine runs it; the model knows it by its bytes.
pub const POOL_INIT: &[u8] = b"\x60model pool init code, without arguments";
/// Init code of the list of pools.
pub const MANAGER_INIT: &[u8] = b"\x60model manager init code, without arguments";
/// Init code of the proxy; its arguments follow.
pub const PROXY_INIT: &[u8] = b"\x60model proxy init code, arguments follow: ";

/// What is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    Pool(PoolStorage),
    Manager(PoolList),
    Proxy {
        implementation: Account,
        pool: PoolStorage,
    },
    Bridge(BridgeStorage),
}

/// Storage of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolStorage {
    /// Who deployed it.
    pub owner: Account,
    /// Who may change its settings.
    pub manager: Account,
    /// Whether it has its first settings.
    pub initialized: bool,
    /// Whether it has a PoS key.
    pub registered: bool,
    /// Setting `name`.
    pub name: String,
    /// Setting `user_share_ratio`, of 10,000.
    pub ratio: u64,
    /// Setting `lock_period`, in blocks.
    pub lock_period: u64,
    /// Setting `unlock_period`, in blocks.
    pub unlock_period: u64,
    /// Setting `voting_escrow`.
    pub escrow: Account,
    /// Votes that its users have not asked back.
    pub available: u64,
}

/// Storage of the list of pools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolList {
    /// Who deployed it.
    pub owner: Account,
    /// The pools, in the order in which they came.
    pub pools: Vec<Account>,
}

impl Contract {
    pub(crate) fn runtime(&self) -> &'static [u8] {
        match self {
            Self::Pool(_) => b"\x60model pool code",
            Self::Manager(_) => b"\x60model manager code",
            Self::Proxy { .. } => b"\x60model proxy code",
            Self::Bridge(_) => b"\x60model bridge code",
        }
    }

    /// Calls it.
    pub(crate) fn call(&mut self, sender: Account, value: u128, data: &[u8]) -> CallResult {
        let Some((function, argument)) = abi::read_call(data) else {
            return Err(String::new());
        };
        if value > 0 && function != F::Register {
            return Err(String::new());
        }
        match self {
            Self::Pool(pool) | Self::Proxy { pool, .. } => pool.call(sender, function, argument),
            Self::Manager(list) => list.call(sender, function, &argument),
            Self::Bridge(bridge) => bridge.call(sender, function, &argument),
        }
    }
}

impl PoolStorage {
    fn call(&mut self, sender: Account, function: F, argument: CallArgument) -> CallResult {
        if let Some(answer) = self.view(function) {
            return Ok(CallOutcome::Answer(answer));
        }
        match (function, argument) {
            (F::Initialize, _) => self.initialize(sender)?,
            (F::Register, CallArgument::Register(registration)) => {
                return self.register(sender, registration);
            }
            (F::Restake, CallArgument::Number(votes)) => {
                require_sender(sender, self.manager, "manager")?;
                return Ok(CallOutcome::Increase(votes));
            }
            // What a user does, without money: the model takes it as given.
            (F::Stake, CallArgument::Number(votes)) => {
                self.available += votes;
                return Ok(CallOutcome::Increase(votes));
            }
            (F::AskBack, CallArgument::Number(votes)) => {
                let left = self.available.checked_sub(votes);
                self.available = left.ok_or("pool: fewer votes are past the lock period")?;
            }
            (F::SetManager, CallArgument::Account(account)) => {
                require_sender(sender, self.owner, "owner")?;
                self.manager = account;
            }
            (function, argument) => {
                require_sender(sender, self.manager, "manager")?;
                self.set(function, argument)?;
            }
        }
        Ok(CallOutcome::Changed)
    }

    fn view(&self, function: F) -> Option<Vec<u8>> {
        Some(match function {
            F::Owner => abi::answer_account(self.owner),
            F::Manager => abi::answer_account(self.manager),
            F::Name => abi::answer_text(&self.name),
            F::Ratio => abi::answer_number(self.ratio),
            F::LockPeriod => abi::answer_number(self.lock_period),
            F::UnlockPeriod => abi::answer_number(self.unlock_period),
            F::Escrow => abi::answer_account(self.escrow),
            F::Registered => abi::answer_bool(self.registered),
            F::PoolSummary => abi::answer_words(&[self.available.into(), 0, 0]),
            _ => return None,
        })
    }

    pub(crate) fn initialize(&mut self, sender: Account) -> Result<(), String> {
        if self.initialized {
            return Err("pool: initialized before".to_owned());
        }
        self.initialized = true;
        self.manager = sender;
        self.ratio = 9000;
        self.lock_period = 2_250_000;
        self.unlock_period = 176_400;
        Ok(())
    }

    fn register(&mut self, sender: Account, registration: abi::Registration) -> CallResult {
        require_sender(sender, self.owner, "owner")?;
        if self.registered {
            return Err("pool: registered before".to_owned());
        }
        if registration.votes != 1 {
            return Err("pool: register takes 1 vote".to_owned());
        }
        self.registered = true;
        self.available = 1;
        Ok(CallOutcome::Register(registration))
    }

    fn set(&mut self, function: F, argument: CallArgument) -> Result<(), String> {
        match (function, argument) {
            (F::SetName, CallArgument::Text(text)) => self.name = text,
            (F::SetRatio, CallArgument::Number(ratio)) if (1..=10_000).contains(&ratio) => {
                self.ratio = ratio;
            }
            (F::SetRatio, _) => return Err("pool: ratio is not within 1 to 10000".to_owned()),
            (F::SetLockPeriod, CallArgument::Number(blocks)) => self.lock_period = blocks,
            (F::SetUnlockPeriod, CallArgument::Number(blocks)) => self.unlock_period = blocks,
            (F::SetEscrow, CallArgument::Account(account)) => self.escrow = account,
            _ => return Err(String::new()),
        }
        Ok(())
    }
}

impl PoolList {
    fn call(&mut self, sender: Account, function: F, argument: &CallArgument) -> CallResult {
        match (function, argument) {
            (F::Owner, _) => return Ok(CallOutcome::Answer(abi::answer_account(self.owner))),
            (F::Pools, _) => return Ok(CallOutcome::Answer(abi::answer_accounts(&self.pools))),
            (F::AddPool, CallArgument::Account(pool)) => {
                require_sender(sender, self.owner, "owner")?;
                if !self.pools.contains(pool) {
                    self.pools.push(*pool);
                }
            }
            (F::RemovePool, CallArgument::Account(pool)) => {
                require_sender(sender, self.owner, "owner")?;
                self.pools.retain(|there| there != pool);
            }
            _ => return Err(String::new()),
        }
        Ok(CallOutcome::Changed)
    }
}
