//! The evidence of each state, and what lies right beside it.

use pospool_model::guard::{PosLoop, Voting};
use pospool_model::plan::Action;
use pospool_model::status::{
    Budget, ContainerState, MissedVotes, NodeStatus, PlannedChange, PoolStatus, QueuedVotes, Term,
    Unseen, Votes,
};
use pospool_model::{Code, Finding, FindingKind};

use super::{at, seen, well_node};

/// A change of a status.
pub(super) type Twist = fn(&mut PoolStatus);

/// A state, what makes it present, and what right beside that does not.
pub(super) type Case = (&'static str, Twist, Twist);

fn node(pool: &mut PoolStatus) -> &mut NodeStatus {
    &mut pool.nodes[0]
}

/// The node ended, and its last words name this reason.
fn ended(pool: &mut PoolStatus, code: &str) {
    node(pool).container = seen(ContainerState::Stopped);
    node(pool).last_failure = seen(Some(code.to_owned()));
}

/// The node runs again, and its last words are of before.
fn runs_again(pool: &mut PoolStatus, code: &str) {
    node(pool).last_failure = seen(Some(code.to_owned()));
}

fn held(pool: &mut PoolStatus, hold: &str) {
    let mut word = node(pool).guard.known().unwrap().clone();
    word.voting = Voting::Off;
    word.hold = Some(hold.to_owned());
    word.why = format!("because of {hold}");
    node(pool).guard = seen(word);
}

fn catching_up(pool: &mut PoolStatus, stands: u64, counters: u64) {
    node(pool).phase = seen("CatchUpSyncBlockPhase".to_owned());
    node(pool).behind_epochs = seen(900_000);
    node(pool).epoch_stands_seconds = seen(stands);
    node(pool).counters_stand_seconds = seen(counters);
    node(pool).gained_epochs_per_hour = seen(4000);
}

fn votes(pool: &mut PoolStatus, votes: Votes) {
    pool.keys[0].votes = seen(votes);
}

fn drifted(pool: &mut PoolStatus, is_drift: bool) {
    pool.changes = seen(vec![PlannedChange {
        address: at("core_contract.pool"),
        action: Action::Update,
        changed: vec!["settings.name".to_owned()],
        is_drift,
    }]);
}

const NODE: &[Case] = &[
    (
        "N1",
        |p| node(p).container = seen(ContainerState::Stopped),
        |p| {
            node(p).container = seen(ContainerState::Stopped);
            node(p).wanted_running = false;
        },
    ),
    (
        "N2",
        |p| node(p).container = seen(ContainerState::WaitingForPassword),
        |_| (),
    ),
    (
        "N3",
        |p| ended(p, "docker/wrong-password"),
        |p| runs_again(p, "docker/wrong-password"),
    ),
    (
        "N4",
        |p| p.unseen = vec![refused("node.main", "docker/pos-key-lost")],
        |p| p.unseen = vec![refused("node.main", "docker/name-taken")],
    ),
    (
        "N5",
        |p| node(p).key = seen("0xcd".to_owned()),
        |p| node(p).key = seen("AB".to_owned()),
    ),
    (
        "N6",
        |p| node(p).out_of_memory = seen(true),
        |p| node(p).exit_code = seen(Some(137)),
    ),
    (
        "N7",
        |p| {
            node(p).conflux_starts = seen(3);
            node(p).running_seconds = seen(899);
        },
        |p| {
            node(p).conflux_starts = seen(3);
            node(p).running_seconds = seen(900);
        },
    ),
    (
        "N8",
        |p| node(p).disk_free_bytes = seen(299_000_000_000),
        |p| node(p).disk_free_bytes = seen(300_000_000_000),
    ),
    (
        "N9",
        |p| ended(p, "docker/data-damaged"),
        |p| runs_again(p, "docker/data-damaged"),
    ),
    (
        "N10",
        |p| ended(p, "docker/data-in-use"),
        |p| runs_again(p, "docker/data-in-use"),
    ),
    (
        "N11",
        |p| node(p).open_files_limit = seen(9999),
        |p| node(p).open_files_limit = seen(10_000),
    ),
    (
        "N12",
        |p| ended(p, "docker/pos-config"),
        |p| ended(p, "docker/permission"),
    ),
    (
        "N13",
        |p| ended(p, "docker/genesis-mismatch"),
        |p| ended(p, "docker/pos-config"),
    ),
    (
        "N14",
        |p| node(p).head_age_seconds = seen(-301),
        |p| node(p).head_age_seconds = seen(-300),
    ),
    (
        "N15",
        |p| ended(p, "docker/permission"),
        |p| ended(p, "docker/genesis-mismatch"),
    ),
];

const SYNC: &[Case] = &[
    (
        "S1",
        |p| node(p).live_peers = seen(2),
        |p| {
            node(p).live_peers = seen(2);
            node(p).least_peers = 1;
        },
    ),
    (
        "S2",
        |p| catching_up(p, 599, 1),
        |p| node(p).behind_epochs = seen(100),
    ),
    (
        "S3",
        |p| catching_up(p, 600, 599),
        |p| catching_up(p, 600, 600),
    ),
    (
        "S4",
        |p| catching_up(p, 600, 600),
        |p| catching_up(p, 599, 600),
    ),
    (
        "S5",
        |p| {
            catching_up(p, 1, 1);
            node(p).gained_epochs_per_hour = seen(0);
        },
        |p| {
            catching_up(p, 1, 1);
            node(p).gained_epochs_per_hour = seen(1);
        },
    ),
    (
        "S6",
        |p| {
            node(p).live_peers = seen(0);
            node(p).head_age_seconds = seen(121);
        },
        |p| {
            node(p).live_peers = seen(0);
            node(p).head_age_seconds = seen(120);
        },
    ),
    (
        "S7",
        |p| node(p).last_fault = seen(Some("dead-pos".to_owned())),
        |p| node(p).pos_loop = seen(PosLoop::Hung),
    ),
    (
        "S8",
        |p| node(p).pos_loop = seen(PosLoop::Hung),
        |p| node(p).pos_loop = seen(PosLoop::Silent),
    ),
    (
        "S9",
        |p| node(p).source_height = seen(1811),
        |p| node(p).source_height = seen(1810),
    ),
    (
        "S10",
        |p| p.findings = vec![past_fork("node.main")],
        |p| p.findings = vec![past_fork("node.other")],
    ),
];

pub(super) fn refused(address: &str, code: &str) -> Unseen {
    Unseen {
        address: at(address),
        code: code.to_owned(),
        why: "somebody else has it".to_owned(),
        help: None,
    }
}

fn past_fork(address: &str) -> Finding {
    finding(address, PAST_FORK)
}

const VOTE: &[Case] = &[
    (
        "V1",
        |p| {
            p.keys[0].missed = seen(MissedVotes {
                blocks: 20,
                missed: 5,
                in_a_row: 5,
            });
        },
        |p| {
            p.keys[0].missed = seen(MissedVotes {
                blocks: 20,
                missed: 12,
                in_a_row: 4,
            });
        },
    ),
    (
        "V2",
        |p| held(p, "catching-up"),
        |p| {
            held(p, "catching-up");
            let mut second = well_node();
            second.address = at("node.second");
            p.nodes.push(second);
        },
    ),
    (
        "V3",
        |p| held(p, "no-safety-file"),
        |p| held(p, "old-safety-file"),
    ),
    (
        "V4",
        |p| held(p, "other-owner"),
        |p| held(p, "no-safety-file"),
    ),
    (
        "V5",
        |p| held(p, "old-safety-file"),
        |p| held(p, "other-owner"),
    ),
    ("V6", |p| held(p, "two-blocks"), |p| held(p, "catching-up")),
    (
        "V7",
        |p| {
            p.keys[0].elected = seen(false);
            node(p).coming_terms = seen(vec![
                Term {
                    view: 1,
                    elected: false,
                },
                Term {
                    view: 2,
                    elected: false,
                },
            ]);
        },
        |p| {
            p.keys[0].elected = seen(false);
            node(p).coming_terms = seen(vec![
                Term {
                    view: 1,
                    elected: false,
                },
                Term {
                    view: 2,
                    elected: true,
                },
            ]);
        },
    ),
    (
        "V8",
        |p| votes(p, Votes::default()),
        |p| {
            votes(
                p,
                Votes {
                    locked: 1,
                    working: 1,
                    ..Votes::default()
                },
            );
        },
    ),
    (
        "V9",
        |p| p.nodes.push(second_voter("0xAB")),
        |p| p.nodes.push(second_voter("0xcd")),
    ),
    (
        "V10",
        |p| {
            votes(
                p,
                Votes {
                    disputed: true,
                    forfeited: 3,
                    ..Votes::default()
                },
            );
        },
        |p| {
            votes(
                p,
                Votes {
                    leaving: vec![QueuedVotes {
                        view: 2000,
                        votes: 5,
                        in_seconds: None,
                    }],
                    ..Votes::default()
                },
            );
        },
    ),
    (
        "V11",
        |p| node(p).budget = seen(left(8999)),
        |p| node(p).budget = seen(left(9000)),
    ),
    (
        "V12",
        |p| {
            votes(
                p,
                Votes {
                    retired_at: Some(95),
                    ..Votes::default()
                },
            );
        },
        |p| votes(p, Votes::default()),
    ),
    (
        "V13",
        |p| node(p).open_inner_ports = seen(vec![12_539]),
        |_| (),
    ),
];

fn left(seconds: u64) -> Budget {
    Budget::Left {
        epoch: 17,
        blocks: 300,
        seconds: Some(seconds),
        voted: false,
    }
}

fn second_voter(key: &str) -> NodeStatus {
    NodeStatus {
        address: at("node.second"),
        key: seen(key.to_owned()),
        recorded_key: seen(key.to_owned()),
        ..well_node()
    }
}

const POOL: &[Case] = &[
    (
        "C1",
        |p| p.keys[0].restake_due = seen(1),
        |p| p.keys[0].restake_due = seen(0),
    ),
    (
        "C2",
        |p| p.syncers[0].lag_seconds = seen(3601),
        |p| p.syncers[0].lag_seconds = seen(3600),
    ),
    (
        "C3",
        |p| p.accounts[0].calls_left = seen(19),
        |p| {
            p.accounts[0].calls_left = seen(19);
            p.accounts[0].signs = false;
        },
    ),
    (
        "C4",
        |p| p.pages[0].answers = seen(false),
        |p| p.pages.clear(),
    ),
    ("C5", |p| drifted(p, true), |p| drifted(p, false)),
    (
        "C6",
        |p| node(p).backup_age_seconds = seen(None),
        |p| {
            node(p).backup_age_seconds = seen(None);
            p.keys.clear();
        },
    ),
];

/// All of them, in the order of the table.
pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    [NODE, SYNC, VOTE, POOL].into_iter().flatten()
}

pub(super) fn finding(address: &str, code: Code) -> Finding {
    Finding::new(FindingKind::Wrong, &at(address), code, "as it was seen")
}

pospool_model::codes! {
    PAST_FORK = "docker/release-past-fork", "As the provider has it.", "Only tests show it.";
    TWO_VOTERS = "docker/two-voters", "As the provider has it.", "Only tests show it.";
}
