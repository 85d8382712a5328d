//! Questions to the user.
//!
//! - Reads: nothing.
//! - Returns: text.
//! - Never: reads the answer.

/// Asked before anything is changed.
pub const APPROVE: &str = "\nDo exactly this? Only `yes` counts: ";

/// Asked before something goes that must be named.
#[must_use]
pub fn format_confirmation(what: &str, name: &str, text: &str) -> String {
    format!("\n{what}.\nType {name}, {text}, to do exactly this: ")
}

/// One question of `init`.
#[derive(Clone, Copy, Debug)]
pub struct InitQuestion {
    /// The flag that answers it.
    pub flag: &'static str,
    /// The question.
    pub text: &'static str,
    /// What an empty answer means; without one an answer is needed.
    pub default: Option<&'static str>,
}

impl InitQuestion {
    /// The question with its default.
    #[must_use]
    pub fn prompt(&self) -> String {
        match self.default {
            None => format!("{}: ", self.text),
            Some("") => format!("{} [none]: ", self.text),
            Some(default) => format!("{} [{default}]: ", self.text),
        }
    }
}

/// An answer that cannot be meant.
#[must_use]
pub fn format_wrong_answer(what: &str, help: &str) -> String {
    format!("  {what}: {help}\n")
}

const fn question(
    flag: &'static str,
    text: &'static str,
    default: Option<&'static str>,
) -> InitQuestion {
    InitQuestion {
        flag,
        text,
        default,
    }
}

/// Which network.
pub const NETWORK: InitQuestion = question(
    "--network",
    "Network to join (testnet, mainnet or devnet)",
    Some("testnet"),
);
/// Name of the pool.
pub const NAME: InitQuestion = question(
    "--name",
    "Name that the pool shows to its users",
    Some("PoS pool"),
);
/// Share of the users.
pub const SHARE_RATIO: InitQuestion = question(
    "--share-ratio",
    "Part of the rewards that goes to the users",
    Some("90%"),
);
/// Image of the node. Its default is that of the network in the table of releases; a private network has none.
pub const IMAGE: InitQuestion = question(
    "--image",
    "Image of conflux-rust for this network, such as confluxchain/conflux-rust:TAG@sha256:…",
    None,
);
/// Where other nodes reach this one.
pub const PUBLIC_ADDRESS: InitQuestion = question(
    "--public-address",
    "IP address at which other nodes reach this one",
    Some(""),
);
/// RPC of a devnet.
pub const CORE_RPC: InitQuestion =
    question("--core-rpc", "URL of a Core Space RPC of the devnet", None);
/// RPC of a devnet's eSpace.
pub const ESPACE_RPC: InitQuestion =
    question("--espace-rpc", "URL of an eSpace RPC of the devnet", None);
/// Genesis files of a devnet.
pub const NODE_FILES: InitQuestion = question(
    "--node-files",
    "Folder with the devnet's genesis files",
    None,
);
/// Docker network of a devnet.
pub const DOCKER_NETWORK: InitQuestion = question(
    "--docker-network",
    "Docker network that the devnet's nodes are in",
    None,
);
/// First peers in a devnet.
pub const BOOTNODES: InitQuestion = question(
    "--bootnodes",
    "Nodes of the devnet to connect to first (cfxnode://…@ip:port)",
    None,
);
