//! A voter whose processes are killed in a random order, the engine's among them: it votes again without a person, and never twice
//! in a round.
//!
//! What it signed is judged from outside: every 200 ms the other validator is asked for the blocks of PoS that are not committed
//! yet, with their proposers and signatures, and the safety file is read on the volume.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pospool_modelchain::random::Random;
use serde_json::{Value, json};

use super::engine_apart::{EngineApart, NETWORK};
use super::project::{network, number, number_in, rpc_all};
use super::staker::{Staker, StakerPlace, VOTES};
use super::voter::{LONG, newest, round_of, signed_by};

/// Rounds of the short form; `POSPOOL_CHAOS` asks for more.
const ROUNDS: u64 = 4;
/// From so many rounds on it is judged how long they took.
const JUDGED: u64 = 20;
/// Longest time until it votes again, from the engine's return on.
const BOUND: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_millis(200);

#[test]
fn live_chaos_every_kill_leaves_one_vote_and_one_proposal_in_a_round() {
    let rounds = number_in("POSPOOL_CHAOS").unwrap_or(ROUNDS);
    let seed = number_in("POSPOOL_SEED").unwrap_or_else(|| micros() / 1_000_000);
    println!("rounds: {rounds}, POSPOOL_SEED={seed}");
    let network = network();
    let mut engine = match EngineApart::start() {
        Ok(engine) => Some(engine),
        Err(why) => {
            println!("no engine of its own ({why}): none is killed");
            None
        }
    };
    if let Some(engine) = &engine {
        engine.take_image(&network.image);
    }
    let staker = Staker::new(StakerPlace {
        host: engine.as_ref().map(EngineApart::url),
        docker_network: if engine.is_some() {
            NETWORK
        } else {
            &network.docker_network
        },
        account: 7,
    });
    staker.is_a_voter(VOTES);
    let judge = KeyWatcher::begin(&staker, engine.as_ref());
    let mut random = Random::new(seed);
    let mut table = KillTable::default();
    let kinds = if engine.is_some() {
        &KINDS[..]
    } else {
        &KINDS[..3]
    };
    let mut row = Vec::new();
    for number in 1..=rounds {
        // Each kind once in a row of rounds, in any order.
        if row.is_empty() {
            row = kinds.to_vec();
        }
        let kind = row.swap_remove(random.position(row.len()));
        // Anywhere in a round of PoS, and in an epoch.
        std::thread::sleep(Duration::from_millis(random.below(5000)));
        let (time, missed) = kill_and_wait(&staker, kind, engine.as_mut());
        let took = time.as_secs_f64();
        println!("{number:>4} {kind:<10} votes again after {took:.1} s, {missed} blocks missed");
        table.0.entry(kind).or_default().push((time, missed));
    }
    println!("{table}");
    judge.end(&staker);
    if rounds >= JUDGED {
        let slowest = table.0.values().flatten().map(|(time, _)| *time).max();
        assert!(slowest <= Some(BOUND), "{slowest:?} until it voted again");
    }
    drop(staker);
}

/// What is killed with SIGKILL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum KillKind {
    /// The guard's child.
    Conflux,
    /// The container's first process.
    Guard,
    /// All processes of the container at once.
    Container,
    /// `dockerd`, which is started again at once.
    Engine,
}

const KINDS: [KillKind; 4] = [
    KillKind::Conflux,
    KillKind::Guard,
    KillKind::Container,
    KillKind::Engine,
];

impl fmt::Display for KillKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}

