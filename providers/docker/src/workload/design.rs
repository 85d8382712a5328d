//! Plans for containers: which jobs, in which order.
//!
//! - Reads: a task, the facts of the last refresh, what the kind drafts.
//! - Returns: a complete design, or the problem that was found.
//! - Never: does I/O; stops a container before the one that replaces it is proven; removes the old one, or what the
//!   new one needs, before that is ready.

use std::collections::BTreeMap;

use pospool_model::plan::{Action, Effect, Nature};
use pospool_model::provider::{ChangeRequest, Design, PlanContext};
use pospool_model::{Address, Attributes, Problem, Value};

use super::job::{ImageJob, ProveJob, RemoveJob, RepairJob, ReplacedContainer, StopJob, UpJob};
use super::labels::owner_labels;
use super::{ContainerDraft, ContainerKind};
use crate::attributes::attribute_text;
use crate::codes;
use crate::facts::{Container, DockerFacts};
use crate::image::RELEASE;
use crate::job::{DockerJob, VolumeJob};
use crate::names::{self, Name};
use crate::workload::spec::ContainerSpec;

/// Name of a provider in plans.
pub(crate) const PROVIDER: &str = "docker";

/// Plans one change of a container.
pub(crate) fn plan_container(
    kind: &dyn ContainerKind,
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
) -> Result<Design, Vec<Problem>> {
    let facts = DockerFacts::of(world.facts);
    match task.action {
        Action::Forget => Ok(Design::forgotten(Vec::new())),
        Action::Delete => Ok(delete(kind, task, world, &facts)),
        _ => change(kind, task, world, &facts).map_err(|problem| vec![problem]),
    }
}

/// URL of the engine that a resource's `host` means.
pub(crate) fn docker_url(
    wanted: &Attributes,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
) -> Result<String, Problem> {
    let refused = |what: String| Problem::new(codes::NO_HOST, &["host"], what);
    let host = wanted
        .get("host")
        .and_then(Value::as_resource)
        .ok_or_else(|| refused("`host` is missing".to_owned()))?;
    let output = world.outputs.get(host);
    let output = output.and_then(|outputs| attribute_text(outputs, "docker"));
    let known = facts.hosts.get(host).map(String::as_str).or(output);
    known
        .map(str::to_owned)
        .ok_or_else(|| refused(format!("`{host}` was not reached")))
}

/// Makes one effect; what it needs is left to the engine, which keeps the order.
pub(crate) fn docker_effect(
    name: &str,
    summary: String,
    nature: Nature,
    job: &DockerJob,
) -> Effect {
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

/// An effect that changes something.
pub(crate) fn act_effect(name: &str, summary: String, job: &DockerJob) -> Effect {
    docker_effect(name, summary, Nature::Act, job)
}

/// One change that is being planned.
struct ContainerPlan<'a> {
    kind: &'a dyn ContainerKind,
    docker: String,
    draft: ContainerDraft,
    old: Option<&'a Container>,
}

fn change(
    kind: &dyn ContainerKind,
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
) -> Result<Design, Problem> {
    let docker = docker_url(task.wanted, world, facts)?;
    let draft = match started_as_it_is(task, facts) {
        Some(made) => kind.draft_start(task, world, facts, &made)?,
        None => kind.draft(task, world, facts)?,
    };
    let outputs = outputs(kind, task, facts, &docker, &draft);
    let plan = ContainerPlan {
        kind,
        docker,
        old: facts.containers.get(task.address),
        draft,
    };
    let effects = match task.action {
        Action::Update => plan.update(),
        _ => plan.make(facts),
    };
    let mut notes = plan.draft.notes;
    let replaced = plan.old.filter(|_| task.action == Action::Replace);
    notes.extend(replaced.and_then(upgraded));
    Ok(Design {
        effects,
        outputs,
        notes,
        ..Design::default()
    })
}

/// How a container was made of which nothing changes but whether it runs.
fn started_as_it_is(task: &ChangeRequest<'_>, facts: &DockerFacts) -> Option<ContainerSpec> {
    let runs = |path: &String| matches!(path.as_str(), "state" | "runtime");
    // A change that an earlier run did not finish has none, and is made from the spec.
    let is_complete = task.recorded.is_some_and(|recorded| recorded.complete);
    let is_start = task.action == Action::Update
        && task.changed.iter().all(runs)
        && (task.changed.iter().any(|path| path == "state")
            || is_complete && task.changed.is_empty());
    let old = facts.containers.get(task.address).filter(|_| is_start)?;
    let made = old.made.clone()?;
    Some(ContainerSpec {
        place: old.place.clone().or(made.place),
        ..made
    })
}

