//! What a syncer with its defaults costs, and how long stake waits, on a real network: `make bench-syncer`.
//!
//! Prints a table for `docs/benchmarks.md`, and asserts only that everything was carried.

use std::time::{Duration, Instant};

use pospool_devnet::sender::SenderSpace;
use pospool_devnet::words::encode_number;

use super::desk::Desk;
use super::proxy::Proxy;
use crate::live::espace_ground::ground::Ground;
use crate::live::espace_ground::{
    ACCOUNT, BRIDGE, ESCROW, ESPACE_ESCROW, ESPACE_POOL, ORACLE, PROXY, TwoSpaces, VOTE,
    pool_of_core_space,
};
use crate::live::project::network;

/// How long the calls of a quiet syncer are counted.
const QUIET: Duration = Duration::from_mins(10);
/// Pauses before purchases, in seconds: no pattern of the syncer's.
const PAUSES: [u64; 6] = [7, 41, 18, 53, 29, 3];

#[test]
#[ignore = "a measurement of a quarter of an hour: make bench-syncer"]
fn bench_syncer_calls_and_delay() {
    let project = pool_of_core_space();
    let ground = Ground::new(&[PROXY, BRIDGE, ESCROW, ESPACE_POOL, ESPACE_ESCROW], ORACLE);
    let two = TwoSpaces::wired(&ground, &project);
    let proxy = Proxy::start(&network().core_rpc);
    let desk = Desk::usual(&proxy.url(), &network().accounts[ACCOUNT], two.bridge);
    let syncer = desk.start("usual");
    ground.wait("the syncer rests", || syncer.rests().then_some(()));

    let (calls, sent) = (proxy.calls(), desk.sent("usual"));
    std::thread::sleep(QUIET);
    let calls = proxy.calls() - calls;
    let sent = desk.sent("usual") - sent;
    let a_day = calls * 24 * 60 * 60 / QUIET.as_secs();

    let mut waits = Vec::new();
    for pause in PAUSES {
        std::thread::sleep(Duration::from_secs(pause));
        let function = "increaseStake(uint64)";
        let to = two.espace_pool;
        ground.pay(
            &two.voter,
            SenderSpace::ESpace,
            to,
            function,
            &[encode_number(1)],
            VOTE,
        );
        let bought = Instant::now();
        ground.wait("the stake is carried", || {
            (two.asks_bridge("queryCrossingVotes()") == [0]).then_some(())
        });
        waits.push(bought.elapsed().as_secs_f64());
    }
    let carried = two.asks_bridge("queryUserSummary()")[1];
    assert_eq!(carried, PAUSES.len() as u128);
    println!("| what | result |\n|---|---|");
    println!(
        "| calls in {} minutes, {sent} transactions sent | {calls} |",
        QUIET.as_secs() / 60
    );
    println!("| the same for a day | {a_day} |");
    let waits: Vec<_> = waits.iter().map(|wait| format!("{wait:.0}")).collect();
    let waits = waits.join(", ");
    println!(
        "| seconds from the execution of a purchase in eSpace until it was carried | {waits} |"
    );
    assert!(matches!(syncer.stop(), Some(0 | 5)));
}
