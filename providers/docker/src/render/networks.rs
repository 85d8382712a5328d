//! The public networks, by release: what the releases ship in `hydra.toml`, `testnet.toml` and `pos_config/`.
//!
//! - Reads: nothing; checked against conflux-rust's tags v3.0.3-fix, v3.0.3-testnet-fix, v3.1.0-testnet and its
//!   branch `mainnet` of 2026-08-04.
//! - Returns: lines, texts and hashes.
//! - Never: mixes releases: a node with another release's rules leaves the network.

use pospool_model::Problem;

use crate::names::ImageRef;
use crate::node::image::Taken;
use crate::toml::Line;

/// A public network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Mainnet,
    Testnet,
}

/// A form of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// 3.0.x: PoS is started from a waypoint and a genesis file.
    V30,
    /// 3.1.x: both are compiled in, and an unknown key in `pos_config.yaml` stops the node.
    V31,
}

impl Release {
    /// Finds the release by the image's tag.
    pub(crate) fn of(image: &ImageRef, network: Network) -> Result<Self, Problem> {
        let tag = image.tag().unwrap_or_default();
        let other = match network {
            Network::Mainnet => "testnet",
            Network::Testnet => "mainnet",
        };
        if tag.contains(other) {
            return Err(Problem::new(
                "docker/image-network",
                &["image"],
                format!(
                    "`{image}` is built for {other}, and the chain is {}",
                    network.name()
                ),
            )
            .help(format!("use the tag that ends in `-{}`", network.name())));
        }
        match image.release() {
            Some((3, 0)) => Ok(Self::V30),
            Some((3, 1)) => Ok(Self::V31),
            _ => Err(Problem::new(
                "docker/unknown-release",
                &["image"],
                format!("the tag `{tag}` names no release that this build can configure"),
            )
            .help(format!(
                "use a tag such as `3.0.3-{}`; known releases: 3.0.x, 3.1.x",
                network.name()
            ))),
        }
    }
}

impl Network {
    /// Finds a public network by its name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        match name {
            "mainnet" => Some(Self::Mainnet),
            "testnet" => Some(Self::Testnet),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
        }
    }

    /// Lines of `conflux.toml` that make the network.
    pub(crate) fn lines(self, release: Release) -> Vec<Line> {
        let lines = match self {
            Self::Mainnet => MAINNET,
            Self::Testnet => TESTNET,
        };
        let mut lines: Vec<Line> = lines
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
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
        let committee = match self {
            Self::Mainnet => "",
            Self::Testnet => TESTNET_COMMITTEE,
        };
        let waypoint = match self {
            Self::Mainnet => "bb0ed10fe051eb8f9365cc12f4edf14efa1d2117d823cdb6df1a82f777d8ff94",
            Self::Testnet => "81bf85cc19ca409846c142497552c998812aa96a72cdeab691892674db3e83cd",
        };
        match release {
            Release::V30 => format!(
                "base:\n  role: validator\n  waypoint:\n    from_config: 0:{waypoint}\n\
                 consensus:\n  round_initial_timeout_ms: 60000\n  safety_rules:\n    service:\n      type: local\n\
                 {committee}execution:\n  genesis_file_location: ./genesis_file\n{LOGGER}"
            ),
            Release::V31 => {
                format!("consensus:\n  round_initial_timeout_ms: 60000\n{committee}{LOGGER}")
            }
        }
    }

    /// Files that are taken from the image, with the hashes that they must have.
    pub(crate) fn taken(self, release: Release) -> Vec<Taken> {
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
        let file = |name: &str, sha256: &str| Taken {
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

const MAINNET: &[(&str, &str)] = &[
    ("chain_id", "1029"),
    ("evm_chain_id", "1030"),
    ("get_logs_filter_max_limit", "5000"),
    ("hydra_transition_number", "92060600"),
    ("hydra_transition_height", "36935000"),
    ("cip43_init_end_number", "92751800"),
    ("pos_reference_enable_height", "37400000"),
];

const TESTNET: &[(&str, &str)] = &[
    ("chain_id", "1"),
    ("evm_chain_id", "71"),
    ("get_logs_filter_max_limit", "5000"),
    ("node_table_promotion_timeout_s", "9600"),
    ("dao_vote_transition_height", "88100000"),
    ("dao_vote_transition_number", "112400000"),
    ("pos_cip99_transition_view", "342000"),
    ("cip105_transition_number", "122700000"),
];

const LOGGER: &str = "logger:\n  file: ./log/pos.log\n  level: INFO\n  rotation_count: 10\n  rotation_file_size_mb: 100\n";

/// The committee of testnet's PoS epoch 7760, which every node of that network must know.
const TESTNET_COMMITTEE: &str = "\
  hardcoded_epoch_committee:
    7760:
      quorum_voting_power: 201
      total_voting_power: 300
      address_to_validator_info:
        9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a:
          public_key: afccd4c5f9b9cd02807d7c513b0b8ca75ecc4a4553c1d74e437db45a40db720c5de791f28170eaad0867c3d724ed3a57
          vrf_public_key: 0272d6bf3866fc642b3b2b5b40cc863322e8e035685a6eca32f7a8ee2afcf0e4bd
          voting_power: 75
        ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3:
          public_key: adc3ffbb2ac81ddfc1a56829580b1f31c41e9cc90d82796f69918564c6febb6e266e80421e8f53af6b15cc884190963f
          vrf_public_key: 03285d72aa04a01b7b9f2bc4d2201c6c9d542c01ace24370142b762550a9ce07b6
          voting_power: 75
        9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a:
          public_key: 947aa54b808ad3a58465c43320894b4409e5e949794d5ce25b2b3570815947c338b631c62482b871ea640f0b8598e5d8
          vrf_public_key: 036d9e75654d87fc5484d11d5265fb4e0910b1dc09d4e76a049a9c43c45891ba86
          voting_power: 75
        918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e:
          public_key: b413f616dc22b6c14626b3e0961ce358b9b658b0e581ede8a33a67864ffdacf335dd8a113aa037a7e57154f8b829c040
          vrf_public_key: 02d96026db65dfb2cab7efc88178890d5f69676af2876f2301901bb4c7de5c8446
          voting_power: 75
";
