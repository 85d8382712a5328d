//! Everything about a devnet that may be chosen, and the constants behind it.
//!
//! - Reads: environment variables `POSPOOL_DEVNET_*`, only in [`DevnetConfig::named`], [`ImageSource::from_env`] and
//!   [`default_cache_dir`].
//! - Returns: plain values.
//! - Never: touches Docker or the network.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::error::{DevnetError, Result};

/// Version of conflux-rust that a devnet runs.
pub const NODE_VERSION: &str = "3.0.2";
/// The official image of that version, asked for first.
pub const OFFICIAL_IMAGE: &str = "confluxchain/conflux-rust:3.0.2";
/// Tag of the image that is made when the official one cannot be had.
pub const BUILT_IMAGE: &str = "pospool-devnet/conflux-rust:3.0.2";
/// The npm package that contains conflux-rust as a native addon of Node.js.
pub const NPM_PACKAGE: &str = "@xcfx/node-linux-x64-gnu";
/// Version of [`NPM_PACKAGE`] that contains [`NODE_VERSION`].
pub const NPM_VERSION: &str = "0.8.0";
/// Content hash of that package in npm's own notation; anything else is refused.
pub const NPM_INTEGRITY: &str = "sha512-a61LObLWcnCNJG0UdGbhumUHJg7af171VgUgt7uI/I4r9G2KHBVQTdDhB3Er9uq3N9abzewhJfa8MepaIwj60Q==";
/// The addon inside the package.
pub const NPM_ADDON: &str = "node.linux-x64-gnu.node";

/// Password handed to the genesis validator; a test constant that guards nothing.
///
/// conflux-rust ignores every password when `mode = "dev"` and encrypts `pos_key` with the empty one.
pub const GENESIS_PASSWORD: &str = "pospool-devnet-genesis";

/// Label on each container, network, volume and image of a devnet; its value is the devnet's name.
pub const LABEL_NAME: &str = "pospool.devnet";
/// Label that names the owning process, by process id and start time.
pub const LABEL_OWNER: &str = "pospool.devnet.owner";
/// Label on built images: hash over all that went into them.
pub const LABEL_CONTENT: &str = "pospool.devnet.content";

/// Working directory of the node in the official image.
pub const NODE_DIR: &str = "/root/run";
/// P2P port inside the Docker network.
pub const P2P_PORT: u16 = 32323;
/// Core RPC port inside the container.
pub const CORE_PORT: u16 = 12537;
/// RPC port that only the container itself can reach.
pub const LOCAL_PORT: u16 = 12539;
/// eSpace RPC port inside the container.
pub const ESPACE_PORT: u16 = 8545;
/// Memory limit of a node, in bytes.
pub const MEMORY_LIMIT: i64 = 1_536 * 1024 * 1024;

/// Receives one line about each longer step.
pub type ProgressFunction = fn(&str);

/// Says nothing.
pub fn ignore_progress(_line: &str) {}

/// Where the node's image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSource {
    /// Image to use or pull.
    pub reference: String,
    /// Digest (`sha256:…`) that a pulled image must have.
    pub digest: Option<String>,
    /// Whether the image may be made from the npm package if it cannot be had.
    pub build: bool,
}

impl Default for ImageSource {
    fn default() -> Self {
        Self {
            reference: OFFICIAL_IMAGE.to_owned(),
            digest: None,
            build: true,
        }
    }
}

impl ImageSource {
    /// Returns the default, or what `POSPOOL_DEVNET_IMAGE` (`name:tag` or `name:tag@sha256:…`) asks for.
    ///
    /// An image that was asked for by name is never replaced by a built one.
    #[must_use]
    pub fn from_env() -> Self {
        match env::var("POSPOOL_DEVNET_IMAGE") {
            Ok(text) if !text.is_empty() => Self::named(&text),
            _ => Self::default(),
        }
    }

    /// Returns the source for one image and no replacement.
    #[must_use]
    pub fn named(text: &str) -> Self {
        match text.split_once('@') {
            Some((name, digest)) => Self {
                reference: name.to_owned(),
                digest: Some(digest.to_owned()),
                build: false,
            },
            None => Self {
                reference: text.to_owned(),
                digest: None,
                build: false,
            },
        }
    }
}

