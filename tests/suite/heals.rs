//! The property that an operator needs: after any one fault the next run reaches the
//! spec, each step took effect once, and the run after that has nothing to do.

use std::collections::BTreeMap;

use pospool_fake::FakeFault;
use pospool_tests::world::{FakeWorld, write_things};
use proptest::prelude::*;

/// Things by label: value, shape, and what they use (only smaller labels, so never a cycle).
type Spec = BTreeMap<u8, (i64, u8, Vec<u8>)>;

fn spec() -> impl Strategy<Value = Spec> {
    let thing = (0..3_i64, 0..2_u8, proptest::collection::vec(0..6_u8, 0..3));
    proptest::collection::btree_map(0..6_u8, thing, 0..6)
}

fn fault() -> impl Strategy<Value = FakeFault> {
    (0..10_usize, 0..5_u8).prop_map(|(at, kind)| match kind {
        0 => FakeFault::Refused(at),
        1 => FakeFault::Unreachable(at),
        2 => FakeFault::AnswerLost(at),
        3 => FakeFault::DiesBefore(at),
        _ => FakeFault::DiesAfter(at),
    })
}

fn text(spec: &Spec) -> String {
    let listed: Vec<_> = spec
        .iter()
        .map(|(&label, (value, shape, uses))| {
            let mut uses: Vec<u8> = uses.clone();
            uses.retain(|used| *used < label && spec.contains_key(used));
            uses.sort_unstable();
            uses.dedup();
            (label, *value, *shape, uses)
        })
        .collect();
    write_things(&listed)
}

async fn heals(before: Spec, after: Spec, fault: FakeFault) -> Result<(), TestCaseError> {
    let world = FakeWorld::new();
    world.apply(&text(&before)).await.unwrap();
    let commits = world.fake.outside().effects.len();
    world.fake.outside().fault = Some(shifted(fault, commits));
    let after_text = text(&after);
    let first = world.apply(&after_text).await;
    {
        let mut outside = world.fake.outside();
        outside.fault = None;
        outside.dead = false;
        let reached = outside.things.len() == after.len();
        prop_assert!(
            first.is_err() || !first.unwrap().failures.is_empty() || reached,
            "success is true"
        );
    }
    let second = world.apply(&after_text).await.unwrap();
    prop_assert!(second.failures.is_empty());
    {
        let outside = world.fake.outside();
        let there: Vec<&String> = outside.things.keys().collect();
        let wanted: Vec<String> = after
            .keys()
            .map(|label| format!("thing.t{label}"))
            .collect();
        prop_assert_eq!(
            there,
            wanted.iter().collect::<Vec<_>>(),
            "the spec is reached"
        );
        for (label, (value, ..)) in &after {
            let thing = &outside.things[&format!("thing.t{label}")];
            prop_assert_eq!(thing["value"].as_integer(), Some(*value));
        }
        prop_assert!(
            outside.effects.values().all(|count| *count == 1),
            "each ticket once"
        );
    }
    let rest = world.plan(&after_text).await.unwrap();
    prop_assert!(rest.problems.is_empty());
    prop_assert_eq!(rest.plan.steps.len(), 0, "then rest");
    prop_assert_eq!(rest.plan.drift.len(), 0, "and no drift");
    Ok(())
}

/// The same fault, counted from the commits that are behind.
fn shifted(fault: FakeFault, by: usize) -> FakeFault {
    match fault {
        FakeFault::Refused(at) => FakeFault::Refused(at + by),
        FakeFault::Unreachable(at) => FakeFault::Unreachable(at + by),
        FakeFault::AnswerLost(at) => FakeFault::AnswerLost(at + by),
        FakeFault::DiesBefore(at) => FakeFault::DiesBefore(at + by),
        FakeFault::DiesAfter(at) => FakeFault::DiesAfter(at + by),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_single_fault_heals_on_the_next_run(before in spec(), after in spec(), fault in fault()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(heals(before, after, fault))?;
    }

    #[test]
    fn equal_inputs_give_byte_equal_plans(spec in spec()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = FakeWorld::new();
            let one = world.plan(&text(&spec)).await.unwrap().plan;
            let two = world.plan(&text(&spec)).await.unwrap().plan;
            prop_assert_eq!(serde_json::to_vec(&one).unwrap(), serde_json::to_vec(&two).unwrap());
            Ok(())
        })?;
    }
}
