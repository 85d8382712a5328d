//! Whole commands, from arguments to text and exit code, without a process.

mod agent;
mod backups;
mod confirm;
mod doubts;
mod endpoints;
mod faults;
mod init;
mod keys;
mod moved;
mod parts;
mod plans;
mod render;
mod runs;
mod seals;
mod states;
mod status;
mod stone;
mod syncs;
mod upkeep;

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_fake::FakeProvider;
use tempfile::TempDir;

use crate::args::Args;
use crate::commands::{self, Session};
use crate::console::Console;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::process::report_failure;
use crate::project::{Project, UserEnvironment};
use crate::view::Paint;
use crate::wiring;
use stone::StoneProvider;

/// A project in a folder of its own, with records, fake things and stones.
struct World {
    folder: TempDir,
    fake: FakeProvider,
    interrupt: Interrupt,
    registry: Registry,
    variables: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Debug)]
struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

impl World {
    fn new(spec: &str) -> Self {
        let (fake, interrupt) = (FakeProvider::default(), Interrupt::default());
        let stone = StoneProvider::new(Arc::clone(interrupt.cancel()));
        let registry = Registry::new(vec![
            Arc::new(RecordProvider),
            Arc::new(fake.clone()),
            Arc::new(stone),
        ]);
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            fake,
            interrupt,
            registry,
            variables: Vec::new(),
        };
        world.write("pool.hcl", spec);
        world
    }

    /// The world of real providers; nothing is connected until one is asked to look.
    fn real() -> Self {
        let mut world = Self::new("");
        world.registry = wiring::build_registry(Duration::ZERO);
        std::fs::remove_file(world.path("pool.hcl")).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        // Some of them are keys.
        let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, owner_alone).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a command where nobody can be asked.
    fn run(&self, line: &str) -> Ran {
        self.call(line, None)
    }

    /// Runs a command on a terminal with these answers.
    fn run_with(&self, line: &str, answers: &str) -> Ran {
        self.call(line, Some(answers))
    }

    fn call(&self, line: &str, answers: Option<&str>) -> Ran {
        let words = ["pospool"].into_iter().chain(line.split_whitespace());
        let args = Args::try_parse_from(words).unwrap();
        let surroundings = UserEnvironment {
            folder: self.folder.path().to_owned(),
            variables: self.variables.clone(),
            ..UserEnvironment::default()
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console {
            out: &mut out,
            err: &mut err,
            input: &mut Cursor::new(answers.unwrap_or_default()),
            asks: answers.is_some(),
            json: args.common.json,
            out_paint: Paint::PLAIN,
            err_paint: Paint::PLAIN,
            redraws: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let project = Project::new(&args.common, surroundings);
        let mut session = Session {
            project: &project,
            registry: &self.registry,
            console: &mut console,
            interrupt: &self.interrupt,
        };
        let ended = runtime
            .unwrap()
            .block_on(commands::run_command(&mut session, &args.command));
        let exit = ended.unwrap_or_else(|failure| report_failure(&failure, &mut console));
        let folder = self.folder.path().display().to_string();
        let text = |bytes| {
            let text = String::from_utf8(bytes).unwrap().replace(&folder, "FOLDER");
            without_serials(&text)
        };
        Ran {
            exit,
            out: text(out),
            err: text(err),
        }
    }

    /// Applies and expects it to be whole.
    fn apply(&self) -> Ran {
        let ran = self.run("apply --auto-approve");
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        ran
    }
}

/// How often a state was saved is the store's business.
fn without_serials(text: &str) -> String {
    let mut parts = text.split("serial ");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        result.push_str("serial N");
        result.push_str(rest);
    }
    result
}
