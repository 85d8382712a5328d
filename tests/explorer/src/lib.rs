//! An explorer for tests: it speaks both dialects of `ConfluxScan`, really compiles what it is given, and compares it
//! with the chain. `README.md` beside it says what it takes over from the original and what not.
//!
//! - Reads: requests of clients; code, slots and blocks of a chain, by JSON-RPC.
//! - Returns: what `ConfluxScan` answers, its refusals and its oddities included; faults on demand.
//! - Never: sends anything to a chain, listens anywhere but on loopback, or keeps anything after its end.
//!
//! ```text
//! http -> serve -> parameters, dialect -> handlers -> answer
//!                                          | submission --order--> site, job: chain, creation, compile
//!                                          |                                    -> compare -> record
//!                                          +-- proxy, record, creation
//! ```

mod address;
mod answer;
mod chain;
mod compare;
mod compile;
mod compilers;
mod creation;
mod dialect;
mod failure;
mod faults;
mod handlers;
pub mod http;
mod job;
mod limit;
mod page;
mod parameters;
mod proxy;
mod record;
mod serve;
mod site;
mod space;
mod submission;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use compare::Match;
pub use compile::Workshop;
pub use compilers::Compiler;
pub use faults::ExplorerFault;
pub use pospool_source::{Cache, Tools};
pub use space::ExplorerSpace;

use address::ContractAddress;
use chain::{ChainError, ChainSpace};
use faults::Faults;
use http::Server;
use serve::serve_request;
use site::{Manners, SpaceSite};

/// What an explorer is to look at, and how it behaves.
#[derive(Clone, Debug)]
pub struct ExplorerConfig {
    /// RPC of Core Space.
    pub core_rpc: String,
    /// RPC of eSpace.
    pub espace_rpc: String,
    /// Where compiling is done.
    pub workshop: Arc<Workshop>,
    /// Compilers that submissions may name.
    pub compilers: Vec<Compiler>,
    /// Port of the Core dialect; 0 takes any.
    pub core_port: u16,
    /// Port of the eSpace dialect; 0 takes any.
    pub espace_port: u16,
    /// How many polls of a submission are answered with "Pending in queue".
    pub pending_polls: u32,
    /// Five requests in a second, and twenty more in ten, as the original has it for everybody.
    pub rate_limit: bool,
    /// A contract with the code of a verified one is verified by itself, as in the original.
    pub similar: bool,
}

/// A cache that several processes share, with its key beside it.
#[must_use]
pub fn shared_cache(folder: impl Into<PathBuf>) -> Cache {
    let folder = folder.into();
    let key = Some(folder.with_extension("key"));
    Cache { folder, key }
}

impl ExplorerConfig {
    /// Looks at a chain through its two RPC ports: the built-in compilers, one pending poll, no limit. Compilers are
    /// kept in the folder `cache`; it can be the one of the program.
    #[must_use]
    pub fn new(
        core_rpc: impl Into<String>,
        espace_rpc: impl Into<String>,
        cache: impl Into<Cache>,
    ) -> Self {
        Self {
            core_rpc: core_rpc.into(),
            espace_rpc: espace_rpc.into(),
            workshop: Arc::new(Workshop::new(cache, Tools::default())),
            compilers: Compiler::built_in(),
            core_port: 0,
            espace_port: 0,
            pending_polls: 1,
            rate_limit: false,
            similar: false,
        }
    }
}

/// Why an explorer did not start.
#[derive(Debug, thiserror::Error)]
pub enum ExplorerError {
    /// A node does not answer, or not like one of its space.
    #[error("no chain at `{url}`: {what}; start the node, then the explorer")]
    Chain {
        /// The RPC that was asked.
        url: String,
        /// What went wrong.
        what: String,
    },
    /// A port is taken, or may not be used.
    #[error("cannot listen on port {port} of 127.0.0.1; choose another, or 0 for any that is free")]
    Listen {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ExplorerError {
    /// Returns the stable code of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Chain { .. } => "explorer/chain",
            Self::Listen { .. } => "explorer/listen",
        }
    }
}

