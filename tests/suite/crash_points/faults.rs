//! A disk that refuses: full, broken, or read-only, at every operation of an apply.

use pospool_tests::point_world::Ended;
use pospool_tests::points::{Fault, Script};
use pospool_tests::simdisk::Honesty;

use super::depth;
use super::stage::stages;
use super::table::Table;

const FAULTS: &[Fault] = &[
    Fault {
        name: "ENOSPC",
        errno: 28,
        verbs: &["create", "write", "sync", "rename"],
        stays: false,
    },
    Fault {
        name: "EIO",
        errno: 5,
        verbs: &[
            "read",
            "stamp",
            "create",
            "reopen",
            "write",
            "sync",
            "rename",
            "remove",
            "sync folder",
        ],
        stays: false,
    },
    Fault {
        name: "EROFS",
        errno: 30,
        verbs: &["create", "reopen", "write", "sync", "rename", "remove"],
        stays: true,
    },
];

#[test]
fn a_disk_that_refuses_stops_the_run_and_the_next_one_goes_on() {
    let (cuts, rows) = depth();
    for stage in stages() {
        for &fault in FAULTS {
            let mut table = Table::default();
            let hit = stage.points.iter().enumerate();
            let hit = hit.filter(|(_, point)| fault.verbs.contains(&point.verb));
            for (number, point) in hit {
                let script = Script::Fail(number, fault);
                let (ran, verdicts) = stage.trial(script, cuts, Honesty::Honest);
                let Ended::State(error) = &ran.ended else {
                    panic!("{} at point {number}, {point}: {:?}", fault.name, ran.ended);
                };
                assert_eq!(error.code(), "state/io", "{} at {point}", fault.name);
                let late = ran.points.sent_after_a_fault();
                assert!(late.is_empty(), "{} at {point}: {late:?}", fault.name);
                table.note(number, point, verdicts);
            }
            table.print(&format!("{}, {}", fault.name, stage.name), rows);
            let wrong = table.wrong();
            assert!(wrong.is_empty(), "{wrong:#?}");
            assert!(table.points() > 15, "{} hits many operations", fault.name);
        }
    }
}
