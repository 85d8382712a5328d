//! The spec that `init` writes.
//!
//! - Reads: answers.
//! - Returns: a commented spec that decodes.
//! - Never: contains a secret; it names where secrets will be.

use std::fmt::Write as _;

use super::is_bidi;

/// Which network a pool is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PoolNetwork {
    /// Conflux testnet: its CFX cost nothing.
    Testnet,
    /// Conflux mainnet.
    Mainnet,
    /// A private network.
    Devnet,
}

impl PoolNetwork {
    /// Its name in a spec.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Testnet => "testnet",
            Self::Mainnet => "mainnet",
            Self::Devnet => "devnet",
        }
    }
}

/// The smallest spec with a node, to try an image.
#[must_use]
pub fn one_node(network: PoolNetwork, image: &str) -> String {
    let (network, image) = (quoted(network.name()), quoted(image));
    format!(
        "chain \"trial\" {{\n  network = {network}\n  core_rpc = \"http://127.0.0.1\"\n}}\nhost \"trial\" {{}}\nvolume \
         \"trial\" {{}}\nnode \"trial\" {{\n  image = {image}\n  data = volume.trial\n  pos_key_password = \
         env(\"TRIAL\")\n}}\n"
    )
}

/// Where the contracts' sources are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceLocation {
    /// In a folder.
    Folder(String),
    /// In a repository.
    Git {
        /// Which.
        url: String,
        /// At which commit.
        rev: String,
    },
}

/// What only a private network needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevnetAnswers {
    /// Core Space RPC.
    pub core_rpc: String,
    /// eSpace RPC, for a pool in both spaces.
    pub espace_rpc: Option<String>,
    /// Folder with genesis files.
    pub node_files: String,
    /// Docker network of its nodes.
    pub docker_network: String,
    /// First peers.
    pub bootnodes: String,
}

/// Everything that the spec depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitAnswers {
    /// Which network.
    pub network: PoolNetwork,
    /// The pool's name.
    pub name: String,
    /// The users' share, with `%`.
    pub share_ratio: String,
    /// The node's image.
    pub image: String,
    /// Where other nodes reach it.
    pub public_address: Option<String>,
    /// The contracts' sources.
    pub code: SourceLocation,
    /// What only a private network needs.
    pub devnet: Option<DevnetAnswers>,
    /// Whether there is a pool in eSpace too.
    pub espace: bool,
    /// The folder of a built web page.
    pub page: Option<String>,
    /// Whether a person hands the containers' secrets over at each start.
    pub attended: bool,
    /// Whether the registration is accepted.
    pub accept_irreversible: bool,
}

