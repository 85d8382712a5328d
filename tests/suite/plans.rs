//! What a plan says of small worlds, and what must never be planned.

use pospool_fake::FakeFault;
use pospool_model::plan::{Action, Reason};
use pospool_tests::world::{FakeWorld, RunError, WorldPlan};

fn lines(planned: &WorldPlan) -> Vec<String> {
    let steps = planned.plan.steps.iter();
    steps
        .map(|step| {
            let changes: Vec<&str> = step.changes.iter().map(|c| c.path.as_str()).collect();
            format!(
                "{} {} ({}): {}",
                step.action,
                step.address,
                step.reason,
                changes.join(" ")
            )
        })
        .collect()
}

#[tokio::test]
async fn a_plan_names_each_change_and_its_reason() {
    let world = FakeWorld::new();
    let before = r#"
        thing "keep" { value = 1 }
        thing "grow" { value = 1 }
        thing "drop" { uses = [thing.grow] }
        thing "turn" { shape = "round" }
    "#;
    world.apply(before).await.unwrap();
    let after = r#"
        thing "keep" { value = 1 }
        thing "grow" { value = 2 }
        thing "new"  { value = 1 }
        thing "turn" { shape = "square" }
    "#;
    let planned = world.plan(after).await.unwrap();
    assert_eq!(
        lines(&planned),
        [
            "update thing.grow (the spec differs): value",
            "create thing.new (not there yet): value",
            "replace thing.turn (the spec differs): shape",
            "delete thing.drop (no longer in the spec): uses",
        ]
    );
}

#[tokio::test]
async fn what_somebody_changed_outside_is_drift_and_is_repaired() {
    let world = FakeWorld::new();
    let spec = "thing \"a\" { value = 1 }\nthing \"b\" { value = 1 }";
    world.apply(spec).await.unwrap();
    {
        let mut outside = world.fake.outside();
        outside.things.remove("thing.a");
        let b = outside.things.get_mut("thing.b").unwrap();
        b.insert("value".into(), pospool_model::Value::Integer(9));
    }
    let planned = world.plan(spec).await.unwrap();
    let reasons: Vec<Reason> = planned.plan.steps.iter().map(|step| step.reason).collect();
    assert_eq!(reasons, [Reason::Gone, Reason::Drifted]);
    assert_eq!(planned.plan.drift.len(), 2);
    world.apply(spec).await.unwrap();
    assert!(world.plan(spec).await.unwrap().plan.steps.is_empty());
}

#[tokio::test]
async fn settings_that_the_spec_does_not_write_are_nobodys_wish() {
    let world = FakeWorld::new();
    world
        .apply("thing \"a\" { settings = { x = 1, y = 2 } }")
        .await
        .unwrap();
    let planned = world
        .plan("thing \"a\" { settings = { x = 1 } }")
        .await
        .unwrap();
    assert!(planned.plan.steps.is_empty());
    let planned = world
        .plan("thing \"a\" { settings = { x = 3 } }")
        .await
        .unwrap();
    assert_eq!(
        lines(&planned),
        ["update thing.a (the spec differs): settings.x"]
    );
}

#[tokio::test]
async fn a_fixed_attribute_cannot_change_and_nothing_is_lost() {
    let world = FakeWorld::new();
    world.apply("thing \"a\" { fixed = \"x\" }").await.unwrap();
    let Err(RunError::Problems(problems)) = world.apply("thing \"a\" { fixed = \"y\" }").await
    else {
        panic!("it was applied");
    };
    assert_eq!(problems[0].code, "plan/fixed-attribute");
    assert_eq!(world.fake.outside().things.len(), 1);
}

#[tokio::test]
async fn what_is_protected_is_not_taken_down_even_when_its_block_is_gone() {
    let world = FakeWorld::new();
    world
        .apply("thing \"a\" {\n value = 1\n lifecycle { prevent_destroy = true }\n}")
        .await
        .unwrap();
    for spec in [
        "",
        "thing \"a\" {\n shape = \"new\"\n lifecycle { prevent_destroy = true }\n}",
    ] {
        let Err(RunError::Problems(problems)) = world.apply(spec).await else {
            panic!("it was applied: {spec}");
        };
        assert_eq!(problems[0].code, "plan/protected");
    }
    assert_eq!(world.fake.outside().things.len(), 1);
}

#[tokio::test]
async fn an_object_that_is_there_and_not_in_the_state_is_adopted_and_not_made_twice() {
    let world = FakeWorld::new();
    let spec = "thing \"a\" { value = 1 }";
    world.apply(spec).await.unwrap();
    std::fs::remove_file(world.state_path()).unwrap();
    let planned = world.plan(spec).await.unwrap();
    assert_eq!(planned.plan.steps[0].action, Action::Adopt);
    let before = world.fake.outside().effects.len();
    world.apply(spec).await.unwrap();
    assert_eq!(world.fake.outside().effects.len(), before);
    assert!(world.plan(spec).await.unwrap().plan.steps.is_empty());
}

#[tokio::test]
async fn a_value_known_only_after_apply_is_filled_in() {
    let world = FakeWorld::new();
    let spec = r#"
        thing "a" { value = 1 }
        record "r" { value = "made ${thing.a.made}" }
        output "o" { value = record.r.value }
    "#;
    let planned = world.plan(spec).await.unwrap();
    assert!(planned.plan.outputs["o"].has_unknown());
    world.apply(spec).await.unwrap();
    let store = world.store();
    let text = "made 1";
    assert_eq!(store.state().outputs["o"].as_text(), Some(text));
    drop(store);
    assert!(world.plan(spec).await.unwrap().plan.steps.is_empty());
}

