//! What the releases ship, line by line, read from conflux-rust itself and not from our renderer.
//!
//! Every entry names the line of its file at the commit in [`Release::commit`]; `pospool render` is compared with it.

use super::trees::Leaf::{self, Bool, Number, Text};

/// What one release ships for one network.
pub(super) struct Release {
    /// `mainnet` or `testnet`.
    pub(super) network: &'static str,
    /// Its number, as image tags have it.
    pub(super) number: &'static str,
    /// Tag or branch of conflux-rust.
    pub(super) name: &'static str,
    /// Its commit.
    pub(super) commit: &'static str,
    /// Folder with its files, under the one that `POSPOOL_UPSTREAM_DIR` names.
    pub(super) folder: &'static str,
    /// The configuration in that folder; in conflux-rust it lies in `run/`.
    pub(super) toml_name: &'static str,
    /// Active lines but `bootnodes`, which is line 6 of each: key, value, line.
    pub(super) toml: &'static [(&'static str, Leaf<'static>, u32)],
    /// Leaves of `run/pos_config/pos_config.yaml`: path, value, line. A key that is a number has a `#` before it.
    pub(super) pos_config: &'static [(&'static str, Leaf<'static>, u32)],
    /// SHA-256 of `run/pos_config/initial_nodes.json`.
    pub(super) initial_nodes: &'static str,
    /// SHA-256 of `run/pos_config/genesis_file`, where it is shipped.
    pub(super) genesis_file: Option<&'static str>,
}

/// The networks and the forms of their files.
pub(super) const RELEASES: &[Release] = &[MAINNET_3_0, MAINNET_3_1, TESTNET_3_0, TESTNET_3_1];

const MAINNET_3_0: Release = Release {
    network: "mainnet",
    number: "3.0.3",
    name: "v3.0.3-fix",
    commit: "f44f1cb1",
    folder: "mainnet-3.0.3",
    toml_name: "hydra.toml",
    toml: &[
        ("log_conf", Text("log.yaml"), 90),
        ("jsonrpc_local_http_port", Number(12_539), 156),
        ("get_logs_filter_max_limit", Number(5000), 560),
        ("chain_id", Number(1029), 587),
        ("evm_chain_id", Number(1030), 592),
        ("hydra_transition_number", Number(92_060_600), 593),
        ("hydra_transition_height", Number(36_935_000), 594),
        ("cip43_init_end_number", Number(92_751_800), 595),
        ("pos_reference_enable_height", Number(37_400_000), 596),
    ],
    pos_config: &[
        ("base.role", Text("validator"), 4),
        (
            "base.waypoint.from_config",
            Text("0:bb0ed10fe051eb8f9365cc12f4edf14efa1d2117d823cdb6df1a82f777d8ff94"),
            6,
        ),
        ("consensus.round_initial_timeout_ms", Number(60_000), 8),
        ("consensus.safety_rules.service.type", Text("local"), 11),
        (
            "execution.genesis_file_location",
            Text("./genesis_file"),
            13,
        ),
        ("logger.file", Text("./log/pos.log"), 15),
        ("logger.level", Text("INFO"), 16),
    ],
    initial_nodes: "76bbb186790c833e9c1dc2de3db48ad95bb1d124c8ee2b682fb628479b1db006",
    genesis_file: Some("b9cffd7a947b5207384d76728c2c8783ac8706a5f79d8d13052b3c6764f5e01e"),
};

