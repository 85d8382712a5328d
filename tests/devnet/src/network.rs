//! One devnet: a Docker network and a genesis validator that makes blocks on it.
//!
//! - Reads: the image and the genesis, from this crate's own stages.
//! - Returns: a running chain and all that is needed to use and to join it.
//! - Never: stays when its owner goes, unless it was asked to; publishes a port on anything but the loopback address.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{
    accounts::FundedAccount,
    bridge::DockerBridge,
    cache::Cache,
    cleanup,
    docker::DevnetEngine,
    error::{DevnetError, Result},
    genesis,
    genesis_node::{self, GenesisNode},
    image, owner, ready,
    settings::{CORE_PORT, DevnetConfig, ESPACE_PORT, Lifetime},
};

/// All that is needed to use and to join a devnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevnetInfo {
    /// The devnet's name.
    pub name: String,
    /// Core RPC on this machine.
    pub core_rpc: String,
    /// eSpace RPC on this machine.
    pub espace_rpc: String,
    /// Chain id of Core space, also its network id.
    pub chain_id: u32,
    /// Chain id of eSpace.
    pub evm_chain_id: u32,
    /// Hash of the first block.
    pub genesis_hash: String,
    /// Name of the Docker network.
    pub docker_network: String,
    /// Id of the Docker network.
    pub docker_network_id: String,
    /// `cfxnode://…@IP:port` of the genesis node inside the Docker network.
    pub bootnode: String,
    /// Container of the genesis node.
    pub container: String,
    /// Core RPC of the genesis node inside the Docker network.
    pub core_rpc_inside: String,
    /// eSpace RPC of the genesis node inside the Docker network.
    pub espace_rpc_inside: String,
    /// PoS address of the genesis validator.
    pub genesis_pos_address: String,
    /// Votes of the genesis validator.
    pub genesis_votes: u64,
    /// Time between two blocks.
    pub block_interval_ms: u64,
    /// Reference of the node's image.
    pub image: String,
    /// Id of the node's image.
    pub image_id: String,
    /// Flat folder: `node.toml` holds lines for `conflux.toml`, every other file belongs into `pos_config/`.
    pub node_files: PathBuf,
    /// Accounts with 10,000 CFX in Core space; most of them, not the last, have as much in eSpace.
    pub accounts: Vec<FundedAccount>,
}

impl DevnetInfo {
    /// Waits until blocks and PoS rounds are both seen to move, for as long as `limit`.
    pub async fn moves(&self, limit: Duration) -> Result<()> {
        ready::wait_until_moving(&self.core_rpc, &self.espace_rpc, limit, async || Ok(())).await
    }
}

/// A running devnet; it is taken down when it is dropped, unless it is detached.
#[derive(Debug)]
pub struct Devnet {
    engine: DevnetEngine,
    info: DevnetInfo,
    lifetime: Lifetime,
    stopped: bool,
    _folder: Option<TempDir>,
}

impl Devnet {
    /// Starts a devnet and waits until blocks and PoS rounds move.
    pub async fn start(config: DevnetConfig) -> Result<Self> {
        config.check()?;
        let engine = DevnetEngine::connect().await?;
        let cache = Cache::new(&config.cache_dir);
        {
            // Of two that sweep at once, one finds a network that the other's container is still on.
            let _lock = cache.lock("sweep").await?;
            cleanup::remove_orphans(&engine).await?;
        }
        // Held until the devnet is there, so that a failed start never takes down another one of the same name.
        let _lock = cache.lock(&format!("devnet-{}", config.name)).await?;
        if cleanup::devnet_exists(&engine, &config.name).await? {
            return Err(DevnetError::Setting {
                setting: "devnet name",
                value: config.name,
                rule: "a devnet of that name is there already; take it down first",
            });
        }
        match Self::start_parts(&engine, &config).await {
            Ok((info, folder)) => Ok(Self {
                engine,
                info,
                lifetime: config.lifetime,
                stopped: false,
                _folder: folder,
            }),
            Err(error) => {
                // The first error is the one to tell; what stays is found by the next sweep.
                let _ = cleanup::remove_devnet(&engine, &config.name).await;
                Err(error)
            }
        }
    }

