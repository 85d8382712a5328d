//! Contracts of a real chain, verified at an explorer that compiles.

use ethers_core::utils::keccak256;
use pospool_conflux::CoreAddress;
use pospool_devnet::sender::{DevnetSender, DevnetTransaction, SenderSpace as Side};
use pospool_explorer::{Explorer, ExplorerConfig, ExplorerSpace, Match};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::project::{Project, contracts, network};

/// An account that no other test of a pool uses.
const ACCOUNT: usize = 7;
const POOL: &str = "core_contract.pool";

#[test]
fn live_verified_is_kept_and_every_loss_is_a_drift() {
    let runtime = Runtime::new().unwrap();
    let cache = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer-cache");
    let cache = pospool_explorer::shared_cache(cache);
    let config = ExplorerConfig::new(&network().core_rpc, &network().espace_rpc, cache);
    let explorer = runtime.block_on(Explorer::start(config)).unwrap();
    let project = Project::new(ACCOUNT);
    std::fs::write(project.path("pool.hcl"), spec(&project, &explorer)).unwrap();

    // Created and verified by one plan.
    project.ends(&["plan", "--detailed-exitcode"], 2);
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);
    let [proxy, implementation] =
        ["address", "implementation"].map(|name| output(&project, POOL, name));
    let manager = output(&project, "core_contract.manager", "address");
    for address in [&proxy, &implementation, &manager] {
        let verified = explorer.verified(ExplorerSpace::Core, address).unwrap();
        assert_eq!(
            verified.runtime,
            Some(Match::Exact),
            "{}",
            verified.contract
        );
    }
    let recorded = project.recorded("verification.pool");
    assert_eq!(recorded["outputs"]["local"], json!("exact"));
    assert_eq!(recorded["outputs"]["links"].as_array().unwrap().len(), 3);

    // The explorer loses one of them.
    explorer.forget(ExplorerSpace::Core, &proxy);
    project.ends(&["plan", "--detailed-exitcode"], 3);
    let nonce = project.nonce();
    project.ok(&["apply", "--auto-approve"]);
    assert_eq!(project.nonce(), nonce, "nothing is sent to the chain");
    assert!(explorer.verified(ExplorerSpace::Core, &proxy).is_some());
    project.ends(&["plan", "--detailed-exitcode"], 0);

    // Somebody points the proxy elsewhere.
    point(&runtime, &proxy, &manager);
    let plan = project.plan();
    assert!(reason(&plan).contains("points at"), "{plan:#}");
    let ran = project.run(&["apply", "--auto-approve"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.code == Some(1) && said.contains("chain/code-differs"),
        "{said}"
    );
    point(&runtime, &proxy, &implementation);
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);
}

fn spec(project: &Project, explorer: &Explorer) -> String {
    format!(
        r#"
chain "devnet" {{
  network    = "devnet"
  core_rpc   = "{core_rpc}"
  espace_rpc = "{espace_rpc}"
}}

account "operator" {{
  private_key = env("POSPOOL_OPERATOR_KEY")
}}

source "pool" {{
  path = "{contracts}"
}}

core_contract "pool" {{
  code  = source.pool.PoSPool
  proxy = true
}}

core_contract "manager" {{
  code = source.pool.PoolManager
}}

verification "pool" {{
  contracts = [core_contract.pool, core_contract.manager]
  explorer  = {{ core = "{core}" }}
}}
"#,
        core_rpc = project.core_rpc(),
        espace_rpc = project.espace_rpc(),
        contracts = contracts().display(),
        core = explorer.core_url(),
    )
}

fn output(project: &Project, resource: &str, name: &str) -> String {
    let recorded = project.recorded(resource);
    recorded["outputs"][name].as_str().unwrap().to_owned()
}

/// What the plan says in the place of `verified = true`.
fn reason(plan: &Value) -> String {
    let drift = plan["drift"].as_array().unwrap();
    let own = drift
        .iter()
        .find(|drift| drift["address"] == "verification.pool")
        .unwrap();
    own["changes"][0]["after"].to_string()
}

/// Has the owner call `upgradeTo` by hand.
fn point(runtime: &Runtime, proxy: &str, implementation: &str) {
    let [proxy, implementation] = [proxy, implementation].map(|text| {
        let address: CoreAddress = text.parse().unwrap();
        address.bytes()
    });
    let selector = &keccak256("upgradeTo(address)")[..4];
    let data = [selector, &[0; 12], &implementation].concat();
    let draft = DevnetTransaction {
        to: Some(proxy),
        data,
        ..DevnetTransaction::default()
    };
    let sender = DevnetSender::new(network(), &network().accounts[ACCOUNT]).unwrap();
    runtime.block_on(sender.send(Side::Core, &draft)).unwrap();
}