const MAINNET_3_1: Release = Release {
    network: "mainnet",
    number: "3.1.0",
    name: "branch mainnet",
    commit: "d33388de",
    folder: "mainnet-3.1.0",
    toml_name: "hydra.toml",
    toml: &[
        ("log_conf", Text("log.yaml"), 90),
        ("jsonrpc_local_http_port", Number(12_539), 154),
        ("get_logs_filter_max_limit", Number(5000), 558),
        ("chain_id", Number(1029), 585),
        ("evm_chain_id", Number(1030), 590),
        ("hydra_transition_number", Number(92_060_600), 591),
        ("hydra_transition_height", Number(36_935_000), 592),
        ("cip43_init_end_number", Number(92_751_800), 593),
        ("pos_reference_enable_height", Number(37_400_000), 594),
        ("use_isolated_db_for_mpt_table", Bool(true), 596),
    ],
    pos_config: &[
        ("consensus.round_initial_timeout_ms", Number(60_000), 2),
        ("logger.file", Text("./log/pos.log"), 4),
        ("logger.level", Text("INFO"), 5),
    ],
    initial_nodes: "76bbb186790c833e9c1dc2de3db48ad95bb1d124c8ee2b682fb628479b1db006",
    genesis_file: None,
};

const TESTNET_3_0: Release = Release {
    network: "testnet",
    number: "3.0.3",
    name: "v3.0.3-testnet-fix",
    commit: "9085d9bd",
    folder: "testnet-3.0.3",
    toml_name: "testnet.toml",
    toml: &[
        ("log_conf", Text("log.yaml"), 90),
        ("jsonrpc_local_http_port", Number(12_539), 156),
        ("get_logs_filter_max_limit", Number(5000), 560),
        ("chain_id", Number(1), 587),
        ("node_table_promotion_timeout_s", Number(9600), 588),
        ("evm_chain_id", Number(71), 593),
        ("dao_vote_transition_height", Number(88_100_000), 595),
        ("dao_vote_transition_number", Number(112_400_000), 596),
        ("pos_cip99_transition_view", Number(342_000), 597),
        ("cip105_transition_number", Number(122_700_000), 598),
    ],
    pos_config: &[
        ("base.role", Text("validator"), 4),
        (
            "base.waypoint.from_config",
            Text("0:81bf85cc19ca409846c142497552c998812aa96a72cdeab691892674db3e83cd"),
            6,
        ),
        ("consensus.round_initial_timeout_ms", Number(60_000), 8),
        ("consensus.safety_rules.service.type", Text("local"), 11),
        (
            "consensus.hardcoded_epoch_committee.#7760.quorum_voting_power",
            Number(201),
            14,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.total_voting_power",
            Number(300),
            15,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a.public_key",
            Text(
                "afccd4c5f9b9cd02807d7c513b0b8ca75ecc4a4553c1d74e437db45a40db720c5de791f28170eaad0867c3d724ed3a57",
            ),
            18,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a.vrf_public_key",
            Text("0272d6bf3866fc642b3b2b5b40cc863322e8e035685a6eca32f7a8ee2afcf0e4bd"),
            19,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a.voting_power",
            Number(75),
            20,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3.public_key",
            Text(
                "adc3ffbb2ac81ddfc1a56829580b1f31c41e9cc90d82796f69918564c6febb6e266e80421e8f53af6b15cc884190963f",
            ),
            22,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3.vrf_public_key",
            Text("03285d72aa04a01b7b9f2bc4d2201c6c9d542c01ace24370142b762550a9ce07b6"),
            23,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3.voting_power",
            Number(75),
            24,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a.public_key",
            Text(
                "947aa54b808ad3a58465c43320894b4409e5e949794d5ce25b2b3570815947c338b631c62482b871ea640f0b8598e5d8",
            ),
            26,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a.vrf_public_key",
            Text("036d9e75654d87fc5484d11d5265fb4e0910b1dc09d4e76a049a9c43c45891ba86"),
            27,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a.voting_power",
            Number(75),
            28,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e.public_key",
            Text(
                "b413f616dc22b6c14626b3e0961ce358b9b658b0e581ede8a33a67864ffdacf335dd8a113aa037a7e57154f8b829c040",
            ),
            30,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e.vrf_public_key",
            Text("02d96026db65dfb2cab7efc88178890d5f69676af2876f2301901bb4c7de5c8446"),
            31,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e.voting_power",
            Number(75),
            32,
        ),
        (
            "execution.genesis_file_location",
            Text("./genesis_file"),
            34,
        ),
        ("logger.file", Text("./log/pos.log"), 36),
        ("logger.level", Text("INFO"), 37),
    ],
    initial_nodes: "ccb557e9315deb4957d8a33bc7a54412311d8292e9241e033ceb35da9034eca5",
    genesis_file: Some("d4085bf03c58e6a0b4ced80a59b19e976a6ce35b55a5595af41036caf6088487"),
};

