//! Arguments of `import`.

use std::path::PathBuf;

use pospool_model::Address;

use super::Variables;
use crate::view::template::PoolNetwork;

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
    /// With --scan, where there is no spec yet: the address of the pool, of its bridge or of its manager, made with the
    /// reference's scripts; may be repeated. The spec is written from what is there
    #[arg(long, value_name = "ADDRESS", requires = "scan")]
    pub from: Vec<String>,
    /// With --from: its network [default: by the address]
    #[arg(long, value_enum, requires = "from")]
    pub network: Option<PoolNetwork>,
    /// With --from: URL of a Core Space RPC [default: the public one]
    #[arg(long, value_name = "URL", requires = "from")]
    pub core_rpc: Option<String>,
    /// With --from: URL of an eSpace RPC [default: the public one]
    #[arg(long, value_name = "URL", requires = "from")]
    pub espace_rpc: Option<String>,
    /// With --from: folder with the contracts' sources, instead of the reference repository
    #[arg(long, value_name = "FOLDER", requires = "from")]
    pub source: Option<PathBuf>,
    /// Do not ask before spec and state are written
    #[arg(long)]
    pub auto_approve: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}
