//! eSpace transactions: those of Ethereum. Fields in, signed bytes and hash out.
//!
//! - Reads: the fields and a key.
//! - Returns: the raw bytes that a node takes, and their hash.
//! - Never: asks a node, and never chooses a field itself.

use ethers_core::utils::keccak256;
use ethers_core::utils::rlp::{Rlp, RlpStream};

use crate::core_transaction::{GasPrice, SignedTransaction, without_leading_zeros};
use crate::key::{Key, PublicKey, Signature, recover};

/// Type byte of EIP-1559.
const MARKET: u8 = 2;

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EspaceTransaction {
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
    /// Chain id of its space.
    pub chain_id: u64,
    /// Call data, or the init code of a creation.
    pub data: Vec<u8>,
}

impl EspaceTransaction {
    /// Signs.
    #[must_use]
    pub fn sign(&self, key: &Key) -> SignedTransaction {
        self.with_signature(&key.sign(&self.digest()))
    }

    /// What is signed.
    fn digest(&self) -> [u8; 32] {
        let mut unsigned = RlpStream::new_list(9);
        self.fields_to(&mut unsigned);
        match self.price {
            GasPrice::Legacy { .. } => {
                unsigned.append(&self.chain_id);
                unsigned.append(&0_u8);
                unsigned.append(&0_u8);
                keccak256(unsigned.out())
            }
            GasPrice::Market { .. } => keccak256([&[MARKET], &unsigned.out()[..]].concat()),
        }
    }

    fn with_signature(&self, signature: &Signature) -> SignedTransaction {
        let raw = match self.price {
            // Type 0 has the chain id in its signature (EIP-155).
            GasPrice::Legacy { .. } => {
                let mut signed = RlpStream::new_list(9);
                self.fields_to(&mut signed);
                let chain = self.chain_id.wrapping_mul(2).wrapping_add(35);
                signed.append(&chain.wrapping_add(signature.recovery.into()));
                numbers(&mut signed, signature);
                signed.out().to_vec()
            }
            GasPrice::Market { .. } => {
                let mut signed = RlpStream::new_list(12);
                self.fields_to(&mut signed);
                signed.append(&signature.recovery);
                numbers(&mut signed, signature);
                [&[MARKET], &signed.out()[..]].concat()
            }
        };
        let hash = keccak256(&raw);
        SignedTransaction { raw, hash }
    }

    /// Reads raw bytes back, and says whose signature they have; `None` if they are anything but what [`Self::sign`] makes
    /// of these fields.
    #[must_use]
    pub fn read_signed(raw: &[u8]) -> Option<(Self, PublicKey)> {
        let unsigned = Self::read(raw)?;
        let signature = match unsigned.price {
            GasPrice::Legacy { .. } => {
                let list = Rlp::new(raw);
                let v: u64 = list.val_at(6).ok()?;
                let recovery = v.checked_sub(35)? % 2;
                Signature::read(u8::try_from(recovery).ok()?, &list, 7)
            }
            GasPrice::Market { .. } => {
                let list = Rlp::new(&raw[1..]);
                Signature::read(list.val_at(9).ok()?, &list, 10)
            }
        }?;
        // Anything more in the bytes would be hidden from who reads the fields.
        let is_whole = unsigned.with_signature(&signature).raw == raw;
        let signer = recover(&unsigned.digest(), &signature)?;
        is_whole.then_some((unsigned, signer))
    }

    /// Reads the fields back from raw bytes; `None` if they are no transaction of these two types.
    #[must_use]
    pub fn read(raw: &[u8]) -> Option<Self> {
        if raw.first() == Some(&MARKET) {
            let fields = Rlp::new(&raw[1..]);
            let price = GasPrice::Market {
                max_priority: fields.val_at(2).ok()?,
                max_fee: fields.val_at(3).ok()?,
            };
            return Self::fields(&fields, fields.val_at(0).ok()?, 1, price, 4);
        }
        let fields = Rlp::new(raw);
        let gas_price = fields.val_at(1).ok()?;
        let v: u64 = fields.val_at(6).ok()?;
        let chain_id = v.checked_sub(35)? / 2;
        Self::fields(&fields, chain_id, 0, GasPrice::Legacy { gas_price }, 2)
    }

    fn fields(
        fields: &Rlp<'_>,
        chain_id: u64,
        nonce: usize,
        price: GasPrice,
        call: usize,
    ) -> Option<Self> {
        let to: Vec<u8> = fields.val_at(call + 1).ok()?;
        let to = match to.len() {
            0 => None,
            _ => Some(to.try_into().ok()?),
        };
        Some(Self {
            nonce: fields.val_at(nonce).ok()?,
            price,
            gas: fields.val_at(call).ok()?,
            to,
            value: fields.val_at(call + 2).ok()?,
            chain_id,
            data: fields.val_at(call + 3).ok()?,
        })
    }

