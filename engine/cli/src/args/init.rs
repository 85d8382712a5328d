//! The options of `pospool init`.

use std::path::PathBuf;

use crate::view::template::PoolNetwork;

/// Arguments of `init`. What is missing is asked for on a terminal.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct InitArgs {
    /// Network to join [default: testnet]
    #[arg(long, value_enum)]
    pub network: Option<PoolNetwork>,
    /// Name that the pool shows to its users [default: PoS pool]
    #[arg(long)]
    pub name: Option<String>,
    /// Part of the rewards that goes to the users [default: 90%]
    #[arg(long, value_name = "PERCENT")]
    pub share_ratio: Option<String>,
    /// Image of conflux-rust, best with its digest: NAME:TAG@sha256:… [default: the current release of a public
    /// network]
    #[arg(long)]
    pub image: Option<String>,
    /// Address at which other nodes reach this one [default: none, the node only connects out]
    #[arg(long, value_name = "IP")]
    pub public_address: Option<String>,
    /// Folder with the contracts' sources, instead of the reference repository
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["git", "rev"])]
    pub source: Option<PathBuf>,
    /// Repository with the contracts' sources [default: the reference implementation]
    #[arg(long, value_name = "URL", requires = "rev")]
    pub git: Option<String>,
    /// Full commit hash in that repository
    #[arg(long, value_name = "HASH")]
    pub rev: Option<String>,
    /// Devnet: URL of a Core Space RPC
    #[arg(long, value_name = "URL")]
    pub core_rpc: Option<String>,
    /// Also make a pool for the users of eSpace, with the bridge between both
    #[arg(long)]
    pub espace: bool,
    /// Folder with a built web page for the users, which a container of the pool serves [default: none]
    #[arg(long, value_name = "FOLDER")]
    pub page: Option<PathBuf>,
    /// Devnet, with --espace: URL of an eSpace RPC
    #[arg(long, value_name = "URL", requires = "espace")]
    pub espace_rpc: Option<String>,
    /// Devnet: folder with the network's genesis files
    #[arg(long, value_name = "FOLDER")]
    pub node_files: Option<PathBuf>,
    /// Devnet: Docker network that the other nodes are in
    #[arg(long, value_name = "NAME")]
    pub docker_network: Option<String>,
    /// Devnet: nodes to connect to first, `cfxnode://…@ip:port` with commas
    #[arg(long, value_name = "NODES")]
    pub bootnodes: Option<String>,
    /// A person hands the secrets of the containers over at each start, also after a reboot [default on a devnet]
    #[arg(long)]
    pub attended: bool,
    /// Accept in the spec that the registration cannot be undone
    #[arg(long)]
    pub accept_irreversible: bool,
}