/// What there is to say of a container that another release of pospool made.
fn upgraded(old: &Container) -> Option<String> {
    let by = old.labels.get(names::RELEASE).map(String::as_str);
    let by = by.unwrap_or("an earlier release");
    (by != RELEASE).then(|| {
        format!(
            "pospool was upgraded: {by} made the container, and this is {RELEASE}, which may make it otherwise"
        )
    })
}

/// Outputs after a change: those that are known, and what will be known only then.
fn outputs(
    kind: &dyn ContainerKind,
    task: &ChangeRequest<'_>,
    facts: &DockerFacts,
    docker: &str,
    draft: &ContainerDraft,
) -> Attributes {
    let mut outputs = kind.outputs(&draft.spec);
    let engine = facts.engines.get(docker);
    let id = engine.map(|engine| engine.id.clone()).unwrap_or_default();
    outputs.insert("docker".to_owned(), docker.into());
    outputs.insert("engine_id".to_owned(), id.into());
    if task.action != Action::Update {
        for name in ["container_id", "image_id"] {
            outputs.insert(name.to_owned(), Value::Unknown);
        }
    }
    outputs.extend(draft.outputs.clone());
    outputs
}

impl ContainerPlan<'_> {
    /// What can be known before the old container stops is known before; so the downtime is as short as possible.
    fn make(&self, facts: &DockerFacts) -> Vec<Effect> {
        let (draft, spec) = (&self.draft, &self.draft.spec);
        let images = draft.images.iter();
        let mut effects: Vec<Effect> = images
            .map(|(name, summary, recipe)| {
                let job = ImageJob {
                    docker: self.docker.clone(),
                    recipe: recipe.clone(),
                    secret: draft.secret.clone(),
                    address: spec.address.clone(),
                };
                act_effect(name, summary.clone(), &DockerJob::Image(Box::new(job)))
            })
            .collect();
        effects.extend(self.volume(facts));
        effects.extend(draft.before.clone());
        if let Some(old) = self.old {
            if old.running && draft.run {
                effects.push(self.prove(old));
            }
            effects.push(stop(self.kind, &spec.name, old, &spec.address));
            // It never was ready: the one before it still is the one to go back to.
            if old.aside.is_some() {
                effects.push(self.remove("discard", old, &old.id));
            }
        }
        effects.extend(draft.between.clone());
        effects.push(self.up(true));
        self.wait(&mut effects);
        if let Some(old) = self.old {
            let last = old.aside.as_ref().map_or(&old.id, |aside| &aside.id);
            effects.push(self.remove("remove", old, last));
        }
        effects
    }

    /// Settings that Docker can change while it runs; then its state, or none where an earlier run did not finish.
    fn update(&self) -> Vec<Effect> {
        let (draft, spec) = (&self.draft, &self.draft.spec);
        let mut effects = Vec::new();
        if let Some(old) = self.old.filter(|old| old.drifted) {
            let job = RepairJob {
                docker: self.docker.clone(),
                spec: spec.clone(),
                container: old.id.clone(),
            };
            let summary = format!("put the settings of container {} right", spec.name);
            effects.push(act_effect(
                "repair",
                summary,
                &DockerJob::Repair(Box::new(job)),
            ));
        }
        match self.old {
            Some(old) if old.running && !draft.run => {
                effects.push(stop(self.kind, &spec.name, old, &spec.address));
            }
            _ if !draft.run => {}
            Some(old) if old.state == "running" => {
                effects.extend(draft.again.clone());
                self.wait(&mut effects);
            }
            _ => {
                effects.push(self.up(false));
                self.wait(&mut effects);
            }
        }
        if let Some(old) = self.old
            && let Some(aside) = &old.aside
        {
            effects.push(self.remove("remove", old, &aside.id));
        }
        effects
    }

    /// The volume that it has for itself, where that is not there.
    fn volume(&self, facts: &DockerFacts) -> Option<Effect> {
        let spec = &self.draft.spec;
        let name = self.kind.own_volume(&spec.name)?;
        let engine = facts.engines.get(&self.docker);
        if engine.is_some_and(|engine| engine.volumes.contains_key(name.as_str())) {
            return None;
        }
        let summary = format!("create Docker volume {name}");
        let job = DockerJob::Volume(VolumeJob {
            docker: self.docker.clone(),
            name,
            labels: spec.owner(),
        });
        Some(act_effect("volume", summary, &job))
    }

    fn prove(&self, old: &Container) -> Effect {
        let spec = &self.draft.spec;
        let job = ProveJob {
            docker: self.docker.clone(),
            spec: spec.clone(),
            replaces: old.id.clone(),
        };
        let summary = format!(
            "prove that {} would start: image, configuration, network, ports",
            spec.name
        );
        act_effect("prove", summary, &DockerJob::Prove(Box::new(job)))
    }

    fn job(&self, create: bool) -> UpJob {
        let (draft, old) = (&self.draft, self.old);
        let kept = |old: &Container| match &old.aside {
            // A run that was cut left the one before.
            Some(aside) => Some((aside.id.clone(), draft.run)),
            None if create => Some((old.id.clone(), old.running)),
            None => None,
        };
        let replaces = old.and_then(kept);
        let ends = old.filter(|_| !create).and_then(Container::unhealthy_since);
        UpJob {
            docker: self.docker.clone(),
            spec: draft.spec.clone(),
            create,
            start: draft.run,
            secret: draft.secret.clone(),
            key: draft.key.clone(),
            replaces: replaces.map(|(container, ran)| ReplacedContainer {
                container,
                ran,
                way_back: draft.way_back.clone(),
            }),
            ends: ends.map(str::to_owned),
        }
    }

    fn up(&self, create: bool) -> Effect {
        let job = DockerJob::Up(Box::new(self.job(create)));
        if create {
            act_effect("container", self.draft.create.clone(), &job)
        } else {
            act_effect("start", self.draft.start.clone(), &job)
        }
    }

    /// What a kind waits for in effects of its own.
    fn wait(&self, effects: &mut Vec<Effect>) {
        if !self.draft.waits || !self.draft.run {
            return;
        }
        let create = effects.iter().any(|effect| effect.name == "container");
        let job = || Box::new(self.job(create));
        let summary = "wait for the node's RPC and its PoS identity".to_owned();
        let identity = DockerJob::Identity(job());
        effects.push(docker_effect("identity", summary, Nature::Wait, &identity));
        let summary = "wait until the node follows its chain".to_owned();
        effects.push(docker_effect(
            "ready",
            summary,
            Nature::Wait,
            &DockerJob::Ready(job()),
        ));
    }

    /// Removes what is left of the old container; what the new one uses as well stays.
    fn remove(&self, name: &str, old: &Container, container: &Name) -> Effect {
        let spec = &self.draft.spec;
        let recipes = self.draft.images.iter();
        let mut kept: Vec<String> = recipes.map(|(_, _, recipe)| recipe.tag()).collect();
        kept.push(spec.image.clone());
        let images = self.kind.images(&old.labels).into_iter();
        let job = RemoveJob {
            docker: old.docker.clone(),
            name: spec.name.clone(),
            container: container.clone(),
            network: old.network.clone().filter(|old| *old != spec.network),
            owner: spec.owner(),
            images: images.filter(|image| !kept.contains(image)).collect(),
        };
        let summary = format!("remove the old container of {}", spec.address);
        act_effect(name, summary, &DockerJob::Remove(job))
    }
}

