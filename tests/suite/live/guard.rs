//! The guard of a node's container on a real network: it lets the node vote through its door alone, and brings it back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::first_pool::votes;
use super::project::{PASSWORD, Project, docker, number, rpc};
use super::voter::{LONG, Voter};
use crate::agent::open_secrets;

#[test]
fn live_guard_lets_a_voter_in_and_brings_it_back() {
    let project = Project::new(0);
    project.ok(&["apply", "--auto-approve"]);
    let voter = Voter::of(&project);
    voter.is_a_candidate_and_then_watched();
    voter.votes_again_after("conflux is killed", || voter.kill_conflux());
    assert_eq!(project.plan()["steps"], json!([]));
    voter.votes_again_after("the container is restarted by hand", || {
        docker(&["kill", &voter.container]);
        project.ok(&["apply", "--auto-approve"]);
    });
    case_paused(&project, &voter);
    // Also the copy of the container below reads it.
    let _open = case_reboot(&project, &voter);
    case_two_voters(&voter);
    voter.is_undisputed();
    assert_eq!(votes(&voter.key), 1);
}

/// A container that somebody has paused is no running one; it is let go on, and votes again.
fn case_paused(project: &Project, voter: &Voter) {
    docker(&["pause", &voter.container]);
    let plan = project.ends(&["plan", "--detailed-exitcode"], 3);
    assert!(plan.contains("\"paused\" → \"running\""), "{plan}");
    voter.votes_again_after("it was paused", || {
        project.ok(&["apply", "--auto-approve"]);
    });
    assert_eq!(project.plan()["steps"], json!([]));
}

/// A secret of this machine that its agent has opened, as long as this lives.
struct OpenSecret(PathBuf);

impl OpenSecret {
    fn new(name: &str, secret: &str) -> Self {
        let (credentials, runtime) = (tempfile::tempdir().unwrap(), Path::new("/run/pospool"));
        std::fs::write(credentials.path().join(name), secret).unwrap();
        std::fs::create_dir_all(runtime).unwrap();
        let ran = open_secrets(credentials.path(), runtime);
        assert!(ran.status.success(), "{ran:?}");
        Self(runtime.join(name))
    }
}

impl Drop for OpenSecret {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// What ends with the container's first process comes back without a person, where the password is sealed to the machine.
fn case_reboot(project: &Project, voter: &Voter) -> OpenSecret {
    let name = format!("suite-{}", std::process::id());
    let sealed = format!("credential({name:?})");
    project.edit("env(\"POSPOOL_POS_KEY_PASSWORD\")", &sealed);
    let refused = project.ends(&["apply", "--auto-approve", "--json"], 1);
    assert!(refused.contains("docker/not-sealed"), "{refused}");
    let open = OpenSecret::new(&name, PASSWORD);
    voter.votes_again_after("the password is opened by the agent", || {
        project.ok(&["apply", "--auto-approve"]);
    });
    assert_eq!(project.plan()["steps"], json!([]));
    let inspected = docker(&["inspect", &voter.container]);
    assert!(!inspected.contains(PASSWORD), "{inspected}");
    let of = |field: &str| docker(&["inspect", "--format", field, &voter.container]);
    let started = of("{{.State.StartedAt}}");
    voter.votes_again_after("its first process is killed", || {
        let process = of("{{.State.Pid}}");
        let killed = Command::new("kill").args(["-9", &process]).status();
        assert!(killed.unwrap().success());
        let begun = Instant::now();
        while of("{{.State.StartedAt}}") == started {
            assert!(
                begun.elapsed() < LONG,
                "Docker does not start the container"
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    assert_eq!(project.plan()["steps"], json!([]));
    open
}

/// A copy of the volume under a second guard, while the first one votes: it sees that somebody else signs with its key.
fn case_two_voters(voter: &Voter) {
    let copy = VolumeCopy::of(&voter.container);
    let second = voter.beside(&copy.0);
    second.becomes("it sees another voter", |report| report["hold"] == "held");
    // Two epochs of PoS, in which the first one votes on and the second one does not.
    let epoch = || number(&rpc("pos_getStatus", &json!([]))["epoch"]);
    let begun = epoch();
    second.becomes("it stays silent", |report| {
        assert_eq!(report["voting"], "off", "{report:#}");
        epoch() >= begun + 2
    });
    voter.is_seen_voting();
    assert_eq!(voter.report()["voting"], "on");
}

/// A container with a copy of a node's volume, as long as this lives.
pub(super) struct VolumeCopy(pub(super) String);

impl VolumeCopy {
    pub(super) fn of(container: &str) -> Self {
        let copy = Self(format!("{container}.copy"));
        let of = |field: &str| docker(&["inspect", "--format", field, container]);
        let image = of("{{.Config.Image}}");
        let mounted = |at: &str| {
            let those =
                format!("{{{{if eq .Destination {at:?}}}}}{{{{or .Name .Source}}}}{{{{end}}}}");
            of(&format!("{{{{range .Mounts}}}}{those}{{{{end}}}}"))
        };
        let data = format!("{}:/data", copy.0);
        let from = format!("{}:/from:ro", mounted("/data"));
        let script = ["/bin/bash", &image, "-c", "cp -a /from/. /data/"];
        let run = [
            "run",
            "--rm",
            "--user",
            "0",
            "-v",
            &from,
            "-v",
            &data,
            "--entrypoint",
        ];
        docker(&[&run[..], &script[..]].concat());
        let secret = "/run/pospool/pos_key_password";
        let password = format!("{}:{secret}:ro", mounted(secret));
        let variables = of("{{range .Config.Env}}{{println .}}{{end}}");
        let sources = variables
            .lines()
            .find(|line| line.starts_with("POSPOOL_SOURCES="));
        let network = of("{{.HostConfig.NetworkMode}}");
        let run = [
            "run",
            "-d",
            "--name",
            &copy.0,
            "--network",
            &network,
            "--tmpfs",
            "/tmp",
        ];
        let with = [
            "-v",
            &data,
            "-v",
            &password,
            "-e",
            sources.unwrap(),
            "--read-only",
            &image,
        ];
        docker(&[&run[..], &with[..]].concat());
        copy
    }
}

impl Drop for VolumeCopy {
    fn drop(&mut self) {
        for arguments in [["rm", "-f", &self.0].as_slice(), &["volume", "rm", &self.0]] {
            let _ = Command::new("docker").args(arguments).output();
        }
    }
}
