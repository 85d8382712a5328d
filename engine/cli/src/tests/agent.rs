//! `agent`: sealing with the real `systemd-creds`, where it is, and what is refused before.

use std::path::Path;
use std::process::Command;

use super::World;
use crate::exit::Exit;

/// A folder that stands for a machine's root, with a sealed secret.
fn sealed(world: &World, name: &str) -> String {
    let root = world.path("root");
    let store = root.join("etc/credstore.encrypted");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::write(store.join(format!("pospool.{name}")), "sealed").unwrap();
    root.display().to_string()
}

#[test]
fn the_unit_is_shown_and_written_once_it_is_approved() {
    let world = World::real();
    let root = sealed(&world, "pos-key");
    let line = format!("agent install pos-key --root {root} --program /usr/local/bin/pospool");
    let unit = Path::new(&root).join("etc/systemd/system/pospool-agent@.service");
    let ran = world.run(&line);
    assert!(ran.err.contains("error[cli/nobody-to-ask]"), "{}", ran.err);
    assert!(!unit.exists());
    let ran = world.run(&format!("{line} --auto-approve"));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let text = std::fs::read_to_string(&unit).unwrap();
    assert!(ran.err.contains(&text), "it is shown whole: {}", ran.err);
    assert!(ran.out.contains("credential(\"pos-key\")"), "{}", ran.out);
    verify(&text);
}

/// systemd reads the unit as it is meant, where its tools are.
fn verify(unit: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pospool-agent@pos-key.service");
    // The program of the unit is not on this machine.
    let unit = unit.replace("/usr/local/bin/pospool", "/bin/true");
    std::fs::write(&path, unit).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).arg(&path);
    let Ok(said) = command.output() else { return };
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(!text.contains("pospool-agent"), "{text}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_written() {
    let world = World::real();
    let root = sealed(&world, "pos-key");
    for (line, code) in [
        (
            format!("agent install other --root {root}"),
            "agent/not-sealed",
        ),
        (
            format!("agent install pos-key --root {root} --program bin/pospool"),
            "agent/program",
        ),
        (
            format!("agent install pos-key --root {root} --program /a/%i"),
            "agent/program",
        ),
        (format!("agent seal pos-key --root {root}"), "agent/sealed"),
        ("agent run".to_owned(), "agent/unit"),
    ] {
        let ran = world.run(&line);
        assert_eq!(ran.exit, Exit::Error, "{line}");
        assert!(ran.err.contains(&format!("error[{code}]")), "{}", ran.err);
    }
    assert!(!Path::new(&root).join("etc/systemd").exists());
}
