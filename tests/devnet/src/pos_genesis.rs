//! The two files that a PoS chain starts from, made from the first validator's registration.
//!
//! - Reads: the calldata that `test_posRegister` answers.
//! - Returns: `initial_nodes.json` as a value and `genesis_file` as bytes.
//! - Never: touches a file, Docker or a node.
//!
//! `genesis_file` is BCS: numbers are little endian and of fixed width, lists carry their length as ULEB128, an enum is
//! the number of its variant. It says: a genesis transaction that writes nothing and raises one event, the set of
//! validators.

use serde_json::{Value, json};

use crate::{
    accounts::{decode_hex, encode_hex},
    error::{DevnetError, Result},
};

/// First four bytes of a call of `register(bytes32,uint64,bytes,bytes,bytes[2])`.
const REGISTER_SELECTOR: [u8; 4] = [0xe3, 0x35, 0xb4, 0x51];
/// Lengths of the keys in their compressed forms.
const BLS_LEN: usize = 48;
const VRF_LEN: usize = 33;
/// The account under which PoS publishes its validator set.
const EVENT_ACCOUNT: [u8; 4] = [0x0a, 0x55, 0x0c, 0x18];
/// The number of that event under the account.
const EVENT_NUMBER: u64 = 4;

/// The genesis validator, as its own registration describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// PoS address, also called identifier.
    pub pos_address: [u8; 32],
    /// Votes in the registration.
    pub votes: u64,
    /// BLS public key.
    pub bls_key: Vec<u8>,
    /// VRF public key.
    pub vrf_key: Vec<u8>,
    /// The whole registration.
    pub calldata: Vec<u8>,
}

impl Validator {
    /// Reads the calldata of a registration.
    pub fn from_calldata(calldata: &[u8]) -> Result<Self> {
        let body = calldata
            .strip_prefix(&REGISTER_SELECTOR)
            .ok_or_else(|| malformed("it is not a call of `register`"))?;
        let pos_address = word(body, 0)?;
        let bls_key = bytes_at(body, small(&word(body, 64)?)?)?;
        let vrf_key = bytes_at(body, small(&word(body, 96)?)?)?;
        if bls_key.len() != BLS_LEN || vrf_key.len() != VRF_LEN {
            return Err(malformed("a public key has an unknown length"));
        }
        let votes = u64::try_from(small(&word(body, 32)?)?).map_err(malformed)?;
        Ok(Self {
            pos_address,
            votes,
            bls_key,
            vrf_key,
            calldata: calldata.to_vec(),
        })
    }

    /// Returns `initial_nodes.json` for a chain whose only validator this is.
    #[must_use]
    pub fn initial_nodes(&self, owner: &[u8; 20], chain_id: u32) -> Value {
        json!({
            "initial_nodes": [{
                "address": format!("0x{}", encode_hex(owner)),
                "bls_key": encode_hex(&self.bls_key),
                "vrf_key": encode_hex(&self.vrf_key),
                "voting_power": self.votes,
                "register_tx": {
                    "nonce": "0x0",
                    "gas_price": "0x1",
                    "gas": "0x30d40",
                    "action": { "Call": "0x0888000000000000000000000000000000000005" },
                    "value": "0x0",
                    "storage_limit": 16000,
                    "epoch_height": 0,
                    "chain_id": chain_id,
                    "data": self.calldata,
                },
            }],
            "initial_committee": [[encode_hex(&self.pos_address), self.seats()]],
            "initial_seed": format!("0x{}", encode_hex(&[0; 32])),
        })
    }

    /// Returns `genesis_file` for a chain whose only validator this is.
    #[must_use]
    pub fn genesis_file(&self) -> Vec<u8> {
        let mut event = Bcs::default();
        event.variant(0).len(1); // a BLS scheme; one validator
        event.fixed(&self.pos_address).u64(self.seats());
        event.bytes(&self.bls_key).variant(1).bytes(&self.vrf_key); // the VRF key is optional: present
        event.bytes(&[]).bytes(&[]).u64(0); // no network addresses; never changed

        let mut key = Bcs::default();
        let mut account = [0; 32];
        account[28..].copy_from_slice(&EVENT_ACCOUNT);
        key.u64(EVENT_NUMBER).fixed(&account);

        let mut file = Bcs::default();
        file.variant(1).variant(0); // genesis transaction; a direct change
        file.len(0).len(1); // nothing written; one event
        file.variant(0).bytes(&key.0).bytes(&event.0);
        file.0
    }

    /// The genesis committee has one seat for each vote, up to the size of a committee.
    fn seats(&self) -> u64 {
        self.votes.min(300)
    }
}

/// A BCS text that grows.
#[derive(Default)]
struct Bcs(Vec<u8>);

impl Bcs {
    fn variant(&mut self, number: u8) -> &mut Self {
        self.len(usize::from(number))
    }

    fn len(&mut self, mut length: usize) -> &mut Self {
        while length >= 0x80 {
            self.0
                .push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        self.0.push(u8::try_from(length).unwrap_or_default());
        self
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.fixed(&number.to_le_bytes())
    }

    fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.len(bytes.len()).fixed(bytes)
    }
}

fn malformed(detail: impl std::fmt::Display) -> DevnetError {
    DevnetError::malformed("the calldata of a registration", detail)
}

/// Returns one 32-byte word of ABI data.
fn word(body: &[u8], at: usize) -> Result<[u8; 32]> {
    body.get(at..at + 32)
        .and_then(|slice| slice.try_into().ok())
        .ok_or_else(|| malformed("it ends too early"))
}

/// Reads a word that holds a number which fits a length.
fn small(word: &[u8; 32]) -> Result<usize> {
    let mut tail = [0; 8];
    tail.copy_from_slice(&word[24..]);
    let number = usize::try_from(u64::from_be_bytes(tail)).map_err(malformed)?;
    if word[..24].iter().any(|byte| *byte != 0) || number > 1 << 20 {
        return Err(malformed("a length or a number is too large"));
    }
    Ok(number)
}

/// Reads ABI `bytes` whose length word is at the given place.
fn bytes_at(body: &[u8], at: usize) -> Result<Vec<u8>> {
    let length = small(&word(body, at)?)?;
    let bytes = body
        .get(at + 32..at + 32 + length)
        .ok_or_else(|| malformed("it ends too early"))?;
    Ok(bytes.to_vec())
}

/// Reads the answer of `test_posRegister`: calldata and PoS address.
pub(crate) fn from_register_answer(answer: &Value) -> Result<Validator> {
    let text = answer
        .get(0)
        .and_then(Value::as_str)
        .ok_or_else(|| DevnetError::malformed("the answer of test_posRegister", "no calldata"))?;
    Validator::from_calldata(&decode_hex("the answer of test_posRegister", text)?)
}

#[cfg(test)]
#[path = "pos_genesis_tests.rs"]
mod tests;
