//! What a bundle says of itself: the first file in it.
//!
//! Its form is a promise (`state-schema/key-bundle.v1.schema.json`): a bundle may be opened years later, by another program.

use std::collections::BTreeMap;

use pospool_model::Address;
use pospool_model::guard::PosRound;
use pospool_model::state::ChainIdentity;
use serde::{Deserialize, Serialize};

use crate::error::BundleError;

const FORMAT: &str = "pospool-key-bundle";
const VERSION: u64 = 1;

/// What a bundle holds, and of which pool it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `pospool-key-bundle`.
    pub format: String,
    /// Always 1.
    pub version: u64,
    /// When it was made, such as `2026-11-29T12:00:00Z`.
    pub made_at: String,
    /// Program that made it.
    pub made_by: String,
    /// Lineage of the state that it was made under: the name of the pool's project.
    pub lineage: String,
    /// The node whose key it is.
    pub node: Address,
    /// PoS address of the key, 0x and 64 hex digits.
    pub pos_address: String,
    /// The chain, if the state knew it.
    pub chain: Option<ChainIdentity>,
    /// Addresses of the project's contracts.
    pub contracts: BTreeMap<Address, String>,
    /// How far the key had signed when it was made. It only ever goes on from there.
    pub safety: Option<KeptUpTo>,
    /// The files behind this one, by their names; of the password nothing is said.
    pub files: BTreeMap<String, FileDigest>,
}

/// What the safety file in a bundle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptUpTo {
    /// Epoch of PoS.
    pub epoch: u64,
    /// Last round of it that was signed.
    pub round: u64,
    /// Always true: a safety file never takes the place of a newer one.
    pub forward_only: bool,
}

impl From<PosRound> for KeptUpTo {
    fn from(at: PosRound) -> Self {
        Self {
            epoch: at.epoch,
            round: at.round,
            forward_only: true,
        }
    }
}

impl From<KeptUpTo> for PosRound {
    fn from(kept: KeptUpTo) -> Self {
        Self::new(kept.epoch, kept.round)
    }
}

/// Size and hash of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hex digits.
    pub sha256: String,
}

impl Manifest {
    /// One of the current form, in which nothing is said yet.
    #[must_use]
    pub fn new(lineage: String, node: Address, pos_address: String) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            made_at: String::new(),
            made_by: concat!("pospool ", env!("CARGO_PKG_VERSION")).to_owned(),
            lineage,
            node,
            pos_address,
            chain: None,
            contracts: BTreeMap::new(),
            safety: None,
            files: BTreeMap::new(),
        }
    }

    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        #[derive(Deserialize)]
        struct Envelope {
            format: String,
            version: u64,
        }
        let damaged =
            |error: serde_json::Error| BundleError::Damaged(format!("manifest.json: {error}"));
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(damaged)?;
        if envelope.format != FORMAT {
            return Err(BundleError::Damaged(
                "manifest.json is not that of a bundle".to_owned(),
            ));
        }
        if envelope.version != VERSION {
            return Err(BundleError::NewerForm(envelope.version));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(damaged)?;
        if manifest.safety.is_some_and(|safety| !safety.forward_only) {
            return Err(BundleError::Damaged(
                "its safety file is not marked forward-only".to_owned(),
            ));
        }
        Ok(manifest)
    }
}
