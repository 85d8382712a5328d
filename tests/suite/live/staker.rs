//! A node whose key has votes of one account: what a voter needs, and none of a pool's contracts.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use pospool_devnet::sender::{DevnetSender, DevnetTransaction, STAKING, SenderSpace};
use pospool_devnet::words::{encode_call, encode_number};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::project::{Operator, PASSWORD, Project, docker, network, number, rpc};

/// Longest wait for what PoS does in a minute or two, on a machine with much to do.
pub(super) const LONG: Duration = Duration::from_mins(10);
/// Votes of a key: with the 60 of the genesis a part of every committee, and never needed for a quorum.
pub(super) const VOTES: u64 = 9;

/// The node, which comes back without a person, and its project.
pub(super) struct Staker {
    pub(super) project: Project,
    pub(super) container: String,
    pub(super) volume: String,
    pub(super) key: String,
    /// Of the engine that it is on; the bench's without one.
    host: Option<String>,
}

/// What is written about a staker's node beside what all have.
pub(super) struct StakerPlace<'a> {
    pub(super) host: Option<String>,
    pub(super) docker_network: &'a str,
    /// Of the network's accounts.
    pub(super) account: usize,
}

impl Staker {
    /// Brings up a node that does not vote yet.
    pub(super) fn new(place: StakerPlace<'_>) -> Self {
        let network = network();
        let host = place.host.as_ref();
        let docker = host.map_or_else(String::new, |url| format!("  docker = {url:?}\n"));
        let spec = format!(
            "chain \"net\" {{\n  network = \"devnet\"\n  core_rpc = \"CORE_RPC\"\n  node_files = \"{}\"\n  \
             bootnodes = {:?}\n}}\n\
             host \"main\" {{\n{docker}}}\n\
             volume \"main\" {{}}\n\
             node \"main\" {{\n  data = volume.main\n  image = {:?}\n  docker_network = {:?}\n  core_rpc = \"SOURCE_RPC\"\n  \
             pos_key_password = mount(\"PASSWORD\")\n}}\n",
            network.node_files.display(),
            network.bootnode,
            network.image,
            place.docker_network,
        );
        let operator = Operator {
            account: network.accounts[place.account].clone(),
            password: PASSWORD.to_owned(),
            variables: Vec::new(),
        };
        let project = Project::bare(operator, &spec);
        let file = project.path("pos-key-password");
        std::fs::write(&file, PASSWORD).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        std::os::unix::fs::chown(&file, Some(10001), None).unwrap();
        project.edit("PASSWORD", file.to_str().unwrap());
        project.ok(&["apply", "--auto-approve"]);
        let output = |resource: &str, name: &str| {
            let outputs = project.recorded(resource)["outputs"].take();
            outputs[name].as_str().unwrap().to_owned()
        };
        Self {
            container: output("node.main", "container_name"),
            key: output("node.main", "pos_address"),
            volume: output("volume.main", "name"),
            project,
            host: place.host,
        }
    }

    /// Stakes for its key, and waits until it votes.
    pub(super) fn is_a_voter(&self, votes: u64) {
        self.register(votes);
        self.votes_in(&self.container);
    }

