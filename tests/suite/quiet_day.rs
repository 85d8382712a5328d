//! A syncer for a day of virtual time on the model chain: how many calls it makes, and how long stake waits.
//!
//! The time is the model's: nothing here says how fast a machine is.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clap::Parser;
use pospool_chain::{ChainProvider, ChainSettings};
use pospool_cli::args::Args;
use pospool_cli::commands::{self, Session, sync};
use pospool_cli::console::Console;
use pospool_cli::exit::Exit;
use pospool_cli::interrupt::Interrupt;
use pospool_cli::project::{Project, UserEnvironment};
use pospool_cli::view::Paint;
use pospool_conflux::CoreAddress;
use pospool_conflux_rpc::{Transport, TransportError};
use pospool_devnet::accounts;
use pospool_engine::record::RecordProvider;
use pospool_engine::registry::Registry;
use pospool_modelchain::ledger::Deed;
use pospool_modelchain::{Account, ModelChain, ModelGenesis};
use pospool_tests::private_file::write_private;
use serde_json::{Value as Json, json};

const NETWORK: u32 = 1234;
const HOST: &str = "node.model";
const DAY: u64 = 24;
/// Calls that a public endpoint gives to all of an operator's programs in a day are 100,000; this is the syncer's part.
const BUDGET: u64 = 10_000;
/// Longest that stake may wait.
const BOUND: Duration = Duration::from_mins(2);
const SEED: &str = "quiet-day";

/// The way to the model, which counts calls: each one inside a batch counts.
struct Counter {
    model: Arc<ModelChain>,
    calls: AtomicU64,
    /// Calls without a receiver are refused, as some gateway may do.
    strict: bool,
    /// Nobody answers.
    silent: AtomicBool,
}

#[async_trait]
impl Transport for Counter {
    async fn post(&self, endpoint: &str, request: &Json) -> Result<Json, TransportError> {
        let one = std::slice::from_ref(request);
        let calls = request.as_array().map_or(one, Vec::as_slice);
        self.calls.fetch_add(calls.len() as u64, Ordering::Relaxed);
        if self.silent.load(Ordering::Relaxed) {
            return Err(TransportError::new("connection refused", true));
        }
        let mut answer = self.model.post(endpoint, request).await?;
        if self.strict {
            let refused = calls
                .iter()
                .filter(|call| call["method"] == "cfx_call" && call["params"][0]["to"].is_null());
            for call in refused {
                refuse(&mut answer, &call["id"]);
            }
        }
        Ok(answer)
    }
}

fn refuse(answer: &mut Json, id: &Json) {
    let error = json!({ "code": -32602, "message": "Invalid params: missing field `to`" });
    let refusal = json!({ "jsonrpc": "2.0", "id": id, "error": error });
    match answer.as_array_mut() {
        Some(answers) => {
            for answer in answers.iter_mut().filter(|answer| answer["id"] == *id) {
                *answer = refusal.clone();
            }
        }
        None => *answer = refusal,
    }
}

/// A day of a syncer.
struct Day {
    wire: Arc<Counter>,
    bridge: Account,
    signer: Account,
    somebody: Account,
    hours: u64,
    /// What the syncer said, one report a line.
    reports: Vec<Json>,
}

fn day(strict: bool) -> (Day, String) {
    let accounts = accounts::funded_accounts(SEED, 2, NETWORK).unwrap();
    let [signer, somebody] = [0, 1].map(|nth| {
        let address: CoreAddress = accounts[nth].core_address.parse().unwrap();
        address.bytes()
    });
    let model = ModelChain::new(&ModelGenesis {
        seed: 7,
        chain_id: NETWORK,
        hosts: vec![HOST.to_owned()],
        accounts: vec![signer, somebody],
        value_needs_finality: false,
    });
    let mut bridge = [0x33; 20];
    bridge[0] = 0x83;
    model.place_bridge(bridge, signer);
    let wire = Counter {
        model: Arc::new(model),
        calls: AtomicU64::new(0),
        strict,
        silent: AtomicBool::new(false),
    };
    let day = Day {
        wire: Arc::new(wire),
        bridge,
        signer,
        somebody,
        hours: DAY,
        reports: Vec::new(),
    };
    (day, accounts[0].private_key.clone())
}

