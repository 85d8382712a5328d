//! What somebody who uses a resource must wait for.

use std::collections::BTreeMap;

use pospool_model::plan::EffectId;

/// One of the things that must have happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NeededEnd {
    /// An effect has ended.
    Effect(EffectId),
    /// All that is behind the barrier of this name has.
    Barrier(String),
}

/// Ends by resource or by group.
pub(super) type Ends<K> = BTreeMap<K, Vec<NeededEnd>>;
