//! The same search on leaks that were planted: each kind of place gives its leak away.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::watch::Held;
use super::{Found, Hunt, docker_places, excuse, specs};
use crate::live::project::{binary, docker, network};

/// Kinds of places that must have told of a leak, and a part of the place's name.
const TOLD: &[(&str, &str)] = &[
    ("standard output", "plan"),
    ("standard output", "plan --json"),
    ("standard output", "apply --auto-approve --json"),
    ("project folder", "saved.plan"),
    ("project folder", "pospool.state.json"),
    ("files while it runs", "pospool.state.json.journal"),
    ("cache folder", "leak"),
    ("temporary folder", "leak"),
    ("process arguments", "process"),
    ("docker ps", "all"),
    ("docker inspect", "container"),
    ("docker inspect", "image"),
    ("docker history", ""),
    ("docker save", "layer"),
    ("docker logs", ""),
    ("docker export", "/leak"),
    ("docker events", "all"),
    ("volume", "/data/leak"),
];

#[test]
fn live_secrets_that_were_planted_are_found() {
    let mut hunt = Hunt::new();
    by_the_spec(&mut hunt);
    in_folders(&mut hunt);
    let leaky = Leaky::start(&hunt);
    // A watch needs a moment to come by.
    std::thread::sleep(Duration::from_secs(3));
    hunt.engine(&[&leaky.container]);
    docker_places::image(&mut hunt.search, &leaky.container);
    judge(&hunt.end());
}

/// A pool whose name is the password: the user's own spec carries it into plan and state.
fn by_the_spec(hunt: &mut Hunt) {
    let spec = specs::contract(&hunt.project.core_rpc(), &hunt.secrets.password);
    fs::write(hunt.project.path("pool.hcl"), spec).unwrap();
    hunt.ok(&["plan"]);
    hunt.ok(&["plan", "--json"]);
    hunt.ok(&["plan", "--out", "saved.plan"]);
    hunt.ok(&["apply", "--auto-approve", "--json"]);
}

fn in_folders(hunt: &mut Hunt) {
    for (place, leak) in [
        ("cache/leak", &hunt.secrets.password),
        ("tmp/leak", &hunt.secrets.operator.private_key),
    ] {
        fs::write(hunt.given.path().join(place), leak).unwrap();
    }
    hunt.folders();
}

/// A container that has the password in all of its parts, an image that is made of it, and a
/// process with the key among its arguments and the password in its environment.
struct Leaky {
    container: String,
    process: Child,
}

impl Leaky {
    fn start(hunt: &Hunt) -> Self {
        let container = format!("pospool-leaky-{}", std::process::id());
        let (key, password) = (&hunt.secrets.operator.private_key, &hunt.secrets.password);
        let process = Command::new("sleep")
            .args(["600"])
            .arg0(key)
            .env("LEAK", password)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let leaky = Self { container, process };
        let [name, leak] = [&leaky.container, &format!("LEAK={password}")];
        let run = [
            "run", "--detach", "--name", name, "--env", leak, "--volume", "/data",
        ];
        let script = "echo \"$LEAK\" | tee /leak /data/leak; exec sleep 600";
        let what = ["--entrypoint", "bash", &network().image, "-c", script, leak];
        docker(&[&run[..], &what].concat());
        while !docker(&["logs", name]).contains(password) {
            std::thread::sleep(Duration::from_millis(100));
        }
        docker(&["exec", name, "true", password]);
        docker(&["commit", "--change", "LABEL leak=yes", name, name]);
        leaky
    }
}

impl Drop for Leaky {
    fn drop(&mut self) {
        let name = &self.container;
        for arguments in [
            ["rm", "--force", "--volumes", name].as_slice(),
            &["image", "rm", name],
        ] {
            drop(Command::new("docker").args(arguments).output());
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn judge(found: &Found) {
    for inside in [false, true] {
        let here = |held: &Held| held.variable == "LEAK" && held.container.is_some() == inside;
        let held = found.held.iter().find(|held| here(held));
        let held = held.unwrap_or_else(|| panic!("container: {inside}, {:#?}", found.held));
        assert_eq!(excuse(held, &binary(), &found.nodes), None);
    }
    let findings = &found.search.findings;
    let places: BTreeSet<&str> = findings.iter().map(|it| it.place.as_str()).collect();
    for (kind, part) in TOLD {
        let mut of_kind = places
            .iter()
            .filter(|it| it.starts_with(&format!("{kind}: ")));
        let told = of_kind.any(|place| place.contains(part));
        assert!(told, "no leak in {kind}: {part}\n{places:#?}");
    }
    let forms: BTreeSet<&str> = findings.iter().map(|it| it.form.as_str()).collect();
    for form in ["as it is", "as digits", "in JSON", "text, in hex"] {
        assert!(forms.contains(form), "{form}: {forms:?}");
    }
}
