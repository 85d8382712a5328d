//! When a devnet may be used.
//!
//! - Reads: RPC answers of the genesis node.
//! - Returns: the hash of the first block, once blocks and PoS rounds have both been seen to move.
//! - Never: takes an open port for a living chain.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    docker::DevnetEngine,
    error::{DevnetError, Result},
    rpc::{RpcClient, parse_quantity},
};

const LIMIT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(250);

/// Waits until the chain moves in both layers and answers in both spaces.
pub(crate) async fn wait_until_ready(
    engine: &DevnetEngine,
    container: &str,
    core_rpc: &str,
    espace_rpc: &str,
) -> Result<String> {
    wait_until_moving(core_rpc, espace_rpc, LIMIT, async || {
        engine.expect_running(container).await
    })
    .await?;
    genesis_hash(&RpcClient::new(core_rpc)?).await
}

/// Waits until blocks and PoS rounds are both seen to move. After each answer that did not come, `bearable` says
/// whether another one may.
pub(crate) async fn wait_until_moving(
    core_rpc: &str,
    espace_rpc: &str,
    limit: Duration,
    bearable: impl AsyncFn() -> Result<()>,
) -> Result<()> {
    let core = RpcClient::new(core_rpc)?;
    let espace = RpcClient::new(espace_rpc)?;
    let end = Instant::now() + limit;
    let mut first = None;
    loop {
        let last = match heights(&core, &espace).await {
            Ok(now) => {
                let before = *first.get_or_insert(now);
                if now.epoch > before.epoch && now.committed > before.committed {
                    return Ok(());
                }
                format!("{now:?}, and {before:?} at the first look")
            }
            Err(error) => {
                bearable().await?;
                error.to_string()
            }
        };
        if Instant::now() > end {
            let what = "movement of blocks and PoS rounds".to_owned();
            return Err(DevnetError::Timeout {
                what,
                seconds: limit.as_secs(),
                last,
            });
        }
        sleep(POLL).await;
    }
}

/// How far the chain is.
#[derive(Clone, Copy, Debug)]
struct Heights {
    epoch: u64,
    committed: u64,
}

async fn heights(core: &RpcClient, espace: &RpcClient) -> Result<Heights> {
    espace.call("eth_blockNumber", json!([])).await?;
    let status = core.call("pos_getStatus", json!([])).await?;
    Ok(Heights {
        epoch: core.epoch_number().await?,
        committed: parse_quantity("pos_getStatus.latestCommitted", &status["latestCommitted"])?,
    })
}

async fn genesis_hash(core: &RpcClient) -> Result<String> {
    let block = core
        .call("cfx_getBlockByEpochNumber", json!(["0x0", false]))
        .await?;
    let hash = block.get("hash").and_then(Value::as_str);
    hash.map(str::to_owned)
        .ok_or_else(|| DevnetError::malformed("the first block", "it has no hash"))
}
