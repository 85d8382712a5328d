//! What leaves a node alive and its voting dead, on the real node: deaf, hung, cut off. The guard sees each and heals it, and
//! a key that was restored elsewhere meanwhile is never joined.

use std::process::Command;
use std::time::{Duration, Instant};

use pospool_devnet::ChainConfig;
use serde_json::{Value, json};

use super::guard::VolumeCopy;
use super::networks::{use_own_chain, usual_chain};
use super::project::{docker, network, number, number_in, rpc};
use super::staker::{Staker, StakerPlace, VOTES};
use super::voter::{LONG, newest, signed_rounds};

/// Seconds in which a peer that lives says something.
const LATELY: f64 = 10.0;

#[test]
#[ignore = "takes long: a part of `make chaos`"]
fn live_outages_of_a_voter_are_seen_and_healed() {
    // Longer terms than usual: a key that is silent while its volume is copied and watched must not be retired.
    use_own_chain(ChainConfig {
        rounds_per_term: 60,
        ..usual_chain()
    });
    let staker = Staker::new(StakerPlace {
        host: None,
        docker_network: &network().docker_network,
        account: 7,
    });
    staker.is_a_voter(VOTES);
    s6_deaf_is_started_again(&staker);
    s8_hung_is_killed_and_started_again(&staker);
    let partitions = number_in("POSPOOL_PARTITIONS").unwrap_or(1);
    for round in 1..=partitions {
        let seen = s1_cut_off_never_votes_beside_its_restored_key(&staker);
        println!("partition {round:>2}: {seen}");
    }
    staker.is_undisputed();
}

/// Numbers of the processes of conflux: the guard is the container's first process, and conflux its child.
fn conflux(staker: &Staker) -> String {
    let guard = staker.voter.docker(&[
        "inspect",
        "--format",
        "{{.State.Pid}}",
        &staker.voter.container,
    ]);
    let children = format!("/proc/{guard}/task/{guard}/children");
    let children = std::fs::read_to_string(children).unwrap();
    let child = children.split_whitespace().next();
    child.expect("conflux runs").to_owned()
}

fn signal(process: &str, name: &str) {
    let sent = Command::new("kill").args([name, process]).status();
    assert!(sent.unwrap().success());
}

/// The guard says in its journal why it ended conflux, and the node votes again.
fn is_healed(staker: &Staker, reason: &str, act: impl FnOnce()) {
    let stops = || {
        let journal = staker.voter.journal();
        let of = |line: Value| (line["what"] == "stopped").then(|| line["why"].to_string());
        journal.into_iter().filter_map(of).collect::<Vec<_>>()
    };
    let before = stops().len();
    let starts = staker.voter.report()["starts"].as_u64();
    act();
    staker.voter.becomes("conflux is started again", |report| {
        report["starts"].as_u64() > starts
    });
    let why = stops().split_off(before);
    assert!(why.iter().any(|why| why.contains(reason)), "{why:?}");
    staker.voter.votes();
    staker.is_undisputed();
}

/// A process that was stopped and goes on has no network thread any more (conflux-rust `service_mio.rs`): PoS stands, and the
/// node still calls itself well.
fn s6_deaf_is_started_again(staker: &Staker) {
    is_healed(staker, "cut off", || {
        let process = conflux(staker);
        signal(&process, "-STOP");
        std::thread::sleep(Duration::from_secs(3));
        signal(&process, "-CONT");
    });
}

/// A process that does nothing any more answers nothing.
fn s8_hung_is_killed_and_started_again(staker: &Staker) {
    is_healed(staker, "does not answer", || {
        signal(&conflux(staker), "-STOP");
    });
}

