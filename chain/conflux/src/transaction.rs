//! A transaction of either space before it is signed.
//!
//! - Reads: bytes that were signed before.
//! - Returns: [`UnsignedTransaction`], which can be signed with any price.
//! - Never: changes anything but the price, or believes a signature that this crate would not have made.

use crate::chain_address::{ChainAddress, Space};
use crate::core_address::CoreAddress;
use crate::core_transaction::{CoreTransaction, GasPrice, SignedTransaction};
use crate::espace_address::EspaceAddress;
use crate::espace_transaction::EspaceTransaction;
use crate::key::{Key, PublicKey};

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

    /// Reads what was signed for a space, and whose signature it has; `None` if the bytes are anything but what
    /// [`Self::sign`] makes.
    #[must_use]
    pub fn read_signed(space: Space, raw: &[u8]) -> Option<(Self, PublicKey)> {
        match space {
            Space::Core => {
                let (unsigned, signer) = CoreTransaction::read_signed(raw)?;
                Some((Self::Core(unsigned), signer))
            }
            Space::Espace => {
                let (unsigned, signer) = EspaceTransaction::read_signed(raw)?;
                Some((Self::Espace(unsigned), signer))
            }
        }
    }

    /// Chain id of its space.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        match self {
            Self::Core(unsigned) => unsigned.chain_id,
            Self::Espace(unsigned) => unsigned.chain_id,
        }
    }

    /// Which transaction of the sender it is.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        match self {
            Self::Core(unsigned) => unsigned.nonce,
            Self::Espace(unsigned) => unsigned.nonce,
        }
    }

    /// The epoch around which it can be executed; in eSpace there is none.
    #[must_use]
    pub fn epoch_height(&self) -> Option<u64> {
        match self {
            Self::Core(unsigned) => Some(unsigned.epoch_height),
            Self::Espace(_) => None,
        }
    }

    /// Drip that go with it.
    #[must_use]
    pub fn value(&self) -> u128 {
        match self {
            Self::Core(unsigned) => unsigned.value,
            Self::Espace(unsigned) => unsigned.value,
        }
    }

    /// Call data, or the init code of a creation.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        match self {
            Self::Core(unsigned) => &unsigned.data,
            Self::Espace(unsigned) => &unsigned.data,
        }
    }

    /// What a unit of gas may cost.
    #[must_use]
    pub fn price(&self) -> GasPrice {
        match self {
            Self::Core(unsigned) => unsigned.price,
            Self::Espace(unsigned) => unsigned.price,
        }
    }

    /// The account of a public key in its space; `network` is the network id of Core Space.
    #[must_use]
    pub fn account_of(&self, signer: &PublicKey, network: u32) -> ChainAddress {
        match self {
            Self::Core(_) => CoreAddress::of_public_key(signer, network).into(),
            Self::Espace(_) => EspaceAddress::of_public_key(signer).into(),
        }
    }

    /// Where it puts a contract if this account sends it, should it create one.
    #[must_use]
    pub fn creates(&self, sender: ChainAddress) -> Option<ChainAddress> {
        let to = match self {
            Self::Core(unsigned) => unsigned.to,
            Self::Espace(unsigned) => unsigned.to,
        };
        to.is_none()
            .then(|| sender.of_creation(self.nonce(), self.data()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core_transaction::GasPrice;

    const MARKET: GasPrice = GasPrice::Market {
        max_fee: 2_000_000_000,
        max_priority: 1,
    };

    /// One of each space, type and shape.
    fn all() -> Vec<UnsignedTransaction> {
        let mut all = Vec::new();
        for price in [MARKET, GasPrice::Legacy { gas_price: 7 }] {
            for to in [Some([0x80; 20]), None] {
                let (nonce, gas, value, data) = (5, 21_000, 1 << 70, vec![7; 60]);
                all.push(UnsignedTransaction::Core(CoreTransaction {
                    nonce,
                    price,
                    gas,
                    to,
                    value,
                    storage_limit: 64,
                    epoch_height: 1 << 30,
                    chain_id: 1029,
                    data: data.clone(),
                }));
                all.push(UnsignedTransaction::Espace(EspaceTransaction {
                    nonce,
                    price,
                    gas,
                    to,
                    value,
                    chain_id: 1030,
                    data,
                }));
            }
        }
        all
    }

    fn space(unsigned: &UnsignedTransaction) -> Space {
        match unsigned {
            UnsignedTransaction::Core(_) => Space::Core,
            UnsignedTransaction::Espace(_) => Space::Espace,
        }
    }

    #[test]
    fn the_signer_is_found_in_the_bytes() {
        let key = Key::parse(&"46".repeat(32)).unwrap();
        for unsigned in all() {
            let raw = unsigned.sign(&key).raw;
            let found = UnsignedTransaction::read_signed(space(&unsigned), &raw);
            assert_eq!(found, Some((unsigned, key.public())));
        }
    }

    #[test]
    fn no_changed_byte_keeps_the_signer() {
        let key = Key::parse(&"46".repeat(32)).unwrap();
        for unsigned in all() {
            let raw = unsigned.sign(&key).raw;
            for place in 0..raw.len() {
                let mut other = raw.clone();
                // Another bit each time: all of all bytes take ten seconds.
                other[place] ^= 1 << (place % 8);
                let found = UnsignedTransaction::read_signed(space(&unsigned), &other);
                let signer = found.map(|(_, signer)| signer);
                assert_ne!(signer, Some(key.public()), "byte {place}");
            }
            let longer = [&raw[..], &[0]].concat();
            let found = UnsignedTransaction::read_signed(space(&unsigned), &longer);
            assert_eq!(found, None, "a byte more");
        }
    }
}
