//! The creation of a contract: what is recorded of it, and the address that it gives.
//!
//! - Returns: plain values.
//! - Never: believes an address: who made it must be an account of the spec, and that is what gives the address.

use std::collections::BTreeMap;

use pospool_conflux::hex::{hex_text, hex_word};
use pospool_conflux::{ChainAddress, CoreAddress, EspaceAddress, keccak256};
use pospool_model::Value;
use pospool_model::state::Recorded;

/// Output: what the proxy's constructor was given, as hex. An upgrade changes what the proxy points at, and not that.
pub(crate) const PROXY_ARGUMENTS: &str = "proxy_arguments";

/// Output: nonce and hash of the init code of a creation. It proves an address whatever the source says later, and nothing
/// that somebody else writes there does: the sender is an account of the spec.
pub(crate) const MADE_WITH: &str = "made_with";
const NONCE: &str = "nonce";
const INIT: &str = "init";

/// What is recorded of a creation.
pub(crate) fn record_creation(nonce: u64, init: &[u8]) -> Value {
    let nonce = i64::try_from(nonce).unwrap_or(i64::MAX);
    Value::Map(BTreeMap::from([
        (NONCE.to_owned(), Value::Integer(nonce)),
        (INIT.to_owned(), Value::Text(hex_text(&keccak256(init)))),
    ]))
}

/// The account of the spec by which the recorded creation gives this address.
pub(super) fn find_recorded_maker(
    recorded: &Recorded,
    at: ChainAddress,
    makers: &[(ChainAddress, u64)],
) -> Option<ChainAddress> {
    let made_with = recorded.outputs.get(MADE_WITH)?.as_map()?;
    let nonce = u64::try_from(made_with.get(NONCE)?.as_integer()?).ok()?;
    let init = hex_word(made_with.get(INIT)?.as_text()?)?;
    let mut makers = makers.iter().map(|(maker, _)| *maker);
    makers.find(|maker| creation(*maker, nonce, &init) == at)
}

/// Where an account puts a contract; in eSpace its code does not matter.
pub(super) fn creation(maker: ChainAddress, nonce: u64, init: &[u8; 32]) -> ChainAddress {
    match maker {
        ChainAddress::Core(core) => CoreAddress::of_creation_of(core, nonce, init).into(),
        ChainAddress::Espace(espace) => EspaceAddress::of_creation(espace, nonce).into(),
    }
}
