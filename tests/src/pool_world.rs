//! Whole runs of the engine with the real chain provider on the model chain.
//!
//! - Reads: a spec, a seed, and where a run is to die.
//! - Returns: how each run ended.
//! - Never: changes the state but through the engine.

mod desk;
mod oracle;
mod shape;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pospool_chain::{ChainProvider, ChainSettings};
use pospool_conflux::CoreAddress;
use pospool_engine::apply::{self, Context, Event, Listener, Outcome};
use pospool_engine::blocked::Blocked;
use pospool_engine::observe::SeenResources;
use pospool_engine::plan::Options;
use pospool_engine::registry::Registry;
use pospool_engine::store::{Disk, Mode, RealDisk, Store, StoreError};
use pospool_engine::{check, observe, plan, resolve, settle};
use pospool_lang::config::{self, Config, VariableInputs};
use pospool_lang::spec::SourceFile;
use pospool_model::plan::Plan;
use pospool_model::{Diagnostic, Severity};
use pospool_modelchain::{CrashPoint, ModelChain, ModelGenesis};
use tokio::time::Instant;

use crate::patience::open_patiently;
use crate::points::{PointDisk, PointProvider, PointWire, Points, Script};
use crate::simdisk::{Cuts, SimDisk};
pub use desk::{DockerHarness, Shelf};
pub use oracle::{Expected, check_world};
pub use shape::Shape;

/// A state in a folder of its own, a chain in memory, and a desk with nodes.
pub struct PoolWorld {
    /// The chain.
    pub model: Arc<ModelChain>,
    /// The nodes.
    pub desk: DockerHarness,
    /// The moments of the run in progress.
    pub points: Points,
    /// What failed, and what was settled, in all runs.
    pub heard: RunLog,
    /// Where the state is.
    disk: Mutex<Arc<dyn Disk>>,
    folder: tempfile::TempDir,
    registry: Registry,
}

/// How one run of apply ended.
#[derive(Debug)]
pub enum PoolRunEnd {
    /// It came to its end, with or without failures.
    Whole(Outcome),
    /// The spec or the plan has problems.
    Problems(Vec<Diagnostic>),
    /// The outside failed while it was looked at.
    Outside(String),
    /// Earlier effects could not be settled; why.
    Unsettled(Vec<String>),
    /// The state could not be used.
    State(StoreError),
    /// The run died.
    Died,
}

/// What disturbs a run from outside of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disturbance {
    /// Where it dies.
    pub crash: Option<CrashPoint>,
    /// When the user asks it to stop.
    pub cancel_after: Option<Duration>,
    /// When a second run tries to begin.
    pub second_after: Option<Duration>,
}

impl PoolWorld {
    /// A new world for a shape, with the shape's keys in its folder.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[must_use]
    pub fn new(shape: &Shape, seed: u64) -> Self {
        let folder = folder();
        shape
            .write_keys(folder.path())
            .expect("a temporary folder can be written");
        let accounts = shape.accounts().map(|account| account.bytes()).collect();
        let model = Arc::new(ModelChain::new(&ModelGenesis {
            seed,
            chain_id: shape.network,
            hosts: shape.hosts.clone(),
            accounts,
            value_needs_finality: shape::has_wait_levels(),
        }));
        let settings = ChainSettings {
            wait: Duration::from_mins(3),
            poll: Duration::from_secs(1),
        };
        let desk = DockerHarness::default();
        let points = Points::new(Script::Calm);
        let wire = PointWire::new(Arc::<ModelChain>::clone(&model), &points);
        let chain = ChainProvider::over(settings, Arc::new(wire));
        let registry = Registry::new(vec![
            Arc::new(chain),
            Arc::new(PointProvider::new(desk.clone(), &points)),
            Arc::new(Shelf::default()),
        ]);
        Self {
            model,
            desk,
            points,
            heard: RunLog::default(),
            disk: Mutex::new(Arc::new(RealDisk)),
            folder,
            registry,
        }
    }

    /// Keeps the state on another disk from now on.
    pub fn set_disk(&self, disk: Arc<dyn Disk>) {
        *self.disk.lock().unwrap_or_else(PoisonError::into_inner) = disk;
    }

