//! One round: settle, look, plan, and do what there is to do.
//!
//! - Reads: the state, the journal, the outside.
//! - Does: one apply.
//! - Never: fails as a whole: whatever goes wrong is in what it returns, and the next round tries again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use pospool_engine::apply::{self, Context, Event, Listener};
use pospool_engine::plan::Options;
use pospool_engine::settle;
use pospool_engine::store::{Mode, Store, StoreError};
use pospool_model::plan::EffectId;
use pospool_model::provider::{Facts, Observed};
use pospool_model::state::State;
use pospool_model::{Attributes, Code, Diagnostic, ProviderError, Severity, Value};

use crate::failure::Failure;
use crate::view::failure::format_with_causes;
use crate::wiring;

use super::super::Session;
use super::super::pipeline::{self, PlannedSpec, Spec};
use super::super::run;
use super::report::{Conduct, ServiceStatus, SyncProblem};
use super::watch::{Turn, Watch};

/// A transaction of somebody else took the place of ours.
const TAKEN: Code = pospool_chain::codes::NONCE_TAKEN;

/// A ticket that no account of the spec signed.
const FOREIGN: Code = pospool_engine::codes::STATE_FOREIGN_TICKET;

/// What a round found and did.
#[derive(Debug)]
pub(super) struct SyncRound {
    pub(super) conduct: Conduct,
    /// `None` if nothing could be seen.
    pub(super) services: Option<Vec<ServiceStatus>>,
    pub(super) sent: Vec<String>,
    pub(super) errors: Vec<SyncProblem>,
    /// Effects that the journal holds as not ended.
    pub(super) open_effects: usize,
    /// What the look found, in the providers' own types, by their position.
    pub(super) facts: BTreeMap<usize, Facts>,
}

impl SyncRound {
    pub(super) fn new(conduct: Conduct) -> Self {
        Self {
            conduct,
            services: None,
            sent: Vec::new(),
            errors: Vec::new(),
            open_effects: 0,
            facts: BTreeMap::new(),
        }
    }
}

/// Does one round.
pub(super) async fn run_round(
    session: &Session<'_, '_>,
    spec: &Spec,
    watch: &mut Watch,
) -> SyncRound {
    let mut round = SyncRound::new(Conduct::Idle);
    let ears = EventCollector::default();
    if let Err(failure) = go(session, spec, watch, &ears, &mut round).await {
        round.conduct = match &failure {
            Failure::Store(StoreError::Locked { .. } | StoreError::Leased { .. }) => {
                Conduct::StandingBy
            }
            _ => Conduct::Failed,
        };
        round.errors.extend(troubles(&failure));
    }
    let heard = ears.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !heard.done.is_empty() && round.conduct == Conduct::Idle {
        round.conduct = Conduct::Sent;
    }
    round.sent = heard.done;
    let cancelled = pospool_model::codes::APPLY_CANCELLED;
    for trouble in heard.troubles {
        let waits =
            trouble.code == pospool_model::codes::APPLY_CONVERGING || trouble.code == cancelled;
        if trouble.code == TAKEN {
            watch.met_another();
            round.conduct = Conduct::StandingBy;
        } else if trouble.code == FOREIGN {
            // It is said in each round, and holds nobody up who works with another key.
        } else if waits && round.conduct != Conduct::Failed {
            round.conduct = Conduct::UnderWay;
        } else {
            round.conduct = Conduct::Failed;
        }
        if trouble.code != cancelled && !round.errors.contains(&trouble) {
            round.errors.push(trouble);
        }
    }
    round
}

async fn go(
    session: &Session<'_, '_>,
    spec: &Spec,
    watch: &mut Watch,
    ears: &EventCollector,
    round: &mut SyncRound,
) -> Result<(), Failure> {
    let mut store = session.project.open_state(Mode::Write, "sync")?;
    if !store.exists() {
        store.update(|_| {})?;
    }
    let ended = work(session, spec, watch, ears, &mut store, round).await;
    round.open_effects = store.open_effects().len();
    ended
}

/// The state, but for what it says of accounts: a service has its key at hand, and another one behind the same name is
/// another account.
fn without_accounts(store: &Store) -> State {
    let mut state = store.state().clone();
    state.accounts.clear();
    state
}

