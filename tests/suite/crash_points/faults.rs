//! A disk that refuses: full, broken, or read-only, at every operation of an apply.

use pospool_tests::point_world::PointRunEnd;
use pospool_tests::points::{DiskFault, Script};
use pospool_tests::simdisk::{Cuts, Honesty};

use super::depth;
use super::stage::{Stage, stages};
use super::table::Table;

const FAULTS: &[DiskFault] = &[
    DiskFault {
        name: "ENOSPC",
        errno: 28,
        verbs: &["create", "make folder", "write", "sync", "rename"],
        stays: false,
    },
    DiskFault {
        name: "EIO",
        errno: 5,
        verbs: &[
            "read",
            "list",
            "stamp",
            "create",
            "make folder",
            "reopen",
            "write",
            "sync",
            "rename",
            "remove",
            "sync folder",
        ],
        stays: false,
    },
    DiskFault {
        name: "EROFS",
        errno: 30,
        verbs: &[
            "create",
            "make folder",
            "reopen",
            "write",
            "sync",
            "rename",
            "remove",
        ],
        stays: true,
    },
];

#[test]
fn a_disk_that_refuses_stops_the_run_and_the_next_one_goes_on() {
    let (cuts, rows) = depth();
    let mut table = Table::default();
    for stage in stages() {
        for &fault in FAULTS {
            refused_everywhere(&mut table, &stage, fault, cuts);
        }
    }
    table.assert_good("the system refuses each operation on the disk", rows);
    for fault in FAULTS {
        let hit = table.points_of(fault.name);
        assert!(hit > 60, "{} hit {hit} operations", fault.name);
    }
}

fn refused_everywhere(table: &mut Table, stage: &Stage, fault: DiskFault, cuts: Cuts) {
    let points = stage.points.iter().enumerate();
    for (number, point) in points.filter(|(_, point)| fault.verbs.contains(&point.verb)) {
        let script = Script::Fail(number, fault);
        let (ran, verdicts) = stage.trial(script, cuts, Honesty::Honest);
        let told = format!("{} at point {number}, {point}", fault.name);
        let PointRunEnd::State(error) = &ran.ended else {
            panic!("{told}: {:?}", ran.ended);
        };
        assert_eq!(error.code(), "state/io", "{told}");
        assert_eq!(ran.points.sent_after_a_fault(), [], "{told}");
        let kind = format!("{} {point}", fault.name);
        table.note(stage.name, number, kind, verdicts);
    }
}