    /// The spec of a shape, as it is in this world's folder.
    #[must_use]
    pub fn spec(&self, shape: &Shape) -> String {
        shape.spec(self.folder.path())
    }

    /// The state file.
    #[must_use]
    pub fn state_path(&self) -> PathBuf {
        self.folder.path().join("state.json")
    }

    /// Keeps the state on a disk in memory from now on, and has the chain check that what is handed in would survive
    /// a power cut of that disk.
    pub fn set_sim_disk(&self, disk: &SimDisk) {
        self.set_disk(Arc::new(disk.clone()));
        let (disk, journal) = (disk.clone(), self.journal_path());
        self.model.set_journalled(Box::new(move |hash| {
            let lost = disk.cuts(Cuts::Two).swap_remove(0);
            let kept = lost
                .image
                .get(&journal)
                .map(Vec::as_slice)
                .unwrap_or_default();
            String::from_utf8_lossy(kept).contains(hash)
        }));
    }

    /// The journal of the state file.
    #[must_use]
    pub fn journal_path(&self) -> PathBuf {
        self.folder.path().join("state.json.journal")
    }

    /// Whether there is a journal.
    ///
    /// # Panics
    /// When the disk cannot be read.
    #[must_use]
    pub fn has_journal(&self) -> bool {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = disk.read(&self.journal_path(), 1 << 30);
        journal.expect("the disk can be read").is_some()
    }

    /// Opens the state.
    pub fn store(&self, mode: Mode) -> Result<Store, StoreError> {
        open_patiently(|| self.try_store(mode))
    }

    /// Opens the state, or says at once that somebody has it.
    fn try_store(&self, mode: Mode) -> Result<Store, StoreError> {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = PointDisk::new(Arc::clone(&disk), &self.points);
        Store::open_on(Arc::new(disk), &self.state_path(), mode, "test")
    }

    /// Settles, plans and applies, as `pospool apply --auto-approve` does, until it ends or dies.
    pub async fn run(&self, spec: &str, disturbance: Disturbance) -> Result<PoolRunEnd, String> {
        self.model.begin_run(disturbance.crash);
        let cancel = Arc::new(AtomicBool::new(false));
        let begun = Instant::now();
        let far = Duration::from_secs(1_000_000);
        let cancel_at = begun + disturbance.cancel_after.unwrap_or(far);
        let second_at = begun + disturbance.second_after.unwrap_or(far);
        let mut tried = disturbance.second_after.is_none();
        let apply = self.apply(spec, &cancel);
        tokio::pin!(apply);
        loop {
            tokio::select! {
                biased;
                () = self.model.dying() => return Ok(PoolRunEnd::Died),
                ended = &mut apply => return Ok(ended),
                () = tokio::time::sleep_until(cancel_at), if !cancel.load(Ordering::Relaxed) => {
                    cancel.store(true, Ordering::Relaxed);
                }
                () = tokio::time::sleep_until(second_at), if !tried => {
                    tried = true;
                    if !matches!(self.try_store(Mode::Write), Err(StoreError::Locked { .. })) {
                        return Err("a second run took the state while the first had it".to_owned());
                    }
                }
            }
        }
    }

    async fn apply(&self, spec: &str, cancel: &Arc<AtomicBool>) -> PoolRunEnd {
        match self.try_apply(spec, cancel).await {
            Ok(ended) => ended,
            Err(error) => PoolRunEnd::State(error),
        }
    }

    async fn try_apply(
        &self,
        spec: &str,
        cancel: &Arc<AtomicBool>,
    ) -> Result<PoolRunEnd, StoreError> {
        let mut store = self.store(Mode::Write)?;
        let config = self.decode(spec).0;
        let wanted = resolve::resolve_first(&config, &self.registry);
        self.registry.configure(&wanted);
        let unsettled =
            settle::settle_tickets(&mut store, &self.registry, &self.heard, cancel).await?;
        if !unsettled.is_empty() {
            let why = unsettled.iter().map(|(id, error)| format!("{id}: {error}"));
            return Ok(PoolRunEnd::Unsettled(why.collect()));
        }
        let looked = match self.look(spec, &mut store).await? {
            Ok(looked) => looked,
            Err(ended) => return Ok(ended),
        };
        if !looked.problems.is_empty() {
            return Ok(PoolRunEnd::Problems(looked.problems));
        }
        for step in &looked.plan.steps {
            let effects: Vec<_> = step
                .effects
                .iter()
                .map(|effect| effect.name.as_str())
                .collect();
            self.heard.say(format!(
                "{:?} {} ({:?}): {effects:?}",
                step.action, step.address, step.reason
            ));
        }
        let context = Context {
            config: &looked.config,
            registry: &self.registry,
            seen: &looked.seen,
            cancel,
        };
        let outcome = apply::apply_plan(&looked.plan, context, &mut store, &self.heard).await?;
        Ok(PoolRunEnd::Whole(outcome))
    }

