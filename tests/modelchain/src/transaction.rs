//! Signed bytes of Core Space, read the way a node reads them.
//!
//! - Reads: raw bytes of type 0 and of type 2 (CIP-1559).
//! - Returns: the fields and who signed; or why the bytes are no transaction.
//! - Never: takes the sender's word for who it is: the signature says it.

use ethers_core::k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use ethers_core::utils::keccak256;
use ethers_core::utils::rlp::{DecoderError, Rlp};
use pospool_conflux::CoreAddress;

/// 20 bytes of an account.
pub type Account = [u8; 20];
/// 32 bytes of a digest.
pub type Hash = [u8; 32];

/// Text before a transaction of CIP-1559.
const MARKET: &[u8] = b"cfx\x02";

/// A transaction that somebody signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Digest of the raw bytes.
    pub hash: Hash,
    /// Who signed and pays.
    pub sender: Account,
    /// Place in the order of the sender.
    pub nonce: u64,
    /// Most for one unit of gas, in drip.
    pub max_fee: u128,
    /// Most of it for the miner, in drip.
    pub priority: u128,
    /// Most gas.
    pub gas: u64,
    /// Receiver; none for a creation.
    pub to: Option<Account>,
    /// Drip that go to the receiver.
    pub value: u128,
    /// Most bytes of storage.
    pub storage_limit: u64,
    /// It can be packed within 100,000 epochs of this one.
    pub epoch_height: u64,
    /// Chain that it is for.
    pub chain_id: u64,
    /// Call data or init code.
    pub data: Vec<u8>,
    /// Made by the model in the name of an account whose key somebody else has too.
    pub foreign: bool,
}

/// Reads raw bytes; the refusal is in a node's words.
pub fn decode_transaction(raw: &[u8], network: u32) -> Result<Transaction, String> {
    let (prefix, body) = match raw.strip_prefix(MARKET) {
        Some(body) => (MARKET, body),
        None => (&[][..], raw),
    };
    let read = read(prefix, body, network).map_err(|error| format!("{error:?}"))?;
    Ok(Transaction {
        hash: keccak256(raw),
        ..read
    })
}

fn read(prefix: &[u8], body: &[u8], network: u32) -> Result<Transaction, DecoderError> {
    let outer = Rlp::new(body);
    let fields = outer.at(0)?;
    let sender = signer(
        keccak256([prefix, fields.as_raw()].concat()),
        outer.val_at(1)?,
        &outer.val_at::<Vec<u8>>(2)?,
        &outer.val_at::<Vec<u8>>(3)?,
    )?;
    // The market form has two prices in the place of one.
    let more = usize::from(!prefix.is_empty());
    let first: u128 = fields.val_at(1)?;
    let to: Vec<u8> = fields.val_at(3 + more)?;
    Ok(Transaction {
        hash: [0; 32],
        sender: CoreAddress::of_public_key(&sender, network).bytes(),
        nonce: fields.val_at(0)?,
        max_fee: fields.val_at(1 + more)?,
        priority: first,
        gas: fields.val_at(2 + more)?,
        to: match to.len() {
            0 => None,
            _ => Some(to.try_into().map_err(|_| DecoderError::RlpInvalidLength)?),
        },
        value: fields.val_at(4 + more)?,
        storage_limit: fields.val_at(5 + more)?,
        epoch_height: fields.val_at(6 + more)?,
        chain_id: fields.val_at(7 + more)?,
        data: fields.val_at(8 + more)?,
        foreign: false,
    })
}

fn signer(digest: Hash, recovery: u8, r: &[u8], s: &[u8]) -> Result<[u8; 64], DecoderError> {
    let wrong = DecoderError::Custom("the signature is none");
    let recovery = RecoveryId::from_byte(recovery).ok_or(wrong.clone())?;
    let signature = Signature::from_scalars(word(r)?, word(s)?).map_err(|_| wrong.clone())?;
    let key = VerifyingKey::recover_from_prehash(&digest, &signature, recovery);
    let point = key.map_err(|_| wrong)?.to_encoded_point(false);
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&point.as_bytes()[1..]);
    Ok(bytes)
}

/// Puts the zeros back that RLP leaves out.
fn word(bytes: &[u8]) -> Result<Hash, DecoderError> {
    let start = 32_usize
        .checked_sub(bytes.len())
        .ok_or(DecoderError::RlpInvalidLength)?;
    let mut word = [0; 32];
    word[start..].copy_from_slice(bytes);
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ethers_core::utils::hex;

    /// A transaction of another tool's tests (js-conflux-sdk, `test/transaction.test.js`).
    #[test]
    fn a_transaction_of_another_tool_is_read() {
        let raw = hex::decode(
            "0xf863df8001825208940123456789012345678901234567890123456789808080018001a0ef53e4af065905cb5134f7de4e9434e7\
             1656f824e3e268a9babb4f14ff808113a0407f05f44f79c1fd19262665d3efc29368e317fe5e77be27c0c1314b6a242a1e",
        )
        .unwrap();
        let read = decode_transaction(&raw, 1).unwrap();
        assert_eq!(
            hex::encode(read.hash),
            "9e463f32428c7c4026575d132e8c4e5d6fe387322fce5234103e52f4ab39b053"
        );
        assert_eq!(
            (read.nonce, read.max_fee, read.gas, read.chain_id),
            (0, 1, 21000, 1)
        );
        assert_eq!(read.sender[0] >> 4, 1);
        assert!(decode_transaction(&raw[1..], 1).is_err());
    }
}
