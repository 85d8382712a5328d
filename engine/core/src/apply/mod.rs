//! Carrying out a plan.
//!
//! - Reads: a checked plan, and the config for values that only now become known.
//! - Does: prepare, journal the intent, commit, journal the end; as many effects at
//!   once as their needs allow.
//! - Never: decides. What the plan does not name is not done, and after the first
//!   failure nothing new is begun, while what is under way is still recorded.

mod event;
mod finish;
mod logged;
mod recording;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use pospool_lang::config::{Config, LocalValues};
use pospool_model::plan::{Effect, EffectId, Level, Nature, Plan, Step};
use pospool_model::provider::{Progress, Ticket};
use pospool_model::{Address, Attributes, Dependency, Provider, ProviderError, dependency};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::codes;
use crate::observe::SeenResources;
use crate::registry::Registry;
use crate::resolve::Outputs;
use crate::store::{JournalEntry, Store, StoreError};

pub use event::{Event, Listener};
pub(crate) use logged::Logged;
use recording::Recording;
use schedule::Schedule;

/// What an apply needs besides the plan.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The spec, for values that become known on the way.
    pub config: &'a Config,
    /// The providers.
    pub registry: &'a Registry,
    /// What was seen when the plan was made, or checked for freshness.
    pub seen: &'a SeenResources,
    /// Set when the user asked to stop.
    pub cancel: &'a Arc<AtomicBool>,
}

/// How an apply ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Effects that failed, with their cause.
    pub failures: Vec<(EffectId, ProviderError)>,
    /// Waits that took longer than they may; the next apply goes on with them.
    pub converging: Vec<(EffectId, String)>,
    /// Whether the user stopped it.
    pub cancelled: bool,
    /// Effects that ended.
    pub done: usize,
    /// Effects that were not begun.
    pub not_begun: usize,
    /// Bytes that the run wrote into state and journal.
    pub bytes_written: u64,
}

/// Carries a plan out.
pub async fn apply_plan(
    plan: &Plan,
    context: Context<'_>,
    store: &mut Store,
    listener: &dyn Listener,
) -> Result<Outcome, StoreError> {
    if let Some(outcome) = find_unready(plan, &context) {
        return Ok(outcome);
    }
    // Groups are in the snapshot before the journal of this run speaks of them.
    store.update(|state| {
        state.chains.extend(plan.chains.clone());
        state.accounts.extend(plan.accounts.clone());
        state.groups.extend(plan.groups.clone());
    })?;
    let listener = Logged(listener);
    let mut run = ApplyRun::new(plan, context, store, &listener);
    run.finish_ended_steps()?;
    run.work().await?;
    run.conclude()
}

/// What would end a run before its end is found before its begin: a secret that is missing, or what only a state says and
/// nothing proves.
fn find_unready(plan: &Plan, context: &Context<'_>) -> Option<Outcome> {
    let acts = |effect: &&Effect| effect.nature == Nature::Act;
    let acting: Vec<(&Step, &Effect)> = plan
        .steps
        .iter()
        .flat_map(|step| step.effects.iter().filter(acts).map(move |it| (step, it)))
        .collect();
    let records = acting.iter().filter_map(|(step, _)| step.record.as_ref());
    let used = records.flat_map(|record| &record.depends_on);
    let used: BTreeSet<Address> = dependency::reached_resources(used, &plan.groups)
        .into_iter()
        .cloned()
        .collect();
    let (at, error) = context.registry.providers().find_map(|(_, provider)| {
        let own = acting
            .iter()
            .filter(|(_, it)| it.provider == provider.name());
        let own: Vec<(&Step, &Effect)> = own.copied().collect();
        let effects: Vec<&Effect> = own.iter().map(|(_, effect)| *effect).collect();
        if let Err(error) = provider.prove_used(&used) {
            return Some((*acting.first()?, error));
        }
        let (position, error) = provider.check_ready(&effects).err()?;
        Some((*own.get(position)?, error))
    })?;
    let id = EffectId {
        address: at.0.address.clone(),
        name: at.1.name.clone(),
    };
    Some(Outcome {
        failures: vec![(id, error)],
        not_begun: plan.steps.iter().map(|step| step.effects.len()).sum(),
        ..Outcome::default()
    })
}

