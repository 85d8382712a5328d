//! Locals that name many resources and are read by many: everything that is written of them grows with the spec and not
//! with its square (decision 23).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use pospool_engine::planfile::{self, PlanFile};
use pospool_engine::store::StateFile;
use pospool_fake::FakeFault;
use pospool_model::plan::{Action, Plan};
use pospool_model::{Dependency, dependency};
use pospool_tests::world::{FakeWorld, RunError};

/// `members` resources of a kind, a local that names all of them, and `readers` others that read it.
fn spec(kind: &str, members: usize, readers: usize) -> String {
    let mut spec = String::new();
    for at in 0..members {
        let _ = writeln!(spec, "{kind} \"m{at}\" {{\n  value = {at}\n}}");
    }
    let output = if kind == "thing" { "id" } else { "value" };
    let names = (0..members).map(|at| format!("m{at} = {kind}.m{at}.{output}"));
    let names = names.collect::<Vec<_>>().join("\n");
    let _ = writeln!(spec, "locals {{\n  all = {{\n{names}\n}}\n}}");
    for at in 0..readers {
        let read = at % members;
        let _ = writeln!(spec, "{kind} \"r{at}\" {{\n  value = local.all.m{read}\n}}");
    }
    spec
}

fn written(plan: &Plan) -> usize {
    serde_json::to_vec(&PlanFile::new(plan.clone(), BTreeMap::new()))
        .unwrap()
        .len()
}

/// Bytes of one size of the spec: its plan, all that its apply writes, its state, its removal.
async fn bytes(members: usize) -> [usize; 4] {
    let world = FakeWorld::new();
    let spec = spec("record", members, members);
    let planned = world.plan(&spec).await.unwrap();
    assert!(planned.problems.is_empty(), "{:?}", planned.problems);
    let (_, journalled) = world.apply_counted(&spec).await.unwrap();
    assert_eq!(world.store().state().resources.len(), 2 * members);
    assert!(world.plan(&spec).await.unwrap().plan.steps.is_empty());
    let state = std::fs::metadata(world.state_path()).unwrap().len();
    let removal = world.plan("").await.unwrap();
    world.apply("").await.unwrap();
    assert!(world.store().state().resources.is_empty());
    [
        written(&planned.plan),
        journalled.try_into().unwrap(),
        state.try_into().unwrap(),
        written(&removal.plan),
    ]
}

#[tokio::test]
async fn case_big_local_twice_the_spec_writes_twice_the_bytes() {
    let (half, whole) = (bytes(1000).await, bytes(2000).await);
    println!("{half:?} bytes for 1,000 names and readers, {whole:?} for 2,000");
    for (half, whole) in half.into_iter().zip(whole) {
        // Numbers with another digit take a little more.
        assert!(whole * 10 <= half * 21, "{half} and {whole}");
    }
    // Each reader has a name, a value, a group and what is around them; 2,000 names would be 20,000 bytes.
    assert!(whole[2] <= 4000 * 200, "{whole:?}");
}

/// Needs of all effects, the shared ones once.
fn needs(plan: &Plan) -> usize {
    let effects = plan.steps.iter().flat_map(|step| &step.effects);
    let own: usize = effects.map(|effect| effect.needs.len()).sum();
    let behind = plan.steps.iter().map(|step| step.barriers.len());
    let barriers = plan.barriers.values();
    let shared = barriers.map(|barrier| barrier.needs.len() + barrier.barriers.len());
    own + behind.chain(shared).sum::<usize>()
}

