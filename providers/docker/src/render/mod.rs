//! The files that a node reads: `conflux.toml`, `pos_config.yaml`, `log.yaml`.
//!
//! - Reads: the node's desired config, its chain, and a private network's files.
//! - Returns: a [`NodeImageBuild`] for the hardened image; equal desired configs give byte-equal image builds.
//! - Never: writes a secret: the password of the PoS key goes to the node's standard input instead.

pub(crate) mod layout;
mod log;
pub(crate) mod networks;
pub(crate) mod node_files;
pub(crate) mod release;
pub(crate) mod releases;
pub(crate) mod shown;
mod yaml;

use std::collections::BTreeMap;

use pospool_model::guard::{GuardSettings, RUNTIME_DIR};
use pospool_model::{Attributes, Problem};

use crate::attributes::attribute_text;
use crate::codes;
use crate::node::image::{CopiedFile, NodeImageBuild};
use crate::node::wish::DesiredNode;
use crate::render::layout::{CONFIG_DIR, DATA_DIR, LOCAL_PORT};
use crate::toml::{self, TomlLine};
use networks::PublicChain;
use node_files::PrivateNetworkFiles;
use release::Release;

/// Port for other nodes inside of the container, unless another one is published.
const P2P_PORT: u16 = 32323;

/// Port for other nodes inside of the container.
///
/// The node announces its own number for discovery over UDP, and no setting gives it another one: so it listens inside
/// under the number that is published outside.
pub(crate) fn p2p_port(published: Option<u16>) -> u16 {
    published.unwrap_or(P2P_PORT)
}

/// What a node needs to know of its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DesiredChain {
    /// `mainnet`, `testnet` or another name.
    pub(crate) network: String,
    /// Folder with a private network's files.
    pub(crate) node_files: Option<String>,
    /// Nodes to connect to first.
    pub(crate) bootnodes: Option<String>,
}

impl DesiredChain {
    /// Reads a chain's wanted attributes, as the chain's provider normalised them.
    pub(crate) fn read(attributes: &Attributes) -> Self {
        let owned = |name| attribute_text(attributes, name).map(str::to_owned);
        Self {
            network: owned("network").unwrap_or_default(),
            node_files: owned("node_files"),
            bootnodes: owned("bootnodes"),
        }
    }
}

/// Threads of the node's RPC servers.
const HTTP_THREADS: &str = "jsonrpc_http_threads";
/// Name of the guard's settings beside the node's files.
const GUARD_FILE: &str = "guard.json";
/// The node's program, where the image's build step put it.
const CONFLUX: &str = "/opt/conflux/conflux";
/// How many rounds a PoS epoch has: the newest rule first.
const ROUND_KEYS: [&str; 3] = [
    "pos_cip136_round_per_term",
    "pos_cip99_round_per_term",
    "pos_round_per_term",
];
/// On the public networks: twice the 60 from before CIP-136 (conflux-rust `configuration.rs`).
const PUBLIC_ROUNDS: u64 = 120;

/// Renders everything that goes into a node's image.
pub(crate) fn render_node_image(
    desired: &DesiredNode,
    chain: &DesiredChain,
    files: Option<&PrivateNetworkFiles>,
) -> Result<NodeImageBuild, Problem> {
    match (files, &chain.node_files) {
        (Some(files), Some(folder)) => Ok(private(desired, chain, files, folder)),
        (None, Some(folder)) => Err(Problem::new(
            codes::NODE_FILES,
            &[],
            format!("the files of the chain in `{folder}` were not read"),
        )),
        _ => public(desired, chain),
    }
}

/// A private network: its files as they are, with our own keys on top.
fn private(
    desired: &DesiredNode,
    chain: &DesiredChain,
    files: &PrivateNetworkFiles,
    folder: &str,
) -> NodeImageBuild {
    let mut lines = files.lines.clone();
    let bootnodes = desired.bootnodes.as_ref().or(chain.bootnodes.as_ref());
    add_config(&mut lines, desired);
    add_own(&mut lines, desired, bootnodes);
    let copied = |(name, digest): (&String, &String)| {
        let path = format!("{}/{name}", folder.trim_end_matches('/'));
        (
            name.clone(),
            CopiedFile {
                path,
                digest: digest.clone(),
            },
        )
    };
    NodeImageBuild {
        image: desired.image.clone(),
        texts: texts(&lines, None),
        copies: files.digests.iter().map(copied).collect(),
        taken: Vec::new(),
        image_bootnodes: false,
    }
}