/// What happens beside the syncer, until the day is over.
type Beside =
    fn(Arc<Counter>, Account, Account) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Day {
    /// Runs `pospool sync` with its defaults for some hours of it.
    fn run(hours: u64, strict: bool, beside: Beside) -> Self {
        let (mut day, key) = day(strict);
        day.hours = hours;
        let folder = tempfile::tempdir().unwrap();
        write_spec(folder.path(), &key, day.bridge);
        day.go_on(folder.path(), beside);
        day
    }

    /// Runs `pospool sync` in a folder for as long as the day is.
    fn go_on(&mut self, folder: &Path, beside: Beside) {
        let settings = ChainSettings {
            wait: sync::WAIT,
            poll: sync::POLL,
        };
        let wire = Arc::<Counter>::clone(&self.wire);
        let chain = ChainProvider::over(settings, wire);
        let registry = Registry::new(vec![Arc::new(RecordProvider), Arc::new(chain)]);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let said = Arc::new(Mutex::new(Vec::new()));
        let other = beside(Arc::clone(&self.wire), self.somebody, self.bridge);
        let exit = runtime
            .unwrap()
            .block_on(syncer(folder, &registry, self.hours, other, &said));
        assert_eq!(exit, Exit::Done);
        let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
        let reports = said.lines().map(|line| serde_json::from_str(line).unwrap());
        self.reports = reports.collect();
        assert_eq!(self.wire.model.violations(), Vec::<String>::new());
    }

    /// Calls of 24 hours, when all are like those that were run.
    fn calls_a_day(&self) -> u64 {
        self.wire.calls.load(Ordering::Relaxed) * DAY / self.hours
    }

    /// Epochs in which a function of the bridge was called.
    fn epochs_of(&self, function: &'static str) -> Vec<u64> {
        let events = self.wire.model.events().into_iter();
        let called = events.filter(|event| event.deed == Deed::Changed(function));
        called.map(|event| event.epoch).collect()
    }

    /// How long each purchase waited, from its execution to that of its carrying; finality comes later than that.
    fn waits(&self) -> Vec<Duration> {
        let carried = self.epochs_of("crossStake()");
        let bought = self.epochs_of("modelBuyVotes(uint64)").into_iter();
        let epoch = self.wire.model.epoch_time();
        let waits = bought.map(|bought| {
            let after = carried.iter().find(|carried| **carried > bought);
            let epochs = after.expect("it is carried in the end") - bought;
            epoch * u32::try_from(epochs).unwrap()
        });
        waits.collect()
    }

    fn conducts(&self, conduct: &str) -> usize {
        let all = self.reports.iter();
        all.filter(|report| report["conduct"] == conduct).count()
    }
}

fn write_spec(folder: &Path, key: &str, bridge: Account) {
    write_private(&folder.join("key"), key).unwrap();
    let (key, bridge) = (folder.join("key"), CoreAddress::new(bridge, NETWORK));
    let key = key.display();
    let spec = format!(
        r#"chain "model" {{
  network  = "devnet"
  core_rpc = "http://{HOST}"
}}

account "syncer" {{
  private_key = file("{key}")
}}

bridge_service "main" {{
  bridge = "{bridge}"
}}
"#
    );
    std::fs::write(folder.join("sync.hcl"), spec).unwrap();
}

/// The command as a process runs it.
async fn syncer(
    folder: &Path,
    registry: &Registry,
    hours: u64,
    beside: impl Future<Output = ()> + Send + 'static,
    said: &Mutex<Vec<u8>>,
) -> Exit {
    let args = "pospool --json sync --spec sync.hcl --state sync.state.json";
    let args = Args::try_parse_from(args.split(' ')).unwrap();
    let surroundings = UserEnvironment {
        folder: folder.to_owned(),
        ..UserEnvironment::default()
    };
    let project = Project::new(&args.common, surroundings);
    let interrupt = Interrupt::default();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        input: &mut std::io::empty(),
        asks: false,
        json: true,
        out_paint: Paint::PLAIN,
        err_paint: Paint::PLAIN,
        redraws: false,
    };
    let mut session = Session {
        project: &project,
        registry,
        console: &mut console,
        interrupt: &interrupt,
    };
    let cancel = Arc::clone(interrupt.cancel());
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_hours(hours)).await;
        cancel.store(true, Ordering::Relaxed);
    });
    tokio::spawn(beside);
    let exit = commands::run_command(&mut session, &args.command)
        .await
        .unwrap();
    *said.lock().unwrap() = out;
    exit
}

