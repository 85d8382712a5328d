//! For each state evidence that makes it fire, and evidence right beside it that does not.

use std::collections::BTreeSet;

use pospool_model::status::{
    AccountStatus, ContainerState, Figure, KeyStatus, NodeStatus, PageStatus, PoolStatus,
    SyncerStatus,
};

use super::cases::{TWO_VOTERS, cases, finding, refused};
use super::{at, seen, well};
use crate::{Answer, diagnose, states};

/// What the doctor says of a state, over all that it is about: the worst.
fn answers(status: &PoolStatus, id: &str) -> Vec<Answer> {
    let all = diagnose(status).into_iter();
    let mine = all.filter(|one| one.state.id == id);
    mine.map(|one| one.answer).collect()
}

fn is_present(answer: &Answer) -> bool {
    matches!(answer, Answer::Present { evidence } if !evidence.is_empty())
}

#[test]
fn each_state_fires_on_its_evidence_and_not_on_what_lies_beside_it() {
    for (id, fires, spares) in cases() {
        let mut bad = well();
        fires(&mut bad);
        let said = answers(&bad, id);
        assert!(said.iter().any(is_present), "{id}: {said:?}");
        let mut beside = well();
        spares(&mut beside);
        let said = answers(&beside, id);
        assert!(
            said.iter().all(|it| *it == Answer::Absent),
            "{id}: {said:?}"
        );
    }
}

#[test]
fn every_id_has_both() {
    let ids: Vec<&str> = states().map(|state| state.id).collect();
    let tried: Vec<&str> = cases().map(|case| case.0).collect();
    assert_eq!(ids, tried, "in the order of the table");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 44);
}

#[test]
fn a_well_pool_has_no_state_and_nothing_untold() {
    for one in diagnose(&well()) {
        assert_eq!(one.answer, Answer::Absent, "{}", one.state.id);
    }
}

/// Nothing was seen: nothing is absent either, but for what is about nothing.
#[test]
fn what_was_not_collected_is_never_absent() {
    let blind = PoolStatus {
        nodes: vec![NodeStatus::new(&at("node.main"))],
        keys: vec![KeyStatus::new(&at("pos_registration.main"))],
        syncers: vec![SyncerStatus::new(&at("syncer.main"))],
        pages: vec![PageStatus::new(&at("ui.main"))],
        accounts: vec![AccountStatus {
            calls_left: Figure::default(),
            ..well().accounts[0].clone()
        }],
        ..PoolStatus::default()
    };
    let said = diagnose(&blind);
    assert_eq!(said.len(), 44);
    for one in &said {
        let untold = matches!(one.answer, Answer::CannotTell { looked: false, .. });
        assert!(untold, "{}: {:?}", one.state.id, one.answer);
    }
    // Whoever looked and did not see says so.
    let mut silent = well();
    silent.nodes[0].guard = Figure::not_seen("guard", "it says nothing");
    let untold = Answer::CannotTell {
        missing: "the word of the guard".to_owned(),
        why: "it says nothing".to_owned(),
        looked: true,
    };
    assert_eq!(answers(&silent, "V4"), [untold]);
}

#[test]
fn what_the_look_refused_counts_as_evidence() {
    for (id, address, code) in [
        ("N4", "node.main", "docker/pos-key-lost"),
        ("N5", "pos_registration.main", "chain/other-key"),
        ("N10", "node.main", "docker/volume-in-use"),
        ("C4", "chain.main", "chain/unreachable"),
    ] {
        let mut pool = well();
        pool.unseen = vec![refused(address, code)];
        assert!(answers(&pool, id).iter().any(is_present), "{id}");
    }
    let mut pool = well();
    pool.findings = vec![finding("node.main", TWO_VOTERS)];
    assert!(answers(&pool, "V9").iter().any(is_present));
}

#[test]
fn a_remedy_names_the_thing() {
    let mut pool = well();
    pool.nodes[0].container = seen(ContainerState::Stopped);
    let all = diagnose(&pool);
    let stopped = all.iter().find(|one| one.state.id == "N1").unwrap();
    assert_eq!(stopped.remedy(), "pospool start node.main");
    let deaf = all.iter().find(|one| one.state.id == "S6").unwrap();
    assert!(
        deaf.remedy()
            .starts_with("docker restart pospool-1a2b3c4d-main")
    );
    // What is wrong with a key is put right at its node.
    let idle = all.iter().find(|one| one.state.id == "V7").unwrap();
    assert_eq!(
        idle.remedy(),
        "docker restart pospool-1a2b3c4d-main && pospool start node.main"
    );
    assert_eq!(crate::find_state("n1").map(|state| state.id), Some("N1"));
    for state in states() {
        assert!(
            state.remedy.len() > 5 && state.why.len() > 20,
            "{}",
            state.id
        );
        assert!(!state.remedy.contains("secure_storage"), "{}", state.id);
    }
}
