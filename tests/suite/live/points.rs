//! A sample of the numbered points of an apply, on a real network: a process with the real providers
//! dies before one of them, and the real program goes on.

use std::sync::Arc;
use std::time::Duration;

use pospool_chain::{ChainProvider, ChainSettings};
use pospool_cli::wiring;
use pospool_docker::DockerSettings;
use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_engine::store::{Mode, RealDisk, Store};
use pospool_source::SourceProvider;
use pospool_tests::points::{Death, PointDisk, PointProvider, PointWire, Points, Script};
use pospool_tests::world::apply_on;

use super::docker_desk::docker_provider;
use super::kills::{Pool, one_pool, print};
use super::project::{Project, number_in};

/// Kills of the short form; `POSPOOL_POINT_KILLS` asks for more.
const KILLS: usize = 4;

/// Most kills of one pool.
const KILLS_OF_ONE_POOL: usize = 12;

/// The number of the point at which the child dies.
const POINT: &str = "POSPOOL_CHILD_POINT";

/// Longest wait of the child.
const WAIT: Duration = Duration::from_mins(5);

#[test]
fn live_points_of_an_apply_leave_one_pool_and_one_registration() {
    let kills = number_in("POSPOOL_POINT_KILLS");
    let kills = kills.map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    let mut pools: Vec<Pool> = Vec::new();
    let mut numbers = (0..).map(number_of);
    let done = |pools: &[Pool]| pools.iter().map(|pool| pool.kills.len()).sum::<usize>();
    while done(&pools) < kills {
        let account = 1 + pools.len() % 7;
        let most = (kills - done(&pools)).min(KILLS_OF_ONE_POOL);
        pools.push(one_pool(account, most, |project| {
            killed_at(project, numbers.next()?)
        }));
    }
    print(&pools);
}

/// Points all over an apply that goes on from the one before: each number once before any comes again.
fn number_of(kill: usize) -> usize {
    const SPAN: usize = 151;
    (11 + kill * 43) % SPAN
}

/// Has a process apply until it dies at a point; says at which, or that it ended before.
fn killed_at(project: &Project, number: usize) -> Option<String> {
    let exe = std::env::current_exe().unwrap();
    let arguments = [
        "live::points::the_child",
        "--exact",
        "--ignored",
        "--nocapture",
    ];
    let ended = project
        .command_of(&exe, &arguments)
        .env(POINT, number.to_string())
        .output()
        .unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    if ended.status.success() {
        return None;
    }
    let last = told
        .lines()
        .find(|line| line.starts_with("dies before point"));
    let last = last.unwrap_or_else(|| panic!("{told}{}", String::from_utf8_lossy(&ended.stdout)));
    Some(last.to_owned())
}

#[test]
#[ignore = "this is the process that dies in the test above"]
fn the_child() {
    let number = std::env::var(POINT).expect("it is started by its parent");
    let points = Points::new(Script::Kill(number.parse().unwrap(), Death::Process));
    let wire = PointWire::new(pospool_conflux_rpc::http_transport(), &points);
    let settings = ChainSettings {
        wait: WAIT,
        ..ChainSettings::default()
    };
    let docker = docker_provider(DockerSettings { wait: WAIT });
    let registry = Registry::new(vec![
        Arc::new(RecordProvider),
        Arc::new(PointProvider::new(docker, &points)),
        Arc::new(ChainProvider::over(settings, Arc::new(wire))),
        Arc::new(SourceProvider::new(wiring::find_source_cache())),
    ]);
    let spec = std::fs::read_to_string("pool.hcl").unwrap();
    let disk = Arc::new(PointDisk::new(Arc::new(RealDisk), &points));
    let state = std::env::current_dir().unwrap().join("pospool.state.json");
    let mut store = Store::open_on(disk, &state, Mode::Write, "apply").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let applied = runtime.block_on(apply_on(&mut store, &registry, &spec));
    let outcome = applied.unwrap().unwrap().outcome;
    assert!(outcome.failures.is_empty(), "{outcome:?}");
}