/// The spec.
#[must_use]
pub fn write_spec(answers: &InitAnswers) -> String {
    let espace = answers.espace.then(|| espace(answers));
    // On a private network it depends on where the node's RPC is for a container.
    let syncer = (answers.espace && answers.devnet.is_none()).then(|| syncer(answers.attended));
    let parts = [
        HEAD.to_owned(),
        chain(answers),
        ACCOUNT.to_owned(),
        if answers.espace {
            format!("{SYNCER_ACCOUNT}\n{HOST}")
        } else {
            HOST.to_owned()
        },
        node(answers),
        source(&answers.code),
        contracts(answers),
    ];
    let ends = [
        verification(answers),
        registration(answers.accept_irreversible),
        if answers.espace {
            format!("{OUTPUTS}\n{ESPACE_OUTPUT}")
        } else {
            OUTPUTS.to_owned()
        },
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .chain(espace)
        .chain(syncer)
        .chain(answers.page.as_deref().map(page))
        .chain(ends)
        .collect();
    parts.join("\n")
}

/// What `init` says when it is done.
#[must_use]
pub fn format_spec_written(name: &str, answers: &InitAnswers) -> String {
    let syncer = if answers.espace {
        ", the syncer's into POSPOOL_SYNCER_KEY"
    } else {
        ""
    };
    let secrets = if answers.attended {
        format!("{syncer} and a new password into POSPOOL_POS_KEY_PASSWORD")
    } else {
        format!("{syncer}{}", format_sealing(answers.espace))
    };
    let mut text = format!(
        "wrote `{name}`; next:\n  1. read it: it is short, and every choice in it is yours\n  2. put the \
         operator's private key into POSPOOL_OPERATOR_KEY{secrets}\n  3. run `pospool plan`, then `pospool apply`\n"
    );
    if !answers.accept_irreversible {
        text.push_str(
            "the plan refuses the registration until you accept in the spec that it cannot be undone\n",
        );
    }
    text
}

/// How the secrets of containers that come back alone get to this machine, and what that costs.
fn format_sealing(espace: bool) -> String {
    let mut text = String::new();
    let mut seal = |name: &str, what: &str| {
        let _ = write!(
            text,
            "\n     seal {what} to this machine, as root: pospool agent seal {name} && pospool agent install {name}"
        );
    };
    seal(PASSWORD, "a new password of the PoS key");
    if espace {
        seal(SYNCER_KEY, "the syncer's key");
    }
    text.push_str(
        "\n     so it comes back alone after a reboot, and whoever is root here can read what is sealed; \
         `init --attended` is the other way",
    );
    text
}

/// Names of sealed secrets.
const PASSWORD: &str = "pos-key-password";
const SYNCER_KEY: &str = "syncer-key";

const HEAD: &str = "\
# A Conflux PoS pool. `pospool plan` shows what would change and what it costs, `pospool apply`
# does it. `pospool explain` lists everything that can stand here, `pospool explain node` one kind.
";

const ACCOUNT: &str = r#"# The key that deploys, owns and pays. It is read from the environment when it is used, and is in no
# file of pospool. A file works too: file("/run/secrets/operator_key").
account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}
"#;

const SYNCER_ACCOUNT: &str = r#"# The key that owns the bridge and calls it day after day: another one, so that the operator's needs to be on no machine.
account "syncer" {
  private_key = env("POSPOOL_SYNCER_KEY")
}
"#;

fn syncer(attended: bool) -> String {
    let key = if attended {
        "env(\"POSPOOL_SYNCER_KEY\")".to_owned()
    } else {
        format!("credential({SYNCER_KEY:?}) # the same key, sealed to the machine")
    };
    format!(
        "# Carries stake, rewards and votes between the spaces. Its account pays a little gas for that: keep some CFX on it.\n\
         syncer \"main\" {{\n  bridge      = core_contract.bridge.address\n  private_key = {key}\n}}\n"
    )
}

const HOST: &str = r#"# The machine that runs the node.
host "main" {
  docker = "unix:///var/run/docker.sock"
}

# The chain's data and the PoS key. It is only deleted when it is named:
# `pospool destroy --delete volume.main`. Keep a backup of the key.
volume "main" {
  host = host.main
}
"#;

const OUTPUTS: &str = r#"output "pool_address" {
  description = "What users stake to."
  value       = core_contract.pool.address
}

output "pos_address" {
  description = "The node's name in PoS."
  value       = node.main.pos_address
}
"#;

const ESPACE_OUTPUT: &str = r#"output "espace_pool_address" {
  description = "What users of eSpace stake to."
  value       = espace_contract.pool.address
}
"#;

fn chain(answers: &InitAnswers) -> String {
    let network = answers.network.name();
    let mut text = String::from("chain \"conflux\" {\n");
    if let Some(devnet) = &answers.devnet {
        let _ = writeln!(
            text,
            "  network    = {}\n  core_rpc   = {}\n  node_files = {}\n  bootnodes  = {}",
            quoted(network),
            quoted(&devnet.core_rpc),
            quoted(&devnet.node_files),
            quoted(&devnet.bootnodes)
        );
        if let Some(url) = &devnet.espace_rpc {
            let _ = writeln!(text, "  espace_rpc = {}", quoted(url));
        }
    } else {
        let _ = writeln!(text, "  network = {}", quoted(network));
    }
    text.push_str("}\n");
    text
}

