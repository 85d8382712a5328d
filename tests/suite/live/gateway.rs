//! The gateway between an operator and the node of the network.
//!
//! Each project has one, so that each operator is a client of its own to the limits, as at the public endpoints. What a
//! test itself asks the chain goes straight to the node.

use std::future::Future;
use std::net::IpAddr;
use std::sync::OnceLock;

use pospool_devnet::network::DevnetInfo;
use pospool_gateway::{Counts, GateMode, Gateway, GatewayEndpoint, Profile, Urls};
use tokio::runtime::{Builder, Runtime};

use super::project::docker;

/// What the endpoints of every project are like.
pub(crate) const PROFILE: Profile = Profile::FREE;

/// The endpoints of one project.
pub(crate) struct Endpoints {
    gateway: Gateway,
    docker_network: String,
    inside: OnceLock<Urls>,
}

impl Endpoints {
    /// A gateway before the node of a network.
    pub(crate) fn of(network: &DevnetInfo) -> Self {
        let node = Urls {
            core: network.core_rpc.clone(),
            espace: network.espace_rpc.clone(),
        };
        let gateway = wait(async { Gateway::start(&node, PROFILE).await.unwrap() });
        Self {
            gateway,
            docker_network: network.docker_network.clone(),
            inside: OnceLock::new(),
        }
    }

    /// Where pospool on this machine reaches the chain.
    pub(crate) fn here(&self) -> Urls {
        self.gateway.urls()
    }

    /// Where containers of the network reach it: at this machine's own address in there.
    pub(crate) fn inside(&self) -> &Urls {
        self.inside.get_or_init(|| {
            let name = &self.docker_network;
            let address = "{{range .IPAM.Config}}{{.Gateway}}{{end}}";
            let address = docker(&["network", "inspect", "--format", address, name]);
            let ip: IpAddr = address.parse().unwrap();
            let listening = wait(async { self.gateway.listen_also(ip).await });
            listening.unwrap_or_else(|error| {
                panic!("the gateway cannot listen at {ip}, this machine in `{name}`: {error}")
            })
        })
    }

    /// What went through until now; kept, it marks the moment.
    pub(crate) fn counts(&self) -> Counts {
        self.gateway.counts()
    }

    /// What came after a mark went through here, at most 2 % of it was refused, and nothing was lost.
    pub(crate) fn check_since(&self, mark: &Counts) {
        let after = self.gateway.counts().since(mark);
        let bearable = after.refused * 50 <= after.calls;
        assert!(
            after.calls > 0 && bearable && after.lost == 0,
            "{after}: {:#}",
            after.json()
        );
    }
}

/// An endpoint before a node, which refuses in some way for ever.
pub(crate) fn refusing(node: &str, form: GateMode) -> GatewayEndpoint {
    let endpoint = wait(async { GatewayEndpoint::start(node, 0, PROFILE).await.unwrap() });
    endpoint.set_form(form);
    endpoint
}

/// Runs on the runtime of all gateways, wherever it is called.
fn wait<T: Send>(work: impl Future<Output = T> + Send) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    });
    // A test may be inside of a runtime of its own, where no other one can be waited for.
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join().unwrap())
}
