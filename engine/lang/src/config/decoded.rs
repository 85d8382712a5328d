//! A decoded spec.
//!
//! - Returns: the blocks by name, what they lead to and their order.
//! - Never: evaluates: [`super::resource`] gives a [`Config`] its values, [`super::place`] their places.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::structure::Attribute;
use pospool_model::{Address, Groups, Value};

use super::blocks::{AttributePlace, Local, OutputBlock, Resource};
use super::moves::{Move, Moves};
use super::scope::LocalValues;
use crate::spec::{File, SourceFile};

/// A decoded spec.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub(super) files: Vec<File>,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) locals: BTreeMap<String, Local>,
    pub(super) resources: BTreeMap<Address, Resource>,
    pub(super) outputs: BTreeMap<String, OutputBlock>,
    pub(super) groups: Groups,
    pub(super) moves: Moves,
    pub(super) order: Vec<Address>,
    pub(super) reads: BTreeMap<Address, BTreeSet<String>>,
    pub(super) digest: String,
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

    /// Names of the spec's outputs, sorted.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.keys().map(String::as_str)
    }

    /// The spec's outputs by name, with what each reads.
    #[must_use]
    pub fn outputs(&self) -> &BTreeMap<String, OutputBlock> {
        &self.outputs
    }

    /// What its `moved` blocks say.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves.moved
    }

    /// Whether a `removed` block says that a resource is only forgotten.
    #[must_use]
    pub fn forgets(&self, address: &Address) -> bool {
        self.moves.removed.contains(address)
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
    /// Returns the attribute at a place, and the file around it.
    pub(super) fn attribute(&self, place: AttributePlace) -> Option<(&SourceFile, &Attribute)> {
        let file = self.files.get(place.file)?;
        let block = file.body.get(place.block)?.as_block()?;
        Some((
            &file.source,
            block.body.get(place.attribute)?.as_attribute()?,
        ))
    }
}
