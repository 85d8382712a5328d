//! All accounts after one epoch, and what a transaction does to them.
//!
//! - Reads: one transaction, the base fee, and the fate that the weather gave it.
//! - Returns: whether it was executed, failed or skipped, and the deeds that it did.
//! - Never: forgets a deed: a reorganisation goes back to an older ledger, with its older deeds.

use std::collections::BTreeMap;

use ethers_core::utils::keccak256;
use pospool_conflux::CoreAddress;

use crate::abi;
use crate::amounts::{CFX, VOTE};
use crate::called::CallOutcome;
use crate::contract::{Contract, MANAGER_INIT, POOL_INIT, PROXY_INIT, PoolList, PoolStorage};
use crate::transaction::{Account, Hash, Transaction};

/// Collateral for one byte of storage.
const BYTE: u128 = CFX / 1024;
/// The chain's register of PoS keys.
pub(crate) const REGISTER: Account = [
    8, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
];

/// The chain's own contract that knows what has arrived from eSpace.
pub(crate) const CROSS_SPACE: Account = [
    8, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6,
];

/// What a transaction did that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A contract is there: `pool`, `manager` or `proxy`.
    Created(&'static str),
    /// A contract was changed; signature of the function.
    Changed(&'static str),
    /// A key was bound, and its vote paid.
    Registered([u8; 32]),
    /// More votes were put behind a pool's key.
    Staked(u64),
    /// Money or a call went to an address without code.
    IntoTheVoid(u128),
    /// Executed, failed, and paid for.
    Failed,
    /// A transfer, such as one that somebody else made with the same key.
    Transferred,
}

/// A deed, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEvent {
    /// Epoch in which it was executed.
    pub epoch: u64,
    /// By which transaction.
    pub hash: Hash,
    /// Who signed.
    pub sender: Account,
    /// Whether somebody else made the transaction.
    pub foreign: bool,
    /// To what.
    pub at: Account,
    /// What was done.
    pub deed: Deed,
}

/// What becomes of a transaction in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Executed,
    /// Something inside the block makes it fail.
    Fails,
    /// It stays in the block and is not executed.
    Skipped,
}

/// A key in the register.
#[derive(Clone, Debug)]
pub(crate) struct BoundKey {
    /// To whom it is bound.
    pub(crate) holder: Account,
    /// Votes that were registered for it, each time with the epoch.
    pub(crate) registered: Vec<(u64, u64)>,
}

impl BoundKey {
    /// Votes that were ever registered for it up to an epoch.
    pub(crate) fn until(&self, epoch: u64) -> u64 {
        let before = self.registered.iter().filter(|(at, _)| *at <= epoch);
        before.map(|(_, votes)| votes).sum()
    }
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TransactionEnd {
    Done { created: Option<Account> },
    Failed(String),
    Skipped,
}

/// All accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelLedger {
    balances: BTreeMap<Account, u128>,
    staked: BTreeMap<Account, u128>,
    nonces: BTreeMap<Account, u64>,
    pub(crate) contracts: BTreeMap<Account, Contract>,
    /// Keys by identifier.
    pub(crate) keys: BTreeMap<[u8; 32], BoundKey>,
    pub(crate) events: Vec<ChainEvent>,
}

impl ModelLedger {
    pub(crate) fn give(&mut self, account: Account, drip: u128) {
        *self.balances.entry(account).or_default() += drip;
    }

