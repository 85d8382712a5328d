//! One pool from nothing to its end.

use pospool_gateway::Counts;
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};

use super::project::{PASSWORD, Project, Ran, binary, docker, number, rpc};

#[test]
fn live_first_pool_from_nothing_to_its_end() {
    let project = Project::new(0);
    comes_up(&project);
    keeps_secrets(&project);
    changes_one_setting_with_one_transaction(&project);
    repairs_what_was_changed_by_hand(&project);
    never_registers_twice(&project);
    comes_back_without_its_state(&project);
    goes_down(&project);
}

fn comes_up(project: &Project) {
    let before = project.balance();
    project.ok(&["validate"]);
    project.ends(&["plan", "--detailed-exitcode"], 2);
    let planned_by_now = project.endpoints().counts();
    project.ok(&["apply", "--auto-approve"]);
    project.endpoints().check_since(&planned_by_now);
    let made_by_now = project.endpoints().counts();
    project.ends(&["plan", "--detailed-exitcode"], 0);
    asks_its_own_node(&project.endpoints().counts().since(&made_by_now));
    needs_no_secret_to_look(project);

    let pool = project.recorded("core_contract.pool");
    let address = pool["outputs"]["address"].as_str().unwrap();
    assert_ne!(rpc("cfx_getCode", &json!([address])), json!("0x"));
    assert_eq!(share_ratio(address), 9000);
    let registration = project.recorded("pos_registration.main");
    let pos_address = registration["outputs"]["pos_address"].as_str().unwrap();
    assert_eq!(votes(pos_address), 1);
    let spent = before - project.balance();
    let cfx = 1_000_000_000_000_000_000_u128;
    assert!(
        (1000 * cfx..1100 * cfx).contains(&spent),
        "spent {spent} drip"
    );
    is_in_sync(project);
}

/// Case plan-needs-keys: whoever looks has neither the operator's key nor the node's password.
fn needs_no_secret_to_look(project: &Project) {
    for words in [
        &["validate"][..],
        &["plan", "--detailed-exitcode"],
        &["show"],
    ] {
        let mut command = project.command(words);
        for secret in ["POSPOOL_OPERATOR_KEY", "POSPOOL_POS_KEY_PASSWORD"] {
            command.env_remove(secret);
        }
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, Some(0), "{words:?}: {}{}", ran.stdout, ran.stderr);
    }
}

/// Settings of contracts are asked of the pool's own node. Whose key is registered is not: those two questions go out.
fn asks_its_own_node(plan: &Counts) {
    let calls = |method: &str| plan.methods.get(method).map_or(0, |tally| tally.calls);
    assert_eq!(calls("cfx_call"), 2, "{:#}", plan.json());
    assert!(calls("cfx_getNextNonce") > 0, "{:#}", plan.json());
}

/// The operator's key and the PoS key's password are in no file and not in what Docker shows.
fn keeps_secrets(project: &Project) {
    let key = project.private_key();
    let key = key.trim_start_matches("0x");
    let container = container(project);
    let image = docker(&["inspect", "--format", "{{.Image}}", &container]);
    let mut seen = vec![
        docker(&["inspect", &container]),
        docker(&["inspect", &image]),
        docker(&["history", "--no-trunc", &image]),
        docker(&["logs", &container]),
        docker(&["top", &container, "-eo", "pid,args"]),
        project.ok(&["show", "--json"]),
        project.ok(&["plan", "--json"]),
    ];
    for entry in std::fs::read_dir(project.path(".")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            seen.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        }
    }
    for text in seen {
        assert!(!text.contains(PASSWORD), "the password is in: {text}");
        assert!(!text.to_lowercase().contains(key), "the key is in: {text}");
    }
    // The funded keys of a private network are part of its genesis files, so only the
    // password can be looked for there.
    let files = "cat /etc/conflux/* /etc/conflux/pos_config/* /opt/pospool/* 2>/dev/null; true";
    let files = docker(&["exec", &container, "bash", "-c", files]);
    assert!(files.contains("chain_id"), "the files were read");
    assert!(
        !files.contains(PASSWORD),
        "the password is in a file of the image"
    );
    let inspected: Value = serde_json::from_str(&docker(&["inspect", &container])).unwrap();
    let host = &inspected[0]["HostConfig"];
    assert_eq!(host["ReadonlyRootfs"], json!(true));
    assert_eq!(host["CapDrop"], json!(["ALL"]));
    assert_eq!(inspected[0]["Config"]["User"], json!("10001:10001"));
}

