//! A transaction of either space before it is signed.
//!
//! - Reads: bytes that were signed before.
//! - Returns: [`UnsignedTransaction`], which can be signed with any price.
//! - Never: changes anything but the price.

use crate::chain_address::Space;
use crate::core_transaction::{CoreTransaction, GasPrice, SignedTransaction};
use crate::espace_transaction::EspaceTransaction;
use crate::key::Key;

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsignedTransaction {
    /// Of Core Space.
    Core(CoreTransaction),
    /// Of eSpace.
    Espace(EspaceTransaction),
}

impl UnsignedTransaction {
    /// Reads back what was signed for a space.
    pub fn read(space: Space, raw: &[u8]) -> Option<Self> {
        match space {
            Space::Core => CoreTransaction::read(raw).map(Self::Core),
            Space::Espace => EspaceTransaction::read(raw).map(Self::Espace),
        }
    }

    /// The same with another price.
    #[must_use]
    pub fn with_price(self, price: GasPrice) -> Self {
        match self {
            Self::Core(unsigned) => Self::Core(CoreTransaction { price, ..unsigned }),
            Self::Espace(unsigned) => Self::Espace(EspaceTransaction { price, ..unsigned }),
        }
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, key: &Key) -> SignedTransaction {
        match self {
            Self::Core(unsigned) => unsigned.sign(key),
            Self::Espace(unsigned) => unsigned.sign(key),
        }
    }
}
