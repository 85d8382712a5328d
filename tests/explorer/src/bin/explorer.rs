//! Command line of the test explorer: its addresses as one line of JSON, then it serves until it is told to end.
//!
//! - Reads: arguments.
//! - Returns: exit code 0 after an interrupt, 1 with the reason on standard error when it cannot start.
//! - Never: writes a file, other than compilers into the cache folder.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use pospool_explorer::{Explorer, ExplorerConfig, ExplorerError};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Verifies contracts of a devnet the way `ConfluxScan` does.
#[derive(Parser)]
#[command(name = "explorer")]
struct ExplorerArguments {
    /// RPC of Core Space, such as `http://127.0.0.1:12537`.
    #[arg(long)]
    core_rpc: String,
    /// RPC of eSpace, such as `http://127.0.0.1:8545`.
    #[arg(long)]
    espace_rpc: String,
    /// Folder where compilers are kept.
    #[arg(long)]
    cache: PathBuf,
    /// Port for Core; 0 takes any.
    #[arg(long, default_value_t = 0)]
    core_port: u16,
    /// Port for eSpace; 0 takes any.
    #[arg(long, default_value_t = 0)]
    espace_port: u16,
    /// Refuse more than five requests in a second, as the original does.
    #[arg(long)]
    rate_limit: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(ExplorerArguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.downcast_ref().map(ExplorerError::code);
            eprintln!("{error} ({})", code.unwrap_or("explorer/system"));
            let mut cause = error.source();
            while let Some(source) = cause {
                eprintln!("  because: {source}");
                cause = source.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: ExplorerArguments) -> Result<(), Box<dyn Error>> {
    let mut end = signal(SignalKind::terminate())?;
    let explorer = Explorer::start(ExplorerConfig {
        core_port: arguments.core_port,
        espace_port: arguments.espace_port,
        rate_limit: arguments.rate_limit,
        similar: true,
        ..ExplorerConfig::new(arguments.core_rpc, arguments.espace_rpc, arguments.cache)
    })
    .await?;
    println!(
        "{}",
        json!({ "core": explorer.core_url(), "espace": explorer.espace_url() })
    );
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = end.recv() => {}
    }
    explorer.stop();
    Ok(())
}
