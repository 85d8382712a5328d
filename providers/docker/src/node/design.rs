//! Plans for nodes: what one is made from, and what is done around its container.
//!
//! - Reads: a task, and the facts of the last look.
//! - Returns: a draft, or the first problem that was found.
//! - Never: looks outside; reads a clock.

use pospool_model::plan::{Action, Effect};
use pospool_model::provider::{Task, World};
use pospool_model::{Attributes, Problem, Value};

use super::image::Recipe;
use super::standing;
use super::wish::NodeWish;
use crate::exclusive::{
    known_key, moved_from, refuse_lost_key, refuse_move_of_running, refuse_other_host,
    refuse_shared_key,
};
use crate::facts::{Container, DockerFacts};
use crate::image::{self, Build, NODES};
use crate::job::{Job, MoveJob};
use crate::names;
use crate::place::Place;
use crate::render::{self, ChainWish};
use crate::snapshot::{self, Snapshot};
use crate::volume;
use crate::workload::design::{act, docker_of};
use crate::workload::{Draft, Made};

#[cfg(test)]
mod tests;

/// Outputs that are known only when the node runs.
const RUNNING_OUTPUTS: [&str; 2] = ["client_version", "started_at"];
/// Public data of the PoS key.
const KEY_OUTPUTS: [&str; 2] = ["pos_address", "register_data"];

/// What one change of a node makes.
pub(super) fn draft(
    task: &Task<'_>,
    world: &World<'_>,
    facts: &DockerFacts,
) -> Result<Draft, Problem> {
    let plan = Plan::new(task, world, facts)?;
    let (made, name) = (&plan.made, &plan.made.name);
    let place = made
        .place
        .as_ref()
        .map(Place::to_string)
        .unwrap_or_default();
    let then = if plan.wish.running {
        " and start it"
    } else {
        ", not started"
    };
    let summary = format!("build {} from {}", made.image, plan.wish.image);
    let (mut before, mut between) = (Vec::new(), Vec::new());
    between.extend(plan.moves.as_ref().map(|from| plan.carry_over(from)));
    if let Some(snapshot) = &plan.snapshot {
        snapshot.fetch(&mut before);
        snapshot.fill(&mut between);
    }
    Ok(Draft {
        images: vec![("image", summary, image::Recipe::Node(plan.recipe.clone()))],
        secret: Some(plan.wish.password.clone()),
        run: plan.wish.running,
        create: format!("create container {name} on volume {place}{then}"),
        start: format!("start container {name}"),
        before,
        between,
        waits: true,
        outputs: plan.outputs(task),
        notes: plan.notes(task),
        key: plan.key,
        made: plan.made,
    })
}

/// Everything that one plan for a node decides on.
struct Plan<'a> {
    wish: NodeWish,
    docker: String,
    recipe: Recipe,
    made: Made,
    key: Option<String>,
    /// Snapshot that its volume is filled from.
    snapshot: Option<Snapshot>,
    /// Place that the data has to be copied from.
    moves: Option<Place>,
    old: Option<&'a Container>,
    /// What there is to say of its release, and of its engine.
    remarks: Vec<String>,
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
        let old = facts.containers.get(task.address);
        let moves = moved_from(task, &wish, old).filter(|from| *from != volume);
        match (&moves, &key) {
            (Some(from), _) => refuse_move_of_running(from, &volume, old)?,
            (None, Some(key)) => refuse_lost_key(key, &docker, &volume, facts)?,
            (None, None) => {}
        }
        let name = names::object(world.lineage, task.address).map_err(|e| e.problem(&[]))?;
        let whose = (world.lineage, task.address, &name);
        let made = Made {
            place: Some(volume),
            ..Made::new(whose, (NODES, recipe.digest()), &made_from(task.wanted))
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

    fn outputs(&self, task: &Task<'_>) -> Attributes {
        let mut outputs = Attributes::new();
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

    /// The data moves while no container runs that could write it.
    fn carry_over(&self, from: &Place) -> Effect {
        let made = &self.made;
        let to = made.place.clone().unwrap_or_else(|| from.clone());
        let summary = format!("copy the node's data from {from} to {to}");
        let job = Job::Move(MoveJob {
            docker: self.docker.clone(),
            lineage: made.lineage.clone(),
            address: self.wish.data.clone(),
            image: made.image.clone(),
            digest: made.digest.clone(),
            this: self
                .old
                .map_or_else(|| made.name.to_string(), |old| old.id.as_str().to_owned()),
            from: from.clone(),
            to,
        });
        act("move", summary, &job)
    }
}

/// Attributes that say how the container is made: its data is not a part of it.
fn made_from(wanted: &Attributes) -> Attributes {
    let mut attributes = wanted.clone();
    attributes.remove("snapshot");
    attributes
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