    /// Returns what is needed to use the devnet.
    #[must_use]
    pub fn info(&self) -> &DevnetInfo {
        &self.info
    }

    /// Returns the connection to Docker Engine.
    #[must_use]
    pub fn engine(&self) -> &DevnetEngine {
        &self.engine
    }

    /// Takes the devnet down and leaves nothing behind.
    pub async fn stop(mut self) -> Result<()> {
        cleanup::remove_devnet(&self.engine, &self.info.name).await?;
        self.stopped = true;
        Ok(())
    }

    async fn start_parts(
        engine: &DevnetEngine,
        config: &DevnetConfig,
    ) -> Result<(DevnetInfo, Option<TempDir>)> {
        let cache = Cache::new(&config.cache_dir);
        let labels = owner::owner_labels(&config.name, config.lifetime);
        let image =
            image::ensure_node_image(engine, &config.image, &cache, config.progress).await?;
        let genesis = genesis::ensure_genesis(
            engine,
            &image,
            &config.chain,
            &labels,
            &cache,
            config.progress,
        )
        .await?;
        let (node_files, folder) = node_files_folder(config)?;
        genesis.files.write(&node_files)?;

        // Its subnet is free for a moment before it is ours.
        let lock = cache.lock("bridge").await?;
        let network = DockerBridge::create(engine, &config.name, &labels).await?;
        drop(lock);
        (config.progress)("starting the genesis node");
        let node = GenesisNode::new(config, &genesis, network.node_ip)?;
        let container = node
            .start(engine, config, &image.id, &labels, &network.name)
            .await?;
        let (core_rpc, espace_rpc) = genesis_node::published_urls(engine, &container).await?;
        (config.progress)("waiting for blocks and PoS rounds");
        let genesis_hash =
            ready::wait_until_ready(engine, &container, &core_rpc, &espace_rpc).await?;
        let info = DevnetInfo {
            name: config.name.clone(),
            core_rpc,
            espace_rpc,
            chain_id: config.chain.chain_id,
            evm_chain_id: config.chain.evm_chain_id,
            genesis_hash,
            docker_network: network.name,
            docker_network_id: network.id,
            bootnode: node.bootnode,
            container,
            core_rpc_inside: format!("http://{}:{CORE_PORT}", network.node_ip),
            espace_rpc_inside: format!("http://{}:{ESPACE_PORT}", network.node_ip),
            genesis_pos_address: genesis.pos_address,
            genesis_votes: config.chain.genesis_votes,
            block_interval_ms: config.block_interval_ms,
            image: image.reference,
            image_id: image.id,
            node_files,
            accounts: genesis.accounts,
        };
        Ok((info, folder))
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        if self.stopped || self.lifetime == Lifetime::Detached {
            return;
        }
        // Dropping happens in any context, also while a runtime is going down: a thread of its own can still wait.
        let name = self.info.name.clone();
        let cleaner = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(runtime) = runtime {
                let _ = runtime.block_on(async {
                    cleanup::remove_devnet(&DevnetEngine::connect().await?, &name).await
                });
            }
        });
        let _ = cleaner.join();
    }
}

fn node_files_folder(config: &DevnetConfig) -> Result<(PathBuf, Option<TempDir>)> {
    if let Some(dir) = &config.dir {
        let path = std::path::absolute(dir)
            .map_err(DevnetError::io(format!("find folder `{}`", dir.display())))?;
        return Ok((path.join("node_files"), None));
    }
    let folder = tempfile::Builder::new().prefix("pospool-devnet-").tempdir();
    let folder = folder.map_err(DevnetError::io("make a temporary folder"))?;
    Ok((folder.path().join("node_files"), Some(folder)))
}
