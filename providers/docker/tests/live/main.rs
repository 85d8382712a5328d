//! Nodes on a real Docker Engine, on a real private network.
//!
//! Runs when `POSPOOL_DEVNET_DIR` names a folder that `devnet up` wrote; otherwise it does nothing.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod failures;
mod life;
mod project;