/// Times of the day that follow no pattern of the syncer's.
fn odd_times() -> impl Iterator<Item = Duration> {
    let steps = (0_u64..20).map(|nth| 500 + nth * 7919 % 900);
    steps.map(Duration::from_secs)
}

#[test]
fn case_daily_budget_a_quiet_day() {
    for (hours, strict) in [(DAY, false), (6, true)] {
        let day = Day::run(hours, strict, |_, _, _| Box::pin(async {}));
        let calls = day.calls_a_day();
        println!("a quiet day, calls without a receiver refused: {strict}: {calls} calls");
        assert!(calls < BUDGET, "{calls} calls, strict: {strict}");
        let rounds = day.conducts("idle") as u64;
        assert!(rounds > hours * 115, "{rounds} rounds in {hours} hours");
        assert_eq!(day.wire.model.executed(day.signer).0, 0);
    }
}

#[test]
fn case_daily_budget_stake_does_not_wait() {
    for strict in [false, true] {
        let day = Day::run(6, strict, |wire, somebody, bridge| {
            Box::pin(async move {
                for pause in odd_times() {
                    tokio::time::sleep(pause).await;
                    wire.model.buy_votes(somebody, bridge, 1);
                }
            })
        });
        let waits = day.waits();
        let longest = waits.iter().max().unwrap();
        println!("{} purchases, the longest wait {longest:?}", waits.len());
        assert!(waits.len() >= 15, "{}", waits.len());
        assert!(*longest <= BOUND, "{longest:?}, strict: {strict}");
    }
}

/// PoS pays every hour, and each payment is claimed: that is in the budget too.
#[test]
fn case_daily_budget_a_day_with_interest() {
    let day = Day::run(12, false, |wire, somebody, bridge| {
        Box::pin(async move {
            loop {
                tokio::time::sleep(Duration::from_mins(61)).await;
                let drip = 5_000_000_000_000_000_000;
                wire.model.pay_interest(somebody, bridge, drip);
            }
        })
    });
    let claims = day.epochs_of("syncAPYandClaimInterest()").len();
    let paid = day.epochs_of("modelPayInterest(uint64)").len();
    let calls = day.calls_a_day();
    println!("{claims} claims of {paid} payments in 12 hours: {calls} calls a day");
    assert!(claims + 1 >= paid, "{claims} claims of {paid}");
    assert!(calls < BUDGET, "{calls} calls");
}

/// A service has its key at hand: another one in the same file is another account, whatever an earlier run has kept.
#[test]
fn another_key_behind_the_same_name_is_another_account() {
    let (mut day, key) = day(false);
    day.hours = 1;
    let folder = tempfile::tempdir().unwrap();
    let buys: Beside = |wire, somebody, bridge| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_mins(10)).await;
            wire.model.buy_votes(somebody, bridge, 1);
        })
    };
    let signers = |day: &Day| -> BTreeSet<String> {
        let services = day
            .reports
            .iter()
            .filter_map(|report| report["services"].as_array());
        let signers = services
            .flatten()
            .map(|service| service["signer"].as_str().unwrap());
        signers.map(str::to_owned).collect()
    };
    write_spec(folder.path(), &key, day.bridge);
    day.go_on(folder.path(), buys);
    let address = |account| CoreAddress::new(account, NETWORK).to_string();
    assert_eq!(signers(&day), BTreeSet::from([address(day.signer)]));
    let kept = std::fs::read_to_string(folder.path().join("sync.state.json")).unwrap();
    assert!(kept.contains("\"accounts\""), "{kept}");

    let other = accounts::funded_accounts(SEED, 2, NETWORK).unwrap();
    write_spec(folder.path(), &other[1].private_key, day.bridge);
    day.go_on(folder.path(), |_, _, _| Box::pin(async {}));
    assert_eq!(signers(&day), BTreeSet::from([address(day.somebody)]));
}

/// No answer is no rest: what the syncer says of its endpoint is never older than its rounds.
#[test]
fn case_daily_budget_silence_is_no_rest() {
    let day = Day::run(4, false, |wire, _, _| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_hours(1)).await;
            wire.silent.store(true, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_hours(1)).await;
            wire.silent.store(false, Ordering::Relaxed);
        })
    });
    let failed = day.conducts("failed");
    // An hour in steps of five minutes and the first ones before.
    assert!((12..40).contains(&failed), "{failed}");
    let last = day.reports.last().unwrap();
    assert_eq!(last["conduct"], "idle");
}
