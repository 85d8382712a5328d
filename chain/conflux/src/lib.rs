//! Conflux without a node: addresses, keys, ABI and transactions of both its spaces.
//!
//! - Reads: text and bytes that the caller has.
//! - Returns: values that are what their types say, and the bytes that a node takes.
//! - Never: does any I/O, knows the time, or keeps a key; nor lets a type of `ethers-core` out.

pub mod abi;
mod chain_address;
mod core_address;
mod core_transaction;
mod espace_address;
mod espace_transaction;
pub mod hex;
mod key;
mod keystore;
mod register_data;
mod transaction;

pub use crate::chain_address::{ChainAddress, ChainAddressError, Space};
pub use crate::core_address::{CoreAddress, CoreAddressError, MAINNET, TESTNET};
pub use crate::core_transaction::{CoreTransaction, GasPrice, SignedTransaction};
pub use crate::espace_address::{EspaceAddress, EspaceAddressError};
pub use crate::espace_transaction::EspaceTransaction;
pub use crate::key::{Key, KeyError, PublicKey, Signature};
pub use crate::keystore::KeystoreError;
pub use crate::register_data::{RegisterData, RegisterDataError};
pub use crate::transaction::UnsignedTransaction;
/// The hash of transactions, codes and keys.
pub use ethers_core::utils::keccak256;
