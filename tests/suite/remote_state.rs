//! States that somebody else keeps: a real S3 server, servers of the HTTP state protocol, and real processes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_engine::store::{Mode, Store};
use pospool_fake::{FakeFault, FakeProvider};
use pospool_remote::{Location, RemoteSettings};
use pospool_tests::s3::S3;
use pospool_tests::state_server::{Manner, StateServer};
use pospool_tests::world::{RunError, apply_on, plan_on, write_things};
use serde_json::{Value as Json, json};

mod overflow;
mod sealed;

pub(crate) type Environment = BTreeMap<String, String>;

const SPEC: &str = "record \"a\" {\n  value = 1\n}\nrecord \"b\" {\n  value = record.a.value\n}\n";

/// A folder with a spec: what one person, or one runner, has of a project.
struct Desk {
    folder: tempfile::TempDir,
    place: String,
    environment: Environment,
}

/// What a command left behind.
#[derive(Debug)]
struct Ran {
    exit: i32,
    out: String,
    err: String,
    took: Duration,
}

impl Desk {
    fn new(place: &str, environment: Environment) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pool.hcl"), SPEC).unwrap();
        Self {
            folder,
            place: place.to_owned(),
            environment,
        }
    }

    fn run(&self, line: &str) -> Ran {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn run_words(&self, words: &[&str]) -> Ran {
        let begun = Instant::now();
        let ended = program(&self.environment)
            .args(words)
            .env("POSPOOL_STATE", &self.place)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Ran {
            exit: ended.status.code().unwrap_or(-1),
            out: String::from_utf8(ended.stdout).unwrap(),
            err: String::from_utf8(ended.stderr).unwrap(),
            took: begun.elapsed(),
        }
    }

    fn well(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.exit, 0, "{line}: {ran:?}");
        ran.out
    }

    fn is_settled(&self) -> bool {
        self.run("plan --detailed-exitcode").exit == 0
    }
}

fn program(environment: &Environment) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tested"));
    command.envs(environment);
    command
}

/// A process that holds a state and writes when it is told to.
pub(crate) struct Holder {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Holder {
    pub(crate) fn start(place: &str, environment: &Environment) -> Self {
        let mut process = program(environment)
            .args(["hold", place])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut holder = Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
        };
        assert_eq!(holder.hear(), "held");
        holder
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Has it write an output of this name; returns what came of it.
    pub(crate) fn write(&mut self, name: &str) -> String {
        writeln!(self.input, "{name}").unwrap();
        self.hear()
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.process.wait().unwrap().success());
    }
}

#[test]
fn the_server_of_these_tests_honours_conditions() {
    let s3 = S3::shared();
    let place = s3.place();
    let target = format!("/{}", place.strip_prefix("s3://").unwrap());
    let put = |header: &str, body: &[u8]| s3.ask("PUT", &target, &[header], body);
    assert_eq!(put("If-None-Match: *", b"one"), 200);
    assert_eq!(put("If-None-Match: *", b"two"), 412);
    let etag = |digest: &str| format!("If-Match: \"{digest}\"");
    // The tag of an object is the MD5 of its content.
    let one = etag("f97c5d29941bfb1b2fdab0874906ab82");
    assert_eq!(put(&one, b"two"), 200);
    assert_eq!(put(&one, b"three"), 412);
}

#[test]
fn on_files_one_wins_and_a_killed_holder_needs_no_hand() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("state.json").display().to_string();
    two_processes(&place, &Environment::new(), "files");
}

#[test]
fn on_s3_one_wins_and_a_killed_holder_on_this_machine_needs_no_hand() {
    let s3 = S3::shared();
    two_processes(&s3.place(), &s3.environment(), "S3");
}

#[test]
fn over_http_one_wins_and_a_killed_holder_on_this_machine_needs_no_hand() {
    for manner in [Manner::Plain, Manner::GitLab] {
        let server = StateServer::start(manner);
        two_processes(server.url(), &http(), &format!("HTTP, {manner:?}"));
    }
}

