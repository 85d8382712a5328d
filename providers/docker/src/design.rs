//! Plans for nodes: which jobs, in which order, and what is known before they are done.
//!
//! - Reads: a task, and the facts of the last look.
//! - Returns: a complete design, or every problem that was found.
//! - Never: looks outside; reads a clock.

use std::collections::BTreeMap;

use pospool_model::plan::{Action, Effect, Nature};
use pospool_model::provider::{Design, Task, World};
use pospool_model::{Address, Attributes, Problem, Value};

use crate::codes;
use crate::container::labels::owner;
use crate::exclusive::{
    known_key, moved_from, refuse_lost_key, refuse_move_of_running, refuse_other_host,
    refuse_shared_key,
};
use crate::facts::{DockerFacts, NodeFacts};
use crate::image::{NODES, is_of};
use crate::job::{EndJob, ImageJob, Job, MoveJob, RemoveJob, RunJob, StopJob, WaitJob};
use crate::names::{self, Name};
use crate::node::container::{IN_PLACE, Made};
use crate::node::outputs;
use crate::node::standing;
use crate::node::wish::{NodeWish, text};
use crate::place::Place;
use crate::render::{self, ChainWish};
use crate::snapshot::{self, Snapshot};
use crate::volume;

#[cfg(test)]
mod tests;

/// Outputs that are known only when the node runs.
const RUNNING_OUTPUTS: [&str; 2] = ["client_version", "started_at"];
/// Public data of the PoS key.
const KEY_OUTPUTS: [&str; 2] = ["pos_address", "register_data"];

/// Name of a provider in plans.
pub(crate) const PROVIDER: &str = "docker";

/// Plans one change of a node.
pub(crate) fn node(task: &Task<'_>, world: &World<'_>) -> Result<Design, Vec<Problem>> {
    let facts = DockerFacts::of(world.facts);
    match task.action {
        Action::Forget => Ok(Design::forgotten(Vec::new())),
        Action::Delete => Ok(delete(task, world, &facts)),
        _ => change(task, world, &facts).map_err(|problem| vec![problem]),
    }
}

/// URL of the engine that a resource's `host` means.
pub(crate) fn docker_of(
    wanted: &Attributes,
    world: &World<'_>,
    facts: &DockerFacts,
) -> Result<String, Problem> {
    let host = wanted
        .get("host")
        .and_then(Value::as_resource)
        .ok_or_else(|| Problem::new(codes::NO_HOST, &["host"], "`host` is missing"))?;
    let output = world
        .outputs
        .get(host)
        .and_then(|outputs| text(outputs, "docker"));
    facts
        .hosts
        .get(host)
        .map(String::as_str)
        .or(output)
        .map(str::to_owned)
        .ok_or_else(|| {
            Problem::new(
                codes::NO_HOST,
                &["host"],
                format!("`{host}` was not reached"),
            )
        })
}

/// Makes one effect; what it needs is left to the engine, which keeps the order.
pub(crate) fn effect(name: &str, summary: String, nature: Nature, job: &Job) -> Effect {
    Effect {
        name: name.to_owned(),
        provider: PROVIDER.to_owned(),
        summary,
        nature,
        // A job is maps of text and numbers, which always have a JSON form.
        payload: serde_json::to_value(job).unwrap_or_default(),
        inputs: BTreeMap::new(),
        needs: Vec::new(),
    }
}

/// The end of a container that is not a node.
pub(crate) fn end(job: EndJob) -> Effect {
    let summary = format!("stop and remove container {}", job.name);
    effect("remove", summary, Nature::Act, &Job::End(job))
}

/// Outputs after a change of a container: those that are known, and what will be known only then.
pub(crate) fn outputs_after(
    task: &Task<'_>,
    facts: &DockerFacts,
    docker: &str,
    planned: Attributes,
) -> Attributes {
    let mut outputs = planned;
    let engine = facts.engines.get(docker);
    let id = engine.map(|engine| engine.id.clone()).unwrap_or_default();
    outputs.insert("engine_id".to_owned(), id.into());
    if task.action != Action::Update {
        for name in ["container_id", "image_id"] {
            outputs.insert(name.to_owned(), Value::Unknown);
        }
    }
    outputs
}

