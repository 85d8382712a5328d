//! A chain that exists only in answers.

use pospool_conflux::CoreAddress;
use pospool_conflux::abi::{self, Argument};
use pospool_conflux::hex::hex_text;
use pospool_conflux_rpc::NO_CODE;
use pospool_rpcstub::StubAnswer;
use serde_json::{Value as Json, json};

use crate::bench::good_registration;
use crate::bench::{NETWORK, core};
use crate::internal::pos_register;
use pospool_conflux::Key;

pub(super) const KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A chain with a pool at 0x80… behind a proxy and a manager at 0x84….
#[derive(Clone, Copy)]
pub(super) struct Chain {
    pub(super) network: u32,
    /// Whom the good key is bound to, and the key of the pool.
    pub(super) bound_to: u8,
    pub(super) pool_key: bool,
    pub(super) pool_there: bool,
    /// Whether PoS has retired the key.
    pub(super) retired: bool,
    /// A method that the node has too much trouble to answer.
    pub(super) broken: &'static str,
}

pub(super) const USUAL: Chain = Chain {
    network: NETWORK,
    bound_to: 0,
    pool_key: false,
    pool_there: true,
    retired: false,
    broken: "",
};

pub(super) fn operator() -> CoreAddress {
    Key::parse(KEY).unwrap().core_address(NETWORK)
}

impl Chain {
    pub(super) fn answer(self, method: &str, params: &Json) -> StubAnswer {
        let to = params[0].as_str().unwrap_or_default();
        if method == self.broken {
            return StubAnswer::refuse(-32603, "Internal error", None);
        }
        StubAnswer::Result(match method {
            "cfx_getStatus" => json!({
                "chainId": format!("{:#x}", self.network), "ethereumSpaceChainId": "0x4d3",
                "latestState": "0x64", "epochNumber": "0x69"
            }),
            "cfx_getBlockByEpochNumber" => json!({ "hash": "0x01", "baseFeePerGas": "0x3b9aca00" }),
            "cfx_gasPrice" => json!("0x3b9aca00"),
            "cfx_epochNumber" => json!("0x69"),
            "cfx_clientVersion" => json!("conflux-rust/v3"),
            "cfx_getNextNonce" => json!("0x5"),
            "txpool_nextNonce" => json!("0x7"),
            "cfx_getBalance" => json!("0x10"),
            "cfx_getAccount" => {
                let there = self.pool_there || to != core(0x80).to_string();
                json!({ "codeHash": if there { "0x01" } else { NO_CODE } })
            }
            "cfx_getStorageAt" if to == core(0x80).to_string() => word(&core(0x81)),
            "cfx_getStorageAt" => json!(format!("0x{:064x}", 0)),
            "cfx_call" => self.view(
                params[0]["to"].as_str().unwrap(),
                params[0]["data"].as_str().unwrap(),
            ),
            "pos_getAccount" if self.retired => json!({ "blockNumber": "0x64", "status": {
                "availableVotes": "0x0", "forceRetired": "0x5f",
                "outQueue": [{ "endBlockNumber": "0x73", "power": "0x1" }],
            } }),
            "pos_getAccount" => {
                json!({ "blockNumber": "0x64", "status": { "availableVotes": "0x1" } })
            }
            _ => return StubAnswer::refuse(-32601, "no such method", None),
        })
    }

    fn view(self, to: &str, data: &str) -> Json {
        let is = |signature: &str| data.starts_with(&hex_text(&abi::function_selector(signature)));
        let answer = |argument: Argument| json!(hex_text(&abi::encode_arguments(&[argument])));
        if to == pos_register(NETWORK).to_string() {
            let zero = json!(format!("0x{:064x}", 0));
            return match (
                is("identifierToAddress(bytes32)"),
                self.bound_to,
                self.pool_key,
            ) {
                (true, 0, _) | (false, _, false) => zero,
                (true, byte, _) => word(&core(byte)),
                (false, _, true) => json!(hex_text(&good_registration().1)),
            };
        }
        if is("owner()") || is("manager()") {
            return word(&operator());
        }
        if is("getPoolAddresses()") {
            let list = format!("0x{:064x}{:064x}", 32, 2);
            let words = [core(0x85), core(0x80)].map(|address| word(&address));
            let words =
                words.map(|word| word.as_str().unwrap().trim_start_matches("0x").to_owned());
            return json!(list + &words.concat());
        }
        if is("_poolLockPeriod()") {
            return answer(Argument::Number(7));
        }
        answer(Argument::Text("Harbour".to_owned()))
    }
}

fn word(address: &CoreAddress) -> Json {
    json!(format!("0x{:0>64}", address.hex().trim_start_matches("0x")))
}
