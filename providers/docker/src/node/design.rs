//! Plans for nodes: what one is made from, and what is done around its container.
//!
//! - Reads: a task, and the facts of the last refresh.
//! - Returns: a draft, or the first problem that was found.
//! - Never: does I/O; reads a clock.

use pospool_model::plan::{Action, Effect};
use pospool_model::provider::{ChangeRequest, PlanContext};
use pospool_model::{Attributes, Problem, Value};

use super::budget::{BudgetFacts, unknown_budget};
use super::container::labelled_memory;
use super::image::NodeImageBuild;
use super::rollback::plan_way_back;
use super::standing;
use super::wish::DesiredNode;
use crate::builds::ImageBuild;
use crate::client::Labels;
use crate::exclusive::{
    known_key, moved_from, refuse_lost_key, refuse_move_of_running, refuse_other_host,
    refuse_other_volume, refuse_shared_key,
};
use crate::facts::{Container, DockerFacts};
use crate::image::Buildable;
use crate::job::{DockerJob, MoveJob};
use crate::memory::{SHARE, format_memory, share_of_host};
use crate::names;
use crate::node::image::NODES;
use crate::place::DataLocation;
use crate::render::{self, DesiredChain};
use crate::snapshot::{self, SnapshotPlan};
use crate::syncer::{is_keyed, own_or_of_chain};
use crate::volume;
use crate::workload::design::{act_effect, docker_url};
use crate::workload::job::ResumeJob;
use crate::workload::spec::ContainerSpec;
use crate::workload::{ContainerDraft, WayBack};

#[cfg(test)]
mod tests;

/// Outputs that are known only when the node runs.
const RUNNING_OUTPUTS: [&str; 2] = ["client_version", "started_at"];
/// Public data of the PoS key.
const KEY_OUTPUTS: [&str; 2] = ["pos_address", "register_data"];

/// What one change of a node makes.
pub(super) fn draft_node(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
) -> Result<ContainerDraft, Problem> {
    let plan = NodePlan::new(task, world, facts)?;
    let (spec, name) = (&plan.spec, &plan.spec.name);
    let place = spec
        .place
        .as_ref()
        .map(DataLocation::to_string)
        .unwrap_or_default();
    let then = if plan.desired.running {
        " and start it"
    } else {
        ", not started"
    };
    let summary = format!("build {} from {}", spec.image, plan.desired.image);
    let (mut before, mut between) = (Vec::new(), Vec::new());
    between.extend(plan.moves.as_ref().map(|from| plan.carry_over(from)));
    if let Some(snapshot) = &plan.snapshot {
        snapshot.fetch(&mut before);
        snapshot.fill(&mut between);
    }
    Ok(ContainerDraft {
        images: vec![("image", summary, ImageBuild::Node(plan.recipe.clone()))],
        secret: Some(plan.desired.password.clone()),
        run: plan.desired.running,
        create: format!("create container {name} on volume {place}{then}"),
        start: format!("start container {name}"),
        before,
        between,
        again: Vec::new(),
        waits: true,
        outputs: node_outputs(task, &plan.desired, plan.key.is_some()),
        notes: plan.notes(task),
        key: plan.key,
        way_back: plan.way_back,
        spec: plan.spec,
    })
}

/// What a stop of a node eats of the time that its key may stay without a vote.
fn stop_note(budget: Option<&BudgetFacts>) -> String {
    match budget {
        Some(budget) => budget.describe(),
        None => unknown_budget("the node does not vote now, or does not say it"),
    }
}

/// What a start or stop of the container that is there takes; whether somebody else could vote with its key is asked as always.
pub(super) fn draft_start(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
    made: &ContainerSpec,
) -> Result<ContainerDraft, Problem> {
    let desired = DesiredNode::read(task.wanted)?;
    let docker = docker_url(task.wanted, world, facts)?;
    // What starts has the volume that it was made with, whatever the spec says by now.
    let starts = DesiredNode::read(&made.attributes)?;
    refuse_shared_key(task.address, &starts, world)?;
    refuse_other_host(&starts, world)?;
    let key = known_key(task, &starts);
    if let Some((key, place)) = key.as_ref().zip(made.place.as_ref()) {
        refuse_lost_key(key, &docker, place, facts)?;
    }
    let old = facts.containers.get(task.address);
    let report = facts.guards.get(task.address).and_then(Option::as_ref);
    let given_up = old
        .filter(|old| old.running)
        .zip(report.filter(|report| report.waits_for_a_start()));
    let resume = given_up.map(|(old, report)| {
        let job = DockerJob::Resume(ResumeJob {
            docker: docker.clone(),
            name: made.name.clone(),
            container: old.id.clone(),
            starts: report.starts,
        });
        let summary = "ask the guard to start conflux again, which it had given up".to_owned();
        act_effect("resume", summary, &job)
    });
    let stops = old.is_some_and(|old| old.running) && !desired.running;
    let (way_back, said) = way_back(task, &desired, old, world);
    let stop = stops.then(|| stop_note(facts.budgets.get(task.address)));
    Ok(ContainerDraft {
        notes: said.into_iter().chain(stop).collect(),
        way_back,
        again: resume.into_iter().collect(),
        run: desired.running,
        waits: true,
        outputs: node_outputs(task, &desired, key.is_some()),
        secret: Some(desired.password),
        key,
        ..ContainerDraft::start_of(made)
    })
}

