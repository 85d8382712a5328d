//! What can be seen only while something runs: processes, files that live for a moment, and
//! containers that come and go.
//!
//! - Reads: `/proc`, folders and the engine, many times a second.
//! - Returns: findings, and apart from them what stands in environments.
//! - Never: looks into the environment of a process from before the watch: no secret of
//!   this test existed then. What lives shorter than a look can be missed; the engine's
//!   events and the files that stay are complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use super::docker_places;
use super::scan::Scanner;
use super::search::Search;

/// Pauses between two looks.
const PROCESSES: Duration = Duration::from_millis(25);
const OBJECTS: Duration = Duration::from_millis(500);

/// A secret in a variable of a running process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    /// The process's program.
    pub(super) program: PathBuf,
    /// The container that it runs in.
    pub(super) container: Option<String>,
    /// Whether it is process 1 there.
    pub(super) first: bool,
    /// The variable.
    pub(super) variable: String,
    /// Which secret, and how it is written.
    pub(super) secret: &'static str,
    pub(super) form: String,
}

/// What a watch saw.
pub(super) struct Watched {
    pub(super) search: Search,
    pub(super) held: BTreeSet<Held>,
    /// Names of the processes whose environment the system did not let us read.
    pub(super) closed: BTreeSet<String>,
}

/// A watch that goes on beside the test.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    processes: JoinHandle<Watched>,
    others: Vec<JoinHandle<Search>>,
}

impl Watch {
    /// Begins; `folders` are small ones, whose files are read again and again.
    pub(super) fn start(scanner: &Arc<Scanner>, folders: Vec<PathBuf>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut processes = Processes {
            before: all().map(|process| process.key()).collect(),
            known: BTreeMap::new(),
            seen: Watched {
                search: Search::new(scanner.clone()),
                held: BTreeSet::new(),
                closed: BTreeSet::new(),
            },
        };
        let ends = over.clone();
        // Each on its own: files live for a moment, and an engine may be slow to answer.
        let files = repeated(&over, scanner, move |search| {
            for folder in &folders {
                search.folder("files while it runs", folder);
            }
        });
        let objects = repeated(&over, scanner, |search| {
            docker_places::descriptions(search);
            docker_places::logs(search);
        });
        Self {
            over,
            processes: spawn(move || {
                while !ends.load(Ordering::Relaxed) {
                    processes.look();
                    sleep(PROCESSES);
                }
                processes.seen
            }),
            others: vec![files, objects],
        }
    }

    /// Ends the watch.
    pub(super) fn stop(self) -> Watched {
        self.over.store(true, Ordering::Relaxed);
        let mut watched = self.processes.join().unwrap();
        for other in self.others {
            watched.search.merge(other.join().unwrap());
        }
        watched
    }
}

/// Looks again and again until it is over.
fn repeated(
    over: &Arc<AtomicBool>,
    scanner: &Arc<Scanner>,
    look: impl Fn(&mut Search) + Send + 'static,
) -> JoinHandle<Search> {
    let (over, mut search) = (over.clone(), Search::new(scanner.clone()));
    spawn(move || {
        while !over.load(Ordering::Relaxed) {
            look(&mut search);
            sleep(OBJECTS);
        }
        search
    })
}

/// A process for ever: its id, and ticks from the system's start to its own.
type Key = (u32, String);

/// What a process runs: its program and its arguments. Its environment changes with them.
type Runs = (PathBuf, Vec<u8>);

struct Processes {
    /// Processes from before the watch.
    before: BTreeSet<Key>,
    /// What the processes of the last look ran then.
    known: BTreeMap<Key, Runs>,
    seen: Watched,
}

impl Processes {
    fn look(&mut self) {
        let mut last = std::mem::take(&mut self.known);
        for process in all() {
            let arguments = process.read("cmdline");
            let runs = (process.program().unwrap_or_default(), arguments);
            if last.remove(&process.key()).as_ref() != Some(&runs) {
                let place = format!("process {}", process.id);
                self.seen.search.look("process arguments", &place, &runs.1);
                if !self.before.contains(&process.key()) {
                    self.environment(&process);
                }
            }
            self.known.insert(process.key(), runs);
        }
    }

    fn environment(&mut self, process: &Process) {
        let before = process.container();
        let (program, environment) = match process.environment() {
            Ok(found) => found,
            Err(error) => {
                if error.kind() == ErrorKind::PermissionDenied {
                    let name = String::from_utf8_lossy(&process.read("comm")).into_owned();
                    self.seen.closed.insert(name.trim().to_owned());
                }
                return;
            }
        };
        self.seen
            .search
            .count("process environment", environment.len());
        if self.seen.search.scanner.scan("", &environment).is_empty() {
            return;
        }
        // It may have ended meanwhile.
        let place = process.container().or(before);
        let (container, first) = place.unwrap_or_default();
        for variable in environment.split(|byte| *byte == 0) {
            let (name, _) =
                variable.split_at(variable.iter().position(|b| *b == b'=').unwrap_or(0));
            for finding in self.seen.search.scanner.scan("", variable) {
                self.seen.held.insert(Held {
                    program: program.clone(),
                    container: container.clone(),
                    first,
                    variable: String::from_utf8_lossy(name).into_owned(),
                    secret: finding.secret,
                    form: finding.form,
                });
            }
        }
    }
}

/// A process, by its folder in `/proc`.
struct Process {
    id: u32,
    folder: PathBuf,
    started: String,
}

fn all() -> impl Iterator<Item = Process> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let folder = entry.ok()?.path();
        let id = folder.file_name()?.to_str()?.parse().ok()?;
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        // The name in parentheses may hold anything; the start is the 20th word after it.
        let (_, words) = stat.rsplit_once(')')?;
        let started = words.split_whitespace().nth(19)?.to_owned();
        Some(Process {
            id,
            folder,
            started,
        })
    })
}

impl Process {
    fn key(&self) -> Key {
        (self.id, self.started.clone())
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join(name)).unwrap_or_default()
    }

    fn program(&self) -> io::Result<PathBuf> {
        fs::read_link(self.folder.join("exe"))
    }

    /// The program with its environment. A child has its parent's until it becomes another
    /// program, so the program must be the same before and after.
    fn environment(&self) -> io::Result<(PathBuf, Vec<u8>)> {
        loop {
            let before = self.program()?;
            let environment = fs::read(self.folder.join("environ"))?;
            if self.program()? == before {
                return Ok((before, environment));
            }
        }
    }

    /// The id of its container, and whether it is the first process there; nothing once it has ended.
    fn container(&self) -> Option<(Option<String>, bool)> {
        let groups = String::from_utf8_lossy(&self.read("cgroup")).into_owned();
        let mut words = groups.split(|c: char| !c.is_ascii_hexdigit());
        let container = words.find(|word| word.len() == 64).map(str::to_owned);
        let status = String::from_utf8_lossy(&self.read("status")).into_owned();
        let ids = status
            .lines()
            .find_map(|line| line.strip_prefix("NSpid:"))?;
        let last = ids.split_whitespace().skip(1).last();
        // One that is ending has left the namespaces of its container before it has left its group.
        if container.is_some() && last.is_none() {
            return None;
        }
        Some((container, last == Some("1")))
    }
}

/// The program of this file, as `/proc` names it.
pub(super) fn program(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap()
}
