//! One apply under test on the fake provider: what is there before it, what must be there after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pospool_engine::store::{Disk, StateKey, decode_given};
use pospool_fake::Outside;
use pospool_model::state::State;
use pospool_model::{Diagnostic, Secret};
use pospool_tests::point_world::{PointRunEnd, PointWorld, Ran};
use pospool_tests::points::{Death, Point, Script};
use pospool_tests::simdisk::{Cuts, DiskImage, Honesty, SimDisk};
use pospool_tests::watched::count_effects;
use pospool_tests::world::write_things;

use super::table::{Next, Verdict, Wrong};

/// An apply under test.
pub(super) struct Stage {
    pub(super) name: &'static str,
    world: PointWorld,
    before: DiskImage,
    outside: Outside,
    spec: String,
    /// The points of an undisturbed run.
    pub(super) points: Vec<Point>,
    /// How often each step took effect in an undisturbed run and before it.
    pub(super) effects: BTreeMap<String, usize>,
    /// What is outside after an undisturbed run.
    pub(super) things: BTreeSet<String>,
}

/// A run that was stopped, and what it left.
struct Crash {
    ran: Ran,
    disk: SimDisk,
    outside: Outside,
}

/// A spec of three things and a record.
pub(super) fn first() -> String {
    let three = [(0, 1, 0, vec![]), (1, 1, 0, vec![0]), (2, 1, 0, vec![])];
    format!(
        "{}record \"note\" {{\n  value = 1\n}}\n",
        write_things(&three)
    )
}

/// The spec after it: one thing changed, one made again, one gone, one new.
pub(super) fn second() -> String {
    let three = [(0, 2, 0, vec![]), (1, 1, 1, vec![0]), (3, 1, 0, vec![0])];
    format!(
        "{}record \"note\" {{\n  value = 2\n}}\n",
        write_things(&three)
    )
}

/// The applies under test.
pub(super) fn stages() -> Vec<Stage> {
    vec![
        Stage::new("the first apply", &[&first()]),
        Stage::new("a change", &[&first(), &second()]),
        Stage::new("taking everything down", &[&second(), ""]),
        Stage::sealed("a change, sealed", &[&first(), &second()], false),
        Stage::sealed("a change, encrypted", &[&first(), &second()], true),
    ]
}

impl Stage {
    /// The apply of the last spec after those of the others.
    pub(super) fn new(name: &'static str, specs: &[&str]) -> Self {
        Self::on(PointWorld::default(), name, specs)
    }

    /// The same with a seal on the state.
    fn sealed(name: &'static str, specs: &[&str], encrypt: bool) -> Self {
        let mut world = PointWorld::default();
        let secret = Secret::new("5eed".repeat(16));
        world.key = Some(Arc::new(StateKey::new(&secret, encrypt).unwrap()));
        Self::on(world, name, specs)
    }

    fn on(world: PointWorld, name: &'static str, specs: &[&str]) -> Self {
        let disk = SimDisk::default();
        let (last, earlier) = specs.split_last().unwrap();
        for spec in earlier {
            assert!(world.apply(&shared(&disk), spec, Script::Calm).is_whole());
        }
        let (before, outside) = (disk.now(), world.fake.outside().clone());
        let ran = world.apply(&shared(&disk), last, Script::Calm);
        assert!(ran.is_whole(), "{ran:?}");
        let (effects, things) = {
            let outside = world.fake.outside();
            (
                count_effects(&outside),
                outside.things.keys().cloned().collect(),
            )
        };
        Self {
            name,
            world,
            before,
            outside,
            spec: (*last).to_owned(),
            points: ran.points.passed(),
            effects,
            things,
        }
    }

    /// Runs the apply under a script, and looks at every disk that the crash can leave.
    pub(super) fn trial(
        &self,
        script: Script,
        cuts: Cuts,
        honesty: Honesty,
    ) -> (Ran, Vec<Verdict>) {
        let crash = self.crash(&self.before, &self.outside, script, honesty);
        let verdicts = self.after(&crash, cuts);
        (crash.ran, verdicts)
    }

    /// Kills the apply at one point, and the apply that follows at each of its points that `is_tried`
    /// names; then looks at what the next one makes of it.
    pub(super) fn killed_twice(&self, at: usize, is_tried: impl Fn(usize) -> bool) -> Vec<Verdict> {
        let kill = |at| Script::Kill(at, Death::Run);
        let first = self.crash(&self.before, &self.outside, kill(at), Honesty::Honest);
        let mut verdicts = Vec::new();
        for cut in first.disk.cuts(Cuts::Two) {
            for again in 0.. {
                if !is_tried(again) {
                    continue;
                }
                let second = self.crash(&cut.image, &first.outside, kill(again), Honesty::Honest);
                if !matches!(second.ran.ended, PointRunEnd::Killed) {
                    break;
                }
                verdicts.extend(self.after(&second, Cuts::Two));
            }
        }
        verdicts
    }

    fn crash(
        &self,
        image: &DiskImage,
        outside: &Outside,
        script: Script,
        honesty: Honesty,
    ) -> Crash {
        *self.world.fake.outside() = outside.clone();
        let disk = SimDisk::holding(image).with(honesty);
        let ran = self.world.apply(&shared(&disk), &self.spec, script);
        let outside = self.world.fake.outside().clone();
        Crash { ran, disk, outside }
    }

    /// What the next apply makes of each disk that is left.
    fn after(&self, crash: &Crash, cuts: Cuts) -> Vec<Verdict> {
        let lineage = self.lineage_that_counts(&crash.disk.now(), &crash.outside);
        let cuts = crash.disk.cuts(cuts).into_iter();
        cuts.map(|cut| {
            *self.world.fake.outside() = crash.outside.clone();
            let mut verdict = self.verdict(&cut.image, lineage.as_deref());
            for wrong in &mut verdict.wrong {
                wrong.add(&cut.how);
            }
            verdict
        })
        .collect()
    }

