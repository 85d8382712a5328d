//! A pool that belongs to somebody whose key is nowhere in the spec: what only they may do waits for them, and their own
//! program sends it.

use std::path::PathBuf;

use pospool_conflux::CoreAddress;
use pospool_devnet::FundedAccount;
use pospool_devnet::sender::{DevnetSender, DevnetTransaction, SenderSpace};
use pospool_tests::stand_ins;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::project::{Operator, Project, network};

const OPERATOR: usize = 2;
const SAFE: usize = 4;

fn account(nth: usize) -> FundedAccount {
    network().accounts[nth].clone()
}

struct Stage {
    project: Project,
    source: PathBuf,
}

#[test]
fn live_elsewhere_an_owner_that_cannot_sign_here_upgrades_the_pool() {
    // Before the stage, which needs the named folder at its end.
    let compatible = stand_ins::copy_with_change("compatible");
    let mut stage = Stage::new();
    let project = &stage.project;
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);

    // A setting of the owner's.
    project.edit("\"90%\"", "\"85%\"");
    let planned = project.ends(&["plan", "--detailed-exitcode"], 2);
    assert!(planned.contains("to be signed by"), "{planned}");
    assert_eq!(stage.signs(1), ["core_contract.pool/set user_share_ratio"]);
    project.ok(&["apply", "--auto-approve"]);
    stage.project.ends(&["plan", "--detailed-exitcode"], 0);

    // Other code: who made the pool makes the implementation, and its owner points the proxy at it.
    let before = stage.implementation();
    stage.name_source(compatible.path().to_owned());
    assert_eq!(stage.signs(1), ["core_contract.pool/upgrade"]);
    stage.project.ok(&["apply", "--auto-approve"]);
    stage.project.ends(&["plan", "--detailed-exitcode"], 0);
    assert_ne!(stage.implementation(), before);
}

impl Stage {
    fn new() -> Self {
        let source = stand_ins::stand_ins_folder();
        let safe = account(SAFE).core_address;
        let spec = format!(
            r#"
chain "conflux" {{
  network  = "devnet"
  core_rpc = "CORE_RPC"
}}

account "operator" {{
  private_key = env("POSPOOL_OPERATOR_KEY")
}}

account "safe" {{
  address = "{safe}"
}}

source "reference" {{
  path = "{}"
}}

core_contract "pool" {{
  code     = source.reference.PoSPool
  owner    = account.operator
  proxy    = true
  settings = {{
    name             = "Harbour pool"
    user_share_ratio = "90%"
    owner            = account.safe
    manager          = account.safe
  }}
  lifecycle {{
    irreversible = "accept"
  }}
}}
"#,
            source.display()
        );
        let operator = Operator {
            account: account(OPERATOR),
            password: String::new(),
            variables: Vec::new(),
        };
        let project = Project::bare(operator, &spec);
        Self { project, source }
    }

    /// An apply waits for calls; their owner sends them. Returns which.
    fn signs(&self, expected: usize) -> Vec<String> {
        let words = ["apply", "--auto-approve", "--unsigned", "calls"];
        let said = self.project.ends(&words, 5);
        assert!(said.contains("elsewhere"), "{said}");
        let text = std::fs::read_to_string(self.project.path("calls/calls.txt")).unwrap();
        assert!(text.contains("to be signed by"), "{text}");
        let json = std::fs::read(self.project.path("calls/calls.json")).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        let calls = json["calls"].as_array().unwrap();
        assert_eq!(calls.len(), expected, "{json:#}");
        let names = calls.iter().map(|call| {
            Self::sends(call);
            call["effect"].as_str().unwrap().to_owned()
        });
        names.collect()
    }

    fn sends(call: &Value) {
        let text = |name: &str| call[name].as_str().unwrap();
        let to: CoreAddress = text("to").parse().unwrap();
        let data = text("data").trim_start_matches("0x");
        let draft = DevnetTransaction {
            to: Some(to.bytes()),
            value: text("value_drip").parse().unwrap(),
            data: pospool_conflux::hex::hex_bytes(data).unwrap(),
        };
        let safe = DevnetSender::new(network(), &account(SAFE)).unwrap();
        let runtime = Runtime::new().unwrap();
        runtime
            .block_on(safe.send(SenderSpace::Core, &draft))
            .unwrap();
    }

    fn name_source(&mut self, folder: PathBuf) {
        let quoted = |path: &PathBuf| format!("\"{}\"", path.display());
        self.project.edit(&quoted(&self.source), &quoted(&folder));
        self.source = folder;
    }

    fn implementation(&self) -> String {
        let pool = self.project.recorded("core_contract.pool");
        pool["outputs"]["implementation"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