async fn work(
    session: &Session<'_, '_>,
    spec: &Spec,
    watch: &mut Watch,
    ears: &EventCollector,
    store: &mut Store,
    round: &mut SyncRound,
) -> Result<(), Failure> {
    let cancel = session.interrupt.cancel();
    if !store.open_effects().is_empty() {
        watch.unsure();
    }
    let registry = session.registry;
    let unsettled = settle::settle_tickets(store, registry, ears, cancel).await?;
    if !unsettled.iter().all(|(_, error)| settle::is_foreign(error)) {
        // What is not settled was heard; nothing new may begin before it is.
        watch.unsure();
        return Ok(());
    }
    // After a change of the key, what the old one signed concerns nobody but the old one.
    let blocked = settle::block_unsettled(&unsettled, store, registry);
    let options = Options::default();
    let state = without_accounts(store);
    let planned = pipeline::make_plan(spec, &state, registry, &options, blocked).await?;
    if !planned.faults.is_empty() && !planned.seen.blocked.resources.is_empty() {
        // Whose turn it is, and what there is to do, is only known of what was seen.
        return Err(Failure::Problems {
            problems: planned.faults,
            files: spec.files.clone(),
        });
    }
    let services = services(&planned);
    let open = services.iter().any(|service| !service.duties.is_empty());
    round.services = Some(services);
    round.facts.clone_from(&planned.seen.facts);
    match watch.turn(&store.state().counters, &planned.seen.counters, open) {
        Turn::Go => {}
        Turn::Listen => {
            round.conduct = Conduct::Listening;
            return Ok(());
        }
        Turn::StandBy(more) => {
            round.conduct = Conduct::StandingBy;
            round.errors.push(other_hand(more));
            return Ok(());
        }
    }
    // Services share their account and their chain: a round does all of them or none.
    let errors = errors_of(&planned.problems).chain(errors_of(&planned.faults));
    let errors: Vec<&Diagnostic> = errors.collect();
    if !errors.is_empty() {
        round.conduct = Conduct::Failed;
        round.errors.extend(errors.into_iter().map(trouble_of));
        return Ok(());
    }
    if planned.plan.steps.is_empty() && run::is_known(&planned.plan, store) {
        return Ok(());
    }
    let context = Context {
        config: &spec.config,
        registry: session.registry,
        seen: &planned.seen,
        cancel,
    };
    let outcome = apply::apply_plan(&planned.plan, context, store, ears).await?;
    if !outcome.failures.is_empty() || outcome.not_begun > 0 || !outcome.converging.is_empty() {
        watch.unsure();
    }
    ears.converging(&outcome.converging);
    Ok(())
}

fn errors_of(problems: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
}

fn trouble_of(problem: &Diagnostic) -> SyncProblem {
    SyncProblem {
        code: problem.code.to_string(),
        what: problem.summary.clone(),
        help: problem.help.clone(),
    }
}

fn other_hand(more: u32) -> SyncProblem {
    SyncProblem {
        code: pospool_engine::codes::STATE_OTHER_HAND.to_string(),
        what: "somebody else signs with the key of this syncer, so it stands by".to_owned(),
        help: Some(format!(
            "let one syncer only run with a key; this one goes on when duties stay undone and the nonce does not move for {more} rounds more"
        )),
    }
}

/// What a failure holds, each part for itself.
fn troubles(failure: &Failure) -> Vec<SyncProblem> {
    match failure {
        Failure::Problems { problems, .. } => errors_of(problems).map(trouble_of).collect(),
        other => vec![SyncProblem {
            code: other.code().to_string(),
            what: format_with_causes(other),
            help: other.help(),
        }],
    }
}

/// What the plan's look says of the services.
fn services(planned: &PlannedSpec) -> Vec<ServiceStatus> {
    let objects = planned.seen.objects.iter();
    let services = objects.filter(|(address, _)| wiring::SERVICES.contains(&address.kind()));
    services
        .filter_map(|(address, observed)| match observed {
            Observed::Absent => None,
            Observed::Present {
                attributes,
                outputs,
            } => Some(ServiceStatus {
                address: address.to_string(),
                signer: text(outputs, "signer"),
                balance_drip: match outputs.get("balance") {
                    Some(Value::Amount(drip)) => drip.0.to_string(),
                    _ => String::new(),
                },
                block: outputs
                    .get("block")
                    .and_then(Value::as_integer)
                    .and_then(|block| block.try_into().ok())
                    .unwrap_or_default(),
                duties: texts(attributes, wiring::DUTIES),
                waiting: texts(outputs, "waiting"),
                lag_seconds: 0,
                lag_blocks: 0,
            }),
        })
        .collect()
}

fn text(values: &Attributes, name: &str) -> String {
    let text = values.get(name).and_then(Value::as_text);
    text.unwrap_or_default().to_owned()
}

fn texts(values: &Attributes, name: &str) -> Vec<String> {
    let list = values.get(name).and_then(Value::as_list);
    let texts = list.unwrap_or_default().iter().filter_map(Value::as_text);
    texts.map(ToOwned::to_owned).collect()
}

/// Remembers what was done and what failed.
#[derive(Default)]
struct EventCollector(Mutex<HeardEvents>);

#[derive(Default)]
struct HeardEvents {
    begun: Vec<(EffectId, String)>,
    done: Vec<String>,
    troubles: Vec<SyncProblem>,
}

impl EventCollector {
    fn converging(&self, waits: &[(EffectId, String)]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = waits.iter().map(|(id, what)| SyncProblem {
            code: pospool_model::codes::APPLY_CONVERGING.to_string(),
            what: format!("{id}: {what}"),
            help: None,
        });
        heard.troubles.extend(waits);
    }
}

impl Listener for EventCollector {
    fn hear(&self, event: &Event<'_>) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { id, summary } => {
                heard.begun.push(((*id).clone(), (*summary).to_owned()));
            }
            Event::Ended { id, .. } => {
                let begun = heard.begun.iter().find(|(one, _)| one == *id);
                let summary = begun.map_or_else(
                    || id.to_string(),
                    |(id, what)| format!("{}: {what}", id.name),
                );
                heard.done.push(summary);
            }
            Event::Failed { id, error } => heard.troubles.push(trouble(id, error)),
            Event::Waiting { .. } | Event::Recorded { .. } => {}
        }
    }
}

fn trouble(id: &EffectId, error: &ProviderError) -> SyncProblem {
    SyncProblem {
        code: error.code().to_string(),
        what: format!("{id}: {}", format_with_causes(error)),
        help: None,
    }
}
