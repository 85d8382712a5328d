//! Secrets stay where they are: whole runs with marked secrets, and a search of everything
//! that they left anywhere.
//!
//! Marked are the operator's private key, a key without money, the password of the PoS
//! key, and the URL of the RPC, which has a key in its user, its path and its query; all are new in each run, so that whatever is found is of this run. The operator is
//! none of the network's funded accounts, because those stand in the genesis files.
//!
//! A password must be somewhere while its node runs: in the memory of pospool until the node
//! has it, and in the environment of the node's own process, which is part of its memory
//! (decision 2). [`excuse`] knows these two places and no other one. The file `pos_key` on
//! the volume is encrypted with the password and does not hold it, so it is searched like
//! every file. On a private network the node ignores the password; what is tested is its way.

mod docker_places;
mod flow;
mod marks;
mod planted;
mod scan;
mod search;
mod specs;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use ethers_core::utils::{hex, keccak256};
use pospool_devnet::{FundedAccount, accounts};
use tempfile::TempDir;

use super::fund;
use super::project::{Operator, Project, Ran, docker, network};
use docker_places::Events;
use marks::Mark;
use scan::Scanner;
use search::Search;
use watch::{Held, Watch};

/// What the marks are called.
const OPERATOR: &str = "the operator's key";
const POOR: &str = "the key without money";
const PASSWORD: &str = "the password";
const RPC: &str = "the URL of the RPC";

/// Name of the log in the temporary folder.
const LOG: &str = "pospool.log";

/// The node's program: of the image, and of the network of these tests, where it is an addon.
const CONFLUX: [&str; 2] = ["/opt/conflux/conflux", "/usr/bin/node"];
/// CFX that the operator gets: the stake of one vote, and enough for the rest.
const MONEY: u64 = 1_200;

/// The secrets of one test.
struct Secrets {
    operator: FundedAccount,
    /// Its account has nothing.
    poor: FundedAccount,
    password: String,
    /// What an endpoint's URL has more than its host and port.
    rpc: [String; 3],
}

impl Secrets {
    fn new() -> Self {
        let run = format!("secrets/{}/{:?}", std::process::id(), SystemTime::now());
        let part = |name: &str| hex::encode(&keccak256(format!("{run}/{name}"))[..8]);
        let password = format!(
            "marked \"{}\" \\{} ä +/% {}",
            part("a"),
            part("b"),
            part("c")
        );
        Self {
            operator: account(&format!("{run}/operator")),
            poor: account(&format!("{run}/poor")),
            password,
            // Long enough that half of one is searched for.
            rpc: ["d", "e", "f"].map(|name| part(name) + &part(&format!("{name}{name}"))),
        }
    }

    /// The same URL with a key in each of its parts that may hold one.
    fn keyed(&self, url: &str) -> String {
        let [user, path, query] = &self.rpc;
        let (scheme, rest) = url.split_once("://").unwrap();
        format!("{scheme}://me:{user}@{rest}/{path}?key={query}")
    }

    fn marks(&self) -> Vec<Mark> {
        let mut marks = marks::of_key(OPERATOR, &self.operator.private_key);
        marks.extend(marks::of_key(POOR, &self.poor.private_key));
        marks.extend(marks::of_text(PASSWORD, &self.password));
        for key in &self.rpc {
            marks.extend(marks::of_text(RPC, key));
        }
        marks
    }
}

/// A new account whose key begins with a letter: without quotes it is a name in a spec.
fn account(seed: &str) -> FundedAccount {
    let keys = accounts::funded_accounts(seed, 32, network().chain_id).unwrap();
    let letter = |key: &FundedAccount| key.private_key.as_bytes()[2].is_ascii_alphabetic();
    keys.into_iter().find(letter).unwrap()
}

/// The endpoint in the spec: a secret by name, since the project's folder is searched.
fn rpc_expression(own: &Path) -> String {
    format!("file(\"{}\")", own.join("rpc").display())
}

/// A project whose every trace is searched.
struct Hunt {
    project: Project,
    secrets: Secrets,
    search: Search,
    watch: Watch,
    events: Events,
    /// Folders that pospool was given: `cache` and `tmp`.
    given: TempDir,
    /// Files of the user with secrets in them, on purpose or by mistake; not searched.
    own: TempDir,
}

impl Hunt {
    fn new() -> Self {
        let secrets = Secrets::new();
        let [given, own] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [cache, temporary] = ["cache", "tmp"].map(|name| given.path().join(name));
        std::fs::create_dir(&temporary).unwrap();
        let scanner = Arc::new(Scanner::new(secrets.marks()));
        fund::transfer(&network().accounts[0], &secrets.operator, MONEY);
        let project = Project::of(Operator {
            account: secrets.operator.clone(),
            password: secrets.password.clone(),
            variables: vec![
                ("RUST_BACKTRACE", "1".into()),
                ("XDG_CACHE_HOME", cache.clone().into()),
                ("NPM_CONFIG_CACHE", cache.join("npm").into()),
                ("TMPDIR", temporary.clone().into()),
                // The most talkative log, in a folder that is searched.
                ("POSPOOL_LOG", "trace".into()),
                ("POSPOOL_LOG_FILE", temporary.join(LOG).into()),
            ],
        });
        let folders = vec![project.path("."), temporary];
        let url = own.path().join("rpc");
        std::fs::write(&url, secrets.keyed(&project.core_rpc())).unwrap();
        let written = format!("\"{}\"", project.core_rpc());
        project.edit(&written, &rpc_expression(own.path()));
        Self {
            events: Events::listen(),
            watch: Watch::start(&scanner, folders),
            search: Search::new(scanner),
            project,
            secrets,
            given,
            own,
        }
    }

