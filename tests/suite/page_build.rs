//! Images on the engine: the container in which a page is built has no network, and no image of another program is taken for ours.

use std::time::{SystemTime, UNIX_EPOCH};

use pospool_cli::exit::Exit;
use pospool_tests::stub_world::StubWorld;
use serde_json::json;

const BUILD: &str = "pospool.build";

/// A world whose spec is a page from sources.
fn world() -> StubWorld {
    let world = StubWorld::new(1);
    std::fs::create_dir(world.path("page")).unwrap();
    world.write("page/package.json", "{}");
    world.write(
        "page/package-lock.json",
        r#"{ "lockfileVersion": 3, "packages": {} }"#,
    );
    let image = format!("node:20@sha256:{}", "0a".repeat(32));
    let manager = format!("cfxtest:{}", "a".repeat(42));
    let folder = world.path("page").display().to_string();
    world.write_spec(&format!(
        "chain \"conflux\" {{\n  network = \"testnet\"\n}}\n\
         host \"local\" {{}}\n\
         ui \"site\" {{\n  manager = \"{manager}\"\n  tree = \"{folder}\"\n  \
         build_image = \"{image}\"\n}}\n"
    ));
    world
}

fn build_names(world: &StubWorld) -> Vec<String> {
    let names = world.engine.names().into_iter();
    names
        .filter(|name| name.starts_with("pospool-build-"))
        .collect()
}

fn in_hours(hours: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    now.checked_add_signed(hours * 3600).unwrap().to_string()
}

#[test]
fn a_page_is_built_without_a_network_and_leaves_none() {
    let world = world();
    let ran = world.run(&["apply", "--auto-approve"], "");
    assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    let builds = world.engine.builds();
    let [(request, is_apart)] = builds.as_slice() else {
        panic!("{builds:?}");
    };
    assert!(is_apart, "{request}");
    let network = request["HostConfig"]["NetworkMode"].as_str().unwrap();
    assert!(network.starts_with("pospool-build-"), "{request}");
    let until: u64 = request["Labels"][BUILD].as_str().unwrap().parse().unwrap();
    assert!(until > in_hours(1).parse().unwrap(), "{request}");
    assert_eq!(build_names(&world), Vec::<String>::new());
}

/// An engine that says yes and does nothing.
#[test]
fn a_container_that_stays_on_its_network_builds_nothing() {
    let world = world();
    world.engine.keep_networks();
    let ran = world.run(&["apply", "--auto-approve"], "");
    assert_eq!(ran.exit, Exit::Error, "{}{}", ran.out, ran.err);
    let said = ran.out + &ran.err;
    assert!(said.contains("docker/page-build"), "{said}");
    assert!(
        said.contains("still on the network `pospool-build-"),
        "{said}"
    );
    assert_eq!(world.engine.builds().len(), 0);
    assert_eq!(build_names(&world), Vec::<String>::new());
}

/// What is old enough was left by a run that was killed; another run may be at work with the rest.
#[test]
fn what_a_killed_build_left_goes_at_the_next_one() {
    let world = world();
    world
        .engine
        .leave("pospool-build-old", &json!({ BUILD: in_hours(-1) }));
    world
        .engine
        .leave("pospool-build-new", &json!({ BUILD: in_hours(1) }));
    world
        .engine
        .leave("pospool-build-own", &json!({ "whose": "somebody else's" }));
    let ran = world.run(&["apply", "--auto-approve"], "");
    assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    let left = ["new", "own"].map(|name| format!("pospool-build-{name}"));
    assert_eq!(build_names(&world), [left.clone(), left].concat());
}

/// A container that is made anew gets this program; the same image for another reason is not built again.
#[test]
fn an_image_with_another_program_inside_is_made_again_and_stops_nothing() {
    let world = world();
    let applies = || {
        let before = world.engine.images_built().len();
        let ran = world.run(&["apply", "--auto-approve"], "");
        assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
        let built = world.engine.images_built().split_off(before);
        let of_servers = built.iter().filter(|name| name.starts_with("pospool/ui:"));
        of_servers.count()
    };
    // What makes the container anew, and nothing of its image.
    let widen = || {
        world
            .engine
            .change_setting("ui.site", "ReadonlyRootfs", json!(false));
    };
    assert_eq!(applies(), 1);
    widen();
    assert_eq!(applies(), 0, "the image holds this very program");
    world
        .engine
        .label_images("pospool.inside", "another program");
    let changes = world.engine.changes();
    assert_eq!(applies(), 0);
    assert_eq!(
        world.engine.changes(),
        changes,
        "another program stops nothing"
    );
    widen();
    assert_eq!(applies(), 1);
}
