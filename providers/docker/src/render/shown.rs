//! What `pospool render` shows: the files of a node and of a page, without engine, chain, keys or state.
//!
//! - Reads: wanted attributes; the folder of a private network's files.
//! - Returns: texts by name, as they lie in the container, and notes on what else goes in.
//! - Never: copies a file that is not made here: a private network's folder may hold keys.

use std::collections::BTreeMap;

use pospool_model::provider::Rendered;
use pospool_model::{Address, Attributes, Problem, Value};

use super::networks::PublicChain;
use super::node_files::PrivateNetworkFiles;
use super::{DesiredChain, render_node_image};
use crate::attributes::attribute_text;
use crate::node::image::NodeImageBuild;
use crate::node::wish::DesiredNode;
use crate::toml;
use crate::ui::{ChainSide, DesiredPage, PageConfig, config_module};

/// Wanted attributes of every resource.
type WantedResources = BTreeMap<Address, Attributes>;

/// What stands where a value is only known later.
const LATER: &str = "(known after apply)";

/// The files of a node.
pub(crate) fn render_node(
    address: &Address,
    wanted: &WantedResources,
) -> Result<Rendered, Problem> {
    let nothing = Attributes::new();
    let desired = DesiredNode::read(wanted.get(address).unwrap_or(&nothing))?;
    let chain = wanted
        .get(&desired.chain)
        .map(DesiredChain::read)
        .unwrap_or_default();
    let files = chain.node_files.as_deref().map(PrivateNetworkFiles::read);
    let recipe = render_node_image(&desired, &chain, files.transpose()?.as_ref())?;
    let notes = notes(&recipe);
    Ok(Rendered {
        files: recipe.texts,
        notes,
    })
}

/// Files that lie beside the rendered ones.
fn notes(recipe: &NodeImageBuild) -> Vec<String> {
    let taken = recipe.taken.iter().map(|file| {
        format!(
            "{} is taken from the image, with SHA-256 {}",
            file.name, file.sha256
        )
    });
    let copied = recipe
        .copies
        .iter()
        .map(|(name, file)| format!("{name} is copied from {}", file.path));
    let bootnodes = recipe
        .image_bootnodes
        .then(|| "`bootnodes` of the image is added to conflux.toml".to_owned());
    taken.chain(copied).chain(bootnodes).collect()
}

/// The configuration of a page.
pub(crate) fn render_page(
    address: &Address,
    wanted: &WantedResources,
) -> Result<Rendered, Problem> {
    let mut attributes = wanted.get(address).cloned().unwrap_or_default();
    let mut notes = Vec::new();
    for (name, value) in &mut attributes {
        if value.has_unknown() {
            *value = LATER.into();
            notes.push(format!("`{name}` is known after the apply"));
        }
    }
    let desired = DesiredPage::read(&attributes)?;
    let chain = wanted.get(&desired.chain).map(chain_side).transpose()?;
    let data = PageConfig::new(&desired, &chain.unwrap_or_default())?.data;
    let json = format!("{data:#}\n");
    let mut files = BTreeMap::from([(crate::ui::DATA.to_owned(), json)]);
    if attributes.contains_key("tree") {
        files.insert(crate::ui::MODULE.to_owned(), config_module(&data));
    }
    Ok(Rendered { files, notes })
}

/// What the chain will say of itself, as far as that follows from its block.
fn chain_side(chain: &Attributes) -> Result<ChainSide, Problem> {
    let network = attribute_text(chain, "network").unwrap_or_default();
    let ids = match (
        PublicChain::by_name(network),
        attribute_text(chain, "node_files"),
    ) {
        (Some(network), _) => Some(network.chain_ids()),
        (None, Some(folder)) => ids_of(&PrivateNetworkFiles::read(folder)?),
        (None, None) => None,
    };
    let mut side = Attributes::from([("network".to_owned(), network.into())]);
    if let Some((core, espace)) = ids {
        let ids = [("core_chain_id", core), ("espace_chain_id", espace)];
        side.extend(ids.map(|(name, id)| (name.to_owned(), Value::Integer(id.into()))));
    }
    for name in ["core_rpc", "espace_rpc"] {
        let list = chain.get(name).and_then(Value::as_list).unwrap_or_default();
        let Some(first) = list.first() else {
            continue;
        };
        side.insert(name.to_owned(), first.clone());
        // One with a key is never in a page: what stands there instead, the chain itself knows.
        let public = if matches!(first, Value::Text(_)) {
            first.clone()
        } else {
            LATER.into()
        };
        side.insert(format!("public_{name}"), public);
    }
    Ok(ChainSide::read(&side))
}

/// Chain ids of a private network, from its `node.toml`.
fn ids_of(files: &PrivateNetworkFiles) -> Option<(u32, u32)> {
    let number = |key: &str| {
        let line: Option<&toml::TomlLine> = files.lines.iter().find(|(name, _)| name == key);
        line?.1.parse().ok()
    };
    Some((number("chain_id")?, number("evm_chain_id")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::tests as node_tests;

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn chain(network: &str) -> Attributes {
        let rpc = Value::List(vec!["https://rpc.example".into()]);
        Attributes::from([
            ("network".to_owned(), network.into()),
            ("core_rpc".to_owned(), rpc),
        ])
    }

    #[test]
    fn a_node_s_files_are_those_of_its_image() {
        let node = node_tests::attributes(&[("image", "a/b:3.1.0-testnet".into())]);
        let wanted =
            WantedResources::from([(at("node.main"), node), (at("chain.net"), chain("testnet"))]);
        let rendered = super::render_node(&at("node.main"), &wanted).unwrap();
        let names: Vec<_> = rendered.files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["conflux.toml", "guard.json", "log.yaml", "pos_config.yaml"]
        );
        let notes = rendered.notes.join("\n");
        assert!(notes.contains("initial_nodes.json is taken"), "{notes}");
        assert!(notes.contains("`bootnodes` of the image"), "{notes}");
    }

    #[test]
    fn what_is_not_known_yet_is_said_and_not_guessed() {
        let mut page = crate::ui::tests::attributes(&[]);
        page.insert("manager".to_owned(), Value::Unknown);
        let wanted =
            WantedResources::from([(at("ui.site"), page), (at("chain.net"), chain("mainnet"))]);
        let rendered = super::render_page(&at("ui.site"), &wanted).unwrap();
        assert_eq!(rendered.notes, ["`manager` is known after the apply"]);
        let text = &rendered.files["pool.config.json"];
        let data: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(data["mainnet"]["poolManagerAddress"], LATER);
        assert_eq!(data["mainnet"]["core"]["networkId"], 1029);
        assert_eq!(data["mainnet"]["eSpace"]["networkId"], 1030);
        assert_eq!(data["mainnet"]["core"]["RPC"], "https://rpc.example");
    }

    #[test]
    fn ids_of_a_private_network_come_from_its_files() {
        let lines = [("chain_id", "1234"), ("evm_chain_id", "1235")];
        let files = PrivateNetworkFiles {
            lines: lines
                .map(|(key, id)| (key.to_owned(), id.to_owned()))
                .into(),
            ..PrivateNetworkFiles::default()
        };
        assert_eq!(ids_of(&files), Some((1234, 1235)));
        assert_eq!(ids_of(&PrivateNetworkFiles::default()), None);
    }
}
