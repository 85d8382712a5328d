//! Somebody takes the place of a run, or of its state, at each of its points.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pospool_engine::store::{Disk, Mode, RealDisk, Store, StoreError};
use pospool_fake::{FakeProvider, Outside};
use pospool_model::Address;
use pospool_tests::point_world::{PointRunEnd, Ran, apply_on_disk, memory_folder};
use pospool_tests::points::{Point, Points, Script};
use pospool_tests::watched::{Watched, count_effects};
use pospool_tests::world::write_things;

fn before() -> String {
    write_things(&[(0, 1, 0, vec![]), (1, 1, 0, vec![0])])
}

fn after() -> String {
    write_things(&[(0, 2, 0, vec![]), (2, 1, 0, vec![0]), (3, 1, 0, vec![])])
}

/// A folder with a state, and an outside.
struct Place {
    folder: tempfile::TempDir,
    fake: FakeProvider,
}

impl Place {
    /// One with the first spec applied.
    fn new() -> Self {
        let place = Self {
            folder: memory_folder(),
            fake: FakeProvider::default(),
        };
        assert!(place.run(&before(), &Points::new(Script::Calm)).is_whole());
        place
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state.json")
    }

    fn run(&self, spec: &str, points: &Points) -> Ran {
        run(&self.state(), &self.fake, spec, points)
    }

    fn apply(&self) -> Ran {
        self.run(&after(), &Points::new(Script::Calm))
    }

    fn outside(&self) -> Outside {
        self.fake.outside().clone()
    }
}

fn run(state: &Path, fake: &FakeProvider, spec: &str, points: &Points) -> Ran {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    apply_on_disk(&disk, state, spec, Watched::new(fake), points)
}

/// Points of the second apply, and how often each step took effect after it.
fn undisturbed() -> (Vec<Point>, Outside) {
    let place = Place::new();
    let ran = place.apply();
    assert!(ran.is_whole());
    (ran.points.passed(), place.outside())
}

fn error_of(ran: &Ran) -> Option<&StoreError> {
    match &ran.ended {
        PointRunEnd::State(error) => Some(error),
        _ => None,
    }
}

/// What must hold in the end, whoever did what.
fn assert_as_if_alone(place: &Place, alone: &Outside, told: &str) {
    let outside = place.outside();
    assert_eq!(count_effects(&outside), count_effects(alone), "{told}");
    assert_eq!(outside.things, alone.things, "{told}");
    let store = Store::open(&place.state(), Mode::Read, "test").unwrap();
    let known: Vec<&str> = store
        .state()
        .resources
        .keys()
        .map(Address::as_str)
        .collect();
    assert_eq!(known, alone.things.keys().collect::<Vec<_>>(), "{told}");
    assert!(
        store.open_effects().is_empty() && store.replayed() == 0,
        "{told}"
    );
}

#[test]
fn whoever_locks_a_new_file_stops_the_run_that_holds_the_old_one() {
    let (points, alone) = undisturbed();
    let mut stopped = 0;
    for (number, point) in points.iter().enumerate() {
        if point.verb == "rename" {
            // Nothing can be noticed between the last look and the rename itself.
            continue;
        }
        let place = Place::new();
        let (state, fake) = (place.state(), place.fake.clone());
        let points = Points::visited(number, move || {
            fs::remove_file(with(&state, ".lock")).unwrap();
            let second = run(&state, &fake, &after(), &Points::new(Script::Calm));
            assert!(second.is_whole(), "{second:?}");
        });
        let first = place.run(&after(), &points);
        let told = format!("a second run before point {number}, {point}: {first:?}");
        match error_of(&first) {
            Some(error) => {
                assert_eq!(error.code(), "state/lock-lost", "{told}");
                stopped += 1;
            }
            None => assert!(first.is_whole(), "{told}"),
        }
        assert!(place.apply().is_whole(), "{told}");
        assert_as_if_alone(&place, &alone, &told);
    }
    assert!(stopped > 30, "most points are under the lock: {stopped}");
}

#[test]
fn a_state_that_is_replaced_at_any_point_is_put_back_as_the_message_says() {
    let (points, alone) = undisturbed();
    let other = Place::new();
    let mut stopped = 0;
    for (number, point) in points.iter().enumerate() {
        if point.verb == "rename" {
            continue;
        }
        let place = Place::new();
        let (state, theirs) = (place.state(), fs::read(other.state()).unwrap());
        let points = Points::visited(number, move || {
            fs::write(with(&state, ".theirs"), theirs).unwrap();
            fs::rename(with(&state, ".theirs"), &state).unwrap();
        });
        let ran = place.run(&after(), &points);
        let told = format!("replaced before point {number}, {point}: {ran:?}");
        let Some(error) = error_of(&ran) else {
            continue;
        };
        assert_eq!(error.code(), "state/replaced", "{told}");
        assert_eq!(
            fs::read(place.state()).unwrap(),
            fs::read(other.state()).unwrap(),
            "{told}"
        );
        let (kept, at) = put_back(&error.to_string());
        assert_eq!(at, place.state(), "{told}");
        fs::rename(kept, at).unwrap();
        assert!(place.apply().is_whole(), "{told}");
        assert_as_if_alone(&place, &alone, &told);
        stopped += 1;
    }
    assert!(stopped > 30, "most points are between two looks: {stopped}");
}

/// Does what the message says: the files that it names, in the order "state, kept state".
fn put_back(message: &str) -> (PathBuf, PathBuf) {
    assert!(message.contains("put the kept state back"), "{message}");
    let mut quoted = message.split('`').skip(1).step_by(2).map(PathBuf::from);
    let (state, kept) = (quoted.next().unwrap(), quoted.next().unwrap());
    (kept, state)
}

/// The user overlooks the message: the other state is not taken for the one that the journal goes on from.
#[test]
fn a_journal_is_never_folded_into_another_copy_of_its_state() {
    let place = Place::new();
    let older = fs::read(place.state()).unwrap();
    for further in 1..4 {
        let place = Place::new();
        fs::write(place.state(), &older).unwrap();
        // A copy of the same state, which goes its own way.
        let copy = Place::new();
        fs::write(copy.state(), &older).unwrap();
        for value in 0..further {
            let spec = write_things(&[(0, value, 0, vec![]), (1, 1, 0, vec![0])]);
            assert!(copy.run(&spec, &Points::new(Script::Calm)).is_whole());
        }
        let (state, theirs) = (place.state(), fs::read(copy.state()).unwrap());
        let at = begun();
        let points = Points::visited(at, move || fs::write(&state, theirs).unwrap());
        let ran = place.run(&after(), &points);
        let error = error_of(&ran).unwrap_or_else(|| panic!("{further}: {ran:?}"));
        assert_eq!(error.code(), "state/replaced", "{further}");
        let again = place.apply();
        let error = error_of(&again).unwrap_or_else(|| panic!("{further}: {again:?}"));
        assert_eq!(error.code(), "state/journal-foreign", "{further}");
    }
}

/// The point at which the first effect is on its way.
fn begun() -> usize {
    let (points, _) = undisturbed();
    let is_effect = |point: &Point| point.verb == "send" && point.subject == "effect";
    points.iter().position(is_effect).unwrap()
}

fn with(state: &Path, suffix: &str) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
