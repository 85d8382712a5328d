//! The genesis of a PoS chain, learned from the node itself once and kept for later.
//!
//! - Reads: a node in a short-lived container without a network; the cache.
//! - Returns: the genesis validator's key file and the files that all nodes share.
//! - Never: lets two processes make the same genesis at once, or leaves half of one in the cache.
//!
//! Three facts can only come from a node: its PoS key, the proof that it has the key, and the hash of the first PoS
//! state (the waypoint). The first start yields key and proof; a second one, with a waypoint that cannot be right, ends
//! with the right one in its log.

use std::{collections::HashMap, fs, path::Path, time::Duration};

use bollard::models::ContainerCreateBody;
use ethers_core::utils::keccak256;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    accounts::{self, FundedAccount, encode_hex},
    archive::ArchiveEntry,
    cache::Cache,
    docker::DevnetEngine,
    error::{DevnetError, Result},
    image::NodeImage,
    node_body::node_body,
    node_files::{NodeFiles, POS_FOLDER},
    pos_genesis::{self, Validator},
    settings::{ChainConfig, LOCAL_PORT, NODE_DIR, NODE_VERSION, ProgressFunction},
};

/// Counted up when a genesis made before cannot be used any more.
const RECIPE: u32 = 1;
/// A waypoint that no genesis has.
const WRONG_WAYPOINT: &str = "0000000000000000000000000000000000000000000000000000000000000001";
/// Longest wait for a node to start and answer.
const START_LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(250);

/// A chain's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Genesis {
    /// The genesis validator's `pos_key`, encrypted with the empty password as `mode = "dev"` does.
    pub(crate) pos_key: Vec<u8>,
    /// The genesis validator's PoS address.
    pub(crate) pos_address: String,
    /// The funded accounts.
    pub(crate) accounts: Vec<FundedAccount>,
    /// What all nodes share.
    pub(crate) files: NodeFiles,
}

/// Returns the chain's genesis from the cache, or makes it.
pub(crate) async fn ensure_genesis(
    engine: &DevnetEngine,
    image: &NodeImage,
    chain: &ChainConfig,
    labels: &HashMap<String, String>,
    cache: &Cache,
    progress: ProgressFunction,
) -> Result<Genesis> {
    let version = if image.built {
        NODE_VERSION
    } else {
        &image.reference
    };
    let key = encode_hex(&keccak256(format!("{RECIPE}/{version}/{chain:?}")))[..16].to_owned();
    let _lock = cache.lock(&format!("genesis-{key}")).await?;
    let folder = cache.folder("genesis")?.join(&key);
    if !folder.is_dir() {
        progress("making the chain's genesis");
        let maker = Maker {
            engine,
            image,
            chain,
            labels,
        };
        let parts = maker.make().await?;
        parts.write(&folder)?;
    }
    Parts::read(&folder)?.genesis(chain)
}

/// The facts that came from a node.
struct Parts {
    pos_key: Vec<u8>,
    calldata: Vec<u8>,
    waypoint: String,
}

impl Parts {
    /// Writes beside the place and renames, so that a folder in the cache is always whole.
    fn write(&self, folder: &Path) -> Result<()> {
        let what = || DevnetError::io(format!("write genesis `{}`", folder.display()));
        let draft = tempfile::tempdir_in(folder.parent().unwrap_or(folder)).map_err(what())?;
        fs::write(draft.path().join("pos_key"), &self.pos_key).map_err(what())?;
        fs::write(draft.path().join("register_calldata"), &self.calldata).map_err(what())?;
        fs::write(draft.path().join("waypoint"), &self.waypoint).map_err(what())?;
        fs::rename(draft.keep(), folder).map_err(what())
    }

    fn read(folder: &Path) -> Result<Self> {
        let bytes = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(DevnetError::io(format!("read `{}`", path.display())))
        };
        Ok(Self {
            pos_key: bytes("pos_key")?,
            calldata: bytes("register_calldata")?,
            waypoint: String::from_utf8_lossy(&bytes("waypoint")?).into_owned(),
        })
    }

    fn genesis(self, chain: &ChainConfig) -> Result<Genesis> {
        let validator = Validator::from_calldata(&self.calldata)?;
        let accounts = accounts::of_chain(chain)?;
        let initial_nodes = initial_nodes(chain, &validator)?;
        Ok(Genesis {
            pos_address: format!("0x{}", encode_hex(&validator.pos_address)),
            files: NodeFiles::new(chain, &accounts, &validator, initial_nodes, &self.waypoint),
            pos_key: self.pos_key,
            accounts,
        })
    }
}

fn initial_nodes(chain: &ChainConfig, validator: &Validator) -> Result<String> {
    let owner = accounts::core_bytes(&accounts::derive_key(&chain.seed, "genesis-validator")?);
    Ok(validator.initial_nodes(&owner, chain.chain_id).to_string())
}

/// Makes a genesis with two short starts of a node.
struct Maker<'a> {
    engine: &'a DevnetEngine,
    image: &'a NodeImage,
    chain: &'a ChainConfig,
    labels: &'a HashMap<String, String>,
}

