//! Plans for syncers: what one is made from.
//!
//! - Reads: a task, the chain as the spec wants it.
//! - Returns: a draft, or the problem that was found.
//! - Never: does I/O.

use pospool_model::provider::{ChangeRequest, PlanContext};
use pospool_model::{Attributes, Problem, SecretRef};

use super::image::SyncerImageBuild;
use super::spec::render_spec;
use super::wish::DesiredSyncer;
use crate::attributes::require_attribute;
use crate::builds::ImageBuild;
use crate::image::{Buildable, RELEASE};
use crate::names::object_name_of_kind;
use crate::syncer::image::SYNCERS;
use crate::syncer::schema::SyncerSpec;
use crate::workload::ContainerDraft;
use crate::workload::spec::ContainerSpec;

/// What the image of a desired syncer is built from.
pub(crate) fn syncer_image_build(
    desired: &DesiredSyncer,
    chain: &Attributes,
) -> Result<SyncerImageBuild, Problem> {
    Ok(SyncerImageBuild {
        spec: render_spec(desired, chain)?,
        release: RELEASE.to_owned(),
        ca_bundle: desired.ca_bundle.clone(),
    })
}

/// What one change of a syncer makes.
pub(super) fn draft_syncer(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
) -> Result<ContainerDraft, Problem> {
    let desired = DesiredSyncer::read(task.wanted)?;
    let nothing = Attributes::new();
    let recipe = syncer_image_build(
        &desired,
        world.wanted.get(&desired.chain).unwrap_or(&nothing),
    )?;
    let name =
        object_name_of_kind(world.lineage, task.address).map_err(|error| error.problem(&[]))?;
    let whose = (world.lineage, task.address, &name);
    let spec = ContainerSpec::new(whose, (SYNCERS, recipe.digest()), task.wanted);
    let summary = format!("make {} with pospool {RELEASE}", spec.image);
    let hands = how_it_gets(&desired.key);
    Ok(ContainerDraft {
        images: vec![("image", summary, ImageBuild::Syncer(recipe))],
        secret: Some(desired.key),
        create: format!("create container {name}, start it {hands}"),
        start: format!("start container {name} again {hands}"),
        ..ContainerDraft::start_of(&spec)
    })
}

/// What a start of the container that is there takes: its key.
pub(super) fn draft_start(
    task: &ChangeRequest<'_>,
    made: &ContainerSpec,
) -> Result<ContainerDraft, Problem> {
    let key = require_attribute("private_key", SyncerSpec::read(task.wanted).private_key)?;
    let draft = ContainerDraft::start_of(made);
    Ok(ContainerDraft {
        start: format!("{} again {}", draft.start, how_it_gets(key)),
        secret: Some(key.clone()),
        ..draft
    })
}

/// How a syncer gets its key, in words.
fn how_it_gets(key: &SecretRef) -> &'static str {
    match key.mounted() {
        Some(_) => "with its key mounted",
        None => "and pass its key on stdin",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pospool_model::plan::Action;
    use pospool_model::provider::{Design, Facts, Observed};
    use pospool_model::{Address, Value};

    use super::super::SyncerKind;
    use super::super::spec::tests::chain;
    use super::super::wish::tests::attributes;
    use super::*;
    use crate::facts::tests::container;
    use crate::facts::{Container, DockerFacts, EngineFacts};
    use crate::names;
    use crate::workload::design::plan_container;

    const DOCKER: &str = "unix:///var/run/docker.sock";
    const NAME: &str = "pospool-1a2b3c4d-syncer.main";

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn old() -> Container {
        container(NAME, "running", &[(names::DIGEST, "fedcba9876543210")])
    }

    fn planned_for(
        action: Action,
        extra: &[(&str, Value)],
        old: Option<Container>,
        chain: &Attributes,
    ) -> Result<Design, Vec<Problem>> {
        let volumes = old.iter().map(|_| (NAME.to_owned(), BTreeMap::new()));
        let engine = EngineFacts {
            id: "e".to_owned(),
            live_restore: true,
            volumes: volumes.collect(),
            ..EngineFacts::default()
        };
        let facts = Facts::new(DockerFacts {
            hosts: [(at("host.main"), DOCKER.to_owned())].into(),
            engines: [(DOCKER.to_owned(), engine)].into(),
            containers: old
                .map(|old| (at("syncer.main"), old))
                .into_iter()
                .collect(),
            ..DockerFacts::default()
        });
        let task = ChangeRequest {
            address: &at("syncer.main"),
            action,
            wanted: &attributes(extra),
            observed: &Observed::Absent,
            recorded: None,
            changed: &[],
            delete_by_name: false,
        };
        let world = PlanContext {
            lineage: "1a2b3c4d-0000",
            facts: &facts,
            wanted: &[(at("chain.net"), chain.clone())].into(),
            recorded: &BTreeMap::new(),
            outputs: &BTreeMap::new(),
            effects: &BTreeMap::new(),
        };
        plan_container(&SyncerKind, &task, &world)
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
        assert_eq!(
            effects(&again),
            ["image", "prove", "stop", "container", "remove"]
        );
        assert!(again.effects[4].payload["network"].is_null());
        let kept = serde_json::json!({ "container": "c0ffee", "ran": true });
        assert_eq!(again.effects[3].payload["replaces"], kept);
        let gone = plan(Action::Delete, Some(old()));
        assert_eq!(effects(&gone), ["stop", "remove", "volume"]);
        assert_eq!(gone.effects[1].payload["network"], NAME);
        assert_eq!(
            gone.effects[1].payload["images"],
            serde_json::json!(["pospool/syncer:fedcba987654"])
        );
    }

    #[test]
    fn a_change_in_place_ends_only_the_process_that_the_plan_saw() {
        let unwell = Container {
            state: "unwell",
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
        assert_eq!(plan.effects[2].payload["secret"], "env:SYNCER");
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
        let spec = one.effects[0].payload["recipe"]["syncer"]["spec"]
            .as_str()
            .unwrap();
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
