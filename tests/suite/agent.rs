//! A secret that is sealed to this machine and opened again: `systemd-creds` seals it and stands for systemd at a boot.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::live::project::binary;

const SECRET: &str = "marked-hunter2";
const NAME: &str = "suite-key";

/// Runs pospool with a line on its standard input.
fn seal(root: &Path, more: &[&str], line: &str) -> Output {
    let mut child = Command::new(binary())
        .args(["agent", "seal", NAME, "--root"])
        .arg(root)
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(line.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

/// Runs what the agent's unit runs, with folders as systemd names them.
pub(crate) fn open_secrets(credentials: &Path, runtime: &Path) -> Output {
    Command::new(binary())
        .args(["agent", "run"])
        .env("CREDENTIALS_DIRECTORY", credentials)
        .env("RUNTIME_DIRECTORY", runtime)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_sealed_secret_opens_for_the_containers_user_alone() {
    let root = tempfile::tempdir().unwrap();
    let sealed = seal(root.path(), &[], &format!("{SECRET}\n"));
    assert!(sealed.status.success(), "{}", said(&sealed));
    assert!(!said(&sealed).contains(SECRET));
    let path = root
        .path()
        .join(format!("etc/credstore.encrypted/pospool.{NAME}"));
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    assert!(!String::from_utf8_lossy(&bytes).contains(SECRET));

    // It may be the only one that opens a key.
    let again = seal(root.path(), &[], "other\n");
    assert_eq!(again.status.code(), Some(1));
    assert!(
        said(&again).contains("error[agent/sealed]"),
        "{}",
        said(&again)
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes);

    // Opened as systemd opens it: a secret of another name does not pass for this one.
    let (credentials, runtime) = (root.path().join("credentials"), root.path().join("run"));
    std::fs::create_dir_all(&credentials).unwrap();
    std::fs::create_dir_all(&runtime).unwrap();
    let decrypt = |name: &str| {
        Command::new("systemd-creds")
            .args(["decrypt", &format!("--name={name}")])
            .arg(&path)
            .arg("-")
            .output()
            .unwrap()
    };
    assert!(!decrypt("other").status.success());
    let opened = decrypt(NAME);
    assert_eq!(String::from_utf8_lossy(&opened.stdout), SECRET);
    let empty = open_secrets(&credentials, &runtime);
    assert!(
        said(&empty).contains("error[agent/unit]"),
        "{}",
        said(&empty)
    );
    std::fs::write(credentials.join(NAME), opened.stdout).unwrap();
    for _ in 0..2 {
        let ran = open_secrets(&credentials, &runtime);
        assert!(ran.status.success(), "{}", said(&ran));
        assert!(!said(&ran).contains(SECRET));
        let found = runtime.join(NAME).metadata().unwrap();
        assert_eq!((found.uid(), found.mode() & 0o777), (10001, 0o400));
        assert_eq!(std::fs::read_to_string(runtime.join(NAME)).unwrap(), SECRET);
        assert_eq!(std::fs::read_dir(&runtime).unwrap().count(), 1);
    }

    // What no container would take leaves the one that is there.
    std::fs::write(credentials.join(NAME), "two\nlines\n").unwrap();
    let ran = open_secrets(&credentials, &runtime);
    assert!(said(&ran).contains("error[agent/secret]"), "{}", said(&ran));
    assert_eq!(std::fs::read_to_string(runtime.join(NAME)).unwrap(), SECRET);

    let replaced = seal(root.path(), &["--replace"], "other\n");
    assert!(replaced.status.success(), "{}", said(&replaced));
    assert_eq!(String::from_utf8_lossy(&decrypt(NAME).stdout), "other");
}