/// Outputs of a node after a change, as far as it moves them.
fn node_outputs(task: &ChangeRequest<'_>, desired: &DesiredNode, has_key: bool) -> Attributes {
    let mut outputs = Attributes::new();
    let mut unknown = |names: &[&str]| {
        let names = names.iter();
        outputs.extend(names.map(|name| ((*name).to_owned(), Value::Unknown)));
    };
    if desired.running {
        unknown(&RUNNING_OUTPUTS);
        if !has_key {
            unknown(&KEY_OUTPUTS);
        }
    }
    if let Some(recorded) = task.recorded.filter(|_| has_key) {
        for name in KEY_OUTPUTS {
            if let Some(value) = recorded.outputs.get(name) {
                outputs.insert(name.to_owned(), value.clone());
            }
        }
    }
    outputs
}

/// Everything that one plan for a node decides on.
struct NodePlan<'a> {
    desired: DesiredNode,
    docker: String,
    recipe: NodeImageBuild,
    spec: ContainerSpec,
    key: Option<String>,
    /// Snapshot that its volume is filled from.
    snapshot: Option<SnapshotPlan>,
    /// Place that the data has to be copied from.
    moves: Option<DataLocation>,
    old: Option<&'a Container>,
    way_back: WayBack,
    /// How long its key may stay without a vote, if it votes now.
    budget: Option<&'a BudgetFacts>,
    /// What there is to say of its release, and of its engine.
    remarks: Vec<String>,
}

impl<'a> NodePlan<'a> {
    fn new(
        task: &ChangeRequest<'_>,
        world: &PlanContext<'_>,
        facts: &'a DockerFacts,
    ) -> Result<Self, Problem> {
        let desired = DesiredNode::read(task.wanted)?;
        let docker = docker_url(task.wanted, world, facts)?;
        refuse_shared_key(task.address, &desired, world)?;
        refuse_other_volume(task, &desired, world)?;
        refuse_other_host(&desired, world)?;
        let chain = world
            .wanted
            .get(&desired.chain)
            .map(DesiredChain::read)
            .unwrap_or_default();
        let recipe = render::render_node_image(&desired, &chain, facts.files.get(&desired.chain))?;
        let (data, recorded) = (
            world.wanted.get(&desired.data),
            world.recorded.get(&desired.data),
        );
        let volume =
            volume::data_location(world.lineage, &desired.data, data, recorded, &facts.folders)?;
        let key = known_key(task, &desired);
        let old = facts.containers.get(task.address);
        let mut remarks = remarks(task, &desired, &docker, world, facts)?;
        let (way_back, said) = way_back(task, &desired, old, world);
        remarks.extend(said);
        let moves = moved_from(task, &desired, old).filter(|from| *from != volume);
        match (&moves, &key) {
            (Some(from), _) => refuse_move_of_running(from, &volume, old)?,
            (None, Some(key)) => refuse_lost_key(key, &docker, &volume, facts)?,
            (None, None) => {}
        }
        let name = names::object_name(world.lineage, task.address).map_err(|e| e.problem(&[]))?;
        let whose = (world.lineage, task.address, &name);
        let spec = ContainerSpec {
            place: Some(volume),
            more: own_labels(task, &desired, &docker, world, facts),
            ..ContainerSpec::new(whose, (NODES, recipe.digest()), &made_from(task.wanted))
        };
        let snapshot = facts.snapshots.get(task.address);
        let snapshot = snapshot::plan_snapshot(
            task,
            snapshot,
            &desired.data,
            &docker,
            &desired.image,
            &recipe,
            &spec,
        )?;
        Ok(Self {
            desired,
            docker,
            recipe,
            spec,
            key,
            snapshot,
            moves,
            old,
            way_back,
            budget: facts.budgets.get(task.address),
            remarks,
        })
    }

