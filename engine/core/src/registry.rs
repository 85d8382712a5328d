//! Which provider answers for which kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use pospool_lang::config::Kinds;
use pospool_model::{Address, Attributes, KindSchema, Provider};

/// All providers of a run.
#[derive(Clone)]
pub struct Registry {
    providers: Vec<Arc<dyn Provider>>,
    by_kind: BTreeMap<&'static str, (usize, &'static KindSchema)>,
}

impl Registry {
    /// Collects the kinds of the providers. The first provider of a kind wins, so
    /// a test can put its own before the real one.
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn Provider>>) -> Self {
        let mut by_kind = BTreeMap::new();
        for (position, provider) in providers.iter().enumerate() {
            for schema in provider.kinds() {
                by_kind.entry(schema.kind).or_insert((position, schema));
            }
        }
        Self { providers, by_kind }
    }

    /// The kinds, for the spec's decoder.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        Kinds::new(self.providers.iter().rev().map(|provider| provider.kinds()))
    }

    /// All schemas by name of kind.
    pub fn schemas(&self) -> impl Iterator<Item = &'static KindSchema> {
        self.by_kind.values().map(|(_, schema)| *schema)
    }

    /// All providers, with their position.
    pub fn providers(&self) -> impl Iterator<Item = (usize, &Arc<dyn Provider>)> {
        self.providers.iter().enumerate()
    }

    /// Tells all providers what the current spec wants.
    pub fn configure(&self, wanted: &BTreeMap<Address, Attributes>) {
        for provider in &self.providers {
            provider.configure(wanted);
        }
    }

    /// Schema of a kind.
    #[must_use]
    pub fn schema(&self, kind: &str) -> Option<&'static KindSchema> {
        self.by_kind.get(kind).map(|(_, schema)| *schema)
    }

    /// Position of the provider of a kind.
    #[must_use]
    pub fn position(&self, kind: &str) -> Option<usize> {
        self.by_kind.get(kind).map(|(position, _)| *position)
    }

    /// Provider of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Option<&Arc<dyn Provider>> {
        self.position(kind)
            .map(|position| &self.providers[position])
    }

    /// Provider by name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.providers
            .iter()
            .find(|provider| provider.name() == name)
    }
}
