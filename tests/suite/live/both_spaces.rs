//! The contracts of a pool in both spaces, wired by pospool, from a key that has nothing in eSpace.
//!
//! There is no node and no registration here: `first_pool` has them. Where `POSPOOL_REFERENCE_DIR` names the reference,
//! these are its contracts, but for the oracle of Core Space, which the reference has only on public networks.

use std::time::Duration;

use pospool_conflux::CoreAddress;
use pospool_conflux::EspaceAddress;
use pospool_devnet::sender::SenderSpace;
use pospool_devnet::words::encode_address;
use pospool_devnet::{FundedAccount, accounts};
use pospool_gateway::{GateMode, GatewayEndpoint};
use pospool_tests::stand_ins;
use serde_json::{Value, json};

use super::espace_ground::ground::{Bytes20, Ground};
use super::fund;
use super::gateway::refusing;
use super::project::{Operator, PASSWORD, Project, contracts, drip, espace_rpc, network, number};

/// CFX of a new operator in Core Space.
const MONEY: u64 = 400;
/// CFX that the spec wants in eSpace.
const FUNDING: u64 = 20;

#[test]
fn live_both_spaces_come_up_wired_and_change_in_place() {
    let project = project("both spaces");
    let plan = project.plan();
    let planned_by_now = project.endpoints().counts();
    project.ok(&["apply", "--auto-approve"]);
    project.endpoints().check_since(&planned_by_now);
    assert_eq!(project.plan()["steps"], json!([]));
    let (core, espace) = planned(&plan);
    assert_eq!((project.nonce(), espace_nonce(&project)), (core, espace));
    assert!(espace_balance(&project) < u128::from(FUNDING) * 1_000_000_000_000_000_000);
    is_wired(&project);

    // What only one setting differs in is one transaction.
    project.edit("Harbour pool of eSpace", "Haven");
    let plan = project.plan();
    assert_eq!(planned(&plan), (0, 1));
    project.ok(&["apply", "--auto-approve"]);
    assert_eq!(project.plan()["steps"], json!([]));

    // Somebody else set the bridge, which no function of the contract answers.
    let ground = Ground::new(&[], ORACLE);
    let operator = Ground::sender(project.account());
    let pool = espace_address(&project, "espace_contract.pool");
    let other = [encode_address([7; 20])];
    ground.call(
        &operator,
        SenderSpace::ESpace,
        pool,
        "setBridge(address)",
        &other,
    );
    let plan = project.plan();
    assert_eq!(planned(&plan), (0, 1));
    assert_eq!(plan["steps"][0]["changes"][0]["path"], "settings.bridge");
    project.ok(&["apply", "--auto-approve"]);
    is_wired(&project);
}

/// The first endpoint of each space refuses for ever, and the second one does not: the deployment ends whole, in one apply.
#[test]
fn live_both_spaces_case_rate_limit_the_first_endpoints_refuse_for_ever() {
    let shut = [
        refusing(&network().core_rpc, GateMode::Exhausted),
        refusing(&network().espace_rpc, GateMode::Unauthorised),
    ];
    let [core, espace] = shut.each_ref().map(GatewayEndpoint::url);
    let spec = spec()
        .replace("\"CORE_RPC\"", &format!("[\"{core}\", \"CORE_RPC\"]"))
        .replace("\"ESPACE_RPC\"", &format!("[\"{espace}\", \"ESPACE_RPC\"]"));
    let project = Project::bare(operator("refused for ever"), &spec);
    let (core, espace) = planned(&project.plan());
    project.ok(&["apply", "--auto-approve"]);
    assert_eq!(project.plan()["steps"], json!([]));
    assert_eq!((project.nonce(), espace_nonce(&project)), (core, espace));
    is_wired(&project);
    for endpoint in shut {
        let counts = endpoint.counts();
        assert!(counts.calls > 0, "it was never asked");
        assert_eq!(counts.refused, counts.calls);
    }
}

#[test]
fn live_both_spaces_survive_a_kill_at_each_stage() {
    let project = project("killed in both spaces");
    let (core, espace) = planned(&project.plan());
    for moment in [1500, 3000, 6000] {
        let mut child = project.spawn(&["apply", "--auto-approve"]);
        std::thread::sleep(Duration::from_millis(moment));
        // SIGKILL, unless it has ended: the process can do nothing more.
        let _ = child.kill();
        child.wait().unwrap();
    }
    project.ok(&["apply", "--auto-approve"]);
    assert_eq!(project.plan()["steps"], json!([]));
    // Nothing was sent twice.
    assert_eq!((project.nonce(), espace_nonce(&project)), (core, espace));
    is_wired(&project);
}

