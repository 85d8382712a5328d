//! A node's whole life, with changes by hand in between.

use pospool_model::Value;
use pospool_model::plan::Action;
use pospool_model::provider::Observed;

use super::docker_desk::{Project, address, devnet, node, resource};
use super::project::docker;

#[tokio::test]
async fn live_docker_a_node_lives_and_is_taken_down() {
    let devnet = devnet();
    let text = |name: &str| devnet[name].as_str().unwrap().to_owned();
    let (image, network) = (text("image"), text("docker_network"));
    let mut project = Project::on_devnet("live", &text("node_files"), &text("bootnode"));
    let pinned = format!("{image}@{}", text("image_id"));
    project.want("node.main", &node(&pinned, Some(&network), "running"));

    project.apply("volume.main", Action::Create).await.unwrap();
    project.apply("node.main", Action::Create).await.unwrap();
    let container = project.output("node.main", "container_name");
    let key = project.output("node.main", "pos_address");
    eprintln!(
        "{container}: {key}, {}",
        project.output("node.main", "client_version")
    );
    assert_eq!(docker(&["exec", &container, "id", "-u"]), "10001");
    assert!(!docker(&["inspect", &container]).contains("correct horse"));
    assert!(!docker(&["logs", &container]).contains("correct horse"));
    let seen = project.seen("node.main").await;
    assert_eq!(seen["state"], Value::from("running"));
    assert_eq!(seen["hardening"], Value::from("as made"));

    drift_is_seen(&mut project, &container).await;
    a_start_by_hand_waits_and_is_mended(&mut project, &container).await;

    project.want("node.main", &node(&pinned, Some(&network), "stopped"));
    project.apply("node.main", Action::Update).await.unwrap();
    assert_eq!(
        project.seen("node.main").await["state"],
        Value::from("stopped")
    );
    project.want("node.main", &node(&image, Some(&network), "running"));
    project.apply("node.main", Action::Replace).await.unwrap();
    assert_eq!(
        project.output("node.main", "pos_address"),
        key,
        "the key stays on the volume"
    );
    assert_eq!(
        project.seen("node.main").await["hardening"],
        Value::from("as made")
    );

    a_lost_state_is_found_again(&mut project, &key).await;

    project.wanted.remove(&address("node.main"));
    project.apply("node.main", Action::Delete).await.unwrap();
    project.wanted.remove(&address("volume.main"));
    project.apply("volume.main", Action::Delete).await.unwrap();
    assert!(project.observe().await.is_empty());
}

async fn drift_is_seen(project: &mut Project, container: &str) {
    docker(&[
        "update",
        "--memory",
        "2g",
        "--memory-swap",
        "2g",
        "--restart",
        "always",
        container,
    ]);
    let seen = project.seen("node.main").await;
    assert_eq!(seen["hardening"], Value::from("as made"));
    assert_eq!(
        seen["runtime"],
        Value::from("changed: memory, restart policy")
    );
    docker(&["network", "connect", "bridge", container]);
    let other = format!("{container}-other");
    docker(&["rename", container, &other]);
    assert_eq!(
        project.seen("node.main").await["runtime"],
        Value::from("changed: memory, networks, name, restart policy")
    );
    case_heavy_repair(project, container, &other).await;

    let volume = project.output("volume.main", "name");
    let other = docker(&[
        "run",
        "-d",
        "--entrypoint",
        "sleep",
        "-v",
        &format!("{volume}:/x"),
        "pospool-devnet/conflux-rust:3.0.2",
        "60",
    ]);
    project.observe().await;
    assert_eq!(project.problems[0].1.code, "docker/volume-in-use");
    docker(&["rm", "-f", &other]);

    docker(&["kill", container]);
    assert_eq!(
        project.seen("node.main").await["state"],
        Value::from("stopped")
    );
}

/// What Docker can change on the running container is changed there: the process stays the same.
async fn case_heavy_repair(project: &mut Project, container: &str, now: &str) {
    let process = ["inspect", "--format", "{{.Id}} {{.State.StartedAt}}"];
    let before = docker(&[&process[..], &[now]].concat());
    project.apply("node.main", Action::Update).await.unwrap();
    assert_eq!(docker(&[&process[..], &[container]].concat()), before);
    let seen = project.seen("node.main").await;
    assert_eq!(seen["hardening"], Value::from("as made"));
    assert_eq!(seen.get("runtime"), None);
    let settings = "{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}";
    let settings = docker(&["inspect", "--format", settings, container]);
    assert_eq!(settings, format!("{} no", 3_u64 << 30));
}

async fn a_start_by_hand_waits_and_is_mended(project: &mut Project, container: &str) {
    docker(&["start", container]);
    project.apply("node.main", Action::Update).await.unwrap();
    docker(&["kill", container]);
    project.apply("node.main", Action::Update).await.unwrap();
    assert_eq!(
        project.seen("node.main").await["state"],
        Value::from("running")
    );
}

async fn a_lost_state_is_found_again(project: &mut Project, key: &str) {
    let recorded = std::mem::take(&mut project.recorded);
    let mut found = project.observe().await;
    let Some(Observed::Present {
        outputs,
        attributes,
    }) = found.remove(&address("node.main"))
    else {
        panic!("the node is absent");
    };
    assert_eq!(outputs["pos_address"], Value::from(key));
    assert!(outputs.contains_key("register_data") && outputs.contains_key("container_id"));
    assert_eq!(attributes["data"], resource("volume.main"));
    let Some(Observed::Present { outputs, .. }) = found.remove(&address("volume.main")) else {
        panic!("the volume is absent");
    };
    assert_eq!(outputs["holds"], Value::from("pos_key of node.main"));
    project.recorded = recorded;
}
