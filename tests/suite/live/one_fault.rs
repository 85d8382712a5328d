//! A stopped node comes back while the chain cannot be reached and the operator's key is not there.

use std::process::Command;

use super::project::{Operator, PASSWORD, Project, Ran, docker, network};

#[test]
fn live_case_one_fault_blocks_no_node_that_is_stopped() {
    let project = small_pool();
    project.ok(&["apply", "--auto-approve"]);
    let before = container(&project);
    let text = std::fs::read_to_string(project.path("pool.hcl")).unwrap();
    project.edit(&project.core_rpc(), "http://127.0.0.1:1");

    docker(&["stop", &before]);
    let started = ends(&project, &["start", "node.main"], 0);
    assert!(
        started.stdout.contains("\"stopped\" → \"running\""),
        "{}",
        started.stdout
    );
    assert_eq!(running(&before), "true");
    let again = ends(&project, &["start", "node.main"], 0);
    assert!(again.stderr.contains("node.main runs"), "{}", again.stderr);

    docker(&["stop", &before]);
    let applied = ends(&project, &["apply", "--auto-approve"], 1);
    for line in [
        "! chain.net (chain/unreachable): ",
        "! account.operator (chain/unreachable): needs `chain.net`",
        "! record.who, `value` alone (chain/unreachable): needs `account.operator`",
        "3 resources blocked",
    ] {
        assert!(applied.stdout.contains(line), "{line}: {}", applied.stdout);
    }
    assert_eq!(running(&before), "true");
    assert_eq!(container(&project), before, "nothing was made anew");
    let nothing = ends(&project, &["apply", "--auto-approve"], 1);
    // Its guard may not have let it vote again by now, which is on its way and no change.
    for words in ["nothing else can be done", "3 blocked"] {
        assert!(nothing.stdout.contains(words), "{}", nothing.stdout);
    }
    // Nothing of this needs the chain or the key.
    let pool = project.confirmation();
    let destroy = ["destroy", "--auto-approve", "--confirm", &pool];
    ends(
        &project,
        &[&destroy[..], &["--delete", "volume.main"]].concat(),
        0,
    );
    let left = docker(&["ps", "--all", "--no-trunc", "--format", "{{.ID}}"]);
    assert!(!left.contains(&before), "{left}");
    std::fs::write(project.path("pool.hcl"), text).unwrap();
    project.ends(&["plan", "--detailed-exitcode"], 2);
}

/// A chain, an account whose address is read, and a node.
fn small_pool() -> Project {
    let network = network();
    let spec = format!(
        "chain \"net\" {{\n  network = \"devnet\"\n  core_rpc = \"CORE_RPC\"\n  node_files = \"{}\"\n  \
         bootnodes = \"{}\"\n}}\n\
         account \"operator\" {{\n  private_key = env(\"POSPOOL_OPERATOR_KEY\")\n}}\n\
         record \"who\" {{\n  value = account.operator.address\n}}\n\
         host \"main\" {{}}\n\
         volume \"main\" {{}}\n\
         node \"main\" {{\n  data = volume.main\n  image = \"{}\"\n  docker_network = \"{}\"\n  core_rpc = \"SOURCE_RPC\"\n  \
         pos_key_password = env(\"POSPOOL_POS_KEY_PASSWORD\")\n}}\n",
        network.node_files.display(),
        network.bootnode,
        network.image,
        network.docker_network,
    );
    Project::bare(
        Operator {
            account: network.accounts[5].clone(),
            password: PASSWORD.to_owned(),
            variables: Vec::new(),
        },
        &spec,
    )
}

/// Runs pospool without the operator's key.
fn ends(project: &Project, arguments: &[&str], code: i32) -> Ran {
    let mut command: Command = project.command(arguments);
    let ran = Ran::of(command.env_remove("POSPOOL_OPERATOR_KEY"));
    assert_eq!(
        ran.code,
        Some(code),
        "pospool {}\n{}\n{}",
        arguments.join(" "),
        ran.stdout,
        ran.stderr
    );
    ran
}

fn container(project: &Project) -> String {
    let recorded = project.recorded("node.main");
    recorded["outputs"]["container_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn running(container: &str) -> String {
    docker(&["inspect", "--format", "{{.State.Running}}", container])
}
