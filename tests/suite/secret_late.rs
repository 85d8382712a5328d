//! Case secret-late: what a node cannot be made without is missed before money moves.

use pospool_cli::exit::Exit;

use crate::example_world::{ExampleWorld, spec_of};

#[test]
fn case_secret_late_no_money_moves_while_the_password_of_the_key_is_missing_or_empty() {
    for text in [None, Some(""), Some("one\ntwo\n")] {
        let pool = ExampleWorld::demo(spec_of("private-network"));
        let secret = pool.world.path("POSPOOL_POS_KEY_PASSWORD");
        assert!(secret.exists());
        std::fs::remove_file(&secret).unwrap();
        if let Some(text) = text {
            pool.world.write("POSPOOL_POS_KEY_PASSWORD", text);
        }
        let before = pool.world.engine.changes();
        let run = pool.ends(&["apply", "--auto-approve"], Exit::Error);
        let sent = pool.world.chain.handed_in().len();
        assert_eq!(sent, 0, "{text:?}: {}\n{}", run.out, run.err);
        let named = "the password of the PoS key";
        assert!(run.err.contains(named), "{text:?}: {}", run.err);
        assert_eq!(pool.world.engine.changes(), before, "nothing is made");
    }
}

#[test]
fn case_secret_late_no_container_is_touched_while_a_key_that_has_to_sign_is_missing() {
    let pool = ExampleWorld::demo(spec_of("private-network"));
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    let changed = pool.spec.replacen("\"90%\"", "\"85%\"", 1);
    let changed = changed.replacen("conflux-rust:3.0.2", "conflux-rust:3.0.3", 1);
    pool.world.write_spec(&changed);
    std::fs::remove_file(pool.world.path("POSPOOL_OPERATOR_KEY")).unwrap();
    let all = || {
        (
            pool.world.chain.handed_in().len(),
            pool.world.engine.changes(),
        )
    };
    let before = all();
    let run = pool.ends(&["apply", "--auto-approve"], Exit::Error);
    assert!(run.err.contains("error[chain/no-key]"), "{}", run.err);
    assert_eq!(all(), before, "{}", run.out);
    // The node alone needs no such key.
    let node = ["apply", "--auto-approve", "--target", "node.main"];
    pool.ends(&node, Exit::Done);
    assert_eq!(all().0, before.0);
}