/// Everything that one plan for a node decides on.
struct Plan<'a> {
    wish: NodeWish,
    docker: String,
    recipe: crate::node::image::Recipe,
    made: Made,
    key: Option<String>,
    /// Snapshot that its volume is filled from.
    snapshot: Option<Snapshot>,
    /// Place that the data has to be copied from.
    moves: Option<Place>,
    old: Option<&'a NodeFacts>,
    /// What there is to say of its release, and of its engine.
    remarks: Vec<String>,
}

fn change(task: &Task<'_>, world: &World<'_>, facts: &DockerFacts) -> Result<Design, Problem> {
    let plan = Plan::new(task, world, facts)?;
    let mut design = Design {
        outputs: plan.outputs(task, facts),
        notes: plan.notes(task),
        ..Design::default()
    };
    let effects = &mut design.effects;
    match task.action {
        Action::Update => plan.update(effects),
        Action::Replace => {
            // The image comes first, so that the node stands still as short as possible.
            plan.image(effects);
            plan.fetch(effects);
            plan.take_down(effects, world);
            plan.carry_over(effects);
            plan.fill(effects);
            plan.run(effects, true);
        }
        _ => {
            plan.image(effects);
            plan.fetch(effects);
            plan.carry_over(effects);
            plan.fill(effects);
            plan.run(effects, true);
        }
    }
    Ok(design)
}

impl<'a> Plan<'a> {
    fn new(task: &Task<'_>, world: &World<'_>, facts: &'a DockerFacts) -> Result<Self, Problem> {
        let wish = NodeWish::read(task.wanted)?;
        let docker = docker_of(task.wanted, world, facts)?;
        refuse_shared_key(task.address, &wish, world)?;
        refuse_other_host(&wish, world)?;
        let chain = world
            .wanted
            .get(&wish.chain)
            .map(ChainWish::read)
            .unwrap_or_default();
        let recipe = render::recipe(&wish, &chain, facts.files.get(&wish.chain))?;
        let remarks = remarks(task, &wish, &docker, world, facts)?;
        let (data, recorded) = (world.wanted.get(&wish.data), world.recorded.get(&wish.data));
        let volume = volume::place(world.lineage, &wish.data, data, recorded, &facts.folders)?;
        let key = known_key(task, &wish);
        let old = facts.nodes.get(task.address);
        let moves = moved_from(task, &wish, old).filter(|from| *from != volume);
        match (&moves, &key) {
            (Some(from), _) => refuse_move_of_running(from, &volume, old)?,
            (None, Some(key)) => refuse_lost_key(key, &docker, &volume, facts)?,
            (None, None) => {}
        }
        let name = names::object(world.lineage, task.address).map_err(|e| e.problem(&[]))?;
        let mut attributes = task.wanted.clone();
        attributes.retain(|name, _| !IN_PLACE.contains(&name.as_str()));
        let digest = recipe.digest();
        let made = Made {
            network: wish.docker_network.clone().unwrap_or_else(|| name.clone()),
            own_network: wish.docker_network.is_none(),
            name,
            lineage: world.lineage.to_owned(),
            address: task.address.clone(),
            image: crate::node::image::tag(&digest),
            digest,
            volume,
            memory: wish.memory,
            publish_p2p: wish.publish_p2p,
            attributes,
        };
        let snapshot = facts.snapshots.get(task.address);
        let snapshot = snapshot::planned(
            task,
            snapshot,
            &wish.data,
            &docker,
            &wish.image,
            &recipe,
            &made,
        )?;
        Ok(Self {
            wish,
            docker,
            recipe,
            made,
            key,
            snapshot,
            moves,
            old,
            remarks,
        })
    }

