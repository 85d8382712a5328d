//! What must be confirmed by name, whatever else is approved.

use super::World;
use crate::exit::Exit;

const STATE: &str = "pospool.state.json";

/// A state as a pool's apply leaves it, but of records: what goes is told by the names in it.
const POOL: &str = r#"{"format":"pospool-state","version":1,"state":{"lineage":"1a2b3c4d5e6f","serial":7,"chains":{},
"resources":{
 "core_contract.pool":{"attributes":{},"outputs":{"address":"cfxtest:pool"},"depends_on":[],"protected":false,"complete":true},
 "volume.main":{"attributes":{},"outputs":{},"depends_on":[],"protected":false,"complete":true},
 "node.main":{"attributes":{"data":{"$resource":"volume.main"}},"outputs":{"pos_address":"0x1"},"depends_on":["volume.main"],"protected":false,"complete":true},
 "pos_registration.main":{"attributes":{"node":{"$resource":"node.main"},"pool":{"$resource":"core_contract.pool"}},"outputs":{"pos_address":"0x1"},"depends_on":["node.main","core_contract.pool"],"protected":false,"complete":true}
},"outputs":{}}}"#;

#[test]
fn an_empty_spec_beside_a_state_takes_nothing_down_unless_that_is_confirmed() {
    let spec = "record \"a\" {\n  value = 1\n}\n";
    let world = World::new(spec);
    world.apply();
    let before = world.read(STATE);
    let short = before.split("lineage\":\"").nth(1).unwrap()[..8].to_owned();
    world.write("pool.hcl", "");
    for line in [
        "apply --auto-approve",
        "apply --auto-approve --confirm nonsense",
        "apply",
    ] {
        let ran = world.run(line);
        assert_eq!(ran.exit, Exit::Protected, "{line}: {ran:?}");
        assert!(
            ran.err.contains("error[cli/unconfirmed]: the spec makes nothing, and 1 of the 1 resources of the state go")
                && ran.err.contains(&format!("--confirm {short}")),
            "{}",
            ran.err
        );
        assert_eq!(world.read(STATE), before);
    }
    // A plan that was read and saved is no confirmation either.
    assert_eq!(world.run("plan --out saved").exit, Exit::Done);
    assert_eq!(world.run("apply saved").exit, Exit::Protected);
    assert_eq!(world.run_with("apply", "yes\n").exit, Exit::Cancelled);
    assert_eq!(world.read(STATE), before);
    let typed = world.run_with("apply", &format!("{short}\n"));
    assert_eq!(typed.exit, Exit::Done, "{typed:?}");
    world.write("pool.hcl", spec);
    world.apply();
    world.write("pool.hcl", "");
    let ran = world.run(&format!("apply --auto-approve --confirm {short}"));
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    // What is only a part of the spec is taken down as ever.
    world.write(
        "pool.hcl",
        &format!("{spec}{}", spec.replace("\"a\"", "\"b\"")),
    );
    world.apply();
    world.write("pool.hcl", spec);
    world.apply();
    assert_eq!(world.run("destroy --auto-approve").exit, Exit::Done);
}

#[test]
fn a_registered_pool_is_taken_down_by_its_address_only() {
    let mut world = World::real();
    world.variables.clear();
    world.write(STATE, POOL);
    let ran = world.run("destroy --auto-approve --target pos_registration.main");
    assert_eq!(ran.exit, Exit::Protected, "{ran:?}");
    assert!(
        ran.err
            .contains("the registered pool of `pos_registration.main` is taken down")
            && ran
                .err
                .contains("give the address of `core_contract.pool`: --confirm cfxtest:pool"),
        "{}",
        ran.err
    );
    assert_eq!(world.read(STATE), POOL);
    let ran =
        world.run("destroy --auto-approve --target pos_registration.main --confirm CFXTEST:POOL");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(!world.read(STATE).contains("pos_registration.main"));
}
