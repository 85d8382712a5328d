//! Kills and power cuts at every point of an apply, on a simulated disk.

use pospool_tests::points::{Death, Script};
use pospool_tests::simdisk::{Cuts, Honesty};

use super::depth;
use super::stage::{Stage, stages};
use super::table::Table;

/// The short form tries every so many-th second kill.
const FEW: usize = 41;

fn killed_everywhere(table: &mut Table, stage: &Stage, cuts: Cuts, honesty: Honesty) {
    for (number, point) in stage.points.iter().enumerate() {
        let script = Script::Kill(number, Death::Run);
        let (ran, verdicts) = stage.trial(script, cuts, honesty);
        assert_eq!(
            ran.points.passed(),
            stage.points[..=number],
            "runs are alike, and nothing follows a kill"
        );
        table.note(stage.name, number, point.to_string(), verdicts);
    }
}

#[test]
fn a_kill_at_any_point_loses_nothing_and_doubles_nothing() {
    let (cuts, rows) = depth();
    let mut table = Table::default();
    for stage in stages() {
        killed_everywhere(&mut table, &stage, cuts, Honesty::Honest);
    }
    table.assert_good("killed, or without power, before each point", rows);
    assert!(table.points() > 120, "an apply has many points");
}

#[test]
fn a_kill_of_the_run_that_settles_a_kill_changes_nothing() {
    let (cuts, rows) = depth();
    let mut table = Table::default();
    for stage in stages() {
        for (number, point) in stage.points.iter().enumerate() {
            let is_tried = |again| cuts == Cuts::All || again % FEW == number % FEW;
            let verdicts = stage.killed_twice(number, is_tried);
            table.note(stage.name, number, point.to_string(), verdicts);
        }
    }
    table.assert_good(
        "killed before each point, and again before each point of the next apply",
        rows,
    );
}

/// The tests above see something: what they would find if the program left a sync out.
#[test]
fn a_forgotten_sync_is_found() {
    for honesty in [Honesty::ForgetsFiles, Honesty::ForgetsFolders] {
        let mut table = Table::default();
        for stage in stages() {
            killed_everywhere(&mut table, &stage, Cuts::Two, honesty);
        }
        let (lost, doubled) = table.lost_and_doubled();
        assert!(
            lost > 0 && doubled > 0,
            "{honesty:?}: {lost} lost, {doubled} doubled"
        );
    }
}
