//! Runs of the engine on the fake provider that end at a numbered point.
//!
//! - Reads: a disk, a spec, a script.
//! - Returns: how the run ended, and what it passed.
//! - Never: shares anything between two runs but the disk and the outside.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_engine::store::{Disk, Mode, StateKey, Store, StoreError};
use pospool_fake::{FakeProvider, Outside};
use pospool_model::{Diagnostic, Provider};

use crate::patience::open_patiently;
use crate::points::{Killed, Point, PointDisk, PointProvider, Points, SEND, Script};
use crate::watched::Watched;
use crate::world::{Applied, RunError, WorldPlan, apply_on, plan_on};

/// An outside in memory, and a folder for the lock, which is no part of a simulated disk.
pub struct PointWorld {
    /// The outside.
    pub fake: FakeProvider,
    /// What its states are sealed with.
    pub key: Option<Arc<StateKey>>,
    folder: tempfile::TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub enum PointRunEnd {
    /// It came to its end.
    Whole(Applied),
    /// The spec, the plan or the outside stood in its way.
    Trouble(RunError),
    /// The state could not be used.
    State(StoreError),
    /// It was killed.
    Killed,
}

/// A run that is over.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub ended: PointRunEnd,
    /// Effects that it found open when it began.
    pub open: usize,
    /// What it passed.
    pub points: Points,
}

impl Ran {
    /// Whether it came to its end without a failure.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(&self.ended, PointRunEnd::Whole(applied) if applied.outcome.failures.is_empty())
    }

    /// What its user was warned of.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        match &self.ended {
            PointRunEnd::Whole(applied) => &applied.warnings,
            _ => &[],
        }
    }

    /// How many effects it sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        let passed = self.points.passed();
        let is_effect = |point: &&Point| point.verb == SEND && point.subject == "effect";
        passed.iter().filter(is_effect).count()
    }
}

impl Default for PointWorld {
    fn default() -> Self {
        Self::new(Outside::default())
    }
}

impl PointWorld {
    /// A world with this outside.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[must_use]
    pub fn new(outside: Outside) -> Self {
        let fake = FakeProvider::default();
        *fake.outside() = outside;
        let folder = memory_folder();
        Self {
            fake,
            key: None,
            folder,
        }
    }

    /// The path of the state, on every disk of this world.
    #[must_use]
    pub fn state_path(&self) -> PathBuf {
        self.folder.path().join("state.json")
    }

    /// Applies a spec on a disk until it ends or dies.
    pub fn apply(&self, disk: &Arc<dyn Disk>, spec: &str, script: Script) -> Ran {
        let points = Points::new(script);
        let watched = Watched::new(&self.fake);
        let path = self.state_path();
        apply_sealed(disk, &path, self.key.as_ref(), spec, watched, &points)
    }

    /// Plans a spec on a disk.
    pub fn plan(
        &self,
        disk: &Arc<dyn Disk>,
        spec: &str,
    ) -> Result<Result<WorldPlan, RunError>, StoreError> {
        let registry = registry(Watched::new(&self.fake));
        let (path, key) = (self.state_path(), self.key.as_ref());
        let open = || Store::open_sealed_on(Arc::clone(disk), &path, Mode::Write, "test", key);
        let mut store = open_patiently(open)?;
        block_on(plan_on(&mut store, &registry, spec))
    }
}

/// Applies a spec on a disk and an outside until it ends or dies.
///
/// # Panics
/// As the engine does, if it does.
pub fn apply_on_disk(
    disk: &Arc<dyn Disk>,
    path: &Path,
    spec: &str,
    watched: Watched,
    points: &Points,
) -> Ran {
    apply_sealed(disk, path, None, spec, watched, points)
}

fn apply_sealed(
    disk: &Arc<dyn Disk>,
    path: &Path,
    key: Option<&Arc<StateKey>>,
    spec: &str,
    watched: Watched,
    points: &Points,
) -> Ran {
    let counting: Arc<dyn Disk> = Arc::new(PointDisk::new(Arc::clone(disk), points));
    let registry = registry(PointProvider::new(watched, points));
    let mut open = 0;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        // The lock is taken before the disk is used: to try again counts no point.
        let take = || Store::open_sealed_on(Arc::clone(&counting), path, Mode::Write, "apply", key);
        let mut store = open_patiently(take)?;
        open = store.open_effects().len();
        block_on(apply_on(&mut store, &registry, spec))
    }));
    let ended = match ended {
        Ok(Ok(Ok(applied))) => PointRunEnd::Whole(applied),
        Ok(Ok(Err(trouble))) => PointRunEnd::Trouble(trouble),
        Ok(Err(error)) => PointRunEnd::State(error),
        Err(payload) if payload.is::<Killed>() => PointRunEnd::Killed,
        Err(payload) => resume_unwind(payload),
    };
    Ran {
        ended,
        open,
        points: points.clone(),
    }
}

fn registry(watched: impl Provider + 'static) -> Registry {
    Registry::new(vec![Arc::new(watched), Arc::new(RecordProvider)])
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .expect("a runtime of one thread needs nothing")
        .block_on(work)
}

/// A folder in memory where the system offers it: a sync costs nothing there.
///
/// # Panics
/// When no temporary folder can be made.
#[must_use]
pub fn memory_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder")
}
