//! Real processes of `pospool` on one state.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::remote_state::{Environment, Holder};

const SPEC: &str = "record \"a\" {\n  value = 1\n}\n";

/// A folder with a spec.
struct Project(tempfile::TempDir);

impl Project {
    fn new(spec: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::write(project.0.path().join("pool.hcl"), spec).unwrap();
        project
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("pospool.state.json")
    }

    fn lock(&self) -> PathBuf {
        self.0.path().join("pospool.state.json.lock")
    }

    fn start(&self, line: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_tested"))
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Exit code and messages.
    fn run(&self, line: &str) -> (Option<i32>, String) {
        ended(self.start(line).wait_with_output().unwrap())
    }

    fn well(&self, line: &str) {
        let (code, messages) = self.run(line);
        assert_eq!(code, Some(0), "{line}: {messages}");
    }

    fn hold(&self) -> Holder {
        Holder::start(&self.state().display().to_string(), &Environment::new())
    }
}

fn ended(output: Output) -> (Option<i32>, String) {
    let messages = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), messages)
}

fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    name.trim().to_owned()
}

#[test]
fn of_many_applies_at_once_each_ends_or_says_who_is_at_it() {
    let records =
        (0..200).map(|number| format!("record \"r{number}\" {{\n  value = {number}\n}}\n"));
    let project = Project::new(&records.collect::<String>());
    let started: Vec<_> = (0..6)
        .map(|_| project.start("apply --auto-approve"))
        .collect();
    let ended: Vec<_> = started
        .into_iter()
        .map(|child| ended(child.wait_with_output().unwrap()))
        .collect();
    let mut done = 0;
    for (code, messages) in &ended {
        match code {
            Some(0) => done += 1,
            Some(4) => assert!(messages.contains("error[state/locked]"), "{messages}"),
            _ => panic!("{code:?}: {messages}"),
        }
    }
    assert!(done > 0, "{ended:?}");
    project.well("plan --detailed-exitcode");
}

#[test]
fn who_comes_second_is_told_who_holds_the_state() {
    let project = Project::new(SPEC);
    project.well("apply --auto-approve");
    let holder = project.hold();
    let who = format!(
        "in use by `pospool apply`, process {} on {}",
        holder.pid(),
        host()
    );
    for line in ["apply --auto-approve", "plan", "destroy --auto-approve"] {
        let (code, messages) = project.run(line);
        assert_eq!(code, Some(4), "{line}: {messages}");
        assert!(
            messages.contains("error[state/locked]"),
            "{line}: {messages}"
        );
        assert!(messages.contains(&who), "{line}: {messages}");
    }
    // However the holder ends, its lock ends with it.
    holder.kill();
    project.well("plan --detailed-exitcode");
    project.well("destroy --auto-approve");
}

/// Looking needs no lock, and takes none from who has it.
#[test]
fn case_show_while_applying_a_process_with_the_lock_hinders_no_look() {
    let project = Project::new(SPEC);
    project.well("apply --auto-approve");
    let holder = project.hold();
    project.well("show");
    for line in ["status", "doctor"] {
        let (code, messages) = project.run(line);
        // There is no node in this spec, so nobody can tell whether it is safe.
        assert!(matches!(code, Some(0 | 3)), "{line}: {code:?} {messages}");
    }
    assert_eq!(project.run("plan").0, Some(4));
    holder.kill();
}

#[test]
fn a_lock_file_that_was_left_behind_is_no_lock() {
    let project = Project::new(SPEC);
    let old = format!(
        "{{\"pid\":1,\"host\":\"{}\",\"command\":\"apply\",\"since\":1}}",
        host()
    );
    for note in ["", "{", "garbage\n\0", &old] {
        fs::write(project.lock(), note).unwrap();
        project.well("plan");
        fs::write(project.lock(), note).unwrap();
        project.well("apply --auto-approve");
    }
    // A note that cannot be read does not open a lock that is held.
    let holder = project.hold();
    fs::write(project.lock(), "garbage").unwrap();
    let (code, messages) = project.run("apply --auto-approve");
    assert_eq!(code, Some(4), "{messages}");
    assert!(messages.contains("in use by another process"), "{messages}");
    holder.kill();
}

#[test]
fn a_lock_file_that_was_removed_stops_the_one_who_had_it() {
    let project = Project::new(SPEC);
    project.well("apply --auto-approve");
    let mut holder = project.hold();
    assert_eq!(holder.write("before"), "written");
    fs::remove_file(project.lock()).unwrap();
    assert_eq!(holder.write("alone"), "state/lock-lost");
    project.well("apply --auto-approve");
    let after = fs::read(project.state()).unwrap();
    assert_ne!(holder.write("beside another"), "written");
    assert_eq!(fs::read(project.state()).unwrap(), after);
    holder.kill();
}