    pub(crate) fn balance(&self, account: Account) -> u128 {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    pub(crate) fn staked(&self, account: Account) -> u128 {
        self.staked.get(&account).copied().unwrap_or_default()
    }

    pub(crate) fn nonce(&self, account: Account) -> u64 {
        self.nonces.get(&account).copied().unwrap_or_default()
    }

    pub(crate) fn identifier_of(&self, account: Account) -> Option<[u8; 32]> {
        let bound = self.keys.iter().find(|(_, key)| key.holder == account);
        bound.map(|(identifier, _)| *identifier)
    }

    /// Hash of the code at an address, as a node tells it.
    pub(crate) fn code_hash(&self, account: Account) -> Hash {
        keccak256(
            self.contracts
                .get(&account)
                .map_or(&[][..], Contract::runtime),
        )
    }

    /// Executes one transaction of a block.
    pub(crate) fn execute(
        &mut self,
        transaction: &Transaction,
        fate: Fate,
        base_fee: u128,
        epoch: u64,
    ) -> TransactionEnd {
        let sender = transaction.sender;
        let price = transaction.max_fee.min(base_fee + transaction.priority);
        let fee = u128::from(transaction.gas) * price;
        let right_nonce = self.nonce(sender) == transaction.nonce;
        let old = crate::pool::is_old(transaction, epoch);
        if fate == Fate::Skipped || old || !right_nonce || self.balance(sender) < fee {
            return TransactionEnd::Skipped;
        }
        *self.nonces.entry(sender).or_default() += 1;
        self.take(sender, fee);
        let before = self.clone();
        let result = match fate {
            Fate::Executed => self.run(transaction, epoch),
            _ => Err("VmError(OutOfGas)".to_owned()),
        };
        match result {
            Ok(created) => TransactionEnd::Done { created },
            Err(reason) => {
                *self = before;
                self.write_down(transaction, epoch, sender, Deed::Failed);
                TransactionEnd::Failed(reason)
            }
        }
    }

    fn take(&mut self, account: Account, drip: u128) {
        if let Some(balance) = self.balances.get_mut(&account) {
            *balance = balance.saturating_sub(drip);
        }
    }

    fn write_down(&mut self, by: &Transaction, epoch: u64, at: Account, deed: Deed) {
        self.events.push(ChainEvent {
            epoch,
            hash: by.hash,
            sender: by.sender,
            foreign: by.foreign,
            at,
            deed,
        });
    }

    /// What the transaction does once its nonce and its gas are paid for.
    fn run(&mut self, transaction: &Transaction, epoch: u64) -> Result<Option<Account>, String> {
        let sender = transaction.sender;
        let storage = u128::from(transaction.storage_limit) * BYTE;
        if self.balance(sender) < transaction.value + storage {
            return Err("NotEnoughBalance".to_owned());
        }
        if gas_of(transaction) > transaction.gas {
            return Err("VmError(OutOfGas)".to_owned());
        }
        let Some(to) = transaction.to else {
            return self.create(transaction, epoch).map(Some);
        };
        self.take(sender, transaction.value);
        let deed = if self.contracts.contains_key(&to) {
            self.call(sender, to, transaction.value, &transaction.data, epoch)?
        } else {
            self.give(to, transaction.value);
            if to[0] >> 4 == 8 {
                Some(Deed::IntoTheVoid(transaction.value))
            } else {
                Some(Deed::Transferred)
            }
        };
        if let Some(deed) = deed {
            self.write_down(transaction, epoch, to, deed);
        }
        Ok(None)
    }

    fn create(&mut self, transaction: &Transaction, epoch: u64) -> Result<Account, String> {
        let sender = CoreAddress::new(transaction.sender, 0);
        let address =
            CoreAddress::of_creation(sender, transaction.nonce, &transaction.data).bytes();
        let (what, contract) = self.built(transaction.sender, &transaction.data)?;
        self.contracts.insert(address, contract);
        self.write_down(transaction, epoch, address, Deed::Created(what));
        Ok(address)
    }

    fn built(&self, owner: Account, init: &[u8]) -> Result<(&'static str, Contract), String> {
        let reverted = |why: &str| format!("Vm reverted, {why}");
        let pool = PoolStorage {
            owner,
            ..PoolStorage::default()
        };
        if init == POOL_INIT {
            return Ok(("pool", Contract::Pool(pool)));
        }
        if init == MANAGER_INIT {
            let pools = Vec::new();
            return Ok(("manager", Contract::Manager(PoolList { owner, pools })));
        }
        let arguments = init.strip_prefix(PROXY_INIT).and_then(abi::read_proxy);
        let (implementation, first_call) = arguments.ok_or("VmError(BadInstruction)")?;
        if !matches!(self.contracts.get(&implementation), Some(Contract::Pool(_))) {
            return Err(reverted("proxy: no code at the implementation"));
        }
        let mut proxy = Contract::Proxy {
            implementation,
            pool,
        };
        if !first_call.is_empty() {
            proxy
                .call(owner, 0, &first_call)
                .map_err(|why| reverted(&why))?;
        }
        Ok(("proxy", proxy))
    }

    /// Calls a contract that is there; what it did, if it changed anything.
    fn call(
        &mut self,
        sender: Account,
        to: Account,
        value: u128,
        data: &[u8],
        epoch: u64,
    ) -> Result<Option<Deed>, String> {
        let outcome = self.ask(sender, to, value, data)?;
        match outcome {
            CallOutcome::Answer(_) => Ok(None),
            CallOutcome::Changed => {
                let function = abi::read_call(data).map(|(function, _)| function);
                Ok(function.map(|function| Deed::Changed(abi::function_signature(function))))
            }
            CallOutcome::Register(registration) => {
                self.bind(to, value, &registration, epoch)?;
                Ok(Some(Deed::Registered(registration.identifier)))
            }
            CallOutcome::Increase(votes) => {
                let identifier = self.identifier_of(to);
                let key = identifier.and_then(|identifier| self.keys.get_mut(&identifier));
                let key = key.ok_or("Vm reverted, uninitialized identifier")?;
                key.registered.push((epoch, votes));
                Ok(Some(Deed::Staked(votes)))
            }
        }
    }

    /// Runs a contract's own code; the reason of a revert as a node words it.
    pub(crate) fn ask(
        &mut self,
        sender: Account,
        to: Account,
        value: u128,
        data: &[u8],
    ) -> Result<CallOutcome, String> {
        // A proxy without code behind it does nothing.
        if let Some(Contract::Proxy { implementation, .. }) = self.contracts.get(&to)
            && !self.contracts.contains_key(implementation)
        {
            return Ok(CallOutcome::Answer(Vec::new()));
        }
        let Some(contract) = self.contracts.get_mut(&to) else {
            return Ok(CallOutcome::Answer(Vec::new()));
        };
        contract
            .call(sender, value, data)
            .map_err(|reason| format!("Vm reverted, {reason}"))
    }

    /// The pool stakes what came along, and the chain's register binds the key.
    fn bind(
        &mut self,
        pool: Account,
        value: u128,
        registration: &abi::Registration,
        epoch: u64,
    ) -> Result<(), String> {
        if value != VOTE {
            return Err("Vm reverted, pool: register takes the value of 1 vote".to_owned());
        }
        let identifier = keccak256([&registration.bls[..], &registration.vrf].concat());
        if identifier != registration.identifier {
            return Err("Vm reverted, Inconsistent identifier".to_owned());
        }
        if self.keys.contains_key(&identifier) {
            return Err("Vm reverted, identifier has already been registered".to_owned());
        }
        *self.staked.entry(pool).or_default() += value;
        let key = BoundKey {
            holder: pool,
            registered: vec![(epoch, 1)],
        };
        self.keys.insert(identifier, key);
        Ok(())
    }

    /// Answers of the chain's own contract for calls between the spaces.
    pub(crate) fn ask_cross_space(&self, data: &[u8]) -> Vec<u8> {
        use crate::abi::{CallArgument, ContractFunction};
        match abi::read_call(data) {
            Some((ContractFunction::MappedBalance, CallArgument::Account(account))) => {
                let mapped = match self.contracts.get(&account) {
                    Some(Contract::Bridge(bridge)) => bridge.mapped(),
                    _ => 0,
                };
                abi::answer_words(&[mapped])
            }
            _ => Vec::new(),
        }
    }

    /// Answers of the chain's register of keys.
    pub(crate) fn ask_register(&self, data: &[u8]) -> Vec<u8> {
        use crate::abi::{CallArgument, ContractFunction};
        match abi::read_call(data) {
            Some((ContractFunction::AddressOfKey, CallArgument::Word(identifier))) => {
                let holder = self.keys.get(&identifier).map(|key| key.holder);
                abi::answer_account(holder.unwrap_or_default())
            }
            Some((ContractFunction::KeyOfAddress, CallArgument::Account(account))) => {
                abi::answer_word(self.identifier_of(account).unwrap_or_default())
            }
            _ => Vec::new(),
        }
    }
}

/// Gas that a transaction needs in the model: enough to notice a limit that is far too low.
pub(crate) fn gas_of(transaction: &Transaction) -> u64 {
    let length = u64::try_from(transaction.data.len()).unwrap_or(u64::MAX >> 16);
    let more = match (transaction.to, transaction.value) {
        (None, _) => 32_000 + 300_000,
        (Some(_), 0) if length == 0 => 0,
        (Some(_), 0) => 40_000,
        (Some(_), _) => 250_000,
    };
    21_000 + 68 * length + more
}