#[tokio::test]
async fn case_big_local_every_reader_waits_for_every_member() {
    const MANY: usize = 100;
    let world = FakeWorld::new();
    let spec = spec("thing", MANY, MANY);
    let planned = world.plan(&spec).await.unwrap();
    assert_eq!(needs(&planned.plan), 2 * MANY);
    // One member is refused, and all others are made: no reader may begin.
    world.fake.outside().fault = Some(FakeFault::Refused(MANY - 1));
    let outcome = world.apply(&spec).await.unwrap();
    assert_eq!((outcome.failures.len(), outcome.not_begun), (1, MANY));
    assert_eq!(world.fake.outside().things.len(), MANY - 1);
    world.apply(&spec).await.unwrap();
    assert_eq!(world.fake.outside().things.len(), 2 * MANY);
    assert!(world.plan(&spec).await.unwrap().plan.steps.is_empty());
    // And back: every reader is removed before the first member is.
    let removal = world.plan("").await.unwrap();
    assert_eq!(needs(&removal.plan), 2 * MANY);
    let commits = world.fake.outside().commits();
    world.fake.outside().fault = Some(FakeFault::Refused(commits + MANY - 1));
    let outcome = world.apply("").await.unwrap();
    assert_eq!((outcome.failures.len(), outcome.not_begun), (1, MANY));
    let left: Vec<String> = world.fake.outside().things.keys().cloned().collect();
    assert_eq!(
        left.iter()
            .filter(|name| name.starts_with("thing.m"))
            .count(),
        MANY
    );
    assert_eq!(left.len(), MANY + 1);
    world.apply("").await.unwrap();
    assert!(world.fake.outside().things.is_empty());
}

/// The journal of a run that was cut names groups too.
#[tokio::test]
async fn case_big_local_a_run_that_was_cut_goes_on() {
    const MANY: usize = 100;
    let world = FakeWorld::new();
    let spec = spec("thing", MANY, MANY);
    world.fake.outside().fault = Some(FakeFault::AnswerLost(MANY + 5));
    world.apply(&spec).await.unwrap();
    let store = world.store();
    let [open] = store.open_effects() else {
        panic!("{:?}", store.open_effects());
    };
    let recorded = &store.state().resources[&open.id.address];
    assert!(matches!(recorded.depends_on[..], [Dependency::Group(_)]) && !recorded.complete);
    drop(store);
    world.apply(&spec).await.unwrap();
    assert!(world.plan(&spec).await.unwrap().plan.steps.is_empty());
    let outside = world.fake.outside();
    assert_eq!(outside.things.len(), 2 * MANY);
    assert!(outside.effects.values().all(|count| *count == 1));
}

/// What has no effects of its own hands on what it waits for, as one name.
#[tokio::test]
async fn case_big_local_a_record_between_passes_the_wait_on() {
    const MANY: usize = 100;
    let world = FakeWorld::new();
    let mut spec = spec("thing", MANY, 0);
    spec.push_str("record \"sum\" { value = local.all }\n");
    for at in 0..MANY {
        let _ = writeln!(spec, "thing \"r{at}\" {{ value = record.sum.value.m0 }}");
    }
    let planned = world.plan(&spec).await.unwrap();
    assert_eq!(needs(&planned.plan), 2 * MANY);
    world.fake.outside().fault = Some(FakeFault::Refused(0));
    let outcome = world.apply(&spec).await.unwrap();
    assert_eq!((outcome.failures.len(), outcome.not_begun), (1, MANY));
    assert!(
        !world
            .fake
            .outside()
            .things
            .keys()
            .any(|name| name.starts_with("thing.r"))
    );
}

#[tokio::test]
async fn case_big_local_locals_of_locals_share_their_names() {
    const MANY: usize = 100;
    let world = FakeWorld::new();
    let mut spec = spec("record", MANY, 0);
    for at in 0..MANY {
        let _ = writeln!(spec, "locals {{ l{at} = local.all.m{at} }}");
        let _ = writeln!(spec, "record \"r{at}\" {{ value = local.l{at} }}");
    }
    let plan = world.plan(&spec).await.unwrap().plan;
    let edges = plan.steps.iter().filter_map(|step| step.record.as_ref());
    let edges: usize = edges.map(|record| record.depends_on.len()).sum();
    assert_eq!((edges, plan.groups.len()), (MANY, 1));
    assert_eq!(plan.groups.values().map(BTreeSet::len).sum::<usize>(), MANY);
}

fn state(world: &FakeWorld) -> StateFile {
    serde_json::from_slice(&std::fs::read(world.state_path()).unwrap()).unwrap()
}

fn put(world: &FakeWorld, file: &StateFile) {
    std::fs::write(world.state_path(), serde_json::to_vec(file).unwrap()).unwrap();
}

