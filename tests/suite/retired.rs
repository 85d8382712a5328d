//! A pool that PoS has retired comes back by plan and apply alone: in waves, users first, and each vote once, wherever a run dies.

use std::time::Duration;

use pospool_conflux::CoreAddress;
use pospool_modelchain::ledger::Deed;
use pospool_modelchain::random::Random;
use pospool_modelchain::{CrashPoint, Moment};
use pospool_tests::pool_world::{Disturbance, PoolRunEnd, PoolWorld, Shape};
use pospool_tests::simdisk::SimDisk;

/// Waves in which votes leave, and views for which PoS bars new stake.
const WAVES: [(u64, u64); 2] = [(400, 6), (1_500, 8)];
const BAR: u64 = 300;
/// Votes that users ask for after the retirement.
const ASKED: u64 = 2;

/// A world with one pool of 14 votes, in virtual time.
struct Stage {
    world: PoolWorld,
    spec: String,
    disk: SimDisk,
    pool: CoreAddress,
    key: [u8; 32],
    /// Somebody with money, who owns nothing.
    user: [u8; 20],
}

impl Stage {
    async fn new() -> Self {
        let mut shape = Shape::drawn(&mut Random::new(1));
        shape.network = 1234;
        (shape.signers, shape.manager) = (2, false);
        shape.hosts.truncate(1);
        shape.pools.truncate(1);
        (shape.pools[0].owner, shape.pools[0].proxy) = (0, true);
        let world = PoolWorld::new(&shape, 7);
        let disk = SimDisk::default();
        world.set_sim_disk(&disk);
        world.model.pass(200);
        let spec = world.spec(&shape);
        let mut stage = Self {
            world,
            spec,
            disk,
            pool: CoreAddress::new([0; 20], 1234),
            key: [0; 32],
            user: shape.accounts().nth(1).unwrap().bytes(),
        };
        assert!(stage.apply().await, "the pool is made");
        let text = |resource: &str, output: &str| {
            let store = stage
                .world
                .store(pospool_engine::store::Mode::Read)
                .unwrap();
            let outputs = &store.state().resources[&resource.parse().unwrap()].outputs;
            outputs[output].as_text().unwrap().to_owned()
        };
        let label = shape.pools[0].label;
        stage.pool = text(&format!("core_contract.{label}"), "address")
            .parse()
            .unwrap();
        let key = text(&format!("pos_registration.{label}"), "pos_address");
        stage.key = pospool_conflux::hex::hex_word(&key).unwrap();
        let (user, pool) = (stage.user, stage.pool.bytes());
        stage.world.model.stake(user, pool, 13);
        stage.world.model.pass(400);
        assert_eq!(stage.votes(), 14);
        assert!(stage.is_quiet().await);
        stage.world.model.retire(stage.key, &WAVES, BAR);
        stage.world.model.ask_back(user, pool, ASKED);
        stage.world.model.pass(50);
        stage
    }

    /// Runs an apply to its end; says whether everything was done.
    async fn apply(&self) -> bool {
        let ended = self.world.run(&self.spec, Disturbance::default()).await;
        let PoolRunEnd::Whole(outcome) = ended.unwrap() else {
            panic!("the apply did not come to its end");
        };
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        outcome.converging.is_empty()
    }

    async fn is_quiet(&self) -> bool {
        let (plan, problems) = self.world.plan(&self.spec).await.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        plan.steps.is_empty() && plan.drift.is_empty()
    }

    fn votes(&self) -> u64 {
        let key = pospool_conflux::hex::hex_text(&self.key);
        self.world.model.votes(&key)
    }

    /// Votes that were staked, each time in its order.
    fn staked(&self) -> Vec<u64> {
        let events = self.world.model.events().into_iter();
        let staked = events.filter_map(|event| match event.deed {
            Deed::Staked(votes) if !event.foreign => Some(votes),
            _ => None,
        });
        staked.collect()
    }

    /// Lets epochs pass until PoS has come to a view.
    fn pass_until(&self, view: u64) {
        while self.world.model.view() < view {
            self.world.model.pass(50);
        }
    }
}

/// Runs a story in virtual time.
fn in_virtual_time<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(story)
}

