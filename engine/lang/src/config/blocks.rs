//! What has a name in a spec, and where its expressions stand.
//!
//! - Reads: nothing by itself.
//! - Returns: resources, variables, locals and outputs as data.
//! - Never: copies an expression: an [`AttributePlace`] points into the parsed file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::structure::Block;
use pospool_model::{Address, AttributeSchema, Dependency, KindSchema, Span, Value};

use crate::spec::bytes_of;

/// Where an attribute stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttributePlace {
    pub(super) file: usize,
    pub(super) block: usize,
    pub(super) attribute: usize,
}

/// A block of a kind that a provider knows.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub address: Address,
    /// The table of its kind.
    pub schema: &'static KindSchema,
    /// What its `lifecycle` block says.
    pub lifecycle: Lifecycle,
    /// What it uses directly: by reference, implied, or by `depends_on`.
    pub depends_on: BTreeSet<Dependency>,
    /// Resources that it names inside of its settings although they depend on it: they are
    /// planned later, and the plan foretells their identity.
    pub named_early: BTreeSet<Address>,
    /// The first line of its block.
    pub span: Span,
    pub(super) attributes: Vec<(&'static AttributeSchema, AttributePlace)>,
    pub(super) implied: Vec<(&'static AttributeSchema, Address)>,
    pub(super) after: Option<AttributePlace>,
}

impl Resource {
    /// Whether its attributes are the same whatever other resources turn out to be: it names none.
    #[must_use]
    pub fn stands_alone(&self) -> bool {
        self.depends_on.is_empty() && self.named_early.is_empty()
    }
}

/// What a `lifecycle` block says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// `irreversible = "accept"`: a step that cannot be undone may be planned.
    pub accepts_irreversible: bool,
    /// `prevent_destroy = true`: no plan may take the resource down.
    pub prevent_destroy: bool,
}

/// An `output` block.
#[derive(Clone, Debug)]
pub struct OutputBlock {
    /// What it is for.
    pub description: Option<String>,
    /// What it reads.
    pub depends_on: BTreeSet<Dependency>,
    /// The first line of its block.
    pub span: Span,
    pub(super) value: Option<AttributePlace>,
}

/// A name in a `locals` block.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) place: AttributePlace,
    /// Its value, if it is the same whatever the resources turn out to be.
    pub(super) constant: Option<Value>,
    /// What it leads to.
    pub(super) uses: BTreeSet<Dependency>,
}

/// A `variable` block that nothing has been read of but its name.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    pub(super) file: usize,
    pub(super) block: usize,
    pub(super) header: Range<usize>,
}

/// Everything that has a name in the spec.
#[derive(Default)]
pub(super) struct Names {
    pub(super) resources: BTreeMap<Address, Resource>,
    pub(super) variables: BTreeMap<String, Declaration>,
    pub(super) locals: BTreeMap<String, Local>,
    pub(super) outputs: BTreeMap<String, OutputBlock>,
    /// Kinds of blocks that have no usable name; what they lack is reported once.
    pub(super) nameless: BTreeSet<String>,
}

/// Returns the bytes of a block's first line: its kind and labels.
pub(super) fn header_range(block: &Block) -> Range<usize> {
    let start = bytes_of(&block.ident);
    let end = block
        .labels
        .last()
        .map_or(start.end, |label| bytes_of(label).end);
    start.start..end
}