const ORACLE: &str = "contracts/eSpace/CoreSpaceInfo.sol:CoreSpaceInfo";

fn project(seed: &str) -> Project {
    Project::bare(operator(seed), &spec())
}

/// An operator that nobody knows, with money in Core Space.
fn operator(seed: &str) -> Operator {
    let account: FundedAccount = accounts::funded_accounts(seed, 1, network().chain_id)
        .unwrap()
        .remove(0);
    fund::transfer(&network().accounts[0], &account, MONEY);
    Operator {
        account,
        password: PASSWORD.to_owned(),
        variables: Vec::new(),
    }
}

fn spec() -> String {
    include_str!("both_spaces/pool.hcl")
        .replace("REFERENCE", contracts().to_str().unwrap())
        .replace("STAND_INS", stand_ins::stand_ins_folder().to_str().unwrap())
        .replace("FUNDING", &FUNDING.to_string())
}

/// Transactions of a plan in Core Space and in eSpace.
fn planned(plan: &Value) -> (u64, u64) {
    let effects = plan["steps"].as_array().unwrap().iter();
    let effects = effects.flat_map(|step| step["effects"].as_array().unwrap());
    let acts = effects.filter(|effect| effect["nature"] == "act");
    acts.fold((0, 0), |(core, espace), effect| {
        let from = effect["payload"]["from"].as_str().unwrap();
        if from.starts_with("0x") {
            (core, espace + 1)
        } else {
            (core + 1, espace)
        }
    })
}

/// Asks both sides of each wire, and calls through the one that only works if both ends are right.
fn is_wired(project: &Project) {
    let ground = Ground::new(&[], ORACLE);
    let operator = Ground::sender(project.account());
    let core = |name: &str| core_address(project, name);
    let espace = |name: &str| espace_address(project, name);
    let (pool, bridge) = (core("core_contract.pool"), core("core_contract.bridge"));
    let espace_pool = espace("espace_contract.pool");
    let espace_escrow = espace("espace_contract.voting_escrow");
    let escrow = core("core_contract.voting_escrow");
    for (space, to, getter, expected) in [
        (SenderSpace::Core, bridge, "poolAddress()", pool),
        (
            SenderSpace::Core,
            bridge,
            "eSpacePoolAddress()",
            espace_pool,
        ),
        (
            SenderSpace::Core,
            bridge,
            "eSpaceVotingEscrow()",
            espace_escrow,
        ),
        (SenderSpace::Core, pool, "votingEscrow()", escrow),
        (SenderSpace::Core, escrow, "posPool()", pool),
        (SenderSpace::Core, escrow, "eSpaceBridge()", bridge),
        (
            SenderSpace::ESpace,
            espace_pool,
            "votingEscrow()",
            espace_escrow,
        ),
        (SenderSpace::ESpace, espace_escrow, "posPool()", espace_pool),
    ] {
        let answer = ground.ask(&operator, space, to, getter, &[]).unwrap();
        assert_eq!(answer[12..], expected, "{getter}");
    }
    let manager = core("core_contract.manager");
    let (getter, of) = ("eSpacePoolAddresses(address)", [encode_address(pool)]);
    let answer = ground.ask(&operator, SenderSpace::Core, manager, getter, &of);
    assert_eq!(answer.unwrap()[12..], espace_pool, "{getter}");
    // The pool of eSpace takes this from nobody but its bridge.
    let answer = ground.ask(&operator, SenderSpace::Core, bridge, "syncAPY()", &[]);
    answer.unwrap();
}

fn recorded(project: &Project, resource: &str) -> String {
    let resource = project.recorded(resource);
    resource["outputs"]["address"].as_str().unwrap().to_owned()
}

fn core_address(project: &Project, resource: &str) -> Bytes20 {
    let text = recorded(project, resource);
    text.parse::<CoreAddress>().unwrap().bytes()
}

fn espace_address(project: &Project, resource: &str) -> Bytes20 {
    let text = recorded(project, resource);
    text.parse::<EspaceAddress>().unwrap().bytes()
}

fn in_espace(project: &Project, method: &str) -> Value {
    let of = json!([project.account().espace_address, "latest"]);
    espace_rpc(method, &of)
}

fn espace_nonce(project: &Project) -> u64 {
    number(&in_espace(project, "eth_getTransactionCount"))
}

fn espace_balance(project: &Project) -> u128 {
    drip(&in_espace(project, "eth_getBalance"))
}