#[tokio::test]
async fn an_unchanged_record_of_a_changed_thing_stays() {
    let world = FakeWorld::new();
    world.apply("record \"r\" { value = 1 }").await.unwrap();
    let planned = world.plan("record \"r\" { value = 2 }").await.unwrap();
    assert_eq!(
        lines(&planned),
        ["update record.r (the spec differs): value"]
    );
    world.apply("record \"r\" { value = 2 }").await.unwrap();
    assert_eq!(world.store().state().resources.len(), 1);
}

/// The bar of docs/architecture.md; a peer writes 512 times the final size.
#[tokio::test]
async fn an_apply_writes_at_most_three_times_the_final_state() {
    let world = FakeWorld::new();
    let records = (0..1000).map(|n| format!("record \"r{n}\" {{ value = \"value {n}\" }}"));
    let spec = records.collect::<Vec<_>>().join("\n");
    let (_, written) = world.apply_counted(&spec).await.unwrap();
    let size = std::fs::metadata(world.state_path()).unwrap().len();
    println!("{written} bytes for a state of {size}");
    assert!(written <= 3 * size, "{written} bytes for a state of {size}");
    assert_eq!(world.store().state().resources.len(), 1000);
}

#[tokio::test]
async fn what_was_not_finished_is_designed_again_although_only_the_state_differs() {
    let world = FakeWorld::new();
    let spec = "thing \"a\" { value = 1 }\nthing \"b\" {\n value = 1\n uses = [thing.a]\n}";
    world.fake.outside().fault = Some(FakeFault::AnswerLost(1));
    world.apply(spec).await.unwrap();
    assert_eq!(world.fake.outside().things.len(), 2);
    let planned = world.plan(spec).await.unwrap();
    assert_eq!(
        lines(&planned),
        ["update thing.b (an earlier run did not finish it): uses"]
    );
    // Only the provider can tell whether something is still to do: here nothing is.
    let [step] = planned.plan.steps.as_slice() else {
        panic!("{:?}", planned.plan.steps);
    };
    assert_eq!(step.notes, ["it was begun and lacks nothing"]);
    assert!(step.effects.is_empty());
    world.apply(spec).await.unwrap();
    assert!(world.plan(spec).await.unwrap().plan.steps.is_empty());
    assert!(
        world
            .fake
            .outside()
            .effects
            .values()
            .all(|count| *count == 1)
    );
}

#[tokio::test]
async fn protection_that_comes_later_counts_and_can_be_taken_away_again() {
    let world = FakeWorld::new();
    let block = |inner: &str| format!("thing \"a\" {{\n value = 1\n {inner}\n}}");
    world.apply(&block("")).await.unwrap();
    let protected = block("lifecycle { prevent_destroy = true }");
    let planned = world.plan(&protected).await.unwrap();
    assert_eq!(
        lines(&planned),
        ["update thing.a (the spec differs): lifecycle.prevent_destroy"]
    );
    assert!(planned.plan.steps[0].effects.is_empty());
    world.apply(&protected).await.unwrap();
    assert!(world.plan(&protected).await.unwrap().plan.steps.is_empty());
    assert!(matches!(world.apply("").await, Err(RunError::Problems(_))));
    world.apply(&block("")).await.unwrap();
    world.apply("").await.unwrap();
    assert!(world.fake.outside().things.is_empty());
}

#[tokio::test]
async fn what_an_effect_says_wins_over_what_the_plan_knew_before() {
    let world = FakeWorld::new();
    for (value, made) in [(1, 1), (2, 2)] {
        world
            .apply(&format!("thing \"a\" {{ value = {value} }}"))
            .await
            .unwrap();
        let store = world.store();
        let recorded = &store.state().resources[&"thing.a".parse().unwrap()];
        assert_eq!(recorded.outputs["made"].as_integer(), Some(made));
    }
}

#[tokio::test]
async fn settings_may_name_each_other_in_a_circle() {
    let world = FakeWorld::new();
    let spec = r#"
        thing "bridge" {
          value    = 1
          settings = { pool = thing.pool }
        }
        thing "pool" {
          value    = 2
          settings = { bridge = thing.bridge, name = "harbour" }
        }
    "#;
    let planned = world.plan(spec).await.unwrap();
    assert!(planned.problems.is_empty(), "{:?}", planned.problems);
    assert_eq!(planned.plan.steps.len(), 2);
    let outcome = world.apply(spec).await.unwrap();
    assert!(outcome.failures.is_empty());
    let rest = world.plan(spec).await.unwrap();
    assert!(rest.problems.is_empty() && rest.plan.steps.is_empty());
    // Its identity must be known beforehand: what is read of it otherwise still needs an order.
    let firm = spec.replace("bridge = thing.bridge", "bridge = thing.bridge.made");
    let refused = world.plan(&firm).await.unwrap();
    assert!(
        refused.problems.is_empty(),
        "one of the two names can be opened"
    );
    let firm = firm.replace("pool = thing.pool", "pool = thing.pool.made");
    let (_, problems) = world.config(&firm);
    assert_eq!(problems[0].code, "spec/cycle");
    let firm = spec.replace("value    = 1", "value = 1\n uses = [thing.pool]");
    let firm = firm.replace("value    = 2", "value = 2\n uses = [thing.bridge]");
    let (_, problems) = world.config(&firm);
    assert_eq!(problems[0].code, "spec/cycle");
}
