//! One space of the explorer: all that its handlers share.
//!
//! - Reads: orders; the chain; the other verified contracts.
//! - Returns: ids of submissions, records of what is verified.
//! - Never: knows a dialect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;

use crate::address::{ContractAddress, Submitted};
use crate::answer::HandlerRefusal;
use crate::chain::{ChainError, ChainSpace};
use crate::compile::Workshop;
use crate::compilers::Compiler;
use crate::creation::{Creation, Creations};
use crate::failure::VerifyFailure;
use crate::faults::Faults;
use crate::job::Jobs;
use crate::limit::Limit;
use crate::proxy::ProxyChecks;
use crate::record::{Records, VerifiedContract};
use crate::submission::Order;

/// How both spaces behave.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    pub(crate) compilers: Vec<Compiler>,
    pub(crate) pending_polls: u32,
    pub(crate) rate_limit: bool,
    pub(crate) similar: bool,
}

/// One space.
#[derive(Debug)]
pub(crate) struct SpaceSite {
    pub(crate) chain: ChainSpace,
    pub(crate) manners: Manners,
    pub(crate) faults: Arc<Faults>,
    pub(crate) jobs: Jobs,
    pub(crate) proxies: ProxyChecks,
    pub(crate) limit: Mutex<Limit>,
    workshop: Arc<Workshop>,
    records: Mutex<Records>,
    creations: AsyncMutex<Creations>,
    working: Mutex<JoinSet<()>>,
}

impl SpaceSite {
    pub(crate) fn new(
        chain: ChainSpace,
        manners: Manners,
        faults: Arc<Faults>,
        workshop: Arc<Workshop>,
    ) -> Self {
        Self {
            chain,
            manners,
            faults,
            workshop,
            jobs: Jobs::default(),
            proxies: ProxyChecks::default(),
            limit: Mutex::default(),
            records: Mutex::default(),
            creations: AsyncMutex::default(),
            working: Mutex::default(),
        }
    }

    /// Takes an order and starts to work on it; returns its id.
    pub(crate) fn take(self: &Arc<Self>, order: Order) -> Result<String, HandlerRefusal> {
        let address = order.submitted.address;
        let exact = self
            .records()
            .get(address)
            .is_some_and(VerifiedContract::is_exact);
        if exact && self.faults.conflict() {
            return Err(HandlerRefusal::Error("Conflict".to_owned()));
        }
        let Some((id, end)) = self.jobs.add(address, self.manners.pending_polls) else {
            return Err(HandlerRefusal::Error("Too Many Requests".to_owned()));
        };
        let site = Arc::clone(self);
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        while working.try_join_next().is_some() {}
        working.spawn(async move {
            site.faults.released().await;
            let result = site.work(&order).await;
            end.send_replace(Some(result));
        });
        Ok(id)
    }

    /// Ends the work on all submissions. Each holds on to the site, so it does not end with it.
    pub(crate) fn end(&self) {
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        working.abort_all();
    }

    async fn work(&self, order: &Order) -> Result<(), VerifyFailure> {
        if self.faults.broken() {
            return Err(VerifyFailure::new("internal_error", "as a test wanted"));
        }
        let Submitted { address, hex } = order.submitted;
        let code = if self.faults.not_indexed() {
            Vec::new()
        } else {
            let unseen =
                |error: ChainError| VerifyFailure::new("cannot_fetch_bytecode", error.to_string());
            self.chain.code(address).await.map_err(unseen)?
        };
        if code.is_empty() {
            let words = format!("no code at {}", self.chain.network.text(address));
            return Err(VerifyFailure::new("contract_not_deployed", words));
        }
        self.copy_similar(address, &code);
        let compiled = self.workshop.compile(order).await?;
        // Where the creation is not found, or nobody could look, the runtime code alone counts.
        let creation = if hex {
            self.creation(address).await.ok().flatten()
        } else {
            None
        };
        let created = creation.as_ref().map(|creation| creation.code.as_slice());
        let record = VerifiedContract::of(order, compiled, code, created)?;
        self.records().keep(address, record)
    }

    /// Returns how a contract was created.
    pub(crate) async fn creation(
        &self,
        address: ContractAddress,
    ) -> Result<Option<Creation>, ChainError> {
        self.creations.lock().await.find(&self.chain, address).await
    }

    /// Returns the record of a verified contract.
    pub(crate) async fn verified(&self, address: ContractAddress) -> Option<VerifiedContract> {
        let kept = self.records().get(address).cloned();
        if kept.is_some() || !self.manners.similar {
            return kept;
        }
        let code = self.chain.code(address).await.ok()?;
        self.copy_similar(address, &code);
        self.records().get(address).cloned()
    }

    /// The original verifies by itself what has the code of something verified, soon after it was created; here it
    /// happens as soon as somebody asks.
    fn copy_similar(&self, address: ContractAddress, code: &[u8]) {
        let mut records = self.records();
        if !self.manners.similar || code.is_empty() || records.get(address).is_some() {
            return;
        }
        if let Some(record) = records.similar(code) {
            // There is none yet, so it is kept.
            let _ = records.keep(address, record);
        }
    }

    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