    /// Plans only.
    pub async fn plan(&self, spec: &str) -> Result<(Plan, Vec<Diagnostic>), String> {
        let looked = self.looked(spec).await?;
        Ok((looked.plan, looked.problems))
    }

    /// What a plan warns of.
    pub async fn warnings(&self, spec: &str) -> Result<Vec<Diagnostic>, String> {
        Ok(self.looked(spec).await?.warnings)
    }

    async fn looked(&self, spec: &str) -> Result<PoolRefresh, String> {
        self.model.begin_run(None);
        let mut store = self.store(Mode::Write).map_err(|error| error.to_string())?;
        let looked = self
            .look(spec, &mut store)
            .await
            .map_err(|error| error.to_string())?;
        looked.map_err(|ended| format!("{ended:?}"))
    }

    fn decode(&self, spec: &str) -> (Config, Vec<Diagnostic>) {
        let file = SourceFile {
            name: "pool.hcl".to_owned(),
            text: spec.to_owned(),
        };
        config::decode_spec(&[file], &self.registry.kinds(), &VariableInputs::default())
    }

    async fn look(
        &self,
        spec: &str,
        store: &mut Store,
    ) -> Result<Result<PoolRefresh, PoolRunEnd>, StoreError> {
        let (config, mut problems) = self.decode(spec);
        store.update(|_| {})?;
        let (state, none) = (store.state(), Blocked::default());
        let seen = observe::observe_resources(&config, state, &self.registry, none).await;
        problems.extend(seen.problems.clone());
        let options = Options::default();
        let planned = plan::plan_changes(&config, store.state(), &seen, &self.registry, &options);
        let silent = |fault: &&Diagnostic| SILENT.contains(&fault.code.as_str());
        if let Some(fault) = planned.faults.iter().find(silent) {
            return Ok(Err(PoolRunEnd::Outside(fault.summary.clone())));
        }
        let plan = planned.plan;
        problems.extend(planned.refusals);
        problems.extend(planned.faults);
        problems.extend(check::check_plan(&plan, store.state(), &seen));
        // A warning does not stop a run.
        let (problems, warnings) = problems
            .into_iter()
            .partition(|problem: &Diagnostic| problem.severity == Severity::Error);
        Ok(Ok(PoolRefresh {
            config,
            seen,
            plan,
            problems,
            warnings,
        }))
    }
}

/// Codes of a chain that tells nothing, or nothing that can be used.
const SILENT: [&str; 3] = ["chain/unreachable", "chain/not-a-node", "chain/behind"];

/// Keeps what a reader of a story that went wrong wants to know.
#[derive(Debug, Default)]
pub struct RunLog(Mutex<Vec<String>>);

impl RunLog {
    /// Returns what was heard since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RunLog {
    fn say(&self, what: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }
}

impl Listener for RunLog {
    fn hear(&self, event: &Event<'_>) {
        let what = match event {
            Event::Failed { id, error } => format!("{id}: {}: {error}", error.code()),
            Event::Ended { id, .. } => format!("{id}: ended"),
            _ => return,
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }
}

struct PoolRefresh {
    config: Config,
    seen: SeenResources,
    plan: Plan,
    problems: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// Memory where the system offers it as files: a sync costs nothing there.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder")
}

/// An address in the text of the state, as bytes.
fn account_of(text: &str) -> Option<[u8; 20]> {
    Some(text.parse::<CoreAddress>().ok()?.bytes())
}
