//! A look at one node's container.
//!
//! - Reads: the list of containers, and one container in detail; the node itself only when it was started since the
//!   last run.
//! - Returns: attributes as the container's labels and the engine show them, with what was changed by hand.
//! - Never: believes a label that the container itself contradicts.

use std::collections::BTreeMap;

use bollard::models::ContainerInspectResponse;
use pospool_model::provider::{Observed, Scene, Target};
use pospool_model::state::Recorded;
use pospool_model::{Address, Attributes, Problem, Value};

use crate::client::Listed;
use crate::codes;
use crate::container::drift::in_words;
use crate::container::labels::{self, label};
use crate::container::look::{binding, has_other_content, in_detail, own_container};
use crate::container::run::is_running;
use crate::facts::{DockerFacts, NodeFacts};
use crate::folder::FolderFacts;
use crate::names::{self, Name};
use crate::node::container::Made;
use crate::node::image;
use crate::node::outputs;
use crate::node::run::has_password;
use crate::node::wish::{NodeWish, text};
use crate::observe::View;
use crate::place::Place;
use crate::render::networks::Network;
use crate::render::{self, ChainWish, DATA_DIR};
use crate::rpc;
use crate::volume;

/// State of a container that was started by hand: no node runs in it yet.
const WAITING: &str = "waiting for its password";
/// State of a node that no run has waited for to the end: a change of it to `running` means to wait.
const STARTING: &str = "starting";

/// Looks at one node.
pub(crate) async fn observe(
    target: &Target<'_>,
    scene: &Scene<'_>,
    view: &View,
    facts: &mut DockerFacts,
    bindings: &mut BTreeMap<String, String>,
) -> Result<Observed, Problem> {
    let name = names::object(scene.lineage, target.address).map_err(|error| error.problem(&[]))?;
    let binding = format!("docker/{}/{name}", view.facts.id);
    let own = own_container(target, scene, view, &name)?;
    refuse_second_user(target, scene, view, own, &facts.folders)?;
    let Some(own) = own else {
        bindings.insert(binding, "absent".to_owned());
        return Ok(Observed::Absent);
    };
    let Some((id, found)) = in_detail(view, own).await? else {
        bindings.insert(binding, "absent".to_owned());
        return Ok(Observed::Absent);
    };
    let mut node = Node {
        target,
        scene,
        view,
        id,
        found,
        name,
        has_password: true,
    };
    node.look_for_password().await;
    bindings.insert(binding, node.binding());
    let found = NodeFacts {
        epoch: node.epoch().await,
        ..node.facts()
    };
    facts.nodes.insert(target.address.clone(), found);
    node.observed(facts).await
}

/// Nobody else may run on the node's volume.
pub(crate) fn refuse_second_user(
    target: &Target<'_>,
    scene: &Scene<'_>,
    view: &View,
    own: Option<&Listed>,
    folders: &BTreeMap<Address, FolderFacts>,
) -> Result<(), Problem> {
    let Some(data) = target
        .wanted
        .and_then(|wanted| wanted.get("data"))
        .and_then(Value::as_resource)
    else {
        return Ok(());
    };
    let volume = volume::place(scene.lineage, data, scene.wanted.get(data), None, folders)?;
    let other = view.containers.iter().find(|container| {
        container.running
            && own.is_none_or(|own| own.id != container.id)
            && volume.is_mounted_by(container)
    });
    match other {
        None => Ok(()),
        Some(other) => Err(Problem::new(
            codes::VOLUME_IN_USE,
            &["data"],
            format!(
                "container `{}` runs on volume `{volume}`, which holds the node's PoS key",
                other.name
            ),
        )
        .help("stop that container: two processes with one PoS key must never vote")),
    }
}

/// One node's container.
pub(crate) struct Node<'a> {
    pub(crate) target: &'a Target<'a>,
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) view: &'a View,
    pub(crate) id: Name,
    pub(crate) found: ContainerInspectResponse,
    pub(crate) name: Name,
    pub(crate) has_password: bool,
}

