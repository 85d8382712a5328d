//! Statuses for tests: one in which all is well and known, and changes of it.

mod cases;
mod metrics;
mod states;
mod verdicts;

use pospool_model::guard::{PosLoop, PosRound, Voting};
use pospool_model::status::{
    AccountStatus, Budget, ChainStatus, ContainerState, Figure, GuardWord, KeyStatus, MissedVotes,
    NodeStatus, PageStatus, PoolStatus, SyncerStatus, Term, Votes,
};
use pospool_model::{Address, Drip};

pub(super) fn at(name: &str) -> Address {
    name.parse().unwrap()
}

pub(super) fn seen<T>(value: T) -> Figure<T> {
    Figure::seen("test", value)
}

fn voting_guard() -> GuardWord {
    GuardWord {
        voting: Voting::On,
        hold: None,
        why: "it votes when its key is in the committee".to_owned(),
        running: true,
        given_up: false,
    }
}

/// A node that is well and votes.
fn well_node() -> NodeStatus {
    NodeStatus {
        container_name: "pospool-1a2b3c4d-main".to_owned(),
        container: seen(ContainerState::Running),
        exit_code: seen(None),
        out_of_memory: seen(false),
        memory_limit_bytes: seen(Some(16 << 30)),
        running_seconds: seen(86_400),
        last_failure: seen(None),
        open_files_limit: seen(1_000_000),
        disk_free_bytes: seen(600_000_000_000),
        disk_total_bytes: seen(2_000_000_000_000),
        clock_synchronised: seen(true),
        guard: seen(voting_guard()),
        conflux_starts: seen(1),
        last_fault: seen(None),
        key: seen("0xab".to_owned()),
        recorded_key: seen("0xAB".to_owned()),
        client_version: seen("conflux-rust/v3.1.0".to_owned()),
        phase: seen("NormalSyncPhase".to_owned()),
        epoch: seen(1000),
        network_epoch: seen(1001),
        behind_epochs: seen(1),
        epoch_stands_seconds: seen(1),
        counters_stand_seconds: seen(1),
        gained_epochs_per_hour: seen(0),
        head_age_seconds: seen(2),
        sessions: seen(20),
        live_peers: seen(18),
        pos_epoch: seen(Some(15)),
        pos_height: seen(Some(1800)),
        source_height: seen(1800),
        sources: seen((2, 2)),
        pos_loop: seen(PosLoop::Voting),
        elected: seen(true),
        coming_terms: seen(vec![
            Term {
                view: 1860,
                elected: true,
            },
            Term {
                view: 1920,
                elected: false,
            },
        ]),
        signed: seen(Some(PosRound::new(15, 40))),
        seen_signed: seen(Some(PosRound::new(15, 39))),
        budget: seen(Budget::Left {
            epoch: 18,
            blocks: 400,
            seconds: Some(12_000),
            voted: true,
        }),
        open_inner_ports: seen(Vec::new()),
        backup_age_seconds: seen(Some(86_400)),
        drill_age_seconds: seen(Some(86_400)),
        ..NodeStatus::new(&at("node.main"))
    }
}

/// A key that is elected and votes.
fn well_key() -> KeyStatus {
    KeyStatus {
        node: Some(at("node.main")),
        key: seen("0xab".to_owned()),
        votes: seen(Votes {
            view: 1800,
            working: 50,
            locked: 50,
            ..Votes::default()
        }),
        elected: seen(true),
        elected_until_view: seen(Some(1920)),
        missed: seen(MissedVotes {
            blocks: 20,
            missed: 1,
            in_a_row: 0,
        }),
        restake_due: seen(0),
        ..KeyStatus::new(&at("pos_registration.main"))
    }
}

/// A pool in which all is well, and nothing unknown.
pub(super) fn well() -> PoolStatus {
    PoolStatus {
        made_at: 1_000_000,
        nodes: vec![well_node()],
        keys: vec![well_key()],
        syncers: vec![SyncerStatus {
            container: seen(ContainerState::Running),
            trouble: seen(None),
            lag_seconds: seen(30),
            duties: seen(Vec::new()),
            waiting: seen(Vec::new()),
            balance_drip: seen(Drip(5)),
            balance_days: seen(90),
            ..SyncerStatus::new(&at("syncer.main"))
        }],
        pages: vec![PageStatus {
            container: seen(ContainerState::Running),
            answers: seen(true),
            ..PageStatus::new(&at("ui.main"))
        }],
        accounts: vec![AccountStatus {
            address: at("account.operator"),
            space: "core".to_owned(),
            account: "cfx:a".to_owned(),
            signs: true,
            balance_drip: seen(Drip(7)),
            calls_left: seen(500),
        }],
        chains: vec![ChainStatus {
            epoch: seen(1001),
            pos_epoch: seen(15),
            pos_height: seen(1800),
            pos_stands_seconds: seen(12),
            ..ChainStatus::new(&at("chain.main"))
        }],
        changes: seen(Vec::new()),
        ..PoolStatus::default()
    }
}