fn changes_one_setting_with_one_transaction(project: &Project) {
    project.edit("\"90%\"", "\"85%\"");
    let plan = project.plan();
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "{steps:#?}");
    assert_eq!(steps[0]["address"], json!("core_contract.pool"));
    assert_eq!(steps[0]["effects"].as_array().unwrap().len(), 1);
    let changes = steps[0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["path"], json!("settings.user_share_ratio"));

    project.ok(&["plan", "--out", "saved.plan"]);
    let nonce = project.nonce();
    project.ok(&["apply", "saved.plan"]);
    assert_eq!(project.nonce(), nonce + 1, "exactly one transaction");
    let pool = project.recorded("core_contract.pool");
    assert_eq!(
        share_ratio(pool["outputs"]["address"].as_str().unwrap()),
        8500
    );
    project.ends(&["apply", "saved.plan"], 7);
    assert_eq!(project.nonce(), nonce + 1, "a stale plan does nothing");
    project.ends(&["plan", "--detailed-exitcode"], 0);
}

/// Case lost-state: everything is found again, and the node goes on voting.
fn comes_back_without_its_state(project: &Project) {
    let container = container(project);
    let life = |what: &str| docker(&["inspect", "--format", what, &container]);
    let (started, nonce) = (life("{{.Id}} {{.State.StartedAt}}"), project.nonce());
    let known = project.recorded("pos_registration.main")["outputs"]["pos_address"].take();
    let state: Value = serde_json::from_str(&project.ok(&["show", "--json"])).unwrap();
    let lineage = state["state"]["lineage"].as_str().unwrap().to_owned();
    let address = project.recorded("core_contract.pool")["outputs"]["address"].take();
    let address = address.as_str().unwrap().to_owned();
    std::fs::remove_file(project.path("pospool.state.json")).unwrap();
    let apply = ["apply", "--auto-approve"];
    let refused = Ran::of(&mut project.command_of(&binary(), &apply));
    assert_eq!(
        refused.code,
        Some(6),
        "{}{}",
        refused.stdout,
        refused.stderr
    );
    assert!(refused.stderr.contains("state/lost"), "{}", refused.stderr);
    // The operator of this network has made pools of the same code before: which one it is must be said.
    // And its engine may have what other tests left behind.
    let scan = ["import", "--scan", "--auto-approve", "--lineage", &lineage];
    let refused = project.run(&scan);
    if refused.code != Some(0) {
        assert!(
            refused.stderr.contains("import/ambiguous"),
            "{}",
            refused.stderr
        );
    }
    let named = [&scan[..], &["core_contract.pool", &address]].concat();
    let taken = if refused.code == Some(0) {
        refused.stdout
    } else {
        project.ok(&named)
    };
    assert!(taken.contains("resources taken up"), "{taken}");
    project.ends(&["plan", "--detailed-exitcode"], 0);
    let found = project.recorded("pos_registration.main")["outputs"]["pos_address"].take();
    assert_eq!(found, known);
    assert_eq!(
        life("{{.Id}} {{.State.StartedAt}}"),
        started,
        "it was never stopped"
    );
    assert_eq!(project.nonce(), nonce, "nothing was sent");
}

fn repairs_what_was_changed_by_hand(project: &Project) {
    let key_before = project.recorded("pos_registration.main")["outputs"]["pos_address"].take();
    docker(&["stop", "--time", "60", &container(project)]);
    project.ends(&["plan", "--detailed-exitcode"], 3);
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);

    docker(&["rm", "--force", &container(project)]);
    project.ends(&["plan", "--detailed-exitcode"], 3);
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);
    is_in_sync(project);
    let key_after = project.recorded("node.main")["outputs"]["pos_address"].take();
    assert_eq!(key_before, key_after, "the key lives in the volume");
}

