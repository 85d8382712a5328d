//! The chains of the current spec, and how each is reached.
//!
//! - Reads: what the spec wants; a node's first block, where the spec alone does not tell which chain is meant.
//! - Returns: endpoints for the chain of a plan or of a ticket.
//! - Never: takes an endpoint from a plan or a ticket, or one chain for another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_rpc::{CountingTransport, Refusal, Rpc, RpcError};
use pospool_conflux_tx::{ChainRef, Pace};
use pospool_model::provider::Progress;
use pospool_model::state::AccountIdentity;
use pospool_model::{Address, Attributes, Endpoint, ProviderError};
use serde_json::json;
use tokio::time::Instant;

use crate::account::AccountAddresses;
use crate::chain;
use crate::codes;
use crate::facts::ChainProviderFacts;
use crate::work::TicketAttempt;

/// What the current spec says of its chains, and what was seen of them in this run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chains(Arc<Mutex<KnownChains>>);

#[derive(Debug, Default)]
struct KnownChains {
    wanted: BTreeMap<Address, Attributes>,
    accounts: BTreeMap<Address, Attributes>,
    /// What the state says of accounts.
    recorded: BTreeMap<Address, AccountIdentity>,
    /// Whose creation proves where a contract of the state is.
    makers: BTreeMap<Address, ChainAddress>,
    /// Addresses that a key has said in this run.
    proven: BTreeMap<Address, AccountAddresses>,
    /// Hash of the first block behind the endpoints of a space.
    genesis: BTreeMap<(Address, Space), String>,
}

/// Whether the one who gets the endpoints asks them which chain they are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChainCheck {
    /// It does, with what it asks anyway.
    Later,
    /// It does not.
    Now,
}

/// Why there is no way to a chain.
#[derive(Debug)]
pub(crate) enum Lost {
    /// No chain of the spec is that one.
    NotThere {
        chain: Option<Address>,
        network: u32,
        genesis_hash: String,
    },
    /// One may be, and no endpoint of it answered.
    Silent { chain: Address, error: RpcError },
}

impl Chains {
    /// Hears what the spec wants now.
    pub(crate) fn configure(&self, wanted: &BTreeMap<Address, Attributes>) {
        let of_kind = |kind: &str| -> BTreeMap<Address, Attributes> {
            let all = wanted.iter();
            all.filter(|(address, _)| address.kind() == kind)
                .map(|(address, attributes)| (address.clone(), attributes.clone()))
                .collect()
        };
        let now = of_kind("chain");
        let mut known = self.known();
        known.accounts = of_kind("account");
        let before = std::mem::replace(&mut known.wanted, now.clone());
        known
            .genesis
            .retain(|(address, _), _| before.get(address) == now.get(address));
    }

    /// Remembers which chains a look has found.
    pub(crate) fn saw(&self, facts: &ChainProviderFacts) {
        let mut known = self.known();
        known.makers.extend(facts.makers.clone());
        for space in [Space::Core, Space::Espace] {
            for (address, seen) in facts.chains_in(space) {
                let genesis = seen.reference.genesis_hash.clone();
                known.genesis.insert((address.clone(), space), genesis);
            }
        }
    }

    /// The account whose creation proves where a contract of the state is.
    pub(crate) fn maker(&self, contract: &Address) -> Option<ChainAddress> {
        self.known().makers.get(contract).copied()
    }

    /// Hears what the state says of accounts.
    pub(crate) fn heard_of(&self, recorded: &BTreeMap<Address, AccountIdentity>) {
        let mut known = self.known();
        known.recorded.clone_from(recorded);
        // Each look begins anew: a key behind the same name may be another one by now.
        known.proven.clear();
        known.makers.clear();
    }

    /// Whether the key of an account has said in this run that these are its addresses.
    pub(crate) fn is_proven(&self, account: &Address, addresses: AccountAddresses) -> bool {
        self.known().proven.get(account) == Some(&addresses)
    }

    /// Notes that it has.
    pub(crate) fn proved(&self, account: &Address, addresses: AccountAddresses) {
        self.known().proven.insert(account.clone(), addresses);
    }

