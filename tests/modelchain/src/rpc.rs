//! Answers of one node to one call, in the forms of conflux-rust.
//!
//! - Reads: the node's view of the chain, and its pool.
//! - Returns: a result, or a refusal with the node's code and words.
//! - Never: changes anything; handing in is in `desk`.

use ethers_core::utils::hex;
use pospool_conflux::CoreAddress;
use serde_json::{Value as Json, json};

use crate::abi::{self, CallArgument, ContractFunction};
use crate::called::CallOutcome;
use crate::contract::Contract;
use crate::ledger::{CROSS_SPACE, ModelLedger, REGISTER, TransactionEnd, gas_of};
use crate::machine;
use crate::network::{ModelNetwork, Retirement};
use crate::node::{ModelNode, NodeView};
use crate::transaction::{Account, Hash, Transaction};

/// Hash of the block at epoch 0.
pub const GENESIS: &str = "0x6d6f64656c00000000000000000000000000000000000000000000000000c0de";
/// Where a proxy keeps its implementation (EIP-1967).
const IMPLEMENTATION: &str = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

/// What a node says instead of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeRefusal {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Option<String>,
}

pub(crate) type RpcAnswer = Result<Json, NodeRefusal>;

pub(crate) fn make_refusal(code: i64, message: &str, data: Option<String>) -> NodeRefusal {
    NodeRefusal {
        code,
        message: message.to_owned(),
        data,
    }
}

/// `-32602`, with the reason in quotes where conflux-rust puts it.
pub(crate) fn refuse_parameter(parameter: &str, reason: &str) -> NodeRefusal {
    let message = format!("Invalid parameters: {parameter}");
    make_refusal(-32602, &message, Some(format!("{reason:?}")))
}

/// Writes a number the way a node does.
pub(crate) fn encode_quantity(number: impl std::fmt::LowerHex) -> Json {
    json!(format!("{number:#x}"))
}

/// The form of an answer.
pub(crate) fn encode_reply(id: &Json, answer: RpcAnswer) -> Json {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(refusal) => json!({
            "jsonrpc": "2.0",
            "id": id,
            "error": { "code": refusal.code, "message": refusal.message, "data": refusal.data },
        }),
    }
}

/// One question to one node.
pub(crate) struct NodeQuestion<'a> {
    pub(crate) network: &'a ModelNetwork,
    pub(crate) node: &'a ModelNode,
    pub(crate) view: NodeView<'a>,
}

impl<'a> NodeQuestion<'a> {
    pub(crate) fn at(network: &'a ModelNetwork, node: usize) -> Self {
        let node = &network.nodes[node];
        let view = node.view(&network.chain);
        Self {
            network,
            node,
            view,
        }
    }

    /// Answers a call that only reads; `None` if the model does not know the method.
    pub(crate) fn answer(&self, method: &str, params: &Json) -> Option<RpcAnswer> {
        let pool = method.starts_with("txpool_") || method.contains("Pending");
        if pool && !self.node.tells_pool {
            return Some(Err(make_refusal(-32601, "Method not found", None)));
        }
        Some(match method {
            "cfx_getStatus" => Ok(self.status()),
            "cfx_clientVersion" => Ok(json!("model-chain/v1")),
            "cfx_gasPrice" => Ok(encode_quantity(self.base_fee())),
            // conflux-rust may stand still for ever: nobody should ask.
            "cfx_maxPriorityFeePerGas" | "cfx_feeHistory" => panic!("{method} hangs a node"),
            "cfx_getBlockByEpochNumber" => self.block(params),
            "cfx_epochNumber" => self.epoch(&params[0]).map(encode_quantity),
            "cfx_getNextNonce" => self.next_nonce(params),
            "cfx_getBalance" => self.of_account(params, |ledger, account| {
                encode_quantity(ledger.balance(account))
            }),
            "cfx_getStakingBalance" => self.of_account(params, |ledger, account| {
                encode_quantity(ledger.staked(account))
            }),
            "cfx_getAccount" => self.of_account(params, account),
            "cfx_getCode" => self.of_account(params, code),
            "cfx_getStorageAt" => self.storage(params),
            "cfx_call" => self.call(params),
            "cfx_estimateGasAndCollateral" => self.estimate(params),
            "cfx_getTransactionReceipt" => Self::hash(params).map(|hash| self.receipt(&hash)),
            "cfx_getTransactionByHash" => Self::hash(params).map(|hash| self.transaction(&hash)),
            "txpool_nextNonce" => self.account(params).map(|account| {
                encode_quantity(self.node.pool.next_nonce(account, self.view.nonce(account)))
            }),
            "cfx_getAccountPendingTransactions" | "txpool_accountPendingTransactions" => self
                .account(params)
                .map(|account| self.pending(account, params)),
            "pos_getStatus" => Ok(self.pos_status()),
            "pos_getAccount" => Ok(self.pos_account(params)),
            _ => return None,
        })
    }

