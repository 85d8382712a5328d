//! A Conflux node of both spaces at which everything that is sent is executed and final at once.
//!
//! - Reads: JSON-RPC requests, over [`Transport`].
//! - Returns: answers in the forms of conflux-rust.
//! - Never: fails, lags or forgets: what happens on a network that does is the model chain's matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ethers_core::types::Signature as EspaceSignature;
use ethers_core::types::transaction::eip2718::TypedTransaction;
use ethers_core::utils::rlp::Rlp;
use ethers_core::utils::{hex, keccak256};
use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, EspaceTransaction, Space, abi};
use pospool_conflux_rpc::{Transport, TransportError};
use pospool_modelchain::artifact::public_key;
use pospool_modelchain::{Account, GENESIS, Hash, decode_transaction};
use pospool_rpcstub::answer_multicall;
use serde_json::{Value as Json, json};

use super::contracts::{StubContract, built_contract};
use super::pos;

/// The epoch at which every world begins: behind all forks of the public networks.
pub(super) const FIRST_EPOCH: u64 = 300_000_000;
/// What an account has in Core Space.
const MONEY: u128 = 20_000 * CFX;
const CFX: u128 = 1_000_000_000_000_000_000;
/// Price of a unit of gas.
const PRICE: u64 = 1_000_000_000;
/// Where a proxy keeps its implementation (EIP-1967).
const IMPLEMENTATION: &str = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

/// A chain that lives as long as its world.
#[derive(Clone, Debug)]
pub struct StubChain(Arc<Mutex<StubLedger>>);

#[derive(Debug)]
struct StubLedger {
    network: u32,
    espace_id: u32,
    epoch: u64,
    core: SpaceLedger,
    espace: SpaceLedger,
    /// PoS keys, and the pools that they are bound to.
    keys: BTreeMap<[u8; 32], Account>,
    /// Votes that PoS counts for a key.
    votes: u64,
    /// So many of the newest blocks of PoS have no vote of any key.
    silent_blocks: u64,
    /// Drip for a unit of gas.
    price: u64,
    /// All bytes that were handed in, in hex.
    handed_in: Vec<String>,
}

#[derive(Debug, Default)]
struct SpaceLedger {
    nonces: BTreeMap<Account, u64>,
    balances: BTreeMap<Account, u128>,
    contracts: BTreeMap<Account, StubContract>,
    receipts: BTreeMap<String, Json>,
    /// What came before its turn.
    waiting: BTreeMap<(Account, u64), StubTransaction>,
}

/// A transaction of either space.
#[derive(Clone, Debug)]
struct StubTransaction {
    hash: String,
    sender: Account,
    nonce: u64,
    to: Option<Account>,
    value: u128,
    data: Vec<u8>,
}

impl StubChain {
    /// The chain of a network, in whose Core Space some accounts have money.
    #[must_use]
    pub fn new(network: u32, accounts: &[Account]) -> Self {
        let mut core = SpaceLedger::default();
        core.balances
            .extend(accounts.iter().map(|account| (*account, MONEY)));
        Self(Arc::new(Mutex::new(StubLedger {
            network,
            espace_id: match network {
                1 => 71,
                1029 => 1030,
                other => other + 1,
            },
            epoch: FIRST_EPOCH,
            core,
            espace: SpaceLedger::default(),
            keys: BTreeMap::new(),
            votes: 1,
            silent_blocks: 0,
            price: PRICE,
            handed_in: Vec::new(),
        })))
    }

    fn ledger(&self) -> MutexGuard<'_, StubLedger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of all transactions that were handed in, in their order.
    #[must_use]
    pub fn handed_in(&self) -> Vec<String> {
        self.ledger().handed_in.clone()
    }

    /// PoS takes the votes of all keys away.
    pub fn retire_all(&self) {
        self.ledger().votes = 0;
    }

    /// The keys have not signed the newest blocks of PoS.
    pub fn miss_votes(&self, blocks: u64) {
        self.ledger().silent_blocks = blocks;
    }

    /// Empty epochs pass, after which a unit of gas costs so much.
    pub fn pass(&self, epochs: u64, price: u64) {
        let mut ledger = self.ledger();
        ledger.epoch += epochs;
        ledger.price = price;
    }

    /// Another chain answers at the same endpoints.
    pub fn is_exchanged(&self) {
        self.ledger().espace_id += 1;
    }

    /// An account has so much in Core Space, in drip.
    pub fn set_balance(&self, account: Account, drip: u128) {
        self.ledger().core.balances.insert(account, drip);
    }

