//! `account`: a key that signs and pays.
//!
//! - Reads: the secret that a block names, for as long as it takes to make addresses of it.
//! - Returns: addresses, nonce and balance.
//! - Never: keeps a key.

mod schema;

use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, Key, Space};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Refusal, Slot};
use pospool_conflux_tx::pending;
use pospool_model::{Address, Attributes, Drip, Problem, SecretRef, Value};

pub(crate) use self::schema::ACCOUNT;
use self::schema::AccountSpec;
use crate::codes;
use crate::facts::AccountFacts;

/// The public half of a key.
pub(crate) type PublicKey = [u8; 64];

/// Returns where the key is.
pub(crate) fn key_of(attributes: &Attributes) -> Option<&SecretRef> {
    AccountSpec::read(attributes).private_key.known()
}

/// Reads the key of an account, keeps its public half and wipes the rest.
pub(crate) fn public_key(attributes: &Attributes) -> Result<PublicKey, Problem> {
    let problem = |summary: String| Problem::new(codes::NO_KEY, &["private_key"], summary);
    let reference = key_of(attributes).ok_or_else(|| problem("no secret is named".to_owned()))?;
    let secret = reference
        .read()
        .map_err(|error| problem(error.to_string()))?;
    let key = Key::parse(secret.expose()).map_err(|error| {
        problem(format!("`{reference}`: {error}")).help("put the account's private key there")
    })?;
    Ok(key.public())
}

/// Outputs that the key alone decides.
pub(crate) fn account_outputs(key: &PublicKey, network: u32) -> Attributes {
    let address = CoreAddress::of_public_key(key, network).to_string();
    Attributes::from([
        ("address".to_owned(), Value::Text(address)),
        (
            "espace_address".to_owned(),
            Value::Text(EspaceAddress::of_public_key(key).to_string()),
        ),
    ])
}

/// Adds the balance to outputs.
pub(crate) fn add_balance(outputs: &mut Attributes, balance: u128) {
    outputs.insert("balance".to_owned(), Value::Amount(Drip(balance)));
}

/// The output that holds an account's address in a space.
pub(crate) fn output_of(space: Space) -> &'static str {
    match space {
        Space::Core => "address",
        Space::Espace => "espace_address",
    }
}

/// Questions about an account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskedAccount {
    nonces: pending::AskedNonces,
    balance: Slot,
}

/// Asks for nonce and balance.
pub(crate) fn ask_account(batch: &mut Batch, address: ChainAddress, at: At) -> AskedAccount {
    AskedAccount {
        nonces: pending::ask_nonces(batch, address),
        balance: batch.balance(address, at),
    }
}

impl AskedAccount {
    /// Why the answers tell neither, though the node knows them.
    pub(crate) fn trouble(self, answers: &BatchAnswers) -> Option<&Refusal> {
        let balance = answers.silence(self.balance);
        self.nonces.trouble(answers).or(balance)
    }
}

/// Reads nonce and balance; `None` if the node did not say.
pub(crate) fn read_account(
    asked: AskedAccount,
    answers: &BatchAnswers,
    address: ChainAddress,
    chain: &Address,
    key: &SecretRef,
) -> Option<AccountFacts> {
    let nonces = pending::read_nonces(asked.nonces, answers)?;
    Some(AccountFacts {
        address,
        chain: chain.clone(),
        key: key.clone(),
        nonce: nonces.next(),
        executed: nonces.executed,
        balance: answers.number(asked.balance)?,
    })
}

/// Name of an account's nonce among bindings and counters.
pub(crate) fn nonce_lane(address: ChainAddress) -> String {
    format!("nonce {} {address}", address.space().word())
}