    fn register(&self, votes: u64) {
        let outputs = self.project.recorded("node.main")["outputs"].take();
        let data = outputs["register_data"].as_str().unwrap();
        let mut data: Vec<u8> = (2..data.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&data[at..at + 2], 16).unwrap())
            .collect();
        // `register(bytes32 identifier, uint64 votes, …)`.
        data[4 + 32 + 24..4 + 64].copy_from_slice(&votes.to_be_bytes());
        self.stake(votes, data);
    }

    /// Gives its key more votes.
    pub(super) fn add_votes(&self, votes: u64) {
        let number = encode_number(votes.into());
        self.stake(votes, encode_call("increaseStake(uint64)", &[number]));
    }

    /// Stakes for so many votes, and tells PoS.
    fn stake(&self, votes: u64, data: Vec<u8>) {
        let stake = u128::from(votes) * 1000 * 1_000_000_000_000_000_000;
        let deposit = encode_call("deposit(uint256)", &[encode_number(stake)]);
        // The chain's own contract that keeps the register of PoS.
        let mut register = STAKING;
        register[19] = 5;
        let sender = DevnetSender::new(network(), self.project.account()).unwrap();
        for (to, data) in [(STAKING, deposit), (register, data)] {
            let draft = DevnetTransaction {
                to: Some(to),
                data,
                ..DevnetTransaction::default()
            };
            let sent = sender.send(SenderSpace::Core, &draft);
            Runtime::new().unwrap().block_on(sent).unwrap();
        }
    }

    /// Runs the Docker client on its engine.
    pub(super) fn docker(&self, arguments: &[&str]) -> String {
        match &self.host {
            Some(url) => docker(&[&["--host", url], arguments].concat()),
            None => docker(arguments),
        }
    }

    /// What its guard says; nothing while it cannot be asked.
    pub(super) fn report(&self) -> Value {
        self.report_of(&self.container)
    }

    pub(super) fn report_of(&self, container: &str) -> Value {
        let host: &[&str] = match &self.host {
            Some(url) => &["--host", url],
            None => &[],
        };
        let arguments = ["exec", container, "cat", "/tmp/pospool.guard.json"];
        let said = Command::new("docker").args(host).args(arguments).output();
        serde_json::from_slice(&said.unwrap().stdout).unwrap_or_default()
    }

    /// Its guard, or that of another container with its key, lets it vote, and a vote is seen.
    pub(super) fn votes_in(&self, container: &str) {
        self.becomes_in(container, "it votes", |report| report["voting"] == "on");
        self.is_seen_voting();
    }

    pub(super) fn becomes(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.becomes_in(&self.container, what, holds)
    }

    pub(super) fn becomes_in(
        &self,
        container: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        let mut last = String::new();
        loop {
            let report = self.report_of(container);
            let now = format!("{}: {}", report["voting"], report["why"]);
            if now != last {
                eprintln!("  {:>4} s {container} {now}", begun.elapsed().as_secs());
                last = now;
            }
            if holds(&report) {
                return report;
            }
            assert!(
                begun.elapsed() < LONG,
                "{what}: {report:#}\n{}",
                self.docker(&["logs", "--tail", "60", container])
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// A block that is newer than this moment has its signature.
    pub(super) fn is_seen_voting(&self) {
        let begun = Instant::now();
        let from = newest() + 1;
        while !signed_rounds(&self.key, from, newest())
            .iter()
            .any(|(_, signed)| *signed)
        {
            assert!(
                begun.elapsed() < LONG,
                "no vote of {} after {from}",
                self.key
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// The journal of the guard on a volume.
    pub(super) fn journal_in(&self, container: &str) -> Vec<Value> {
        let text = self.docker(&["exec", container, "cat", "/data/guard/journal.jsonl"]);
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// PoS has neither retired the key nor heard of two votes of it.
    pub(super) fn is_undisputed(&self) {
        let status = rpc("pos_getAccount", &json!([self.key]))["status"].take();
        assert_eq!(status["forceRetired"], Value::Null, "{status:#}");
        assert_eq!(status["outQueue"], json!([]), "{status:#}");
        assert_ne!(number(&status["availableVotes"]), 0, "{status:#}");
    }
}

/// Height of the newest committed block of PoS.
pub(super) fn newest() -> u64 {
    number(&rpc("pos_getStatus", &json!([]))["latestCommitted"])
}

/// Committed blocks of PoS in a range of heights: epoch and round, and whether a key signed.
pub(super) fn signed_rounds(key: &str, from: u64, to: u64) -> Vec<((u64, u64), bool)> {
    let heights = (from..=to).map(|height| json!([format!("{height:#x}")]));
    let blocks = super::project::rpc_all("pos_getBlockByNumber", heights.collect());
    let blocks = blocks.iter().filter(|block| !block.is_null());
    blocks
        .map(|block| (round_of(block), signed_by(block, key)))
        .collect()
}

/// Epoch and round of a block of PoS.
pub(super) fn round_of(block: &Value) -> (u64, u64) {
    (number(&block["epoch"]), number(&block["round"]))
}

/// Whether the signatures of a block hold one of a key.
pub(super) fn signed_by(block: &Value, key: &str) -> bool {
    let signatures = block["signatures"].as_array();
    let mut signatures = signatures.into_iter().flatten();
    signatures.any(|signature| {
        let account = signature["account"].as_str().unwrap_or_default();
        account.eq_ignore_ascii_case(key)
    })
}