/// Kills, and waits for a vote that was given after it: for how long since the engine's return, and how many blocks had none.
fn kill_and_wait(
    staker: &Staker,
    kind: KillKind,
    mut engine: Option<&mut EngineApart>,
) -> (Duration, usize) {
    let before = newest();
    let id = staker
        .voter
        .docker(&["inspect", "--format", "{{.Id}}", &staker.voter.container]);
    let guard = staker.voter.docker(&[
        "inspect",
        "--format",
        "{{.State.Pid}}",
        &staker.voter.container,
    ]);
    match kind {
        KillKind::Conflux => kill(&processes(|process| {
            process.parent() == guard && process.is_conflux()
        })),
        KillKind::Guard => kill(&[guard]),
        KillKind::Container => kill(&processes(|process| process.text("cgroup").contains(&id))),
        KillKind::Engine => {
            let engine = engine.as_mut();
            let engine = engine.expect("it is one of the kinds only with an engine");
            engine.kill();
        }
    }
    let killed = micros();
    if let (KillKind::Engine, Some(engine)) = (kind, engine) {
        // It ends what lived on before it answers.
        engine.start_again();
    }
    let (returned, begun) = (micros(), Instant::now());
    let (mut height, mut missed) = (before, 0);
    loop {
        for block in blocks(height + 1, newest()) {
            height += 1;
            let (at, signed) = (
                number(&block["timestamp"]),
                signed_by(&block, &staker.voter.key),
            );
            // What was made in between has the vote of a container that lived on without its engine.
            if at < killed || (signed && at < returned) {
                continue;
            }
            if signed {
                // Nobody but the guard lets it vote: its word follows within a look.
                staker
                    .voter
                    .becomes("its guard knows that it votes", |report| {
                        report["voting"] == "on"
                    });
                return (begun.elapsed(), missed);
            }
            missed += 1;
        }
        assert!(
            begun.elapsed() < LONG,
            "no vote after {kind}: {:#}",
            staker.voter.report()
        );
        std::thread::sleep(EVERY);
    }
}

fn blocks(from: u64, to: u64) -> Vec<Value> {
    let heights = (from..=to).map(|height| json!([format!("{height:#x}")]));
    let mut blocks = rpc_all("pos_getBlockByNumber", heights.collect());
    let whole = blocks.iter().position(Value::is_null);
    blocks.truncate(whole.unwrap_or(blocks.len()));
    blocks
}

/// A process of this machine.
struct HostProcess(PathBuf);

impl HostProcess {
    fn text(&self, name: &str) -> String {
        let bytes = std::fs::read(self.0.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn parent(&self) -> String {
        let status = self.text("status");
        let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        line.unwrap_or_default().trim().to_owned()
    }

    fn is_conflux(&self) -> bool {
        self.text("cmdline").contains("pos-started-as-voter")
    }
}

fn processes(is_meant: impl Fn(&HostProcess) -> bool) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let numbered = all.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.parse::<u32>()
            .is_ok()
            .then(|| (name, HostProcess(entry.path())))
    });
    numbered
        .filter(|(_, process)| is_meant(process))
        .map(|(name, _)| name)
        .collect()
}

fn kill(processes: &[String]) {
    assert_ne!(processes.len(), 0, "there is nothing to kill");
    // One that was a child of another one may be gone by then.
    let _ = Command::new("kill").arg("-9").args(processes).status();
}

/// How long each round took, and how many blocks it cost.
#[derive(Default)]
struct KillTable(BTreeMap<KillKind, Vec<(Duration, usize)>>);

impl fmt::Display for KillTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "kind       count  votes again after (median, longest)  blocks missed (median, most)"
        )?;
        for (kind, seen) in &self.0 {
            let mut times: Vec<f64> = seen.iter().map(|(time, _)| time.as_secs_f64()).collect();
            times.sort_by(f64::total_cmp);
            let mut missed: Vec<usize> = seen.iter().map(|(_, missed)| *missed).collect();
            missed.sort_unstable();
            let (half, last) = (seen.len() / 2, seen.len() - 1);
            writeln!(
                f,
                "{kind:<10} {:>5} {:>15.1} s {:>8.1} s {:>20} {:>8}",
                seen.len(),
                times[half],
                times[last],
                missed[half],
                missed[last]
            )?;
        }
        Ok(())
    }
}

