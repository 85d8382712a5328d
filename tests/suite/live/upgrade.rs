//! A node gets another release: it votes on, and where the new one does not get there, the old one votes again.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::project::{Project, docker, network, rpc};
use super::voter::{Voter, newest, signed_by};

#[test]
fn live_upgrade_of_a_voter_and_back() {
    let project = Project::new(2);
    project.ok(&["apply", "--auto-approve"]);
    let voter = Voter::of(&project);
    voter.is_a_candidate_and_then_watched();
    let mut shelf = Shelf::new();

    let newer = shelf.tag("3.0.3");
    upgrade(&project, &network().image, &newer);

    let hangs = shelf.broken("3.0.4", "exec sleep 100000");
    let ends = shelf.broken("3.0.5", "sleep 3; echo no release; exit 9");
    name_image(&project, &newer, &hangs);
    project.edit("  image ", "  rollback_after = \"20s\"\n  image ");
    goes_back(&project, "docker/not-ready-in-time");
    name_image(&project, &hangs, &ends);
    goes_back(&project, "docker/node-stopped");

    // What is said before anything stops where the table knows of no way back.
    let unknown = shelf.tag("new");
    name_image(&project, &ends, &unknown);
    let plan = project.ok(&["plan"]);
    assert!(plan.contains("there is no way back"), "{plan}");

    // The spec follows: the node that runs is the one that it names, and is not touched.
    name_image(&project, &unknown, &newer);
    let process = || {
        docker(&[
            "inspect",
            "--format",
            "{{.Id}} {{.State.StartedAt}}",
            &voter.container,
        ])
    };
    let before = process();
    project.ok(&["apply", "--auto-approve"]);
    assert_eq!(process(), before);
    assert_eq!(project.plan()["steps"], json!([]));
    voter.is_undisputed();
}

fn name_image(project: &Project, before: &str, after: &str) {
    project.edit(&format!("{before:?}"), &format!("{after:?}"));
}

/// The same program under another tag; says how many votes that costs.
fn upgrade(project: &Project, before: &str, after: &str) {
    name_image(project, before, after);
    let plan = project.ok(&["plan"]);
    assert!(
        plan.contains("the container before it runs again"),
        "{plan}"
    );
    let begun = newest();
    project.ok(&["apply", "--auto-approve"]);
    let voter = Voter::of(project);
    voter.becomes("the upgraded node votes", |report| report["voting"] == "on");
    voter.is_seen_voting();
    let missed = missed(&voter, begun, newest());
    println!("missed blocks of an upgrade: {missed}");
    let image = docker(&["inspect", "--format", "{{.Config.Image}}", &voter.container]);
    assert_eq!(
        project.recorded("node.main")["outputs"]["hardened_image"],
        json!(image)
    );
    assert_eq!(project.plan()["steps"], json!([]));
}

/// The new release does not get there: the run says so, and the old container votes again without a person.
fn goes_back(project: &Project, code: &str) {
    let voter = Voter::of(project);
    let id = || {
        docker(&[
            "inspect",
            "--format",
            "{{.Id}} {{.Config.Image}}",
            &voter.container,
        ])
    };
    let (before, begun) = (id(), newest());
    let refused = project.ends(&["apply", "--auto-approve", "--json"], 1);
    assert!(refused.contains(code), "{refused}");
    assert!(
        refused.contains("the container before it runs again"),
        "{refused}"
    );
    assert_eq!(id(), before);
    voter.becomes("the old container votes again", |report| {
        report["voting"] == "on"
    });
    voter.is_seen_voting();
    println!(
        "missed blocks of a release that goes back ({code}): {}",
        missed(&voter, begun, newest())
    );
    let aside = format!("name={}.old", voter.container);
    assert_eq!(docker(&["ps", "--all", "--quiet", "--filter", &aside]), "");
}

/// Blocks without a signature of the key, of those whose committee it is in.
fn missed(voter: &Voter, after: u64, last: u64) -> usize {
    let silent = |height: &u64| {
        let block = rpc("pos_getBlockByNumber", &json!([format!("{height:#x}")]));
        !signed_by(&block, &voter.key) && is_elected(&block, &voter.key)
    };
    (after + 1..=last).filter(silent).count()
}

fn is_elected(block: &Value, key: &str) -> bool {
    let epoch = rpc("pos_getEpochState", &json!([block["epoch"]]));
    epoch.to_string().contains(key.trim_start_matches("0x"))
}

/// Images of other releases that the engine has as long as this lives.
struct Shelf {
    tags: Vec<String>,
}

impl Shelf {
    fn new() -> Self {
        Self { tags: Vec::new() }
    }

    fn name(&mut self, release: &str) -> String {
        let name = format!(
            "pospool-tests/conflux-rust-{}:{release}",
            std::process::id()
        );
        self.tags.push(name.clone());
        name
    }

    /// The network's image under another tag: no other release of conflux-rust can be had here.
    fn tag(&mut self, release: &str) -> String {
        let name = self.name(release);
        docker(&["tag", &network().image, &name]);
        name
    }

    /// A release that starts on an empty volume, and on one with a key does something else.
    fn broken(&mut self, release: &str, instead: &str) -> String {
        let name = self.name(release);
        let journal = "/data/guard/journal.jsonl";
        let lines = [
            "#!/bin/bash",
            &format!("if grep -qs signed {journal}; then {instead}; fi"),
            "exec \"$(dirname \"$0\")/conflux.real\" \"$@\"",
        ];
        let quoted = lines.map(|line| format!("'{line}'")).join(" ");
        let recipe = format!(
            "FROM {}\nRUN cd /root/run && mv conflux conflux.real && printf '%s\\n' {quoted} > conflux && chmod 0755 conflux\n",
            network().image
        );
        let mut build = Command::new("docker")
            .args(["build", "--quiet", "--tag", &name, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        build
            .stdin
            .take()
            .unwrap()
            .write_all(recipe.as_bytes())
            .unwrap();
        assert!(build.wait().unwrap().success());
        name
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        for tag in &self.tags {
            let _ = Command::new("docker")
                .args(["rmi", "--force", tag])
                .output();
        }
    }
}