/// The chain's own settings: all that the genesis depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainConfig {
    /// Chain id of Core space, which is also its network id.
    pub chain_id: u32,
    /// Chain id of eSpace.
    pub evm_chain_id: u32,
    /// Votes of the genesis validator. 60 lets a pool of 19 votes be elected while the chain goes on without it.
    pub genesis_votes: u64,
    /// Rounds of PoS in a term, which is an epoch here. A key without a vote in three of them is retired.
    pub rounds_per_term: u64,
    /// All keys of the devnet are derived from this text.
    pub seed: String,
    /// How many accounts are funded with 10,000 CFX in Core space.
    pub accounts: usize,
    /// So many of them, from the first, have 10,000 CFX in eSpace too; the others show what moving money takes.
    pub espace_accounts: usize,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            chain_id: 1234,
            evm_chain_id: 1235,
            genesis_votes: 60,
            rounds_per_term: 20,
            seed: "pospool-devnet".to_owned(),
            accounts: 8,
            espace_accounts: 7,
        }
    }
}

/// Whose life a devnet is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// Goes with this process: by `stop`, by drop, or by anybody's `sweep` after a crash.
    #[default]
    Process,
    /// Stays until `devnet down`.
    Detached,
}

/// How to start a devnet.
#[derive(Clone, Debug)]
pub struct DevnetConfig {
    /// Name, unique on the engine: lower-case letters, digits and `-`.
    pub name: String,
    /// The node's image.
    pub image: ImageSource,
    /// The chain.
    pub chain: ChainConfig,
    /// Time between two blocks.
    pub block_interval_ms: u64,
    /// Folder for `node_files`; a temporary one without.
    pub dir: Option<PathBuf>,
    /// Folder for what is reused: the npm package and geneses.
    pub cache_dir: PathBuf,
    /// Whose life it is bound to.
    pub lifetime: Lifetime,
    /// Receives a line about each longer step.
    pub progress: ProgressFunction,
}

impl DevnetConfig {
    /// Returns the usual settings for a devnet of that name.
    ///
    /// `POSPOOL_DEVNET_BLOCK_INTERVAL_MS` gives another time between blocks than 250 ms. What waits for PoS is about
    /// twice as fast with 125, and the node needs twice the work.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            image: ImageSource::from_env(),
            chain: ChainConfig::default(),
            block_interval_ms: env::var("POSPOOL_DEVNET_BLOCK_INTERVAL_MS")
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(250),
            dir: None,
            cache_dir: default_cache_dir(),
            lifetime: Lifetime::Process,
            progress: ignore_progress,
        }
    }

    /// Checks what later stages rely on.
    pub(crate) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        if self.chain.genesis_votes == 0 {
            return Err(DevnetError::Setting {
                setting: "genesis votes",
                value: "0".to_owned(),
                rule: "a chain needs at least one vote",
            });
        }
        let ChainConfig {
            accounts,
            espace_accounts,
            ..
        } = self.chain;
        if espace_accounts > accounts {
            return Err(DevnetError::Setting {
                setting: "accounts with money in eSpace",
                value: espace_accounts.to_string(),
                rule: "there cannot be more of them than accounts",
            });
        }
        Ok(())
    }
}

/// Checks a devnet's name, which becomes part of names on the engine.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let ok = !name.is_empty()
        && name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if ok {
        return Ok(());
    }
    Err(DevnetError::Setting {
        setting: "devnet name",
        value: name.to_owned(),
        rule: "use at most 40 lower-case letters, digits and `-`, not starting with `-`",
    })
}

/// Returns `POSPOOL_DEVNET_CACHE`, or a folder in the target folder of the running program, or one for temporary files.
#[must_use]
pub fn default_cache_dir() -> PathBuf {
    if let Some(dir) = env::var_os("POSPOOL_DEVNET_CACHE").filter(|dir| !dir.is_empty()) {
        return PathBuf::from(dir);
    }
    let program = env::current_exe().unwrap_or_default();
    let target = program
        .ancestors()
        .find(|dir| dir.join("CACHEDIR.TAG").is_file());
    target
        .map_or_else(env::temp_dir, Path::to_path_buf)
        .join("pospool-devnet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_become_a_path_is_refused() {
        for name in ["", "../info", "A", "-a", "a_b", "a/b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["a", "1", "run-7"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn more_accounts_in_espace_than_there_are_is_refused() {
        let mut config = DevnetConfig::named("a");
        assert!(config.check().is_ok());
        config.chain.espace_accounts = config.chain.accounts + 1;
        assert!(config.check().is_err());
    }

    #[test]
    fn an_image_asked_for_by_name_is_not_replaced() {
        let source = ImageSource::named("mirror/conflux:3.0.2@sha256:01");
        assert_eq!(source.reference, "mirror/conflux:3.0.2");
        assert_eq!(source.digest.as_deref(), Some("sha256:01"));
        assert!(!source.build);
    }
}
