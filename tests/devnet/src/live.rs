//! The crate's promises, checked on a real engine; test crates call this, as it needs Docker and about a minute.
//!
//! - Reads: a devnet that it starts itself.
//! - Returns: what was seen, or the first promise that was broken.
//! - Never: leaves the devnet behind.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cleanup,
    docker::DevnetEngine,
    error::{DevnetError, Result},
    join::{self, JoinReport},
    network::Devnet,
    rpc::RpcClient,
    settings::DevnetConfig,
};

/// 10,000 CFX in drip.
const FUNDS: &str = "0x21e19e0c9bab2400000";

/// What was seen of a devnet from start to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeCycle {
    /// `cfx_clientVersion` of the genesis node.
    pub version: String,
    /// The second node.
    pub join: JoinReport,
}

/// Starts a devnet, checks money and chain ids in both spaces, lets a second node join, drops all, and checks that
/// nothing stayed.
pub async fn life_cycle(config: DevnetConfig) -> Result<LifeCycle> {
    let (name, progress) = (config.name.clone(), config.progress);
    let devnet = Devnet::start(config).await?;
    let info = devnet.info();
    let core = RpcClient::new(&info.core_rpc)?;
    let espace = RpcClient::new(&info.espace_rpc)?;

    expect_answer(
        &espace,
        "eth_chainId",
        json!([]),
        &format!("{:#x}", info.evm_chain_id),
    )
    .await?;
    for account in &info.accounts {
        expect_answer(
            &core,
            "cfx_getBalance",
            json!([account.core_address]),
            FUNDS,
        )
        .await?;
        let params = json!([account.espace_address, "latest"]);
        let funds = if account.funded_in_espace {
            FUNDS
        } else {
            "0x0"
        };
        expect_answer(&espace, "eth_getBalance", params, funds).await?;
    }
    let version = core.call("cfx_clientVersion", json!([])).await?;
    let join = join::prove_join(devnet.engine(), info, progress).await?;

    drop(devnet);
    if cleanup::devnet_exists(&DevnetEngine::connect().await?, &name).await? {
        return Err(DevnetError::malformed(
            "the engine",
            "parts of a dropped devnet are still there",
        ));
    }
    Ok(LifeCycle {
        version: version.as_str().unwrap_or_default().to_owned(),
        join,
    })
}

async fn expect_answer(rpc: &RpcClient, method: &str, params: Value, expected: &str) -> Result<()> {
    let answer = rpc.call(method, params.clone()).await?;
    if answer == *expected {
        return Ok(());
    }
    Err(DevnetError::malformed(
        format!("{method} {params}"),
        format!("{answer} instead of \"{expected}\""),
    ))
}
