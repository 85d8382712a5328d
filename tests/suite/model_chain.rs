//! Whole applies on the model chain, with faults, crashes, power cuts and reorganisations, by seeds.
//!
//! `POSPOOL_MODEL_SEED=7` tells one story again; `POSPOOL_MODEL_SEEDS=10000` tells so many, `POSPOOL_MODEL_FROM=501` from
//! there on. `POSPOOL_MODEL_GATEWAYS=0` takes the gateways away that stand before the nodes. What a story is: `docs/testing.md`.

mod story;
mod tally;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tally::Tally;

/// How many seeds are told without being asked for more.
const SEEDS: u64 = 500;
/// So many that went wrong are enough to look at; `POSPOOL_MODEL_ENOUGH` says otherwise.
const ENOUGH: u64 = 5;
/// Whether there are gateways before the nodes, with limits and refusals of their own; `POSPOOL_MODEL_GATEWAYS` (0 or 1)
/// says otherwise.
const GATEWAYS: bool = true;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn gateways() -> bool {
    number("POSPOOL_MODEL_GATEWAYS").map_or(GATEWAYS, |number| number > 0)
}

#[test]
fn every_story_ends_as_the_spec_says() {
    if let Some(seed) = number("POSPOOL_MODEL_SEED") {
        let told = tell(seed, &Tally::default());
        assert!(told.is_ok(), "{}", told.unwrap_err());
        return;
    }
    let first = number("POSPOOL_MODEL_FROM").unwrap_or(1);
    let count = number("POSPOOL_MODEL_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(first);
    let failed = Mutex::new(BTreeMap::new());
    let tally = Tally::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| tell_all(&next, first + count, &failed, &tally));
        }
    });
    println!("{tally}");
    let failed = failed.into_inner().unwrap();
    let told: Vec<_> = failed
        .iter()
        .map(|(seed, wrong)| format!("POSPOOL_MODEL_SEED={seed}\n{wrong}"))
        .collect();
    let seeds: Vec<_> = failed.keys().collect();
    assert!(failed.is_empty(), "seeds {seeds:?}\n{}", told.join("\n"));
}

/// Tells one story after the other until all are told, or enough went wrong.
fn tell_all(next: &AtomicU64, end: u64, failed: &Mutex<BTreeMap<u64, String>>, tally: &Tally) {
    let failed = || failed.lock().unwrap_or_else(PoisonError::into_inner);
    let enough = number("POSPOOL_MODEL_ENOUGH").unwrap_or(ENOUGH);
    while (failed().len() as u64) < enough {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        if let Err(wrong) = tell(seed, tally) {
            failed().insert(seed, wrong);
        }
    }
}

/// Tells one story; its time is virtual and costs nothing.
fn tell(seed: u64, tally: &Tally) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let told = catch_unwind(AssertUnwindSafe(|| {
        runtime.unwrap().block_on(story::tell(seed, tally))
    }));
    told.unwrap_or_else(|_| Err("a panic, which is told above".to_owned()))
}
