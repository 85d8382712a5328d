//! A provider whose outside is a map in memory, with faults on demand.
//!
//! - Reads and changes: its own [`Outside`], which a test holds too.
//! - Returns: what a real provider would, failures included.
//! - Never: does anything outside the process, sleeps, or picks at random.
//!
//! Its one kind is `thing`. Each effect of a thing is counted in the outside by its
//! ticket, so that a test can say "exactly once".

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use pospool_model::plan::{Action, Effect, Nature};
use pospool_model::provider::{
    ChangeRequest, Design, EarlierSign, Observation, ObserveContext, Observed, PlanContext,
    Planner, Progress, Settlement, StatusContext, Target, Ticket,
};
use pospool_model::status::StatusPart;
use pospool_model::{
    Address, Attributes, Finding, KindSchema, Problem, Provider, ProviderError, Value,
};
use serde_json::json;

/// Codes of the faults that the fake is told to have.
pub mod codes {
    pospool_model::codes! {
        FORBIDDEN = "fake/forbidden", "The fake was asked for what a test forbids.", "Only tests show it.";
        REFUSED = "fake/refused", "The fake was told to refuse.", "Only tests show it.";
        UNREACHABLE = "fake/unreachable", "The fake was told not to answer.", "Only tests show it.";
        UNKNOWN_ID = "fake/unknown-id", "The fake knows no such object.", "Only tests show it.";
        LOST = "fake/lost", "The fake was told to lose its answer.", "Only tests show it.";
        UNWELL = "fake/unwell", "The fake was told that something is not well.", "Only tests show it.";
        DEAD = "fake/dead", "The fake was told to die.", "Only tests show it.";
    }
}

/// What goes wrong, and at which commit (counted from 0 over the life of the outside).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FakeFault {
    /// The commit is refused, and nothing happened.
    Refused(usize),
    /// Nothing was sent.
    Unreachable(usize),
    /// It was sent and took effect, and the answer was lost.
    AnswerLost(usize),
    /// The process dies before the effect: nothing else happens in this run.
    DiesBefore(usize),
    /// The process dies after the effect.
    DiesAfter(usize),
}

/// The world outside: things, and a count for every ticket that took effect.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Things that are there.
    pub things: BTreeMap<String, Attributes>,
    /// How often each ticket took effect.
    pub effects: BTreeMap<String, usize>,
    /// What each look finds beside the things.
    pub findings: Vec<Finding>,
    /// How things are, for whoever watches them.
    pub status: Vec<StatusPart>,
    /// The last lines of things.
    pub logs: BTreeMap<Address, Vec<String>>,
    /// Signs that something was made under another state.
    pub earlier: Vec<EarlierSign>,
    /// Things that had better be stopped later, and why.
    pub bad_moments: BTreeMap<Address, String>,
    /// What goes wrong next.
    pub fault: Option<FakeFault>,
    /// Whether the process counts as dead: every further call fails.
    pub dead: bool,
    /// Things that a look does not get to see.
    pub unseen: BTreeSet<String>,
    /// Things that a look says nothing of, whether they are there or not.
    pub passed_over: BTreeSet<String>,
    /// Things that belong to somebody else: no change of them is designed.
    pub foreign: BTreeSet<String>,
    /// A change of a thing needs only what is recorded of those that it uses.
    pub sightless: bool,
    /// What effects are counted under, as an account counts its transactions; `None` if they are not.
    pub counter: Option<&'static str>,
    /// All effects share one lane, as transactions of one account do.
    pub one_lane: bool,
    commits: usize,
    tickets: usize,
}

/// The provider.
#[derive(Clone, Debug, Default)]
pub struct FakeProvider {
    outside: Arc<Mutex<Outside>>,
}

impl Outside {
    /// How many commits there were: the number of the next one.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.commits
    }
}

impl FakeProvider {
    /// The world outside, to look at and to change.
    pub fn outside(&self) -> MutexGuard<'_, Outside> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, ticket: &Ticket) -> Attributes {
        let mut outside = self.outside();
        let key = &ticket.key;
        let address = ticket.payload["address"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if !outside.effects.contains_key(key) {
            *outside.effects.entry(key.clone()).or_default() += 1;
            if ticket.payload["op"] == "delete" {
                outside.things.remove(&address);
            } else {
                let attributes = serde_json::from_value(ticket.payload["attributes"].clone());
                outside
                    .things
                    .insert(address.clone(), attributes.unwrap_or_default());
            }
        }
        let made = Self::made(&outside, &address);
        Attributes::from([
            ("id".to_owned(), Value::from(format!("id of {address}"))),
            ("made".to_owned(), made),
        ])
    }

