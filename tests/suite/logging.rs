//! The log: what is in it at its most talkative, and what never is.

use std::process::Command;
use std::sync::{Arc, Mutex};

use pospool_modelchain::random::Random;
use pospool_tests::pool_world::{Disturbance, PoolRunEnd, PoolWorld, Shape};
use serde_json::Value as Json;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::key_in_url::{KEYS, at, keys_in};
use crate::live::project::binary;

/// Lines that were logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A whole apply: each call with its method, endpoint, outcome and time, each decision, each effect; and no key.
#[test]
fn the_log_of_an_apply_tells_calls_decisions_and_effects_and_no_key() {
    // Other tests run at the same time without a log, and whether an event is wanted is kept for the whole process.
    let ran = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "logging::an_apply_with_its_log",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[tokio::test(start_paused = true)]
#[ignore = "the test above runs it in a process of its own"]
async fn an_apply_with_its_log() {
    let lines = Lines::default();
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(lines.clone());
    let log = tracing_subscriber::registry()
        .with(LevelFilter::TRACE)
        .with(layer);
    let _log = tracing::subscriber::set_default(log);
    let mut shape = Shape::drawn(&mut Random::new(4));
    shape.hosts = vec!["a.model".to_owned()];
    let world = PoolWorld::new(&shape, 4);
    world.model.calm_down();
    let keyed = at(&shape, "a.model");
    let ended = world.run(&world.spec(&keyed), Disturbance::default()).await;
    assert!(matches!(ended, Ok(PoolRunEnd::Whole(_))), "{ended:?}");

    let text = lines.text();
    keys_in("the log", &text);
    let events: Vec<Json> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |message: &str| -> Vec<&Json> {
        events
            .iter()
            .filter(|event| event["message"] == message)
            .collect()
    };
    let answered = of("RPC call answered");
    assert!(answered.len() > 20, "{}", answered.len());
    assert!(answered.iter().all(|event| {
        event["endpoint"] == "a.model"
            && event["method"].is_string()
            && event["seconds"].is_number()
    }));
    let sent = of("transaction broadcast");
    assert!(!sent.is_empty() && sent.iter().all(|event| event["outcome"] == "Accepted"));
    let decided = of("flight table");
    assert!(decided.len() >= sent.len() && decided.iter().all(|event| event["next"].is_string()));
    assert!(!of("effect ended").is_empty() && of("effect ended").len() == of("effect begun").len());
}

/// The program: a call that fails is in the file, in JSON, and the endpoint without its key.
#[test]
fn the_program_logs_into_a_file_that_nobody_else_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let [user, path, query] = KEYS;
    let spec = format!(
        "chain \"local\" {{\n  network  = \"devnet\"\n  core_rpc = \"http://me:{user}@127.0.0.1:1/{path}?k={query}\"\n}}\n"
    );
    std::fs::write(folder.path().join("pool.hcl"), spec).unwrap();
    let pospool = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = Command::new(binary());
        command.current_dir(folder.path()).args(arguments);
        command.envs(variables.iter().copied()).output().unwrap()
    };
    let ran = pospool(
        &[
            "plan",
            "--log",
            "debug",
            "--log-format",
            "json",
            "--log-file",
            "log",
        ],
        &[],
    );
    assert_eq!(ran.status.code(), Some(1));
    let file = folder.path().join("log");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let first: Json = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["message"], "RPC call without an answer");
    assert_eq!(first["endpoint"], "127.0.0.1:1");

    let ran = pospool(&["plan"], &[("POSPOOL_LOG", "debug")]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(
        said.contains("DEBUG") && said.contains("RPC call without an answer"),
        "{said}"
    );
    keys_in("the file", &text);
    keys_in("standard error", &said);
    let quiet = pospool(&["plan"], &[]);
    assert!(
        !String::from_utf8(quiet.stderr)
            .unwrap()
            .contains("RPC call")
    );
    let wrong = pospool(&["plan"], &[("POSPOOL_LOG", "loud")]);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("loud") && said.contains("debug"), "{said}");
    let nowhere = pospool(
        &["plan", "--log", "info", "--log-file", "no/such/folder/log"],
        &[],
    );
    let said = String::from_utf8(nowhere.stderr).unwrap();
    assert!(
        said.contains("error[cli/file]") && said.contains("no/such/folder/log"),
        "{said}"
    );
}
