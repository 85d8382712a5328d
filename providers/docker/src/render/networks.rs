//! The public networks, by release: what the releases ship in `hydra.toml`, `testnet.toml` and `pos_config/`.
//!
//! - Checked against conflux-rust's tags v3.0.3-fix, v3.0.3-testnet-fix, v3.1.0-testnet and its
//!   branch `mainnet` of 2026-08-04.
//! - Returns: lines, texts and hashes.
//! - Never: mixes releases: a node with another release's rules leaves the network.

use super::yaml::{self, Yaml, YamlKey, yaml_map};
use crate::node::image::TakenFile;
use crate::render::release::Release;
use crate::toml::TomlLine;

/// A public network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicChain {
    Mainnet,
    Testnet,
}

impl PublicChain {
    /// Finds a public network by its name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        match name {
            "mainnet" => Some(Self::Mainnet),
            "testnet" => Some(Self::Testnet),
            _ => None,
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
        }
    }

    /// The other one, whose images must not run here.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Mainnet => Self::Testnet,
            Self::Testnet => Self::Mainnet,
        }
    }

    /// Chain ids of Core Space and of eSpace.
    pub(crate) fn chain_ids(self) -> (u32, u32) {
        match self {
            Self::Mainnet => (1029, 1030),
            Self::Testnet => (1, 71),
        }
    }

    /// Lines of `conflux.toml` that make the network.
    pub(crate) fn lines(self, release: Release) -> Vec<TomlLine> {
        let rules = match self {
            Self::Mainnet => MAINNET,
            Self::Testnet => TESTNET,
        };
        let (core, espace) = self.chain_ids();
        let ids = [("chain_id", core), ("evm_chain_id", espace)];
        let mut lines: Vec<TomlLine> = ids
            .iter()
            .chain(rules)
            .map(|(key, value)| ((*key).to_owned(), value.to_string()))
            .collect();
        if release == Release::V31 {
            lines.push((
                "use_isolated_db_for_mpt_table".to_owned(),
                "true".to_owned(),
            ));
        }
        lines
    }

    /// `pos_config.yaml`, with the rotation that the releases leave out: their log grows for ever.
    pub(crate) fn pos_config(self, release: Release) -> String {
        let mut consensus = vec![("round_initial_timeout_ms".into(), 60_000.into())];
        let mut tree = Vec::new();
        if release == Release::V30 {
            let service = yaml_map([("type", "local".into())]);
            let from = yaml_map([("from_config", format!("0:{}", self.waypoint()).into())]);
            let base = yaml_map([("role", "validator".into()), ("waypoint", from)]);
            tree.push(("base".into(), base));
            consensus.push(("safety_rules".into(), yaml_map([("service", service)])));
        }
        if self == Self::Testnet {
            consensus.push(("hardcoded_epoch_committee".into(), testnet_committee()));
        }
        tree.push(("consensus".into(), Yaml::Map(consensus)));
        if release == Release::V30 {
            let genesis = yaml_map([("genesis_file_location", "./genesis_file".into())]);
            tree.push(("execution".into(), genesis));
        }
        tree.push(("logger".into(), logger()));
        yaml::write_yaml(&Yaml::Map(tree))
    }

    /// Hash of the first state of PoS, which a node of release 3.0 is told.
    fn waypoint(self) -> &'static str {
        match self {
            Self::Mainnet => "bb0ed10fe051eb8f9365cc12f4edf14efa1d2117d823cdb6df1a82f777d8ff94",
            Self::Testnet => "81bf85cc19ca409846c142497552c998812aa96a72cdeab691892674db3e83cd",
        }
    }

    /// Files that are taken from the image, with the hashes that they must have.
    pub(crate) fn taken(self, release: Release) -> Vec<TakenFile> {
        let (nodes, genesis) = match self {
            Self::Mainnet => (
                "76bbb186790c833e9c1dc2de3db48ad95bb1d124c8ee2b682fb628479b1db006",
                "b9cffd7a947b5207384d76728c2c8783ac8706a5f79d8d13052b3c6764f5e01e",
            ),
            Self::Testnet => (
                "ccb557e9315deb4957d8a33bc7a54412311d8292e9241e033ceb35da9034eca5",
                "d4085bf03c58e6a0b4ced80a59b19e976a6ce35b55a5595af41036caf6088487",
            ),
        };
        let file = |name: &str, sha256: &str| TakenFile {
            name: name.to_owned(),
            sha256: sha256.to_owned(),
        };
        match release {
            Release::V30 => vec![
                file("initial_nodes.json", nodes),
                file("genesis_file", genesis),
            ],
            Release::V31 => vec![file("initial_nodes.json", nodes)],
        }
    }
}

