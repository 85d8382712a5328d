//! The safety file of conflux (`pos_db/secure_storage.json`): whose it is, and up to which round its key has signed.
//!
//! - Reads: the file's text.
//! - Returns: what it says.
//! - Never: writes one.

use serde::Deserialize;

use crate::guard::PosRound;

/// What a safety file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyData {
    /// PoS address that it belongs to, 0x and lower-case hex digits.
    pub owner: String,
    /// Last round that was signed.
    pub signed: PosRound,
}

#[derive(Deserialize)]
struct Form {
    owner_account: Field<String>,
    safety_data: Field<Rounds>,
}

#[derive(Deserialize)]
struct Field<T> {
    value: T,
}

#[derive(Deserialize)]
struct Rounds {
    epoch: u64,
    last_voted_round: u64,
}

impl SafetyData {
    /// Reads a file that is not empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form: Form = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let rounds = form.safety_data.value;
        Ok(Self {
            owner: plain_pos_address(&form.owner_account.value),
            signed: PosRound::new(rounds.epoch, rounds.last_voted_round),
        })
    }
}

/// A PoS address as it is compared: 0x and lower-case hex digits.
#[must_use]
pub fn plain_pos_address(hex: &str) -> String {
    format!("0x{}", hex.trim_start_matches("0x").to_lowercase())
}
