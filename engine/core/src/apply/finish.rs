//! What the state says of a resource once its effects have ended.

use std::collections::BTreeMap;

use pospool_lang::config::Scope;
use pospool_model::plan::{Record, Step};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Value};

use super::{Event, Run};
use crate::resolve::{self, Outputs, Wanted};
use crate::store::{Entry, StoreError};

impl Run<'_> {
    /// Records every step whose effects have ended and whose dependencies are recorded.
    pub(super) fn finish_steps(&mut self) -> Result<(), StoreError> {
        let plan = self.plan;
        let mut unfinished: BTreeMap<&Address, usize> = BTreeMap::new();
        for (index, step) in plan.steps.iter().enumerate() {
            if self.finished[index] {
                continue;
            }
            let depends_on = step
                .record
                .as_ref()
                .map(|record| record.depends_on.as_slice());
            let waits = depends_on
                .unwrap_or_default()
                .iter()
                .any(|used| unfinished.contains_key(used));
            if waits || !self.schedule.step_ended(index) {
                unfinished.insert(&step.address, index);
                continue;
            }
            self.finish(step)?;
            self.finished[index] = true;
        }
        Ok(())
    }

    fn finish(&mut self, step: &Step) -> Result<(), StoreError> {
        let address = step.address.clone();
        let entry = match &step.record {
            None => Entry::Remove { address },
            Some(record) => Entry::Put {
                recorded: self.recorded(&address, record),
                address,
            },
        };
        self.store.record(entry)?;
        self.listener.hear(&Event::Recorded {
            address: &step.address,
        });
        Ok(())
    }

    fn recorded(&self, address: &Address, record: &Record) -> Recorded {
        let mut attributes = record.attributes.clone();
        if attributes.values().any(Value::has_unknown) {
            attributes = self.filled(address, attributes);
        }
        // Later knowledge wins: what an earlier object left behind, then what the plan knew
        // beforehand, then what the effects of this run said.
        let there = self.store.state().resources.get(address);
        let mut outputs = there.map(|there| there.outputs.clone()).unwrap_or_default();
        outputs.extend(record.outputs.clone());
        outputs.extend(self.said.get(address).cloned().unwrap_or_default());
        self.echo_attributes(address, &attributes, &mut outputs);
        Recorded {
            attributes,
            outputs,
            depends_on: record.depends_on.clone(),
            protected: record.protected,
            complete: true,
        }
    }

    /// An output with the name of an attribute is that attribute, unless an effect said otherwise.
    fn echo_attributes(
        &self,
        address: &Address,
        attributes: &Attributes,
        outputs: &mut Attributes,
    ) {
        let Some(schema) = self.context.registry.schema(address.kind()) else {
            return;
        };
        for output in schema.outputs {
            if let Some(value) = attributes.get(output.name) {
                outputs
                    .entry(output.name.to_owned())
                    .or_insert_with(|| value.clone());
            }
        }
    }

    /// Evaluates attributes again, now that what they refer to is known.
    fn filled(&self, address: &Address, planned: Attributes) -> Attributes {
        let (wanted, outputs) = self.live();
        let context = &self.context;
        let (attributes, problems) =
            resolve::resolve_one(context.config, address, context.registry, &wanted, &outputs);
        if problems.is_empty() {
            attributes
        } else {
            planned
        }
    }

    /// Wanted attributes and outputs as they are in this moment of the run.
    fn live(&self) -> (Wanted, Outputs) {
        let mut outputs = self.context.seen.given.clone();
        for (address, recorded) in &self.store.state().resources {
            outputs.insert(address.clone(), recorded.outputs.clone());
        }
        (self.context.seen.wanted.clone(), outputs)
    }

    /// Values of the spec's `output` blocks after a whole apply.
    pub(super) fn spec_outputs(&self) -> BTreeMap<String, Value> {
        let (wanted, outputs) = self.live();
        let scope = Scope {
            wanted: &wanted,
            outputs: &outputs,
        };
        // A plan without outputs took everything down: then there are none.
        self.plan
            .outputs
            .keys()
            .map(|name| {
                let (value, _) = self.context.config.evaluate_output(name, &scope);
                (name.clone(), value)
            })
            .collect()
    }
}
