//! Arguments of `import`.

use pospool_model::Address;

use super::Variables;

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub struct TakeUpArgs {
    /// The contract's block, such as `core_contract.pool`
    #[arg(
        value_name = "ADDRESS",
        requires = "place",
        required_unless_present = "scan"
    )]
    pub address: Option<Address>,
    /// Where it is: its address on the chain. It is written into the block
    #[arg(value_name = "PLACE")]
    pub place: Option<String>,
    /// Search for everything that the accounts of the spec made, and for containers and volumes with the spec's names
    #[arg(long)]
    pub scan: bool,
    /// With --scan: the state that made them, by the first digits of its lineage, where there is more than one
    #[arg(long, value_name = "LINEAGE", requires = "scan")]
    pub lineage: Option<String>,
    /// Do not ask before spec and state are written
    #[arg(long)]
    pub auto_approve: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}