fn node(answers: &InitAnswers) -> String {
    let mut text = String::from(
        "# The node that votes. Its PoS key is made at its first start and encrypted with the password.\n",
    );
    let pinned = answers.image.contains("@sha256:");
    if !pinned {
        text.push_str(
            "# A tag can be moved: pin the image with its digest (`docker buildx imagetools inspect NAME:TAG`).\n",
        );
    }
    let password = if answers.attended {
        "env(\"POSPOOL_POS_KEY_PASSWORD\")".to_owned()
    } else {
        text.push_str(
            "# The password is sealed to the machine, and opened at each boot: the node comes back alone. `env(\"NAME\")` instead\n\
             # needs a person at each start.\n",
        );
        format!("credential({PASSWORD:?})")
    };
    let _ = write!(
        text,
        "node \"main\" {{\n  host             = host.main\n  image            = {}\n  data             = \
         volume.main\n  pos_key_password = {password}\n",
        quoted(&answers.image)
    );
    if let Some(devnet) = &answers.devnet {
        let _ = writeln!(
            text,
            "  docker_network   = {}",
            quoted(&devnet.docker_network)
        );
    }
    match &answers.public_address {
        Some(address) => {
            let _ = write!(
                text,
                "\n  # Open this port (TCP and UDP) in the firewall, so that other nodes reach this one.\n  \
                 publish_p2p = 32323\n  config      = {{ public_address = {} }}\n",
                quoted(address)
            );
        }
        None if answers.devnet.is_none() => text.push_str(
            "\n  # Without these the node only connects out. A node that others can reach syncs and votes better.\n  \
             # publish_p2p = 32323\n  # config      = { public_address = \"203.0.113.7\" }\n",
        ),
        None => {}
    }
    text.push_str("}\n");
    text
}

pub(super) fn source(code: &SourceLocation) -> String {
    match code {
        SourceLocation::Folder(path) => format!(
            "# The contracts, compiled on this machine.\nsource \"reference\" {{\n  path = {}\n}}\n",
            quoted(path)
        ),
        SourceLocation::Git { url, rev } => format!(
            "# The contracts, compiled on this machine from exactly this commit.\nsource \"reference\" {{\n  \
             git = {}\n  rev = {}\n}}\n",
            quoted(url),
            quoted(rev)
        ),
    }
}

fn contracts(answers: &InitAnswers) -> String {
    let (name, share) = (quoted(&answers.name), quoted(&answers.share_ratio));
    let pair = if answers.espace {
        "\n    # Which pool of eSpace belongs to it.\n    espace_pools = [{ pool = core_contract.pool, espace_pool = espace_contract.pool }]"
    } else {
        ""
    };
    let periods = if answers.network == PoolNetwork::Devnet {
        "\n    # The PoS locks of this network in its blocks, if they differ from the contract's own.\n    \
         # lock_period   = blocks(2250000)\n    # unlock_period = blocks(176400)\n"
    } else {
        "\n    # The reference's values: about 13 days and 1 day. PoS needs some 10 hours and 20 minutes more, and a \
         withdrawal\n    # in between is reverted and works later.\n    \
         lock_period   = blocks(2250000)\n    unlock_period = blocks(176400)\n"
    };
    format!(
        "# The pool that users stake to. A later `pospool apply` changes settings in place.\ncore_contract \
         \"pool\" {{\n  code  = source.reference.PoSPool\n  owner = account.operator\n  proxy = true\n  settings = \
         {{\n    name             = {name}\n    user_share_ratio = {share} # of the rewards\n{periods}  }}\n}}\n\n\
         # The list of pools that the site shows.\ncore_contract \"manager\" {{\n  code  = \
         source.reference.PoolManager\n  owner = account.operator\n  settings = {{\n    pools = \
         [core_contract.pool]{pair}\n  }}\n}}\n"
    )
}