    fn outputs(&self, task: &Task<'_>, facts: &DockerFacts) -> Attributes {
        let planned = outputs::planned(&self.docker, &self.made);
        let mut outputs = outputs_after(task, facts, &self.docker, planned);
        let mut unknown = |names: &[&str]| {
            let names = names.iter();
            outputs.extend(names.map(|name| ((*name).to_owned(), Value::Unknown)));
        };
        if self.wish.running {
            unknown(&RUNNING_OUTPUTS);
            if self.key.is_none() {
                unknown(&KEY_OUTPUTS);
            }
        }
        if let (Some(_), Some(recorded)) = (&self.key, task.recorded) {
            for name in KEY_OUTPUTS {
                if let Some(value) = recorded.outputs.get(name) {
                    outputs.insert(name.to_owned(), value.clone());
                }
            }
        }
        outputs
    }

    fn notes(&self, task: &Task<'_>) -> Vec<String> {
        let snapshot = self.snapshot.iter().flat_map(Snapshot::notes);
        let mut notes: Vec<String> = self.remarks.iter().chain(snapshot).cloned().collect();
        if task.action != Action::Update && self.wish.image.digest().is_none() {
            notes.push(format!(
                "image {} is not pinned: whoever can move its tag decides what runs beside the PoS key; pin it with \
                 @sha256:…",
                self.wish.image
            ));
        }
        if task.action == Action::Replace {
            notes.push(
                "the node stands still from `stop` to `ready`; an elected node that does not vote for 3 PoS epochs \
                 (3 hours on mainnet) is retired"
                    .to_owned(),
            );
        }
        notes
    }

    fn image(&self, effects: &mut Vec<Effect>) {
        let job = Job::Image(ImageJob {
            docker: self.docker.clone(),
            recipe: self.recipe.clone(),
            password: self.wish.password.clone(),
        });
        let summary = format!("build {} from {}", self.made.image, self.wish.image);
        effects.push(effect("image", summary, Nature::Act, &job));
    }

    fn take_down(&self, effects: &mut Vec<Effect>, world: &World<'_>) {
        let Some(old) = self.old else { return };
        let network = old.network.clone().filter(|old| *old != self.made.network);
        // What is made next may be of the same image: it must still be there then.
        let image = Some(&old.image).filter(|image| **image != self.made.image);
        take_down(
            effects,
            &self.made.address,
            &self.made.name,
            old,
            (network, image),
            world.lineage,
        );
    }

    fn fetch(&self, effects: &mut Vec<Effect>) {
        if let Some(snapshot) = &self.snapshot {
            snapshot.fetch(effects);
        }
    }

    fn fill(&self, effects: &mut Vec<Effect>) {
        if let Some(snapshot) = &self.snapshot {
            snapshot.fill(effects);
        }
    }

    /// The data moves while no container is there that could write it.
    fn carry_over(&self, effects: &mut Vec<Effect>) {
        let Some(from) = &self.moves else { return };
        let made = &self.made;
        let job = Job::Move(MoveJob {
            docker: self.docker.clone(),
            lineage: made.lineage.clone(),
            address: self.wish.data.clone(),
            image: made.image.clone(),
            digest: made.digest.clone(),
            this: self.old.map_or_else(
                || made.name.to_string(),
                |old| old.container.as_str().to_owned(),
            ),
            from: from.clone(),
            to: made.volume.clone(),
        });
        let summary = format!("copy the node's data from {from} to {}", made.volume);
        effects.push(effect("move", summary, Nature::Act, &job));
    }

    fn run(&self, effects: &mut Vec<Effect>, create: bool) {
        let job = Job::Run(RunJob {
            docker: self.docker.clone(),
            made: self.made.clone(),
            create,
            start: self.wish.running,
            password: self.wish.password.clone(),
            key: self.key.clone(),
            replaces: self.old.filter(|_| create).map(|old| old.container.clone()),
        });
        let name = &self.made.name;
        match (create, self.wish.running) {
            (true, true) => effects.push(effect(
                "container",
                format!(
                    "create container {name} on volume {} and start it",
                    self.made.volume
                ),
                Nature::Act,
                &job,
            )),
            (true, false) => effects.push(effect(
                "container",
                format!(
                    "create container {name} on volume {}, not started",
                    self.made.volume
                ),
                Nature::Act,
                &job,
            )),
            (false, _) => {
                effects.push(effect(
                    "start",
                    format!("start container {name}"),
                    Nature::Act,
                    &job,
                ));
            }
        }
        if self.wish.running {
            self.waits(effects);
        }
    }

