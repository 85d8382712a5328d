//! The options of `pospool agent`.

use std::path::PathBuf;

use clap::Subcommand;
use pospool_model::CredentialName;

/// Arguments of `agent`.
#[derive(Debug, clap::Args)]
pub struct AgentArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AgentCommand,
}

/// What the agent of a machine does.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Seal a secret to this machine, for `credential("NAME")` in a spec: from standard input, or asked for on a terminal
    Seal(SealArgs),
    /// Install the unit that opens a sealed secret at each boot, before Docker starts; shows it before it writes
    Install(InstallArgs),
    /// Open the secrets that systemd hands over: what the unit runs
    Run,
}

/// Arguments of `agent seal`.
#[derive(Debug, clap::Args)]
pub struct SealArgs {
    /// Its name in the spec
    #[arg(value_name = "NAME")]
    pub name: CredentialName,
    /// Take the place of the one that has this name already
    #[arg(long)]
    pub replace: bool,
    /// Seal it for a system below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    pub root: PathBuf,
}

/// Arguments of `agent install`.
#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    /// The secret that it opens
    #[arg(value_name = "NAME")]
    pub name: CredentialName,
    /// Do it without asking
    #[arg(long)]
    pub auto_approve: bool,
    /// Only write the unit, for a system below this folder, and start nothing
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    pub root: PathBuf,
    /// The pospool that the unit runs [default: this one]
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
}