/// A public network: our own table, and the genesis files of the image, checked by their hashes.
fn public(desired: &DesiredNode, chain: &DesiredChain) -> Result<NodeImageBuild, Problem> {
    let network = PublicChain::by_name(&chain.network).ok_or_else(|| {
        Problem::new(
            codes::NO_NODE_FILES,
            &["chain"],
            format!("`{}` is a private network without `node_files`", chain.network),
        )
        .help("write `node_files` in the chain: the folder with node.toml, initial_nodes.json and pos_config.yaml")
    })?;
    let release = Release::of(&desired.image, network, desired.form)?;
    let bootnodes = desired.bootnodes.as_ref().or(chain.bootnodes.as_ref());
    let mut lines = network.lines(release);
    add_config(&mut lines, desired);
    add_own(&mut lines, desired, bootnodes);
    Ok(NodeImageBuild {
        image: desired.image.clone(),
        texts: texts(&lines, Some(network.pos_config(release))),
        copies: BTreeMap::new(),
        taken: network.taken(release),
        image_bootnodes: bootnodes.is_none(),
    })
}

fn texts(lines: &[TomlLine], pos_config: Option<String>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::from([
        ("conflux.toml".to_owned(), toml::write_toml(lines)),
        ("log.yaml".to_owned(), log::log_config()),
        (GUARD_FILE.to_owned(), guard_settings(lines)),
    ]);
    if let Some(pos_config) = pos_config {
        texts.insert("pos_config.yaml".to_owned(), pos_config);
    }
    texts
}

/// What the guard has to know of its node.
fn guard_settings(lines: &[TomlLine]) -> String {
    let rounds = ROUND_KEYS.iter().find_map(|name| {
        let line = lines.iter().find(|(key, _)| key == name)?;
        line.1.parse().ok()
    });
    let settings = GuardSettings {
        command: [CONFLUX, "--config", "/etc/conflux/conflux.toml"]
            .map(str::to_owned)
            .into(),
        data: DATA_DIR.into(),
        runtime: RUNTIME_DIR.into(),
        local_port: LOCAL_PORT,
        rounds_per_epoch: rounds.unwrap_or(PUBLIC_ROUNDS),
    };
    // Numbers and texts alone: they always have a form.
    let mut text = serde_json::to_string_pretty(&settings).unwrap_or_default();
    text.push('\n');
    text
}

/// The spec's own keys; they win over the network's defaults.
fn add_config(lines: &mut Vec<TomlLine>, desired: &DesiredNode) {
    for (key, value) in &desired.config {
        if let Some(value) = toml::toml_value(value) {
            set(lines, key, value);
        }
    }
}

/// The keys that pospool owns.
fn add_own(lines: &mut Vec<TomlLine>, desired: &DesiredNode, bootnodes: Option<&String>) {
    let path = |dir: &str, name: &str| toml::toml_string(&format!("{dir}/{name}"));
    set(lines, "log_conf", path(CONFIG_DIR, "log.yaml"));
    set(lines, "conflux_data_dir", path(DATA_DIR, "blockchain_data"));
    set(
        lines,
        "pos_config_path",
        path(CONFIG_DIR, "pos_config.yaml"),
    );
    set(
        lines,
        "pos_initial_nodes_path",
        path(CONFIG_DIR, "initial_nodes.json"),
    );
    set(
        lines,
        "pos_private_key_path",
        path(DATA_DIR, "pos_config/pos_key"),
    );
    // The guard lets it vote, when it is safe.
    set(lines, "pos_started_as_voter", "false".to_owned());
    set(lines, "jsonrpc_local_http_port", LOCAL_PORT.to_string());
    // A question to a PoS loop that hangs keeps a thread, and the guard has more to ask.
    if !lines.iter().any(|(key, _)| key == HTTP_THREADS) {
        set(lines, HTTP_THREADS, "4".to_owned());
    }
    let port = p2p_port(desired.publish_p2p).to_string();
    set(lines, "tcp_port", port.clone());
    set(lines, "udp_port", port);
    if let Some(port) = desired.publish_p2p
        && !lines.iter().any(|(key, _)| key == "public_tcp_port")
    {
        set(lines, "public_tcp_port", port.to_string());
    }
    if let Some(bootnodes) = bootnodes {
        set(lines, "bootnodes", toml::toml_string(bootnodes));
    }
}