    fn ledger(&self, epoch: u64) -> &ModelLedger {
        self.view.chain.ledger(epoch)
    }

    fn base_fee(&self) -> u128 {
        self.view.chain.base_fee(self.view.newest)
    }

    fn status(&self) -> Json {
        json!({
            "bestHash": GENESIS,
            "chainId": encode_quantity(self.network.chain_id),
            "ethereumSpaceChainId": encode_quantity(self.network.chain_id + 1),
            "networkId": encode_quantity(self.network.chain_id),
            "epochNumber": encode_quantity(self.view.newest),
            "blockNumber": encode_quantity(self.view.newest),
            "pendingTxNumber": "0x0",
            "latestCheckpoint": "0x0",
            "latestConfirmed": encode_quantity(self.view.confirmed()),
            "latestState": encode_quantity(self.view.executed()),
            "latestFinalized": encode_quantity(self.view.finalised()),
        })
    }

    /// The epoch that a tag or a number means.
    fn epoch(&self, tag: &Json) -> Result<u64, NodeRefusal> {
        let executed = self.view.executed();
        match tag.as_str().unwrap_or("latest_state") {
            "earliest" | "latest_checkpoint" => Ok(0),
            "latest_finalized" => Ok(self.view.finalised()),
            "latest_confirmed" => Ok(self.view.confirmed()),
            "latest_state" => Ok(executed),
            "latest_mined" => Ok(self.view.newest),
            number => {
                let digits = number.strip_prefix("0x").unwrap_or("?");
                let epoch = u64::from_str_radix(digits, 16)
                    .map_err(|_| refuse_parameter("epoch", "not an epoch"))?;
                if epoch > executed {
                    let reason = format!(
                        "Specified epoch {epoch} is not executed, the latest state epoch is {executed}"
                    );
                    return Err(refuse_parameter("epoch", &reason));
                }
                Ok(epoch)
            }
        }
    }

    fn account(&self, params: &Json) -> Result<Account, NodeRefusal> {
        self.address(&params[0])
    }

    fn address(&self, text: &Json) -> Result<Account, NodeRefusal> {
        let address = text
            .as_str()
            .and_then(|text| text.parse::<CoreAddress>().ok());
        let address = address.filter(|address| address.network() == self.network.chain_id);
        let address =
            address.ok_or_else(|| refuse_parameter("address", "not an address of this network"))?;
        Ok(address.bytes())
    }

    fn hash(params: &Json) -> Result<Hash, NodeRefusal> {
        let text = params[0].as_str().unwrap_or_default();
        let mut hash = [0; 32];
        hex::decode_to_slice(text.trim_start_matches("0x"), &mut hash)
            .map_err(|_| refuse_parameter("hash", "not a hash"))?;
        Ok(hash)
    }

    fn text(&self, account: Account) -> String {
        CoreAddress::new(account, self.network.chain_id).to_string()
    }

    fn of_account(&self, params: &Json, read: impl Fn(&ModelLedger, Account) -> Json) -> RpcAnswer {
        let account = self.account(params)?;
        let epoch = self.epoch(&params[1])?;
        Ok(read(self.ledger(epoch), account))
    }

    fn next_nonce(&self, params: &Json) -> RpcAnswer {
        self.of_account(params, |ledger, account| {
            encode_quantity(ledger.nonce(account))
        })
    }

    fn block(&self, params: &Json) -> RpcAnswer {
        let epoch = self.epoch(&params[0])?;
        let hash = match epoch {
            0 => GENESIS.to_owned(),
            _ => format!("0x{epoch:064x}"),
        };
        Ok(json!({
            "hash": hash,
            "epochNumber": encode_quantity(epoch),
            "blockNumber": encode_quantity(epoch),
            "baseFeePerGas": encode_quantity(self.view.chain.base_fee(epoch)),
        }))
    }

    fn storage(&self, params: &Json) -> RpcAnswer {
        let account = self.account(params)?;
        let epoch = self.epoch(&params[2])?;
        let contract = self.ledger(epoch).contracts.get(&account);
        Ok(match contract {
            Some(Contract::Proxy { implementation, .. }) if params[1] == IMPLEMENTATION => {
                json!(format!("0x{:0>64}", hex::encode(implementation)))
            }
            _ => Json::Null,
        })
    }

