//! What is known while expressions are evaluated.
//!
//! - Reads: which locals there are.
//! - Returns: a [`Scope`]: attributes and outputs of resources, and the values of locals, kept while they hold.
//! - Never: evaluates anything by itself.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use pospool_model::{Address, Attributes, Value};

use super::blocks::Local;

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

/// Values of the locals in which resources have a part, each evaluated once.
///
/// Such a value holds as long as it is only read after everything that the local leads to is known: for one pass
/// through the resources in their order.
#[derive(Debug, Default)]
pub struct LocalValues(BTreeMap<String, OnceLock<Value>>);

impl LocalValues {
    /// A place for each local of these that is no constant.
    pub(super) fn of(locals: &BTreeMap<String, Local>) -> Self {
        let open = locals.iter().filter(|(_, local)| local.constant.is_none());
        Self(
            open.map(|(name, _)| (name.clone(), OnceLock::new()))
                .collect(),
        )
    }

    /// The place of one.
    pub(super) fn get(&self, name: &str) -> Option<&OnceLock<Value>> {
        self.0.get(name)
    }
}
