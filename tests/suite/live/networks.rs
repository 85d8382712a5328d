//! The private networks of this test process. Each test has one for itself while it runs, so tests run side by side.
//!
//! A test gets its network when it first asks for one, and the next test gets it when that one ends. The tests that take
//! longest are let in first, so that none of them is left over at the end. What a test said is printed whole by the
//! test runner (`--show-output`); when it began and how long it took is a line on standard error at that moment.

use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use pospool_devnet::network::DevnetInfo;
use pospool_devnet::{ChainConfig, Devnet, DevnetConfig};

/// How many networks there are at most; `POSPOOL_LIVE_NETWORKS` asks for another number.
const NETWORKS: usize = 4;

/// Time in which all tests have asked, so that the longest can be chosen.
const GATHERING: Duration = Duration::from_secs(1);

/// How long a chain may stand before it counts as dead: rounds of PoS are a second long, on a machine with time for them.
const LONGEST_STAND: Duration = Duration::from_mins(2);

/// About how many seconds tests take that are longer or shorter than most; by the beginnings of their names.
const SECONDS: &[(&str, u32)] = &[
    ("live_ui_the_reference", 600),
    ("live_outages", 590),
    ("live_chaos", 330),
    ("live_stall", 280),
    ("live_syncer_container", 275),
    ("live_syncer_carries", 270),
    ("live_guard", 260),
    ("live_unwell", 255),
    ("live_espace_ground_carries", 255),
    ("live_secrets_are_nowhere", 230),
    ("live_upgraded", 220),
    ("live_upgrade_of", 220),
    ("live_ui_given", 180),
    ("live_snapshot", 175),
    ("live_profit", 170),
    ("live_first_pool", 160),
    ("live_ui_sources", 150),
    ("live_key_bundle", 150),
    ("live_secrets_that", 145),
    ("live_points", 130),
    ("live_both_spaces_case", 120),
    ("live_folder", 65),
    ("live_killed_in_a_swap", 60),
    ("live_verified", 50),
    ("live_docker_failures", 20),
    ("live_elsewhere", 20),
    ("live_public_files", 15),
    ("live_espace_ground_moves", 5),
];

/// About how many seconds any other test takes.
const USUAL: u32 = 100;

/// The network of the test that runs on this thread.
pub(crate) fn network() -> &'static DevnetInfo {
    thread_local! {
        static LEASE: Lease = Lease::take();
    }
    let own = OWN.with(std::cell::Cell::get);
    own.unwrap_or_else(|| LEASE.with(|lease| lease.network))
}

thread_local! {
    static OWN: std::cell::Cell<Option<&'static DevnetInfo>> = const { std::cell::Cell::new(None) };
}

/// Gives the test of this thread a network with other rules than the usual ones, beside those of `NETWORKS`.
pub(crate) fn use_own_chain(chain: ChainConfig) {
    let started = std::thread::spawn(move || start(chain)).join();
    let network = started.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    OWN.with(|own| own.set(Some(network)));
}

/// A network that a test has for itself; the end of the test's thread gives it back.
struct Lease {
    network: &'static DevnetInfo,
    test: String,
    begin: Instant,
}

impl Lease {
    fn take() -> Self {
        // With one thread for all tests, this is their only name.
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("a test");
        let test = name.rsplit("::").next().unwrap_or(name).to_owned();
        let asked = Instant::now();
        tell_of_panics();
        let network = match QUEUE.turn(&test) {
            Turn::Free(network) => network,
            Turn::New(slot) => slot.fill(),
        };
        let waited = asked.elapsed().as_secs();
        say(&format!(
            "{test} begins on {}, after {waited} s",
            network.name
        ));
        Self {
            network,
            test,
            begin: Instant::now(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        say(&format!(
            "{} took {} s",
            self.test,
            self.begin.elapsed().as_secs()
        ));
        // A test that meets a chain which another one left standing waits for half an hour, and fails in its place.
        match moves(self.network) {
            Ok(()) => QUEUE.give_back(self.network),
            Err(error) => {
                say(&format!(
                    "{} left {} standing: {error}",
                    self.test, self.network.name
                ));
                QUEUE.write_off();
            }
        }
    }
}

/// Whether blocks and PoS rounds of a network still move.
fn moves(network: &'static DevnetInfo) -> Result<(), String> {
    // The test whose thread ends here may be inside of a runtime of its own.
    let asked = std::thread::spawn(|| {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime
            .block_on(network.moves(LONGEST_STAND))
            .map_err(|error| error.to_string())
    });
    asked
        .join()
        .unwrap_or_else(|_| Err("it could not be asked".to_owned()))
}

/// Has each failure said at once too, with what the machine was like: what is printed the usual way is long, and is not
/// there at all where the run is cut off.
fn tell_of_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            usual(panic);
            let thread = std::thread::current();
            let what = panic.payload_as_str().unwrap_or("no words");
            let [load, memory] = ["/proc/loadavg", "/proc/meminfo"].map(|path| {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                text.lines().take(3).collect::<Vec<_>>().join(", ")
            });
            say(&format!(
                "{} failed with: {}\nlive: load {load}; {memory}",
                thread.name().unwrap_or("a thread"),
                ends_of(what)
            ));
        }));
    });
}