    /// What the state says of accounts.
    pub(crate) fn recorded_accounts(&self) -> BTreeMap<Address, AccountIdentity> {
        self.known().recorded.clone()
    }

    /// What the spec wants of its accounts.
    pub(crate) fn accounts(&self) -> BTreeMap<Address, Attributes> {
        self.known().accounts.clone()
    }

    /// What the spec wants of a chain.
    pub(crate) fn wanted(&self, chain: &Address) -> Option<Attributes> {
        self.known().wanted.get(chain).cloned()
    }

    /// Fills in where a chain is asked, and returns which one of the spec it is.
    pub(crate) async fn reach(
        &self,
        link: &CountingTransport,
        chain: &mut ChainRef,
        space: Space,
        told: ChainCheck,
    ) -> Result<Address, Lost> {
        let candidates = self.candidates(chain, space);
        if let ([(address, endpoints)], ChainCheck::Later) = (&candidates[..], told) {
            chain.endpoints.clone_from(endpoints);
            return Ok(address.clone());
        }
        let mut silent = None;
        for (address, endpoints) in candidates {
            match self.genesis(link, &address, space, &endpoints).await {
                Ok(found) if found == chain.genesis_hash => {
                    chain.endpoints = endpoints;
                    return Ok(address);
                }
                Ok(_) => {}
                Err(error) => {
                    silent.get_or_insert(Lost::Silent {
                        chain: address,
                        error,
                    });
                }
            }
        }
        Err(silent.unwrap_or_else(|| Lost::NotThere {
            chain: chain.address.clone(),
            network: chain.network,
            genesis_hash: chain.genesis_hash.clone(),
        }))
    }

    /// Chains of the spec that may be it, the one of the same name first: a block may have got another name since.
    fn candidates(&self, chain: &ChainRef, space: Space) -> Vec<(Address, Vec<Endpoint>)> {
        let known = self.known();
        let may_be = known
            .wanted
            .iter()
            .filter(|(_, wanted)| chain::may_be(wanted, space, chain.network));
        let mut found: Vec<_> = may_be
            .map(|(address, wanted)| (address.clone(), chain::endpoints_of(wanted, space)))
            .filter(|(_, endpoints)| !endpoints.is_empty())
            .collect();
        found.sort_by_key(|(address, _)| chain.address.as_ref() != Some(address));
        found
    }

    /// Hash of the first block behind endpoints.
    async fn genesis(
        &self,
        link: &CountingTransport,
        address: &Address,
        space: Space,
        endpoints: &[Endpoint],
    ) -> Result<String, RpcError> {
        let key = (address.clone(), space);
        if let Some(genesis) = self.known().genesis.get(&key) {
            return Ok(genesis.clone());
        }
        let method = match space {
            Space::Core => "cfx_getBlockByEpochNumber",
            Space::Espace => "eth_getBlockByNumber",
        };
        let block = Rpc::over(link, endpoints)?
            .call(method, json!(["0x0", false]))
            .await?;
        let hash = block.get("hash").and_then(|hash| hash.as_str());
        let genesis = hash.ok_or_else(|| RpcError::Refused {
            method: method.to_owned(),
            refusal: Refusal {
                code: 0,
                message: "the answer is no block".to_owned(),
                data: None,
            },
        })?;
        let genesis = genesis.to_owned();
        self.known().genesis.insert(key, genesis.clone());
        Ok(genesis)
    }

    fn known(&self) -> MutexGuard<'_, KnownChains> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One devnet, both of whose spaces are at one URL.
    #[cfg(test)]
    pub(crate) fn only(url: &str) -> Self {
        use pospool_model::Value;
        let list = || Value::List(vec![Endpoint::parse(url).unwrap().into()]);
        let wanted = Attributes::from([
            ("network".to_owned(), Value::from("devnet")),
            ("core_rpc".to_owned(), list()),
            ("espace_rpc".to_owned(), list()),
        ]);
        let chains = Self::default();
        chains.configure(&[("chain.conflux".parse().unwrap(), wanted)].into());
        chains
    }
}

