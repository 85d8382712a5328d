//! One story: a spec, applies that are disturbed, an apply that is not, and what must be true then.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pospool_modelchain::random::Random;
use pospool_modelchain::{CrashPoint, Moment, Weather};
use pospool_tests::pool_world::{Disturbance, Expected, PoolRunEnd, PoolWorld, Shape, check_world};
use pospool_tests::simdisk::{Cuts, SimDisk};

use super::tally::Tally;

/// Tells the story of a seed.
pub(super) async fn tell(seed: u64, tally: &Tally) -> Result<(), String> {
    let mut random = Random::new(seed);
    let first = Shape::drawn(&mut random);
    let mut shapes = vec![first];
    if random.chance(400) {
        shapes.push(shapes[0].changed(&mut random));
    }
    let world = PoolWorld::new(&shapes[0], random.number());
    let mut disk = SimDisk::default();
    world.set_sim_disk(&disk);
    let mut weather = Weather::drawn(&mut random, shapes[0].depth());
    if super::gateways() {
        // A stream of its own: everything else of the story stays as it is.
        weather = weather.behind_gateways(&mut Random::new(!seed));
    }
    if random.chance(100) {
        weather = Weather::calm();
    }
    for told in 1..=shapes.len() {
        let mut tale = String::new();
        let mut chapter = Chapter {
            world: &world,
            shapes: &shapes[..told],
            weather: &weather,
            disk: &mut disk,
            tally,
        };
        let chapter = chapter.tell(&mut random, &mut tale).await;
        if let Err(wrong) = chapter {
            return Err(format!("{wrong}\n{tale}{}", world.model.picture()));
        }
    }
    tally.log(&world.model.log());
    Ok(())
}

/// What brings the world to the last one of the shapes.
struct Chapter<'a> {
    world: &'a PoolWorld,
    shapes: &'a [Shape],
    weather: &'a Weather,
    disk: &'a mut SimDisk,
    tally: &'a Tally,
}

impl Chapter<'_> {
    async fn tell(&mut self, random: &mut Random, tale: &mut String) -> Result<(), String> {
        let shape = &self.shapes[self.shapes.len() - 1];
        let _ = writeln!(tale, "{shape:?}\n{:?}", self.weather);
        self.disturbed(shape, random, tale).await?;
        calm(self.world, shape, tale).await?;
        let transactions = if self.weather.costs_more() {
            None
        } else {
            Some(twin(self.shapes).await?)
        };
        let wrong = check_world(self.world, shape, Expected { transactions });
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n"))
        }
    }

    /// Runs that are cut, stopped and lied to.
    async fn disturbed(
        &mut self,
        shape: &Shape,
        random: &mut Random,
        tale: &mut String,
    ) -> Result<(), String> {
        let spec = self.world.spec(shape);
        self.world.model.set_weather(self.weather.clone());
        for _ in 0..random.between(1, 4) {
            let disturbance = drawn(random);
            let ended = self.world.run(&spec, disturbance).await?;
            let requests = self.world.model.requests();
            let heard = self.world.heard.take();
            self.tally.run(&ended, &heard);
            let _ = writeln!(
                tale,
                "{disturbance:?} after {requests} requests: {ended:?}\n  {}",
                heard.join("\n  ")
            );
            match ended {
                PoolRunEnd::State(error) => {
                    return Err(format!("the state cannot be used: {error}"));
                }
                PoolRunEnd::Died => self.cut(random, tale),
                _ => {}
            }
            self.world.model.rest();
        }
        Ok(())
    }

    /// What is found on the disk after a death: everything that was written, or what a power cut left of it.
    fn cut(&mut self, random: &mut Random, tale: &mut String) {
        let mut cuts = self.disk.cuts(Cuts::All);
        let chosen = if random.chance(500) {
            1.min(cuts.len() - 1)
        } else {
            random.position(cuts.len())
        };
        let cut = cuts.swap_remove(chosen);
        let _ = writeln!(tale, "the disk keeps {}", cut.how);
        *self.disk = SimDisk::holding(&cut.image);
        self.world.set_sim_disk(self.disk);
    }
}

fn drawn(random: &mut Random) -> Disturbance {
    let moment = if random.chance(500) {
        Moment::Before
    } else {
        Moment::After
    };
    let most = if random.chance(500) { 40 } else { 250 };
    let crash = CrashPoint {
        request: random.below(most),
        moment,
    };
    let mut after = |rate: u64| {
        random
            .chance(rate)
            .then(|| Duration::from_millis(random.below(20_000)))
    };
    Disturbance {
        cancel_after: after(100),
        second_after: after(30),
        crash: random.chance(750).then_some(crash),
    }
}

/// An apply that nothing disturbs, and then nothing is left to do.
async fn calm(world: &PoolWorld, shape: &Shape, tale: &mut String) -> Result<(), String> {
    let spec = world.spec(shape);
    world.model.calm_down();
    // What somebody else has signed and nobody has packed is no calm: each may cost one run its nonce.
    let mut strangers = world.model.strangers();
    loop {
        let ended = world.run(&spec, Disturbance::default()).await?;
        let requests = world.model.requests();
        let _ = writeln!(tale, "calm after {requests} requests: {ended:?}");
        let PoolRunEnd::Whole(outcome) = &ended else {
            return Err("the calm run did not come to its end".to_owned());
        };
        let failures = &outcome.failures;
        if failures.is_empty() && outcome.converging.is_empty() && !outcome.cancelled {
            break;
        }
        let taken = failures
            .iter()
            .all(|(_, error)| error.code() == "chain/nonce-taken");
        if strangers == 0 || failures.is_empty() || !taken {
            return Err("the calm run did not end well".to_owned());
        }
        strangers -= 1;
        world.model.pass(200);
    }
    // Whatever is still on its way comes in.
    world.model.pass(200);
    let (plan, problems) = world.plan(&spec).await?;
    if !problems.is_empty() || !plan.steps.is_empty() || !plan.drift.is_empty() {
        return Err(format!(
            "something is left to do: {problems:?} {:?} {:?}",
            plan.steps, plan.drift
        ));
    }
    Ok(())
}

/// How many transactions these specs need, one after the other, when nothing goes wrong.
async fn twin(shapes: &[Shape]) -> Result<u64, String> {
    static KNOWN: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
    let name = format!("{shapes:?}");
    if let Some(known) = KNOWN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&name)
    {
        return Ok(*known);
    }
    let world = PoolWorld::new(&shapes[0], 0);
    world.set_sim_disk(&SimDisk::default());
    for shape in shapes {
        let mut tale = "the undisturbed twin\n".to_owned();
        Box::pin(calm(&world, shape, &mut tale)).await?;
    }
    let counts = shapes[0]
        .accounts()
        .map(|account| world.model.executed(account.bytes()).0);
    let count = counts.sum();
    KNOWN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(name, count);
    Ok(count)
}