fn espace(answers: &InitAnswers) -> String {
    let name = quoted(&answers.name);
    let periods = if answers.network == PoolNetwork::Devnet {
        "\n    # Both count blocks of eSpace, of which there is one in each epoch.\n    \
         # lock_period   = blocks(1126800)\n    # unlock_period = blocks(90000)\n"
    } else {
        "\n    # The reference's values, in blocks of eSpace, of which there is one in each epoch: about 16 days and 1.3 days \
         at\n    # mainnet's pace of 71,000 epochs a day.\n    \
         lock_period   = blocks(1126800)\n    unlock_period = blocks(90000)\n"
    };
    format!(
        "# The operator's account in eSpace, which pays there. It is filled up to this amount once.\nfunding \
         \"espace\" {{\n  from   = account.operator\n  amount = cfx(50)\n}}\n\n# Stands for all users of eSpace in the pool of Core Space. \
         `pospool` finds out both addresses beforehand, so that\n# the bridge and the pool of eSpace can know each \
         other.\ncore_contract \"bridge\" {{\n  code  = source.reference.CoreBridge\n  owner = account.syncer\n  \
         proxy = true\n  settings = {{\n    pool        = core_contract.pool\n    espace_pool = \
         espace_contract.pool\n  }}\n}}\n\n# The pool that users of eSpace stake to.\nespace_contract \"pool\" {{\n  \
         code  = source.reference.ESpacePoSPool\n  owner = account.operator\n  proxy = true\n  settings = {{\n    \
         name   = {name}\n    bridge = core_contract.bridge\n{periods}  }}\n}}\n"
    )
}

fn verification(answers: &InitAnswers) -> String {
    let mut contracts = vec!["core_contract.pool", "core_contract.manager"];
    if answers.espace {
        contracts.extend(["core_contract.bridge", "espace_contract.pool"]);
    }
    // A private network has no explorer that everybody knows: the code is compared here.
    let explorer = match answers.network {
        PoolNetwork::Devnet => "",
        PoolNetwork::Testnet | PoolNetwork::Mainnet => "\n  explorer  = \"confluxscan\"",
    };
    let contracts = contracts.join(", ");
    format!(
        "# That the code on the chain is what the source compiles to, and that the explorer tells everybody.\nverification \
         \"pool\" {{\n  contracts = [{contracts}]{explorer}\n}}\n"
    )
}

fn page(folder: &str) -> String {
    let folder = quoted(folder);
    format!(
        "# The page on which users stake. It is published on this machine alone: put a server with TLS before it.\nui \"site\" {{\n  \
         host    = host.main\n  manager = core_contract.manager.address\n  built   = {folder}\n  listen  = \"127.0.0.1:8080\"\n}}\n"
    )
}

fn registration(accepted: bool) -> String {
    let accept = if accepted {
        "  lifecycle { irreversible = \"accept\" }\n"
    } else {
        "  # Remove the `#` when you accept that:\n  # lifecycle { irreversible = \"accept\" }\n"
    };
    format!(
        "# The pool's first vote, with a stake of 1,000 CFX. This cannot be undone: the stake is locked for at \
         least\n# 14 days, and the node's PoS key belongs to this pool from then on. The plan refuses it until \
         it is accepted.\npos_registration \"main\" {{\n  node    = node.main\n  pool    = \
         core_contract.pool\n  deposit = cfx(1000)\n\n{accept}}}\n"
    )
}

/// A text as HCL writes it: nothing in it is a template, ends the text or the line, or turns its direction.
#[must_use]
pub fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("${", "$${")
        .replace("%{", "%%{");
    let mut quoted = String::from("\"");
    for letter in escaped.chars() {
        if letter.is_control() || is_bidi(letter) {
            let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
        } else {
            quoted.push(letter);
        }
    }
    quoted.push('"');
    quoted
}
