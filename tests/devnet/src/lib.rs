//! A private Conflux network with live PoS on the local Docker Engine, for tests.
//!
//! - Reads: Docker Engine, npm, a cache folder, `POSPOOL_DEVNET_*`.
//! - Returns: a running chain with funded accounts and the files that a second node needs ([`Devnet`]).
//! - Never: serves anything but tests. Its keys are public, its RPC serves every method, its blocks cost nothing.
//!
//! The stages, in order: [`image`] finds or makes the node's image, `genesis` makes the chain's first state,
//! [`network`] runs the first validator, [`cleanup`] takes everything down. [`join`] proves that a second node can join,
//! and a [`sender`] does by hand what a test needs done on the chain.

pub mod accounts;
mod archive;
mod bridge;
pub mod cache;
pub mod cleanup;
pub mod docker;
pub mod error;
mod genesis;
mod genesis_node;
pub mod image;
pub mod join;
pub mod live;
pub mod network;
mod node_body;
pub mod node_files;
pub mod npm_image;
mod owner;
pub mod pos_genesis;
mod ready;
mod rootfs;
pub mod rpc;
pub mod sender;
pub mod settings;
pub mod words;

pub use accounts::FundedAccount;
pub use error::{DevnetError, Result};
pub use network::{Devnet, DevnetInfo};
pub use settings::{ChainConfig, DevnetConfig, ImageSource, Lifetime};
