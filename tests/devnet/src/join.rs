//! Proof that a second node can join a devnet with nothing but its files and bootnode.
//!
//! - Reads: a devnet's [`DevnetInfo`] and its `node_files`.
//! - Returns: what was seen of a second node that ran as an ordinary user on a read-only root.
//! - Never: leaves the second node behind, also when the proof fails.

use std::{collections::HashMap, time::Duration};

use bollard::{
    models::{ContainerCreateBody, VolumeCreateRequest},
    query_parameters::{
        BuildImageOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
    },
};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    archive::{self, ArchiveEntry},
    docker::{DevnetEngine, absent_is_fine},
    error::{DevnetError, Result},
    network::DevnetInfo,
    node_body::node_body,
    node_files::NodeFiles,
    owner,
    rpc::{RpcClient, parse_quantity},
    settings::{ESPACE_PORT, LOCAL_PORT, Lifetime, P2P_PORT, ProgressFunction},
};

/// User and group of the second node.
pub const USER: u64 = 10001;
/// Where the second node keeps its files, and its working directory.
const DATA: &str = "/data";
const LIMIT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(500);
/// So many looks in a row must find both nodes together.
const LOOKS: u32 = 6;
/// Between two questions a block may be made, and a new one needs a moment to arrive.
const TOLERANCE: u64 = 4;

/// What was seen of the second node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReport {
    /// Sync phase at the end: `NormalSyncPhase`.
    pub phase: String,
    /// Epoch of the second node at the end.
    pub epoch: u64,
    /// Epoch of the genesis node a moment later.
    pub genesis_epoch: u64,
    /// Newest committed PoS block of the second node.
    pub pos_committed: u64,
    /// Epoch whose pivot block is the same on both nodes.
    pub common_epoch: u64,
    /// The second node's own PoS address.
    pub pos_address: String,
    /// `eth_chainId` of its eSpace port, which serves the usual methods and no more.
    pub espace_chain_id: u64,
    /// User id of the process.
    pub user: String,
    /// Seconds from the start of the container to the normal phase.
    pub seconds: u64,
}

/// Lets a second node join, waits until it keeps up, and removes it.
pub async fn prove_join(
    engine: &DevnetEngine,
    devnet: &DevnetInfo,
    progress: ProgressFunction,
) -> Result<JoinReport> {
    let files = NodeFiles::read(&devnet.node_files)?;
    let labels = owner::owner_labels(&devnet.name, Lifetime::Process);
    progress("building a hardened image");
    let image = harden(engine, &devnet.image_id, &labels).await?;
    let volume = create_volume(engine, &labels).await?;
    let joiner = Joiner {
        engine,
        devnet,
        image: &image,
        volume: &volume,
    };
    let proved = joiner.run(&files, labels, progress).await;

    let options = RemoveVolumeOptionsBuilder::new().force(true).build();
    let answer = engine.client.remove_volume(&volume, Some(options)).await;
    absent_is_fine(answer, || format!("remove volume `{volume}`"))?;
    let options = RemoveImageOptionsBuilder::new().force(true).build();
    let answer = engine
        .client
        .remove_image(&image, Some(options), None)
        .await;
    absent_is_fine(answer.map(|_| ()), || format!("remove image {image}"))?;
    proved
}

/// Builds the image that lets an ordinary user run the node, and returns its id.
async fn harden(
    engine: &DevnetEngine,
    image: &str,
    labels: &HashMap<String, String>,
) -> Result<String> {
    let dockerfile = format!(
        "FROM {image}\n\
        RUN mkdir -p /opt/conflux {DATA} && cp /root/run/conflux /opt/conflux/conflux \\\n\
        \x20&& chmod 0555 /opt/conflux/conflux && chown {USER}:{USER} {DATA}\n\
        USER {USER}:{USER}\nWORKDIR {DATA}\n\
        ENTRYPOINT [\"/opt/conflux/conflux\", \"--config\", \"conflux.toml\"]\n"
    );
    let context = archive::pack_archive(&[ArchiveEntry::file("Dockerfile", dockerfile)])?;
    let options = BuildImageOptionsBuilder::new()
        .labels(labels)
        .rm(true)
        .forcerm(true)
        .build();
    let what = || DevnetError::docker("build the hardened image");
    let lines: Vec<_> = engine
        .client
        .build_image(options, None, Some(bollard::body_full(context.into())))
        .try_collect()
        .await
        .map_err(what())?;
    let id = lines
        .into_iter()
        .filter_map(|line| line.aux.and_then(|aux| aux.id))
        .next_back();
    id.ok_or_else(|| DevnetError::malformed("the engine's build", "it names no image"))
}

async fn create_volume(engine: &DevnetEngine, labels: &HashMap<String, String>) -> Result<String> {
    let request = VolumeCreateRequest {
        labels: Some(labels.clone()),
        ..VolumeCreateRequest::default()
    };
    let made = engine.client.create_volume(request).await;
    Ok(made
        .map_err(DevnetError::docker("create the second node's volume"))?
        .name)
}

/// The second node.
struct Joiner<'a> {
    engine: &'a DevnetEngine,
    devnet: &'a DevnetInfo,
    image: &'a str,
    volume: &'a str,
}

