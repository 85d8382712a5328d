//! A node whose chain data comes from the snapshot of another one, over a server that does what servers do, and the
//! folder of a disk that the operator chose.

mod server;

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::project::{Operator, PASSWORD, Project, docker, network};
use server::{Server, Trouble};

/// In files of the archive that must never reach another node.
const MARKED: &str = "marked-foreign-77b1c2";

#[test]
fn live_snapshot_brings_up_a_node_spooled_and_streamed() {
    let origin = Origin::new();
    spooled(&origin);
    streamed(&origin);
}

/// Three kills and two lost connections on the way.
fn spooled(origin: &Origin) {
    let server = Server::start(&origin.archive);
    let spool = tempfile::tempdir().unwrap();
    let from = format!(
        "{{ from = \"{}\", way = \"spooled\", spool = \"{}\" }}",
        server.url,
        spool.path().display()
    );
    let project = bare(&format!("  snapshot = {from}\n"), "");
    let said = flat(&project.ok(&["plan"]));
    assert!(
        said.contains("goes on at its byte, whatever stops it"),
        "{said}"
    );
    kill_three_times(&project, &server);
    project.ok(&["apply", "--auto-approve"]);
    let starts = server.starts();
    println!(
        "parts that were asked for begin at {starts:?} of {}",
        server.length()
    );
    assert!(
        starts.len() >= 6,
        "three kills and two lost connections: {starts:?}"
    );
    let sorted = starts[1..].windows(2).all(|two| two[0] <= two[1]);
    assert!(sorted && starts[1] > 0, "it went on: {starts:?}");
    assert_eq!(server.cuts(), 2);
    let left = std::fs::read_dir(spool.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is kept");
    origin.came_over_without_its_secrets(&project);
    assert_eq!(project.plan()["steps"], json!([]));
    project.ends(&["plan", "--detailed-exitcode"], 0);
    refilled(origin, &project);
}

/// Each time later on the way, and a lost connection after each of the first two.
fn kill_three_times(project: &Project, server: &Server) {
    server.slow(true);
    for percent in [15, 40, 65] {
        let mut child = project.spawn(&["apply", "--auto-approve"]);
        while server.sent_percent() < percent {
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "the apply ended at {} %",
                server.sent_percent()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        // SIGKILL: the process can do nothing more.
        child.kill().unwrap();
        child.wait().unwrap();
        println!("killed when {} % were sent", server.sent_percent());
        if percent != 65 {
            server.trouble(Trouble::Cut);
        }
    }
    server.slow(false);
}

/// A new word throws the chain data away, and nothing else.
fn refilled(origin: &Origin, project: &Project) {
    let key = project.recorded("node.main")["outputs"]["pos_address"].clone();
    project.edit("snapshot = ", "refill = \"again\"\n  snapshot = ");
    let said = flat(&project.ok(&["plan"]));
    assert!(
        said.contains("throw away blockchain_data and pos_db"),
        "{said}"
    );
    project.ok(&["apply", "--auto-approve"]);
    assert_eq!(project.recorded("node.main")["outputs"]["pos_address"], key);
    origin.came_over_without_its_secrets(project);
    project.ends(&["plan", "--detailed-exitcode"], 0);
}

/// The archive is replaced on the way; then two connections are lost.
fn streamed(origin: &Origin) {
    let server = Server::start(&origin.archive);
    let from = format!("{{ from = \"{}\", way = \"streamed\" }}", server.url);
    let project = bare(&format!("  snapshot = {from}\n"), "");
    let said = flat(&project.ok(&["plan"]));
    assert!(
        said.contains("an apply that is stopped starts over"),
        "{said}"
    );
    server.trouble(Trouble::Replace);
    let ran = project.run(&["apply", "--auto-approve"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("docker/snapshot-replaced"), "{said}");

    // Half of it is on the volume now: no node starts on that.
    project.edit(&format!("snapshot = {from}\n"), "\n");
    let ran = project.run(&["apply", "--auto-approve"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("docker/unfinished-data"), "{said}");

    let spec = project.path("pool.hcl");
    let text = std::fs::read_to_string(&spec).unwrap();
    let node = format!("node \"main\" {{\n  snapshot = {from}\n");
    std::fs::write(&spec, text.replace("node \"main\" {\n", &node)).unwrap();
    server.trouble(Trouble::Cut);
    server.trouble(Trouble::Cut);
    project.ok(&["apply", "--auto-approve"]);
    assert_eq!(server.cuts(), 2);
    origin.came_over_without_its_secrets(&project);
    project.ends(&["plan", "--detailed-exitcode"], 0);
}

#[test]
fn live_folder_of_the_operators_choice_holds_the_data_and_data_moves_into_it() {
    let disk = tempfile::tempdir().unwrap();
    // Others may pass the folders above it.
    std::fs::set_permissions(disk.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = disk.path().join("pool");
    let link = disk.path().join("link");
    let project = bare("", "");
    project.ok(&["apply", "--auto-approve"]);
    let key = project.recorded("node.main")["outputs"]["pos_address"].clone();
    let old = project.recorded("volume.main")["outputs"]["name"].clone();

    let path = format!("  path = \"{}\"\n", link.display());
    project.edit(
        "volume \"main\" {\n",
        &format!("volume \"main\" {{\n{path}"),
    );
    refused(
        &project,
        "docker/volume-path",
        "sudo install -d -o 10001 -g 10001 -m 0700",
    );
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    refused(&project, "docker/volume-path", "sudo chown 10001:10001");
    chown(&folder, Some(10001), Some(10001)).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    data_moves(&project, &path);
    let node = project.recorded("node.main")["outputs"].clone();
    assert_eq!(node["pos_address"], key, "the key moved with the data");
    let real = json!(folder.to_str().unwrap());
    assert_eq!(node["volume"], real, "where it really is");
    assert!(folder.join("pos_config/pos_key").is_file());
    project.ends(&["plan", "--detailed-exitcode"], 0);

    two_names_of_one_place(&project, &folder, &path);

    let old = old.as_str().unwrap();
    docker(&["volume", "inspect", old]);
    docker(&["volume", "rm", old]);
    // Without its mark the folder is another disk, or none.
    let mark = folder.join(".pospool-volume.json");
    let text = std::fs::read(&mark).unwrap();
    std::fs::remove_file(&mark).unwrap();
    refused(&project, "docker/volume-unmarked", "mount its disk");
    std::fs::write(&mark, text).unwrap();

    project.ok(&["destroy", "--auto-approve"]);
    assert!(
        folder.join("pos_config/pos_key").is_file(),
        "nobody named it"
    );
}

/// As the guide says it: stop, move, start. While the node runs nothing is copied under it, and nothing is stopped.
fn data_moves(project: &Project, path: &str) {
    refused(project, "docker/volume-move", "state = \"stopped\"");
    let stopped = "node \"main\" {\n  state = \"stopped\"\n";
    let moved = format!("volume \"main\" {{\n{path}");
    project.edit(path, "");
    project.edit("node \"main\" {\n", stopped);
    project.ok(&["apply", "--auto-approve"]);
    project.edit("volume \"main\" {\n", &moved);
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);
    project.edit("  state = \"stopped\"\n", "");
    project.ok(&["apply", "--auto-approve"]);
}

fn two_names_of_one_place(project: &Project, folder: &Path, path: &str) {
    let spec = project.path("pool.hcl");
    let text = std::fs::read_to_string(&spec).unwrap();
    let own = folder.display().to_string();
    for other in [own.clone(), format!("{own}/blockchain_data")] {
        let block = format!("\nvolume \"other\" {{\n  path = \"{other}\"\n}}\n");
        std::fs::write(&spec, format!("{text}{block}")).unwrap();
        refused(project, "docker/same-place", "a folder of its own");
    }
    std::fs::write(&spec, &text).unwrap();
    // A volume of Docker's own that leads to the same folder.
    let name = format!("pospool-test-{}", std::process::id());
    let device = format!("device={own}");
    docker(&[
        "volume",
        "create",
        "--driver",
        "local",
        "--opt",
        "type=none",
        "--opt",
        "o=bind",
        "--opt",
        &device,
        &name,
    ]);
    refused(project, "docker/same-place", "a folder of its own");
    docker(&["volume", "rm", &name]);
    assert!(text.contains(path));
}

fn refused(project: &Project, code: &str, help: &str) {
    let ran = project.run(&["plan"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert_ne!(ran.code, Some(0), "{said}");
    assert!(
        said.contains(code) && flat(&said).contains(help),
        "{code}: {said}"
    );
}

/// Text without the lines that it was broken into for people.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A spec with a node alone.
fn bare(node: &str, volume: &str) -> Project {
    let network = network();
    let spec = format!(
        "chain \"net\" {{\n  network = \"devnet\"\n  core_rpc = \"{}\"\n  node_files = \"{}\"\n  bootnodes = \"{}\"\n}}\n\n\
         host \"main\" {{}}\n\nvolume \"main\" {{\n{volume}}}\n\nnode \"main\" {{\n{node}  image = \"{}\"\n  \
         data = volume.main\n  pos_key_password = env(\"POSPOOL_POS_KEY_PASSWORD\")\n  docker_network = \"{}\"\n  core_rpc = \"SOURCE_RPC\"\n}}\n",
        network.core_rpc,
        network.node_files.display(),
        network.bootnode,
        network.image,
        network.docker_network
    );
    let operator = Operator {
        account: network.accounts[0].clone(),
        password: PASSWORD.to_owned(),
        variables: Vec::new(),
    };
    Project::bare(operator, &spec)
}

/// The node that the snapshot is of.
struct Origin {
    archive: Vec<u8>,
    key: String,
    folder: tempfile::TempDir,
}

impl Origin {
    /// Runs a node, stops it, and packs its data in the layout of the public snapshots.
    fn new() -> Self {
        let project = bare("", "");
        project.ok(&["apply", "--auto-approve"]);
        project.edit(
            "node \"main\" {\n",
            "node \"main\" {\n  state = \"stopped\"\n",
        );
        project.ok(&["apply", "--auto-approve"]);
        let volume = project.recorded("volume.main")["outputs"]["name"].clone();
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        inside(
            volume.as_str().unwrap(),
            Some(here),
            "cp -a /data/blockchain_data /data/pos_db /data/pos_config /out/",
        );
        let nodes = network().node_files.join("initial_nodes.json");
        std::fs::copy(nodes, here.join("pos_config/initial_nodes.json")).unwrap();
        for name in [
            "pos_db/secure_storage.json.old",
            "blockchain_data/net_config/marked",
            "pos_config/pos_key.old",
        ] {
            let path = here.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, MARKED).unwrap();
        }
        assert!(here.join("pos_db/secure_storage.json").is_file());
        let key = std::fs::read(here.join("pos_config/pos_key")).unwrap();
        let packed = Command::new("tar")
            .args([
                "-czf",
                "snapshot.tgz",
                "blockchain_data",
                "pos_db",
                "pos_config",
            ])
            .current_dir(here)
            .status()
            .unwrap();
        assert!(packed.success());
        let archive = std::fs::read(here.join("snapshot.tgz")).unwrap();
        println!("the snapshot has {} bytes", archive.len());
        Self {
            archive,
            key: digest(&key),
            folder,
        }
    }

    /// The chain data came, and neither the key nor the safety file nor the identity of the other node did.
    fn came_over_without_its_secrets(&self, project: &Project) {
        let volume = project.recorded("volume.main")["outputs"]["name"].clone();
        let volume = volume.as_str().unwrap();
        let run = |script: &str| inside(volume, None, script);
        assert_eq!(run("ls -A /data/blockchain_data | head -n 1 | wc -l"), "1");
        assert_eq!(
            run("test -e /data/.pospool-unfinished || echo whole"),
            "whole"
        );
        assert_eq!(run(&format!("grep -rl {MARKED} /data | wc -l")), "0");
        let own = run("sha256sum /data/pos_config/pos_key");
        assert!(!own.starts_with(&self.key), "the key of the other node");
        let safety = run("ls /data/pos_db | grep -c '^secure_storage.json$' || true");
        assert_eq!(safety, "1", "the node made one of its own");
        let origin = self.folder.path().join("pos_db/secure_storage.json");
        let foreign = digest(&std::fs::read(origin).unwrap());
        let own = run("sha256sum /data/pos_db/secure_storage.json");
        assert!(
            !own.starts_with(&foreign),
            "the safety file of the other node"
        );
    }
}

/// Runs a script beside a volume, as root.
fn inside(volume: &str, out: Option<&Path>, script: &str) -> String {
    let mount = format!("{volume}:/data");
    let out = out.map(|out| format!("{}:/out", out.display()));
    let mut arguments = vec!["run", "--rm", "-u", "0", "-v", &mount];
    if let Some(out) = &out {
        arguments.extend(["-v", out]);
    }
    let image = &network().image;
    arguments.extend(["--entrypoint", "bash", image, "-c", script]);
    docker(&arguments)
}

/// SHA-256, as the tools of the machine say it.
fn digest(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let output = Command::new("sha256sum").arg(file.path()).output().unwrap();
    String::from_utf8_lossy(&output.stdout)[..64].to_owned()
}
