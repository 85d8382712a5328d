//! What a source gives for the model's contracts, and what a node gives for its key.
//!
//! - Reads: nothing.
//! - Returns: init code and ABI by name; call data of a registration.
//! - Never: compiles.

use ethers_core::k256::ecdsa::SigningKey;
use ethers_core::utils::{hex, keccak256};

use crate::abi;
use crate::contract::{MANAGER_INIT, POOL_INIT, PROXY_INIT};

const INITIALIZE: &str = r#"[{"type":"function","name":"initialize","inputs":[],"outputs":[],"stateMutability":"nonpayable"}]"#;
const PROXY_ABI: &str = r#"[{"type":"constructor","inputs":[{"name":"logic","type":"address"},{"name":"data","type":"bytes"}]}]"#;

/// A contract as a compiler would give it.
#[derive(Clone, Debug)]
pub struct ModelArtifact {
    /// Name in its source.
    pub contract: &'static str,
    /// Init code in hex.
    pub bytecode: String,
    /// Code that stays, in hex.
    pub runtime: String,
    /// ABI in JSON.
    pub abi: &'static str,
    /// Digest of code and ABI.
    pub digest: String,
}

/// All contracts that a pool needs.
#[must_use]
pub fn pool_artifacts() -> Vec<ModelArtifact> {
    [
        ("PoSPool", POOL_INIT, INITIALIZE),
        ("PoolManager", MANAGER_INIT, "[]"),
        ("Proxy1967", PROXY_INIT, PROXY_ABI),
    ]
    .into_iter()
    .map(|(contract, init, abi)| ModelArtifact {
        contract,
        bytecode: hex::encode_prefixed(init),
        runtime: hex::encode_prefixed(&init[..20]),
        abi,
        digest: hex::encode_prefixed(keccak256([init, abi.as_bytes()].concat())),
    })
    .collect()
}

/// What a node says of its PoS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeKey {
    /// Address in PoS, in hex.
    pub pos_address: String,
    /// Call data of the registration, in hex.
    pub register_data: String,
}

/// Makes the key of a node: another one for each name.
#[must_use]
pub fn node_key(name: &str) -> NodeKey {
    let digest = keccak256(name);
    let (mut bls, mut vrf) = ([1; 48], [2; 33]);
    bls[..32].copy_from_slice(&digest);
    vrf[..32].copy_from_slice(&digest);
    let (call, identifier) = abi::register_call(&bls, &vrf);
    NodeKey {
        pos_address: hex::encode_prefixed(identifier),
        register_data: hex::encode_prefixed(call),
    }
}

/// Public half of the private key whose bytes are all the same.
///
/// # Panics
/// For 0 and 255, which are not keys.
#[must_use]
pub fn public_key(byte: u8) -> [u8; 64] {
    let key = SigningKey::from_slice(&[byte; 32]).expect("a key of secp256k1");
    let point = key.verifying_key().to_encoded_point(false);
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&point.as_bytes()[1..]);
    bytes
}
