//! The provider itself: which kind does what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pospool_conflux_rpc::{CountingTransport, Transport};
use pospool_conflux_tx::Pace;
use pospool_model::plan::Effect;
use pospool_model::provider::{
    self, ChangeRequest, Design, Observation, ObserveContext, PlanContext, Planner, Progress,
    Settlement, StatusContext, Target, Ticket, UnsignedCall,
};
use pospool_model::status::StatusPart;
use pospool_model::{Address, Attributes, KindSchema, OwnNode, Problem, Provider, ProviderError};
use tokio::time::Instant;

use crate::chains::Chains;
use crate::draft::{self, ChangeDraft, PROVIDER};
use crate::facts::ChainProviderFacts;
use crate::fresh::UnsentTickets;
use crate::kinds::{SCHEMAS, kind_named};
use crate::ledger::{AccountLedger, EVERY_LANE};
use crate::own_node::OwnNodes;
use crate::settle::TicketWay;
use crate::verification::Web;
use crate::work::TicketAttempt;
use crate::{
    account, bridge, chain, chains, codes, condition, contract, explore, observe, preflight,
    prepare, settle, verification, wait, work,
};

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
    link: CountingTransport,
    chains: Chains,
    fresh: UnsentTickets,
    web: Web,
    own_nodes: OwnNodes,
}

impl ChainProvider {
    /// Makes a provider; nothing is connected yet.
    #[must_use]
    pub fn new(settings: ChainSettings) -> Self {
        Self::with(settings, CountingTransport::default())
    }

    /// The same over another wire than HTTP, such as a model chain.
    #[must_use]
    pub fn over(settings: ChainSettings, wire: Arc<dyn Transport>) -> Self {
        Self::with(settings, CountingTransport::new(wire))
    }

    fn with(settings: ChainSettings, link: CountingTransport) -> Self {
        Self {
            settings,
            link,
            chains: Chains::default(),
            fresh: UnsentTickets::default(),
            web: Web::default(),
            own_nodes: OwnNodes::default(),
        }
    }

    /// The same, which asks nodes of the pool itself where that is as good.
    #[must_use]
    pub fn with_own_nodes(self, own_nodes: Arc<dyn OwnNode>) -> Self {
        Self {
            own_nodes: own_nodes.into(),
            ..self
        }
    }

    fn way(&self) -> TicketWay<'_> {
        TicketWay {
            link: &self.link,
            chains: &self.chains,
            pace: Pace {
                wait: self.settings.wait,
                poll: self.settings.poll,
            },
        }
    }

    /// Returns how many times an answer of a node was waited for.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.link.round_trips()
    }
}

/// Plans the changes of one plan; its ledger is what they share.
#[derive(Debug, Default)]
pub(crate) struct ChainPlanner {
    ledger: AccountLedger,
}

impl Planner for ChainPlanner {
    fn hold(&mut self, lanes: &BTreeMap<String, String>) {
        self.ledger.hold(lanes);
    }

    fn design(
        &mut self,
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
    ) -> Result<Design, Vec<Problem>> {
        let nothing = ChainProviderFacts::default();
        let facts = world.facts.get::<ChainProviderFacts>().unwrap_or(&nothing);
        let mut draft = ChangeDraft::new(*task, *world, facts, &mut self.ledger);
        let designed = (kind_named(task.address.kind()).design)(&mut draft);
        designed.map_err(|problem| vec![problem])?;
        Ok(draft.done())
    }

    fn shortfalls(&self) -> Vec<(Address, Problem)> {
        let mut all = Vec::new();
        for (address, short) in self.ledger.shortfalls() {
            let problem = draft::not_enough(address, short);
            // What was to be paid with its money is not paid either, and that is no second sum to ask for.
            for receiver in self.ledger.receivers() {
                let held = problem.clone().holding(account::nonce_lane(receiver));
                all.push((short.first.clone(), held));
            }
            all.push((short.first.clone(), problem));
        }
        all
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        self.ledger.counters()
    }
}