/// A program from before wrote every name, and knows no other version.
#[tokio::test]
async fn case_big_local_a_state_without_groups_says_the_same() {
    let world = FakeWorld::new();
    let spec = spec("record", 40, 3);
    world.apply(&spec).await.unwrap();
    let mut file = state(&world);
    assert_eq!((file.version, file.state.groups.len()), (2, 1));
    let groups = std::mem::take(&mut file.state.groups);
    for recorded in file.state.resources.values_mut() {
        let names = dependency::reached_resources(&recorded.depends_on, &groups).into_iter();
        recorded.depends_on = names.cloned().map(Dependency::Resource).collect();
    }
    let file = StateFile::new(file.state);
    assert_eq!(file.version, 1);
    put(&world, &file);
    assert!(world.plan(&spec).await.unwrap().plan.steps.is_empty());
    let removal = world.plan("").await.unwrap().plan;
    let order: Vec<&str> = removal
        .steps
        .iter()
        .map(|step| step.address.label())
        .collect();
    assert!(
        order[..3].iter().all(|label| label.starts_with('r')),
        "{order:?}"
    );
}

#[tokio::test]
async fn case_big_local_a_small_spec_is_written_as_ever() {
    let world = FakeWorld::new();
    let spec = spec("thing", 32, 3);
    let plan = world.plan(&spec).await.unwrap().plan;
    assert!(plan.groups.is_empty() && plan.barriers.is_empty());
    world.apply(&spec).await.unwrap();
    let file = state(&world);
    assert_eq!(file.version, 1);
    let reader = &file.state.resources[&"thing.r0".parse().unwrap()];
    assert_eq!(reader.depends_on.len(), 32);
}

#[tokio::test]
async fn case_big_local_another_name_in_it_reaches_its_readers() {
    let world = FakeWorld::new();
    world.apply(&spec("record", 40, 3)).await.unwrap();
    let before = state(&world).state.groups;
    let plan = world.plan(&spec("record", 41, 3)).await.unwrap().plan;
    let updated = plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Update);
    let updated: Vec<&str> = updated
        .flat_map(|step| step.changes.iter().map(|change| change.path.as_str()))
        .collect();
    assert_eq!(updated, ["depends_on"; 3]);
    world.apply(&spec("record", 41, 3)).await.unwrap();
    let after = state(&world).state.groups;
    // The old one is forgotten with its last reader.
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
    assert!(
        world
            .plan(&spec("record", 41, 3))
            .await
            .unwrap()
            .plan
            .steps
            .is_empty()
    );
}

#[tokio::test]
async fn case_big_local_a_state_or_plan_without_its_groups_is_refused() {
    let world = FakeWorld::new();
    let spec = spec("record", 40, 1);
    let mut plan = world.plan(&spec).await.unwrap().plan;
    plan.groups.clear();
    let bytes = serde_json::to_vec(&PlanFile::new(plan, BTreeMap::new())).unwrap();
    let refused = planfile::decode_plan("plan".as_ref(), &bytes).unwrap_err();
    assert_eq!(refused.code(), "state/damaged");
    world.apply(&spec).await.unwrap();
    let mut file = state(&world);
    file.state.groups.clear();
    let bytes = serde_json::to_vec(&file).unwrap();
    let refused = pospool_engine::store::decode_snapshot("state".as_ref(), &bytes).unwrap_err();
    assert_eq!(refused.code(), "state/damaged");
}

#[tokio::test]
async fn case_big_local_that_leads_to_its_reader_is_a_circle() {
    let world = FakeWorld::new();
    let itself = spec("record", 40, 1).replace("m39 = record.m39.value", "m39 = record.r0.value");
    let Err(RunError::Problems(problems)) = world.apply(&itself).await else {
        panic!("it was applied");
    };
    assert_eq!(problems[0].code, "spec/self-reference");
    let other = spec("record", 40, 1).replace("value = 39\n", "value = record.r0.value\n");
    let Err(RunError::Problems(problems)) = world.apply(&other).await else {
        panic!("it was applied");
    };
    assert_eq!(problems[0].code, "spec/cycle");
    let told = "none of these can come first: record.m39 -> record.r0 -> record.m39";
    assert_eq!(problems[0].summary, told);
}