    /// The fields of its type before those of a signature.
    fn fields_to(&self, stream: &mut RlpStream) {
        match self.price {
            GasPrice::Legacy { gas_price } => {
                stream.append(&self.nonce);
                stream.append(&gas_price);
                self.call(stream);
            }
            GasPrice::Market {
                max_fee,
                max_priority,
            } => {
                stream.append(&self.chain_id);
                stream.append(&self.nonce);
                stream.append(&max_priority);
                stream.append(&max_fee);
                self.call(stream);
                // The access list: we have none.
                stream.begin_list(0);
            }
        }
    }

    /// The four fields that both types share, in their order.
    fn call(&self, stream: &mut RlpStream) {
        stream.append(&self.gas);
        match &self.to {
            Some(to) => stream.append(&to.as_slice()),
            None => stream.append_empty_data(),
        };
        stream.append(&self.value);
        stream.append(&self.data.as_slice());
    }
}

fn numbers(stream: &mut RlpStream, signature: &Signature) {
    stream.append(&without_leading_zeros(&signature.r));
    stream.append(&without_leading_zeros(&signature.s));
}

#[cfg(test)]
mod tests {
    use ethers_core::types::transaction::eip2718::TypedTransaction;
    use ethers_core::types::{Eip1559TransactionRequest, Signature as Reference, U256};

    use super::*;
    use crate::hex::hex_text;

    fn transfer(price: GasPrice, chain_id: u64) -> EspaceTransaction {
        EspaceTransaction {
            nonce: 9,
            price,
            gas: 21_000,
            to: Some([0x35; 20]),
            value: 1_000_000_000_000_000_000,
            chain_id,
            data: Vec::new(),
        }
    }

    /// The example of EIP-155.
    #[test]
    fn a_legacy_transaction_is_that_of_the_standard() {
        let price = GasPrice::Legacy {
            gas_price: 20_000_000_000,
        };
        let signed = transfer(price, 1).sign(&Key::parse(&"46".repeat(32)).unwrap());
        assert_eq!(
            hex_text(&signed.raw),
            "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe53\
             7567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        );
    }

    /// Another implementation reads it, finds the same fields and the same sender.
    #[test]
    fn a_market_transaction_is_read_by_another_implementation() {
        let price = GasPrice::Market {
            max_fee: 40_000_000_000,
            max_priority: 1_000_000_000,
        };
        let own = Key::parse(&"46".repeat(32)).unwrap();
        let signed = transfer(price, 71).sign(&own);
        let (read, signature): (TypedTransaction, Reference) =
            TypedTransaction::decode_signed(&Rlp::new(&signed.raw)).unwrap();
        let expected = Eip1559TransactionRequest::new()
            .from(signature.recover(read.sighash()).unwrap())
            .nonce(9)
            .gas(21_000)
            .to(ethers_core::types::H160([0x35; 20]))
            .value(U256::exp10(18))
            .chain_id(71)
            .max_fee_per_gas(40_000_000_000_u64)
            .max_priority_fee_per_gas(1_000_000_000_u64);

        assert_eq!(read, TypedTransaction::Eip1559(expected));
        let sender = signature.recover(read.sighash()).unwrap();
        assert_eq!(hex_text(&sender.0), own.espace_address().to_string());
        assert_eq!(read.hash(&signature).0, signed.hash);
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let market = GasPrice::Market {
            max_fee: 40_000_000_000,
            max_priority: 1,
        };
        for price in [market, GasPrice::Legacy { gas_price: 7 }] {
            let mut unsigned = transfer(price, 1030);
            unsigned.data = vec![0; 300];
            let creation = EspaceTransaction {
                to: None,
                ..unsigned.clone()
            };
            for unsigned in [unsigned, creation] {
                let signed = unsigned.sign(&Key::parse(&"46".repeat(32)).unwrap());
                assert_eq!(EspaceTransaction::read(&signed.raw), Some(unsigned));
            }
        }
        assert_eq!(EspaceTransaction::read(&[]), None);
        assert_eq!(EspaceTransaction::read(&[MARKET, 0xc0]), None);
    }

    #[test]
    fn a_creation_has_no_receiver() {
        let mut creation = transfer(GasPrice::Legacy { gas_price: 1 }, 1);
        creation.to = None;
        creation.data = vec![0x60];
        let raw = creation.sign(&Key::parse(&"46".repeat(32)).unwrap()).raw;
        assert_eq!(
            Rlp::new(&raw).val_at::<Vec<u8>>(3).unwrap(),
            Vec::<u8>::new()
        );
    }
}
