//! What the state says of a resource once its effects have ended.

use std::collections::BTreeMap;

use pospool_lang::config::Scope;
use pospool_model::plan::{Record, Step};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Value};

use super::{ApplyRun, Event};
use crate::resolve;
use crate::store::{JournalEntry, StoreError};

impl ApplyRun<'_> {
    /// Records what may be recorded before the first effect: steps that have none.
    pub(super) fn finish_ended_steps(&mut self) -> Result<(), StoreError> {
        for step in 0..self.plan.steps.len() {
            if self.schedule.step_ended(step) {
                self.recording.ended(step);
            }
        }
        self.finish_steps()
    }

    /// Records every step whose effects have ended and whose dependencies are recorded.
    pub(super) fn finish_steps(&mut self) -> Result<(), StoreError> {
        let plan = self.plan;
        while let Some(step) = self.recording.next() {
            self.finish(&plan.steps[step])?;
            self.recording.recorded(step);
        }
        Ok(())
    }

    fn finish(&mut self, step: &Step) -> Result<(), StoreError> {
        let address = step.address.clone();
        let entry = match &step.record {
            None => JournalEntry::Remove { address },
            Some(record) => JournalEntry::Put {
                recorded: self.recorded(&address, record),
                address,
            },
        };
        self.store.record(entry)?;
        self.refresh(&step.address);
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
        let context = &self.context;
        let (attributes, problems) =
            resolve::resolve_one(context.config, address, context.registry, &self.scope());
        if problems.is_empty() {
            attributes
        } else {
            planned
        }
    }

    /// Wanted attributes and outputs as they are in this moment of the run. A local is read only by steps whose
    /// dependencies are recorded, so that its value stays.
    fn scope(&self) -> Scope<'_> {
        Scope {
            wanted: &self.context.seen.wanted,
            outputs: &self.known,
            locals: &self.locals,
        }
    }

    /// Takes over what the state now says of a resource.
    pub(super) fn refresh(&mut self, address: &Address) {
        let recorded = self.store.state().resources.get(address);
        let outputs = recorded.map(|recorded| &recorded.outputs);
        match outputs.or_else(|| self.context.seen.given.get(address)) {
            Some(outputs) => _ = self.known.insert(address.clone(), outputs.clone()),
            None => _ = self.known.remove(address),
        }
    }

    /// Values of the spec's `output` blocks after a whole apply; what reads something blocked is as it was.
    pub(super) fn spec_outputs(&self) -> BTreeMap<String, Value> {
        let scope = self.scope();
        // A plan without outputs took everything down: then there are none.
        self.plan
            .outputs
            .iter()
            .map(|(name, planned)| {
                let (value, _) = self.context.config.evaluate_output(name, &scope);
                let is_whole = self.plan.blocked.is_empty() && self.plan.left_out.is_empty();
                let kept = value.has_unknown() && !is_whole;
                (name.clone(), if kept { planned.clone() } else { value })
            })
            .collect()
    }
}