#[async_trait]
impl Provider for ChainProvider {
    fn name(&self) -> &'static str {
        PROVIDER
    }

    fn kinds(&self) -> &'static [KindSchema] {
        &SCHEMAS
    }

    fn normalise(&self, kind: &str, attributes: Attributes) -> Result<Attributes, Vec<Problem>> {
        (kind_named(kind).normalise)(attributes)
    }

    fn stated_outputs(&self, kind: &str, wanted: &Attributes) -> Attributes {
        match contract::schema::space_of_kind(kind) {
            Some(_) => contract::place::stated_outputs(wanted),
            None => Attributes::new(),
        }
    }

    fn configure(&self, wanted: &BTreeMap<Address, Attributes>) {
        self.chains.configure(wanted);
        for attributes in wanted
            .iter()
            .filter(|(address, _)| address.kind() == "chain")
        {
            chain::keep_pace(&self.link, attributes.1);
        }
    }

    async fn observe(
        &self,
        targets: &[Target<'_>],
        scene: &ObserveContext<'_>,
    ) -> Result<Observation, ProviderError> {
        self.own_nodes.saw(scene);
        self.chains.heard_of(scene.accounts);
        let found =
            observe::observe_targets(&self.link, &self.web, &self.own_nodes, targets, scene).await;
        if let Some(facts) = found.facts.get::<ChainProviderFacts>() {
            self.chains.saw(facts);
        }
        Ok(found)
    }

    async fn explore(
        &self,
        from: &[String],
        around: &BTreeMap<Address, Attributes>,
    ) -> Result<Vec<provider::FoundBlock>, ProviderError> {
        self.configure(around);
        explore::explore_pool(&self.link, from, around).await
    }

    async fn collect_status(
        &self,
        targets: &[Target<'_>],
        context: &StatusContext<'_>,
    ) -> Vec<StatusPart> {
        condition::collect_status(&self.link, targets, context).await
    }

    async fn still(&self, facts: &provider::Facts) -> bool {
        match facts.get::<ChainProviderFacts>() {
            Some(facts) => bridge::glance::is_still(&self.link, facts).await,
            None => false,
        }
    }

    /// A registration pays, and needs to see all that it is made of. The rest needs addresses, which are recorded, and
    /// accounts, which a design refuses to do without.
    fn needs_sight(&self, address: &Address, _: &Address) -> bool {
        address.kind() == "pos_registration"
    }

    /// Contracts and bonds stay on their chain.
    fn leaves_behind(&self) -> bool {
        true
    }

    fn held_lanes(&self, ticket: &Ticket) -> Vec<String> {
        match serde_json::from_value(ticket.payload.clone()) {
            Ok(TicketAttempt::Transaction(signed)) => vec![account::nonce_lane(signed.from)],
            Ok(_) => Vec::new(),
            Err(_) => vec![EVERY_LANE.to_owned()],
        }
    }

    fn without_moving(&self, payload: serde_json::Value) -> serde_json::Value {
        work::without_moving(payload)
    }

    fn unsigned_call(&self, payload: &serde_json::Value) -> Option<UnsignedCall> {
        work::unsigned_call(payload)
    }

    fn planner(&self) -> Box<dyn Planner + '_> {
        Box::new(ChainPlanner::default())
    }

    fn check_ready(&self, effects: &[&Effect]) -> Result<(), (usize, ProviderError)> {
        prepare::check_keys(&self.chains, effects)
    }

    fn prove_used(&self, used: &BTreeSet<Address>) -> Result<(), ProviderError> {
        prepare::prove_makers(&self.chains, used)
    }

    async fn prepare(&self, effect: &Effect, inputs: &Attributes) -> Result<Ticket, ProviderError> {
        let started = Instant::now();
        loop {
            let prepared =
                prepare::prepare_effect(&self.link, &self.chains, &self.own_nodes, effect, inputs);
            let prepared = prepared.await;
            // The nodes behind an endpoint are not equally far: what one has finalised, another
            // one may not have yet.
            let again = matches!(&prepared, Err(error) if error.code() == preflight::UNCONFIRMED)
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
        let way = self.way();
        let pace = way.pace;
        let attempt = serde_path_to_error::deserialize(&ticket.payload);
        // A ticket that cannot be read may be one that was sent.
        let mut attempt = attempt.map_err(|error| ProviderError::OutcomeUnknown {
            code: codes::BAD_TICKET,
            what: format!("the ticket {} is not of this version", ticket.key),
            source: Some(Box::new(error)),
        })?;
        chains::reach_all(&self.chains, &self.link, pace, &mut attempt, progress).await?;
        match attempt {
            TicketAttempt::Transaction(signed) => {
                let history = self.fresh.take(&ticket.key);
                way.send(*signed, history, progress).await
            }
            TicketAttempt::AwaitCode(work) => {
                wait::await_code(&self.link, pace, &work, progress).await
            }
            TicketAttempt::AwaitVotes(work) => {
                wait::await_votes(&self.link, pace, &work, progress).await
            }
            TicketAttempt::AwaitFree(work) => {
                wait::await_free(&self.link, pace, &work, progress).await
            }
            TicketAttempt::Elsewhere(work) => Err(ProviderError::Converging {
                what: work.waiting(),
            }),
            TicketAttempt::CheckCode(work) => {
                verification::check::check_code(&self.link, pace, &work, progress).await
            }
            TicketAttempt::Verify(work) => {
                let history = self.fresh.take(&ticket.key);
                verification::submit::submit_source(&self.web, pace, &work, history, progress).await
            }
        }
    }

    async fn settle(
        &self,
        ticket: &Ticket,
        progress: &dyn Progress,
    ) -> Result<Settlement, ProviderError> {
        settle::settle_ticket(&self.way(), ticket, progress).await
    }
}