    /// The lineage that must be found again: that of a state that somebody saw, or that something was made under.
    fn lineage_that_counts(&self, now: &DiskImage, outside: &Outside) -> Option<String> {
        let counts = !self.before.is_empty() || !outside.effects.is_empty();
        let state = state_in(now, &self.world).ok().filter(|_| counts)?;
        Some(state.lineage)
    }

    /// The next apply, and what is there after it.
    fn verdict(&self, image: &DiskImage, lineage: Option<&str>) -> Verdict {
        let disk = SimDisk::holding(image);
        let ran = self.world.apply(&shared(&disk), &self.spec, Script::Calm);
        let next = next_of(&ran);
        let mut wrong = self.wrong_outside();
        wrong.extend(ran.warnings().iter().map(false_alarm));
        match &ran.ended {
            _ if ran.is_whole() => wrong.extend(self.wrong_state(&disk, lineage)),
            PointRunEnd::State(error) => {
                wrong.push(Wrong::Lost(format!("{}: {error}", error.code())));
            }
            ended => wrong.push(Wrong::Unfinished(format!("{ended:?}"))),
        }
        Verdict { next, wrong }
    }

    fn wrong_outside(&self) -> Vec<Wrong> {
        let outside = self.world.fake.outside();
        wrong_effects(&count_effects(&outside), &self.effects)
            .into_iter()
            .chain(wrong_things(&outside, &self.things))
            .collect()
    }

    fn wrong_state(&self, disk: &SimDisk, lineage: Option<&str>) -> Vec<Wrong> {
        let image = disk.now();
        let state = match state_in(&image, &self.world) {
            Ok(state) => state,
            Err(error) => return vec![Wrong::Lost(error)],
        };
        let mut wrong = Vec::new();
        if lineage.is_some_and(|lineage| lineage != state.lineage) {
            wrong.push(Wrong::Lost("it is another state".to_owned()));
        }
        if image
            .keys()
            .any(|path| path.extension().is_some_and(|it| it == "journal"))
        {
            wrong.push(Wrong::Unfinished("the journal is still there".to_owned()));
        }
        wrong.extend(wrong_records(&state, &self.things));
        match self.world.plan(&shared(disk), &self.spec) {
            Ok(Ok(rest)) if rest.problems.is_empty() => {
                if !rest.plan.steps.is_empty() || !rest.plan.drift.is_empty() {
                    let left = format!("left to do: {:?} {:?}", rest.plan.steps, rest.plan.drift);
                    wrong.push(Wrong::Unfinished(left));
                }
            }
            Ok(Ok(rest)) => wrong.push(Wrong::Unfinished(format!("{:?}", rest.problems))),
            Ok(Err(trouble)) => wrong.push(Wrong::Unfinished(format!("{trouble:?}"))),
            Err(error) => wrong.push(Wrong::Lost(error.to_string())),
        }
        wrong
    }
}

impl Wrong {
    fn add(&mut self, how: &str) {
        let (Self::Lost(text) | Self::Doubled(text) | Self::Unfinished(text)) = self;
        *text = format!("{text} (the disk: {how})");
    }
}

/// Nobody else was there, so nobody is to be warned of.
pub(super) fn false_alarm(warning: &Diagnostic) -> Wrong {
    Wrong::Unfinished(format!("{}: {}", warning.code, warning.summary))
}

/// What a run after a crash had to do.
pub(super) fn next_of(ran: &Ran) -> Next {
    if ran.open > 0 {
        Next::Settled
    } else if ran.sent() > 0 {
        Next::Went
    } else {
        Next::Nothing
    }
}

/// Steps that took effect more or less often than they should.
pub(super) fn wrong_effects(
    found: &BTreeMap<String, usize>,
    expected: &BTreeMap<String, usize>,
) -> Vec<Wrong> {
    let steps: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let of = |counts: &BTreeMap<String, usize>, step| counts.get(step).copied().unwrap_or(0);
    let compared = steps.into_iter().filter_map(|step| {
        let (found, expected) = (of(found, step), of(expected, step));
        let text = format!("{step}: {found} times instead of {expected}");
        match found.cmp(&expected) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Wrong::Doubled(text)),
            std::cmp::Ordering::Less => Some(Wrong::Unfinished(text)),
        }
    });
    compared.collect()
}

/// Things that are there and should not be, or the other way round.
pub(super) fn wrong_things(outside: &Outside, expected: &BTreeSet<String>) -> Option<Wrong> {
    let found: BTreeSet<String> = outside.things.keys().cloned().collect();
    (found != *expected)
        .then(|| Wrong::Unfinished(format!("{found:?} are there instead of {expected:?}")))
}

/// Things that the state does not know, or knows only in part.
pub(super) fn wrong_records(state: &State, things: &BTreeSet<String>) -> Vec<Wrong> {
    let whole = state
        .resources
        .iter()
        .filter(|(_, recorded)| recorded.complete);
    let known: BTreeSet<&str> = whole.map(|(address, _)| address.as_str()).collect();
    let forgotten = things
        .iter()
        .filter(|thing| !known.contains(thing.as_str()));
    forgotten
        .map(|thing| Wrong::Lost(format!("the state does not know {thing}")))
        .collect()
}

fn state_in(image: &DiskImage, world: &PointWorld) -> Result<State, String> {
    let path = world.state_path();
    let bytes = image.get(&path).ok_or("there is no state")?;
    decode_given(&path, bytes, world.key.as_deref()).map_err(|error| error.to_string())
}

fn shared(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}
