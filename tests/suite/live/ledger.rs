//! What the chain itself says about an account, whatever pospool believes.

use serde_json::{Value, json};
use sha3::{Digest, Keccak256};

use super::project::{drip, number, rpc, rpc_all};

/// The newest epoch whose transactions are executed.
pub(crate) fn epoch() -> u64 {
    number(&rpc("cfx_epochNumber", &json!(["latest_state"])))
}

/// Receipts of all transactions that an account sent since an epoch.
pub(crate) fn receipts(account: &str, since: u64) -> Vec<Value> {
    let epochs = (since..=epoch()).map(|epoch| json!([format!("{epoch:#x}")]));
    let epochs = rpc_all("cfx_getEpochReceipts", epochs.collect());
    let blocks = epochs.iter().flat_map(|epoch| epoch.as_array().unwrap());
    let all = blocks.flat_map(|block| block.as_array().unwrap());
    all.filter(|receipt| plain(&receipt["from"]) == account)
        .cloned()
        .collect()
}

/// Addresses of the contracts that receipts created.
pub(crate) fn created(receipts: &[Value]) -> Vec<String> {
    let created = receipts.iter().map(|receipt| &receipt["contractCreated"]);
    created.filter(|it| !it.is_null()).map(plain).collect()
}

/// PoS addresses that receipts registered.
pub(crate) fn registered(receipts: &[Value]) -> Vec<String> {
    let logs = receipts
        .iter()
        .flat_map(|it| it["logs"].as_array().unwrap());
    let registrations = logs.filter(|log| log["topics"][0] == register_topic().as_str());
    registrations
        .map(|log| log["topics"][1].as_str().unwrap().to_owned())
        .collect()
}

/// Registrations of a PoS address since an epoch, by anybody.
pub(crate) fn registrations(pos_address: &str, since: u64) -> usize {
    let filter = json!({
        "fromEpoch": format!("{since:#x}"),
        "toEpoch": "latest_state",
        "topics": [register_topic(), pos_address],
    });
    let logs = rpc("cfx_getLogs", &json!([filter]));
    let logs = logs.as_array().unwrap().iter();
    // The chain's own contract 0x0888…0005, in letters without the checksum.
    let register =
        |log: &&Value| plain(&log["address"]).contains(":aaejuaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    logs.filter(register).count()
}

/// What PoS paid for a PoS address in these epochs, in drip.
pub(crate) fn rewards(pos_address: &str, since: u64, until: u64) -> u128 {
    let epochs = (since..=until).map(|epoch| json!([format!("{epoch:#x}")]));
    let paid = rpc_all("cfx_getPoSRewardByEpoch", epochs.collect());
    let accounts = paid
        .iter()
        .filter_map(|paid| paid["accountRewards"].as_array());
    let ours = accounts
        .flatten()
        .filter(|it| it["posAddress"] == pos_address);
    ours.map(|it| drip(&it["reward"])).sum()
}

/// An address without its type, in small letters: as pospool writes it.
fn plain(address: &Value) -> String {
    let address = address.as_str().unwrap().to_ascii_lowercase();
    let parts: Vec<&str> = address.split(':').collect();
    format!("{}:{}", parts[0], parts[parts.len() - 1])
}

fn register_topic() -> String {
    let digest = Keccak256::digest("Register(bytes32,bytes,bytes)");
    digest
        .iter()
        .fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
