//! What runs inside containers of the engine's stub.
//!
//! - Reads: a command and the name of its container.
//! - Returns: what the command prints, and its exit code.
//! - Never: runs anything.

use std::time::{SystemTime, UNIX_EPOCH};

use pospool_modelchain::artifact::node_key;
use serde_json::{Value as Json, json};

/// Runs a command in a container.
pub(super) fn run_command(container: &str, words: &[String]) -> (String, i64) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = match words.as_slice() {
        // The entrypoint has got its password.
        ["test", ..] => String::new(),
        ["cat", ..] => guard_report(container).to_string(),
        ["timeout", _, "bash", .., request] => ask_node(container, request),
        // The program, perhaps by way of the loader of its libraries.
        [.., "sync", "--health", "--status", _, "--json"] => {
            json!({ "format_version": 1, "why": null, "report": { "failures": 0 } }).to_string()
        }
        other => panic!("nothing in the stub's containers runs {other:?}"),
    };
    (said, 0)
}

/// A node that votes. Its key is another one for each container.
fn guard_report(container: &str) -> Json {
    let now = now();
    json!({
        "at": now,
        "key": node_key(container).pos_address,
        "voting": "on",
        "hold": null,
        "why": "it votes",
        "running": true,
        "given_up": false,
        "starts": 1,
        "phase": "NormalSyncPhase",
        "head_time": now,
        "peers": 12,
        "pos_epoch": 7,
        "pos_height": 70,
        "source_height": 70,
        "sources": [1, 1],
        "elected": true,
        "signed": null,
        "seen_signed": null,
        "sync": {
            "epoch": super::chain::FIRST_EPOCH,
            "epoch_since": now,
            "sessions": 14,
            "pos_loop": "voting",
            "ended_for": null,
        },
        "machine": {
            "disk_free_bytes": 700_000_000_000_u64,
            "disk_total_bytes": 2_000_000_000_000_u64,
            "open_files_limit": 1_000_000,
            "clock_synchronised": null,
        },
    })
}

/// The archive of what a build of a page left.
pub(super) fn built_page() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let page = b"<html></html>";
    let mut header = tar::Header::new_gnu();
    header.set_size(page.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, "build/index.html", &page[..])
        .expect("an archive in memory");
    archive.into_inner().expect("an archive in memory")
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map(|now| now.as_secs()).unwrap_or_default()
}

fn ask_node(container: &str, request: &str) -> String {
    let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let calls: Vec<Json> = serde_json::from_str(body).unwrap_or_default();
    let answers = calls.iter().map(|call| {
        let method = call["method"].as_str().unwrap_or_default();
        json!({ "jsonrpc": "2.0", "id": call["id"], "result": answer_of_node(container, method) })
    });
    let answers: Json = answers.collect();
    format!("HTTP/1.0 200 OK\r\n\r\n{answers}")
}

fn answer_of_node(container: &str, method: &str) -> Json {
    match method {
        "test_posRegister" => {
            let key = node_key(container);
            json!([key.register_data, key.pos_address])
        }
        "cfx_clientVersion" => json!("conflux-rust/v3.1.0"),
        "debug_currentSyncPhase" => json!("NormalSyncPhase"),
        "cfx_getStatus" => json!({ "epochNumber": format!("{:#x}", super::chain::FIRST_EPOCH) }),
        "pos_getStatus" => json!({ "epoch": "0x7" }),
        // Who is elected is for the chain's stub to say.
        "pos_getCommittee" => Json::Null,
        "debug_getNetSessions" => json!([{}, {}]),
        "cfx_getBlockByEpochNumber" => json!({ "timestamp": format!("{:#x}", now()) }),
        other => panic!("the stub's node does not know `{other}`"),
    }
}