impl Maker<'_> {
    async fn make(&self) -> Result<Parts> {
        // Without PoS the first start needs no genesis, and the key is made all the same.
        let ChainConfig {
            chain_id,
            evm_chain_id,
            ..
        } = self.chain;
        let toml = format!(
            "mode = \"dev\"\nchain_id = {chain_id}\nevm_chain_id = {evm_chain_id}\n\
            pos_reference_enable_height = 1000000\njsonrpc_local_http_port = {LOCAL_PORT}\n"
        );
        let id = self.container().await?;
        let registered = self.register(&id, &toml).await;
        self.engine.remove_container(&id).await?;
        let (pos_key, validator) = registered?;

        let id = self.container().await?;
        let learned = self.learn_waypoint(&id, &pos_key, &validator).await;
        self.engine.remove_container(&id).await?;
        Ok(Parts {
            pos_key,
            calldata: validator.calldata,
            waypoint: learned?,
        })
    }

    async fn container(&self) -> Result<String> {
        let mut body: ContainerCreateBody = node_body(&self.image.id, self.labels);
        if let Some(host) = &mut body.host_config {
            host.network_mode = Some("none".to_owned());
        }
        self.engine.create(None, body).await
    }

    async fn register(&self, id: &str, toml: &str) -> Result<(Vec<u8>, Validator)> {
        self.engine
            .upload(id, NODE_DIR, &[ArchiveEntry::file("conflux.toml", toml)])
            .await?;
        self.engine.start(id).await?;
        let params = json!([format!("{:#x}", self.chain.genesis_votes), 0]);
        let answer = self.first_answer(id, "test_posRegister", &params).await?;
        let path = format!("{NODE_DIR}/{POS_FOLDER}/pos_key");
        let pos_key = self.engine.download(id, &path).await?;
        let pos_key =
            pos_key.ok_or_else(|| DevnetError::malformed("the node's folder", "no pos_key"))?;
        Ok((pos_key, pos_genesis::from_register_answer(&answer)?))
    }

    /// Asks until the node answers.
    async fn first_answer(&self, id: &str, method: &str, params: &Value) -> Result<Value> {
        let end = Instant::now() + START_LIMIT;
        loop {
            match self.engine.local_rpc(id, method, params).await {
                Ok(answer) => return Ok(answer),
                Err(error) if Instant::now() > end => return Err(error),
                Err(_) => self.engine.expect_running(id).await?,
            }
            sleep(POLL).await;
        }
    }

    async fn learn_waypoint(
        &self,
        id: &str,
        pos_key: &[u8],
        validator: &Validator,
    ) -> Result<String> {
        let accounts = accounts::of_chain(self.chain)?;
        let initial_nodes = initial_nodes(self.chain, validator)?;
        let files = NodeFiles::new(
            self.chain,
            &accounts,
            validator,
            initial_nodes,
            WRONG_WAYPOINT,
        );
        let mut entries = files.entries("", 0);
        entries.push(ArchiveEntry::file(&format!("{POS_FOLDER}/pos_key"), pos_key).mode(0o600));
        self.engine.upload(id, NODE_DIR, &entries).await?;
        self.engine.start(id).await?;
        let end = Instant::now() + START_LIMIT;
        loop {
            let log = self
                .engine
                .download(id, &format!("{NODE_DIR}/log/pos.log"))
                .await?;
            let printed = self.engine.last_words(id).await;
            let log = log
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default();
            if let Some(waypoint) = expected_waypoint(&log).or_else(|| expected_waypoint(&printed))
            {
                return Ok(waypoint);
            }
            if Instant::now() > end {
                return Err(DevnetError::Timeout {
                    what: "the node's complaint about its waypoint".to_owned(),
                    seconds: START_LIMIT.as_secs(),
                    last: printed,
                });
            }
            sleep(POLL).await;
        }
    }
}

/// Finds the waypoint that the node calculated in its complaint about ours.
fn expected_waypoint(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("Waypoint verification failed")?;
    let (_, rest) = rest.split_once("got Waypoint")?;
    let (_, rest) = rest.split_once("HashValue(")?;
    let hash = rest.get(..64)?;
    hash.bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| hash.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waypoint_is_read_from_the_complaint() {
        let hash = "35ce".repeat(16);
        let log = format!(
            "x\nWaypoint verification failed. Expected Waypoint {{ version: 0, value: HashValue({WRONG_WAYPOINT}) }}, \
            got Waypoint {{ version: 0, value: HashValue({hash}) }}.\n"
        );
        assert_eq!(expected_waypoint(&log), Some(hash));
        assert_eq!(expected_waypoint(&log[..log.len() - 20]), None);
        assert_eq!(expected_waypoint("all is well"), None);
    }

    #[test]
    fn a_genesis_in_the_cache_is_whole() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("key");
        let parts = Parts {
            pos_key: vec![1],
            calldata: vec![2],
            waypoint: "03".to_owned(),
        };
        parts.write(&folder).unwrap();
        let read = Parts::read(&folder).unwrap();
        assert_eq!(
            (read.pos_key, read.calldata, read.waypoint),
            (vec![1], vec![2], "03".to_owned())
        );
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
