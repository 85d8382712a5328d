//! Conflux, both its spaces: accounts, contracts with their settings, their verification, and the registration of a PoS
//! key.
//!
//! - Reads: the chain through JSON-RPC; private keys for the moment in which they sign.
//! - Returns: what a [`Provider`] must: looks, designs, tickets, outputs.
//! - Never: sends what is not journalled, signs twice for one effect, or lets a type of `ethers-core` out.
//!
//! The way of a change through the modules:
//!
//! ```text
//! kinds, settings ---> normalise (chain, contract, registration)
//! batch <--- observe (account, contract::observe, registration::observe) ---> facts
//! facts ---> contract::design, registration::design --draft--> effects (work)
//! work ---> prepare --transaction, key--> ticket ---> send, wait
//! send: ways --look--> flight (the table) --> hand in, raise, done
//! verification: parts --> check (the chain), submit (an explorer)
//! ```

mod abi;
mod account;
pub mod address;
mod answer;
mod batch;
#[cfg(test)]
mod bench;
mod bridge;
mod chain;
mod chain_address;
mod chains;
pub mod codes;
mod contract;
mod draft;
mod echo;
pub mod espace_address;
#[cfg(test)]
mod espace_node_tests;
mod espace_transaction;
mod facts;
mod flight;
mod fresh;
mod funding;
#[doc(hidden)]
pub mod fuzzing;
mod gas;
mod key;
mod kinds;
mod look;
mod multicall;
mod networks;
mod observe;
mod own_node;
mod pending;
mod preflight;
mod prepare;
mod raise;
mod register_data;
mod registration;
mod resolve;
mod revert;
pub mod rpc;
mod send;
mod settings;
#[cfg(test)]
mod testing;
mod text;
mod transaction;
mod unsigned;
mod verification;
mod wait;
mod ways;
mod wire;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pospool_model::plan::Effect;
use pospool_model::provider::{
    self, Design, Observation, Progress, Scene, Target, Task, Ticket, World,
};
use pospool_model::{Address, Attributes, KindSchema, OwnNode, Problem, Provider, ProviderError};
use tokio::time::Instant;

use crate::chain_address::Space;
use crate::chains::Chains;
use crate::facts::Facts;
pub use crate::flight::page as transactions_page;
use crate::fresh::Fresh;
use crate::send::Pace;
use crate::verification::Web;
use crate::wire::Link;
pub use crate::wire::{Silence, Wire, http};
use crate::work::Attempt;

/// Name of this provider.
const PROVIDER: &str = "chain";

/// How this provider waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainSettings {
    /// Longest wait for one transaction, or for PoS to count a vote. What takes longer is not lost: the next run
    /// looks for it.
    pub wait: Duration,
    /// Time between two looks.
    pub poll: Duration,
}

impl Default for ChainSettings {
    /// Half an hour: PoS counts a vote of mainnet after about ten minutes.
    fn default() -> Self {
        Self {
            wait: Duration::from_mins(30),
            poll: Duration::from_secs(1),
        }
    }
}

/// The provider of Conflux, in both its spaces.
#[derive(Clone, Debug)]
pub struct ChainProvider {
    settings: ChainSettings,
    link: Link,
    chains: Chains,
    fresh: Fresh,
    web: Web,
}

impl ChainProvider {
    /// Makes a provider; nothing is connected yet.
    #[must_use]
    pub fn new(settings: ChainSettings) -> Self {
        Self::with(settings, Link::default())
    }

    /// The same over another wire than HTTP, such as a model chain.
    #[must_use]
    pub fn over(settings: ChainSettings, wire: Arc<dyn Wire>) -> Self {
        Self::with(settings, Link::new(wire))
    }

    fn with(settings: ChainSettings, link: Link) -> Self {
        Self {
            settings,
            link,
            chains: Chains::default(),
            fresh: Fresh::default(),
            web: Web::default(),
        }
    }

    /// The same, which asks nodes of the pool itself where that is as good.
    #[must_use]
    pub fn with_own_nodes(self, own_nodes: Arc<dyn OwnNode>) -> Self {
        Self {
            link: self.link.with_own_nodes(own_nodes),
            ..self
        }
    }

