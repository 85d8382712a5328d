//! Command line of the gateway: its addresses as one line of JSON, then it serves until it is told to end.
//!
//! - Reads: arguments.
//! - Returns: exit code 0 after an interrupt, 1 with the reason on standard error when it cannot start.
//! - Never: writes a file.

use std::error::Error;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use pospool_gateway::{GateMode, Gateway, GatewayEndpoint, LimitRate, Limits, Profile};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Stands before a node and refuses what the public RPC of Conflux would refuse.
///
/// `GET /counts` at either address tells what went through.
#[derive(Parser)]
#[command(name = "gateway")]
struct GatewayArguments {
    /// RPC of Core Space, such as `http://127.0.0.1:12537`.
    #[arg(long)]
    core_rpc: String,
    /// RPC of eSpace, such as `http://127.0.0.1:8545`.
    #[arg(long)]
    espace_rpc: String,
    /// Port for Core; 0 takes any.
    #[arg(long, default_value_t = 0)]
    core_port: u16,
    /// Port for eSpace; 0 takes any.
    #[arg(long, default_value_t = 0)]
    espace_port: u16,
    /// Another address of this machine to listen at, under the same ports: the gateway of a Docker network.
    #[arg(long)]
    also_at: Option<IpAddr>,
    /// No limits and no latency, but for those that are given.
    #[arg(long)]
    open: bool,
    /// Calls in a second of each method that is dear.
    #[arg(long)]
    method_rate: Option<u32>,
    /// The same at once; the rate, if not given.
    #[arg(long, requires = "method_rate")]
    method_burst: Option<u32>,
    /// Calls in a second, all together.
    #[arg(long)]
    rate: Option<u32>,
    /// The same at once; the rate, if not given.
    #[arg(long, requires = "rate")]
    burst: Option<u32>,
    /// Calls in 24 hours.
    #[arg(long)]
    daily: Option<u64>,
    /// How long each request is on its way, in milliseconds.
    #[arg(long)]
    latency: Option<u64>,
    /// How requests are treated: open, 429, 401, 403, 502, page, no-batches, or exhausted.
    #[arg(long, default_value = "open", value_parser = form)]
    form: GateMode,
}

fn form(name: &str) -> Result<GateMode, String> {
    let found = GateMode::ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, form)| *form).ok_or_else(|| {
        let names: Vec<_> = GateMode::ALL.iter().map(|(name, _)| *name).collect();
        format!("it is one of {}", names.join(", "))
    })
}

impl GatewayArguments {
    fn profile(&self) -> Profile {
        let mut profile = if self.open {
            Profile::OPEN
        } else {
            Profile::FREE
        };
        let rate = |per_second: Option<u32>, burst: Option<u32>, before| {
            let rate = per_second.map(|per_second| LimitRate {
                per_second,
                burst: burst.unwrap_or(per_second),
            });
            rate.or(before)
        };
        let limits = profile.limits;
        profile.limits = Limits {
            method: rate(self.method_rate, self.method_burst, limits.method),
            all: rate(self.rate, self.burst, limits.all),
            daily: self.daily.or(limits.daily),
        };
        if let Some(latency) = self.latency {
            profile.latency = Duration::from_millis(latency);
        }
        profile
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&GatewayArguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the gateway cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &GatewayArguments) -> Result<(), Box<dyn Error>> {
    let mut end = signal(SignalKind::terminate())?;
    let profile = arguments.profile();
    let gateway = Gateway {
        core: GatewayEndpoint::start(&arguments.core_rpc, arguments.core_port, profile).await?,
        espace: GatewayEndpoint::start(&arguments.espace_rpc, arguments.espace_port, profile)
            .await?,
    };
    gateway.set_form(arguments.form);
    let here = gateway.urls();
    let mut said = json!({ "core": here.core, "espace": here.espace });
    if let Some(ip) = arguments.also_at {
        let there = gateway
            .listen_also(ip)
            .await
            .map_err(|error| format!("it cannot listen at {ip}: {error}"))?;
        said["core_inside"] = there.core.into();
        said["espace_inside"] = there.espace.into();
    }
    println!("{said}");
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = end.recv() => {}
    }
    eprintln!("{}", gateway.counts());
    Ok(())
}
