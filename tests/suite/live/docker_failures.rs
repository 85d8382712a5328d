//! What goes wrong, and what pospool says of it.

use std::fs;

use pospool_model::plan::Action;
use pospool_model::{Value, provider::Observed};

use super::docker_desk::{Project, address, devnet, node};
use super::project::docker;

#[tokio::test]
async fn live_docker_failures_are_named_and_leave_nothing_behind() {
    let devnet = devnet();
    let text = |name: &str| devnet[name].as_str().unwrap().to_owned();
    let image = text("image");

    // A copy of the network's files, with a key in pos_config.yaml that no release knows.
    let files = std::env::temp_dir().join(format!("pospool-docker-files-{}", std::process::id()));
    fs::create_dir_all(&files).unwrap();
    for entry in fs::read_dir(text("node_files")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), files.join(entry.file_name())).unwrap();
    }
    let config = files.join("pos_config.yaml");
    let good = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{good}nonsense: 1\n")).unwrap();

    let mut project = Project::on_devnet("fail", files.to_str().unwrap(), &text("bootnode"));
    project.want("node.main", &node(&image, None, "running"));
    project.apply("volume.main", Action::Create).await.unwrap();
    let error = project
        .apply("node.main", Action::Create)
        .await
        .unwrap_err();
    eprintln!("{error}");

    // The files are mended: the container is not what they would make now.
    fs::write(&config, good).unwrap();
    let seen = project.seen("node.main").await;
    assert_eq!(
        seen["hardening"],
        Value::from("changed: configuration files")
    );
    assert_eq!(seen["state"], Value::from("stopped"));
    project.want("node.main", &node(&image, None, "stopped"));
    project.apply("node.main", Action::Replace).await.unwrap();
    let name = project.output("node.main", "container_name");
    assert_eq!(
        docker(&["network", "inspect", "-f", "{{.Name}}", &name]),
        name
    );
    let seen = project.seen("node.main").await;
    assert_eq!(seen["hardening"], Value::from("as made"));

    a_lost_key_is_refused(&mut project).await;
    a_stranger_is_refused(&mut project, &name).await;

    case_restored_volume(&mut project, &name).await;

    project.wanted.remove(&address("node.main"));
    project.apply("node.main", Action::Delete).await.unwrap();
    assert!(!docker(&["network", "ls", "--format", "{{.Name}}"]).contains(&name));
    project.wanted.remove(&address("volume.main"));
    project.apply("volume.main", Action::Delete).await.unwrap();
    assert!(!docker(&["volume", "ls", "-q"]).contains(&name));
    fs::remove_dir_all(files).unwrap();
}

async fn a_lost_key_is_refused(project: &mut Project) {
    let address = address("node.main");
    let recorded = project.recorded[&address].clone();
    let key = Value::from(format!("0x{}", "ab".repeat(32)));
    project
        .recorded
        .get_mut(&address)
        .unwrap()
        .outputs
        .insert("pos_address".to_owned(), key);
    // The node failed before it made a key, or the key was lost: the volume has none.
    let volume = project.output("volume.main", "name");
    docker(&[
        "run",
        "--rm",
        "--user",
        "0",
        "--entrypoint",
        "rm",
        "-v",
        &format!("{volume}:/data"),
        "pospool-devnet/conflux-rust:3.0.2",
        "-rf",
        "/data/pos_config",
    ]);
    let stopped = project.wanted[&address].clone();
    project
        .wanted
        .get_mut(&address)
        .unwrap()
        .insert("state".to_owned(), "running".into());
    let error = project
        .apply("node.main", Action::Update)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "docker/pos-key-lost", "{error}");
    let found = project.observe().await.remove(&address);
    assert!(
        matches!(found, Some(Observed::Present { attributes, .. }) if attributes["state"] == "stopped".into())
    );
    project.wanted.insert(address.clone(), stopped);
    project.recorded.insert(address, recorded);
}

/// The volume is lost, and somebody makes it again for a backup: it is the recorded one, without labels.
async fn case_restored_volume(project: &mut Project, container: &str) {
    let volume = project.output("volume.main", "name");
    docker(&["rm", container]);
    docker(&["volume", "rm", &volume]);
    docker(&["volume", "create", &volume]);
    project.observe().await;
    assert_eq!(project.problems, []);
    let seen = project.seen("volume.main").await;
    assert_eq!(seen["host"], super::docker_desk::resource("host.main"));
    project.apply("node.main", Action::Create).await.unwrap();
    // What it is labelled with in the end is not ours to remove.
    docker(&["rm", container]);
    docker(&["volume", "rm", &volume]);
    project.apply("volume.main", Action::Create).await.unwrap();
    project.apply("node.main", Action::Create).await.unwrap();
}

async fn a_stranger_is_refused(project: &mut Project, name: &str) {
    docker(&["rename", name, &format!("{name}-moved")]);
    assert_eq!(
        project.seen("node.main").await["runtime"],
        Value::from("changed: name")
    );
    let stranger = docker(&[
        "create",
        "--name",
        name,
        "pospool-devnet/conflux-rust:3.0.2",
    ]);
    docker(&["rm", &stranger]);
    docker(&["rename", &format!("{name}-moved"), name]);
    assert_eq!(
        project.seen("node.main").await["hardening"],
        Value::from("as made")
    );
}
