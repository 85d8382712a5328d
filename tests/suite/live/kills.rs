//! An apply that is killed at random moments converges on the next one: one pool, one
//! registration, never a second 1,000 CFX.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pospool_modelchain::random::Random;
use serde_json::{Value, json};

use super::first_pool::votes;
use super::ledger;
use super::project::{Project, drip, number_in, rpc};

/// Kills of the short form; `POSPOOL_KILLS` asks for more.
const KILLS: usize = 6;

/// Most kills of one pool: after that it is finished and the next one begins.
const KILLS_OF_ONE_POOL: usize = 15;

#[test]
fn live_kills_at_random_moments_leave_one_pool_and_one_registration() {
    let kills = number_in("POSPOOL_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    let seed = number_in("POSPOOL_SEED").unwrap_or_else(now);
    println!("kills: {kills}, POSPOOL_SEED={seed}");
    let mut random = Random::new(seed);
    let mut pools: Vec<Pool> = Vec::new();
    let done = |pools: &[Pool]| pools.iter().map(|pool| pool.kills.len()).sum::<usize>();
    while done(&pools) < kills {
        let account = 1 + pools.len() % 7;
        let most = (kills - done(&pools)).min(KILLS_OF_ONE_POOL);
        pools.push(one_pool(account, most, |project| {
            killed_at_random(project, &mut random)
        }));
    }
    print(&pools);
}

/// Kills an apply with SIGKILL; says when, or that it ended before.
fn killed_at_random(project: &Project, random: &mut Random) -> Option<String> {
    let mut child = project.spawn(&["apply", "--auto-approve"]);
    let moment = moment(random);
    std::thread::sleep(moment);
    if child.try_wait().unwrap().is_some() {
        return None;
    }
    // SIGKILL: the process can do nothing more.
    child.kill().unwrap();
    child.wait().unwrap();
    Some(format!("after {moment:?}"))
}

/// A pool that came up under kills, by what the chain says of it.
pub(super) struct Pool {
    account: usize,
    /// Transactions that the chain had executed at each kill.
    pub(super) kills: Vec<u64>,
    contracts: Count,
    registrations: Count,
    transactions: Count,
}

/// How many there are, and how many there should be.
#[derive(Clone, Copy, Default)]
struct Count {
    seen: usize,
    planned: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} of {}", self.seen, self.planned))
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (account, kills) = (self.account, self.kills.len());
        let [contracts, registrations, transactions] =
            [self.contracts, self.registrations, self.transactions];
        write!(
            f,
            "{account:<8} {kills:>5} {contracts:>14} {registrations:>14} {transactions:>14}"
        )
    }
}

/// What the chain said before a pool was there, and what was planned then.
struct Before {
    epoch: u64,
    nonce: u64,
    balance: u128,
    plan: Value,
}

/// Brings up one pool under kills. `killed` makes one of an apply and says where, or that the apply ended.
pub(super) fn one_pool(
    account: usize,
    most: usize,
    mut killed: impl FnMut(&Project) -> Option<String>,
) -> Pool {
    let project = Project::new(account);
    // No setting equals the contract's default: a run that goes on needs each of them too.
    project.edit("\"90%\"", "\"88%\"");
    let before = Before {
        epoch: ledger::epoch(),
        nonce: project.nonce(),
        balance: project.balance(),
        plan: project.plan(),
    };
    let mut kills = Vec::new();
    while kills.len() < most {
        let Some(place) = killed(&project) else {
            break;
        };
        let executed = project.nonce() - before.nonce;
        kills.push(executed);
        let number = kills.len();
        println!("account {account}: kill {number} {place}, {executed} transactions executed");
    }
    assert_ne!(kills.len(), 0, "an apply ended before any kill");
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);
    let pool = count(&project, account, kills, &before);
    check(&project, &pool, &before);
    let destroyed = project.destroy(&["--delete", "volume.main"]);
    assert_eq!(destroyed.code, Some(0), "{}", destroyed.stderr);
    pool
}

