//! Core Space transactions: fields in, signed bytes and hash out.
//!
//! - Reads: the fields and a key.
//! - Returns: the raw bytes that a node takes, and their hash.
//! - Never: asks a node, and never chooses a field itself.
//!
//! Formats: conflux-rust, `crates/primitives/src/transaction/native_transaction.rs` and `mod.rs`. Type 0 is bare
//! RLP; type 2 (CIP-1559) has the bytes `cfx` and `0x02` before it, in the signed digest as well as in the raw form.

use ethers_core::utils::keccak256;
use ethers_core::utils::rlp::{Rlp, RlpStream};

use crate::key::{Key, PublicKey, Signature, recover};

const MARKET_PREFIX: &[u8; 4] = b"cfx\x02";

/// What a unit of gas may cost, in drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GasPrice {
    /// One price (type 0), for nodes from before CIP-1559.
    Legacy {
        /// The price.
        gas_price: u128,
    },
    /// At most `max_fee`, of which at most `max_priority` for the miner (type 2).
    Market {
        /// Most of all.
        max_fee: u128,
        /// Most for the miner.
        max_priority: u128,
    },
}

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreTransaction {
    /// Which transaction of the sender it is.
    pub nonce: u64,
    /// What a unit of gas may cost.
    pub price: GasPrice,
    /// Most units of gas.
    pub gas: u64,
    /// Receiver; `None` creates a contract.
    pub to: Option<[u8; 20]>,
    /// Drip that go with it.
    pub value: u128,
    /// Bytes of storage that may be paid collateral for.
    pub storage_limit: u64,
    /// The transaction can be packed within 100,000 epochs of this one.
    pub epoch_height: u64,
    /// Chain id of its space.
    pub chain_id: u64,
    /// Call data, or the init code of a creation.
    pub data: Vec<u8>,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// The bytes that a node takes.
    pub raw: Vec<u8>,
    /// Its hash.
    pub hash: [u8; 32],
}

impl CoreTransaction {
    /// Signs.
    #[must_use]
    pub fn sign(&self, key: &Key) -> SignedTransaction {
        self.with_signature(&key.sign(&self.digest()))
    }

    /// What is signed.
    fn digest(&self) -> [u8; 32] {
        keccak256([self.prefix(), &self.fields()].concat())
    }

    fn prefix(&self) -> &'static [u8] {
        match self.price {
            GasPrice::Legacy { .. } => &[],
            GasPrice::Market { .. } => MARKET_PREFIX,
        }
    }

    fn with_signature(&self, signature: &Signature) -> SignedTransaction {
        let mut stream = RlpStream::new_list(4);
        stream.append_raw(&self.fields(), 1);
        stream.append(&signature.recovery);
        stream.append(&without_leading_zeros(&signature.r));
        stream.append(&without_leading_zeros(&signature.s));
        let raw = [self.prefix(), &stream.out()].concat();
        let hash = keccak256(&raw);
        SignedTransaction { raw, hash }
    }

    /// Reads raw bytes back, and says whose signature they have; `None` if they are anything but what [`Self::sign`] makes
    /// of these fields.
    #[must_use]
    pub fn read_signed(raw: &[u8]) -> Option<(Self, PublicKey)> {
        let unsigned = Self::read(raw)?;
        let list = Rlp::new(raw.strip_prefix(unsigned.prefix())?);
        let signature = Signature::read(list.val_at(1).ok()?, &list, 2)?;
        // Anything more in the bytes would be hidden from who reads the fields.
        let is_whole = unsigned.with_signature(&signature).raw == raw;
        let signer = recover(&unsigned.digest(), &signature)?;
        is_whole.then_some((unsigned, signer))
    }

    /// Reads the fields back from raw bytes; `None` if they are no transaction of these two types.
    #[must_use]
    pub fn read(raw: &[u8]) -> Option<Self> {
        let (market, list) = match raw.strip_prefix(MARKET_PREFIX) {
            Some(list) => (true, list),
            None => (false, raw),
        };
        let fields = Rlp::new(list).at(0).ok()?;
        // A market transaction has two prices, and an access list at the end.
        let first = if market { 3 } else { 2 };
        let price = if market {
            GasPrice::Market {
                max_priority: fields.val_at(1).ok()?,
                max_fee: fields.val_at(2).ok()?,
            }
        } else {
            GasPrice::Legacy {
                gas_price: fields.val_at(1).ok()?,
            }
        };
        let to: Vec<u8> = fields.val_at(first + 1).ok()?;
        let to = match to.len() {
            0 => None,
            _ => Some(to.try_into().ok()?),
        };
        Some(Self {
            nonce: fields.val_at(0).ok()?,
            price,
            gas: fields.val_at(first).ok()?,
            to,
            value: fields.val_at(first + 2).ok()?,
            storage_limit: fields.val_at(first + 3).ok()?,
            epoch_height: fields.val_at(first + 4).ok()?,
            chain_id: fields.val_at(first + 5).ok()?,
            data: fields.val_at(first + 6).ok()?,
        })
    }

    /// The list that is signed.
    fn fields(&self) -> Vec<u8> {
        let length = match self.price {
            GasPrice::Legacy { .. } => 9,
            GasPrice::Market { .. } => 11,
        };
        let mut stream = RlpStream::new_list(length);
        stream.append(&self.nonce);
        match self.price {
            GasPrice::Legacy { gas_price } => {
                stream.append(&gas_price);
            }
            GasPrice::Market {
                max_fee,
                max_priority,
            } => {
                stream.append(&max_priority);
                stream.append(&max_fee);
            }
        }
        stream.append(&self.gas);
        match &self.to {
            Some(bytes) => stream.append(&bytes.as_slice()),
            None => stream.append_empty_data(),
        };
        stream.append(&self.value);
        stream.append(&self.storage_limit);
        stream.append(&self.epoch_height);
        stream.append(&self.chain_id);
        stream.append(&self.data);
        if matches!(self.price, GasPrice::Market { .. }) {
            // The access list: we have none.
            stream.begin_list(0);
        }
        stream.out().to_vec()
    }
}

