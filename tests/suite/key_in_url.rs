//! Case key-in-url: a key in the URL of an RPC is in nothing that a run writes, and what a run left open is settled
//! where the current spec says.

use std::collections::BTreeMap;
use std::path::Path;

use pospool_engine::planfile::{self, PlanFile};
use pospool_modelchain::random::Random;
use pospool_modelchain::{CrashPoint, Moment};
use pospool_tests::pool_world::{Disturbance, PoolRunEnd, PoolWorld, Shape};

/// In the user, the path and the query of a URL.
pub(crate) const KEYS: [&str; 3] = ["hunter2", "hunter3", "hunter4"];

/// The same spec with its chain at another host, and keys in all parts of the URL that may hold one.
pub(crate) fn at(shape: &Shape, host: &str) -> Shape {
    let [user, path, query] = KEYS;
    Shape {
        hosts: vec![format!("me:{user}@{host}/{path}?k={query}")],
        ..shape.clone()
    }
}

pub(crate) fn keys_in(what: &str, text: &str) {
    for key in KEYS {
        assert!(!text.contains(key), "{what} holds {key}: {text}");
    }
}

/// Returns how many files there were.
fn look_through(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            keys_in(
                &path.display().to_string(),
                &String::from_utf8_lossy(&bytes),
            );
            files += 1;
        }
    }
    files
}

#[tokio::test(start_paused = true)]
async fn case_key_in_url_no_state_journal_plan_or_message_holds_a_key() {
    let mut shape = Shape::drawn(&mut Random::new(3));
    shape.hosts = vec!["a.model".to_owned(), "b.model".to_owned()];
    let world = PoolWorld::new(&shape, 3);
    world.model.calm_down();
    let folder = world.state_path().parent().unwrap().to_owned();
    let (mut cut, mut journals, mut run) = (4, 0, 0);
    loop {
        // Each run asks at another host than the one before, which may have left tickets.
        let spec = world.spec(&at(&shape, ["a.model", "b.model"][run % 2]));
        run += 1;
        assert!(KEYS.iter().all(|key| spec.contains(key)), "{spec}");
        let disturbance = Disturbance {
            crash: Some(CrashPoint {
                request: cut,
                moment: Moment::After,
            }),
            ..Disturbance::default()
        };
        let ended = world.run(&spec, disturbance).await.unwrap();
        keys_in("a message", &format!("{ended:?}"));
        assert!(look_through(&folder) > 0);
        journals += usize::from(world.has_journal());
        if let PoolRunEnd::Whole(outcome) = &ended {
            assert!(outcome.failures.is_empty(), "{ended:?}");
            break;
        }
        assert!(matches!(ended, PoolRunEnd::Died), "{ended:?}");
        cut += 3;
    }
    assert!(journals > 1, "runs were cut in between");
    let spec = world.spec(&at(&shape, "a.model"));
    let (plan, problems) = world.plan(&spec).await.unwrap();
    assert!(plan.steps.is_empty() && problems.is_empty(), "{problems:?}");
    keys_in("a plan", &serde_json::to_string(&plan).unwrap());
    assert!(look_through(&folder) > 0);
}

#[tokio::test(start_paused = true)]
async fn case_key_in_url_a_plan_that_makes_everything_and_its_file_hold_no_key() {
    let mut shape = Shape::drawn(&mut Random::new(4));
    shape.hosts = vec!["a.model".to_owned()];
    let world = PoolWorld::new(&shape, 4);
    let spec = world.spec(&at(&shape, "a.model"));
    let (plan, problems) = world.plan(&spec).await.unwrap();
    assert!(
        !plan.steps.is_empty() && problems.is_empty(),
        "{problems:?}"
    );
    let file = world.state_path().with_extension("plan");
    let saved = PlanFile::new(plan.clone(), BTreeMap::new());
    planfile::save_plan(&file, &saved, None).unwrap();
    keys_in("a plan", &format!("{plan:?}"));
    let saved = std::fs::read_to_string(&file).unwrap();
    keys_in("a saved plan", &saved);
    assert!(
        saved.contains("chain.conflux"),
        "which chain it is, is there"
    );
}
