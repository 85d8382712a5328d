//! `sync`, as far as it needs no chain.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pospool_engine::registry::Registry;
use pospool_fake::codes::{REFUSED, UNREACHABLE};
use pospool_model::plan::Effect;
use pospool_model::provider::{
    ChangeRequest, Design, Observation, ObserveContext, Observed, PlanContext, Planner, Progress,
    Target, Ticket,
};
use pospool_model::{
    AttributeSchema, Attributes, KindSchema, OnChange, Presence, Problem, Provider, ProviderError,
    Role, Type, Value,
};
use serde_json::Value as Json;

use super::World;
use crate::exit::Exit;

const SERVICE: KindSchema = KindSchema {
    kind: "bridge_service",
    doc: "Something that has duties. It is for tests.",
    role: Role::Managed,
    attributes: &[AttributeSchema::new(
        "duties",
        Type::List(&Type::Text),
        Presence::Optional,
        OnChange::Update,
        "For tests.",
    )],
    outputs: &[],
    open_outputs: false,
    identity: None,
    irreversible: None,
    example: "bridge_service \"a\" {}\n",
};

/// A service that always has one duty, and needs no effect for it.
#[derive(Clone, Default)]
struct ServiceProvider(Arc<Mutex<Duty>>);

#[derive(Clone, Copy, Default)]
struct Duty {
    /// The next nonce of its account.
    nonce: u64,
    /// Whether it can be looked at.
    is_hidden: bool,
    /// Whether its calls cannot be designed.
    is_poor: bool,
}

impl ServiceProvider {
    fn duty(&self) -> Duty {
        *self.0.lock().unwrap()
    }
}

#[async_trait]
impl Provider for ServiceProvider {
    fn name(&self) -> &'static str {
        "service"
    }

    fn kinds(&self) -> &'static [KindSchema] {
        &[SERVICE]
    }

    fn normalise(&self, _: &str, mut attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        attributes.insert("duties".to_owned(), Value::List(Vec::new()));
        Ok(attributes)
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        _: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        let duty = self.duty();
        let mut found = Observation::default();
        for target in targets {
            if duty.is_hidden {
                let problem = Problem::new(UNREACHABLE, &[], "it cannot be looked at");
                found.problems.push((target.address.clone(), problem));
                continue;
            }
            let duties = Value::List(vec![Value::from("withdraw 1")]);
            let there = Observed::Present {
                attributes: [("duties".to_owned(), duties)].into(),
                outputs: Attributes::new(),
            };
            found.objects.insert(target.address.clone(), there);
            found.counters.insert("nonce".to_owned(), duty.nonce);
        }
        Ok(found)
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        let is_poor = self.duty().is_poor;
        Box::new(move |_: &ChangeRequest<'_>, _: &PlanContext<'_>| {
            if is_poor {
                Err(vec![Problem::new(REFUSED, &[], "its account is empty")])
            } else {
                Ok(Design::default())
            }
        })
    }

    async fn prepare(&self, _: &Effect, _: &Attributes) -> Result<Ticket, ProviderError> {
        Err(ProviderError::Cancelled)
    }

    async fn commit(&self, _: &Ticket, _: &dyn Progress) -> Result<Attributes, ProviderError> {
        Err(ProviderError::Cancelled)
    }
}

/// A pool whose state knows the nonce 5, and its service.
fn served() -> (World, ServiceProvider) {
    let mut world = World::new("bridge_service \"main\" {\n}\n");
    let service = ServiceProvider::default();
    service.0.lock().unwrap().nonce = 5;
    world.registry = Registry::new(vec![Arc::new(service.clone())]);
    world.apply();
    (world, service)
}

/// The report of one round.
fn round(world: &World) -> Json {
    let ran = world.run("sync --once --json");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

const STATUS: &str = r#"{"format_version":1,"time":TIME,"round":7,"conduct":"idle","services":[],"sent":[],"errors":[],"failures":FAILURES,"next_seconds":30,"stale_seconds":600}"#;

#[test]
fn what_nobody_approved_is_refused() {
    let world = World::new("record \"a\" {\n  value = 1\n}\n");
    let ran = world.run("sync --once");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("error[cli/not-a-service]"), "{}", ran.err);
    assert!(ran.err.contains("`record.a`"), "{}", ran.err);
    assert!(!world.path("pospool.state.json").exists());
    let ran = World::new("").run("sync --once");
    assert!(ran.err.contains("error[cli/no-service]"), "{}", ran.err);
}

#[test]
fn health_is_what_the_status_says() {
    let world = World::new("");
    let ran = world.run("sync --health");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("error[cli/file]"), "{}", ran.err);
    // Far in the future counts as just now.
    for (time, failures, exit) in [
        ("99999999999", "0", Exit::Done),
        ("99999999999", "3", Exit::Error),
        ("1000", "0", Exit::Error),
    ] {
        let status = STATUS.replace("TIME", time).replace("FAILURES", failures);
        world.write("pospool.sync.json", &status);
        assert_eq!(world.run("sync --health").exit, exit, "{time} {failures}");
    }
    world.write("pospool.sync.json", "{}");
    let ran = world.run("sync --health");
    assert!(ran.out.starts_with("not healthy"), "{}", ran.out);
}

/// What was seen of a service is told although its calls cannot be made, and whose turn it is comes before that.
#[test]
fn a_round_whose_calls_cannot_be_made_tells_what_it_saw() {
    let (world, service) = served();
    service.0.lock().unwrap().is_poor = true;
    let failed = round(&world);
    assert_eq!(failed["conduct"], "failed");
    assert_eq!(failed["errors"][0]["code"], "fake/refused");
    assert_eq!(failed["errors"][1], Json::Null, "{failed}");
    assert_eq!(failed["services"][0]["duties"][0], "withdraw 1");
    service.0.lock().unwrap().nonce = 6;
    let other = round(&world);
    assert_eq!(other["conduct"], "standing_by");
    assert_eq!(other["errors"][0]["code"], "state/other-hand");
    assert_eq!(other["errors"][1], Json::Null, "{other}");
}

#[test]
fn a_round_that_saw_nothing_knows_of_no_turn() {
    let (world, service) = served();
    *service.0.lock().unwrap() = Duty {
        nonce: 6,
        is_hidden: true,
        is_poor: false,
    };
    let failed = round(&world);
    assert_eq!(failed["conduct"], "failed");
    assert_eq!(failed["errors"][0]["code"], "fake/unreachable");
    assert_eq!(failed["services"], Json::Array(Vec::new()));
}
