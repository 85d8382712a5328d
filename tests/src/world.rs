//! Whole runs of the engine on the fake provider, without a process.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use pospool_engine::apply::{self, Context, Event, Listener, Outcome};
use pospool_engine::blocked::Blocked;
use pospool_engine::plan::Options;
use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_engine::store::{Mode, Store, StoreError};
use pospool_engine::{check, observe, plan, resolve, settle};
use pospool_fake::FakeProvider;
use pospool_lang::config::{self, Config, VariableInputs};
use pospool_lang::spec::SourceFile;
use pospool_model::plan::Plan;
use pospool_model::{Diagnostic, Severity};

use crate::patience::open_patiently;

/// A state in a folder of its own, and an outside in memory.
pub struct FakeWorld {
    /// The fake outside.
    pub fake: FakeProvider,
    folder: tempfile::TempDir,
    registry: Registry,
}

/// What a plan of the world says.
pub struct WorldPlan {
    /// The plan.
    pub plan: Plan,
    /// Problems of any stage.
    pub problems: Vec<Diagnostic>,
}

/// An apply that came to its end.
#[derive(Debug)]
pub struct Applied {
    /// How it ended.
    pub outcome: Outcome,
    /// What its user was warned of before.
    pub warnings: Vec<Diagnostic>,
}

/// Why a run could not end well.
#[derive(Debug)]
pub enum RunError {
    /// The spec or the plan has problems.
    Problems(Vec<Diagnostic>),
    /// The outside failed while it was looked at.
    Outside(String),
    /// An earlier effect could not be settled.
    Unsettled(usize),
}

impl Default for FakeWorld {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeWorld {
    /// A new world with nothing in it.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[must_use]
    pub fn new() -> Self {
        let fake = FakeProvider::default();
        let registry = Registry::new(vec![Arc::new(fake.clone()), Arc::new(RecordProvider)]);
        Self {
            fake,
            folder: tempfile::tempdir().expect("a temporary folder"),
            registry,
        }
    }

    /// The state file.
    #[must_use]
    pub fn state_path(&self) -> PathBuf {
        self.folder.path().join("state.json")
    }

    /// Opens the state for a change, as an apply does.
    ///
    /// # Panics
    /// When the state cannot be used: then the test is over.
    #[must_use]
    pub fn store(&self) -> Store {
        open(&self.state_path())
    }

    /// Decodes a spec.
    #[must_use]
    pub fn config(&self, spec: &str) -> (Config, Vec<Diagnostic>) {
        decode(spec, &self.registry)
    }

    /// Plans a spec.
    ///
    /// # Panics
    /// When the state cannot be written: then the test is over.
    pub async fn plan(&self, spec: &str) -> Result<WorldPlan, RunError> {
        plan_on(&mut self.store(), &self.registry, spec)
            .await
            .expect("the state can be written")
    }

    /// Settles, plans and applies, as `pospool apply --auto-approve` does.
    pub async fn apply(&self, spec: &str) -> Result<Outcome, RunError> {
        self.apply_counted(spec).await.map(|(outcome, _)| outcome)
    }

    /// The same, and the bytes that the state took on the way.
    ///
    /// # Panics
    /// When the state cannot be written: then the test is over.
    pub async fn apply_counted(&self, spec: &str) -> Result<(Outcome, u64), RunError> {
        let mut store = self.store();
        let applied = apply_on(&mut store, &self.registry, spec)
            .await
            .expect("the state can be written")?;
        Ok((applied.outcome, store.bytes_written()))
    }
}

/// Plans a spec from an open state.
pub async fn plan_on(
    store: &mut Store,
    registry: &Registry,
    spec: &str,
) -> Result<Result<WorldPlan, RunError>, StoreError> {
    let looked = look(store, registry, spec).await?;
    Ok(looked.map(|(_, planned, _)| planned))
}

/// Settles, plans and applies on an open state, as `pospool apply --auto-approve` does.
pub async fn apply_on(
    store: &mut Store,
    registry: &Registry,
    spec: &str,
) -> Result<Result<Applied, RunError>, StoreError> {
    let cancel = Arc::new(AtomicBool::new(false));
    let config = decode(spec, registry).0;
    registry.configure(&resolve::resolve_first(&config, registry));
    let unsettled = settle::settle_tickets(store, registry, &Silent, &cancel).await?;
    if !unsettled.is_empty() {
        return Ok(Err(RunError::Unsettled(unsettled.len())));
    }
    let (seen, planned, config) = match look(store, registry, spec).await? {
        Ok(looked) => looked,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let (errors, warnings): (Vec<_>, Vec<_>) = planned
        .problems
        .into_iter()
        .partition(|problem| problem.severity == Severity::Error);
    if !errors.is_empty() {
        return Ok(Err(RunError::Problems(errors)));
    }
    let context = Context {
        config: &config,
        registry,
        seen: &seen,
        cancel: &cancel,
    };
    let outcome = apply::apply_plan(&planned.plan, context, store, &Silent).await?;
    Ok(Ok(Applied { outcome, warnings }))
}

type WorldRefresh = (observe::SeenResources, WorldPlan, Config);

async fn look(
    store: &mut Store,
    registry: &Registry,
    spec: &str,
) -> Result<Result<WorldRefresh, RunError>, StoreError> {
    let (config, mut problems) = decode(spec, registry);
    store.update(|_| {})?;
    let none = Blocked::default();
    let seen = observe::observe_resources(&config, store.state(), registry, none).await;
    problems.extend(seen.problems.clone());
    let options = Options::default();
    let planned = plan::plan_changes(&config, store.state(), &seen, registry, &options);
    let dead = |fault: &&Diagnostic| fault.code == pospool_fake::codes::DEAD;
    if let Some(fault) = planned.faults.iter().find(dead) {
        return Ok(Err(RunError::Outside(fault.summary.clone())));
    }
    let plan = planned.plan;
    problems.extend(planned.refusals);
    problems.extend(planned.faults);
    problems.extend(check::check_plan(&plan, store.state(), &seen));
    Ok(Ok((seen, WorldPlan { plan, problems }, config)))
}

fn decode(spec: &str, registry: &Registry) -> (Config, Vec<Diagnostic>) {
    let file = SourceFile {
        name: "pool.hcl".to_owned(),
        text: spec.to_owned(),
    };
    config::decode_spec(&[file], &registry.kinds(), &VariableInputs::default())
}

fn open(path: &Path) -> Store {
    open_patiently(|| Store::open(path, Mode::Write, "test")).expect("the state can be used")
}

/// A spec of things: label, value, shape, and labels of the things that it uses.
#[must_use]
pub fn write_things(things: &[(u8, i64, u8, Vec<u8>)]) -> String {
    let mut spec = String::new();
    for (label, value, shape, uses) in things {
        let uses: Vec<String> = uses.iter().map(|used| format!("thing.t{used}")).collect();
        let _ = writeln!(
            spec,
            "thing \"t{label}\" {{\n  value = {value}\n  shape = \"s{shape}\"\n  uses = [{}]\n}}",
            uses.join(", ")
        );
    }
    spec
}

/// Hears nothing.
pub struct Silent;

impl Listener for Silent {
    fn hear(&self, _: &Event<'_>) {}
}