    /// Runs a call on a copy of a ledger.
    fn simulate(
        &self,
        request: &Json,
        epoch: u64,
    ) -> Result<(Account, CallOutcome, Vec<u8>), String> {
        let words = |refusal: NodeRefusal| refusal.message;
        let to = self.address(&request["to"]).map_err(words)?;
        let sender = self.address(&request["from"]).unwrap_or_default();
        let bytes = |field: &str| hex::decode(request[field].as_str().unwrap_or("0x"));
        let data = bytes("data").map_err(|error| error.to_string())?;
        let value = request["value"]
            .as_str()
            .unwrap_or("0x0")
            .trim_start_matches("0x");
        let value = u128::from_str_radix(value, 16).map_err(|error| error.to_string())?;
        if to == REGISTER {
            let answer = match abi::read_call(&data) {
                Some((ContractFunction::VotesOfKey, CallArgument::Word(identifier))) => {
                    self.registered(&identifier, epoch)
                }
                _ => self.ledger(epoch).ask_register(&data),
            };
            return Ok((to, CallOutcome::Answer(answer), data));
        }
        if to == CROSS_SPACE {
            let answer = self.ledger(epoch).ask_cross_space(&data);
            return Ok((to, CallOutcome::Answer(answer), data));
        }
        let mut copy = ModelLedger::clone(self.ledger(epoch));
        let outcome = copy.ask(sender, to, value, &data)?;
        Ok((to, outcome, data))
    }

    /// Runs code that makes no contract; what it asks of others is a call of its own.
    fn run_code(&self, code: &Json, epoch: u64) -> RpcAnswer {
        let code = hex::decode(code.as_str().unwrap_or_default());
        let code = code.map_err(|_| refuse_parameter("data", "not hex"))?;
        let answer = machine::run_code(&code, epoch, |to, data| {
            let request = json!({ "to": self.text(to), "data": hex::encode_prefixed(data) });
            match self.simulate(&request, epoch) {
                Ok((_, CallOutcome::Answer(bytes), _)) => Ok(bytes),
                Ok(_) => Ok(Vec::new()),
                Err(reason) => Err(abi::encode_revert(&reason)),
            }
        });
        let failed = |reason| make_refusal(-32015, "Transaction execution failed", Some(reason));
        answer
            .map(|bytes| json!(hex::encode_prefixed(bytes)))
            .map_err(failed)
    }

    fn call(&self, params: &Json) -> RpcAnswer {
        let epoch = self.epoch(&params[1])?;
        if params[0]["to"].is_null() {
            return self.run_code(&params[0]["data"], epoch);
        }
        match self.simulate(&params[0], epoch) {
            Ok((_, CallOutcome::Answer(bytes), _)) => Ok(json!(hex::encode_prefixed(bytes))),
            Ok(_) => Ok(json!("0x")),
            Err(reason) => {
                let reason = reason.trim_start_matches("Vm reverted, ");
                let data = hex::encode_prefixed(abi::encode_revert(reason));
                Err(make_refusal(-32015, "Transaction reverted", Some(data)))
            }
        }
    }

    fn estimate(&self, params: &Json) -> RpcAnswer {
        let epoch = self.epoch(&params[1])?;
        match self.simulate(&params[0], epoch) {
            Ok((to, outcome, data)) => {
                let value = u128::from(matches!(outcome, CallOutcome::Register(_)));
                let used = gas_of(&Transaction {
                    to: Some(to),
                    value,
                    data,
                    ..nothing()
                });
                Ok(json!({
                    "gasLimit": encode_quantity(used),
                    "gasUsed": encode_quantity(used),
                    "storageCollateralized": "0x40",
                }))
            }
            Err(reason) => {
                let reason = reason.trim_start_matches("Vm reverted, ");
                let message =
                    format!("Estimation isn't accurate: transaction is reverted: {reason}.");
                Err(make_refusal(-32015, &message, Some(reason.to_owned())))
            }
        }
    }

    fn receipt(&self, hash: &Hash) -> Json {
        let Some(receipt) = self.view.chain.receipt(hash, self.view.executed()) else {
            return Json::Null;
        };
        let (status, created, reason) = match &receipt.ended {
            TransactionEnd::Done { created } => ("0x0", *created, None),
            TransactionEnd::Failed(reason) => ("0x1", None, Some(reason)),
            TransactionEnd::Skipped => return Json::Null,
        };
        json!({
            "transactionHash": hex::encode_prefixed(hash),
            "epochNumber": encode_quantity(receipt.epoch),
            "outcomeStatus": status,
            "contractCreated": created.map(|account| self.text(account)),
            "txExecErrorMsg": reason,
            "gasUsed": "0x5208",
        })
    }

    fn transaction(&self, hash: &Hash) -> Json {
        let packed = self.view.chain.packed_in(hash, self.view.newest);
        if packed.is_none() && !self.node.pool.has(hash) {
            return Json::Null;
        }
        json!({
            "hash": hex::encode_prefixed(hash),
            "blockHash": packed.map(|epoch| format!("0x{epoch:064x}")),
            "transactionIndex": packed.map(|_| "0x0"),
            "status": Json::Null,
        })
    }

