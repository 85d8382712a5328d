//! Which chain a transaction is for, and where that chain is asked.

use pospool_conflux::Space;
use pospool_model::{Address, Endpoint};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

/// One space of a chain, with all that is needed to know it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainRef {
    /// Its block in the spec; earlier versions did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Where it is asked in this run. It is never written, and what earlier versions wrote is not believed.
    #[serde(default, skip_serializing, deserialize_with = "disbelieved_endpoints")]
    pub endpoints: Vec<Endpoint>,
    /// Chain id of the space; that of Core Space is its network id too.
    pub network: u32,
    /// Hash of the block at epoch 0, which both spaces share.
    pub genesis_hash: String,
}

/// Reads over what an earlier version wrote of endpoints: where a chain is asked is only what the current spec says.
fn disbelieved_endpoints<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Endpoint>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Vec::new())
}

/// The attribute of a `chain` that names the endpoints of a space.
#[must_use]
pub fn rpc_attribute(space: Space) -> &'static str {
    match space {
        Space::Core => "core_rpc",
        Space::Espace => "espace_rpc",
    }
}