/// Fills in where all chains of a ticket are asked.
pub(crate) async fn reach_all(
    chains: &Chains,
    link: &CountingTransport,
    pace: Pace,
    attempt: &mut TicketAttempt,
    progress: &dyn Progress,
) -> Result<(), ProviderError> {
    let begun = Instant::now();
    for place in places_of(attempt) {
        chains
            .reach_in_time(link, pace, begun, place, progress)
            .await?;
    }
    Ok(())
}

/// A chain of a ticket, the space that is meant, and who asks which chain it is.
pub(crate) type TicketPlace<'a> = (&'a mut ChainRef, Space, ChainCheck);

impl Chains {
    /// Fills in where a chain is asked; one that is silent is asked again as long as a ticket may wait.
    pub(crate) async fn reach_in_time(
        &self,
        link: &CountingTransport,
        pace: Pace,
        begun: Instant,
        (chain, space, told): TicketPlace<'_>,
        progress: &dyn Progress,
    ) -> Result<Address, ProviderError> {
        loop {
            let lost = match self.reach(link, chain, space, told).await {
                Ok(address) => return Ok(address),
                Err(lost) => lost,
            };
            let for_good = matches!(
                lost,
                Lost::NotThere { .. }
                    | Lost::Silent {
                        error: RpcError::Endpoint(_),
                        ..
                    }
            );
            if for_good || begun.elapsed() >= pace.wait {
                return Err(lost.open());
            }
            if progress.cancelled() {
                return Err(ProviderError::Cancelled);
            }
            tokio::time::sleep(pace.poll).await;
        }
    }
}

/// The chains of a ticket.
fn places_of(attempt: &mut TicketAttempt) -> Vec<TicketPlace<'_>> {
    match attempt {
        TicketAttempt::Transaction(signed) => {
            let space = signed.space();
            vec![(&mut signed.chain, space, ChainCheck::Later)]
        }
        TicketAttempt::AwaitCode(work) => vec![(&mut work.chain, Space::Core, ChainCheck::Now)],
        TicketAttempt::AwaitVotes(work) => vec![(&mut work.chain, Space::Core, ChainCheck::Now)],
        TicketAttempt::AwaitFree(work) => vec![(&mut work.chain, Space::Core, ChainCheck::Now)],
        TicketAttempt::CheckCode(work) => {
            let parts = work.parts.iter_mut();
            parts
                .map(|part| (&mut part.chain, part.space, ChainCheck::Now))
                .collect()
        }
        TicketAttempt::Elsewhere(_) | TicketAttempt::Verify(_) => Vec::new(),
    }
}

impl Lost {
    /// The error of an effect that was begun, and stays open.
    fn open(self) -> ProviderError {
        match self {
            Self::NotThere { .. } => ProviderError::OutcomeUnknown {
                code: codes::NO_CHAIN,
                what: self.what(),
                source: None,
            },
            Self::Silent { .. } => self.silent(),
        }
    }

    /// The error of an effect that was not begun.
    pub(crate) fn unsent(self) -> ProviderError {
        match self {
            Self::NotThere { .. } => ProviderError::refused(codes::NO_CHAIN, self.what()),
            Self::Silent { .. } => self.silent(),
        }
    }

    fn what(&self) -> String {
        let Self::NotThere {
            chain,
            network,
            genesis_hash,
        } = self
        else {
            return String::new();
        };
        let was = chain.as_ref().map(|chain| format!(", as `{chain}` was"));
        format!(
            "no `chain` of the spec is the one with chain id {network} and the first block {genesis_hash}{}; write its block again",
            was.unwrap_or_default()
        )
    }

    fn silent(self) -> ProviderError {
        let Self::Silent { chain, error } = self else {
            return ProviderError::refused(codes::NO_CHAIN, self.what());
        };
        ProviderError::Unreachable {
            code: codes::UNREACHABLE,
            what: format!("`{chain}`, to see which chain it is,"),
            source: Some(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests;