/// First stopped, and proved to be stopped; then removed, with everything that nothing needs any more.
fn delete(
    kind: &dyn ContainerKind,
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
) -> Design {
    let mut design = Design {
        notes: kind.removal_notes(task),
        ..Design::default()
    };
    let name = kind.container(world.lineage, task.address);
    let (Some(old), Ok(name)) = (facts.containers.get(task.address), name) else {
        return design;
    };
    let owner = owner_labels(world.lineage, task.address);
    let effects = &mut design.effects;
    effects.push(stop(kind, &name, old, task.address));
    let remove = |container: &Name, network: Option<Name>, images: Vec<String>| {
        DockerJob::Remove(RemoveJob {
            docker: old.docker.clone(),
            name: name.clone(),
            container: container.clone(),
            network,
            owner: owner.clone(),
            images,
        })
    };
    if let Some(aside) = &old.aside {
        let summary = format!("remove the old container of {}", task.address);
        effects.push(act_effect(
            "discard",
            summary,
            &remove(&aside.id, None, Vec::new()),
        ));
    }
    let last = remove(&old.id, old.network.clone(), kind.images(&old.labels));
    effects.push(act_effect(
        "remove",
        format!("remove container {name}"),
        &last,
    ));
    if let Some(volume) = kind.own_volume(&name) {
        let summary = format!("remove Docker volume {volume}");
        let job = DockerJob::RemoveVolume(VolumeJob {
            docker: old.docker.clone(),
            name: volume,
            labels: owner,
        });
        effects.push(act_effect("volume", summary, &job));
    }
    design
}

fn stop(kind: &dyn ContainerKind, name: &Name, old: &Container, address: &Address) -> Effect {
    let patience = kind.stop_time();
    let summary = format!("stop container {name}, {patience}, and prove that it is stopped");
    let job = StopJob {
        docker: old.docker.clone(),
        address: address.clone(),
        name: name.clone(),
        container: old.id.clone(),
    };
    act_effect("stop", summary, &DockerJob::Stop(job))
}
