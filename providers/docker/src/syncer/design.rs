//! Plans for syncers: which jobs, in which order.
//!
//! - Reads: a task, the facts of the last look.
//! - Returns: a complete design, or the problem that was found.
//! - Never: looks outside; lets a replacement lose the journal.

use pospool_model::plan::{Action, Effect, Nature};
use pospool_model::provider::{Design, Task, World};
use pospool_model::{Attributes, Problem, SecretRef, Value};

use super::container::{IN_PLACE, Made};
use super::image::{Recipe, image_tag};
use super::job::{SyncJob, SyncerJob};
use super::observe::SyncerFacts;
use super::spec::spec;
use super::wish::SyncerWish;
use crate::client::Labels;
use crate::container::labels::owner;
use crate::design::{self, docker_of, effect, outputs_after};
use crate::facts::DockerFacts;
use crate::image::RELEASE;
use crate::job::{EndJob, Job, VolumeJob};
use crate::names::{Name, object_of_kind};

/// Plans one change of a syncer.
pub(crate) fn design(task: &Task<'_>, world: &World<'_>) -> Result<Design, Vec<Problem>> {
    let facts = DockerFacts::of(world.facts);
    match task.action {
        Action::Forget => Ok(Design::forgotten(Vec::new())),
        Action::Delete => Ok(delete(task, world, &facts)),
        _ => change(task, world, &facts).map_err(|problem| vec![problem]),
    }
}

/// What the image of a wish is made from.
pub(crate) fn recipe(wish: &SyncerWish, chain: &Attributes) -> Result<Recipe, Problem> {
    Ok(Recipe {
        spec: spec(wish, chain)?,
        release: RELEASE.to_owned(),
        ca_bundle: wish.ca_bundle.clone(),
    })
}

/// One change that is being planned.
struct Plan<'a> {
    docker: String,
    key: SecretRef,
    recipe: Recipe,
    made: Made,
    old: Option<&'a SyncerFacts>,
}

fn change(task: &Task<'_>, world: &World<'_>, facts: &DockerFacts) -> Result<Design, Problem> {
    let wish = SyncerWish::read(task.wanted)?;
    let docker = docker_of(task.wanted, world, facts)?;
    let nothing = Attributes::new();
    let recipe = recipe(&wish, world.wanted.get(&wish.chain).unwrap_or(&nothing))?;
    let name = object_of_kind(world.lineage, task.address).map_err(|error| error.problem(&[]))?;
    let mut attributes = task.wanted.clone();
    attributes.retain(|name, _| !IN_PLACE.contains(&name.as_str()));
    let made = Made {
        network: wish.docker_network.clone().unwrap_or_else(|| name.clone()),
        own_network: wish.docker_network.is_none(),
        name,
        lineage: world.lineage.to_owned(),
        address: task.address.clone(),
        image: recipe.tag(),
        digest: recipe.digest(),
        every: wish.every,
        attributes,
    };
    let plan = Plan {
        docker,
        key: wish.key,
        recipe,
        made,
        old: facts.syncers.get(task.address),
    };
    let effects = match task.action {
        Action::Update => vec![plan.run(false)],
        _ => plan.make(facts),
    };
    let planned = planned(&plan.docker, &plan.made);
    Ok(Design {
        effects,
        outputs: outputs_after(task, facts, &plan.docker, planned),
        ..Design::default()
    })
}

impl Plan<'_> {
    /// The image first, so that the bridge is without a syncer as short as possible.
    fn make(&self, facts: &DockerFacts) -> Vec<Effect> {
        let image = Job::Syncer(SyncerJob {
            docker: self.docker.clone(),
            recipe: self.recipe.clone(),
            key: self.key.clone(),
        });
        let summary = format!("make {} with pospool {RELEASE}", self.made.image);
        let mut effects = vec![effect("image", summary, Nature::Act, &image)];
        let engine = facts.engines.get(&self.docker);
        if engine.is_none_or(|engine| !engine.volumes.contains_key(self.made.name.as_str())) {
            effects.push(volume(&self.docker, &self.made));
        }
        if let Some(old) = self.old {
            effects.push(end(
                &self.made.name,
                old,
                self.made.owner(),
                Some(&self.made),
            ));
        }
        effects.push(self.run(true));
        effects
    }

    fn run(&self, create: bool) -> Effect {
        let name = &self.made.name;
        let job = Job::Sync(Box::new(SyncJob {
            docker: self.docker.clone(),
            made: self.made.clone(),
            create,
            replaces: self.old.filter(|_| create).map(|old| old.container.clone()),
            ends: self.old.and_then(|old| old.unwell_since.clone()),
            key: self.key.clone(),
        }));
        if create {
            let summary = format!("create container {name}, start it and hand its key over");
            effect("container", summary, Nature::Act, &job)
        } else {
            let summary = format!("start container {name} again and hand its key over");
            effect("start", summary, Nature::Act, &job)
        }
    }
}

