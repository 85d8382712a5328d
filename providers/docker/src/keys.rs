//! The key of a node, beside the plans: read from its volume, and put onto an empty one.
//!
//! - Reads: what the spec and the state say of a node; its volume, through a helper that never runs.
//! - Returns: the files of its key, and who uses the volume.
//! - Never: decides whether a key may be written, or reads a password.

use std::collections::BTreeMap;

use pospool_model::kind::Attribute;
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, ProviderError, SecretRef};

use crate::attributes::{attribute_text, require_attribute};
use crate::client::{Engine, default_url};
use crate::codes;
use crate::facts::FolderFacts;
use crate::folder::{inspect_folder, mark_folder};
use crate::job::{FolderJob, VolumeJob};
use crate::names::HOLDS;
use crate::node::moving::UNFINISHED;
use crate::node::schema::NodeSpec;
use crate::place::DataLocation;
use crate::render::DesiredChain;
use crate::render::node_files::PrivateNetworkFiles;
use crate::toml;
use crate::volume::{self, data_location, ensure_volume, key_label};
use crate::workload::helper::{self, Helper};
use crate::workload::labels::owner_labels;

/// Where the files of a key lie on a volume.
const POS_KEY: &str = "pos_config/pos_key";
const SAFETY_FILE: &str = "pos_db/secure_storage.json";
const JOURNAL: &str = "guard/journal.jsonl";
/// As long as a guard reads it.
const LONGEST_JOURNAL: usize = 64 << 20;
/// Modes of conflux in which the key has the empty password, whatever is given.
const MODES_WITHOUT_PASSWORD: [&str; 2] = ["dev", "test"];

/// Where the key of a node lies.
#[derive(Clone, Debug)]
pub struct NodeKeyPlace {
    /// The node.
    pub node: Address,
    /// What holds its data.
    pub volume: Address,
    /// Name of the secret that opens its key.
    pub password: SecretRef,
    /// Whether conflux ignores the password: a private network in `mode = "dev"` or `"test"`.
    pub ignores_password: bool,
    docker: String,
    /// The engine on which the node was made, as the state says.
    made_on: Option<String>,
    lineage: String,
    place: DataLocation,
}

/// The files of a key.
#[derive(Clone, Default)]
pub struct NodeKeyFiles {
    /// The key, encrypted.
    pub pos_key: Option<Vec<u8>>,
    /// How far it has signed.
    pub safety_file: Option<Vec<u8>>,
}

impl std::fmt::Debug for NodeKeyFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeKeyFiles").finish_non_exhaustive()
    }
}

impl NodeKeyPlace {
    /// Finds the place of a node's key, as the spec says it, and as recorded.
    pub fn find(
        node: &Address,
        lineage: &str,
        wanted: &BTreeMap<Address, Attributes>,
        recorded: &BTreeMap<Address, Recorded>,
    ) -> Result<Self, Problem> {
        let attributes = wanted.get(node).filter(|_| node.kind() == "node");
        let attributes = attributes.ok_or_else(|| {
            let what = format!("the spec has no node `{node}`");
            Problem::new(codes::NO_NODE, &[], what).help("name a node of the spec: `node.main`")
        })?;
        let block = NodeSpec::read(attributes);
        let volume = require_attribute("data", block.data)?;
        let host = require_attribute("host", block.host)?;
        let docker = wanted
            .get(host)
            .and_then(|host| attribute_text(host, "docker"));
        let folders = found_folders(volume, wanted)?;
        let place = data_location(
            lineage,
            volume,
            wanted.get(volume),
            recorded.get(volume),
            &folders,
        )?;
        Ok(Self {
            node: node.clone(),
            volume: volume.clone(),
            password: require_attribute("pos_key_password", block.pos_key_password)?.clone(),
            ignores_password: ignores_password(block.chain, wanted)?,
            docker: docker.map_or_else(default_url, str::to_owned),
            made_on: recorded
                .get(node)
                .or(recorded.get(volume))
                .and_then(made_on)
                .map(str::to_owned),
            lineage: lineage.to_owned(),
            place,
        })
    }

