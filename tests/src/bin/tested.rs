//! The program for tests that need processes: `pospool` itself, or, as `tested hold LOCATION`,
//! a process that holds a state and does what it is told on its input.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use pospool_engine::store::Mode;
use pospool_remote::{Location, RemoteSettings};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [hold, location] if hold == "hold" => {
            self::hold(location);
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(pospool_cli::run_program().code()),
    }
}

/// Takes the lock, says so, and then writes once for each line of its input; says what came of it.
fn hold(location: &str) {
    let environment: BTreeMap<_, _> = std::env::vars().collect();
    let settings = RemoteSettings::read(&environment).expect("settings");
    let location = Location::parse(location, Path::new("/")).expect("a location");
    let opened = pospool_remote::open_store(&location, Mode::Write, "apply", &settings, &None);
    let mut store = opened.expect("the lock is free");
    say("held");
    for line in std::io::stdin().lock().lines() {
        let name = line.expect("a line");
        let written = store.update(|state| {
            state.outputs.insert(name, true.into());
        });
        say(written.map_or_else(|error| error.code().as_str(), |()| "written"));
    }
}

fn say(word: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{word}").and_then(|()| out.flush());
}