/// Outputs that are known before the container is made.
pub(crate) fn planned(docker: &str, made: &Made) -> Attributes {
    [
        ("container_name", made.name.to_string()),
        ("image", made.image.clone()),
        ("volume", made.name.to_string()),
        ("network", made.network.to_string()),
        ("docker", docker.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .into()
}

fn volume(docker: &str, made: &Made) -> Effect {
    let job = Job::Volume(VolumeJob {
        docker: docker.to_owned(),
        name: made.name.clone(),
        labels: made.owner(),
    });
    let summary = format!("create Docker volume {} for its journal", made.name);
    effect("volume", summary, Nature::Act, &job)
}

/// Ends the old container; what the new one uses as well stays.
fn end(name: &Name, old: &SyncerFacts, owner: Labels, new: Option<&Made>) -> Effect {
    let network = Some(name.clone()).filter(|_| old.own_network);
    let image = old.digest.as_deref().map(image_tag);
    let kept = |image: &String| new.is_some_and(|new| *image == new.image);
    design::end(EndJob {
        docker: old.docker.clone(),
        name: name.clone(),
        container: old.container.clone(),
        network: network.filter(|_| new.is_none_or(|new| !new.own_network)),
        owner,
        images: image.into_iter().filter(|image| !kept(image)).collect(),
    })
}

fn delete(task: &Task<'_>, world: &World<'_>, facts: &DockerFacts) -> Design {
    let Ok(name) = object_of_kind(world.lineage, task.address) else {
        return Design::default();
    };
    let owner = owner(world.lineage, task.address);
    let Some(old) = facts.syncers.get(task.address) else {
        return Design::default();
    };
    let job = Job::RemoveVolume(VolumeJob {
        docker: old.docker.clone(),
        name: name.clone(),
        labels: owner.clone(),
    });
    let summary = format!("remove Docker volume {name} with its journal");
    Design {
        effects: vec![
            end(&name, old, owner, None),
            effect("volume", summary, Nature::Act, &job),
        ],
        notes: vec![
            "pending bridge operations will no longer be executed: stake and unstakes of eSpace wait".to_owned(),
        ],
        ..Design::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pospool_model::Address;
    use pospool_model::provider::{Facts, Observed};

    use super::super::spec::tests::chain;
    use super::super::wish::tests::attributes;
    use super::*;
    use crate::facts::EngineFacts;

    const DOCKER: &str = "unix:///var/run/docker.sock";
    const NAME: &str = "pospool-1a2b3c4d-syncer.main";

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn old() -> SyncerFacts {
        SyncerFacts {
            docker: DOCKER.to_owned(),
            container: Name::new("c0ffee").unwrap(),
            digest: Some("fedcba9876543210".to_owned()),
            own_network: true,
            unwell_since: None,
        }
    }

    fn planned_for(
        action: Action,
        extra: &[(&str, Value)],
        old: Option<SyncerFacts>,
        chain: &Attributes,
    ) -> Result<Design, Vec<Problem>> {
        let volumes = old.iter().map(|_| (NAME.to_owned(), BTreeMap::new()));
        let engine = EngineFacts {
            id: "e".to_owned(),
            live_restore: true,
            volumes: volumes.collect(),
            root: String::new(),
        };
        let facts = Facts::new(DockerFacts {
            hosts: [(at("host.main"), DOCKER.to_owned())].into(),
            engines: [(DOCKER.to_owned(), engine)].into(),
            syncers: old
                .map(|old| (at("syncer.main"), old))
                .into_iter()
                .collect(),
            ..DockerFacts::default()
        });
        let task = Task {
            address: &at("syncer.main"),
            action,
            wanted: &attributes(extra),
            observed: &Observed::Absent,
            recorded: None,
            changed: &[],
            delete_by_name: false,
        };
        let world = World {
            lineage: "1a2b3c4d-0000",
            facts: &facts,
            wanted: &[(at("chain.net"), chain.clone())].into(),
            recorded: &BTreeMap::new(),
            outputs: &BTreeMap::new(),
            effects: &BTreeMap::new(),
            counters: &mut BTreeMap::new(),
            lanes: &mut BTreeMap::new(),
        };
        design(&task, &world)
    }

    fn effects(design: &Design) -> Vec<&str> {
        let effects = design.effects.iter();
        effects.map(|effect| effect.name.as_str()).collect()
    }

    #[test]
    fn a_replacement_keeps_the_journal_and_a_delete_takes_everything() {
        let plan = |action, old| planned_for(action, &[], old, &chain()).unwrap();
        let new = plan(Action::Create, None);
        assert_eq!(effects(&new), ["image", "volume", "container"]);
        let again = plan(Action::Replace, Some(old()));
        assert_eq!(effects(&again), ["image", "remove", "container"]);
        assert!(again.effects[1].payload["network"].is_null());
        assert_eq!(again.effects[2].payload["replaces"], "c0ffee");
        let gone = plan(Action::Delete, Some(old()));
        assert_eq!(effects(&gone), ["remove", "volume"]);
        assert_eq!(gone.effects[0].payload["network"], NAME);
        assert_eq!(
            gone.effects[0].payload["images"],
            serde_json::json!(["pospool/syncer:fedcba987654"])
        );
    }

    #[test]
    fn a_change_in_place_ends_only_the_process_that_the_plan_saw() {
        let unwell = SyncerFacts {
            unwell_since: Some("2026-11-22T10:00:00Z".to_owned()),
            ..old()
        };
        let plan = planned_for(Action::Update, &[], Some(unwell), &chain()).unwrap();
        assert_eq!(effects(&plan), ["start"]);
        assert_eq!(plan.effects[0].payload["ends"], "2026-11-22T10:00:00Z");
        assert_eq!(plan.effects[0].payload["create"], false);
    }

    #[test]
    fn no_payload_holds_more_of_the_key_than_its_name() {
        let plan = planned_for(Action::Create, &[], None, &chain()).unwrap();
        assert_eq!(plan.effects[2].payload["key"], "env:SYNCER");
    }

    #[test]
    fn case_key_in_url_neither_effects_nor_image_hold_a_key() {
        let plan = |key: &str| {
            let url = format!("https://me:{key}@rpc.example/hunter3?k=hunter4");
            let extra = [("core_rpc", Value::from(url))];
            planned_for(Action::Create, &extra, None, &chain()).unwrap()
        };
        let one = plan("hunter2");
        let text = format!("{:?}", one.effects);
        assert!(!text.contains("hunter"), "{text}");
        let spec = one.effects[0].payload["recipe"]["spec"].as_str().unwrap();
        assert!(
            spec.contains("core_rpc = [file(\"/dev/stdin/2\")]"),
            "{spec}"
        );
        let other = plan("another");
        assert_eq!(one.outputs["image"], other.outputs["image"]);
        let labelled = |plan: &Design| plan.effects[2].payload["made"]["attributes"].clone();
        assert_ne!(labelled(&one), labelled(&other));
    }

    #[test]
    fn an_rpc_of_the_host_itself_is_refused_in_the_plan() {
        let mut here = chain();
        let list = Value::List(vec!["http://127.0.0.1:12537".into()]);
        here.insert("core_rpc".to_owned(), list);
        let problems = planned_for(Action::Create, &[], None, &here).unwrap_err();
        assert_eq!(problems[0].code, "docker/inner-rpc");
        let inside = [("core_rpc", Value::from("http://172.18.0.2:12537"))];
        assert!(planned_for(Action::Create, &inside, None, &here).is_ok());
    }

    #[test]
    fn another_rpc_is_another_image_and_another_pace_is_not() {
        let image = |extra: &[(&str, Value)]| {
            let plan = planned_for(Action::Create, extra, None, &chain()).unwrap();
            plan.outputs["image"].clone()
        };
        let same = image(&[]);
        assert_eq!(image(&[("every", "5m".into())]), same);
        assert_ne!(image(&[("core_rpc", "https://other.example".into())]), same);
    }
}