/// What a running effect reports.
enum EffectReport {
    Prepared(usize, Result<Ticket, ProviderError>),
    Committed(usize, Result<Attributes, ProviderError>),
}

/// What a running commit says on its way.
enum Note {
    Sent(usize),
    Waiting(usize, String),
    Amend(usize, Amendment),
}

/// Another form of an open ticket, and who waits until it is on the disk.
pub(crate) struct Amendment {
    ticket: Ticket,
    on_disk: oneshot::Sender<()>,
}

impl Amendment {
    /// Hands an amendment to the one who keeps the journal, and waits until it is there.
    pub(crate) async fn through(
        ticket: &Ticket,
        send: impl FnOnce(Self),
    ) -> Result<(), ProviderError> {
        let (on_disk, done) = oneshot::channel();
        send(Self {
            ticket: ticket.clone(),
            on_disk,
        });
        done.await.map_err(|_| ProviderError::OutcomeUnknown {
            code: codes::APPLY_NOT_JOURNALLED,
            what: format!("{}: its other form could not be written down", ticket.key),
            source: None,
        })
    }

    /// Puts it on the disk and says so.
    pub(crate) fn write(self, id: EffectId, store: &mut Store) -> Result<(), StoreError> {
        let ticket = self.ticket;
        store.record(JournalEntry::Amend { id, ticket })?;
        store.sync()?;
        // Nobody waits any more when the commit was given up meanwhile.
        let _ = self.on_disk.send(());
        Ok(())
    }
}

type Running<'a> = FuturesUnordered<BoxFuture<'a, EffectReport>>;

struct ApplyRun<'a> {
    plan: &'a Plan,
    context: Context<'a>,
    store: &'a mut Store,
    listener: &'a dyn Listener,
    schedule: Schedule<'a>,
    started: Vec<Option<Instant>>,
    recording: Recording,
    /// Outputs as they are in this moment of the run.
    known: Outputs,
    locals: LocalValues,
    /// Outputs of the effects of this run.
    said: BTreeMap<Address, Attributes>,
    running: Running<'a>,
    notes: (UnboundedSender<Note>, UnboundedReceiver<Note>),
    outcome: Outcome,
}

impl<'a> ApplyRun<'a> {
    fn new(
        plan: &'a Plan,
        context: Context<'a>,
        store: &'a mut Store,
        listener: &'a dyn Listener,
    ) -> Self {
        let schedule = Schedule::new(plan);
        let recorded = store.state().resources.iter();
        let mut known: Outputs = recorded
            .map(|(address, recorded)| (address.clone(), recorded.outputs.clone()))
            .collect();
        known.extend(context.seen.given.clone());
        Self {
            plan,
            context,
            store,
            listener,
            started: vec![None; schedule.len()],
            recording: Recording::new(plan),
            known,
            locals: context.config.local_values(),
            schedule,
            said: BTreeMap::new(),
            running: FuturesUnordered::new(),
            notes: unbounded_channel(),
            outcome: Outcome::default(),
        }
    }

