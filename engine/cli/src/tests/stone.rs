//! A provider for what the fake has not: costs, notes, what cannot be undone, and waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use pospool_model::plan::{Action, Cost, Effect, Nature, Purpose};
use pospool_model::provider::{
    ChangeRequest, Design, Observation, ObserveContext, Observed, PlanContext, Planner, Progress,
    Settlement, Target, Ticket,
};
use pospool_model::{
    AttributeSchema, Attributes, Drip, KindSchema, OnChange, Presence, Problem, Provider,
    ProviderError, Role, Type, Value,
};

pospool_model::codes! {
    HARD = "stone/hard", "The stone is too hard.", "Only tests show it.";
}

const fn attribute(name: &'static str) -> AttributeSchema {
    AttributeSchema {
        name,
        ty: Type::Text,
        presence: Presence::Optional,
        on_change: OnChange::Update,
        doc: "For tests.",
    }
}

const STONE: KindSchema = KindSchema {
    kind: "stone",
    doc: "Something that is hard to move. It is for tests.",
    role: Role::Managed,
    attributes: &[attribute("mood"), attribute("state"), attribute("text")],
    outputs: &[],
    open_outputs: false,
    identity: None,
    irreversible: Some("what is carved stays carved"),
    example: "stone \"a\" {}\n",
};

/// Its mood says how a commit ends: `slow`, `stubborn`, `stop` or well. As a `gift` it is given away for good; a `lonely` one
/// changes nothing while nobody can look at `record.friend`.
pub(super) struct StoneProvider {
    cancel: Arc<AtomicBool>,
}

impl StoneProvider {
    pub(super) fn new(cancel: Arc<AtomicBool>) -> Self {
        Self { cancel }
    }
}

/// Plans one change.
fn design_change(task: &ChangeRequest<'_>) -> Result<Design, Vec<Problem>> {
    if task.action == Action::Delete {
        let notes = vec!["the stone stays where it is".to_owned()];
        return Ok(Design::forgotten(notes));
    }
    let mood = task
        .wanted
        .get("mood")
        .and_then(Value::as_text)
        .unwrap_or_default();
    if mood == "lonely" && task.action == Action::Update {
        let friend = "record.friend".parse().unwrap();
        let problem = Problem::new(HARD, &[], "nobody knows of its friend");
        return Err(vec![problem.needing(&friend)]);
    }
    let cost = |purpose, cfx| Cost {
        payer: "account.operator".parse().unwrap(),
        purpose,
        amount: Drip::from_cfx(cfx).unwrap(),
    };
    Ok(Design {
        effects: vec![Effect {
            name: "carve".to_owned(),
            provider: "stone".to_owned(),
            summary: format!("carve `{}`", task.address),
            nature: Nature::Act,
            payload: mood.into(),
            inputs: BTreeMap::new(),
            needs: Vec::new(),
        }],
        costs: vec![
            cost(Purpose::Gas, 1),
            cost(Purpose::Collateral, 2),
            cost(Purpose::Stake, 1000),
        ],
        notes: vec!["bring a chisel".to_owned()],
        irreversible: (mood == "gift").then(|| "the stone is somebody else's then".to_owned()),
        ..Design::default()
    })
}

#[async_trait]
impl Provider for StoneProvider {
    fn name(&self) -> &'static str {
        "stone"
    }

    fn kinds(&self) -> &'static [KindSchema] {
        &[STONE]
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        _: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        let there = targets
            .iter()
            .filter(|target| target.recorded.is_some_and(|it| it.complete));
        let present = there.map(|target| {
            let present = Observed::Present {
                attributes: Attributes::new(),
                outputs: Attributes::new(),
            };
            (target.address.clone(), present)
        });
        Ok(Observation {
            objects: present.collect(),
            ..Observation::default()
        })
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        Box::new(|task: &ChangeRequest<'_>, _: &PlanContext<'_>| design_change(task))
    }

    async fn prepare(&self, effect: &Effect, _: &Attributes) -> Result<Ticket, ProviderError> {
        Ok(Ticket {
            key: effect.name.clone(),
            payload: effect.payload.clone(),
        })
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        progress.waiting("the chisel");
        match ticket.payload.as_str() {
            Some("slow") => Err(ProviderError::Converging {
                what: "blow 3 of 90".to_owned(),
            }),
            Some("stubborn") => Err(ProviderError::Refused {
                code: HARD,
                what: "the stone is too hard".to_owned(),
                source: Some("it is granite".into()),
            }),
            Some("stop") => {
                self.cancel.store(true, Ordering::Relaxed);
                Err(ProviderError::Cancelled)
            }
            _ => Ok(Attributes::new()),
        }
    }

    async fn settle(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Settlement, ProviderError> {
        self.commit(ticket, progress).await.map(Settlement::Ended)
    }
}
