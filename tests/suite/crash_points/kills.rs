//! Kills and power cuts at every point of an apply, on a simulated disk.

use pospool_tests::points::{Death, Script};
use pospool_tests::simdisk::{Cuts, Honesty};

use super::depth;
use super::stage::{Stage, stages};
use super::table::Table;

/// The short form tries every so many-th second kill.
const FEW: usize = 23;

fn killed_everywhere(stage: &Stage, cuts: Cuts, honesty: Honesty) -> Table {
    let mut table = Table::default();
    for (number, point) in stage.points.iter().enumerate() {
        let script = Script::Kill(number, Death::Run);
        let (ran, verdicts) = stage.trial(script, cuts, honesty);
        assert_eq!(
            ran.points.passed()[..=number],
            stage.points[..=number],
            "runs are alike"
        );
        assert_eq!(
            ran.points.passed().len(),
            number + 1,
            "nothing follows a kill"
        );
        table.note(number, point, verdicts);
    }
    table
}

#[test]
fn a_kill_at_any_point_loses_nothing_and_doubles_nothing() {
    let (cuts, rows) = depth();
    for stage in stages() {
        let table = killed_everywhere(&stage, cuts, Honesty::Honest);
        table.print(&format!("kills, {}", stage.name), rows);
        let wrong = table.wrong();
        assert!(
            wrong.is_empty(),
            "{} wrong, the first: {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(5)]
        );
        assert!(table.points() > 40, "an apply has many points");
    }
}

#[test]
fn a_kill_of_the_run_that_settles_a_kill_changes_nothing() {
    let (cuts, rows) = depth();
    for stage in stages() {
        let mut table = Table::default();
        for (number, point) in stage.points.iter().enumerate() {
            let is_tried = |again| cuts == Cuts::All || again % FEW == number % FEW;
            table.note(number, point, stage.killed_twice(number, is_tried));
        }
        table.print(&format!("two kills, by the first, {}", stage.name), rows);
        let wrong = table.wrong();
        assert!(
            wrong.is_empty(),
            "{} wrong, the first: {:#?}",
            wrong.len(),
            wrong.first()
        );
    }
}

/// The test above sees something: what it would find if the program left a sync out.
#[test]
fn a_forgotten_sync_is_found() {
    for honesty in [Honesty::ForgetsFiles, Honesty::ForgetsFolders] {
        let tables = stages();
        let tables = tables
            .iter()
            .map(|stage| killed_everywhere(stage, Cuts::Two, honesty));
        let found: Vec<_> = tables.map(|table| table.lost_and_doubled()).collect();
        assert!(
            found.iter().any(|(lost, _)| *lost > 0),
            "{honesty:?}: {found:?}"
        );
        assert!(
            found.iter().any(|(_, doubled)| *doubled > 0),
            "{honesty:?}: {found:?}"
        );
    }
}
