//! Arguments of `status` and `doctor`.

use super::Variables;

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Look again and again, with so many seconds between two looks
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub watch: Option<u64>,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}