    async fn work(&mut self) -> Result<(), StoreError> {
        loop {
            if !self.stopping() {
                for effect in self.schedule.take_ready() {
                    self.prepare(effect);
                }
            }
            if self.running.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(note) = self.notes.1.recv() => self.note(note)?,
                Some(report) = self.running.next() => self.take(report)?,
            }
        }
    }

    fn stopping(&self) -> bool {
        !self.outcome.failures.is_empty() || self.context.cancel.load(Ordering::Relaxed)
    }

    fn prepare(&mut self, index: usize) {
        let (id, effect) = self.schedule.effect(index);
        self.started[index] = Some(Instant::now());
        let summary = &effect.summary;
        self.listener.hear(&Event::Started { id: &id, summary });
        let inputs = self.inputs(effect);
        let provider = self.provider(effect);
        self.running.push(Box::pin(async move {
            let ticket = match (provider, inputs) {
                (Some(provider), Ok(inputs)) => provider.prepare(effect, &inputs).await,
                (None, _) => Err(unknown_provider(&effect.provider)),
                (_, Err(error)) => Err(error),
            };
            EffectReport::Prepared(index, ticket)
        }));
    }

    /// Fills the blanks of an effect from what earlier effects left behind.
    fn inputs(&self, effect: &Effect) -> Result<Attributes, ProviderError> {
        let resources = &self.store.state().resources;
        let fill = |from: &pospool_model::plan::OutputRef| {
            resources
                .get(&from.address)
                .and_then(|recorded| recorded.outputs.get(&from.output))
                .cloned()
        };
        effect
            .inputs
            .iter()
            .map(|(name, from)| match fill(from) {
                Some(value) => Ok((name.clone(), value)),
                None => Err(ProviderError::refused(
                    codes::APPLY_MISSING_OUTPUT,
                    format!(
                        "`{}.{}` is not known after its steps",
                        from.address, from.output
                    ),
                )),
            })
            .collect()
    }

    fn provider(&self, effect: &Effect) -> Option<Arc<dyn Provider>> {
        self.context.registry.by_name(&effect.provider).cloned()
    }

    fn take(&mut self, report: EffectReport) -> Result<(), StoreError> {
        match report {
            // Ready, and in the meantime something failed or the user asked to stop: an
            // effect that is not in the journal yet is not begun any more.
            EffectReport::Prepared(_, Ok(_)) if self.stopping() => {
                self.schedule.give_back();
                Ok(())
            }
            EffectReport::Prepared(index, Ok(ticket)) => self.begin(index, ticket),
            EffectReport::Prepared(index, Err(error)) => {
                self.fail(index, error);
                Ok(())
            }
            EffectReport::Committed(index, result) => {
                self.drain_notes()?;
                self.end(index, result)
            }
        }
    }

    /// Puts the intent on the disk, then lets the effect happen. A crash between the
    /// two leaves "maybe done", which the ticket settles; the other order would leave
    /// "done and forgotten", which nothing can settle.
    fn begin(&mut self, index: usize, ticket: Ticket) -> Result<(), StoreError> {
        let (id, effect) = self.schedule.effect(index);
        if effect.nature == Nature::Act {
            let step = &self.plan.steps[self.schedule.step(index)];
            self.store.record(JournalEntry::Begin {
                id: id.clone(),
                provider: effect.provider.clone(),
                ticket: ticket.clone(),
                depends_on: depends_on(step),
            })?;
            self.store.sync()?;
        }
        let provider = self.provider(effect);
        let voice = ProgressReporter {
            index,
            notes: self.notes.0.clone(),
            cancel: Arc::clone(self.context.cancel),
        };
        let name = &effect.provider;
        self.running.push(Box::pin(async move {
            let result = match provider {
                Some(provider) => provider.commit(&ticket, &voice).await,
                None => Err(unknown_provider(name)),
            };
            EffectReport::Committed(index, result)
        }));
        Ok(())
    }

    fn end(
        &mut self,
        index: usize,
        result: Result<Attributes, ProviderError>,
    ) -> Result<(), StoreError> {
        let (id, effect) = self.schedule.effect(index);
        let error = match result {
            Ok(outputs) => {
                let said = self.said.entry(id.address.clone()).or_default();
                said.extend(outputs.clone());
                self.store.record(JournalEntry::End {
                    id: id.clone(),
                    outputs,
                })?;
                self.store.sync()?;
                self.schedule.mark(index, Level::Done);
                self.outcome.done += 1;
                self.listener.hear(&Event::Ended {
                    id: &id,
                    seconds: self.seconds(index),
                    done: self.outcome.done,
                    total: self.schedule.len(),
                });
                self.refresh(&id.address);
                let step = self.schedule.step(index);
                if self.schedule.step_ended(step) {
                    self.recording.ended(step);
                }
                return self.finish_steps();
            }
            Err(error) => error,
        };
        if effect.nature == Nature::Act && matches!(error, ProviderError::Refused { .. }) {
            self.store.record(JournalEntry::NoEffect {
                id: id.clone(),
                code: error.code().to_string(),
            })?;
            self.store.sync()?;
        }
        self.fail(index, error);
        Ok(())
    }

    fn fail(&mut self, index: usize, error: ProviderError) {
        let (id, _) = self.schedule.effect(index);
        self.listener.hear(&Event::Failed {
            id: &id,
            error: &error,
        });
        match error {
            ProviderError::Converging { what } => self.outcome.converging.push((id, what)),
            ProviderError::Cancelled => self.outcome.cancelled = true,
            error => self.outcome.failures.push((id, error)),
        }
    }

    fn note(&mut self, note: Note) -> Result<(), StoreError> {
        match note {
            Note::Sent(index) => self.schedule.mark(index, Level::Sent),
            Note::Waiting(index, what) => self.listener.hear(&Event::Waiting {
                id: &self.schedule.effect(index).0,
                what: &what,
                seconds: self.seconds(index),
            }),
            Note::Amend(index, amendment) => {
                let (id, _) = self.schedule.effect(index);
                amendment.write(id, self.store)?;
            }
        }
        Ok(())
    }

    fn drain_notes(&mut self) -> Result<(), StoreError> {
        while let Ok(note) = self.notes.1.try_recv() {
            self.note(note)?;
        }
        Ok(())
    }

    fn seconds(&self, index: usize) -> u64 {
        self.started[index].map_or(0, |started| started.elapsed().as_secs())
    }

    fn conclude(mut self) -> Result<Outcome, StoreError> {
        self.outcome.not_begun = self.schedule.not_begun();
        self.outcome.cancelled |= self.context.cancel.load(Ordering::Relaxed);
        let whole = self.recording.is_whole();
        let outputs = if whole {
            self.spec_outputs()
        } else {
            BTreeMap::new()
        };
        self.store.conclude(|state| {
            if !whole {
                return;
            }
            if !self.plan.keeps_outputs() {
                state.outputs.clear();
            }
            state.outputs.extend(outputs);
            state.counters.clone_from(&self.plan.counters);
        })?;
        self.outcome.bytes_written = self.store.bytes_written();
        Ok(self.outcome)
    }
}

/// Direct dependencies of a step's resource; a resource that is being removed keeps those that it has.
fn depends_on(step: &Step) -> Vec<Dependency> {
    step.record
        .as_ref()
        .map(|record| record.depends_on.clone())
        .unwrap_or_default()
}

fn unknown_provider(name: &str) -> ProviderError {
    ProviderError::refused(
        codes::APPLY_UNKNOWN_PROVIDER,
        format!("this build has no provider `{name}`, which the plan names"),
    )
}

/// A commit's way to speak to the run.
struct ProgressReporter {
    index: usize,
    notes: UnboundedSender<Note>,
    cancel: Arc<AtomicBool>,
}

#[async_trait]
impl Progress for ProgressReporter {
    fn sent(&self) {
        // The run lives longer than its commits, so a closed channel cannot be.
        let _ = self.notes.send(Note::Sent(self.index));
    }

    fn waiting(&self, what: &str) {
        let _ = self.notes.send(Note::Waiting(self.index, what.to_owned()));
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    async fn amend(&self, ticket: &Ticket) -> Result<(), ProviderError> {
        Amendment::through(ticket, |amendment| {
            let _ = self.notes.send(Note::Amend(self.index, amendment));
        })
        .await
    }
}
