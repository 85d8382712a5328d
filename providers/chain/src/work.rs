//! What an effect's payload and a ticket's payload hold: the provider's own forms in plans and journals.
//!
//! - Reads: nothing.
//! - Returns: plain data that survives its JSON form.
//! - Never: holds a secret; a key is named. Nor where a chain is asked: that is what the current spec says (`chains`).

use std::path::PathBuf;

use pospool_model::{Address, Attributes, Endpoint, SecretRef};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::address::CoreAddress;
use crate::chain_address::{ChainAddress, Space};
use crate::transaction::Price;
use crate::verification::Hole;

/// How deep in the chain an executed transaction must be before its step has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitLevel {
    /// Its receipt is there.
    Executed,
    /// Its epoch can hardly be turned any more.
    Confirmed,
    /// PoS has finalised its epoch.
    Finalised,
}

impl WaitLevel {
    /// All levels, the weakest first.
    pub(crate) const ALL: &'static [Self] = &[Self::Executed, Self::Confirmed, Self::Finalised];

    /// The word of the spec and what it means.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Executed => ("executed", "its receipt is there: 5 epochs after its block"),
            Self::Confirmed => (
                "confirmed",
                "its epoch is not above `latest_confirmed`: after about 50 epochs",
            ),
            Self::Finalised => (
                "finalised",
                "its epoch is not above `latest_finalized`: after some minutes on a public network",
            ),
        }
    }
}

/// One space of a chain, with all that is needed to know it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChainRef {
    /// Its block in the spec; earlier versions did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<Address>,
    /// Where it is asked in this run. It is never written, and what earlier versions wrote is not believed.
    #[serde(default, skip_serializing, deserialize_with = "not_believed")]
    pub(crate) endpoints: Vec<Endpoint>,
    /// Chain id of the space; that of Core Space is its network id too.
    pub(crate) network: u32,
    /// Hash of the block at epoch 0, which both spaces share.
    pub(crate) genesis_hash: String,
}

fn not_believed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Endpoint>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Vec::new())
}

/// Payload of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Sign and send one transaction.
    Transaction(Box<TransactionWork>),
    /// Wait until code is final.
    AwaitCode(AwaitCode),
    /// Wait until PoS counts votes.
    AwaitVotes(AwaitVotes),
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
    pub(crate) key: SecretRef,
    /// The account that sends; it says which space the transaction is for.
    pub(crate) from: ChainAddress,
    pub(crate) nonce: u64,
    /// Receiver; absent for a creation.
    pub(crate) to: Option<ChainAddress>,
    #[serde(with = "number_text")]
    pub(crate) value: u128,
    /// Init code or call data in hex; absent where `register_data` fills the blank.
    pub(crate) data: Option<String>,
    pub(crate) gas: u64,
    /// Bytes of storage; 0 in eSpace, which has no collateral.
    pub(crate) storage_limit: u64,
    pub(crate) price: PriceForm,
    /// Most that a unit of gas may cost if the price must rise.
    #[serde(with = "number_text")]
    pub(crate) ceiling: u128,
    /// How deep it must be in the chain.
    pub(crate) level: WaitLevel,
    /// Where a creation puts its contract.
    pub(crate) creates: Option<ChainAddress>,
    /// What must be proven before 1,000 CFX are sent.
    pub(crate) registration: Option<RegistrationWork>,
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
    /// Where it is; earlier versions wrote endpoints instead.
    #[serde(default)]
    pub(crate) chain: Option<ChainRef>,
    /// Only ever read from what an earlier version wrote, and empty.
    #[serde(default, skip_serializing, deserialize_with = "not_believed")]
    pub(crate) endpoints: Vec<Endpoint>,
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

/// What a unit of gas may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum PriceForm {
    Legacy {
        #[serde(with = "number_text")]
        gas_price: u128,
    },
    Market {
        #[serde(with = "number_text")]
        max_fee: u128,
        #[serde(with = "number_text")]
        max_priority: u128,
    },
}

impl PriceForm {
    /// Most that one unit can cost.
    pub(crate) fn highest(self) -> u128 {
        match self {
            Self::Legacy { gas_price } => gas_price,
            Self::Market { max_fee, .. } => max_fee,
        }
    }
}

impl From<PriceForm> for Price {
    fn from(form: PriceForm) -> Self {
        match form {
            PriceForm::Legacy { gas_price } => Self::Legacy { gas_price },
            PriceForm::Market {
                max_fee,
                max_priority,
            } => Self::Market {
                max_fee,
                max_priority,
            },
        }
    }
}

/// Payload of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Attempt {
    /// Send these bytes, or find them sent.
    Transaction(Box<SignedWork>),
    /// Wait until code is final.
    AwaitCode(AwaitCode),
    /// Wait until PoS counts votes.
    AwaitVotes(AwaitVotes),
    /// Compare code on the chain with that of its source.
    CheckCode(CheckCode),
    /// Have an explorer verify a contract.
    Verify(Box<VerifyWork>),
}

/// A signed transaction and what it is expected to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedWork {
    pub(crate) chain: ChainRef,
    pub(crate) from: ChainAddress,
    /// Who signs again if the price must rise.
    pub(crate) key: SecretRef,
    pub(crate) nonce: u64,
    /// Epoch around which it can be executed; absent in eSpace, where transactions do not age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) epoch_height: Option<u64>,
    /// What was signed first.
    pub(crate) first: SignedForm,
    /// The same with a higher price each; they share the nonce, so one of all forms at most is executed.
    pub(crate) raised: Vec<SignedForm>,
    /// Most that a unit of gas may cost.
    #[serde(with = "number_text")]
    pub(crate) ceiling: u128,
    pub(crate) creates: Option<ChainAddress>,
    /// How deep it must be in the chain.
    pub(crate) level: WaitLevel,
    pub(crate) outputs: Attributes,
}

/// One signed form of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedForm {
    pub(crate) raw: String,
    pub(crate) hash: String,
    pub(crate) price: PriceForm,
}

impl TransactionWork {
    /// The space that it is for.
    pub(crate) fn space(&self) -> Space {
        self.from.space()
    }
}

impl SignedWork {
    /// The space that it is for.
    pub(crate) fn space(&self) -> Space {
        self.from.space()
    }

    /// The form that was signed last, which is the one that is handed in.
    pub(crate) fn newest(&self) -> &SignedForm {
        self.raised.last().unwrap_or(&self.first)
    }

    /// All bytes ever signed for this effect, the cheapest first.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &SignedForm> {
        std::iter::once(&self.first).chain(&self.raised)
    }
}

/// JSON has no number for drip.
pub(crate) mod number_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        number: &u128,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