/// Cut off for longer than the bound, the key restored on a second node that votes after its epoch, healed.
fn s1_cut_off_never_votes_beside_its_restored_key(staker: &Staker) -> String {
    let (network, own) = (&network().docker_network, &staker.voter.container);
    let cut = Instant::now();
    docker(&["network", "disconnect", "--force", network, own]);
    // The cut is one: neither side has the other as a peer, and the node's PoS stands.
    waits("the other validator has no peer", || sessions() == 0);
    let fenced = staker.voter.becomes("the guard ends its voting", |report| {
        report["voting"] == "off"
    });
    let (fenced_after, last) = (cut.elapsed(), own_rounds(staker, own).1);
    assert_eq!(fenced["peers"].as_u64().unwrap_or(0), 0, "{fenced:#}");
    let second = VolumeCopy::of(own);
    let restored = cut.elapsed();
    staker
        .voter
        .beside(&second.0)
        .becomes("the restored key waits for an epoch", |report| {
            report["hold"] == "epoch-to-end" || report["hold"] == "watching"
        });
    staker.voter.beside(&second.0).votes();
    let took_over = cut.elapsed();
    assert_eq!(sessions(), 1, "the first one is still cut off");
    docker(&["network", "connect", network, own]);
    is_silent_after_the_heal(staker);
    let (first, _) = own_rounds(staker, &second.0);
    assert!(
        first >= last,
        "the first one signed up to {last:?}, the second one from {first:?}"
    );
    let signed = signed_rounds(&staker.voter.key, newest() - 100, newest());
    let between = signed
        .iter()
        .filter(|(round, signed)| *signed && last < *round && *round <= first);
    assert_eq!(between.count(), 0, "what neither signed is not signed");
    staker.is_undisputed();
    drop(second);
    // What it signed at its end comes into blocks that the first one reads a moment later, and would hold it again.
    let gone = newest();
    waits("blocks that nobody signs with the key", || {
        newest() > gone + 10
    });
    docker(&["exec", own, "pospool", "guard", "--clear"]);
    staker.voter.beside(own).votes();
    format!(
        "fenced after {} s, signed up to {last:?}; restored after {} s, votes after {} s from {first:?}",
        fenced_after.as_secs(),
        restored.as_secs(),
        took_over.as_secs()
    )
}

/// The one that was cut off sees the other one, and waits for a person while that one votes.
fn is_silent_after_the_heal(staker: &Staker) {
    waits("both are peers again", || sessions() == 2);
    staker.voter.becomes("it sees the other voter", |report| {
        assert_eq!(report["voting"], "off", "{report:#}");
        report["hold"] == "held"
    });
    let epoch = || number(&rpc("pos_getStatus", &json!([]))["epoch"]);
    let healed = epoch();
    staker
        .voter
        .becomes("it stays silent for two epochs", |report| {
            assert_eq!(
                (&report["voting"], &report["hold"]),
                (&json!("off"), &json!("held"))
            );
            epoch() >= healed + 2
        });
}

/// By the journal on a node's volume: the round after which its last guard let it vote, and up to which it says that it signed.
fn own_rounds(staker: &Staker, container: &str) -> ((u64, u64), (u64, u64)) {
    let journal = staker.voter.beside(container).journal();
    let round = |value: &Value| {
        let of = |name: &str| value[name].as_u64().unwrap();
        (of("epoch"), of("round"))
    };
    let last = |what: &str, field: &str| {
        let line = journal.iter().rfind(|line| line["what"] == what);
        line.map_or((0, 0), |line| round(&line[field]))
    };
    (last("voting", "after"), last("signed", "round"))
}

/// Sessions of the other validator in which it has heard something lately. A connection that is cut says nothing of it, and is
/// kept for minutes.
fn sessions() -> usize {
    let sessions = rpc("debug_getNetSessions", &json!([null]));
    let sessions = sessions.as_array().unwrap().iter();
    let speaks = |session: &&Value| {
        let [status, read] =
            ["status", "lastRead"].map(|name| session[name].as_str().unwrap_or_default());
        // Such as `12.3s` or `4.5ms`.
        let seconds = read
            .strip_suffix('s')
            .and_then(|number| number.parse::<f64>().ok());
        status.starts_with("communicating") && seconds.is_none_or(|seconds| seconds < LATELY)
    };
    sessions.filter(speaks).count()
}

fn waits(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < LONG,
            "{what}: not in {} s",
            LONG.as_secs()
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}
