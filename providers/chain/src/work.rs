//! What an effect's payload and a ticket's payload hold: the provider's own forms in plans and journals.
//!
//! - Reads: nothing.
//! - Returns: plain data that survives its JSON form.
//! - Never: holds a secret; a key is named. Nor where a chain is asked: that is what the current spec says (`chains`).

use std::path::PathBuf;

use pospool_conflux::hex::hex_bytes;
use pospool_conflux::{ChainAddress, CoreAddress, Space};
use pospool_conflux_tx::{ChainRef, KeyRef, PriceForm, SignedWork, WaitLevel};
use pospool_model::provider::UnsignedCall;
use pospool_model::{Address, Attributes, SecretRef};
use serde::{Deserialize, Serialize};

use crate::call_words::describe_call;
use crate::verification::Hole;

/// Payload of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum EffectWork {
    /// Sign and send one transaction.
    Transaction(Box<TransactionWork>),
    /// Wait until code is final.
    AwaitCode(AwaitCode),
    /// Wait until PoS counts votes.
    AwaitVotes(AwaitVotes),
    /// Wait until votes that left can be staked again.
    AwaitFree(AwaitFree),
    /// Wait until somebody whose key is not here has sent a call.
    Elsewhere(ElsewhereWork),
    /// Compare code on the chain with that of its source.
    CheckCode(CheckCode),
    /// Have an explorer verify a contract.
    Verify(Box<VerifyWork>),
}

/// One transaction, with every choice made but the epoch height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransactionWork {
    pub(crate) chain: ChainRef,
    /// Who signs, in the spec.
    pub(crate) account: Address,
    pub(crate) key: KeyRef,
    /// The account that sends; it says which space the transaction is for.
    pub(crate) from: ChainAddress,
    pub(crate) nonce: u64,
    /// Receiver; absent for a creation.
    pub(crate) to: Option<ChainAddress>,
    #[serde(with = "pospool_conflux_tx::number_text")]
    pub(crate) value: u128,
    /// Init code or call data in hex; absent where `register_data` fills the blank.
    pub(crate) data: Option<String>,
    pub(crate) gas: u64,
    /// The limits are an estimate of the look, and no bound: another look has others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) estimated: bool,
    /// Bytes of storage; 0 in eSpace, which has no collateral.
    pub(crate) storage_limit: u64,
    pub(crate) price: PriceForm,
    /// Most that a unit of gas may cost if the price must rise.
    #[serde(with = "pospool_conflux_tx::number_text")]
    pub(crate) ceiling: u128,
    /// How deep it must be in the chain.
    pub(crate) level: WaitLevel,
    /// Where a creation puts its contract.
    pub(crate) creates: Option<ChainAddress>,
    /// What must be proven before 1,000 CFX are sent.
    pub(crate) registration: Option<RegistrationWork>,
    /// What must still be so before votes are staked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) restake: Option<RestakeWork>,
    /// Outputs of the effect once it has ended.
    pub(crate) outputs: Attributes,
}

/// What belongs to the transaction that registers a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrationWork {
    pub(crate) pool: CoreAddress,
    /// Code behind the pool's proxy.
    pub(crate) implementation: Option<CoreAddress>,
    /// Whose key it is; absent where the spec names its register data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Address>,
}

/// What belongs to the transaction that stakes votes of a retired pool again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestakeWork {
    pub(crate) pool: CoreAddress,
    pub(crate) pos_address: String,
    /// How many were due when the plan was made.
    pub(crate) votes: u64,
}

/// Waits until code is in a finalised epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AwaitCode {
    pub(crate) chain: ChainRef,
    pub(crate) contracts: Vec<CoreAddress>,
}

/// Waits until PoS counts votes for a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AwaitVotes {
    pub(crate) chain: ChainRef,
    /// The key; absent where `pos_address` fills the blank.
    pub(crate) pos_address: Option<String>,
    /// How many; one where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_least: Option<u64>,
}

/// Waits until votes that left can be staked again, which is another plan's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AwaitFree {
    pub(crate) chain: ChainRef,
    pub(crate) pos_address: String,
    /// The view of PoS from which on it may be so; 0 where PoS is not what it waits for.
    pub(crate) view: u64,
    /// What is to be done then, for a person.
    pub(crate) what: String,
}

/// A call that somebody signs whose key is not here. It has no nonce and no price: both are theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ElsewhereWork {
    pub(crate) chain: ChainRef,
    pub(crate) from: ChainAddress,
    pub(crate) to: ChainAddress,
    /// Call data in hex.
    pub(crate) data: String,
    /// What it does, for a person.
    pub(crate) what: String,
}

/// Compares code on the chain with that of its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckCode {
    pub(crate) parts: Vec<CheckedPart>,
}

/// One code on the chain, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckedPart {
    /// What it is, for a person.
    pub(crate) what: String,
    pub(crate) space: Space,
    pub(crate) chain: ChainRef,
    pub(crate) address: String,
    /// What it must point at, if it is a proxy.
    pub(crate) points_at: Option<String>,
    /// Fully qualified name of the contract.
    pub(crate) name: String,
    /// The compiler's code, in hex; absent where only the place that it points at counts.
    pub(crate) runtime: Option<String>,
    pub(crate) immutables: Vec<Hole>,
}

