//! Command line of the devnet: one JSON value to standard output, progress to standard error.
//!
//! - Reads: arguments.
//! - Returns: exit code 0, or 1 with the chain of causes on standard error.
//! - Never: decides anything; each command calls the library once.

use std::{error::Error, fs, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use pospool_devnet::{
    ChainConfig, Devnet, DevnetConfig, ImageSource, Lifetime, accounts, cache::Cache, cleanup,
    docker::DevnetEngine, image, join, live, network::DevnetInfo, settings,
};
use serde_json::{Value, json};

/// Runs private Conflux networks with live PoS on the local Docker Engine.
#[derive(Parser)]
#[command(name = "devnet")]
struct DevnetArguments {
    #[command(subcommand)]
    command: DevnetCommand,
}

#[derive(Subcommand)]
enum DevnetCommand {
    /// Finds, pulls or makes the node's image.
    Image,
    /// Starts a devnet that stays, and writes `DIR/devnet.json` and `DIR/node_files`.
    Up {
        /// Name of the devnet.
        #[arg(long, default_value = "default")]
        name: String,
        /// Folder for what is written.
        #[arg(long, default_value = "devnet")]
        dir: PathBuf,
        /// Votes of the genesis validator.
        #[arg(long, default_value_t = 60)]
        genesis_votes: u64,
        /// Time between two blocks.
        #[arg(long, default_value_t = 250)]
        block_interval_ms: u64,
    },
    /// Starts a devnet that lasts until Ctrl-C or the end of this program.
    Run {
        /// Name of the devnet.
        #[arg(long, default_value = "run")]
        name: String,
    },
    /// Proves that a second node can join a devnet.
    Join {
        /// Folder that `up` wrote.
        #[arg(long, default_value = "devnet")]
        dir: PathBuf,
    },
    /// Starts a devnet of its own, checks all that is promised of it, and takes it down.
    Check {
        /// Name of the devnet.
        #[arg(long, default_value = "check")]
        name: String,
    },
    /// Takes a devnet down.
    Down {
        /// Name of the devnet.
        #[arg(long, default_value = "default")]
        name: String,
    },
    /// Takes down what dead processes left behind.
    Sweep,
    /// Shows the funded accounts of the default chain.
    Accounts,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(DevnetArguments::parse().command).await {
        Ok(value) => {
            if let Some(value) = value {
                println!("{value:#}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            let mut cause = error.source();
            while let Some(source) = cause {
                eprintln!("  because: {source}");
                cause = source.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(command: DevnetCommand) -> Result<Option<Value>, Box<dyn Error>> {
    let engine = DevnetEngine::connect().await;
    let value = match command {
        DevnetCommand::Image => {
            let cache = Cache::new(&settings::default_cache_dir());
            json!(
                image::ensure_node_image(&engine?, &ImageSource::from_env(), &cache, progress)
                    .await?
            )
        }
        DevnetCommand::Up {
            name,
            dir,
            genesis_votes,
            block_interval_ms,
        } => {
            let chain = ChainConfig {
                genesis_votes,
                ..ChainConfig::default()
            };
            up(DevnetConfig {
                chain,
                block_interval_ms,
                dir: Some(dir),
                lifetime: Lifetime::Detached,
                ..usual(&name)
            })
            .await?
        }
        DevnetCommand::Run { name } => {
            foreground(usual(&name)).await?;
            return Ok(None);
        }
        DevnetCommand::Join { dir } => {
            let text = fs::read_to_string(dir.join("devnet.json"))?;
            let info: DevnetInfo = serde_json::from_str(&text)?;
            json!(join::prove_join(&engine?, &info, progress).await?)
        }
        DevnetCommand::Check { name } => json!(live::life_cycle(usual(&name)).await?),
        DevnetCommand::Down { name } => json!(cleanup::remove_devnet(&engine?, &name).await?),
        DevnetCommand::Sweep => json!(cleanup::remove_orphans(&engine?).await?),
        DevnetCommand::Accounts => {
            json!(accounts::of_chain(&ChainConfig::default())?)
        }
    };
    Ok(Some(value))
}

fn usual(name: &str) -> DevnetConfig {
    DevnetConfig {
        progress,
        ..DevnetConfig::named(name)
    }
}

async fn up(config: DevnetConfig) -> Result<Value, Box<dyn Error>> {
    let dir = config.dir.clone().unwrap_or_default();
    let devnet = Devnet::start(config).await?;
    let value = serde_json::to_value(devnet.info())?;
    fs::write(dir.join("devnet.json"), format!("{value:#}\n"))?;
    Ok(value)
}

async fn foreground(config: DevnetConfig) -> Result<(), Box<dyn Error>> {
    let devnet = Devnet::start(config).await?;
    println!("{:#}", json!(devnet.info()));
    tokio::signal::ctrl_c().await?;
    devnet.stop().await?;
    Ok(())
}

fn progress(line: &str) {
    eprintln!("{line}");
}
