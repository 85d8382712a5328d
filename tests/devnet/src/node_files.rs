//! What every node of a devnet must share: the text of its configuration files.
//!
//! - Reads: the chain's settings and its genesis.
//! - Returns: file names and contents, in the layout of the official image.
//! - Never: names a port, a password or the block interval in `node.toml`; those belong to one node, not to the chain.
//!
//! A node that joins puts `node.toml` lines into its own `conflux.toml` and everything else into `pos_config/`.

use std::{fs, path::Path};

use crate::{
    accounts::FundedAccount,
    archive::ArchiveEntry,
    error::{DevnetError, Result},
    pos_genesis::Validator,
    settings::ChainConfig,
};

/// The folder beside `conflux.toml` that all files but `node.toml` belong into.
pub const POS_FOLDER: &str = "pos_config";

/// Consensus rules of a devnet: PoS from the first block, all upgrades active, and a PoS day in minutes.
///
/// Each upgrade is named: a release has the heights of the public network built in, and `default_transition_time` is
/// only for those that have none. Without its line an upgrade is not active, and gas, collateral and internal contracts
/// are those of an old network.
const RULES: &str = "\
default_transition_time = 1
hydra_transition_number = 1
hydra_transition_height = 1
cip43_init_end_number = 1
dao_vote_transition_number = 1
dao_vote_transition_height = 1
sigma_fix_transition_number = 1
cip107_transition_number = 1
cip112_transition_height = 1
cip113_transition_height = 1
cip118_transition_number = 1
cip119_transition_number = 1
base_fee_burn_transition_number = 1
base_fee_burn_transition_height = 1
cip1559_transition_height = 1
c2_fix_transition_height = 1
eoa_code_transition_height = 1
pos_reference_enable_height = 0
pos_in_queue_locked_views = 60
pos_out_queue_locked_views = 20
pos_cip99_transition_view = 1
pos_cip99_in_queue_locked_views = 60
pos_cip99_out_queue_locked_views = 20
pos_cip136_transition_view = 1
pos_cip136_in_queue_locked_views = 60
pos_cip136_out_queue_locked_views = 20
";

/// All nodes of a devnet share one network, so the limits per address must not count.
const NETWORKING: &str = "session_ip_limits = \"0,0,0,0\"\nsubnet_quota = 0\n";

/// The shared files of one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFiles {
    /// Lines for the node's own `conflux.toml`.
    pub node_toml: String,
    /// `pos_config/pos_config.yaml`, for 3.0.x.
    pub pos_config: String,
    /// `pos_config/initial_nodes.json`.
    pub initial_nodes: String,
    /// `pos_config/genesis_file`.
    pub genesis_file: Vec<u8>,
    /// `pos_config/genesis_secrets.txt`: keys of the funded accounts, which are part of the genesis state.
    pub genesis_secrets: String,
    /// `pos_config/genesis_evm_secrets.txt`: the same for eSpace.
    pub genesis_evm_secrets: String,
}

impl NodeFiles {
    /// Writes the files of a chain.
    pub(crate) fn new(
        chain: &ChainConfig,
        accounts: &[FundedAccount],
        validator: &Validator,
        initial_nodes: String,
        waypoint: &str,
    ) -> Self {
        Self {
            node_toml: node_toml(chain),
            pos_config: pos_config(waypoint),
            initial_nodes,
            genesis_file: validator.genesis_file(),
            genesis_secrets: secrets(accounts.iter()),
            genesis_evm_secrets: secrets(accounts.iter().filter(|one| one.funded_in_espace)),
        }
    }