    /// How many tickets of a thing took effect.
    fn made(outside: &Outside, address: &str) -> Value {
        let mine = format!("make {address} #");
        let count = outside.effects.keys().filter(|key| key.starts_with(&mine));
        Value::Integer(i64::try_from(count.count()).unwrap_or(i64::MAX))
    }

    /// The number of the next effect, if they are counted.
    fn next_effect(&self) -> Option<(&'static str, u64)> {
        let outside = self.outside();
        Some((outside.counter?, outside.effects.len() as u64))
    }

    /// The fault of this commit, if it is its turn.
    fn fault(&self) -> Option<FakeFault> {
        let mut outside = self.outside();
        let now = outside.commits;
        outside.commits += 1;
        let due = |at: usize| at == now;
        outside.fault.filter(|fault| match fault {
            FakeFault::Refused(at)
            | FakeFault::Unreachable(at)
            | FakeFault::AnswerLost(at)
            | FakeFault::DiesBefore(at)
            | FakeFault::DiesAfter(at) => due(*at),
        })
    }
}

/// The lane of all effects, if they share one.
const LANE: &str = "fake lane";

struct FakePlanner {
    foreign: BTreeSet<String>,
    held: Option<String>,
    /// The number of the next effect, if they are counted.
    next: Option<(&'static str, u64)>,
}

impl Planner for FakePlanner {
    fn hold(&mut self, lanes: &BTreeMap<String, String>) {
        self.held = lanes.get(LANE).cloned();
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        counters(self.next)
    }

    fn design(
        &mut self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
    ) -> Result<Design, Vec<Problem>> {
        if self.foreign.contains(task.address.as_str()) {
            let what = "it belongs to somebody else";
            return Err(vec![Problem::new(codes::REFUSED, &["value"], what)]);
        }
        let design = design_change(task, world)?;
        if let Some((_, next)) = &mut self.next {
            *next += design.effects.len() as u64;
        }
        match &self.held {
            Some(why) if !design.effects.is_empty() => {
                let what = format!("the lane is held: {why}");
                Err(vec![Problem::new(codes::REFUSED, &[], what)])
            }
            _ => Ok(design),
        }
    }
}

/// The one counter, if there is one.
fn counters(next: Option<(&str, u64)>) -> BTreeMap<String, u64> {
    let next = next.map(|(name, next)| (name.to_owned(), next));
    next.into_iter().collect()
}

/// Plans one change.
fn design_change(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
) -> Result<Design, Vec<Problem>> {
    let address = task.address.as_str();
    let wanted = &with_identities(task.wanted, world)?;
    let act = |name: &str, op: &str| Effect {
        name: name.to_owned(),
        provider: "fake".to_owned(),
        summary: format!("{op} {address}"),
        nature: Nature::Act,
        payload: json!({"op": op, "address": address, "attributes": wanted}),
        inputs: BTreeMap::new(),
        needs: Vec::new(),
    };
    let effects = match task.action {
        Action::Delete if *task.observed == Observed::Absent => Vec::new(),
        Action::Delete => vec![act("delete", "delete")],
        Action::Replace => vec![act("delete", "delete"), act("make", "make")],
        Action::Update if task.changed.is_empty() => Vec::new(),
        _ => vec![act("make", "make")],
    };
    let id = Value::from(format!("id of {address}"));
    let notes = if begun(task) && effects.is_empty() {
        vec!["it was begun and lacks nothing".to_owned()]
    } else {
        Vec::new()
    };
    Ok(Design {
        effects,
        notes,
        outputs: Attributes::from([("id".to_owned(), id)]),
        ..Design::default()
    })
}

#[async_trait]
impl Provider for FakeProvider {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn kinds(&self) -> &'static [KindSchema] {
        &[kinds::THING]
    }

    fn normalise(&self, _: &str, attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        if attributes.get("value") == Some(&Value::from("forbidden")) {
            return Err(vec![Problem::new(
                codes::FORBIDDEN,
                &["value"],
                "this value is forbidden",
            )]);
        }
        Ok(attributes)
    }

