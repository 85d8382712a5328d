//! The engine's own kind: `record` keeps a value in the state and does nothing outside.

use async_trait::async_trait;
use pospool_model::plan::{Action, Effect};
use pospool_model::provider::{
    ChangeRequest, Design, Observation, ObserveContext, Observed, PlanContext, Planner, Progress,
    Target, Ticket,
};
use pospool_model::{
    AttributeSchema, Attributes, KindSchema, OnChange, OutputSchema, Presence, Problem, Provider,
    ProviderError, Role, Type, Value,
};

use crate::codes;

const RECORD: KindSchema = KindSchema {
    kind: "record",
    doc: "Keeps a value in the state and does nothing outside.",
    role: Role::Managed,
    attributes: &[AttributeSchema {
        name: "value",
        ty: Type::Any,
        presence: Presence::Required,
        on_change: OnChange::Update,
        doc: "What is kept: any value but a secret.",
    }],
    outputs: &[OutputSchema::new("value", "The value.")],
    open_outputs: false,
    identity: None,
    irreversible: None,
    example: "record \"note\" {\n  value = \"first pool\"\n}\n",
};

/// Answers for `record`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordProvider;

#[async_trait]
impl Provider for RecordProvider {
    fn name(&self) -> &'static str {
        "record"
    }

    fn kinds(&self) -> &'static [KindSchema] {
        &[RECORD]
    }

    fn normalise(&self, _: &str, attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        if attributes.values().any(holds_secret) {
            let what = "a record is kept in the state, and a secret never is";
            return Err(vec![Problem::new(codes::RECORD_SECRET, &["value"], what)]);
        }
        Ok(attributes)
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        _: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        // The state is the only place where a record is, so what is recorded is there.
        let there = targets.iter().filter(|target| target.recorded.is_some());
        Ok(Observation {
            objects: there
                .map(|target| {
                    let present = Observed::Present {
                        attributes: Attributes::new(),
                        outputs: Attributes::new(),
                    };
                    (target.address.clone(), present)
                })
                .collect(),
            ..Observation::default()
        })
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        Box::new(|task: &ChangeRequest<'_>, _: &PlanContext<'_>| Ok(design_record(task)))
    }

    async fn prepare(&self, effect: &Effect, _: &Attributes) -> Result<Ticket, ProviderError> {
        Err(no_effect(&effect.name))
    }

    async fn commit(&self, ticket: &Ticket, _: &dyn Progress) -> Result<Attributes, ProviderError> {
        Err(no_effect(&ticket.key))
    }
}

/// A record has its value; nothing is done outside.
fn design_record(task: &ChangeRequest<'_>) -> Design {
    let mut design = Design::default();
    if task.action != Action::Delete
        && let Some(value) = task.wanted.get("value")
    {
        design.outputs.insert("value".to_owned(), value.clone());
    }
    design
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::Endpoint(endpoint) => endpoint.name().is_some(),
        Value::List(list) => list.iter().any(holds_secret),
        Value::Map(map) => map.values().any(holds_secret),
        _ => false,
    }
}

fn no_effect(name: &str) -> ProviderError {
    ProviderError::refused(
        codes::RECORD_NO_EFFECT,
        format!("a record has no effect outside, and the plan names `{name}`"),
    )
}