    fn notes(&self, task: &ChangeRequest<'_>) -> Vec<String> {
        let snapshot = self.snapshot.iter().flat_map(SnapshotPlan::notes);
        let mut notes: Vec<String> = self.remarks.iter().chain(snapshot).cloned().collect();
        if task.action != Action::Update && self.desired.image.digest().is_none() {
            notes.push(format!(
                "image {} is not pinned: whoever can move its tag decides what runs beside the PoS key; pin it with \
                 @sha256:…",
                self.desired.image
            ));
        }
        let taken = labelled_memory(&self.spec.more).filter(|_| task.action != Action::Update);
        notes.extend(taken.map(|bytes| {
            format!(
                "it may use {} of memory, {SHARE} % of the host's: `memory` says another limit",
                format_memory(bytes)
            )
        }));
        let replaced = task.action == Action::Replace;
        if self.old.is_some_and(|old| old.running) && (replaced || !self.desired.running) {
            notes.push(stop_note(self.budget));
        }
        notes
    }

    /// The data moves while no container runs that could write it.
    fn carry_over(&self, from: &DataLocation) -> Effect {
        let spec = &self.spec;
        let to = spec.place.clone().unwrap_or_else(|| from.clone());
        let summary = format!("copy the node's data from {from} to {to}");
        let job = DockerJob::Move(MoveJob {
            docker: self.docker.clone(),
            lineage: spec.lineage.clone(),
            address: self.desired.data.clone(),
            image: spec.image.clone(),
            digest: spec.digest.clone(),
            this: self
                .old
                .map_or_else(|| spec.name.to_string(), |old| old.id.as_str().to_owned()),
            from: from.clone(),
            to,
        });
        act_effect("move", summary, &job)
    }
}

/// The sources of a guard that nobody hands any. A URL with a key is none: it would be there for everybody to read.
fn unattended_sources(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    world: &PlanContext<'_>,
) -> Labels {
    if desired.password.mounted().is_none() {
        return Labels::new();
    }
    let list = own_or_of_chain(Some(task.wanted), world.wanted.get(&desired.chain));
    let plain: Vec<&str> = list
        .iter()
        .filter(|value| !is_keyed(value))
        .filter_map(Value::as_text)
        .collect();
    Labels::from([(names::SOURCES.to_owned(), plain.join(" "))])
}

/// Labels that only a node's container has.
fn own_labels(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    docker: &str,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
) -> Labels {
    let mut labels = unattended_sources(task, desired, world);
    let memory = match task.action {
        _ if desired.memory.is_some() => None,
        // Another default of pospool is no change of the spec.
        Action::Update => {
            let old = facts.containers.get(task.address);
            old.and_then(|old| labelled_memory(&old.labels))
        }
        _ => {
            let engine = facts.engines.get(docker);
            engine
                .and_then(|engine| engine.memory)
                .and_then(share_of_host)
        }
    };
    labels.extend(memory.map(|bytes| (names::MEMORY.to_owned(), bytes.to_string())));
    labels
}

/// Attributes that say how the container is made: neither its data is a part of it, nor whom its guard asks.
fn made_from(wanted: &Attributes) -> Attributes {
    let mut attributes = wanted.clone();
    attributes.remove("snapshot");
    attributes.remove("core_rpc");
    attributes.remove("rollback_after");
    attributes
}

/// What there is to say of a node's release and of its engine, where a container is made.
fn remarks(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    docker: &str,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
) -> Result<Vec<String>, Problem> {
    if task.action == Action::Update {
        return Ok(Vec::new());
    }
    let old = task.recorded.map(|recorded| &recorded.attributes);
    let mut remarks = standing::release_remarks(desired, old, world.wanted, world.outputs)?;
    remarks.extend(standing::shutdown_remark(docker, facts));
    Ok(remarks)
}

/// The way back of a change, and what a plan says of it; a change that starts nothing goes no way.
fn way_back(
    task: &ChangeRequest<'_>,
    desired: &DesiredNode,
    old: Option<&Container>,
    world: &PlanContext<'_>,
) -> (WayBack, Option<String>) {
    let planned = desired
        .running
        .then(|| plan_way_back(task, desired, old, world));
    let (way_back, said) = planned.flatten().unzip();
    (way_back.unwrap_or_default(), said)
}
