//! Numbered moments of a run: every operation on the disk, and every call to the outside
//! before it reaches it and after it came back.
//!
//! - Reads: a script: at which moment what goes wrong.
//! - Returns: the moments that were passed, in order.
//! - Never: lets anything happen after a kill.

mod disk;
mod outside;

use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use disk::PointDisk;
pub use outside::{PointProvider, PointWire};

/// One moment: what is about to be done, and to what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// `write`, `rename`, `send`, ...
    pub verb: &'static str,
    /// A file's name, or which call.
    pub subject: String,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.subject)
    }
}

/// How a run dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Only the run: the stack unwinds with [`Killed`], and the test goes on.
    Run,
    /// The whole process, at once, as by SIGKILL.
    Process,
}

/// What a killed run unwinds with.
#[derive(Clone, Copy, Debug)]
pub struct Killed;

/// A refusal of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFault {
    /// Its usual name: `ENOSPC`.
    pub name: &'static str,
    /// Its number on Linux.
    pub errno: i32,
    /// Operations that it hits.
    pub verbs: &'static [&'static str],
    /// Whether it stays once it came.
    pub stays: bool,
}

/// What happens at which point, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Nothing.
    Calm,
    /// The run dies before the point.
    Kill(usize, Death),
    /// The operating system refuses the operation at the point.
    Fail(usize, DiskFault),
}

/// Counts the points of one run; clones count together.
#[derive(Clone, Debug)]
pub struct Points(Arc<Mutex<PointsState>>);

struct PointsState {
    script: Script,
    passed: Vec<Point>,
    dead: bool,
    /// Calls to the outside that were begun after a fault.
    late: Vec<Point>,
    visit: Option<(usize, Visit)>,
}

/// What somebody else does.
type Visit = Box<dyn FnOnce() + Send>;

impl fmt::Debug for PointsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Points");
        debug.field("script", &self.script);
        debug.field("passed", &self.passed).finish_non_exhaustive()
    }
}

impl Points {
    /// Counts a run that goes by a script.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self(Arc::new(Mutex::new(PointsState {
            script,
            passed: Vec::new(),
            dead: false,
            late: Vec::new(),
            visit: None,
        })))
    }

    /// Counts a run that is not disturbed, but for what somebody else does right before a point.
    #[must_use]
    pub fn visited(at: usize, visit: impl FnOnce() + Send + 'static) -> Self {
        let points = Self::new(Script::Calm);
        points.lock().visit = Some((at, Box::new(visit)));
        points
    }

    /// Counts from 0 again, by another script: a new run.
    pub fn begin(&self, script: Script) {
        let mut inner = self.lock();
        inner.script = script;
        inner.passed.clear();
        inner.late.clear();
        inner.dead = false;
        inner.visit = None;
    }

    fn lock(&self) -> MutexGuard<'_, PointsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The points so far; with a kill or a fault, its own is the last or among them.
    #[must_use]
    pub fn passed(&self) -> Vec<Point> {
        self.lock().passed.clone()
    }

    /// Calls that were sent to the outside after the operating system had refused something.
    #[must_use]
    pub fn sent_after_a_fault(&self) -> Vec<Point> {
        self.lock().late.clone()
    }

    /// A call on its way to the outside, or its answer on the way back.
    pub fn call(&self, verb: &'static str, subject: &str) {
        let number = self.count(verb, subject);
        let mut inner = self.lock();
        if matches!(inner.script, Script::Fail(at, _) if at < number) && verb == SEND {
            inner.late.push(Point {
                verb,
                subject: subject.to_owned(),
            });
        }
    }

    /// An operation on the disk.
    fn operation(&self, verb: &'static str, path: &Path) -> io::Result<()> {
        let name = match path.parent().and_then(Path::extension) {
            // Its own name has the time in it, and runs are compared.
            Some(folder) if folder == "backups" => "backup".into(),
            _ => path.file_name().unwrap_or_default().to_string_lossy(),
        };
        let number = self.count(verb, &name);
        match self.lock().script {
            Script::Fail(at, fault) if is_hit(at, fault, number, verb) => {
                Err(io::Error::from_raw_os_error(fault.errno))
            }
            _ => Ok(()),
        }
    }

    /// Counts a point, and ends the run if it is the one.
    fn count(&self, verb: &'static str, subject: &str) -> usize {
        let mut inner = self.lock();
        let number = inner.passed.len();
        inner.passed.push(Point {
            verb,
            subject: subject.to_owned(),
        });
        let now = matches!(inner.script, Script::Kill(at, _) if at == number);
        assert!(!inner.dead, "a dead run went on with {verb} {subject}");
        if now {
            inner.dead = true;
            let script = inner.script;
            drop(inner);
            if matches!(script, Script::Kill(_, Death::Process)) {
                eprintln!("dies before point {number}, {verb} {subject}");
                std::process::abort();
            }
            resume_unwind(Box::new(Killed));
        }
        let visit = inner.visit.take_if(|(at, _)| *at == number);
        drop(inner);
        if let Some((_, visit)) = visit {
            // On a thread of its own: no runtime begins inside another one.
            if let Err(panic) = std::thread::spawn(visit).join() {
                resume_unwind(panic);
            }
        }
        number
    }
}

/// The verb of a call that is about to reach the outside.
pub const SEND: &str = "send";
/// The verb of an answer that is about to be seen.
pub const RECEIVE: &str = "receive";

fn is_hit(at: usize, fault: DiskFault, number: usize, verb: &str) -> bool {
    let now = number == at || (fault.stays && number > at);
    now && fault.verbs.contains(&verb)
}