    /// Somebody sends a transaction with the key of this byte, in Core Space.
    pub fn sign_by_hand(&self, byte: u8) {
        let mut ledger = self.ledger();
        let account = CoreAddress::of_public_key(&public_key(byte), ledger.network);
        *ledger.core.nonces.entry(account.bytes()).or_default() += 1;
    }

    /// Somebody makes contracts of their own with the code and the settings of all that are there, each at the place that a
    /// function says.
    pub fn copy_contracts(&self, owner: Account, place: impl Fn(Account) -> Account) {
        let mut ledger = self.ledger();
        for there in [Space::Core, Space::Espace] {
            let space = ledger.space_mut(there);
            let copies = space.contracts.iter().map(|(at, contract)| {
                let mut copy = contract.clone();
                copy.hand_over(owner);
                (place(*at), copy)
            });
            let copies: Vec<_> = copies.collect();
            space.contracts.extend(copies);
        }
    }

    /// Every contract of Core Space has another owner.
    pub fn hand_over(&self, owner: Account) {
        for contract in self.ledger().core.contracts.values_mut() {
            contract.hand_over(owner);
        }
    }

    /// Somebody points every proxy of Core Space behind which some code runs at other code, which is at this place.
    ///
    /// # Panics
    /// When no contract has the first code.
    pub fn upgrade_by_hand(&self, code: &str, other: &'static str, place: Account) {
        let mut ledger = self.ledger();
        let contracts = &mut ledger.core.contracts;
        let plain = contracts.iter().find(|(_, it)| it.code == code);
        let (from, mut moved) = plain.map(|(at, it)| (*at, it.clone())).expect("code");
        moved.code = other;
        contracts.insert(place, moved);
        for contract in contracts.values_mut() {
            if contract.implementation == Some(from) {
                contract.implementation = Some(place);
            }
        }
    }

    /// Somebody calls a setter of every proxy of Core Space behind which some code runs.
    pub fn set_by_hand(&self, code: &str, setter: &str, word: u64) {
        let data = abi::encode_call(setter, &[abi::Argument::Number(word.into())]);
        let mut ledger = self.ledger();
        let contracts = &mut ledger.core.contracts;
        let runs = |contract: &StubContract| contract.code == code;
        let codes: BTreeSet<_> = contracts
            .iter()
            .filter(|(_, it)| runs(it))
            .map(|(at, _)| *at)
            .collect();
        let behind = |contract: &StubContract| {
            contract
                .implementation
                .is_some_and(|at| codes.contains(&at))
        };
        for contract in contracts.values_mut().filter(|it| behind(it)) {
            contract.change(&data);
        }
    }
}

#[async_trait]
impl Transport for StubChain {
    async fn post(&self, _: &str, request: &Json) -> Result<Json, TransportError> {
        let mut ledger = self.ledger();
        Ok(match request.as_array() {
            Some(calls) => calls.iter().map(|call| ledger.reply(call)).collect(),
            None => ledger.reply(request),
        })
    }
}

fn number(number: impl std::fmt::LowerHex) -> Json {
    json!(format!("{number:#x}"))
}

fn text_bytes(text: &Json) -> Vec<u8> {
    hex::decode(text.as_str().unwrap_or_default()).expect("hex")
}

/// Bytes of an address in whichever form its space writes it.
fn account_of(text: &Json) -> (Space, Account) {
    let address: ChainAddress = text
        .as_str()
        .unwrap_or_default()
        .parse()
        .expect("an address");
    (address.space(), address.bytes())
}

