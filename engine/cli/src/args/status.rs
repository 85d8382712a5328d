//! Arguments of `status` and `doctor`.

use std::path::PathBuf;

use super::Variables;

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Look again and again, with so many seconds between two looks
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub watch: Option<u64>,
    /// Write it as metrics for Prometheus instead of text
    #[arg(long, conflicts_with = "json")]
    pub metrics: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Grade this machine, before anything is on it
    #[arg(long)]
    pub host: bool,
    /// The folder in which a node's data will lie: its disk is graded, with a file that is removed again
    #[arg(long, value_name = "DIR", default_value = ".", requires = "host")]
    pub folder: PathBuf,
    /// Pack everything that somebody who helps needs into one new file (tar, gzip), without secrets
    #[arg(long, value_name = "FILE", conflicts_with = "host")]
    pub bundle: Option<PathBuf>,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}