fn set(lines: &mut Vec<TomlLine>, key: &str, value: String) {
    match lines.iter_mut().find(|(known, _)| known == key) {
        Some(line) => line.1 = value,
        None => lines.push((key.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use pospool_model::Value;

    use super::*;
    use crate::node::tests::{attributes, node_files};

    fn desired(extra: &[(&str, Value)]) -> DesiredNode {
        DesiredNode::read(&attributes(extra)).unwrap()
    }

    fn chain(network: &str) -> DesiredChain {
        DesiredChain {
            network: network.to_owned(),
            ..DesiredChain::default()
        }
    }

    #[test]
    fn case_p2p_port_a_testnet_node_gets_the_rules_of_its_release_and_the_published_port() {
        let desired = desired(&[
            ("image", "confluxchain/conflux-rust:3.0.3-testnet".into()),
            ("publish_p2p", Value::Integer(40000)),
            (
                "config",
                Value::Map([("public_address".to_owned(), "203.0.113.7".into())].into()),
            ),
        ]);
        let recipe = render_node_image(&desired, &chain("testnet"), None).unwrap();
        assert_eq!(
            recipe.texts["conflux.toml"],
            "chain_id = 1\n\
             evm_chain_id = 71\n\
             get_logs_filter_max_limit = 5000\n\
             node_table_promotion_timeout_s = 9600\n\
             dao_vote_transition_height = 88100000\n\
             dao_vote_transition_number = 112400000\n\
             pos_cip99_transition_view = 342000\n\
             cip105_transition_number = 122700000\n\
             public_address = \"203.0.113.7\"\n\
             log_conf = \"/etc/conflux/log.yaml\"\n\
             conflux_data_dir = \"/data/blockchain_data\"\n\
             pos_config_path = \"/etc/conflux/pos_config.yaml\"\n\
             pos_initial_nodes_path = \"/etc/conflux/initial_nodes.json\"\n\
             pos_private_key_path = \"/data/pos_config/pos_key\"\n\
             pos_started_as_voter = false\n\
             jsonrpc_local_http_port = 12539\n\
             jsonrpc_http_threads = 4\n\
             tcp_port = 40000\n\
             udp_port = 40000\n\
             public_tcp_port = 40000\n"
        );
        assert!(recipe.image_bootnodes);
        assert_eq!(recipe.taken.len(), 2);
        assert!(recipe.texts["pos_config.yaml"].contains("7760"));
    }

    #[test]
    fn release_3_1_has_the_strict_pos_config() {
        let desired = desired(&[("image", "confluxchain/conflux-rust:3.1.0-mainnet".into())]);
        let recipe = render_node_image(&desired, &chain("mainnet"), None).unwrap();
        assert!(recipe.texts["conflux.toml"].contains("use_isolated_db_for_mpt_table = true"));
        assert!(!recipe.texts["pos_config.yaml"].contains("waypoint"));
        assert_eq!(recipe.taken.len(), 1);
    }

    #[test]
    fn an_image_of_another_network_or_an_unknown_release_is_refused() {
        for (image, network, code) in [
            ("a/b:3.0.3-testnet", "mainnet", "docker/image-network"),
            ("a/b:3.0.3-mainnet", "testnet", "docker/image-network"),
            ("a/b:2.4.0-mainnet", "mainnet", "docker/unknown-release"),
            ("a/b:stable", "mainnet", "docker/unknown-release"),
            ("a/b:3.0.2", "devnet", "docker/no-node-files"),
        ] {
            let desired = desired(&[("image", image.into())]);
            assert_eq!(
                render_node_image(&desired, &chain(network), None)
                    .unwrap_err()
                    .code,
                code,
                "{image}"
            );
        }
    }

    #[test]
    fn a_private_network_keeps_its_rules_and_loses_what_pospool_owns() {
        let chain = DesiredChain {
            network: "devnet".to_owned(),
            node_files: Some("net/".to_owned()),
            bootnodes: Some("cfxnode://of-the-chain".to_owned()),
        };
        let recipe = render_node_image(&desired(&[]), &chain, Some(&node_files())).unwrap();
        let toml = &recipe.texts["conflux.toml"];
        assert!(toml.starts_with("mode = \"dev\"\n"), "{toml}");
        assert!(
            toml.contains("bootnodes = \"cfxnode://of-the-chain\"\n"),
            "{toml}"
        );
        assert!(
            toml.contains("genesis_secrets = \"/etc/conflux/genesis_secrets.txt\"\n"),
            "{toml}"
        );
        assert_eq!(toml.matches("tcp_port = ").count(), 1, "{toml}");
        assert_eq!(
            recipe.copies["initial_nodes.json"].path,
            "net/initial_nodes.json"
        );
        assert!(!recipe.texts.contains_key("pos_config.yaml"));
    }

    #[test]
    fn nothing_rendered_names_a_password() {
        let recipe = render_node_image(
            &desired(&[("image", "a/b:3.0.3-mainnet".into())]),
            &chain("mainnet"),
            None,
        )
        .unwrap();
        let text = serde_json::to_string(&recipe).unwrap();
        assert!(!text.contains("password"), "{text}");
    }
}
