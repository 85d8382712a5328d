//! Case `lost-state`: what is refused until somebody says that it is meant.

use pospool_model::provider::EarlierSign;

use super::World;
use crate::exit::Exit;

const STATE: &str = "pospool.state.json";
const SPEC: &str = "thing \"a\" {\n  value = 1\n}\n";

impl World {
    /// A world whose effects are counted, as an account counts what it signed.
    fn counted(spec: &str) -> Self {
        let world = Self::new(spec);
        world.fake.outside().counter = Some("effects outside");
        world
    }

    fn effects(&self) -> usize {
        self.fake.outside().effects.len()
    }

    /// What a look finds of another state.
    fn leaves_a_sign(&self) {
        let sign = "container `x` was made for it by the state of lineage 1a2b3c4d";
        let sign = EarlierSign {
            address: "thing.a".parse().unwrap(),
            what: sign.to_owned(),
            lineage: None,
            place: None,
        };
        self.fake.outside().earlier = vec![sign];
    }

    fn refused(&self, line: &str, code: &str, way: &str) {
        let before = self.effects();
        let ran = self.run(line);
        assert_eq!(ran.exit, Exit::Protected, "{line}: {ran:?}");
        assert!(ran.err.contains(&format!("error[{code}]")), "{}", ran.err);
        assert!(ran.err.contains(way), "{}", ran.err);
        assert_eq!(self.effects(), before, "{line}");
    }
}

#[test]
fn case_lost_state_what_is_there_is_not_made_a_second_time() {
    let world = World::counted(SPEC);
    world.apply();
    world.leaves_a_sign();
    // Whoever has the state is not asked.
    world.apply();
    std::fs::remove_file(world.path(STATE)).unwrap();
    let planned = world.run("plan --out saved");
    assert_eq!(planned.exit, Exit::Done, "{planned:?}");
    assert!(
        planned.err.contains("warning[state/lost]"),
        "{}",
        planned.err
    );
    for line in ["apply --auto-approve", "apply saved"] {
        world.refused(line, "state/lost", "--new-pool");
        world.refused(line, "state/lost", "`pospool state restore`");
    }
    world.refused(
        "apply --auto-approve --signed-by-hand",
        "state/lost",
        "--new-pool",
    );
    let ran = world.run("apply --auto-approve --new-pool");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    world.apply();
}

#[test]
fn case_lost_state_the_lost_state_comes_back() {
    let world = World::counted(SPEC);
    world.apply();
    world.write("pool.hcl", &SPEC.replace('1', "2"));
    world.apply();
    std::fs::remove_file(world.path(STATE)).unwrap();
    world.leaves_a_sign();
    world.refused("apply --auto-approve", "state/lost", "--new-pool");
    assert_eq!(world.run("state restore 1").exit, Exit::Done);
    // It is older than the last apply, and that is seen too.
    world.refused(
        "apply --auto-approve",
        "state/other-hand",
        "--signed-by-hand",
    );
    let ran = world.run("apply --auto-approve --signed-by-hand");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
}

#[test]
fn case_lost_state_another_project_on_the_same_engine_is_no_sign_for_a_new_account() {
    let world = World::counted(SPEC);
    world.leaves_a_sign();
    world.apply();
}

#[test]
fn another_hand_is_refused_until_somebody_says_that_it_was_theirs() {
    let world = World::counted(SPEC);
    world.apply();
    let by_hand = "by hand #1".to_owned();
    world.fake.outside().effects.insert(by_hand, 1);
    let planned = world.run("plan");
    assert!(
        planned.err.contains("warning[state/other-hand]"),
        "{planned:?}"
    );
    world.refused(
        "apply --auto-approve",
        "state/other-hand",
        "--signed-by-hand",
    );
    let ran = world.run("apply --auto-approve --signed-by-hand");
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(ran.err.contains("warning[state/other-hand]"), "{ran:?}");
    // The whole apply keeps the new number.
    world.apply();
}