impl StubLedger {
    fn reply(&mut self, call: &Json) -> Json {
        let method = call["method"].as_str().unwrap_or_default();
        let result = self.answer(method, &call["params"]);
        json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })
    }

    fn answer(&mut self, method: &str, params: &Json) -> Json {
        if method.ends_with("sendRawTransaction") {
            let raw = params[0].as_str().unwrap_or_default();
            self.handed_in.push(raw.to_owned());
        }
        match method {
            "cfx_getStatus" => self.status(),
            "cfx_clientVersion" => json!("conflux-rust/v3.1.0"),
            "eth_chainId" => number(self.espace_id),
            "cfx_epochNumber" | "eth_blockNumber" => number(self.epoch),
            "cfx_gasPrice" | "eth_gasPrice" => number(self.price),
            "cfx_getBlockByEpochNumber" | "eth_getBlockByNumber" => self.block(&params[0]),
            "pos_getStatus" => pos::status(),
            "pos_getAccount" => self.pos_account(params),
            "pos_getCommittee" => pos::committee(self.keys.keys()),
            "pos_getBlockByNumber" => pos::block(params, self.keys.keys(), self.silent_blocks),
            "cfx_sendRawTransaction" => self.take_core(params),
            "eth_sendRawTransaction" => self.take_espace(params),
            "cfx_call" if params[0]["to"].is_null() => self.many_views(params),
            "cfx_call" | "eth_call" => {
                let (space, to) = account_of(&params[0]["to"]);
                let answer = self.view(space, to, &text_bytes(&params[0]["data"]));
                json!(hex::encode_prefixed(answer))
            }
            "cfx_estimateGasAndCollateral" => json!({
                "gasLimit": "0x5208",
                "gasUsed": "0x5208",
                "storageCollateralized": "0x40",
            }),
            "eth_estimateGas" => json!("0x5208"),
            "cfx_getTransactionReceipt" => self.core.receipt(params),
            "eth_getTransactionReceipt" => self.espace.receipt(params),
            // What is executed has a receipt, and nothing waits.
            "cfx_getTransactionByHash" | "eth_getTransactionByHash" => Json::Null,
            "cfx_getAccountPendingTransactions" | "eth_getAccountPendingTransactions" => json!({
                "pendingTransactions": [],
                "firstTxStatus": null,
                "pendingCount": "0x0",
            }),
            _ => self.of_account(method, params),
        }
    }

    fn of_account(&self, method: &str, params: &Json) -> Json {
        let (space, account) = account_of(&params[0]);
        let there = self.space(space);
        let contract = there.contracts.get(&account);
        let runtime = contract.map(StubContract::runtime).unwrap_or_default();
        let balance = there.balances.get(&account).copied().unwrap_or_default();
        match method {
            "cfx_getNextNonce" | "eth_getTransactionCount" | "txpool_nextNonce" => {
                number(there.nonces.get(&account).copied().unwrap_or_default())
            }
            "cfx_getBalance" | "eth_getBalance" => number(balance),
            "cfx_getAccount" => json!({
                "balance": number(balance),
                "codeHash": hex::encode_prefixed(keccak256(runtime)),
            }),
            "cfx_getCode" | "eth_getCode" => json!(hex::encode_prefixed(runtime)),
            "cfx_getStorageAt" | "eth_getStorageAt" => {
                let of_proxy = params[1] == IMPLEMENTATION;
                let word = contract.and_then(|contract| {
                    if of_proxy {
                        contract.implementation
                    } else {
                        contract.bridge
                    }
                });
                word.map_or(Json::Null, |word| {
                    json!(format!("0x{:0>64}", hex::encode(word)))
                })
            }
            other => panic!("the chain's stub does not know `{other}`"),
        }
    }

    fn space(&self, space: Space) -> &SpaceLedger {
        match space {
            Space::Core => &self.core,
            Space::Espace => &self.espace,
        }
    }

    fn status(&self) -> Json {
        let epoch = number(self.epoch);
        json!({
            "chainId": number(self.network),
            "networkId": number(self.network),
            "ethereumSpaceChainId": number(self.espace_id),
            "epochNumber": epoch,
            "blockNumber": epoch,
            "latestCheckpoint": "0x0",
            "latestConfirmed": epoch,
            "latestState": epoch,
            "latestFinalized": epoch,
            "bestHash": GENESIS,
            "pendingTxNumber": "0x0",
        })
    }

    fn block(&self, tag: &Json) -> Json {
        let epoch = if tag == "0x0" { 0 } else { self.epoch };
        let hash = match epoch {
            0 => GENESIS.to_owned(),
            _ => format!("0x{epoch:064x}"),
        };
        json!({
            "hash": hash,
            "number": number(epoch),
            "epochNumber": number(epoch),
            "baseFeePerGas": number(self.price),
        })
    }

    fn pos_account(&self, params: &Json) -> Json {
        let bound = text_bytes(&params[0])
            .try_into()
            .is_ok_and(|key: Hash| self.keys.contains_key(&key));
        let votes = if bound { self.votes } else { 0 };
        json!({ "address": params[0], "status": { "availableVotes": number(votes) } })
    }

    fn many_views(&self, params: &Json) -> Json {
        let code = params[0]["data"].as_str().unwrap_or_default();
        let ask = |to, data: &[u8]| Ok(self.view(Space::Core, to, data));
        json!(answer_multicall(code, self.epoch, ask))
    }

    fn view(&self, space: Space, to: Account, data: &[u8]) -> Vec<u8> {
        if let Some(contract) = self.space(space).contracts.get(&to) {
            return contract.view(data);
        }
        let (selector, argument) = data.split_at_checked(4).unwrap_or_default();
        let is = |signature: &str| selector == abi::function_selector(signature);
        let mut word = [0; 32];
        if is("identifierToAddress(bytes32)") {
            let holder = argument
                .try_into()
                .ok()
                .and_then(|key: Hash| self.keys.get(&key));
            word[12..].copy_from_slice(holder.unwrap_or(&[0; 20]));
        } else if is("addressToIdentifier(address)") {
            let holder = argument.get(12..32);
            let bound = self.keys.iter().find(|(_, it)| Some(&it[..]) == holder);
            word = bound.map(|(key, _)| *key).unwrap_or_default();
        }
        word.to_vec()
    }

    fn take_core(&mut self, params: &Json) -> Json {
        let read = decode_transaction(&text_bytes(&params[0]), self.network);
        let read = read.expect("a signed transaction");
        self.take(
            Space::Core,
            StubTransaction {
                hash: hex::encode_prefixed(read.hash),
                sender: read.sender,
                nonce: read.nonce,
                to: read.to,
                value: read.value,
                data: read.data,
            },
        )
    }

    fn take_espace(&mut self, params: &Json) -> Json {
        let raw = text_bytes(&params[0]);
        let read = EspaceTransaction::read(&raw).expect("a transaction of eSpace");
        let (typed, signature): (TypedTransaction, EspaceSignature) =
            TypedTransaction::decode_signed(&Rlp::new(&raw)).expect("a signed transaction");
        let sender = signature.recover(typed.sighash()).expect("who signed");
        self.take(
            Space::Espace,
            StubTransaction {
                hash: hex::encode_prefixed(keccak256(&raw)),
                sender: sender.0,
                nonce: read.nonce,
                to: read.to,
                value: read.value,
                data: read.data,
            },
        )
    }

    /// Executes it, and what waited for it.
    fn take(&mut self, space: Space, new: StubTransaction) -> Json {
        let (sender, hash) = (new.sender, json!(new.hash));
        self.space_mut(space)
            .waiting
            .insert((sender, new.nonce), new);
        loop {
            let ledger = self.space_mut(space);
            let next = ledger.nonces.entry(sender).or_default();
            let Some(due) = ledger.waiting.remove(&(sender, *next)) else {
                return hash;
            };
            *next += 1;
            self.epoch += 1;
            self.execute(space, &due);
        }
    }

    fn space_mut(&mut self, space: Space) -> &mut SpaceLedger {
        match space {
            Space::Core => &mut self.core,
            Space::Espace => &mut self.espace,
        }
    }

    fn execute(&mut self, space: Space, it: &StubTransaction) {
        let sender: ChainAddress = match space {
            Space::Core => CoreAddress::new(it.sender, self.network).into(),
            Space::Espace => EspaceAddress::new(it.sender).into(),
        };
        let created = it
            .to
            .is_none()
            .then(|| sender.of_creation(it.nonce, &it.data));
        let ledger = self.space_mut(space);
        if let Some(balance) = ledger.balances.get_mut(&it.sender) {
            *balance -= it.value;
        }
        if let Some(created) = created {
            let mut contract = built_contract(it.sender, &it.data);
            let behind = contract.implementation;
            if let Some(behind) = behind.and_then(|at| ledger.contracts.get(&at)) {
                contract.running = behind.code;
            }
            ledger.contracts.insert(created.bytes(), contract);
        }
        let called = it
            .to
            .and_then(|to| Some((to, ledger.contracts.get_mut(&to)?)));
        let bound = called.and_then(|(to, contract)| Some((contract.change(&it.data)?, to)));
        self.keys.extend(bound);
        self.cross(it);
        let receipt = json!({
            "transactionHash": it.hash,
            "epochNumber": number(self.epoch),
            "blockNumber": number(self.epoch),
            "outcomeStatus": "0x0",
            "status": "0x1",
            "contractCreated": created.map(|address| address.to_string()),
            "contractAddress": created.map(|address| address.to_string()),
            "gasUsed": "0x5208",
        });
        self.space_mut(space)
            .receipts
            .insert(it.hash.clone(), receipt);
    }

    /// Money that goes to an account in eSpace.
    fn cross(&mut self, it: &StubTransaction) {
        let receiver = it
            .data
            .strip_prefix(&abi::function_selector("transferEVM(bytes20)"));
        if let Some(Some(receiver)) = receiver.map(<[u8]>::first_chunk) {
            *self.espace.balances.entry(*receiver).or_default() += it.value;
        }
    }
}

impl SpaceLedger {
    fn receipt(&self, params: &Json) -> Json {
        let hash = params[0].as_str().unwrap_or_default();
        self.receipts.get(hash).cloned().unwrap_or_default()
    }
}
