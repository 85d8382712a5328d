//! Kills and power cuts at the points of whole pool applies of the real chain provider, on the model chain.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pospool_engine::store::Mode;
use pospool_modelchain::random::Random;
use pospool_tests::points::{Death, Killed, Point, SEND, Script};
use pospool_tests::pool_world::{Disturbance, Expected, PoolRunEnd, PoolWorld, Shape, check_world};
use pospool_tests::simdisk::{Cuts, Honesty, SimDisk};
use tokio::runtime::Runtime;

use super::depth;
use super::table::{Next, Table, Verdict, Wrong};

/// Seed of the model.
const SEED: u64 = 7;

/// Applies of one pool after the other: the last one is under test.
struct Story {
    name: &'static str,
    shapes: Vec<Shape>,
}

/// A pool behind a proxy with a list of pools: every kind of transaction that there is.
fn shape() -> (Shape, Random) {
    let mut random = Random::new(SEED);
    loop {
        let shape = Shape::drawn(&mut random);
        if shape.manager && shape.hosts.len() == 1 && shape.pools.len() == 1 && shape.pools[0].proxy
        {
            return (shape, random);
        }
    }
}

fn stories() -> Vec<Story> {
    let (shape, mut random) = shape();
    let changed = shape.changed(&mut random);
    vec![
        Story {
            name: "a whole pool",
            shapes: vec![shape.clone()],
        },
        Story {
            name: "a pool's settings",
            shapes: vec![shape, changed],
        },
    ]
}

/// A world, with the disk that the state is on.
struct Told {
    world: PoolWorld,
    disk: SimDisk,
    runtime: Runtime,
}

impl Told {
    /// A world with an empty disk.
    fn new(story: &Story) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let mut told = Self {
            world: PoolWorld::new(&story.shapes[0], SEED),
            disk: SimDisk::default(),
            runtime: runtime.unwrap(),
        };
        told.put(SimDisk::default());
        told
    }

    /// A story up to its last apply.
    fn until_last(story: &Story) -> Self {
        let told = Self::new(story);
        for shape in &story.shapes[..story.shapes.len() - 1] {
            assert!(is_well(told.run(shape, Script::Calm).as_ref()));
        }
        told
    }

    /// Puts the state on a disk.
    fn put(&mut self, disk: SimDisk) {
        self.world.set_disk(Arc::new(disk.clone()));
        let seen = disk.clone();
        let journal = self.world.state_path().with_file_name("state.json.journal");
        self.world.model.set_journalled(Box::new(move |hash| {
            // What a power cut would leave.
            let durable = &seen.cuts(Cuts::Two)[0].image;
            let lines = durable
                .get(&journal)
                .map(|bytes| String::from_utf8_lossy(bytes));
            lines.is_some_and(|lines| lines.contains(hash))
        }));
        self.disk = disk;
    }

    /// An apply; `None` if it was killed.
    fn run(&self, shape: &Shape, script: Script) -> Option<PoolRunEnd> {
        let spec = self.world.spec(shape);
        self.world.model.calm_down();
        self.world.points.begin(script);
        let run = || {
            self.runtime
                .block_on(self.world.run(&spec, Disturbance::default()))
        };
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(ended) => Some(ended.unwrap()),
            Err(payload) if payload.is::<Killed>() => None,
            Err(payload) => resume_unwind(payload),
        }
    }

    fn transactions(&self, shape: &Shape) -> u64 {
        let accounts = shape.accounts().map(|account| account.bytes());
        accounts
            .map(|account| self.world.model.executed(account).0)
            .sum()
    }
}

fn is_well(ended: Option<&PoolRunEnd>) -> bool {
    matches!(ended, Some(PoolRunEnd::Whole(outcome)) if outcome.failures.is_empty() && outcome.converging.is_empty())
}

/// The points of an undisturbed last apply, and the transactions until then.
fn undisturbed(story: &Story) -> (Vec<Point>, u64) {
    let told = Told::until_last(story);
    let shape = story.shapes.last().unwrap();
    let ended = told.run(shape, Script::Calm);
    assert!(is_well(ended.as_ref()), "{ended:?}");
    (told.world.points.passed(), told.transactions(shape))
}