impl Node<'_> {
    fn running(&self) -> bool {
        self.found.state.as_ref().is_some_and(is_running)
    }

    /// The attribute `state`: as it is, and whether somebody has to wait for it.
    pub(crate) fn seen_state(&self, outputs: &Attributes) -> &'static str {
        let complete =
            |recorded: &Recorded| recorded.complete && recorded.outputs.contains_key("pos_address");
        let known = match self.target.recorded {
            Some(recorded) => complete(recorded),
            None => outputs.contains_key("pos_address"),
        };
        match self.state() {
            "running" if !known => STARTING,
            state => state,
        }
    }

    /// What the engine says.
    fn state(&self) -> &'static str {
        match (self.running(), self.has_password) {
            (true, true) => "running",
            (true, false) => WAITING,
            (false, _) => "stopped",
        }
    }

    /// Whoever starts the container by hand has only its entrypoint running.
    async fn look_for_password(&mut self) {
        if self.running() && !self.is_known_process(&outputs::seen(&self.found)) {
            self.has_password = has_password(&self.view.engine, &self.id).await;
        }
    }

    pub(crate) fn binding(&self) -> String {
        binding(&self.id, self.state())
    }

    pub(crate) fn facts(&self) -> NodeFacts {
        let host = self.found.host_config.as_ref();
        let network = host.and_then(|host| host.network_mode.clone());
        NodeFacts {
            docker: self.view.docker.clone(),
            container: self.id.clone(),
            place: self.mounted(),
            running: self.running(),
            has_password: self.has_password,
            image: label(&self.found, names::DIGEST)
                .map(image::tag)
                .unwrap_or_default(),
            network: Some(self.name.clone()).filter(|own| network.as_deref() == Some(own.as_str())),
            epoch: None,
        }
    }

    /// How far the node is: asked on a public network, whose forks are known, and nowhere else.
    async fn epoch(&self) -> Option<u64> {
        let chain = self.target.wanted?.get("chain")?.as_resource()?;
        Network::by_name(text(self.scene.wanted.get(chain)?, "network")?)?;
        if !self.running() || !self.has_password {
            return None;
        }
        rpc::epoch(&self.view.engine, &self.id).await
    }

    /// Where the data of the container lies.
    fn mounted(&self) -> Option<Place> {
        let mut mounts = self.found.mounts.iter().flatten();
        let data = mounts.find(|mount| mount.destination.as_deref() == Some(DATA_DIR))?;
        let text = data.name.as_deref().or(data.source.as_deref())?;
        Place::parse(text).ok()
    }

    async fn observed(&self, facts: &DockerFacts) -> Result<Observed, Problem> {
        let (mut attributes, mut outputs) = self.shown(facts);
        if self.running() && self.has_password && !self.is_known_process(&outputs) {
            self.ask(&mut outputs).await?;
        }
        attributes.insert("state".to_owned(), self.seen_state(&outputs).into());
        Ok(Observed::Present {
            attributes,
            outputs,
        })
    }

    /// Attributes and outputs as the engine shows them, without a word of the node itself.
    pub(crate) fn shown(&self, facts: &DockerFacts) -> (Attributes, Attributes) {
        let labelled = labels::attributes(&self.found);
        let made = labelled
            .as_ref()
            .and_then(|attributes| self.made(attributes, facts));
        let mut attributes = labelled.unwrap_or_default();
        attributes.remove("pos_key_password");
        let hardening = self.hardening(made.as_ref(), facts);
        attributes.insert("hardening".to_owned(), hardening.into());
        let mut outputs = match &made {
            Some(made) => outputs::of_container(&self.view.docker, made, &self.found),
            None => outputs::seen(&self.found),
        };
        outputs.insert("docker".to_owned(), self.view.docker.as_str().into());
        outputs.insert("engine_id".to_owned(), self.view.facts.id.as_str().into());
        (attributes, outputs)
    }

    /// Where the data of a volume is to lie, as the spec says it now.
    fn place(&self, data: &Address, facts: &DockerFacts) -> Option<Place> {
        let wanted = self.scene.wanted.get(data);
        volume::place(self.scene.lineage, data, wanted, None, &facts.folders).ok()
    }

    /// The container as its labels say that it was made.
    fn made(&self, attributes: &Attributes, facts: &DockerFacts) -> Option<Made> {
        let wish = NodeWish::read(attributes).ok()?;
        let digest = label(&self.found, names::DIGEST)?.to_owned();
        Some(Made {
            name: self.name.clone(),
            lineage: self.scene.lineage.to_owned(),
            address: self.target.address.clone(),
            image: image::tag(&digest),
            digest,
            volume: self.place(&wish.data, facts)?,
            network: wish
                .docker_network
                .clone()
                .unwrap_or_else(|| self.name.clone()),
            own_network: wish.docker_network.is_none(),
            memory: wish.memory,
            publish_p2p: wish.publish_p2p,
            attributes: attributes.clone(),
        })
    }

    /// Says in words what is not as it was made.
    fn hardening(&self, made: Option<&Made>, facts: &DockerFacts) -> String {
        let different = made.map(|made| {
            let mut different = made.differences(&self.found);
            if self.files_changed(made, facts) {
                different.push("configuration files");
            }
            if has_other_content(self.target, &self.found) {
                different.push("image content");
            }
            different
        });
        in_words(different)
    }

    /// Whether the same attributes would make another image now: the chain's files changed, or what pospool renders.
    fn files_changed(&self, made: &Made, facts: &DockerFacts) -> bool {
        let Ok(wish) = NodeWish::read(&made.attributes) else {
            return false;
        };
        let Some(chain) = self.scene.wanted.get(&wish.chain) else {
            return false;
        };
        let files = facts.files.get(&wish.chain);
        render::recipe(&wish, &ChainWish::read(chain), files)
            .is_ok_and(|recipe| recipe.digest() != made.digest)
    }

    /// Whether this very process was asked by an earlier run: then its key and version are known.
    fn is_known_process(&self, outputs: &Attributes) -> bool {
        let Some(recorded) = self.target.recorded else {
            return false;
        };
        ["container_id", "started_at"]
            .iter()
            .all(|name| recorded.outputs.get(*name) == outputs.get(*name))
            && ["pos_address", "register_data", "client_version"]
                .iter()
                .all(|name| recorded.outputs.contains_key(*name))
    }

    /// Asks the node for its key and version; a node that does not answer yet is no problem.
    async fn ask(&self, outputs: &mut Attributes) -> Result<(), Problem> {
        let answer = rpc::identity(&self.view.engine, &self.id).await;
        let identity =
            answer.map_err(|error| Problem::new(error.code(), &[], error.to_string()))?;
        let Some(identity) = identity else {
            return Ok(());
        };
        outputs.insert("client_version".to_owned(), identity.client_version.into());
        let recorded = self
            .target
            .recorded
            .and_then(|recorded| text(&recorded.outputs, "pos_address"));
        match recorded {
            None => {
                outputs.insert("pos_address".to_owned(), identity.pos_address.into());
                outputs.insert("register_data".to_owned(), identity.register_data.into());
                Ok(())
            }
            Some(key) if key == identity.pos_address => Ok(()),
            Some(key) => Err(Problem::new(
                codes::POS_KEY_CHANGED,
                &["data"],
                format!(
                    "{} runs with the PoS key {}, and {key} is recorded",
                    self.target.address, identity.pos_address
                ),
            )
            .help("somebody changed the key on its volume; stop the container and put the old pos_config/pos_key back")),
        }
    }
}
