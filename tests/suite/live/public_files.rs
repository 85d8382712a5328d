//! The real node starts PoS with what is rendered for the public networks.
//!
//! A node of these networks reads its PoS files only at a height that no test reaches, so PoS is told to begin at once.
//! The only release that the package registries have is 3.0.2: the node reads the form of 3.0, and the form of 3.1 is
//! compared as structure alone (`public_files`).

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::project::{Ran, docker, network};
use crate::public_files::rendered::Rendered;
use crate::public_files::upstream;

/// The networks: name, chain id, folder of the release's genesis, and the waypoint that the rendered file names.
const NETWORKS: &[(&str, u32, &str, &str)] = &[
    (
        "mainnet",
        1029,
        "mainnet-3.0.3",
        "0:bb0ed10fe051eb8f9365cc12f4edf14efa1d2117d823cdb6df1a82f777d8ff94",
    ),
    (
        "testnet",
        1,
        "testnet-3.0.3",
        "0:81bf85cc19ca409846c142497552c998812aa96a72cdeab691892674db3e83cd",
    ),
];

/// Longest time until PoS runs.
const LIMIT: Duration = Duration::from_mins(3);

#[test]
fn live_public_files_are_read() {
    loudly(
        "the files of 3.1 were not read by a node: no release 3.1 can be had here, they are compared as structure",
    );
    let releases = upstream(
        "the node starts PoS from the private network's genesis instead of those of mainnet and testnet",
    );
    for (name, chain_id, folder, waypoint) in NETWORKS {
        let rendered = Rendered::of(name, "3.0.3");
        let text = rendered.file("pos_config.yaml");
        assert!(text.contains(waypoint), "{text}");
        let genesis = match &releases {
            Some(releases) => Genesis::of_release(&releases.join(folder), *chain_id, waypoint),
            None => Genesis::of_network(*chain_id),
        };
        let config = text.replace(waypoint, &genesis.waypoint);
        let node = Node::start(name, &rendered, &config, &genesis);
        node.expect_pos(&genesis.waypoint);
    }
}

/// A fault of the rendered file is seen by this way of looking.
#[test]
fn live_public_files_with_a_key_in_the_wrong_column_are_refused() {
    let rendered = Rendered::of("testnet", "3.0.3");
    let genesis = Genesis::of_network(1);
    let text = rendered.file("pos_config.yaml");
    let key = "\n  hardcoded_epoch_committee:";
    assert!(text.contains(key), "{text}");
    let config = text.replace(key, "\nhardcoded_epoch_committee:");
    let node = Node::start("misplaced", &rendered, &config, &genesis);
    let deadline = Instant::now() + LIMIT;
    let said = loop {
        let said = node.said();
        if said.contains("unknown field") || Instant::now() > deadline {
            break said;
        }
        sleep(Duration::from_secs(1));
    };
    assert!(said.contains("Failed to load node config"), "{said}");
}

/// What PoS begins with.
struct Genesis {
    initial_nodes: Value,
    file: Vec<u8>,
    waypoint: String,
}

impl Genesis {
    /// That of a public network, as its release ships it.
    fn of_release(folder: &Path, chain_id: u32, waypoint: &str) -> Self {
        Self {
            initial_nodes: executable(&folder.join("initial_nodes.json"), chain_id),
            file: fs::read(folder.join("genesis_file")).unwrap(),
            waypoint: waypoint.to_owned(),
        }
    }

    /// That of the private network.
    fn of_network(chain_id: u32) -> Self {
        let folder = &network().node_files;
        let config = fs::read_to_string(folder.join("pos_config.yaml")).unwrap();
        let waypoint = config
            .lines()
            .find_map(|line| line.trim().strip_prefix("from_config:"))
            .unwrap();
        Self {
            initial_nodes: executable(&folder.join("initial_nodes.json"), chain_id),
            file: fs::read(folder.join("genesis_file")).unwrap(),
            waypoint: waypoint.trim().to_owned(),
        }
    }
}

/// The first nodes with registrations that can be executed in a genesis block. Those of the public networks are empty,
/// since PoS began there long after it; keys and votes, of which the waypoint is made, stay as they are.
fn executable(path: &Path, chain_id: u32) -> Value {
    let mut nodes: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let list = nodes["initial_nodes"].as_array_mut().unwrap();
    for (position, node) in list.iter_mut().enumerate() {
        let address = format!("0x1{position:039x}");
        node["register_tx"] = json!({
            "nonce": "0x0",
            "gas_price": "0x1",
            "gas": "0x30d40",
            "action": { "Call": address },
            "value": "0x0",
            "storage_limit": 0,
            "epoch_height": 0,
            "chain_id": chain_id,
            "data": [],
        });
        node["address"] = address.into();
    }
    nodes
}