#[test]
fn case_retired_a_pool_comes_back_by_plan() {
    in_virtual_time(async {
        let stage = Stage::new().await;
        let retired = stage.world.model.view();
        let (plan, problems) = stage.world.plan(&stage.spec).await.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        let [step] = &plan.steps[..] else {
            panic!("{:?}", plan.steps)
        };
        assert_eq!(step.reason, pospool_model::plan::Reason::Drifted);
        let names: Vec<_> = step.effects.iter().map(|effect| &effect.name).collect();
        assert_eq!(names, ["free"], "nothing is free yet");
        assert!(!stage.apply().await, "still in progress");
        assert!(stage.staked().is_empty());

        // Of the first wave, what users have asked for stays free.
        stage.pass_until(retired + WAVES[0].0);
        assert!(!stage.apply().await, "the second wave is to come");
        assert_eq!(stage.staked(), [WAVES[0].1 - ASKED]);
        assert!(!stage.apply().await);
        assert_eq!(stage.staked(), [4], "never twice");

        stage.pass_until(retired + WAVES[1].0);
        assert!(stage.apply().await, "all is back");
        assert_eq!(stage.staked(), [4, 8]);
        assert_eq!(stage.votes(), 14 - ASKED);
        stage.world.model.pass(400);
        assert!(stage.is_quiet().await);
        assert_eq!(stage.world.model.violations(), Vec::<String>::new());
    });
}

/// Users ask for a vote at some moment of the apply that stakes: before its look it counts them, before it signs it is refused,
/// and the next one counts anew.
#[test]
fn case_retired_what_users_ask_for_in_between_is_theirs() {
    let ends: Vec<_> = (0..12)
        .map(|requests| in_virtual_time(asked_after(requests)))
        .collect();
    assert!(ends.contains(&"counted"), "{ends:?}");
    assert!(ends.contains(&"refused"), "{ends:?}");
}

async fn asked_after(requests: u64) -> &'static str {
    let stage = Stage::new().await;
    stage.pass_until(stage.world.model.view() + WAVES[0].0);
    let world = &stage.world;
    world.model.begin_run(None);
    let asking = async {
        while world.model.requests() < requests {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.model.ask_back(stage.user, stage.pool.bytes(), 1);
        world.model.pass(20);
    };
    let run = world.run(&stage.spec, Disturbance::default());
    let ((), ended) = tokio::join!(asking, run);
    let PoolRunEnd::Whole(outcome) = ended.unwrap() else {
        panic!("the apply did not come to its end");
    };
    let failed = outcome.failures.iter().map(|(_, error)| error.code());
    match (&failed.collect::<Vec<_>>()[..], &stage.staked()[..]) {
        ([], [3]) => "counted",
        // It was signed before they asked.
        ([], [4]) => "signed",
        ([code], []) => {
            assert_eq!(*code, "chain/restake-changed");
            assert!(!stage.apply().await, "the second wave is to come");
            assert_eq!(stage.staked(), [3]);
            "refused"
        }
        other => panic!("{other:?}"),
    }
}

/// Wherever the apply that stakes dies, the next ones stake what is left, and each vote once.
#[test]
fn case_retired_each_vote_is_staked_once_wherever_a_run_dies() {
    let moments = [Moment::Before, Moment::After].into_iter().cycle();
    let points = (0..24).zip(moments);
    let died = points
        .filter(|(request, moment)| {
            let (request, moment) = (*request, *moment);
            in_virtual_time(dies_at(CrashPoint { request, moment }))
        })
        .count();
    assert!(died >= 10, "{died} runs died");
}

/// Says whether the run died.
async fn dies_at(crash: CrashPoint) -> bool {
    let stage = Stage::new().await;
    stage.pass_until(stage.world.model.view() + WAVES[1].0);
    let disturbance = Disturbance {
        crash: Some(crash),
        ..Disturbance::default()
    };
    let ended = stage.world.run(&stage.spec, disturbance).await.unwrap();
    let died = matches!(ended, PoolRunEnd::Died);
    stage.world.model.pass(200);
    for _ in 0..4 {
        if stage.apply().await {
            break;
        }
        stage.world.model.pass(200);
    }
    assert_eq!(stage.staked().iter().sum::<u64>(), 12, "{crash:?}");
    assert!(stage.is_quiet().await, "{crash:?}");
    drop(stage.disk);
    died
}