const TESTNET_3_1: Release = Release {
    network: "testnet",
    number: "3.1.0",
    name: "v3.1.0-testnet",
    commit: "7350f59c",
    folder: "testnet-3.1.0",
    toml_name: "testnet.toml",
    toml: &[
        ("log_conf", Text("log.yaml"), 90),
        ("jsonrpc_local_http_port", Number(12_539), 154),
        ("get_logs_filter_max_limit", Number(5000), 558),
        ("chain_id", Number(1), 585),
        ("node_table_promotion_timeout_s", Number(9600), 586),
        ("evm_chain_id", Number(71), 591),
        ("dao_vote_transition_height", Number(88_100_000), 593),
        ("dao_vote_transition_number", Number(112_400_000), 594),
        ("pos_cip99_transition_view", Number(342_000), 595),
        ("cip105_transition_number", Number(122_700_000), 596),
        ("use_isolated_db_for_mpt_table", Bool(true), 598),
    ],
    pos_config: &[
        ("consensus.round_initial_timeout_ms", Number(60_000), 2),
        (
            "consensus.hardcoded_epoch_committee.#7760.quorum_voting_power",
            Number(201),
            5,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.total_voting_power",
            Number(300),
            6,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a.public_key",
            Text(
                "afccd4c5f9b9cd02807d7c513b0b8ca75ecc4a4553c1d74e437db45a40db720c5de791f28170eaad0867c3d724ed3a57",
            ),
            9,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a.vrf_public_key",
            Text("0272d6bf3866fc642b3b2b5b40cc863322e8e035685a6eca32f7a8ee2afcf0e4bd"),
            10,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9b63065c12300b32308ca18022178c1032544e07ffe2821c948c2d31fc5e200a.voting_power",
            Number(75),
            11,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3.public_key",
            Text(
                "adc3ffbb2ac81ddfc1a56829580b1f31c41e9cc90d82796f69918564c6febb6e266e80421e8f53af6b15cc884190963f",
            ),
            13,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3.vrf_public_key",
            Text("03285d72aa04a01b7b9f2bc4d2201c6c9d542c01ace24370142b762550a9ce07b6"),
            14,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.ce257f9b12d67089057d71fe4f20f25569268582e1fa6f6673bb60934582f9f3.voting_power",
            Number(75),
            15,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a.public_key",
            Text(
                "947aa54b808ad3a58465c43320894b4409e5e949794d5ce25b2b3570815947c338b631c62482b871ea640f0b8598e5d8",
            ),
            17,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a.vrf_public_key",
            Text("036d9e75654d87fc5484d11d5265fb4e0910b1dc09d4e76a049a9c43c45891ba86"),
            18,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.9a6fcdd8646a4c56735414187ae6b9f343732c2bb52f678f4fa2f92f3625402a.voting_power",
            Number(75),
            19,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e.public_key",
            Text(
                "b413f616dc22b6c14626b3e0961ce358b9b658b0e581ede8a33a67864ffdacf335dd8a113aa037a7e57154f8b829c040",
            ),
            21,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e.vrf_public_key",
            Text("02d96026db65dfb2cab7efc88178890d5f69676af2876f2301901bb4c7de5c8446"),
            22,
        ),
        (
            "consensus.hardcoded_epoch_committee.#7760.address_to_validator_info.918a1f94632ec4858ca0391e0bedcb7da9dc0a7194eb01d21b6f5956003dbc6e.voting_power",
            Number(75),
            23,
        ),
        ("logger.file", Text("./log/pos.log"), 25),
        ("logger.level", Text("INFO"), 26),
    ],
    initial_nodes: "ccb557e9315deb4957d8a33bc7a54412311d8292e9241e033ceb35da9034eca5",
    genesis_file: None,
};
