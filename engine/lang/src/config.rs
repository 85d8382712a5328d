//! Blocks and schemas to typed resources.
//!
//! - Reads: the parsed spec, the providers' kinds, and values of variables.
//! - Returns: a [`Config`]: resources with their dependencies, whose expressions can
//!   be evaluated as soon as what they read is known; and every problem, not the first.
//! - Never: asks a provider, opens a file, reads the environment, or holds a secret:
//!   `env("NAME")` and `file("PATH")` stay names here.

mod blocks;
mod calls;
mod collect;
mod cycles;
mod decode;
mod evaluate;
mod functions;
mod implied;
mod kinds;
mod linking;
mod locals;
mod lookup;
mod loops;
mod names;
mod operators;
mod paths;
mod place;
mod problems;
mod references;
mod resource;
mod sections;
mod state_place;
mod templates;
mod types;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use pospool_model::{Address, Attributes, Diagnostic, Groups, Span, Value};

pub use crate::spec::CODES;
use crate::spec::{File, bytes_of};
use blocks::Local;
pub use blocks::{Lifecycle, OutputBlock, Resource};
pub use decode::decode_spec;
pub use functions::{FUNCTIONS, SpecFunction};
pub use kinds::Kinds;
pub use locals::LocalValues;
pub use state_place::state_url;
pub use variables::VariableInputs;

/// A decoded spec.
#[derive(Clone, Debug, Default)]
pub struct Config {
    files: Vec<File>,
    variables: BTreeMap<String, Value>,
    locals: BTreeMap<String, Local>,
    resources: BTreeMap<Address, Resource>,
    outputs: BTreeMap<String, OutputBlock>,
    groups: Groups,
    order: Vec<Address>,
    reads: BTreeMap<Address, BTreeSet<String>>,
    digest: String,
}

/// What is known of the resources while expressions are evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Wanted attributes of the resources evaluated so far.
    pub wanted: &'a BTreeMap<Address, Attributes>,
    /// Outputs as far as they are known.
    pub outputs: &'a BTreeMap<Address, Attributes>,
    /// Values of locals that were evaluated in this scope.
    pub locals: &'a LocalValues,
}

impl Config {
    /// All resources, sorted by address.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// Finds a resource.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<&Resource> {
        self.resources.get(address)
    }

    /// All resources, each after those that it depends on; among equals by name.
    #[must_use]
    pub fn order(&self) -> &[Address] {
        &self.order
    }

    /// Groups of resources that are used together.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Names of outputs and attributes that resources and `output` blocks read, by the resource that they are read of.
    #[must_use]
    pub fn reads(&self) -> &BTreeMap<Address, BTreeSet<String>> {
        &self.reads
    }

    /// Places for the values of locals, for one pass through the resources in their order.
    #[must_use]
    pub fn local_values(&self) -> LocalValues {
        LocalValues::of(&self.locals)
    }

    /// Evaluates the attributes of a resource.
    ///
    /// Optional attributes that are not written are absent, references that are
    /// implied are filled in. An attribute with a problem is [`Value::Unknown`], so
    /// that what reads it can still be looked at.
    #[must_use]
    pub fn evaluate(&self, address: &Address, scope: &Scope<'_>) -> (Attributes, Vec<Diagnostic>) {
        match self.resources.get(address) {
            Some(resource) => resource::evaluate_resource(self, resource, scope, false),
            None => (Attributes::new(), Vec::new()),
        }
    }

    /// Names of the spec's outputs, sorted.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.keys().map(String::as_str)
    }

    /// The spec's outputs by name, with what each reads.
    #[must_use]
    pub fn outputs(&self) -> &BTreeMap<String, OutputBlock> {
        &self.outputs
    }

    /// Evaluates an `output` block; an unknown name is [`Value::Null`].
    #[must_use]
    pub fn evaluate_output(&self, name: &str, scope: &Scope<'_>) -> (Value, Vec<Diagnostic>) {
        match self.outputs.get(name) {
            Some(output) => resource::evaluate_output(self, output, scope, false),
            None => (Value::Null, Vec::new()),
        }
    }

    /// Finds the place of a value of a resource, as deep as the spec writes it out:
    /// the attribute, the key of a map, the position in a list. Falls back to the
    /// block's first line.
    #[must_use]
    pub fn span_of(&self, address: &Address, path: &[String]) -> Span {
        let Some(resource) = self.resources.get(address) else {
            return Span::default();
        };
        place::find_value_place(self, resource, path).unwrap_or_else(|| resource.span.clone())
    }

    /// Digest of the texts and of all variables, in hexadecimal digits; it does not
    /// depend on the files' names and order.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Values of the variables.
    #[must_use]
    pub fn variables(&self) -> &BTreeMap<String, Value> {
        &self.variables
    }
}

#[cfg(test)]
mod tests;
