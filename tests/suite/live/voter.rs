//! A node that votes, as the tests see it: by its guard's report, by its journal, and by the blocks of PoS.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::project::{Project, docker, number, rpc, rpc_all};

/// Longest wait for what PoS does in a minute or two, on a machine with much to do.
pub(super) const LONG: Duration = Duration::from_mins(10);

/// A node with a key that has votes.
pub(super) struct Voter {
    pub(super) container: String,
    pub(super) key: String,
    /// Of the engine that it is on; the bench's without one.
    pub(super) host: Option<String>,
}

impl Voter {
    pub(super) fn of(project: &Project) -> Self {
        let outputs = project.recorded("node.main")["outputs"].take();
        let text = |name: &str| outputs[name].as_str().unwrap().to_owned();
        Self {
            container: text("container_name"),
            key: text("pos_address"),
            host: None,
        }
    }

    /// The same key in another container of the same engine.
    pub(super) fn beside(&self, container: &str) -> Self {
        Self {
            container: container.to_owned(),
            key: self.key.clone(),
            host: self.host.clone(),
        }
    }

    /// Runs the Docker client on its engine.
    pub(super) fn docker(&self, arguments: &[&str]) -> String {
        docker(&[&self.at_host(), arguments].concat())
    }

    fn at_host(&self) -> Vec<&str> {
        let host = self.host.iter();
        host.flat_map(|url| ["--host", url]).collect()
    }

    /// What its guard says; nothing while it cannot be asked, as while its container starts.
    pub(super) fn report(&self) -> Value {
        let arguments = ["exec", &self.container, "cat", "/tmp/pospool.guard.json"];
        let said = Command::new("docker")
            .args(self.at_host())
            .args(arguments)
            .output();
        serde_json::from_slice(&said.unwrap().stdout).unwrap_or_default()
    }

    /// Its guard lets it vote, and a vote is seen.
    pub(super) fn votes(&self) {
        self.becomes("it votes", |report| report["voting"] == "on");
        self.is_seen_voting();
    }

    pub(super) fn becomes(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut last = String::new();
        loop {
            let report = self.report();
            let now = format!("{}: {}", report["voting"], report["why"]);
            if now != last {
                let (seconds, container) = (begun.elapsed().as_secs(), &self.container);
                eprintln!("  {seconds:>4} s {container} {now}");
                last = now;
            }
            if holds(&report) {
                return report;
            }
            assert!(
                begun.elapsed() < LONG,
                "{what}: {report:#}\n{}",
                self.docker(&["logs", "--tail", "60", &self.container])
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

    /// It starts silent, stands for election, is stopped when it is elected, and votes after nobody else did.
    pub(super) fn is_a_candidate_and_then_watched(&self) {
        self.becomes("it stands for election", |report| {
            report["voting"] == "candidate" || report["voting"] == "on"
        });
        self.becomes("it votes", |report| report["voting"] == "on");
        let journal = self.journal();
        let events: Vec<&str> = journal
            .iter()
            .filter_map(|entry| entry["what"].as_str())
            .filter(|what| *what != "signed")
            .collect();
        let at = |what: &str| events.iter().position(|event| *event == what);
        // No vote before the key was watched in elected rounds.
        assert!(
            at("stopped").is_some() && at("stopped") < at("cleared"),
            "{events:?}"
        );
        self.is_seen_voting();
    }

    pub(super) fn votes_again_after(&self, what: &str, act: impl FnOnce()) {
        eprintln!("{what}");
        let before = number_of(&self.report()["at"]);
        act();
        let again =
            |report: &Value| report["voting"] == "on" && number_of(&report["at"]) > before + 3;
        self.becomes(what, again);
        self.is_seen_voting();
    }

    pub(super) fn kill_conflux(&self) {
        let starts = number_of(&self.report()["starts"]);
        // The guard is process 1, and conflux its child.
        let script = "for p in /proc/[0-9]*; do \
             if [ \"$(sed 's/.*) . //; s/ .*//' $p/stat)\" = 1 ] && tr '\\0' ' ' < $p/cmdline | grep -q pos-started-as-voter; \
             then kill -9 ${p#/proc/}; fi; done";
        self.docker(&["exec", &self.container, "bash", "-c", script]);
        self.becomes("the guard starts conflux again", |report| {
            number_of(&report["starts"]) > starts
        });
    }

    /// The journal of the guard on its volume.
    pub(super) fn journal(&self) -> Vec<Value> {
        let text = self.docker(&["exec", &self.container, "cat", "/data/guard/journal.jsonl"]);
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// PoS has neither retired the key nor heard of two votes of it; what it counts for it.
    pub(super) fn undisputed_status(&self) -> Value {
        let status = rpc("pos_getAccount", &json!([self.key]))["status"].take();
        assert_eq!(status["forceRetired"], Value::Null, "{status:#}");
        assert_eq!(status["outQueue"], json!([]), "{status:#}");
        status
    }

    /// The same, and its guard has seen no vote but its own.
    pub(super) fn is_undisputed(&self) {
        let journal = self.journal();
        let foreign = journal.iter().any(|entry| entry["what"] == "foreign");
        assert!(!foreign, "{journal:#?}");
        self.undisputed_status();
    }
}

pub(super) fn number_of(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// Height of the newest committed block of PoS.
pub(super) fn newest() -> u64 {
    number(&rpc("pos_getStatus", &json!([]))["latestCommitted"])
}

/// Committed blocks of PoS in a range of heights: epoch and round, and whether a key signed.
pub(super) fn signed_rounds(key: &str, from: u64, to: u64) -> Vec<((u64, u64), bool)> {
    let heights = (from..=to).map(|height| json!([format!("{height:#x}")]));
    let blocks = rpc_all("pos_getBlockByNumber", heights.collect());
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