/// What is known of a verified contract, for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Source name of its file.
    pub file: String,
    /// Its name.
    pub contract: String,
    /// How far the code on the chain agrees.
    pub runtime: Option<Match>,
    /// How far the creating code agrees; nothing when it was not found.
    pub creation: Option<Match>,
}

/// A running explorer; it ends with this value.
#[derive(Debug)]
pub struct Explorer {
    core: Arc<SpaceSite>,
    espace: Arc<SpaceSite>,
    faults: Arc<Faults>,
    servers: [Server; 2],
}

impl Explorer {
    /// Starts an explorer on two ports of 127.0.0.1.
    pub async fn start(config: ExplorerConfig) -> Result<Self, ExplorerError> {
        let faults = Arc::new(Faults::default());
        let workshop = config.workshop;
        let manners = Manners {
            compilers: config.compilers,
            pending_polls: config.pending_polls,
            rate_limit: config.rate_limit,
            similar: config.similar,
        };
        let site = async |space, url: &str| {
            let chain = ChainSpace::connect(space, url).await;
            let chain = chain.map_err(|error: ChainError| ExplorerError::Chain {
                url: url.to_owned(),
                what: error.to_string(),
            })?;
            let (faults, workshop) = (Arc::clone(&faults), Arc::clone(&workshop));
            Ok(Arc::new(SpaceSite::new(
                chain,
                manners.clone(),
                faults,
                workshop,
            )))
        };
        let core = site(ExplorerSpace::Core, &config.core_rpc).await?;
        let espace = site(ExplorerSpace::Espace, &config.espace_rpc).await?;
        let servers = [
            listen(config.core_port, &core).await?,
            listen(config.espace_port, &espace).await?,
        ];
        Ok(Self {
            core,
            espace,
            faults,
            servers,
        })
    }

    /// Returns where Core's dialect is spoken: `http://127.0.0.1:…`.
    #[must_use]
    pub fn core_url(&self) -> String {
        self.servers[0].url()
    }

    /// Returns where eSpace's dialect is spoken: `http://127.0.0.1:…`.
    #[must_use]
    pub fn espace_url(&self) -> String {
        self.servers[1].url()
    }

    /// Makes something go wrong from now on.
    pub fn set(&self, fault: ExplorerFault) {
        self.faults.set(fault);
    }

    /// Returns what is verified at an address: base32 or hex in Core, hex in eSpace.
    #[must_use]
    pub fn verified(&self, space: ExplorerSpace, address: &str) -> Option<Verified> {
        let (site, address) = self.place(space, address)?;
        let records = site.records();
        let record = records.get(address)?;
        Some(Verified {
            file: record.file.clone(),
            contract: record.contract.clone(),
            runtime: record.runtime,
            creation: record.creation,
        })
    }

    /// Forgets a verification, as an explorer does that lost its data.
    pub fn forget(&self, space: ExplorerSpace, address: &str) {
        if let Some((site, address)) = self.place(space, address) {
            site.records().forget(address);
        }
    }

    /// Ends the explorer: no port is listened on, no connection is open, nothing is worked on. Dropping it does the
    /// same.
    pub fn stop(self) {
        drop(self);
    }

    fn place(&self, space: ExplorerSpace, address: &str) -> Option<(&SpaceSite, ContractAddress)> {
        let site = match space {
            ExplorerSpace::Core => &self.core,
            ExplorerSpace::Espace => &self.espace,
        };
        let address = site.chain.network.asked("address", address, false).ok()?;
        Some((site, address))
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        for site in [&self.core, &self.espace] {
            site.end();
        }
    }
}

async fn listen(port: u16, site: &Arc<SpaceSite>) -> Result<Server, ExplorerError> {
    let site = Arc::clone(site);
    let server = Server::start(port, move |request| {
        serve_request(Arc::clone(&site), request)
    })
    .await;
    server.map_err(|source| ExplorerError::Listen { port, source })
}
