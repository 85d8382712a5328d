//! What a person sees in front of a terminal: a real one, by `script`.

use std::process::{Command, Stdio};

use pospool_tests::stub_world::StubWorld;

/// What a command writes to a terminal.
fn on_a_terminal(world: &StubWorld, command: &str) -> String {
    let program = env!("CARGO_BIN_EXE_tested");
    let run = Command::new("script")
        .args(["--quiet", "--return", "--echo", "never", "--command"])
        .arg(format!("{program} {command}"))
        .arg("/dev/null")
        .current_dir(world.path("."))
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{said}");
    said
}

#[test]
fn case_progress_lines_what_goes_on_is_rewritten_in_place() {
    let world = StubWorld::new(1234);
    world.write_spec("host \"local\" {}\n\nvolume \"main\" {}\n\nvolume \"other\" {}\n");
    let said = on_a_terminal(&world, "apply --auto-approve");
    // It is drawn, taken away, and drawn again: the line of the whole, with n of m.
    let cleared = "\u{1b}[2K";
    assert!(said.contains(cleared), "{said:?}");
    assert!(
        said.contains("0 of 2 done") && said.contains("so far"),
        "{said:?}"
    );
    assert!(said.contains("how long is left depends on vol"), "{said:?}");
    // What stays is one line for each effect, with what it was about.
    for volume in ["main", "other"] {
        let stays = format!("create Docker volume pospool-1a2b3c4d-{volume}: \u{1b}[32mdone");
        assert_eq!(said.matches(&stays).count(), 1, "{said:?}");
    }
    // Nothing of it is left when the result comes.
    let (before, after) = said.split_once("all done").unwrap();
    assert!(
        before.ends_with(&format!("{cleared}\u{1b}[32m")),
        "{before:?}"
    );
    assert!(!after.contains(cleared), "{after:?}");
}
