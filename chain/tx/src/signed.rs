//! A signed transaction in the form of tickets, and so of journals.
//!
//! - Returns: plain data that survives its JSON form.
//! - Never: holds a private key; only the name of the secret.

use pospool_conflux::hex::hex_text;
use pospool_conflux::{ChainAddress, GasPrice, Key, Space, UnsignedTransaction};
use pospool_model::Attributes;
use serde::{Deserialize, Serialize};

use crate::chain_ref::ChainRef;
use crate::number_text;
use crate::signer::KeyRef;
use crate::wait_level::WaitLevel;

/// A transaction is executed within so many epochs of its epoch height (conflux-rust `TRANSACTION_DEFAULT_EPOCH_BOUND`).
pub const EPOCH_BOUND: u64 = 100_000;

/// What a unit of gas may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PriceForm {
    /// One price.
    Legacy {
        /// Most that a unit costs, and what it costs.
        #[serde(with = "number_text")]
        gas_price: u128,
    },
    /// A market's price.
    Market {
        /// Most that a unit costs.
        #[serde(with = "number_text")]
        max_fee: u128,
        /// Most of it for the miner.
        #[serde(with = "number_text")]
        max_priority: u128,
    },
}

impl PriceForm {
    /// Most that one unit can cost.
    #[must_use]
    pub fn highest(self) -> u128 {
        match self {
            Self::Legacy { gas_price } => gas_price,
            Self::Market { max_fee, .. } => max_fee,
        }
    }
}

impl From<GasPrice> for PriceForm {
    fn from(price: GasPrice) -> Self {
        match price {
            GasPrice::Legacy { gas_price } => Self::Legacy { gas_price },
            GasPrice::Market {
                max_fee,
                max_priority,
            } => Self::Market {
                max_fee,
                max_priority,
            },
        }
    }
}

impl From<PriceForm> for GasPrice {
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

/// A signed transaction and what it is expected to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedWork {
    /// Which chain it is for.
    pub chain: ChainRef,
    /// Who sends it.
    pub from: ChainAddress,
    /// Who signs again if the price must rise.
    pub key: KeyRef,
    /// Its place among those of the account.
    pub nonce: u64,
    /// Epoch around which it can be executed; absent in eSpace, where transactions do not age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_height: Option<u64>,
    /// What was signed first.
    pub first: SignedForm,
    /// The same with a higher price each; they share the nonce, so one of all forms at most is executed.
    pub raised: Vec<SignedForm>,
    /// Most that a unit of gas may cost.
    #[serde(with = "number_text")]
    pub ceiling: u128,
    /// Where it puts a contract, if it creates one.
    pub creates: Option<ChainAddress>,
    /// How deep it must be in the chain.
    pub level: WaitLevel,
    /// What the step gives out once it has ended.
    pub outputs: Attributes,
}

/// One signed form of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedForm {
    /// The bytes, in hex.
    pub raw: String,
    /// Their hash, in hex.
    pub hash: String,
    /// What a unit of gas may cost.
    pub price: PriceForm,
}

impl SignedForm {
    /// Signs a transaction.
    #[must_use]
    pub fn of(unsigned: &UnsignedTransaction, price: PriceForm, key: &Key) -> Self {
        let signed = unsigned.sign(key);
        Self {
            raw: hex_text(&signed.raw),
            hash: hex_text(&signed.hash),
            price,
        }
    }
}

impl SignedWork {
    /// The space that it is for.
    #[must_use]
    pub fn space(&self) -> Space {
        self.from.space()
    }

    /// The form that was signed last, which is the one that is handed in.
    #[must_use]
    pub fn newest(&self) -> &SignedForm {
        self.raised.last().unwrap_or(&self.first)
    }

    /// All bytes ever signed for this effect, the cheapest first.
    pub fn forms(&self) -> impl Iterator<Item = &SignedForm> {
        std::iter::once(&self.first).chain(&self.raised)
    }
}