/// A key of `conflux.toml` and its number.
type Rule = (&'static str, u32);

const MAINNET: &[Rule] = &[
    ("get_logs_filter_max_limit", 5000),
    ("hydra_transition_number", 92_060_600),
    ("hydra_transition_height", 36_935_000),
    ("cip43_init_end_number", 92_751_800),
    ("pos_reference_enable_height", 37_400_000),
];

const TESTNET: &[Rule] = &[
    ("get_logs_filter_max_limit", 5000),
    ("node_table_promotion_timeout_s", 9600),
    ("dao_vote_transition_height", 88_100_000),
    ("dao_vote_transition_number", 112_400_000),
    ("pos_cip99_transition_view", 342_000),
    ("cip105_transition_number", 122_700_000),
];

fn logger() -> Yaml {
    yaml_map([
        ("file", "./log/pos.log".into()),
        ("level", "INFO".into()),
        ("rotation_count", 10.into()),
        ("rotation_file_size_mb", 100.into()),
    ])
}

/// The PoS epoch whose committee every node of the testnet must know.
const COMMITTEE_EPOCH: u64 = 7760;
/// Votes of each member, and how many of all of them decide.
const MEMBER_VOTES: u64 = 75;
const QUORUM: u64 = 201;

/// Its members: PoS address, BLS key, VRF key.
const COMMITTEE: &[[&str; 3]] = &[
    [
        "9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a",
        "afccd4c5f9b9cd02807d7c513b0b8ca75ecc4a4553c1d74e437db45a40db720c5de791f28170eaad0867c3d724ed3a57",
        "0272d6bf3866fc642b3b2b5b40cc863322e8e035685a6eca32f7a8ee2afcf0e4bd",
    ],
    [
        "ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3",
        "adc3ffbb2ac81ddfc1a56829580b1f31c41e9cc90d82796f69918564c6febb6e266e80421e8f53af6b15cc884190963f",
        "03285d72aa04a01b7b9f2bc4d2201c6c9d542c01ace24370142b762550a9ce07b6",
    ],
    [
        "9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a",
        "947aa54b808ad3a58465c43320894b4409e5e949794d5ce25b2b3570815947c338b631c62482b871ea640f0b8598e5d8",
        "036d9e75654d87fc5484d11d5265fb4e0910b1dc09d4e76a049a9c43c45891ba86",
    ],
    [
        "918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e",
        "b413f616dc22b6c14626b3e0961ce358b9b658b0e581ede8a33a67864ffdacf335dd8a113aa037a7e57154f8b829c040",
        "02d96026db65dfb2cab7efc88178890d5f69676af2876f2301901bb4c7de5c8446",
    ],
];

fn testnet_committee() -> Yaml {
    let member = |[address, key, vrf]: &[&str; 3]| {
        let info = yaml_map([
            ("public_key", (*key).into()),
            ("vrf_public_key", (*vrf).into()),
            ("voting_power", MEMBER_VOTES.into()),
        ]);
        (YamlKey::from(*address), info)
    };
    let total = MEMBER_VOTES * COMMITTEE.len() as u64;
    let members = Yaml::Map(COMMITTEE.iter().map(member).collect());
    let committee = yaml_map([
        ("quorum_voting_power", QUORUM.into()),
        ("total_voting_power", total.into()),
        ("address_to_validator_info", members),
    ]);
    yaml_map([(COMMITTEE_EPOCH, committee)])
}