    /// Finds it by the volume that its node has as data.
    pub fn find_by_volume(
        volume: &Address,
        lineage: &str,
        wanted: &BTreeMap<Address, Attributes>,
        recorded: &BTreeMap<Address, Recorded>,
    ) -> Result<Self, Problem> {
        let nothing = BTreeMap::new();
        let user = volume::find_volume_user(volume, wanted, &nothing);
        let user = user.ok_or_else(|| {
            let what = format!("no node of the spec has `{volume}` as its data");
            Problem::new(codes::NO_NODE, &[], what)
                .help("name the volume that a node of the spec has in `data`: `volume.main`")
        })?;
        Self::find(user, lineage, wanted, recorded)
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        self.place.to_string()
    }

    /// Reads the files, whether the node runs or not. A volume that is not there has none.
    pub async fn read(&self) -> Result<NodeKeyFiles, ProviderError> {
        let engine = Engine::connect(&self.docker)?;
        if !self.is_there(&engine).await? {
            return Ok(NodeKeyFiles::default());
        }
        let helper = self.open_helper(&engine).await?;
        let read = self.read_through(&helper).await;
        helper.close().await?;
        read
    }

    async fn read_through(&self, helper: &Helper<'_>) -> Result<NodeKeyFiles, ProviderError> {
        if helper.read(UNFINISHED).await?.is_some() {
            let what = format!(
                "the data on `{}` is not whole: a copy or a snapshot did not come to its end",
                self.place
            );
            return Err(ProviderError::refused(codes::UNFINISHED_DATA, what));
        }
        Ok(NodeKeyFiles {
            pos_key: helper.read(POS_KEY).await?,
            safety_file: helper.read(SAFETY_FILE).await?,
        })
    }

    /// What the guards of the node have noted on the place.
    pub async fn read_journal(&self) -> Result<Vec<u8>, ProviderError> {
        let engine = Engine::connect(&self.docker)?;
        if !self.is_there(&engine).await? {
            return Ok(Vec::new());
        }
        let helper = self.open_helper(&engine).await?;
        let read = helper.read_up_to(JOURNAL, LONGEST_JOURNAL).await;
        helper.close().await?;
        Ok(read?.unwrap_or_default())
    }

    /// Why a key must not be put onto this engine: the node was made on another one, and may run there.
    pub async fn other_engine(&self) -> Result<Option<Problem>, ProviderError> {
        let info = Engine::connect(&self.docker)?.info().await?;
        let other = self.made_on.as_ref().filter(|made_on| **made_on != info.id);
        Ok(other.map(|_| {
            let what = format!(
                "{} was made on another Docker Engine than the one at `{}` is now, and may run there",
                self.node, self.docker
            );
            Problem::new(codes::OTHER_ENGINE, &[], what).help(format!(
                "when that node is gone for good: `pospool state rm {}`, `pospool state rm {}`, and this again",
                self.node, self.volume
            ))
        }))
    }

    /// Name of a container that runs on the place, if there is one.
    pub async fn running_user(&self) -> Result<Option<String>, ProviderError> {
        let containers = Engine::connect(&self.docker)?.containers().await?;
        let user = containers
            .into_iter()
            .find(|it| it.running && self.place.is_mounted_by(it));
        Ok(user.map(|user| user.name))
    }

    /// Writes files and the journal of the guard onto the place, and makes it first if it is not there. What is `None` stays
    /// as it is. The key comes last: one that lies there has beside it what keeps it from voting too early.
    pub async fn write(&self, files: &NodeKeyFiles, journal: &[u8]) -> Result<(), ProviderError> {
        let engine = Engine::connect(&self.docker)?;
        self.ensure_place(&engine).await?;
        let helper = self.open_helper(&engine).await?;
        let written = write_through(&helper, files, journal).await;
        helper.close().await?;
        written
    }

