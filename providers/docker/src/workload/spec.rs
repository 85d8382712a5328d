//! How a container is made, and what a plan decides about it.

use std::net::IpAddr;

use pospool_model::{Address, Attributes, Problem, SecretRef};
use serde::{Deserialize, Serialize};

use super::labels;
use crate::attributes::attribute_text;
use crate::client::Labels;
use crate::codes;
use crate::image;
use crate::names::Name;
use crate::place::{DataLocation, Folder};

/// The network that attributes name; without one a container has its own.
pub(crate) fn own_network(attributes: &Attributes) -> Option<Name> {
    attribute_text(attributes, "docker_network").and_then(|name| Name::new(name).ok())
}

/// Attributes that show what was changed by hand; they say nothing about how a container is made.
pub(crate) const SHOWN: [&str; 3] = ["state", "hardening", "runtime"];
/// How a container is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    /// What its image starts; it is only compared.
    pub(crate) entrypoint: Option<Vec<String>>,
    /// Words after that; without any, those of the image.
    pub(crate) command: Option<Vec<String>>,
    /// What starts in its place to see that the image runs at all: it exits at once, with code 0.
    pub(crate) idle: IdleCommand,
    /// Variables that it may have.
    pub(crate) environment: EnvironmentRule,
    /// Where its data lies, and where it finds it.
    pub(crate) data: Option<(DataLocation, &'static str)>,
    /// Options of a small file system in memory at `/tmp`.
    pub(crate) tmpfs: Option<&'static str>,
    /// Ports of the host that lead into it.
    pub(crate) ports: Vec<Port>,
    /// How its secrets come.
    pub(crate) secrets: SecretWay,
    /// Variables of its environment, none of which is secret.
    pub(crate) variables: Vec<String>,
    /// Most memory in bytes.
    pub(crate) memory: Option<i64>,
    /// Most processes and threads.
    pub(crate) pids: i64,
    /// The container's log: size of one file, and how many files are kept.
    pub(crate) log: (&'static str, &'static str),
    /// Time that it has to end.
    pub(crate) stop_seconds: i64,
}

/// How secrets come to a container. One that has secrets leaves no core dumps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretWay {
    /// It has none.
    None,
    /// Over its standard input at each start. Docker never starts such a container by itself: one that came back alone
    /// would wait for its secrets.
    Input,
    /// As a file of the host, mounted read-only. Docker starts such a container after a reboot and after a crash.
    Mounted {
        /// The file of the host.
        file: Folder,
        /// Where the container finds it.
        at: &'static str,
    },
}

impl SecretWay {
    /// How the secret of an attribute comes; `at` is where a container finds one that is mounted.
    pub(crate) fn of(
        reference: &SecretRef,
        attribute: &str,
        at: &'static str,
    ) -> Result<Self, Problem> {
        let Some(path) = reference.mounted() else {
            return Ok(Self::Input);
        };
        let file = Folder::new(&path.to_string_lossy())
            .map_err(|what| Problem::new(codes::BAD_VALUE, &[attribute], what))?;
        Ok(Self::Mounted { file, at })
    }
}

/// A command that exits at once with code 0, wherever the image runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IdleCommand {
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) command: Vec<String>,
}

/// Variables that a container may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvironmentRule {
    /// Those that start so, and no others.
    Only(&'static [&'static str]),
    /// All but those that start so.
    Without(&'static str),
}

/// A port of the host that leads into a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) inside: u16,
    pub(crate) protocol: &'static str,
    /// Address of the host; without one, all of them.
    pub(crate) address: Option<IpAddr>,
    pub(crate) published: u16,
}

/// Everything that a plan decides about a container. The rest follows from its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContainerSpec {
    /// Its name.
    pub(crate) name: Name,
    /// Lineage of the state.
    pub(crate) lineage: String,
    /// Its resource.
    pub(crate) address: Address,
    /// Name of its image.
    pub(crate) image: String,
    /// Digest of everything in that image.
    pub(crate) digest: String,
    /// Network that it joins.
    pub(crate) network: Name,
    /// Whether that network is its own.
    pub(crate) own_network: bool,
    /// Where its data lies, if it keeps any.
    pub(crate) place: Option<DataLocation>,
    /// Labels that only its kind has.
    pub(crate) more: Labels,
    /// Normalised attributes, for its label; without those that only show what was changed.
    pub(crate) attributes: Attributes,
}

impl ContainerSpec {
    /// A container of an image that was made for a digest.
    pub(crate) fn new(
        (lineage, address, name): (&str, &Address, &Name),
        (repository, digest): (&str, String),
        attributes: &Attributes,
    ) -> Self {
        let mut attributes = attributes.clone();
        attributes.retain(|name, _| !SHOWN.contains(&name.as_str()));
        let network = own_network(&attributes);
        Self {
            own_network: network.is_none(),
            network: network.unwrap_or_else(|| name.clone()),
            name: name.clone(),
            lineage: lineage.to_owned(),
            address: address.clone(),
            image: image::image_tag(repository, &digest),
            digest,
            place: None,
            more: Labels::new(),
            attributes,
        }
    }

    /// Labels of the container.
    pub(crate) fn labels(&self) -> Labels {
        let mut labels =
            labels::container_labels(&self.lineage, &self.address, &self.digest, &self.attributes);
        labels.extend(self.more.clone());
        labels
    }

    /// Labels that say whose an object is.
    pub(crate) fn owner(&self) -> Labels {
        labels::owner_labels(&self.lineage, &self.address)
    }

    /// Name of the container that this one replaces, while it is kept.
    pub(crate) fn aside(&self) -> Name {
        aside_name(&self.name)
    }
}

/// Name of a container that is kept until the one that replaces it is ready.
pub(crate) fn aside_name(name: &Name) -> Name {
    Name::new(format!("{name}.old")).unwrap_or_else(|_| name.clone())
}
