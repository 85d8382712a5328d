//! Real processes on the real disk, each of which ends itself at one point of its apply; the outside
//! is a file that outlives them.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use pospool_engine::store::{Disk, Mode, RealDisk, Store};
use pospool_fake::Outside;
use pospool_tests::point_world::{Ran, apply_on_disk, memory_folder};
use pospool_tests::points::{Death, Points, Script};
use pospool_tests::watched::{Watched, count_effects, effects_of, play_effect};

use super::depth;
use super::stage::{
    Stage, false_alarm, first, next_of, second, wrong_effects, wrong_records, wrong_things,
};
use super::table::{Table, Verdict, Wrong};

/// Where the child works, and the number of the point at which it dies.
const FOLDER: &str = "POSPOOL_CHILD_FOLDER";
const POINT: &str = "POSPOOL_CHILD_POINT";

fn state_in(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

fn outside_in(folder: &Path) -> PathBuf {
    folder.join("outside")
}

fn run(folder: &Path, spec: &str, script: Script) -> Ran {
    let points = Points::new(script);
    let watched = Watched::on_file(&outside_in(folder)).unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    apply_on_disk(&disk, &state_in(folder), spec, watched, &points)
}

#[test]
fn a_process_that_dies_at_any_point_loses_nothing_and_doubles_nothing() {
    let stage = Stage::new("a change by a process", &[&first(), &second()]);
    let mut table = Table::default();
    for (number, point) in stage.points.iter().enumerate() {
        let folder = memory_folder();
        let folder = folder.path();
        assert!(run(folder, &first(), Script::Calm).is_whole());
        let lineage = Store::open(&state_in(folder), Mode::Read, "test").unwrap();
        let lineage = lineage.state().lineage.clone();
        let ended = child(folder, number);
        assert!(
            ended.signal().is_some(),
            "the child dies at {point}: {ended}"
        );
        let verdicts = vec![verdict(&stage, folder, &lineage)];
        table.note(stage.name, number, point.to_string(), verdicts);
    }
    table.assert_good("a process that dies before each point", depth().1);
}

fn child(folder: &Path, point: usize) -> std::process::ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["crash_points::processes::the_child", "--exact", "--ignored"])
        .env(FOLDER, folder)
        .env(POINT, point.to_string())
        .output()
        .unwrap()
        .status
}

#[test]
#[ignore = "this is the process that dies in the test above"]
fn the_child() {
    let folder = std::env::var_os(FOLDER).expect("it is started by its parent");
    let point = std::env::var(POINT).unwrap().parse().unwrap();
    run(
        Path::new(&folder),
        &second(),
        Script::Kill(point, Death::Process),
    );
}

/// The next apply, and what is there after it.
fn verdict(stage: &Stage, folder: &Path, lineage: &str) -> Verdict {
    let ran = run(folder, &second(), Script::Calm);
    let mut wrong: Vec<_> = ran.warnings().iter().map(false_alarm).collect();
    if !ran.is_whole() {
        wrong.push(Wrong::Lost(format!("{:?}", ran.ended)));
    }
    let mut outside = Outside::default();
    for line in effects_of(&outside_in(folder)).unwrap() {
        play_effect(&mut outside, &line);
    }
    wrong.extend(wrong_effects(&count_effects(&outside), &stage.effects));
    wrong.extend(wrong_things(&outside, &stage.things));
    let store = Store::open(&state_in(folder), Mode::Read, "test").unwrap();
    wrong.extend(wrong_records(store.state(), &stage.things));
    if store.state().lineage != lineage {
        wrong.push(Wrong::Lost("it is another state".to_owned()));
    }
    Verdict {
        next: next_of(&ran),
        wrong,
    }
}
