//! Whole commands with the real providers, whose infrastructure is stubs in memory: a chain of both spaces on which
//! everything is final at once, a Docker Engine that runs nothing, and sources that are compiled already.
//!
//! - Reads: a spec as an operator writes it.
//! - Returns: what a command printed, with what differs from run to run replaced.
//! - Never: asks anything outside of this process but a socket of its own.

mod chain;
mod contracts;
mod engine;
mod inside;
mod pos;

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use pospool_chain::{ChainProvider, ChainSettings};
use pospool_cli::args::Args;
use pospool_cli::commands::{self, Session};
use pospool_cli::console::Console;
use pospool_cli::exit::Exit;
use pospool_cli::interrupt::Interrupt;
use pospool_cli::project::{Project, UserEnvironment};
use pospool_cli::report_failure;
use pospool_cli::view::Paint;
use pospool_conflux::CoreAddress;
use pospool_docker::{DockerProvider, DockerSettings};
use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_engine::store::{Mode, Store};
use pospool_modelchain::artifact::public_key;
use pospool_remote::{Location, RemoteSettings};
use serde_json::json;

pub use chain::StubChain;
pub use engine::StubEngine;

use crate::pool_world::Shelf;
use crate::private_file::write_private;

/// Name of the state, which is a part of every name that pospool gives.
const LINEAGE: &str = "1a2b3c4d000000000000000000000000";
/// Secrets by the last part of their name, and the byte that a key is made of.
const KEYS: &[(&str, u8)] = &[
    ("POSPOOL_OPERATOR_KEY", 0x11),
    ("operator-key", 0x11),
    ("POSPOOL_SYNCER_KEY", 0x22),
];
const PASSWORD: &str = "POSPOOL_POS_KEY_PASSWORD";
/// The socket that specs name, and that is replaced by the stub's.
const SOCKET: &str = "unix:///var/run/docker.sock";
const WAIT: Duration = Duration::from_mins(1);

/// A project in a folder of its own, with infrastructure that is in memory.
pub struct StubWorld {
    /// The chain.
    pub chain: StubChain,
    /// The Docker Engine.
    pub engine: StubEngine,
    folder: tempfile::TempDir,
    registry: Registry,
    interrupt: Interrupt,
    /// Where the state is, if it is no file of the project.
    remote: Option<(String, RemoteSettings)>,
}

/// What a command left behind.
#[derive(Debug)]
pub struct CommandRun {
    /// Its exit code.
    pub exit: Exit,
    /// What it printed.
    pub out: String,
    /// What it said beside that.
    pub err: String,
}

impl StubWorld {
    /// A world on the network with this id, with keys and a password as files of its own.
    ///
    /// # Panics
    /// When a temporary folder cannot be made or used.
    #[must_use]
    pub fn new(network: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = StubEngine::listen(&folder.path().join("docker.sock"));
        let account = |byte| CoreAddress::of_public_key(&public_key(byte), network).bytes();
        let chain = StubChain::new(network, &[account(0x11), account(0x22)]);
        let settings = ChainSettings {
            wait: WAIT,
            poll: Duration::from_millis(2),
        };
        let registry = Registry::new(vec![
            Arc::new(RecordProvider),
            Arc::new(DockerProvider::new(DockerSettings { wait: WAIT })),
            Arc::new(ChainProvider::over(settings, Arc::new(chain.clone()))),
            Arc::new(Shelf::of(contracts::compiled_contracts())),
        ]);
        let world = Self {
            chain,
            engine: engine.expect("a socket in the folder"),
            folder,
            registry,
            interrupt: Interrupt::default(),
            remote: None,
        };
        for (name, byte) in KEYS {
            world.write_key(name, *byte);
        }
        world.write_private(PASSWORD, "stub");
        let state = json!({
            "format": "pospool-state",
            "version": 2,
            "state": { "lineage": LINEAGE, "serial": 1, "chains": {}, "resources": {}, "outputs": {} },
        });
        world.write("pospool.state.json", &state.to_string());
        world
    }

    /// The same with the state somewhere else.
    #[must_use]
    pub fn with_state(self, place: &str, settings: RemoteSettings) -> Self {
        Self {
            remote: Some((place.to_owned(), settings)),
            ..self
        }
    }