    /// Returns the files of `pos_config/` by name.
    pub(crate) fn pos_files(&self) -> [(&'static str, &[u8]); 5] {
        [
            ("pos_config.yaml", self.pos_config.as_bytes()),
            ("initial_nodes.json", self.initial_nodes.as_bytes()),
            ("genesis_file", &self.genesis_file),
            ("genesis_secrets.txt", self.genesis_secrets.as_bytes()),
            (
                "genesis_evm_secrets.txt",
                self.genesis_evm_secrets.as_bytes(),
            ),
        ]
    }

    /// Returns the entries for a node's working directory; `own` is what only this node has in its `conflux.toml`.
    pub(crate) fn entries(&self, own: &str, owner: u64) -> Vec<ArchiveEntry> {
        let toml = ArchiveEntry::file("conflux.toml", format!("{}{own}", self.node_toml));
        let mut entries = vec![ArchiveEntry::folder(POS_FOLDER), toml];
        let file = |(name, bytes): (&str, &[u8])| {
            ArchiveEntry::file(&format!("{POS_FOLDER}/{name}"), bytes)
        };
        entries.extend(self.pos_files().map(file));
        entries
            .into_iter()
            .map(|entry| entry.owner(owner))
            .collect()
    }

    /// Writes `node.toml` and the files of `pos_config/` into one flat folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).map_err(DevnetError::io(format!(
            "make folder `{}`",
            folder.display()
        )))?;
        for (name, bytes) in self
            .pos_files()
            .into_iter()
            .chain([("node.toml", self.node_toml.as_bytes())])
        {
            let path = folder.join(name);
            fs::write(&path, bytes)
                .map_err(DevnetError::io(format!("write `{}`", path.display())))?;
        }
        Ok(())
    }

    /// Reads back what [`NodeFiles::write`] wrote.
    pub fn read(folder: &Path) -> Result<Self> {
        let bytes = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(DevnetError::io(format!("read `{}`", path.display())))
        };
        let text = |name: &str| {
            String::from_utf8(bytes(name)?).map_err(|err| DevnetError::malformed(name, err))
        };
        Ok(Self {
            node_toml: text("node.toml")?,
            pos_config: text("pos_config.yaml")?,
            initial_nodes: text("initial_nodes.json")?,
            genesis_file: bytes("genesis_file")?,
            genesis_secrets: text("genesis_secrets.txt")?,
            genesis_evm_secrets: text("genesis_evm_secrets.txt")?,
        })
    }
}

fn node_toml(chain: &ChainConfig) -> String {
    let ChainConfig {
        chain_id,
        evm_chain_id,
        rounds_per_term,
        ..
    } = chain;
    let terms = ["", "cip99_", "cip136_"]
        .map(|rule| format!("pos_{rule}round_per_term = {rounds_per_term}\n"));
    let terms = terms.concat();
    format!(
        "mode = \"dev\"\nchain_id = {chain_id}\nevm_chain_id = {evm_chain_id}\n\
        genesis_secrets = \"./{POS_FOLDER}/genesis_secrets.txt\"\n\
        genesis_evm_secrets = \"./{POS_FOLDER}/genesis_evm_secrets.txt\"\n{RULES}{terms}{NETWORKING}"
    )
}

/// Returns one key a line, without `0x`.
fn secrets<'a>(accounts: impl Iterator<Item = &'a FundedAccount>) -> String {
    accounts
        .flat_map(|account| [account.private_key.trim_start_matches("0x"), "\n"])
        .collect()
}

fn pos_config(waypoint: &str) -> String {
    format!(
        "base:\n  role: validator\n  data_dir: ./pos_db\n  waypoint:\n    from_config: 0:{waypoint}\n\
        consensus:\n  round_initial_timeout_ms: 1000\n  safety_rules:\n    service:\n      type: local\n\
        execution:\n  genesis_file_location: ./genesis_file\nlogger:\n  file: ./log/pos.log\n  level: INFO\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_lines_name_nothing_that_belongs_to_one_node() {
        let text = node_toml(&ChainConfig::default());
        for word in [
            "port",
            "password",
            "dev_block_interval_ms",
            "bootnodes",
            "net_key",
            "public_",
        ] {
            assert!(!text.contains(word), "{word}");
        }
        assert!(text.contains("chain_id = 1234\nevm_chain_id = 1235\n"));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let files = NodeFiles {
            node_toml: "a = 1\n".to_owned(),
            pos_config: pos_config("00"),
            initial_nodes: "{}".to_owned(),
            genesis_file: vec![0, 255],
            genesis_secrets: "01\n02\n".to_owned(),
            genesis_evm_secrets: "01\n".to_owned(),
        };
        let folder = tempfile::tempdir().unwrap();
        files.write(folder.path()).unwrap();
        assert_eq!(NodeFiles::read(folder.path()).unwrap(), files);
    }
}