    /// Returns how many times an answer of a node was waited for.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.link.round_trips()
    }
}

#[async_trait]
impl Provider for ChainProvider {
    fn name(&self) -> &'static str {
        PROVIDER
    }

    fn kinds(&self) -> &'static [KindSchema] {
        kinds::KINDS
    }

    fn normalise(&self, kind: &str, attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        match kind {
            "chain" => chain::normalise(attributes),
            "core_contract" => contract::normalise(Space::Core, attributes),
            "espace_contract" => contract::normalise(Space::Espace, attributes),
            "funding" => Ok(funding::normalise(attributes)),
            "pos_registration" => registration::normalise(attributes),
            "verification" => verification::normalise(attributes),
            "bridge_service" => bridge::normalise(attributes),
            _ => Ok(attributes),
        }
    }

    fn configure(&self, wanted: &BTreeMap<Address, Attributes>) {
        self.chains.configure(wanted);
        for attributes in wanted
            .iter()
            .filter(|(address, _)| address.kind() == "chain")
        {
            chain::pace(&self.link, attributes.1);
        }
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        scene: &Scene<'_>,
    ) -> Result<Observation, ProviderError> {
        let found = observe::observe(&self.link, &self.web, targets, scene).await?;
        if let Some(facts) = found.facts.get::<Facts>() {
            self.chains.saw(facts);
        }
        Ok(found)
    }

    async fn still(&self, facts: &provider::Facts) -> bool {
        match facts.get::<Facts>() {
            Some(facts) => bridge::glance::still(&self.link, facts).await,
            None => false,
        }
    }

    fn design(&self, task: &Task<'_>, world: &mut World<'_>) -> Result<Design, Vec<Problem>> {
        let nothing = Facts::default();
        let facts = world.facts.get::<Facts>().unwrap_or(&nothing);
        match task.address.kind() {
            "core_contract" | "espace_contract" => contract::design::design(task, world, facts),
            "funding" => funding::design(task, world, facts),
            "pos_registration" => registration::design::design(task, world, facts),
            "verification" => verification::design::design(task, world),
            "bridge_service" => bridge::design::design(task, world, facts),
            _ => Ok(Design::default()),
        }
    }

    async fn prepare(&self, effect: &Effect, inputs: &Attributes) -> Result<Ticket, ProviderError> {
        let started = Instant::now();
        loop {
            let prepared = prepare::prepare(&self.link, &self.chains, effect, inputs).await;
            // The nodes behind an endpoint are not equally far: what one has finalised, another
            // one may not have yet.
            let again = matches!(&prepared, Err(error) if error.code() == prepare::UNCONFIRMED)
                && started.elapsed() < self.settings.wait;
            if !again {
                let ticket = prepared?;
                self.fresh.signed(&ticket.key);
                return Ok(ticket);
            }
            tokio::time::sleep(self.settings.poll).await;
        }
    }

    async fn commit(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Attributes, ProviderError> {
        let pace = Pace {
            wait: self.settings.wait,
            poll: self.settings.poll,
        };
        let attempt = serde_json::from_value(ticket.payload.clone());
        // A ticket that cannot be read may be one that was sent.
        let mut attempt = attempt.map_err(|error| ProviderError::OutcomeUnknown {
            code: codes::BAD_TICKET,
            what: format!("the ticket {} is not of this version", ticket.key),
            source: Some(Box::new(error)),
        })?;
        chains::reach_all(&self.chains, &self.link, pace, &mut attempt, progress).await?;
        match attempt {
            Attempt::Transaction(signed) => {
                let history = self.fresh.take(&ticket.key);
                send::commit(&self.link, pace, *signed, history, progress).await
            }
            Attempt::AwaitCode(work) => wait::await_code(&self.link, pace, &work, progress).await,
            Attempt::AwaitVotes(work) => wait::await_votes(&self.link, pace, &work, progress).await,
            Attempt::CheckCode(work) => {
                verification::check::commit(&self.link, pace, &work, progress).await
            }
            Attempt::Verify(work) => {
                let history = self.fresh.take(&ticket.key);
                verification::submit::commit(&self.web, pace, &work, history, progress).await
            }
        }
    }
}