/// Somebody throws the state away: the chain is asked before anything is sent.
fn never_registers_twice(project: &Project) {
    let state = project.path("pospool.state.json");
    let kept = std::fs::read(&state).unwrap();
    let recorded = project.recorded("node.main");
    let data = recorded["outputs"]["register_data"].as_str().unwrap();
    std::fs::remove_file(&state).unwrap();
    let spec = std::fs::read_to_string(project.path("pool.hcl")).unwrap();
    let other = spec.replace(
        "node    = node.main",
        &format!("register_data = \"{data}\""),
    );
    assert_ne!(
        spec, other,
        "the registration takes its data from the spec now:\n{spec}"
    );
    std::fs::write(project.path("other.hcl"), other).unwrap();
    let nonce = project.nonce();
    let ran = project.run(&["apply", "--auto-approve", "--spec", "other.hcl"]);
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.stdout, ran.stderr);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("chain/already-registered"), "{said}");
    assert_eq!(project.nonce(), nonce, "nothing was sent");
    std::fs::write(&state, kept).unwrap();
    project.ends(&["plan", "--detailed-exitcode"], 0);
}

fn goes_down(project: &Project) {
    let container = container(project);
    let volume = project.recorded("volume.main")["outputs"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let pool = project.recorded("core_contract.pool")["outputs"]["address"]
        .as_str()
        .unwrap()
        .to_owned();
    // A registered pool goes by its name only, whatever else is approved.
    let refused = project.run(&["destroy", "--auto-approve"]);
    assert_eq!(refused.code, Some(6), "{}", refused.stderr);
    let way = format!("--confirm {pool}");
    assert!(refused.stderr.contains(&way), "{}", refused.stderr);
    let said = project.ok(&["destroy", "--auto-approve", "--confirm", &pool]);
    assert!(
        said.contains(&pool),
        "it says what stays on the chain:\n{said}"
    );
    assert!(
        said.contains(&volume),
        "it says that the key's volume stays:\n{said}"
    );
    assert_eq!(
        docker(&["ps", "-aq", "--filter", &format!("id={container}")]),
        ""
    );
    assert_eq!(
        docker(&["volume", "ls", "-q", "--filter", &format!("name={volume}")]),
        volume
    );
    std::fs::write(project.path("empty.hcl"), "").unwrap();
    project.ends(&["plan", "--detailed-exitcode", "--spec", "empty.hcl"], 0);
    docker(&["volume", "rm", &volume]);
}

fn container(project: &Project) -> String {
    let recorded = project.recorded("node.main");
    recorded["outputs"]["container_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Waits until the pool's node follows its chain: a key that was just elected is watched first, by a node that its guard starts
/// again.
fn is_in_sync(project: &Project) {
    let mut phase = json!(null);
    for _ in 0..120 {
        phase = in_node(project, "debug_currentSyncPhase");
        if phase == "NormalSyncPhase" {
            return;
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    panic!("the node stays in {phase}");
}

/// Asks the pool's node over its local RPC.
fn in_node(project: &Project, method: &str) -> Value {
    let container = container(project);
    let method = method.to_owned();
    let ask = move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let engine = pospool_devnet::docker::DevnetEngine::connect()
                .await
                .unwrap();
            for _ in 0..60 {
                if let Ok(answer) = engine.local_rpc(&container, &method, &json!([])).await {
                    return answer;
                }
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            panic!("the node does not answer")
        })
    };
    std::thread::spawn(ask).join().unwrap()
}

/// `poolUserShareRatio()` of a pool, in basis points.
pub(crate) fn share_ratio(pool: &str) -> u64 {
    let digest = Keccak256::digest("poolUserShareRatio()");
    let [a, b, c, d] = [digest[0], digest[1], digest[2], digest[3]];
    let data = format!("0x{a:02x}{b:02x}{c:02x}{d:02x}");
    let word = rpc("cfx_call", &json!([{"to": pool, "data": data}]));
    u64::from_str_radix(&word.as_str().unwrap()[50..], 16).unwrap()
}

/// Votes that PoS counts for an address.
pub(crate) fn votes(pos_address: &str) -> u64 {
    number(&rpc("pos_getAccount", &json!([pos_address]))["status"]["availableVotes"])
}