    fn pending(&self, account: Account, params: &Json) -> Json {
        let number = |json: &Json| {
            let digits = json.as_str()?.strip_prefix("0x")?;
            u64::from_str_radix(digits, 16).ok()
        };
        let from = self
            .view
            .nonce(account)
            .max(number(&params[1]).unwrap_or_default());
        let waiting = self
            .node
            .pool
            .of(account)
            .filter(|there| there.nonce >= from);
        let waiting: Vec<_> = waiting.collect();
        let limit = number(&params[2]).and_then(|limit| usize::try_from(limit).ok());
        let listed = waiting
            .iter()
            .take(limit.unwrap_or(usize::MAX))
            .map(|there| {
                json!({
                    "hash": hex::encode_prefixed(there.hash),
                    "nonce": encode_quantity(there.nonce),
                    "epochHeight": encode_quantity(there.epoch_height),
                })
            });
        let status = waiting.first().map(|first| match self.view.status(first) {
            Ok(status) => json!(status),
            Err(reason) => json!({ "pending": reason }),
        });
        json!({
            "pendingTransactions": listed.collect::<Vec<_>>(),
            "firstTxStatus": status,
            "pendingCount": encode_quantity(waiting.len()),
        })
    }

    fn pos_status(&self) -> Json {
        let finalised = self.view.finalised();
        json!({
            "epoch": encode_quantity(finalised / 60 + 1),
            "latestCommitted": encode_quantity(finalised),
            "pivotDecision": { "height": encode_quantity(finalised) },
        })
    }

    fn pos_account(&self, params: &Json) -> Json {
        let text = params[0].as_str().unwrap_or_default();
        let mut identifier = [0; 32];
        let known = hex::decode_to_slice(text.trim_start_matches("0x"), &mut identifier).is_ok();
        let votes = if known { self.votes(&identifier) } else { 0 };
        let view = self.view.finalised();
        let retirement = self.network.retired.get(&identifier);
        let leaving = retirement.map_or(&[][..], |retirement| &retirement.leaving);
        let leaving = leaving.iter().filter(|(end, _)| *end > view);
        let leaving = leaving.map(|(end, votes)| {
            json!({ "endBlockNumber": encode_quantity(*end), "power": encode_quantity(*votes) })
        });
        let leaving: Vec<Json> = leaving.collect();
        let barred = retirement.filter(|retirement| view < retirement.until);
        let barred = barred.map(|retirement| encode_quantity(retirement.at));
        let free = retirement.map_or(0, |retirement| retirement.free(view));
        json!({
            "address": text,
            "blockNumber": encode_quantity(view.max(1)),
            "status": {
                "inQueue": [], "locked": encode_quantity(votes), "outQueue": leaving,
                "unlocked": encode_quantity(free), "availableVotes": encode_quantity(votes),
                "forceRetired": barred, "forfeited": "0x0",
            },
        })
    }

    /// PoS counts what is in finalised epochs, but takes over nothing from before its first decision.
    pub(crate) fn votes(&self, identifier: &Hash) -> u64 {
        let finalised = self.view.finalised();
        let Some(key) = self.ledger(finalised).keys.get(identifier) else {
            return 0;
        };
        let first = self.view.chain.first_finalised().unwrap_or(u64::MAX);
        let taken = key.until(finalised).saturating_sub(key.until(first));
        let retirement = self.network.retired.get(identifier);
        taken.saturating_sub(retirement.map_or(0, Retirement::all))
    }

    /// What the register says of the votes of a key: all that were ever registered, and those that came free.
    fn registered(&self, identifier: &Hash, epoch: u64) -> Vec<u8> {
        let key = self.ledger(epoch).keys.get(identifier);
        let all = key.map_or(0, |key| key.until(epoch));
        let retirement = self.network.retired.get(identifier);
        let free = retirement.map_or(0, |retirement| retirement.free(self.view.finalised()));
        abi::answer_words(&[all.into(), free.into()])
    }
}

fn account(ledger: &ModelLedger, account: Account) -> Json {
    json!({
        "balance": encode_quantity(ledger.balance(account)),
        "nonce": encode_quantity(ledger.nonce(account)),
        "codeHash": hex::encode_prefixed(ledger.code_hash(account)),
        "stakingBalance": encode_quantity(ledger.staked(account)),
    })
}

fn code(ledger: &ModelLedger, account: Account) -> Json {
    let code = ledger
        .contracts
        .get(&account)
        .map_or(&[][..], Contract::runtime);
    json!(hex::encode_prefixed(code))
}

fn nothing() -> Transaction {
    Transaction {
        hash: [0; 32],
        sender: [0; 20],
        nonce: 0,
        max_fee: 0,
        priority: 0,
        gas: 0,
        to: None,
        value: 0,
        storage_limit: 0,
        epoch_height: 0,
        chain_id: 0,
        data: Vec::new(),
        foreign: false,
    }
}