/// The beginning and the end of a long text: the command is in the one, what went wrong mostly in the other.
fn ends_of(text: &str) -> String {
    const FIRST: usize = 500;
    const LAST: usize = 2500;
    let count = text.chars().count();
    if count <= FIRST + LAST {
        return text.to_owned();
    }
    let first: String = text.chars().take(FIRST).collect();
    let last: String = text.chars().skip(count - LAST).collect();
    format!("{first}\n[…]\n{last}")
}

/// Says something at once: what is printed the usual way is kept until the end of all tests.
fn say(line: &str) {
    // Nobody may be listening any more, and the test goes on all the same.
    let _ = writeln!(std::io::stderr(), "live: {line}");
}

static QUEUE: Queue = Queue {
    desk: Mutex::new(Desk {
        end_of_gathering: None,
        free: Vec::new(),
        made: 0,
        waiting: Vec::new(),
    }),
    moved: Condvar::new(),
};

/// Tests that wait for a network.
struct Queue {
    desk: Mutex<Desk>,
    moved: Condvar,
}

struct Desk {
    end_of_gathering: Option<Instant>,
    free: Vec<&'static DevnetInfo>,
    /// Networks that are there or are being made.
    made: usize,
    /// Who waits, with about how long they will take.
    waiting: Vec<(u32, String)>,
}

/// What a test gets when it is its turn.
enum Turn {
    Free(&'static DevnetInfo),
    New(Slot),
}

impl Queue {
    /// Waits until a network can be had, and nobody waits who takes longer.
    fn turn(&self, test: &str) -> Turn {
        let me = (seconds(test), test.to_owned());
        let mut desk = self.desk();
        desk.waiting.push(me.clone());
        let begin = *desk
            .end_of_gathering
            .get_or_insert_with(|| Instant::now() + GATHERING);
        loop {
            let first = desk.waiting.iter().max() == Some(&me);
            if first
                && Instant::now() >= begin
                && let Some(turn) = desk.next()
            {
                desk.waiting.retain(|it| *it != me);
                self.moved.notify_all();
                return turn;
            }
            let wait = self.moved.wait_timeout(desk, GATHERING);
            desk = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn give_back(&self, network: &'static DevnetInfo) {
        self.desk().free.push(network);
        self.moved.notify_all();
    }

    /// A network is never given to a test again, and another one may be made in its place.
    fn write_off(&self) {
        self.desk().made -= 1;
        self.moved.notify_all();
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn next(&mut self) -> Option<Turn> {
        if let Some(network) = self.free.pop() {
            return Some(Turn::Free(network));
        }
        if self.made >= most() {
            return None;
        }
        self.made += 1;
        Some(Turn::New(Slot { filled: false }))
    }
}

/// The place of a network that is being made. It is free again if that fails: other tests still wait.
struct Slot {
    filled: bool,
}

impl Slot {
    fn fill(mut self) -> &'static DevnetInfo {
        // A runtime cannot be started inside the one of a test.
        let started = std::thread::spawn(|| start(usual_chain())).join();
        let network = started.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.filled = true;
        network
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.filled {
            QUEUE.write_off();
        }
    }
}

/// Starts a network. It is a child of the process in all but name: `devnet sweep` takes down what a dead owner left.
fn start(chain: ChainConfig) -> &'static DevnetInfo {
    static NUMBER: Mutex<u32> = Mutex::new(0);
    let number = {
        let mut last = NUMBER.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        *last
    };
    // Another process may have such networks too.
    let name = format!("suite-{}-{number}", std::process::id());
    let config = DevnetConfig {
        chain,
        ..DevnetConfig::named(&name)
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let devnet = runtime
        .block_on(Devnet::start(config))
        .unwrap_or_else(|error| panic!("the private network did not start: {error:?}"));
    let info = devnet.info().clone();
    std::mem::forget(devnet);
    Box::leak(Box::new(info))
}

/// The rules of the networks that tests get one after the other.
pub(crate) fn usual_chain() -> ChainConfig {
    ChainConfig {
        accounts: ACCOUNTS,
        ..ChainConfig::default()
    }
}

/// Two of them have no money in eSpace: one that a test gives some, and one that must have none before.
const ACCOUNTS: usize = 9;

fn most() -> usize {
    match std::env::var("POSPOOL_LIVE_NETWORKS") {
        Ok(text) => text.parse().expect("POSPOOL_LIVE_NETWORKS is a number"),
        Err(_) => NETWORKS,
    }
}

fn seconds(test: &str) -> u32 {
    let known = SECONDS.iter().find(|(name, _)| test.starts_with(name));
    known.map_or(USUAL, |(_, seconds)| *seconds)
}
