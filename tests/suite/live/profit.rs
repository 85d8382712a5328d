//! What PoS pays a pool on a real network, and how the pool's own share of it is paid out by plan and apply alone.

use std::time::{Duration, Instant};

use pospool_conflux::{CoreAddress, Key};
use pospool_devnet::sender::{DevnetSender, DevnetTransaction, SenderSpace};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::project::{Project, drip, network, rpc};
use super::voter::{LONG, Voter};

/// Network id of the private networks.
const NETWORK: u32 = 1234;

#[test]
fn live_profit_is_claimed_by_plan() {
    let project = Project::new(0);
    let receiver = Key::parse(&"77".repeat(32)).unwrap();
    let receiver = receiver.core_address(NETWORK).to_string();
    let profit = |every: u64| {
        format!(
            "profit = {{ claim_every = blocks({every}), min = drip(\"1000\"), to = \"{receiver}\" }}"
        )
    };
    let proxy = "  proxy = true";
    project.edit(proxy, &format!("{proxy}\n  {}", profit(1)));
    project.ok(&["apply", "--auto-approve"]);
    Voter::of(&project).votes();

    // One vote of a private network earns less in a minute than the gas of counting it costs: somebody adds a year's worth, as
    // PoS pays, without a call of the pool.
    pays_without_a_call(&project, 20);
    // Settling counts what came, and the next apply pays it.
    let paid = || drip(&rpc("cfx_getBalance", &json!([receiver])));
    assert_eq!(paid(), 0);
    let begun = Instant::now();
    let mut said = String::new();
    while paid() == 0 {
        assert!(begun.elapsed() < LONG, "{said}");
        let planned = project.plan();
        if !due(&planned).is_empty() {
            said += &project.ok(&["apply", "--auto-approve"]);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(said.contains("settle"), "{said}");
    let first = paid();
    println!("{first} drip were paid out");

    // One that is not due yet is not paid.
    project.edit(&profit(1), &profit(1_000_000));
    let planned = project.plan();
    let is_payment = |effect: &String| effect.contains("withdraw") || effect.contains("pay");
    assert!(!due(&planned).iter().any(is_payment), "{planned:#}");
    let ran = project.run(&["apply", "--auto-approve"]);
    assert!(
        matches!(ran.code, Some(0 | 3)),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!(paid(), first);
}

/// A contract that is never there: its creation ends with all its money for the pool.
fn pays_without_a_call(project: &Project, cfx: u128) {
    let pool = project.recorded("core_contract.pool");
    let address = pool["outputs"]["address"].as_str().unwrap();
    let pool: CoreAddress = address.parse().unwrap();
    let draft = DevnetTransaction {
        to: None,
        value: cfx * 1_000_000_000_000_000_000,
        data: [&[0x73][..], &pool.bytes(), &[0xff]].concat(),
    };
    let payer = DevnetSender::new(network(), &network().accounts[6]).unwrap();
    let runtime = Runtime::new().unwrap();
    runtime
        .block_on(payer.send(SenderSpace::Core, &draft))
        .unwrap();
}

/// What a plan does about the pool.
fn due(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().unwrap().iter();
    let of_pool = steps.filter(|step| step["address"] == "core_contract.pool");
    let effects = of_pool.flat_map(|step| step["effects"].as_array().unwrap());
    effects
        .map(|effect| effect["summary"].as_str().unwrap().to_owned())
        .collect()
}