/// Numbers in RLP have no leading zeros.
pub(crate) fn without_leading_zeros(bytes: &[u8; 32]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{hex_bytes, hex_text};

    const KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn transfer(nonce: u64, price: GasPrice) -> CoreTransaction {
        let to = hex_bytes("0123456789012345678901234567890123456789").unwrap();
        CoreTransaction {
            nonce,
            price,
            gas: 21000,
            to: Some(to.try_into().unwrap()),
            value: 0,
            storage_limit: 0,
            epoch_height: 0,
            chain_id: 1,
            data: Vec::new(),
        }
    }

    /// The values are those of js-conflux-sdk's own tests (`test/transaction.test.js`).
    #[test]
    fn legacy_transactions_of_another_tool_come_out_the_same() {
        let price = GasPrice::Legacy { gas_price: 1 };
        let signed = transfer(0, price).sign(&Key::parse(KEY).unwrap());
        assert_eq!(
            hex_text(&signed.hash),
            "0x9e463f32428c7c4026575d132e8c4e5d6fe387322fce5234103e52f4ab39b053"
        );
        assert_eq!(
            hex_text(&signed.raw),
            "0xf863df8001825208940123456789012345678901234567890123456789808080018001a0ef53e4af065905cb5134f7de4e9434e7\
             1656f824e3e268a9babb4f14ff808113a0407f05f44f79c1fd19262665d3efc29368e317fe5e77be27c0c1314b6a242a1e"
        );
        assert_eq!(
            hex_text(&transfer(127, price).sign(&Key::parse(KEY).unwrap()).raw),
            "0xf863df7f01825208940123456789012345678901234567890123456789808080018001a0bde07fe87c58cf83c50a4787c637a05a\
             521d5f8372bd8acb207504e8af2daee4a0233f41b647de5846856106a8bc0fb67ba4dc3c184d328e565547928adedc8f3c"
        );
    }

    /// Written down by hand from the format: prefix, then the list of the eleven fields, then the signature.
    #[test]
    fn a_market_transaction_has_its_prefix_and_eleven_fields() {
        let price = GasPrice::Market {
            max_fee: 2_000_000_000,
            max_priority: 1,
        };
        let fields = transfer(5, price).fields();
        assert_eq!(
            hex_text(&fields),
            "0xe5050184773594008252089401234567890123456789012345678901234567898080800180c0"
        );
        let signed = transfer(5, price).sign(&Key::parse(KEY).unwrap());
        assert_eq!(&signed.raw[..4], b"cfx\x02");
        let body = &signed.raw[4..];
        // A list of more than 55 bytes, its length in one byte, and then the fields as they were signed.
        assert_eq!(body[0], 0xf8);
        assert_eq!(usize::from(body[1]), body.len() - 2);
        assert_eq!(&body[2..2 + fields.len()], fields);
        assert_eq!(signed.hash, keccak256(&signed.raw));
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let market = GasPrice::Market {
            max_fee: 2_000_000_000,
            max_priority: 1,
        };
        for price in [market, GasPrice::Legacy { gas_price: 7 }] {
            let call = CoreTransaction {
                value: 1_000_000_000_000_000_000_000,
                data: vec![0; 300],
                epoch_height: 1 << 40,
                ..transfer(5, price)
            };
            let creation = CoreTransaction {
                to: None,
                ..call.clone()
            };
            for unsigned in [call, creation] {
                let signed = unsigned.sign(&Key::parse(KEY).unwrap());
                assert_eq!(CoreTransaction::read(&signed.raw), Some(unsigned));
                assert_eq!(CoreTransaction::read(&signed.raw[1..]), None);
            }
        }
        assert_eq!(CoreTransaction::read(&[]), None);
    }

    #[test]
    fn a_creation_has_no_receiver() {
        let mut creation = transfer(0, GasPrice::Legacy { gas_price: 1 });
        creation.to = None;
        creation.data = vec![0x60];
        assert_eq!(hex_text(&creation.fields()), "0xcb8001825208808080800160");
    }
}