    /// The state, as whoever can write it opens it.
    ///
    /// # Panics
    /// When it cannot be opened.
    #[must_use]
    pub fn store(&self) -> Store {
        let nowhere = RemoteSettings::default();
        let file = self.path("pospool.state.json").display().to_string();
        let (place, settings) = match &self.remote {
            Some((place, settings)) => (place, settings),
            None => (&file, &nowhere),
        };
        let location = Location::parse(place, self.folder.path()).expect("a place");
        pospool_remote::open_store(&location, Mode::Write, "test", settings, &None)
            .expect("the state")
    }

    /// Its providers.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A file of the project.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the project.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder can be written");
    }

    /// Writes a private key that is made of a byte, for its owner alone.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_key(&self, name: &str, byte: u8) {
        self.write_private(name, &format!("{byte:02x}").repeat(32));
    }

    fn write_private(&self, name: &str, text: &str) {
        write_private(&self.path(name), text).expect("the folder can be written");
    }

    /// Writes the spec as an operator wrote it: variables of the environment become files, the socket that of the stub,
    /// and the endpoints are asked without a limit.
    pub fn write_spec(&self, spec: &str) {
        let folder = self.folder.path().display();
        let spec = spec
            .replace("env(\"", &format!("file(\"{folder}/"))
            .replace("file(\"/run/secrets/", &format!("file(\"{folder}/"))
            .replace(SOCKET, &format!("unix://{folder}/docker.sock"))
            .replace(
                "host \"local\" {}",
                &format!("host \"local\" {{ docker = \"unix://{folder}/docker.sock\" }}"),
            )
            .replace(
                "  network = \"",
                "  calls_per_second = 100000\n  network = \"",
            )
            .replace(
                "  network    = \"",
                "  calls_per_second = 100000\n  network    = \"",
            )
            .replace("node_files = \"", &format!("node_files = \"{folder}/"));
        self.write("pool.hcl", &spec);
    }

    /// Writes the files of a private network where the spec looks for them.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write_network_files(&self) {
        let folder = "devnet/node_files";
        std::fs::create_dir_all(self.path(folder)).expect("the folder can be written");
        let chain_id = "chain_id = 1234\nevm_chain_id = 1235\n";
        let files = [
            ("node.toml", chain_id),
            ("pos_config.yaml", "base: {}\n"),
            ("initial_nodes.json", "[]\n"),
        ];
        for (name, text) in files {
            self.write(&format!("{folder}/{name}"), text);
        }
    }

    /// Runs a command with the answers of somebody at a terminal.
    ///
    /// # Panics
    /// When the line is no command.
    #[must_use]
    pub fn run(&self, line: &[&str], answers: &str) -> CommandRun {
        let folder = self.folder.path().to_owned();
        let words = ["pospool"].iter().chain(line);
        let args = Args::try_parse_from(words).expect("a command");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console {
            out: &mut out,
            err: &mut err,
            input: &mut Cursor::new(answers),
            asks: true,
            json: args.common.json,
            out_paint: Paint::PLAIN,
            err_paint: Paint::PLAIN,
            redraws: false,
        };
        let mut surroundings = UserEnvironment {
            folder,
            ..UserEnvironment::default()
        };
        if let Some((place, settings)) = &self.remote {
            surroundings.state = Some(place.clone());
            surroundings.settings = settings.clone();
        }
        let project = Project::new(&args.common, surroundings);
        let mut session = Session {
            project: &project,
            registry: &self.registry,
            console: &mut console,
            interrupt: &self.interrupt,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let ended = runtime
            .expect("a runtime of one thread")
            .block_on(commands::run_command(&mut session, &args.command));
        let exit = ended.unwrap_or_else(|failure| report_failure(&failure, &mut console));
        CommandRun {
            exit,
            out: self.readable(&out),
            err: self.readable(&err),
        }
    }

    /// The text as an operator would have it, without digests of images, which change with each release.
    fn readable(&self, bytes: &[u8]) -> String {
        let folder = self.folder.path().display();
        let text = String::from_utf8_lossy(bytes)
            .replace(&format!("unix://{folder}/docker.sock"), SOCKET)
            .replace(
                &format!("file:{folder}/operator-key"),
                "file:/run/secrets/operator-key",
            )
            .replace(&format!("file:{folder}/"), "env:")
            .replace(&format!("{folder}/"), "");
        let mut parts = text.split("pospool/");
        let mut readable = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            readable.push_str("pospool/");
            let digest = part
                .split_once(':')
                .map(|(kind, rest)| (kind, rest.split_at_checked(12)));
            match digest {
                Some((kind, Some((digest, rest)))) if is_hex(digest) => {
                    let _ = write!(readable, "{kind}:<digest>{rest}");
                }
                _ => readable.push_str(part),
            }
        }
        readable
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
