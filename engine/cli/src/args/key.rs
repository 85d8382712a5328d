//! The options of `pospool key`.

use std::path::PathBuf;

use clap::Subcommand;
use pospool_model::Address;

use super::variables::Variables;

/// Arguments of `key`.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What can be done with PoS keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Keep a node's PoS key, its password and its safety file in a locked bundle
    Backup(BackupArgs),
    /// Say how a bundle is locked, and with its secret what is in it
    Inspect(InspectArgs),
    /// Open a bundle with nothing but its secret, derive the key's address, compare, and note the date
    Drill(DrillArgs),
    /// Put the key of a bundle onto the volume of a node that does not run
    Restore(RestoreArgs),
    /// Put the key of a node that pospool did not make onto the volume of one that it makes
    Import(ImportArgs),
    /// Make an age identity: who holds the file can open the bundles that are made for its recipient
    Identity(IdentityArgs),
}

impl KeyCommand {
    /// Whether it needs the spec and an engine.
    #[must_use]
    pub fn looks_outside(&self) -> bool {
        matches!(self, Self::Backup(_) | Self::Restore(_) | Self::Import(_))
    }
}

/// Arguments of `key backup`.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The node, such as `node.main`
    #[arg(value_name = "NODE")]
    pub node: Address,
    /// The bundle; a file that is there is not overwritten
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Who can open it: `age1…`; may be repeated, and each alone can
    #[arg(
        long = "recipient",
        value_name = "AGE1",
        required_unless_present = "passphrase"
    )]
    pub recipients: Vec<String>,
    /// Lock it with a passphrase instead, for people: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SECRET", conflicts_with = "recipients")]
    pub passphrase: Option<String>,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// What opens a bundle.
#[derive(Debug, clap::Args)]
pub struct OpenerArgs {
    /// The identity of a recipient: `file:PATH` or `env:NAME`
    #[arg(long, value_name = "SECRET", conflicts_with = "passphrase")]
    pub identity: Option<String>,
    /// The passphrase: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SECRET")]
    pub passphrase: Option<String>,
}

/// Arguments of `key inspect`.
#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,
    /// What opens it.
    #[command(flatten)]
    pub opener: OpenerArgs,
}

/// Arguments of `key drill`.
#[derive(Debug, clap::Args)]
pub struct DrillArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,
    /// What opens it.
    #[command(flatten)]
    pub opener: OpenerArgs,
}

/// Arguments of `key restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,
    /// Where to: the node's volume in the spec, such as `volume.main`, or the node
    #[arg(long, value_name = "ADDRESS")]
    pub to: Address,
    /// What opens it.
    #[command(flatten)]
    pub opener: OpenerArgs,
    /// Also write the key's password into this file, for a host that has lost it; a file that is there is not overwritten
    #[arg(long, value_name = "FILE")]
    pub password_to: Option<PathBuf>,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `key import`.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The key's file, `pos_config/pos_key` of the other node; the spec's `pos_key_password` must open it
    #[arg(long, value_name = "FILE")]
    pub pos_key: PathBuf,
    /// Where to: the node's volume in the spec, such as `volume.main`, or the node
    #[arg(long, value_name = "ADDRESS")]
    pub to: Address,
    /// File with the register data of the key, to prove that both belong together
    #[arg(long, value_name = "FILE")]
    pub register_data: Option<PathBuf>,
    /// The other node's `pos_db/secure_storage.json`, read after that node was stopped
    #[arg(long, value_name = "FILE")]
    pub safety_file: Option<PathBuf>,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `key identity`.
#[derive(Debug, clap::Args)]
pub struct IdentityArgs {
    /// Where to; a file that is there is not overwritten
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}