/// Counts what the chain says, not what the state says.
fn count(project: &Project, account: usize, kills: Vec<u64>, before: &Before) -> Pool {
    let receipts = ledger::receipts(&project.operator(), before.epoch);
    let contracts = ledger::created(&receipts);
    let wanted = planned(&before.plan);
    let creates: Vec<&str> = wanted
        .iter()
        .filter_map(|it| it["creates"].as_str())
        .collect();
    let pool = Pool {
        account,
        kills,
        contracts: Count {
            seen: contracts.len(),
            planned: creates.len(),
        },
        registrations: Count {
            seen: ledger::registered(&receipts).len(),
            planned: 1,
        },
        transactions: Count {
            seen: receipts.len(),
            planned: wanted.len(),
        },
    };
    println!("{pool}");
    assert!(creates.len() > 1 && wanted.len() > 3, "the plan is read");
    for address in creates {
        assert!(
            contracts.iter().any(|it| it == address),
            "{address}: {contracts:?}"
        );
        assert_ne!(
            rpc("cfx_getCode", &json!([address])),
            json!("0x"),
            "{address}"
        );
    }
    for receipt in receipts {
        assert_eq!(receipt["outcomeStatus"], json!("0x0"), "{receipt}");
    }
    pool
}

fn check(project: &Project, pool: &Pool, before: &Before) {
    for count in [pool.contracts, pool.registrations, pool.transactions] {
        assert_eq!(
            count.seen, count.planned,
            "as many as in an undisturbed run"
        );
    }
    assert_eq!(
        project.nonce() - before.nonce,
        pool.transactions.planned as u64
    );
    let registration = project.recorded("pos_registration.main");
    let pos_address = registration["outputs"]["pos_address"].as_str().unwrap();
    assert_eq!(ledger::registrations(pos_address, before.epoch), 1);
    assert_eq!(votes(pos_address), 1, "one vote, so one registration");
    let address = project.recorded("core_contract.pool")["outputs"]["address"].take();
    let staked = rpc("cfx_getStakingBalance", &json!([address]));
    let cfx = 1_000_000_000_000_000_000_u128;
    assert_eq!(drip(&staked), 1000 * cfx, "1,000 CFX are staked once");
    let spent = before.balance - project.balance();
    assert!(
        spent < 1100 * cfx,
        "1,000 CFX were sent once, not {spent} drip"
    );
    // PoS may have paid its first rewards already.
    let epoch = ledger::epoch();
    let held = rpc("cfx_getBalance", &json!([address, format!("{epoch:#x}")]));
    let rewards = ledger::rewards(pos_address, before.epoch, epoch);
    assert_eq!(drip(&held), rewards, "no value went astray");
}

/// What a plan sends as transactions.
fn planned(plan: &Value) -> Vec<&Value> {
    let effects = plan["steps"].as_array().unwrap().iter();
    let effects = effects.flat_map(|step| step["effects"].as_array().unwrap());
    let sent = effects.filter(|effect| effect["provider"] == "chain" && effect["nature"] == "act");
    sent.map(|effect| &effect["payload"]).collect()
}

pub(super) fn print(pools: &[Pool]) {
    println!("account  kills      contracts  registrations   transactions   (seen of planned)");
    for pool in pools {
        println!("{pool}");
    }
    let sum = |of: fn(&Pool) -> Count| {
        let counts = pools.iter().map(of);
        counts.fold(Count::default(), |sum, it| Count {
            seen: sum.seen + it.seen,
            planned: sum.planned + it.planned,
        })
    };
    let mut moments: BTreeMap<u64, usize> = BTreeMap::new();
    for executed in pools.iter().flat_map(|pool| &pool.kills) {
        *moments.entry(*executed).or_default() += 1;
    }
    println!(
        "{:<8} {:>5} {:>14} {:>14} {:>14}",
        "all",
        moments.values().sum::<usize>(),
        sum(|pool| pool.contracts),
        sum(|pool| pool.registrations),
        sum(|pool| pool.transactions)
    );
    println!("kills by transactions executed before: {moments:?}");
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A moment in the life of an apply: while it looks, while it sends, while it waits.
fn moment(random: &mut Random) -> Duration {
    let longest = [500, 2_500, 15_000][random.position(3)];
    Duration::from_millis(random.below(longest))
}
