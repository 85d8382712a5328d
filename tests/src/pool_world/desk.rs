//! Hosts, volumes, nodes and sources that take no time: the real kinds, and outputs in the real form.
//!
//! - Reads: wanted attributes.
//! - Returns: what the real providers would give.
//! - Never: makes one thing twice for one ticket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pospool_docker::DockerProvider;
use pospool_model::plan::{Action, Effect, Nature};
use pospool_model::provider::{
    ChangeRequest, Design, Observation, ObserveContext, Observed, PlanContext, Planner, Progress,
    Settlement, Target, Ticket,
};
use pospool_model::{Attributes, KindSchema, Problem, Provider, ProviderError, Value};
use pospool_modelchain::artifact::{node_key, pool_artifacts};
use pospool_source::SourceProvider;
use serde_json::json;

pospool_model::codes! {
    CANNOT = "desk/cannot", "The model has no such change.", "Only tests show it.";
}

/// A Docker Engine in memory.
#[derive(Clone, Debug, Default)]
pub struct DockerHarness {
    real: DockerProvider,
    there: Arc<Mutex<BTreeMap<String, Thing>>>,
    service_accounts: Arc<Mutex<BTreeSet<String>>>,
}

#[derive(Clone, Debug)]
struct Thing {
    outputs: Attributes,
    tickets: Vec<String>,
}

impl DockerHarness {
    fn there(&self) -> MutexGuard<'_, BTreeMap<String, Thing>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn services(&self) -> MutexGuard<'_, BTreeSet<String>> {
        let services = self.service_accounts.lock();
        services.unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a service sign with this account from now on.
    pub fn serve_with(&self, account: &str) {
        self.services().insert(account.to_owned());
    }

    /// Addresses of what was made more than once.
    #[must_use]
    pub fn made_twice(&self) -> Vec<String> {
        let there = self.there();
        let twice = there.iter().filter(|(_, thing)| thing.tickets.len() > 1);
        twice.map(|(address, _)| address.clone()).collect()
    }

    /// PoS addresses of the nodes that are there.
    #[must_use]
    pub fn pos_addresses(&self) -> BTreeMap<String, String> {
        let there = self.there();
        let keys = there.iter().filter_map(|(address, thing)| {
            let key = thing.outputs.get("pos_address")?.as_text()?;
            Some((address.clone(), key.to_owned()))
        });
        keys.collect()
    }
}

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    pairs
        .map(|(name, text)| (name.to_owned(), Value::from(text)))
        .into()
}

fn outputs_of(address: &str) -> Attributes {
    if address.starts_with("volume.") {
        return texts([("name", address), ("engine_id", "model")]);
    }
    let key = node_key(address);
    texts([
        ("container_id", address),
        ("container_name", address),
        ("pos_address", &key.pos_address),
        ("register_data", &key.register_data),
        ("engine_id", "model"),
    ])
}

/// Plans one change.
fn design_change(task: &ChangeRequest<'_>, _: &PlanContext<'_>) -> Result<Design, Vec<Problem>> {
    let address = task.address.as_str();
    let effects = match task.action {
        Action::Create => vec![Effect {
            name: "make".to_owned(),
            provider: "docker".to_owned(),
            summary: format!("make {address}"),
            nature: Nature::Act,
            payload: json!({ "address": address }),
            inputs: BTreeMap::new(),
            needs: Vec::new(),
        }],
        // Only what says how pospool reaches it can differ.
        Action::Update => Vec::new(),
        other => {
            let what = format!("the model's desk cannot {other:?} {address}");
            return Err(vec![Problem::new(CANNOT, &[], what)]);
        }
    };
    Ok(Design {
        effects,
        ..Design::default()
    })
}

#[async_trait]
impl Provider for DockerHarness {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn kinds(&self) -> &'static [KindSchema] {
        self.real.kinds()
    }

    fn normalise(&self, kind: &str, attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        self.real.normalise(kind, attributes)
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        _: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        let there = self.there();
        let mut found = Observation {
            service_accounts: self.services().clone(),
            ..Observation::default()
        };
        for target in targets {
            let address = target.address;
            let seen = match (address.kind(), there.get(address.as_str())) {
                ("host", _) => Observed::Present {
                    attributes: Attributes::new(),
                    outputs: texts([("docker", "unix:///model.sock"), ("engine_id", "model")]),
                },
                // Nobody changes anything here by hand: it is as wanted.
                (_, Some(thing)) => Observed::Present {
                    attributes: target.wanted.cloned().unwrap_or_default(),
                    outputs: thing.outputs.clone(),
                },
                (_, None) => Observed::Absent,
            };
            found.objects.insert(address.clone(), seen);
        }
        Ok(found)
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        Box::new(design_change)
    }

    async fn prepare(&self, effect: &Effect, _: &Attributes) -> Result<Ticket, ProviderError> {
        let payload = &effect.payload;
        let count = self.there().len();
        Ok(Ticket {
            key: format!("{} #{count}", effect.summary),
            payload: payload.clone(),
        })
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let address = ticket.payload["address"].as_str().unwrap_or_default();
        let outputs = {
            let mut there = self.there();
            let thing = there.entry(address.to_owned()).or_insert_with(|| Thing {
                outputs: outputs_of(address),
                tickets: Vec::new(),
            });
            if !thing.tickets.contains(&ticket.key) {
                thing.tickets.push(ticket.key.clone());
            }
            thing.outputs.clone()
        };
        progress.sent();
        tokio::time::sleep(Duration::from_millis(700)).await;
        Ok(outputs)
    }
}

/// Sources that are compiled already.
#[derive(Clone, Debug)]
pub struct Shelf {
    real: SourceProvider,
    compiled: Attributes,
}

impl Default for Shelf {
    fn default() -> Self {
        let compiled = pool_artifacts().into_iter().map(|artifact| {
            let map = texts([
                ("abi", artifact.abi),
                ("bytecode", &artifact.bytecode),
                ("contract", artifact.contract),
                ("digest", &artifact.digest),
                ("file", "contracts/Model.sol"),
                ("runtime", &artifact.runtime),
            ]);
            (artifact.contract.to_owned(), Value::Map(map))
        });
        Self::of(compiled.collect())
    }
}

impl Shelf {
    /// Each source gives these contracts.
    #[must_use]
    pub fn of(compiled: Attributes) -> Self {
        Self {
            real: SourceProvider::new("no cache is used"),
            compiled,
        }
    }
}

#[async_trait]
impl Provider for Shelf {
    fn name(&self) -> &'static str {
        "source"
    }

    fn kinds(&self) -> &'static [KindSchema] {
        self.real.kinds()
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        _: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        let objects = targets.iter().map(|target| {
            let present = Observed::Present {
                attributes: Attributes::new(),
                outputs: self.compiled.clone(),
            };
            (target.address.clone(), present)
        });
        Ok(Observation {
            objects: objects.collect(),
            ..Observation::default()
        })
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        self.real.planner()
    }

    async fn prepare(&self, effect: &Effect, inputs: &Attributes) -> Result<Ticket, ProviderError> {
        self.real.prepare(effect, inputs).await
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        self.real.commit(ticket, progress).await
    }

    async fn settle(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Settlement, ProviderError> {
        self.real.settle(ticket, progress).await
    }
}
