//! The fake provider with an outside that keeps its secrets.
//!
//! - Reads and changes: the fake's outside; a file of effects, where an outside must outlive the process.
//! - Returns: what the fake returns, but nothing of a thing that the state does not know: whoever
//!   forgets an effect makes it a second time, as on a chain.
//! - Never: goes wrong by itself.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use pospool_fake::{FakeProvider, Outside};
use pospool_model::plan::Effect;
use pospool_model::provider::{
    ChangeRequest, Design, Facts, Observation, ObserveContext, PlanContext, Planner, Progress,
    Settlement, Target, Ticket,
};
use pospool_model::{Attributes, KindSchema, Problem, Provider, ProviderError};
use serde_json::{Value as Json, json};

/// The counter of the outside: how many effects there were, as a nonce counts transactions.
pub const COUNTER: &str = "effects outside";

/// The provider of one run.
#[derive(Clone, Debug)]
pub struct Watched {
    fake: FakeProvider,
    outside: Option<(PathBuf, usize)>,
}

impl Watched {
    /// Watches a fake.
    #[must_use]
    pub fn new(fake: &FakeProvider) -> Self {
        Self {
            fake: fake.clone(),
            outside: None,
        }
    }

    /// Watches a fake whose effects are lines of a file.
    pub fn on_file(path: &Path) -> std::io::Result<Self> {
        let lines = effects_of(path)?;
        let fake = FakeProvider::default();
        for line in &lines {
            play_effect(&mut fake.outside(), line);
        }
        let mut watched = Self::new(&fake);
        watched.outside = Some((path.to_owned(), lines.len()));
        Ok(watched)
    }

    /// The world outside.
    #[must_use]
    pub fn fake(&self) -> &FakeProvider {
        &self.fake
    }

    /// Writes down an effect that took place, in one piece.
    fn write_down(&self, ticket: &Ticket) {
        let Some((path, _)) = &self.outside else {
            return;
        };
        let line = json!({"key": ticket.key, "payload": ticket.payload});
        let file = OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.expect("the file of effects can be written");
    }
}

/// The effects in a file; none if there is no file.
pub fn effects_of(path: &Path) -> std::io::Result<Vec<Json>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let lines = text.lines().map(serde_json::from_str);
    Ok(lines.collect::<Result<_, _>>()?)
}

/// Lets an effect take place in memory.
pub fn play_effect(outside: &mut Outside, line: &Json) {
    let key = line["key"].as_str().unwrap_or_default().to_owned();
    let payload = &line["payload"];
    let address = payload["address"].as_str().unwrap_or_default();
    *outside.effects.entry(key).or_default() += 1;
    if payload["op"] == "delete" {
        outside.things.remove(address);
    } else {
        let attributes = serde_json::from_value(payload["attributes"].clone());
        let attributes = attributes.unwrap_or_default();
        outside.things.insert(address.to_owned(), attributes);
    }
}

/// How often each step took effect, whatever its tickets were.
#[must_use]
pub fn count_effects(outside: &Outside) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (key, times) in &outside.effects {
        let step = key.split(" #").next().unwrap_or_default();
        *counts.entry(step.to_owned()).or_default() += times;
    }
    counts
}

/// Counts the effects of one plan beside those that were there.
struct Counting<'a> {
    fake: Box<dyn Planner + 'a>,
    next: Option<u64>,
}

impl Planner for Counting<'_> {
    fn design(
        &mut self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
    ) -> Result<Design, Vec<Problem>> {
        let design = self.fake.design(task, world)?;
        let seen = world.facts.get::<u64>().copied().unwrap_or_default();
        *self.next.get_or_insert(seen) += design.effects.len() as u64;
        Ok(design)
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let next = self.next.map(|next| (COUNTER.to_owned(), next));
        next.into_iter().collect()
    }
}

#[async_trait]
impl Provider for Watched {
    fn name(&self) -> &'static str {
        self.fake.name()
    }

    fn kinds(&self) -> &'static [KindSchema] {
        self.fake.kinds()
    }

    fn normalise(&self, kind: &str, wanted: Attributes) -> Result<Attributes, Vec<Problem>> {
        self.fake.normalise(kind, wanted)
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        scene: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        let mut found = self.fake.observe(targets, scene).await?;
        for target in targets.iter().filter(|target| target.recorded.is_none()) {
            found.objects.remove(target.address);
        }
        let count = self.fake.outside().effects.len() as u64;
        found.counters.insert(COUNTER.to_owned(), count);
        found.facts = Facts::new(count);
        Ok(found)
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        Box::new(Counting {
            fake: self.fake.planner(),
            next: None,
        })
    }

    async fn prepare(&self, effect: &Effect, inputs: &Attributes) -> Result<Ticket, ProviderError> {
        let mut ticket = self.fake.prepare(effect, inputs).await?;
        if let Some((_, before)) = &self.outside {
            // Each process counts its tickets from 1.
            ticket.key = format!("{}, after {before}", ticket.key);
        }
        Ok(ticket)
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        let known = self.fake.outside().effects.contains_key(&ticket.key);
        let ended = self.fake.commit(ticket, progress).await;
        if ended.is_ok() && !known {
            self.write_down(ticket);
        }
        ended
    }

    async fn settle(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Settlement, ProviderError> {
        self.commit(ticket, progress).await.map(Settlement::Ended)
    }
}
