//! An apply that is killed at random moments converges on the next one: one pool, one
//! registration, never a second 1,000 CFX.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::first_pool::votes;
use super::project::{Project, drip, rpc};

/// Kills of the short form; `POSPOOL_KILLS` asks for more.
const KILLS: usize = 6;

/// Most kills of one pool: after that it is finished and the next one begins.
const KILLS_OF_ONE_POOL: usize = 15;

#[test]
fn live_kills_at_random_moments_leave_one_pool_and_one_registration() {
    let kills = match std::env::var("POSPOOL_KILLS") {
        Ok(text) => text.parse().expect("POSPOOL_KILLS is a number"),
        Err(_) => KILLS,
    };
    let seed = match std::env::var("POSPOOL_SEED") {
        Ok(text) => text.parse().expect("POSPOOL_SEED is a number"),
        Err(_) => now(),
    };
    println!("kills: {kills}, POSPOOL_SEED={seed}");
    let mut random = Random(seed);
    let mut done = 0;
    let mut pools = 0;
    while done < kills {
        let account = 1 + pools % 7;
        done += one_pool(account, (kills - done).min(KILLS_OF_ONE_POOL), &mut random);
        pools += 1;
    }
    println!("{done} kills over {pools} pools: 0 states lost, 0 registrations doubled");
}

/// Brings up one pool under kills and returns how many there were.
fn one_pool(account: usize, most: usize, random: &mut Random) -> usize {
    let project = Project::new(account);
    // No setting equals the contract's default: a run that goes on needs each of them too.
    project.edit("\"90%\"", "\"88%\"");
    let (nonce, balance) = (project.nonce(), project.balance());
    let planned = transactions(&project.plan());
    assert!(planned > 3);
    let mut kills = 0;
    while kills < most {
        let mut child = project.spawn(&["apply", "--auto-approve"]);
        let moment = random.moment();
        std::thread::sleep(moment);
        if child.try_wait().unwrap().is_some() {
            break;
        }
        // SIGKILL: the process can do nothing more.
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        println!(
            "account {account}: kill {kills} after {moment:?}, nonce {}",
            project.nonce()
        );
    }
    project.ok(&["apply", "--auto-approve"]);
    project.ends(&["plan", "--detailed-exitcode"], 0);
    check(&project, nonce, balance, planned);
    project.ok(&["destroy", "--auto-approve", "--delete", "volume.main"]);
    kills.max(1)
}

/// What the chain says, not what the state says.
fn check(project: &Project, nonce: u64, balance: u128, planned: u64) {
    let registration = project.recorded("pos_registration.main");
    let pos_address = registration["outputs"]["pos_address"].as_str().unwrap();
    assert_eq!(votes(pos_address), 1, "one vote, so one registration");
    let pool = project.recorded("core_contract.pool")["outputs"]["address"].take();
    let staked = rpc("cfx_getStakingBalance", &json!([pool]));
    let cfx = 1_000_000_000_000_000_000_u128;
    assert_eq!(drip(&staked), 1000 * cfx, "1,000 CFX are staked once");
    let spent = balance - project.balance();
    assert!(
        spent < 1100 * cfx,
        "1,000 CFX were sent once, not {spent} drip"
    );
    let transactions = project.nonce() - nonce;
    assert_eq!(
        transactions, planned,
        "as many transactions as an undisturbed run sends"
    );
    assert_eq!(
        drip(&rpc("cfx_getBalance", &json!([pool]))),
        0,
        "no value went astray"
    );
}

/// Transactions that a plan sends.
fn transactions(plan: &serde_json::Value) -> u64 {
    let effects = plan["steps"].as_array().unwrap().iter();
    let effects = effects.flat_map(|step| step["effects"].as_array().unwrap());
    let sent = effects.filter(|effect| effect["provider"] == "chain" && effect["nature"] == "act");
    sent.count() as u64
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A small generator (xorshift), so that a seed repeats a run's moments.
struct Random(u64);

impl Random {
    /// A moment in the life of an apply: while it looks, while it sends, while it waits.
    fn moment(&mut self) -> Duration {
        let longest = [500, 2_500, 15_000][usize::try_from(self.below(3)).unwrap()];
        Duration::from_millis(self.below(longest))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