/// A container without a network; it goes with this value.
struct Node(String);

impl Node {
    fn start(name: &str, rendered: &Rendered, pos_config: &str, genesis: &Genesis) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("conflux");
        fs::create_dir_all(folder.path().join("data/pos_config")).unwrap();
        fs::create_dir(&config).unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(config.join(name), bytes).unwrap();
        write(
            "conflux.toml",
            from_the_start(rendered.file("conflux.toml")).as_bytes(),
        );
        write("pos_config.yaml", pos_config.as_bytes());
        write("log.yaml", rendered.file("log.yaml").as_bytes());
        write(
            "initial_nodes.json",
            genesis.initial_nodes.to_string().as_bytes(),
        );
        write("genesis_file", &genesis.file);
        let name = format!("pospool-public-{name}-{}", std::process::id());
        let id = docker(&[
            "create",
            "--name",
            &name,
            "--network",
            "none",
            "--workdir",
            "/data",
            "--env",
            "CFX_POS_KEY_ENCRYPTION_PASSWORD=of-a-test",
            "--entrypoint",
            "/root/run/conflux",
            &network().image,
            "--config",
            "/etc/conflux/conflux.toml",
        ]);
        let node = Self(id);
        let copy = |from: &Path, to: &str| {
            docker(&["cp", from.to_str().unwrap(), &format!("{}:{to}", node.0)]);
        };
        copy(&config, "/etc/conflux");
        copy(&folder.path().join("data"), "/data");
        docker(&["start", &node.0]);
        node
    }

    /// Waits until PoS is in its first epoch, from the right state.
    fn expect_pos(&self, waypoint: &str) {
        let deadline = Instant::now() + LIMIT;
        let epoch = loop {
            if let Some(epoch) = self.pos_epoch() {
                break epoch;
            }
            let running = docker(&["inspect", "--format", "{{.State.Running}}", &self.0]);
            assert!(
                running == "true" && Instant::now() < deadline,
                "PoS did not start: {}",
                self.said()
            );
            sleep(Duration::from_secs(1));
        };
        assert_eq!(epoch, "0x1", "{}", self.said());
        let said = self.said();
        let begun = format!("\"name\":\"waypoint\",\"waypoint\":\"{waypoint}\"");
        assert!(said.contains(&begun), "{said}");
    }

    /// PoS epoch, as the node's local RPC says it; the port is the rendered one.
    fn pos_epoch(&self) -> Option<String> {
        const ASK: &str = r#"exec 3<>/dev/tcp/127.0.0.1/12539
            body='{"jsonrpc":"2.0","id":1,"method":"pos_getStatus","params":[]}'
            printf 'POST / HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' "${#body}" "$body" >&3
            cat <&3"#;
        let ran = Ran::of(
            std::process::Command::new("docker").args(["exec", &self.0, "bash", "-c", ASK]),
        );
        let answer: Value = serde_json::from_str(ran.stdout.split("\r\n\r\n").nth(1)?).ok()?;
        answer["result"]["epoch"].as_str().map(ToOwned::to_owned)
    }

    /// What it wrote to its streams and to its log of PoS.
    fn said(&self) -> String {
        let logs = Ran::of(std::process::Command::new("docker").args(["logs", &self.0]));
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("pos.log");
        let from = format!("{}:/data/log/pos.log", self.0);
        let copied = Ran::of(std::process::Command::new("docker").args([
            "cp",
            &from,
            log.to_str().unwrap(),
        ]));
        let pos = match copied.code {
            Some(0) => fs::read(&log).unwrap(),
            _ => Vec::new(),
        };
        format!(
            "{}{}{}",
            logs.stdout,
            logs.stderr,
            String::from_utf8_lossy(&pos)
        )
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.0]);
    }
}

/// The configuration with PoS from the first block.
fn from_the_start(toml: &str) -> String {
    let key = "pos_reference_enable_height";
    let others = toml.lines().filter(|line| !line.starts_with(key));
    let begun = format!("{key} = 0");
    let lines: Vec<&str> = others.chain([begun.as_str(), ""]).collect();
    lines.join("\n")
}

/// Says something past the capture of a test's output.
fn loudly(what: &str) {
    let _ = std::io::stderr().write_all(format!("NOT RUN: {what}\n").as_bytes());
}
