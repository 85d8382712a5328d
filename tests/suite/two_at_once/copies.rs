//! A second person with an older copy of the state, a signature by hand, and a chain that was set back.

use std::sync::Arc;

use pospool_engine::store::Disk;
use pospool_fake::Outside;
use pospool_modelchain::random::Random;
use pospool_tests::point_world::PointWorld;
use pospool_tests::points::Script;
use pospool_tests::pool_world::{Disturbance, PoolRunEnd, PoolWorld, Shape};
use pospool_tests::simdisk::{DiskImage, SimDisk};
use pospool_tests::world::write_things;

/// Codes and summaries of what a plan on this copy of the state warns of.
fn warnings(world: &PointWorld, copy: &DiskImage, spec: &str) -> Vec<(String, String)> {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::holding(copy));
    let planned = world.plan(&disk, spec).unwrap().unwrap();
    let problems = planned.problems.into_iter();
    problems
        .map(|it| (it.code.to_string(), it.summary))
        .collect()
}

fn spec(value: i64) -> String {
    write_things(&[(0, value, 0, vec![]), (1, 1, 0, vec![])])
}

struct Copies {
    world: PointWorld,
    disk: SimDisk,
    older: DiskImage,
    before: Outside,
}

/// Two whole applies, and what there was after the first.
fn copies() -> Copies {
    let world = PointWorld::default();
    let disk = SimDisk::default();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    assert!(world.apply(&shared, &spec(1), Script::Calm).is_whole());
    let (older, before) = (disk.now(), world.fake.outside().clone());
    assert!(world.apply(&shared, &spec(2), Script::Calm).is_whole());
    Copies {
        world,
        disk,
        older,
        before,
    }
}

#[test]
fn an_older_copy_of_the_state_is_told_from_the_newest_one() {
    let Copies {
        world, disk, older, ..
    } = copies();
    assert_eq!(warnings(&world, &disk.now(), &spec(2)), []);
    let found = warnings(&world, &older, &spec(3));
    let [(code, summary)] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(code, "state/other-hand");
    assert_eq!(
        summary,
        "`effects outside` is 3, and the last apply of this state left it at 2: somebody else went on"
    );
}

#[test]
fn a_chain_that_was_set_back_is_noticed() {
    let Copies {
        world,
        disk,
        before,
        ..
    } = copies();
    *world.fake.outside() = before;
    let found = warnings(&world, &disk.now(), &spec(2));
    let codes: Vec<_> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["state/older-chain"]);
}

#[test]
fn a_whole_apply_takes_what_was_signed_by_hand_for_known() {
    let Copies { world, disk, .. } = copies();
    let by_hand = "by hand #1".to_owned();
    world.fake.outside().effects.insert(by_hand, 1);
    assert_eq!(warnings(&world, &disk.now(), &spec(2)).len(), 1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let ran = world.apply(&shared, &spec(2), Script::Calm);
    assert!(ran.is_whole());
    assert_eq!(ran.warnings().len(), 1);
    assert_eq!(warnings(&world, &disk.now(), &spec(2)), []);
}

/// The same with the real chain provider: the account and both nonces are named.
#[tokio::test(start_paused = true)]
async fn case_lost_state_and_an_older_copy_are_told_by_what_the_account_of_the_pool_did() {
    let mut random = Random::new(1);
    let shape = Shape::drawn(&mut random);
    let changed = shape.changed(&mut random);
    let world = PoolWorld::new(&shape, 1);
    let mut copies = Vec::new();
    for shape in [&shape, &changed] {
        let ended = world.run(&world.spec(shape), Disturbance::default()).await;
        assert!(
            matches!(&ended, Ok(PoolRunEnd::Whole(outcome)) if outcome.failures.is_empty()),
            "{ended:?}"
        );
        world.model.pass(200);
        assert_eq!(world.warnings(&world.spec(shape)).await.unwrap(), []);
        copies.push(std::fs::read(world.state_path()).unwrap());
    }
    std::fs::remove_file(world.state_path()).unwrap();
    let found = world.warnings(&world.spec(&shape)).await.unwrap();
    assert!(!found.is_empty());
    for warning in &found {
        assert_eq!(warning.code, "state/lost");
        let said = &warning.summary;
        assert!(said.starts_with("`core_contract."), "{said}");
        assert!(
            said.contains(" made a contract of this code before, at "),
            "{said}"
        );
        assert!(said.contains("; `account.a0`: `nonce core "), "{said}");
    }
    std::fs::write(world.state_path(), &copies[0]).unwrap();
    let found = world.warnings(&world.spec(&changed)).await.unwrap();
    let [warning] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(warning.code, "state/other-hand");
    let account = shape.accounts().next().unwrap();
    let now = world.model.executed(account.bytes()).0;
    let named = format!(
        "`account.a0`: `nonce core {account}` is {now}, and the last apply of this state left it at "
    );
    assert!(warning.summary.starts_with(&named), "{}", warning.summary);
}

/// A syncer signs by itself: that its nonce is higher than the last apply left it says nothing of another copy. A plan
/// that signs with its account needs to know all the same.
#[tokio::test(start_paused = true)]
async fn case_false_alarm_what_a_service_of_the_spec_signs_is_no_other_hand() {
    let mut random = Random::new(1);
    let shape = Shape::drawn(&mut random);
    let changed = shape.changed(&mut random);
    let world = PoolWorld::new(&shape, 1);
    let spec = world.spec(&shape);
    let ended = world.run(&spec, Disturbance::default()).await;
    assert!(matches!(&ended, Ok(PoolRunEnd::Whole(_))), "{ended:?}");
    world.model.pass(200);
    let mut state: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.state_path()).unwrap()).unwrap();
    for counter in state["state"]["counters"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        *counter = counter.as_u64().unwrap().saturating_sub(1).into();
    }
    std::fs::write(world.state_path(), state.to_string()).unwrap();
    let codes = async |spec: &str| {
        let found = world.warnings(spec).await.unwrap().into_iter();
        let codes: Vec<_> = found.map(|it| it.code.to_string()).collect();
        codes
    };
    assert!(codes(&spec).await.contains(&"state/other-hand".to_owned()));
    for account in shape.accounts() {
        world.desk.serve_with(&account.to_string());
    }
    assert_eq!(codes(&spec).await, Vec::<String>::new());
    let signing = codes(&world.spec(&changed)).await;
    assert!(signing.contains(&"state/other-hand".to_owned()));
}