impl Joiner<'_> {
    async fn run(
        &self,
        files: &NodeFiles,
        labels: HashMap<String, String>,
        progress: ProgressFunction,
    ) -> Result<JoinReport> {
        let id = self.engine.create(None, self.body(&labels)).await?;
        let proved = self.started(&id, files, progress).await;
        self.engine.remove_container(&id).await?;
        proved
    }

    fn body(&self, labels: &HashMap<String, String>) -> ContainerCreateBody {
        let mut body = node_body(self.image, labels);
        if let Some(host) = &mut body.host_config {
            host.network_mode = Some(self.devnet.docker_network.clone());
            host.readonly_rootfs = Some(true);
            host.binds = Some(vec![format!("{}:{DATA}", self.volume)]);
            host.tmpfs = Some([("/tmp".to_owned(), "rw,size=64m".to_owned())].into());
        }
        if let Some(env) = &mut body.env {
            env.push(format!("HOME={DATA}"));
        }
        body
    }

    async fn started(
        &self,
        id: &str,
        files: &NodeFiles,
        progress: ProgressFunction,
    ) -> Result<JoinReport> {
        let own = format!(
            "bootnodes = \"{}\"\njsonrpc_local_http_port = {LOCAL_PORT}\n\
            jsonrpc_http_eth_port = {ESPACE_PORT}\ntcp_port = {P2P_PORT}\nudp_port = {P2P_PORT}\n",
            self.devnet.bootnode
        );
        self.engine
            .upload(id, DATA, &files.entries(&own, USER))
            .await?;
        progress("starting the second node");
        let start = Instant::now();
        self.engine.start(id).await?;
        let genesis = RpcClient::new(&self.devnet.core_rpc)?;
        let mut together = 0;
        let mut last = String::new();
        while start.elapsed() < LIMIT {
            match self.look(id, &genesis).await {
                Ok(look) => {
                    together = if look.is_together() { together + 1 } else { 0 };
                    if together == LOOKS {
                        return self
                            .report(id, &genesis, look, start.elapsed().as_secs())
                            .await;
                    }
                    last = format!("{look:?}");
                }
                Err(error) => {
                    self.engine.expect_running(id).await?;
                    last = error.to_string();
                }
            }
            sleep(POLL).await;
        }
        let what = "joining of the second node".to_owned();
        Err(DevnetError::Timeout {
            what,
            seconds: LIMIT.as_secs(),
            last,
        })
    }

    async fn look(&self, id: &str, genesis: &RpcClient) -> Result<JoinMoment> {
        let local = async |method| self.engine.local_rpc(id, method, &json!([])).await;
        let phase = local("debug_currentSyncPhase").await?;
        let status = local("pos_getStatus").await?;
        Ok(JoinMoment {
            phase: phase.as_str().unwrap_or_default().to_owned(),
            pos_committed: parse_quantity(
                "pos_getStatus.latestCommitted",
                &status["latestCommitted"],
            )?,
            epoch: parse_quantity("cfx_epochNumber", &local("cfx_epochNumber").await?)?,
            genesis_epoch: genesis.epoch_number().await?,
        })
    }

    async fn report(
        &self,
        id: &str,
        genesis: &RpcClient,
        look: JoinMoment,
        seconds: u64,
    ) -> Result<JoinReport> {
        let common_epoch = look.epoch.saturating_sub(TOLERANCE);
        let params = json!([format!("{common_epoch:#x}"), false]);
        let theirs = genesis
            .call("cfx_getBlockByEpochNumber", params.clone())
            .await?;
        let ours = self
            .engine
            .local_rpc(id, "cfx_getBlockByEpochNumber", &params)
            .await?;
        if ours["hash"].is_null() || ours["hash"] != theirs["hash"] {
            let detail =
                format!("at epoch {common_epoch} it has another block than the genesis node");
            return Err(DevnetError::malformed("the second node's chain", detail));
        }
        let registration = self
            .engine
            .local_rpc(id, "test_posRegister", &json!(["0x1"]))
            .await?;
        let address = registration
            .get(1)
            .and_then(Value::as_str)
            .unwrap_or_default();
        let answer = self
            .engine
            .inside_rpc(id, ESPACE_PORT, "eth_chainId", &json!([]))
            .await?;
        let espace_chain_id = parse_quantity("eth_chainId", &answer)?;
        Ok(JoinReport {
            espace_chain_id,
            phase: look.phase,
            epoch: look.epoch,
            genesis_epoch: look.genesis_epoch,
            pos_committed: look.pos_committed,
            common_epoch,
            pos_address: address.to_owned(),
            user: self.engine.exec(id, &["id", "-u"]).await?.trim().to_owned(),
            seconds,
        })
    }
}

/// Both nodes at one moment.
#[derive(Debug)]
struct JoinMoment {
    phase: String,
    epoch: u64,
    genesis_epoch: u64,
    pos_committed: u64,
}

impl JoinMoment {
    fn is_together(&self) -> bool {
        self.phase == "NormalSyncPhase"
            && self.epoch > 0
            && self.pos_committed > 0
            && self.epoch.abs_diff(self.genesis_epoch) <= TOLERANCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_together_in_the_normal_phase_at_the_same_height() {
        let look = |phase: &str, epoch| JoinMoment {
            phase: phase.to_owned(),
            epoch,
            genesis_epoch: 100,
            pos_committed: 7,
        };
        assert!(look("NormalSyncPhase", 100).is_together());
        assert!(look("NormalSyncPhase", 98).is_together());
        assert!(!look("NormalSyncPhase", 50).is_together());
        assert!(!look("CatchUpSyncBlockPhase", 100).is_together());
    }
}