    /// Runs pospool with some variables of its own, and searches what it says.
    fn run(&mut self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.project.command(arguments);
        let ran = Ran::of(command.envs(variables.iter().copied()));
        let name = arguments.join(" ");
        self.search
            .look("standard output", &name, ran.stdout.as_bytes());
        self.search
            .look("standard error", &name, ran.stderr.as_bytes());
        ran
    }

    /// Runs pospool and expects success.
    fn ok(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments, &[]);
        let said = || format!("{arguments:?}\n{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(0), "{}", said());
        ran
    }

    /// Runs pospool as text and as JSON, and expects a failure with this code.
    fn fails(&mut self, arguments: &[&str], variables: &[(&str, &str)], code: &str) {
        for json in [None, Some("--json")] {
            let arguments: Vec<&str> = arguments.iter().copied().chain(json).collect();
            let ran = self.run(&arguments, variables);
            let said = format!("{}\n{}", ran.stdout, ran.stderr);
            assert_eq!(ran.code, Some(1), "{arguments:?}\n{said}");
            assert!(said.contains(code), "{arguments:?}, {code}:\n{said}");
        }
    }

    /// Searches the folders of the project and of pospool, as they are now.
    fn folders(&mut self) {
        self.search
            .folder("project folder", &self.project.path("."));
        self.search
            .folder("cache folder", &self.given.path().join("cache"));
        self.search
            .folder("temporary folder", &self.given.path().join("tmp"));
    }

    /// The log that was searched told what a log is for.
    fn log_is_talkative(&self) {
        let log = std::fs::read_to_string(self.given.path().join("tmp").join(LOG)).unwrap();
        for event in [
            "RPC call answered",
            "transaction broadcast",
            "flight table",
            "Docker request",
            "effect ended",
        ] {
            assert!(log.contains(event), "no event `{event}` in the log");
        }
    }

    /// Searches everything of the engine, as it is now.
    fn engine(&mut self, containers: &[&str]) {
        let search = &mut self.search;
        docker_places::descriptions(search);
        docker_places::logs(search);
        docker_places::images(search);
        for container in containers {
            let image = docker(&["inspect", "--format", "{{.Image}}", container]);
            docker_places::image(search, &image);
            docker_places::container(search, container);
        }
        docker_places::files(search);
    }

    /// Ends the watch, and returns all that was found.
    fn end(mut self) -> Found {
        let watched = self.watch.stop();
        self.search.merge(watched.search);
        let nodes = self.events.search(&mut self.search);
        println!(
            "\nsearched for {} forms of 4 secrets:",
            self.secrets.marks().len()
        );
        self.search.print();
        if !watched.closed.is_empty() {
            println!(
                "  environments that were closed to us: {:?}",
                watched.closed
            );
        }
        Found {
            search: self.search,
            held: watched.held.into_iter().collect(),
            nodes,
        }
    }
}

/// What a hunt found.
struct Found {
    search: Search,
    /// What stood in environments of processes.
    held: Vec<Held>,
    /// Containers that pospool made.
    nodes: Vec<String>,
}

/// Why a process may hold a secret in its environment, if it may.
fn excuse(held: &Held, pospool: &Path, nodes: &[String]) -> Option<&'static str> {
    let ours = ["POSPOOL_OPERATOR_KEY", "POSPOOL_POS_KEY_PASSWORD"];
    if held.program == pospool && ours.contains(&held.variable.as_str()) {
        return Some("pospool, which was started with it");
    }
    let node = held.container.as_ref().is_some_and(|it| nodes.contains(it));
    let password = held.secret == PASSWORD && held.variable == "CFX_POS_KEY_ENCRYPTION_PASSWORD";
    // The guard before it has it in its memory alone.
    let conflux = !held.first
        && CONFLUX
            .iter()
            .any(|program| held.program == Path::new(program));
    (node && conflux && password).then_some("the node, which opens its key with it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pospool_and_its_node_may_hold_secrets() {
        let (pospool, node) = (Path::new("/x/pospool"), "ab".repeat(32));
        let excused = |held: &Held| excuse(held, pospool, std::slice::from_ref(&node)).is_some();
        let started = Held {
            program: pospool.into(),
            container: None,
            first: false,
            variable: "POSPOOL_OPERATOR_KEY".into(),
            secret: OPERATOR,
            form: "as digits".into(),
        };
        assert!(excused(&started));
        let child = Held {
            program: "/usr/bin/git".into(),
            ..started.clone()
        };
        assert!(!excused(&child));

        let of_node = Held {
            program: "/opt/conflux/conflux".into(),
            container: Some(node.clone()),
            first: false,
            variable: "CFX_POS_KEY_ENCRYPTION_PASSWORD".into(),
            secret: PASSWORD,
            form: "as it is".into(),
        };
        assert!(excused(&of_node));
        let changes: [fn(&mut Held); 5] = [
            |held| held.first = true,
            |held| held.program = "/pospool/pospool".into(),
            |held| held.container = Some("cd".repeat(32)),
            |held| held.variable = "OTHER".into(),
            |held| held.secret = OPERATOR,
        ];
        for change in changes {
            let mut other = of_node.clone();
            change(&mut other);
            assert!(!excused(&other), "{other:?}");
        }
    }
}
