//! A transaction of either space before it is signed.
//!
//! - Reads: the planned work; or bytes that were signed before.
//! - Returns: [`Unsigned`], which can be signed with any price.
//! - Never: changes anything but the price.

use crate::chain_address::Space;
use crate::key::Key;
use crate::transaction::{Price, Signed};
use crate::work::TransactionWork;
use crate::{espace_transaction, transaction};

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    Core(transaction::Unsigned),
    Espace(espace_transaction::Unsigned),
}

impl Unsigned {
    /// Puts planned work into the form of its space. Without an epoch height it is one of eSpace.
    pub(crate) fn of(work: &TransactionWork, data: Vec<u8>, epoch_height: Option<u64>) -> Self {
        let (price, chain_id) = (work.price.into(), work.chain.network.into());
        let to = work.to.map(crate::chain_address::ChainAddress::bytes);
        match epoch_height {
            Some(epoch_height) => Self::Core(transaction::Unsigned {
                nonce: work.nonce,
                price,
                gas: work.gas,
                to,
                value: work.value,
                storage_limit: work.storage_limit,
                epoch_height,
                chain_id,
                data,
            }),
            None => Self::Espace(espace_transaction::Unsigned {
                nonce: work.nonce,
                price,
                gas: work.gas,
                to,
                value: work.value,
                chain_id,
                data,
            }),
        }
    }

    /// Reads back what was signed for a space.
    pub(crate) fn read(space: Space, raw: &[u8]) -> Option<Self> {
        match space {
            Space::Core => transaction::Unsigned::read(raw).map(Self::Core),
            Space::Espace => espace_transaction::Unsigned::read(raw).map(Self::Espace),
        }
    }

    /// The same with another price.
    pub(crate) fn with_price(self, price: Price) -> Self {
        match self {
            Self::Core(unsigned) => Self::Core(transaction::Unsigned { price, ..unsigned }),
            Self::Espace(unsigned) => {
                Self::Espace(espace_transaction::Unsigned { price, ..unsigned })
            }
        }
    }

    /// Signs.
    pub(crate) fn sign(&self, key: &Key) -> Signed {
        match self {
            Self::Core(unsigned) => unsigned.sign(key),
            Self::Espace(unsigned) => unsigned.sign(key),
        }
    }
}
