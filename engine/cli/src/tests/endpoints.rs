//! Case key-in-url: what a command prints and writes of an RPC's URL.

use super::{Ran, World};
use crate::exit::Exit;

const SPEC: &str = r#"
chain "conflux" {
  network    = "devnet"
  core_rpc   = ["http://me:hunter2@127.0.0.1:1/hunter3?k=hunter4", "http://127.0.0.1:2"]
  espace_rpc = "http://127.0.0.1:3/hunter3"
}
output "rpc" {
  value = chain.conflux.core_rpc
}
"#;

/// Everything that was printed and written.
fn all(world: &World, ran: &Ran) -> String {
    let mut text = format!("{}{}", ran.out, ran.err);
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path != world.path("pool.hcl") {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    text
}

fn no_key(text: &str) {
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn case_key_in_url_an_endpoint_that_is_silent_is_named_without_its_key() {
    let world = World::real();
    world.write("pool.hcl", SPEC);
    for line in ["plan", "plan --json", "apply --auto-approve"] {
        let ran = world.run(line);
        let text = all(&world, &ran);
        assert_eq!(ran.exit, Exit::Error, "{line}: {text}");
        assert!(
            text.contains("127.0.0.1:1") && text.contains("chain/unreachable"),
            "{text}"
        );
        no_key(&text);
    }
    // It takes nothing down that is there, and asks nobody.
    let ran = world.run("destroy --auto-approve");
    let text = all(&world, &ran);
    assert_eq!(ran.exit, Exit::Done, "{text}");
    assert!(!text.contains("chain/unreachable"), "{text}");
    no_key(&text);
}

#[test]
fn case_key_in_url_a_problem_at_a_url_does_not_show_it() {
    let world = World::real();
    for (from, to) in [
        ("http://me:hunter2", "ws://me:hunter2"),
        ("core_rpc   =", "core_rpcs  ="),
        ("\"http://127.0.0.1:2\"]", "5]"),
        ("\"http://127.0.0.1:2\"]", "\"http://127.0.0.1:2\""),
        ("k=hunter4", "k=hunter4#0a1b2c3d"),
    ] {
        let spec = SPEC.replacen(from, to, 1);
        assert_ne!(spec, SPEC);
        world.write("pool.hcl", &spec);
        for line in ["validate", "validate --json", "plan"] {
            let ran = world.run(line);
            let text = all(&world, &ran);
            assert_ne!(ran.exit, Exit::Done, "{to}: {text}");
            assert!(text.contains("pool.hcl"), "{text}");
            no_key(&text);
        }
    }
}

#[test]
fn an_endpoint_may_be_a_secret_and_is_named() {
    let world = World::real();
    let named = SPEC.replacen(
        "\"http://me:hunter2@127.0.0.1:1/hunter3?k=hunter4\"",
        "file(\"rpc\")",
        1,
    );
    let named = named.replace("file(\"rpc\")", &format!("file({:?})", world.path("rpc")));
    world.write("pool.hcl", &named);
    let missing = world.run("plan");
    assert!(missing.err.contains("chain/bad-rpc"), "{}", missing.err);
    assert!(missing.err.contains("cannot be read"), "{}", missing.err);
    std::fs::write(world.path("rpc"), "hunter2\n").unwrap();
    let wrong = world.run("plan");
    assert!(wrong.err.contains("chain/bad-rpc"), "{}", wrong.err);
    no_key(&wrong.err);
    std::fs::write(world.path("rpc"), "http://127.0.0.1:1/hunter2\n").unwrap();
    let silent = world.run("plan");
    assert!(silent.err.contains("chain/unreachable"), "{}", silent.err);
    assert!(silent.err.contains("127.0.0.1:1"), "{}", silent.err);
    no_key(&silent.err);
}