    async fn collect_status(&self, _: &[Target<'_>], _: &StatusContext<'_>) -> Vec<StatusPart> {
        self.outside().status.clone()
    }

    async fn collect_logs(
        &self,
        _: &[Target<'_>],
        _: &StatusContext<'_>,
        lines: usize,
    ) -> BTreeMap<Address, Vec<String>> {
        let mut logs = self.outside().logs.clone();
        for log in logs.values_mut() {
            log.drain(..log.len().saturating_sub(lines));
        }
        logs
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        _: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        let next = self.next_effect();
        let outside = self.outside();
        if outside.dead {
            return Err(dead());
        }
        let is_seen = |target: &&Target<'_>| {
            let address = target.address.as_str();
            !outside.unseen.contains(address) && !outside.passed_over.contains(address)
        };
        let objects = targets.iter().filter(is_seen).filter_map(|target| {
            let attributes = outside.things.get(target.address.as_str())?.clone();
            let present = Observed::Present {
                attributes,
                outputs: [(
                    "made".to_owned(),
                    Self::made(&outside, target.address.as_str()),
                )]
                .into(),
            };
            Some((target.address.clone(), present))
        });
        let unseen = targets
            .iter()
            .filter(|target| outside.unseen.contains(target.address.as_str()));
        let problem = Problem::new(codes::UNREACHABLE, &["value"], "it cannot be looked at");
        let problem = problem.help("let it be seen");
        Ok(Observation {
            problems: unseen
                .map(|target| (target.address.clone(), problem.clone()))
                .collect(),
            objects: objects.collect(),
            findings: outside.findings.clone(),
            earlier: outside.earlier.clone(),
            bad_moments: outside.bad_moments.clone(),
            counters: counters(next),
            ..Observation::default()
        })
    }

    fn needs_sight(&self, _: &Address, _: &Address) -> bool {
        !self.outside().sightless
    }

    fn held_lanes(&self, _: &Ticket) -> Vec<String> {
        let lane = self.outside().one_lane.then(|| LANE.to_owned());
        lane.into_iter().collect()
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        let next = self.next_effect();
        Box::new(FakePlanner {
            foreign: self.outside().foreign.clone(),
            held: None,
            next,
        })
    }

    async fn prepare(&self, effect: &Effect, _: &Attributes) -> Result<Ticket, ProviderError> {
        let mut outside = self.outside();
        if outside.dead {
            return Err(dead());
        }
        outside.tickets += 1;
        Ok(Ticket {
            key: format!("{} #{}", effect.summary, outside.tickets),
            payload: effect.payload.clone(),
        })
    }

    /// The fake outside takes each ticket once, as a chain does.
    async fn settle(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Settlement, ProviderError> {
        self.commit(ticket, progress).await.map(Settlement::Ended)
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        tokio::task::yield_now().await;
        if self.outside().dead {
            return Err(dead());
        }
        match self.fault() {
            Some(FakeFault::Refused(_)) => Err(ProviderError::refused(
                codes::REFUSED,
                "the fake outside refused it",
            )),
            Some(FakeFault::Unreachable(_)) => Err(ProviderError::Unreachable {
                code: codes::UNREACHABLE,
                what: "the fake outside".to_owned(),
                source: None,
            }),
            Some(FakeFault::AnswerLost(_)) => {
                self.carry_out(ticket);
                Err(lost())
            }
            Some(FakeFault::DiesBefore(_)) => {
                self.outside().dead = true;
                Err(dead())
            }
            Some(FakeFault::DiesAfter(_)) => {
                self.carry_out(ticket);
                self.outside().dead = true;
                Err(dead())
            }
            None => {
                progress.sent();
                Ok(self.carry_out(ticket))
            }
        }
    }
}

fn begun(task: &ChangeRequest<'_>) -> bool {
    task.recorded.is_some_and(|recorded| !recorded.complete)
}

/// Settings as they will be seen outside: a resource inside stands for its id.
fn with_identities(
    wanted: &Attributes,
    world: &PlanContext<'_>,
) -> Result<Attributes, Vec<Problem>> {
    let mut wanted = wanted.clone();
    let Some(Value::Map(settings)) = wanted.get_mut("settings") else {
        return Ok(wanted);
    };
    for (name, value) in settings {
        if let Value::Resource(resource) = value {
            let id = world.outputs.get(resource).and_then(|it| it.get("id"));
            let Some(id) = id else {
                let summary = format!("the id of `{resource}` is not known yet");
                return Err(vec![Problem::new(
                    codes::UNKNOWN_ID,
                    &["settings", name],
                    summary,
                )]);
            };
            *value = id.clone();
        }
    }
    Ok(wanted)
}

fn lost() -> ProviderError {
    ProviderError::OutcomeUnknown {
        code: codes::LOST,
        what: "the fake outside".to_owned(),
        source: None,
    }
}

fn dead() -> ProviderError {
    ProviderError::OutcomeUnknown {
        code: codes::DEAD,
        what: "this process is dead".to_owned(),
        source: None,
    }
}
