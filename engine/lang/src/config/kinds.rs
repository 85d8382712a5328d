//! All kinds of resource that a spec may use.
//!
//! - Reads: the tables of the providers.
//! - Returns: a kind's table by its name.
//! - Never: knows which provider a table came from.

use std::collections::BTreeMap;

use pospool_model::KindSchema;

/// The kinds of all providers by name.
#[derive(Clone, Debug, Default)]
pub struct Kinds(BTreeMap<&'static str, &'static KindSchema>);

impl Kinds {
    /// Joins the tables of all providers.
    #[must_use]
    pub fn new(tables: impl IntoIterator<Item = &'static [KindSchema]>) -> Self {
        let kinds = tables.into_iter().flatten();
        Self(kinds.map(|schema| (schema.kind, schema)).collect())
    }

    /// Finds a kind.
    #[must_use]
    pub fn get(&self, kind: &str) -> Option<&'static KindSchema> {
        self.0.get(kind).copied()
    }

    /// Names of all kinds, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
