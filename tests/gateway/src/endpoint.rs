//! One endpoint: the gate before one node, and the addresses at which it listens.
//!
//! - Reads: what tests and the command line set.
//! - Returns: its URLs, and what went through it.
//! - Never: listens at an address that it was not given, or outlives its value.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pospool_explorer::http::{HttpRequest, Server};

use crate::Profile;
use crate::count::Counts;
use crate::gate::{Gate, GateClock};
use crate::limits::Limits;
use crate::node::UpstreamNode;
use crate::refusal::GateMode;

/// A public endpoint of one node, with one client.
pub struct GatewayEndpoint {
    gate: Arc<Gate>,
    address: SocketAddr,
    servers: Mutex<Vec<Server>>,
}

impl fmt::Debug for GatewayEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GatewayEndpoint")
            .field(&self.address)
            .finish()
    }
}

impl GatewayEndpoint {
    /// Listens on a port of 127.0.0.1 (0 takes any) and passes on to a node.
    pub async fn start(node: &str, port: u16, profile: Profile) -> io::Result<Self> {
        Self::with_clock(node, port, profile, Arc::new(Instant::now)).await
    }

    /// The same with a clock of its own for the limits.
    pub async fn with_clock(
        node: &str,
        port: u16,
        profile: Profile,
        clock: GateClock,
    ) -> io::Result<Self> {
        let gate = Arc::new(Gate::new(UpstreamNode::at(node)?, profile, clock));
        let local = SocketAddr::from(([127, 0, 0, 1], port));
        let server = serve(&gate, local).await?;
        Ok(Self {
            gate,
            address: server.address(),
            servers: Mutex::new(vec![server]),
        })
    }

    /// Listens under the same port at another address of this machine too; whoever comes there is the same client.
    pub async fn listen_also(&self, ip: IpAddr) -> io::Result<String> {
        let address = SocketAddr::new(ip, self.address.port());
        let server = serve(&self.gate, address).await?;
        let url = server.url();
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.push(server);
        Ok(url)
    }

    /// Returns `http://127.0.0.1:` and the port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets other limits; their buckets are full.
    pub fn set_limits(&self, limits: Limits) {
        self.gate.set_limits(limits);
    }

    /// Sets how long each request is on its way.
    pub fn set_latency(&self, latency: Duration) {
        self.gate.set_latency(latency);
    }

    /// Sets how requests are treated from now on.
    pub fn set_form(&self, form: GateMode) {
        self.gate.set_form(form);
    }

    /// Sets how the next requests are treated; those after them as before.
    pub fn set_next(&self, form: GateMode, requests: u32) {
        self.gate.set_next(form, requests);
    }

    /// Returns what went through until now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.gate.counts()
    }
}

async fn serve(gate: &Arc<Gate>, address: SocketAddr) -> io::Result<Server> {
    let gate = Arc::clone(gate);
    let answer = move |request: HttpRequest| {
        let gate = Arc::clone(&gate);
        async move { Some(gate.answer(&request).await) }
    };
    Server::listen(address, answer).await
}