/// What was seen of the key, by round.
#[derive(Default)]
struct SeenOfKey {
    looks: u64,
    proposals: BTreeMap<(u64, u64), BTreeSet<String>>,
    votes: BTreeMap<(u64, u64), BTreeSet<String>>,
    /// Rounds that the safety file named, in their order.
    signed: Vec<(u64, u64)>,
}

/// Who looks all the time.
struct KeyWatcher {
    seen: Arc<Mutex<SeenOfKey>>,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl KeyWatcher {
    fn begin(staker: &Staker, engine: Option<&EngineApart>) -> Self {
        let (seen, over) = (
            Arc::new(Mutex::new(SeenOfKey::default())),
            Arc::new(AtomicBool::new(false)),
        );
        let folder = match engine {
            Some(engine) => engine.volume(&staker.volume),
            None => staker
                .voter
                .docker(&[
                    "volume",
                    "inspect",
                    "--format",
                    "{{.Mountpoint}}",
                    &staker.volume,
                ])
                .into(),
        };
        let (url, key) = (network().core_rpc.clone(), staker.voter.key.clone());
        let (shared, stop) = (Arc::clone(&seen), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let rpc = pospool_devnet::rpc::RpcClient::new(&url).unwrap();
            while !stop.load(Ordering::Relaxed) {
                let answer = runtime.block_on(rpc.call("pos_getConsensusBlocks", json!([])));
                let blocks = answer.unwrap_or_default();
                take(&mut shared.lock().unwrap(), &blocks, &key, &folder);
                std::thread::sleep(EVERY);
            }
        });
        Self { seen, over, thread }
    }

    /// No round has two votes or two proposals of the key, its safety file never went back, and nobody disputes it.
    fn end(self, staker: &Staker) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let seen = self.seen.lock().unwrap();
        println!(
            "{} looks: {} proposals and votes in {} rounds of the key; its safety file named {} rounds",
            seen.looks,
            seen.proposals.len(),
            seen.votes.len(),
            seen.signed.len()
        );
        assert!(
            seen.votes.len() > 10 && seen.signed.len() > 10,
            "the key is seen"
        );
        for (what, rounds) in [("proposals", &seen.proposals), ("votes", &seen.votes)] {
            let twice: Vec<_> = rounds
                .iter()
                .filter(|(_, blocks)| blocks.len() > 1)
                .collect();
            assert!(twice.is_empty(), "two {what} in a round: {twice:#?}");
        }
        let back: Vec<_> = seen
            .signed
            .windows(2)
            .filter(|pair| pair[1] < pair[0])
            .collect();
        assert!(back.is_empty(), "the safety file went back: {back:?}");
        let journal = staker.voter.journal();
        for what in ["foreign", "held"] {
            let lines: Vec<_> = journal.iter().filter(|line| line["what"] == what).collect();
            assert!(lines.is_empty(), "{lines:#?}");
        }
        staker.is_undisputed();
    }
}

fn take(seen: &mut SeenOfKey, blocks: &Value, key: &str, volume: &Path) {
    seen.looks += 1;
    for block in blocks.as_array().into_iter().flatten() {
        let hash = block["hash"].to_string();
        let miner = block["miner"].as_str().unwrap_or_default();
        if miner.eq_ignore_ascii_case(key) {
            seen.proposals
                .entry(round_of(block))
                .or_default()
                .insert(hash.clone());
        }
        if signed_by(block, key) {
            seen.votes.entry(round_of(block)).or_default().insert(hash);
        }
    }
    let file = std::fs::read(volume.join("pos_db/secure_storage.json"));
    let file: Option<Value> = file
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(file) = file else { return };
    let data = &file["safety_data"]["value"];
    let of = |name: &str| data[name].as_u64();
    if let (Some(epoch), Some(round)) = (of("epoch"), of("last_voted_round"))
        && seen.signed.last() != Some(&(epoch, round))
    {
        seen.signed.push((epoch, round));
    }
}

fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}
