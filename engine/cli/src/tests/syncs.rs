//! `sync`, as far as it needs no chain.

use super::World;
use crate::exit::Exit;

const STATUS: &str = r#"{"format_version":1,"time":TIME,"round":7,"conduct":"idle","services":[],"sent":[],"errors":[],"failures":FAILURES,"next_seconds":30,"stale_seconds":600}"#;

#[test]
fn what_nobody_approved_is_refused() {
    let world = World::new("record \"a\" {\n  value = 1\n}\n");
    let ran = world.run("sync --once");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("error[cli/not-a-service]"), "{}", ran.err);
    assert!(ran.err.contains("`record.a`"), "{}", ran.err);
    assert!(!world.path("pospool.state.json").exists());
    let ran = World::new("").run("sync --once");
    assert!(ran.err.contains("error[cli/no-service]"), "{}", ran.err);
}

#[test]
fn health_is_what_the_status_says() {
    let world = World::new("");
    let ran = world.run("sync --health");
    assert_eq!(ran.exit, Exit::Error);
    assert!(ran.err.contains("error[cli/file]"), "{}", ran.err);
    // Far in the future counts as just now.
    for (time, failures, exit) in [
        ("99999999999", "0", Exit::Done),
        ("99999999999", "3", Exit::Error),
        ("1000", "0", Exit::Error),
    ] {
        let status = STATUS.replace("TIME", time).replace("FAILURES", failures);
        world.write("pospool.sync.json", &status);
        assert_eq!(world.run("sync --health").exit, exit, "{time} {failures}");
    }
    world.write("pospool.sync.json", "{}");
    let ran = world.run("sync --health");
    assert!(ran.out.starts_with("not healthy"), "{}", ran.out);
}