fn http() -> Environment {
    [
        ("POSPOOL_HTTP_USERNAME", "pool"),
        ("POSPOOL_HTTP_PASSWORD", "hunter2"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

fn two_processes(place: &str, environment: &Environment, what: &str) {
    let desk = Desk::new(place, environment.clone());
    let mut holder = Holder::start(place, environment);
    assert_eq!(holder.write("first"), "written");
    let second = desk.run("apply --auto-approve");
    assert_eq!(second.exit, 4, "{second:?}");
    assert!(second.err.starts_with("error[state/locked]"), "{second:?}");
    let who = format!("`pospool apply`, process {} on ", holder.pid());
    assert!(second.err.contains(&who), "{second:?}");
    println!("{what}: the second one left after {:?}", second.took);
    holder.kill();
    desk.well("apply --auto-approve");
    assert!(desk.is_settled());
}

#[test]
fn on_s3_a_silent_holder_is_followed_after_its_lease_and_can_write_no_more() {
    let s3 = S3::shared();
    let place = s3.place();
    let mut environment = s3.environment();
    environment.insert("POSPOOL_LEASE".to_owned(), "2s".to_owned());
    let desk = Desk::new(&place, environment.clone());
    let mut holder = Holder::start(&place, &environment);
    assert_eq!(holder.write("first"), "written");
    holder.signal("-STOP");
    let refused = desk.run("apply --auto-approve");
    assert_eq!(refused.exit, 4, "{refused:?}");
    assert!(refused.err.contains("its lock ends in "), "{refused:?}");
    let mut looks = 1;
    loop {
        let ran = desk.run("apply --auto-approve");
        if ran.exit == 0 {
            break;
        }
        assert_eq!(ran.exit, 4, "{ran:?}");
        looks += 1;
        assert!(looks < 600, "the lease does not end: {ran:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("the lease of 2 s was over after {looks} looks");
    let made = desk.well("show --json");
    holder.signal("-CONT");
    for name in ["late", "later"] {
        assert_eq!(holder.write(name), "state/lock-lost");
    }
    holder.end();
    assert_eq!(desk.well("show --json"), made);
    assert!(desk.is_settled());
}

#[test]
fn on_s3_a_holder_that_gives_signs_of_life_keeps_its_lock() {
    let s3 = S3::shared();
    let place = s3.place();
    let mut environment = s3.environment();
    environment.insert("POSPOOL_LEASE".to_owned(), "1s".to_owned());
    let mut holder = Holder::start(&place, &environment);
    assert_eq!(holder.write("first"), "written");
    let desk = Desk::new(&place, environment);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(6) {
        assert_eq!(desk.run("apply --auto-approve").exit, 4);
    }
    assert_eq!(holder.write("second"), "written");
    holder.end();
    desk.well("apply --auto-approve");
}

#[test]
fn on_s3_many_at_once_come_one_after_the_other() {
    let s3 = S3::shared();
    let place = s3.place();
    let exits: Vec<i32> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let desk = Desk::new(&place, s3.environment());
                    desk.run("apply --auto-approve").exit
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(exits.contains(&0), "{exits:?}");
    assert!(exits.iter().all(|exit| [0, 4].contains(exit)), "{exits:?}");
    let desk = Desk::new(&place, s3.environment());
    desk.well("apply --auto-approve");
    assert!(desk.is_settled());
}

#[test]
fn a_project_lives_on_s3() {
    let s3 = S3::shared();
    let place = s3.place();
    project_lives(&|| Desk::new(&place, s3.environment()));
}

#[test]
fn a_project_lives_over_http() {
    for manner in [Manner::Plain, Manner::GitLab] {
        let server = StateServer::start(manner);
        project_lives(&|| Desk::new(server.url(), http()));
        assert_eq!(server.held(), Json::Null, "the lock was given back");
        assert!(!server.document().to_string().contains("hunter2"));
    }
}

/// Plans, applies and destroys, each from another folder.
fn project_lives(desk: &dyn Fn() -> Desk) {
    let first = desk();
    assert_eq!(first.run("plan --detailed-exitcode").exit, 2);
    first.well("plan --out plan.json");
    first.well("apply plan.json");
    assert!(desk().is_settled());
    let shown: Json = serde_json::from_str(&desk().well("show --json")).unwrap();
    assert_eq!(
        shown["state"]["resources"]["record.b"]["attributes"]["value"],
        1
    );
    assert!(!first.folder.path().join("pospool.state.json").exists());
    desk().well("destroy --auto-approve");
    let shown: Json = serde_json::from_str(&desk().well("show --json")).unwrap();
    assert_eq!(shown["state"]["resources"], json!({}));
    case_no_backup_what_a_destroy_elsewhere_replaced_comes_back(desk);
}

fn case_no_backup_what_a_destroy_elsewhere_replaced_comes_back(desk: &dyn Fn() -> Desk) {
    let list: Json = serde_json::from_str(&desk().well("state restore --json")).unwrap();
    let kept = &list["backups"][0];
    assert_eq!(kept["resources"], json!(["record.a", "record.b"]), "{list}");
    desk().well(&format!("state restore {}", kept["number"]));
    assert!(desk().is_settled());
}

#[test]
fn on_s3_answers_that_are_cut_change_nothing() {
    let s3 = S3::shared();
    let place = s3.place();
    // The first write of a run is the lock, the second one its first entry.
    for cut in 0..6 {
        let desk = Desk::new(&place, s3.cutting(move |write| write == cut));
        desk.well("apply --auto-approve");
        desk.well("destroy --auto-approve");
    }
    let desk = Desk::new(&place, s3.cutting(|write| write % 2 == 0));
    desk.well("apply --auto-approve");
    assert!(Desk::new(&place, s3.environment()).is_settled());
}

#[test]
fn a_lock_of_another_program_stays_until_it_is_named() {
    let server = StateServer::start(Manner::Plain);
    server.lock(json!({"ID": "b1f3", "Operation": "OperationTypeApply", "Who": "carol@laptop"}));
    let desk = Desk::new(server.url(), http());
    let refused = desk.run("apply --auto-approve");
    assert_eq!(refused.exit, 4, "{refused:?}");
    assert!(refused.err.contains("carol@laptop"), "{refused:?}");
    assert!(
        refused.err.contains("`pospool state unlock b1f3`"),
        "{refused:?}"
    );
    assert_eq!(desk.run("state unlock another").exit, 1);
    assert_eq!(server.held()["ID"], "b1f3");
    desk.well("state unlock b1f3");
    desk.well("apply --auto-approve");
}

/// Whoever can take the lock names it and says who they are.
#[test]
fn a_planted_lock_makes_no_line_of_its_own_and_can_be_taken_away() {
    let server = StateServer::start(Manner::Plain);
    let note = "carol\n\u{1b}[2Jall done; 4 effects done\r";
    server.lock(json!({"ID": "b1\u{1b}\nf3", "Operation": note, "Who": note}));
    let desk = Desk::new(server.url(), http());
    let (shown, refused) = (desk.well("state unlock"), desk.run("apply --auto-approve"));
    assert_eq!(refused.exit, 4, "{refused:?}");
    for said in [&shown, &desk.run("state unlock another").err, &refused.err] {
        let wild = |c: char| c.is_control() && c != '\n';
        assert!(!said.contains(wild), "{said:?}");
        assert!(said.contains("carol \u{fffd}[2Jall done;"), "{said:?}");
        assert!(
            !said
                .lines()
                .any(|line| line.contains("all done;") && !line.contains("carol"))
        );
    }
    assert_eq!(shown.lines().count(), 1, "{shown:?}");
    let name = "b1\u{fffd} f3";
    assert!(shown.contains(name), "{shown:?}");
    let taken = desk.run_words(&["state", "unlock", name]);
    assert_eq!(taken.exit, 0, "{taken:?}");
    assert_eq!(taken.out.lines().count(), 1, "{taken:?}");
    desk.well("apply --auto-approve");
}

#[test]
fn a_wrong_password_is_told_and_not_repeated() {
    let server = StateServer::start(Manner::GitLab);
    let mut environment = http();
    environment.insert("POSPOOL_HTTP_PASSWORD".to_owned(), "wrong-one".to_owned());
    let refused = Desk::new(server.url(), environment).run("apply --auto-approve");
    assert_eq!(refused.exit, 1, "{refused:?}");
    assert!(refused.err.contains("401 Unauthorized"), "{refused:?}");
    assert!(!refused.err.contains("wrong-one"), "{refused:?}");
}

#[test]
fn a_state_moves_from_a_file_to_s3_to_http_and_back() {
    let s3 = S3::shared();
    let server = StateServer::start(Manner::GitLab);
    let mut environment = s3.environment();
    environment.extend(http());
    let mut desk = Desk::new("pospool.state.json", environment);
    desk.well("apply --auto-approve");
    let pulled = desk.well("state pull");
    for place in [
        &s3.place(),
        server.url(),
        "again.json",
        "pospool.state.json",
    ] {
        desk.well(&format!("state migrate --to {place}"));
        let left = desk.run("apply --auto-approve");
        assert_eq!(left.exit, 9, "{left:?}");
        assert!(left.err.starts_with("error[state/moved]"), "{left:?}");
        assert!(left.err.contains(place), "{left:?}");
        place.clone_into(&mut desk.place);
        assert_eq!(desk.well("state pull"), pulled);
        assert!(desk.is_settled());
        assert_eq!(desk.well("state repair").lines().count(), 1);
    }
}

#[test]
fn on_s3_the_lock_of_a_living_holder_is_only_taken_by_force() {
    let s3 = S3::shared();
    let place = s3.place();
    let desk = Desk::new(&place, s3.environment());
    assert!(desk.well("state unlock").starts_with("nobody holds"));
    let mut holder = Holder::start(&place, &s3.environment());
    let shown: Json = serde_json::from_str(&desk.well("state unlock --json")).unwrap();
    assert_eq!(shown["lock"]["holder"]["pid"], holder.pid());
    let id = shown["lock"]["id"].as_str().unwrap();
    assert_eq!(desk.run("state unlock another").exit, 1);
    let live = desk.run(&format!("state unlock {id}"));
    assert_eq!(live.exit, 4, "{live:?}");
    assert!(live.err.starts_with("error[state/live-lock]"), "{live:?}");
    desk.well(&format!("state unlock {id} --force"));
    assert_eq!(holder.write("late"), "state/lock-lost");
    holder.end();
    desk.well("apply --auto-approve");
}

/// The engine with its fake outside, on a state that is somewhere else.
struct Far {
    fake: FakeProvider,
    registry: Registry,
    location: Location,
    settings: RemoteSettings,
}

impl Far {
    fn new() -> Self {
        let s3 = S3::shared();
        let fake = FakeProvider::default();
        Self {
            registry: Registry::new(vec![Arc::new(fake.clone()), Arc::new(RecordProvider)]),
            fake,
            location: Location::parse(&s3.place(), Path::new("/")).unwrap(),
            settings: RemoteSettings::read(&s3.environment()).unwrap(),
        }
    }

    fn open(&self) -> Store {
        pospool_remote::open_store(&self.location, Mode::Write, "test", &self.settings, &None)
            .unwrap()
    }

    async fn apply(&self, spec: &str) -> Result<usize, RunError> {
        let applied = apply_on(&mut self.open(), &self.registry, spec)
            .await
            .unwrap();
        applied.map(|applied| applied.outcome.failures.len())
    }
}

#[tokio::test]
async fn on_s3_what_one_machine_began_another_one_ends_and_nothing_happens_twice() {
    let spec = write_things(&[(1, 1, 0, vec![]), (2, 2, 0, vec![1]), (3, 3, 1, vec![])]);
    for fault in [
        FakeFault::AnswerLost(0),
        FakeFault::DiesBefore(1),
        FakeFault::DiesAfter(1),
        FakeFault::DiesAfter(2),
    ] {
        let far = Far::new();
        far.fake.outside().fault = Some(fault);
        // Whether it ends in words or in a failure is the engine's business.
        let _ = far.apply(&spec).await;
        let open = far.open().open_effects().len();
        assert!(open > 0, "{fault:?} leaves its ticket behind");
        {
            let mut outside = far.fake.outside();
            (outside.fault, outside.dead) = (None, false);
        }
        assert_eq!(far.apply(&spec).await.unwrap(), 0, "{fault:?}");
        let outside = far.fake.outside().clone();
        assert_eq!(outside.things.len(), 3, "{fault:?}");
        assert!(
            outside.effects.values().all(|count| *count == 1),
            "{fault:?}"
        );
        let planned = plan_on(&mut far.open(), &far.registry, &spec)
            .await
            .unwrap();
        assert!(planned.unwrap().plan.steps.is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn on_s3_who_lost_the_state_begins_nothing_more() {
    let far = Far::new();
    far.apply(&write_things(&[(1, 1, 0, vec![])]))
        .await
        .unwrap();
    let mut late = far.open();
    let held = pospool_remote::read_lock_holder(&far.location, &far.settings)
        .unwrap()
        .unwrap();
    assert!(held.live);
    pospool_remote::force_unlock(&far.location, &far.settings, &held.id).unwrap();
    let before = far.fake.outside().effects.clone();
    let wanted = write_things(&[(1, 2, 0, vec![])]);
    let lost = apply_on(&mut late, &far.registry, &wanted)
        .await
        .unwrap_err();
    assert_eq!(lost.code(), "state/lock-lost");
    assert_eq!(far.fake.outside().effects, before);
    drop(late);
    assert_eq!(far.apply(&wanted).await.unwrap(), 0);
}