/// Kills the last apply at a point, cuts the disk in one of two ways, and applies again.
fn trial(story: &Story, number: usize, way: usize, transactions: u64) -> Option<Verdict> {
    let mut told = Told::until_last(story);
    let shape = story.shapes.last().unwrap();
    let ended = told.run(shape, Script::Kill(number, Death::Run));
    assert!(ended.is_none(), "it is killed at point {number}: {ended:?}");
    let cuts = told.disk.cuts(Cuts::Two);
    told.put(SimDisk::holding(&cuts.get(way)?.image));
    told.world.points.begin(Script::Calm);
    let open = told
        .world
        .store(Mode::Read)
        .map(|store| store.open_effects().len());
    let ended = told.run(shape, Script::Calm);
    let next = match open {
        Ok(1..) => Next::Settled,
        _ if told.world.points.passed().iter().any(sends) => Next::Went,
        _ => Next::Nothing,
    };
    let wrong = wrong(&told, shape, ended, transactions);
    Some(Verdict { next, wrong })
}

fn sends(point: &Point) -> bool {
    point.verb == SEND && matches!(point.subject.as_str(), "effect" | "cfx_sendRawTransaction")
}

fn wrong(told: &Told, shape: &Shape, ended: Option<PoolRunEnd>, transactions: u64) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    match ended {
        Some(PoolRunEnd::State(error)) => wrong.push(Wrong::Lost(error.to_string())),
        ended if !is_well(ended.as_ref()) => wrong.push(Wrong::Unfinished(format!("{ended:?}"))),
        _ => {}
    }
    let found = told.transactions(shape);
    if found > transactions {
        let text = format!("{found} transactions instead of {transactions}");
        wrong.push(Wrong::Doubled(text));
    }
    let transactions = Some(transactions);
    let others = check_world(&told.world, shape, Expected { transactions });
    wrong.extend(others.into_iter().map(Wrong::Unfinished));
    if told
        .disk
        .now()
        .keys()
        .any(|path| path.ends_with("state.json.journal"))
    {
        wrong.push(Wrong::Unfinished("the journal is still there".to_owned()));
    }
    let spec = told.world.spec(shape);
    match told.runtime.block_on(told.world.plan(&spec)) {
        Ok((plan, problems))
            if plan.steps.is_empty() && plan.drift.is_empty() && problems.is_empty() => {}
        rest => wrong.push(Wrong::Unfinished(format!("left to do: {rest:?}"))),
    }
    wrong
}

/// Of each kind of point the one in the middle.
fn one_of_each(points: &[Point]) -> Vec<usize> {
    let mut kinds: BTreeMap<&Point, Vec<usize>> = BTreeMap::new();
    for (number, point) in points.iter().enumerate() {
        kinds.entry(point).or_default().push(number);
    }
    kinds.into_values().map(|all| all[all.len() / 2]).collect()
}

#[test]
fn a_pool_apply_that_is_killed_at_any_point_makes_one_pool() {
    let (cuts, rows) = depth();
    let table = Mutex::new(Table::default());
    let mut all = 0;
    for story in stories() {
        let (points, transactions) = undisturbed(&story);
        let tried: Vec<usize> = match cuts {
            Cuts::All => (0..points.len()).collect(),
            Cuts::Two => one_of_each(&points),
        };
        side_by_side(&tried, |number| {
            let ways = (0..2).filter_map(|way| trial(&story, number, way, transactions));
            let (kind, verdicts) = (points[number].to_string(), ways.collect());
            table
                .lock()
                .unwrap()
                .note(story.name, number, kind, verdicts);
        });
        all += points.len();
    }
    let table = table.into_inner().unwrap();
    let title = format!("a pool, killed before {} of {all} points", table.points());
    table.assert_good(&title, rows);
    let sent = table.points_of("send cfx_sendRawTransaction");
    assert!(sent > 0, "some of them are about to send");
}

/// Does something with each number, on as many threads as there are processors.
fn side_by_side(numbers: &[usize], work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(number);
                }
            });
        }
    });
}

/// The test above sees something: the model is asked at each sending whether a power cut would leave the bytes.
#[test]
fn a_pool_apply_that_forgets_a_sync_is_found() {
    let story = &stories()[0];
    for (honesty, is_found) in [(Honesty::Honest, false), (Honesty::ForgetsFiles, true)] {
        let mut told = Told::new(story);
        told.put(SimDisk::default().with(honesty));
        assert!(is_well(told.run(&story.shapes[0], Script::Calm).as_ref()));
        let found = told.world.model.violations();
        assert_eq!(!found.is_empty(), is_found, "{honesty:?}: {found:?}");
    }
}
