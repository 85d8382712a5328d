//! What a process leaves behind: no image of its memory, and no program that it started.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::live::project::binary;

const SPEC: &str = "source \"contracts\" {\n  git = \"https://repository.example/x\"\n  \
                    rev = \"8d144489b18bd924ae34186420b45f95849ff8f1\"\n}\n\
                    output \"folder\" {\n  value = source.contracts.tree\n}\n";
const PATIENCE: Duration = Duration::from_mins(1);

/// A plan whose `git` starts a program of its own, and does not end.
fn plan_that_hangs(folder: &Path) -> Child {
    std::fs::write(folder.join("pool.hcl"), SPEC).unwrap();
    let git = folder.join("git");
    let note = folder.join("processes");
    let script = format!(
        "#!/bin/sh\nsleep 600 &\necho $$ $! > {0}.new\nmv {0}.new {0}\nsleep 600\n",
        note.display()
    );
    std::fs::write(&git, script).unwrap();
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    Command::new(binary())
        .args(["plan"])
        .current_dir(folder)
        .env("PATH", path)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("XDG_STATE_HOME", folder.join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn await_that(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(5));
    }
}

/// Whether a process has ended; one that nobody has buried yet has.
fn has_ended(id: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(id).join("stat"));
    stat.map_or(true, |stat| {
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        state.starts_with(['Z', 'X'])
    })
}

#[test]
fn a_process_has_no_image_of_its_memory_and_takes_its_programs_with_it() {
    // Ctrl-C, a lost connection, and Ctrl-backslash.
    for signal in ["-INT", "-HUP", "-QUIT"] {
        takes_its_programs_with_it(signal);
    }
}

fn takes_its_programs_with_it(signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan_that_hangs(folder.path());
    let note = folder.path().join("processes");
    await_that("git was not started", || note.exists());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", plan.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");

    let ids = std::fs::read_to_string(&note).unwrap();
    assert_eq!(ids.split_whitespace().count(), 2, "{ids}");
    assert!(ids.split_whitespace().all(|id| !has_ended(id)), "{ids}");
    let sent = Command::new("kill")
        .args([signal, &plan.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(plan.wait().unwrap().code(), Some(8));
    for id in ids.split_whitespace() {
        await_that(&format!("process {id} goes on alone"), || has_ended(id));
    }
}