    /// A helper that mounts a volume makes it, without the labels by which an apply knows it.
    async fn is_there(&self, engine: &Engine) -> Result<bool, ProviderError> {
        match &self.place {
            DataLocation::Volume(name) => Ok(engine.volume(name).await?.is_some()),
            DataLocation::Folder(_) => Ok(true),
        }
    }

    async fn open_helper<'e>(&self, engine: &'e Engine) -> Result<Helper<'e>, ProviderError> {
        let image = helper::home_image(engine).await?;
        let name = helper::helper_name(&self.lineage, &self.volume)?;
        let owner = owner_labels(&self.lineage, &self.volume);
        let body = helper::idle_helper(&image, &self.place);
        Helper::open(engine, &name, &owner, body).await
    }

    /// As an apply would make it, so that the next one takes it up.
    async fn ensure_place(&self, engine: &Engine) -> Result<(), ProviderError> {
        let (docker, lineage) = (self.docker.clone(), self.lineage.clone());
        match &self.place {
            DataLocation::Volume(name) => {
                if engine.volume(name).await?.is_some() {
                    return Ok(());
                }
                let mut labels = owner_labels(&self.lineage, &self.volume);
                labels.insert(HOLDS.to_owned(), key_label(&self.node));
                let name = name.clone();
                let job = VolumeJob {
                    docker,
                    name,
                    labels,
                };
                ensure_volume(engine, &job).await.map(|_| ())
            }
            DataLocation::Folder(folder) => {
                let job = FolderJob {
                    docker,
                    folder: folder.clone(),
                    lineage,
                    address: self.volume.clone(),
                };
                mark_folder(engine, &job).await.map(|_| ())
            }
        }
    }
}

/// The engine on which something was made, as the state says.
pub(crate) fn made_on(recorded: &Recorded) -> Option<&str> {
    attribute_text(&recorded.outputs, "engine_id").filter(|id| !id.is_empty())
}

async fn write_through(
    helper: &Helper<'_>,
    files: &NodeKeyFiles,
    journal: &[u8],
) -> Result<(), ProviderError> {
    let each = [
        (JOURNAL, Some(journal)),
        (SAFETY_FILE, files.safety_file.as_deref()),
        (POS_KEY, files.pos_key.as_deref()),
    ];
    let each = each.into_iter();
    let each = each.filter_map(|(path, bytes)| Some((path, bytes?)));
    helper.write_tree(&each.collect::<Vec<_>>()).await
}

/// The folder of a volume that is one, as it really is.
fn found_folders(
    volume: &Address,
    wanted: &BTreeMap<Address, Attributes>,
) -> Result<BTreeMap<Address, FolderFacts>, Problem> {
    let path = wanted
        .get(volume)
        .and_then(|volume| attribute_text(volume, "path"));
    let Some(path) = path else {
        return Ok(BTreeMap::new());
    };
    Ok(BTreeMap::from([(volume.clone(), inspect_folder(path)?)]))
}

/// Whether the node's chain is a private network in which conflux ignores the password.
fn ignores_password(
    chain: Attribute<&Address>,
    wanted: &BTreeMap<Address, Attributes>,
) -> Result<bool, Problem> {
    let chain = chain.known().and_then(|chain| wanted.get(chain));
    let Some(folder) = chain.and_then(|chain| DesiredChain::read(chain).node_files) else {
        return Ok(false);
    };
    let files = PrivateNetworkFiles::read(&folder)?;
    let mode = files.lines.iter().find(|(key, _)| key == "mode");
    let mode = mode.and_then(|(_, value)| toml::plain_string(value));
    Ok(mode.is_some_and(|mode| MODES_WITHOUT_PASSWORD.contains(&mode)))
}
