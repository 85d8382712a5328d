//! One node: what is wanted, the jobs that make it, and how they are carried out.
//!
//! - Reads: jobs; the engine.
//! - Returns: outputs.
//! - Never: lets two processes vote with one key.

pub(crate) mod backup;
pub(crate) mod bound;
pub(crate) mod budget;
mod container;
mod design;
pub(crate) mod guard_report;
pub(crate) mod image;
mod kind;
pub(crate) mod moving;
pub(crate) mod observe;
pub(crate) mod resume;
mod rollback;
pub(crate) mod schema;
pub(crate) mod standing;
pub(crate) mod start;
pub(crate) mod voter;
pub(crate) mod wait;
pub(crate) mod wish;

pub(crate) use kind::NodeKind;
pub(crate) use schema::NODE;

#[cfg(test)]
pub(crate) mod tests {
    use crate::workload::spec::ContainerSpec;
    use pospool_model::{Attributes, SecretRef, Value};

    use crate::names::Name;
    use crate::place::DataLocation;
    use crate::render::node_files::PrivateNetworkFiles;

    /// Attributes of a node, in normal form.
    pub(crate) fn attributes(extra: &[(&str, Value)]) -> Attributes {
        let resource = |text: &str| Value::Resource(text.parse().unwrap());
        let mut attributes = Attributes::from([
            ("host".to_owned(), resource("host.main")),
            ("chain".to_owned(), resource("chain.net")),
            ("data".to_owned(), resource("volume.main")),
            ("image".to_owned(), Value::from("a/b:3.0.2")),
            (
                "pos_key_password".to_owned(),
                Value::Secret(SecretRef::Env("POS".into())),
            ),
        ]);
        attributes.extend(
            extra
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        crate::normalise::normalise_kind("node", attributes).unwrap()
    }

    /// A private network's files.
    pub(crate) fn node_files() -> PrivateNetworkFiles {
        let text = "mode = \"dev\"\ngenesis_secrets = \"/etc/conflux/genesis_secrets.txt\"\n";
        PrivateNetworkFiles {
            lines: crate::toml::parse_flat(text).unwrap(),
            digests: [
                "initial_nodes.json",
                "pos_config.yaml",
                "genesis_secrets.txt",
            ]
            .map(|name| (name.to_owned(), crate::image::hash_bytes(name.as_bytes())))
            .into(),
        }
    }

    /// A container as a plan decides on it.
    pub(crate) fn spec() -> ContainerSpec {
        ContainerSpec {
            name: Name::new("pospool-1a2b3c4d-main").unwrap(),
            lineage: "1a2b3c4d-0000".to_owned(),
            address: "node.main".parse().unwrap(),
            image: "pospool/node:0123456789ab".to_owned(),
            digest: "0123456789abcdef".to_owned(),
            place: DataLocation::parse("pospool-1a2b3c4d-main").ok(),
            more: crate::client::Labels::new(),
            network: Name::new("pospool-1a2b3c4d-main").unwrap(),
            own_network: true,
            attributes: attributes(&[
                ("memory", "16g".into()),
                ("publish_p2p", Value::Integer(32323)),
            ]),
        }
    }
}
