//! A gateway before a node, as hostile as the one before the public RPC of Conflux (Confura).
//!
//! - Reads: JSON-RPC over HTTP; the limits of one client; forms of refusal that tests set.
//! - Returns: the node's answers, or refusals in the places and forms of the original; counts of both.
//! - Never: is kinder than the original: a call in a batch counts like any other, and nothing waits for its turn.
//!
//! ```text
//! http (of the explorer) -> gate -> limits, refusal, count
//!                           gate -> node
//! ```
//!
//! What it copies, and from where, is in `docs/testing.md`.

pub mod count;
mod endpoint;
mod gate;
pub mod limits;
mod node;
mod profile;
pub mod refusal;

use std::io;
use std::net::IpAddr;

pub use count::Counts;
pub use endpoint::GatewayEndpoint;
pub use gate::{BODY_LIMIT, GateClock};
pub use limits::{LimitRate, Limits};
pub use profile::Profile;
pub use refusal::GateMode;

/// Both spaces as one client sees them: each is an endpoint with limits of its own, as the public ones are.
#[derive(Debug)]
pub struct Gateway {
    /// Core Space.
    pub core: GatewayEndpoint,
    /// eSpace.
    pub espace: GatewayEndpoint,
}

/// Where a gateway is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// Core Space.
    pub core: String,
    /// eSpace.
    pub espace: String,
}

impl Gateway {
    /// Listens on two ports of 127.0.0.1.
    pub async fn start(node: &Urls, profile: Profile) -> io::Result<Self> {
        Ok(Self {
            core: GatewayEndpoint::start(&node.core, 0, profile).await?,
            espace: GatewayEndpoint::start(&node.espace, 0, profile).await?,
        })
    }

    /// Returns where it is reached on this machine.
    #[must_use]
    pub fn urls(&self) -> Urls {
        Urls {
            core: self.core.url(),
            espace: self.espace.url(),
        }
    }

    /// Listens at another address of this machine too, such as the one that containers of a Docker network reach.
    pub async fn listen_also(&self, ip: IpAddr) -> io::Result<Urls> {
        Ok(Urls {
            core: self.core.listen_also(ip).await?,
            espace: self.espace.listen_also(ip).await?,
        })
    }

    /// Sets the limits of both.
    pub fn set_limits(&self, limits: Limits) {
        self.core.set_limits(limits);
        self.espace.set_limits(limits);
    }

    /// Sets how both treat requests from now on.
    pub fn set_form(&self, form: GateMode) {
        self.core.set_form(form);
        self.espace.set_form(form);
    }

    /// Returns what went through both until now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.core.counts().plus(&self.espace.counts())
    }
}
