//! `account`: a key that signs and pays.
//!
//! - Reads: the block, and the secret that it names where that is needed, for as long as it takes to make addresses of it.
//! - Returns: addresses, nonce and balance.
//! - Never: keeps a key.

mod key;
mod schema;
mod who;

use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, Space};
use pospool_conflux_rpc::{At, Batch, BatchAnswers, Refusal, Slot};
use pospool_conflux_tx::{KeyRef, pending};
use pospool_model::state::AccountIdentity;
use pospool_model::{Address, Attributes, Drip, Problem, Value};

pub(crate) use self::key::{key_of, public_key};
pub(crate) use self::schema::ACCOUNT;
use self::schema::AccountSpec;
pub(crate) use self::who::{
    AccountAddresses, AddressSource, find_addresses, known_addresses, normalise_account,
    prove_addresses,
};
use crate::codes;
use crate::facts::AccountFacts;

/// Outputs that say who it is.
pub(crate) fn account_outputs(addresses: AccountAddresses, network: u32) -> Attributes {
    let core = CoreAddress::new(addresses.core, network).to_string();
    let espace = addresses
        .espace
        .map(|bytes| EspaceAddress::new(bytes).to_string());
    let mut outputs = Attributes::from([("address".to_owned(), Value::Text(core))]);
    outputs.extend(espace.map(|espace| ("espace_address".to_owned(), Value::Text(espace))));
    outputs
}

/// What the state keeps of an account whose key said these outputs.
pub(crate) fn kept_identity(
    wanted: Option<&Attributes>,
    outputs: &Attributes,
) -> Option<AccountIdentity> {
    let text = |name: &str| outputs.get(name)?.as_text().map(ToOwned::to_owned);
    Some(AccountIdentity {
        secret: key_of(wanted?)?.holder().clone(),
        address: text("address")?,
        espace_address: text("espace_address")?,
    })
}

/// Whether an address that the block says is one of this network.
pub(crate) fn check_network(wanted: Option<&Attributes>, network: u32) -> Result<(), Problem> {
    let written = wanted.and_then(|wanted| AccountSpec::read(wanted).address.known());
    let written = written.and_then(|text| text.parse::<CoreAddress>().ok());
    match written {
        Some(address) if address.network() != network => {
            let summary = format!(
                "`{address}` is an address of network {}, and the chain is {network}",
                address.network()
            );
            let here = CoreAddress::new(address.bytes(), network);
            Err(Problem::new(codes::BAD_ACCOUNT, &["address"], summary)
                .help(format!("the same account is {here} there, if it is meant")))
        }
        _ => Ok(()),
    }
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
    key: Option<&KeyRef>,
) -> Option<AccountFacts> {
    let nonces = pending::read_nonces(asked.nonces, answers)?;
    Some(AccountFacts {
        address,
        chain: chain.clone(),
        key: key.cloned(),
        nonce: nonces.next(),
        executed: nonces.executed,
        balance: answers.number(asked.balance)?,
    })
}

/// Name of an account's nonce among bindings and counters.
pub(crate) fn nonce_lane(address: ChainAddress) -> String {
    format!("nonce {} {address}", address.space().word())
}