    fn waits(&self, effects: &mut Vec<Effect>) {
        let job = || WaitJob {
            docker: self.docker.clone(),
            address: self.made.address.clone(),
            name: self.made.name.clone(),
            key: self.key.clone(),
        };
        let summary = "wait for the node's RPC and its PoS identity".to_owned();
        effects.push(effect(
            "identity",
            summary,
            Nature::Wait,
            &Job::Identity(job()),
        ));
        let summary = "wait until the node follows its chain".to_owned();
        effects.push(effect("ready", summary, Nature::Wait, &Job::Ready(job())));
    }

    /// A change in place: of the state, or none when an earlier run did not finish.
    fn update(&self, effects: &mut Vec<Effect>) {
        match (self.wish.running, self.old) {
            (true, Some(old)) if old.running && old.has_password => self.waits(effects),
            (true, _) => self.run(effects, false),
            (false, Some(old)) if old.running => {
                let job = stop_job(&self.made.address, &self.made.name, old);
                let summary = format!("stop container {}", self.made.name);
                effects.push(effect("stop", summary, Nature::Act, &Job::Stop(job)));
            }
            (false, _) => {}
        }
    }
}

fn delete(task: &Task<'_>, world: &World<'_>, facts: &DockerFacts) -> Design {
    let mut effects = Vec::new();
    if let Some(old) = facts.nodes.get(task.address)
        && let Ok(name) = names::object(world.lineage, task.address)
    {
        let network = old.network.clone();
        take_down(
            &mut effects,
            task.address,
            &name,
            old,
            (network, Some(&old.image)),
            world.lineage,
        );
    }
    let recorded = task.recorded.cloned().unwrap_or_default();
    let volume = text(&recorded.outputs, "volume")
        .unwrap_or("its volume")
        .to_owned();
    let key = text(&recorded.outputs, "pos_address")
        .map(|key| format!("; its PoS key {key} stays on volume {volume}"));
    Design {
        effects,
        notes: vec![format!(
            "this node's PoS key will stop voting{}",
            key.unwrap_or_default()
        )],
        ..Design::default()
    }
}

/// What there is to say of a node's release, and of its engine, where a container is made.
fn remarks(
    task: &Task<'_>,
    wish: &NodeWish,
    docker: &str,
    world: &World<'_>,
    facts: &DockerFacts,
) -> Result<Vec<String>, Problem> {
    if task.action == Action::Update {
        return Ok(Vec::new());
    }
    let old = task.recorded.map(|recorded| &recorded.attributes);
    let mut remarks = standing::remarks(wish, old, world.wanted, world.outputs)?;
    remarks.extend(standing::shutdown(docker, facts));
    Ok(remarks)
}

/// First stopped, and proved to be stopped; then removed, with the network and the image that nothing needs any more.
fn take_down(
    effects: &mut Vec<Effect>,
    address: &Address,
    name: &Name,
    old: &NodeFacts,
    (network, image): (Option<Name>, Option<&String>),
    lineage: &str,
) {
    let stop = Job::Stop(stop_job(address, name, old));
    let summary =
        format!("stop container {name}, at most 21 minutes, and prove that it is stopped");
    effects.push(effect("stop", summary, Nature::Act, &stop));
    let remove = Job::Remove(RemoveJob {
        docker: old.docker.clone(),
        name: name.clone(),
        container: Some(old.container.clone()),
        network,
        owner: owner(lineage, address),
        image: image.filter(|image| is_of(&[NODES], image)).cloned(),
    });
    effects.push(effect(
        "remove",
        format!("remove container {name}"),
        Nature::Act,
        &remove,
    ));
}

fn stop_job(address: &Address, name: &Name, old: &NodeFacts) -> StopJob {
    StopJob {
        docker: old.docker.clone(),
        address: address.clone(),
        name: name.clone(),
        container: old.container.clone(),
    }
}