/// Has an explorer verify a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyWork {
    /// What it is, for a person.
    pub(crate) what: String,
    pub(crate) space: Space,
    /// URL of the explorer's API.
    pub(crate) api: String,
    /// The contract's page.
    pub(crate) link: String,
    pub(crate) api_key: Option<SecretRef>,
    pub(crate) address: String,
    /// Fully qualified name of the contract.
    pub(crate) name: String,
    /// Long version of the compiler, without `v`.
    pub(crate) compiler: String,
    /// File with the compiler's standard JSON input.
    pub(crate) input: PathBuf,
    /// Encoded arguments of the constructor: hex without `0x`.
    pub(crate) arguments: String,
}

/// Payload of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum TicketAttempt {
    /// Send these bytes, or find them sent.
    Transaction(Box<SignedWork>),
    /// Wait until code is final.
    AwaitCode(AwaitCode),
    /// Wait until PoS counts votes.
    AwaitVotes(AwaitVotes),
    /// Wait until votes that left can be staked again.
    AwaitFree(AwaitFree),
    /// Wait until somebody whose key is not here has sent a call.
    Elsewhere(ElsewhereWork),
    /// Compare code on the chain with that of its source.
    CheckCode(CheckCode),
    /// Have an explorer verify a contract.
    Verify(Box<VerifyWork>),
}

/// Outputs that say when something was looked at.
const MOMENTS: [&str; 3] = ["settled_block", "settled_earned", "claimed_block"];

/// The payload of an effect without what moves by itself: what a unit of gas costs, an estimate, when a look was, and why
/// something waits. A payload that cannot be read stays as it is.
pub(crate) fn without_moving(payload: serde_json::Value) -> serde_json::Value {
    let Ok(mut work) = serde_json::from_value::<EffectWork>(payload.clone()) else {
        return payload;
    };
    match &mut work {
        EffectWork::Transaction(work) => {
            work.price = PriceForm::Legacy { gas_price: 0 };
            if work.estimated {
                (work.gas, work.storage_limit) = (0, 0);
            }
            work.outputs
                .retain(|name, _| !MOMENTS.contains(&name.as_str()));
        }
        EffectWork::AwaitFree(work) => work.what.clear(),
        EffectWork::AwaitCode(_)
        | EffectWork::AwaitVotes(_)
        | EffectWork::Elsewhere(_)
        | EffectWork::CheckCode(_)
        | EffectWork::Verify(_) => {}
    }
    serde_json::to_value(work).unwrap_or(payload)
}

/// The call that a payload waits for somebody else to send.
pub(crate) fn unsigned_call(payload: &serde_json::Value) -> Option<UnsignedCall> {
    let Ok(EffectWork::Elsewhere(work)) = serde_json::from_value(payload.clone()) else {
        return None;
    };
    let data = hex_bytes(&work.data);
    let words = data.and_then(|data| describe_call(work.from, work.to, &data));
    let (function, arguments) = words.unzip();
    Some(UnsignedCall {
        function: function.map(str::to_owned),
        arguments: arguments.unwrap_or_default(),
        chain_id: work.chain.network.into(),
        space: work.from.space().word().to_owned(),
        from: work.from.to_string(),
        to: work.to.to_string(),
        value_drip: "0".to_owned(),
        data: work.data,
    })
}

impl ElsewhereWork {
    /// What there is to wait for.
    pub(crate) fn waiting(&self) -> String {
        format!(
            "to be signed by {} elsewhere: {}; `pospool apply --unsigned DIR` writes the call, and the next apply sees what it did",
            self.from, self.what
        )
    }
}

impl TransactionWork {
    /// The space that it is for.
    pub(crate) fn space(&self) -> Space {
        self.from.space()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(estimated: bool) -> serde_json::Value {
        let account = crate::bench::core(1).to_string();
        let mut call = json!({
            "do": "transaction",
            "chain": { "address": "chain.main", "network": 1234, "genesis_hash": "0x01" },
            "account": "account.operator",
            "key": "env:KEY",
            "from": account,
            "nonce": 5,
            "to": account,
            "value": "0",
            "data": "0x01",
            "gas": 50_000,
            "storage_limit": 64,
            "price": { "type": "legacy", "gas_price": "7" },
            "ceiling": "9",
            "level": "executed",
            "creates": null,
            "registration": null,
            "outputs": { "settled_block": 5, "address": "kept" },
        });
        if estimated {
            call["estimated"] = json!(true);
        }
        call
    }

    #[test]
    fn prices_estimates_and_moments_move_and_bounds_do_not() {
        for estimated in [false, true] {
            let before = call(estimated);
            let shown = |change: &dyn Fn(&mut serde_json::Value)| {
                let mut after = before.clone();
                change(&mut after);
                without_moving(after) == without_moving(before.clone())
            };
            assert!(shown(&|it| it["price"]["gas_price"] = json!("8")));
            assert!(shown(&|it| it["outputs"]["settled_block"] = json!(6)));
            assert_eq!(shown(&|it| it["gas"] = json!(50_001)), estimated);
            assert_eq!(shown(&|it| it["storage_limit"] = json!(65)), estimated);
            for (name, other) in [
                ("value", json!("1")),
                ("ceiling", json!("10")),
                ("nonce", json!(6)),
                ("key", json!("env:OTHER")),
                ("data", json!("0x02")),
                ("estimated", json!(!estimated)),
            ] {
                assert!(!shown(&|it| it[name] = other.clone()), "{name}");
            }
            assert!(!shown(&|it| it["outputs"]["address"] = json!("other")));
        }
        let unreadable = json!({ "do": "nothing" });
        assert_eq!(without_moving(unreadable.clone()), unreadable);
    }
}
