//! Verification of contracts: the local comparison and a real compiling explorer, over HTTP.

#[allow(dead_code, reason = "the explorer's own tests use all of it")]
#[path = "../explorer/tests/suite/chain.rs"]
mod chain;
mod desk;

use std::path::Path;
use std::time::Duration;

use pospool_explorer::{ExplorerFault, ExplorerSpace, Match};
use pospool_model::provider::Observed;
use pospool_model::{ProviderError, SecretRef, Value};
use pospool_tests::stand_ins;

use self::desk::{Desk, address, compiled};

const SPACES: [ExplorerSpace; 2] = [ExplorerSpace::Core, ExplorerSpace::Espace];

#[tokio::test]
async fn proxy_and_implementation_are_verified_in_both_spaces() {
    for space in SPACES {
        let desk = Desk::new(space).await;
        let outputs = desk.verify().await.unwrap();
        assert_eq!(outputs["local"], Value::from("exact"));
        for place in [&desk.placed.proxy, &desk.placed.implementation] {
            let verified = desk.explorer.verified(space, place).unwrap();
            assert_eq!(verified.runtime, Some(Match::Exact));
            // Of a base32 address the explorer never finds the creation.
            let creation = (space == ExplorerSpace::Espace).then_some(Match::Exact);
            assert_eq!(
                verified.creation, creation,
                "constructor arguments of {}",
                verified.contract
            );
        }
        assert_eq!(desk.seen().await, (Value::Bool(true), Value::from("exact")));
    }
}

#[tokio::test]
async fn what_was_lost_or_changed_is_a_drift() {
    let desk = Desk::new(ExplorerSpace::Core).await;
    desk.verify().await.unwrap();
    let reason = async || match desk.seen().await.0 {
        Value::Text(reason) => reason,
        other => panic!("no drift: {other}"),
    };
    desk.explorer
        .forget(ExplorerSpace::Core, &desk.placed.proxy);
    let words = reason().await;
    assert!(
        words.starts_with("the proxy of `core_contract.pool` is not verified at"),
        "{words}"
    );
    // Case plan-sends-secrets: nobody has approved the spec of a plan yet, so its look asks without the key.
    let SecretRef::File(key) = desk.api_key() else {
        panic!("it is a file");
    };
    std::fs::rename(&key, key.with_extension("away")).unwrap();
    assert!(reason().await.contains("is not verified at"));
    let error = desk.verify().await.unwrap_err();
    assert!(
        error.to_string().contains("`api_key` cannot be read"),
        "{error}"
    );
    std::fs::rename(key.with_extension("away"), &key).unwrap();
    desk.verify().await.unwrap();
    assert_eq!(desk.seen().await.0, Value::Bool(true));
    // A silent explorer has forgotten nothing.
    desk.explorer.set(ExplorerFault::BadGateway(9));
    assert_eq!(desk.seen().await.0, Value::Bool(true));
    desk.explorer.set(ExplorerFault::BadGateway(0));

    let elsewhere = desk.placed.proxy.clone();
    desk.chain
        .point(ExplorerSpace::Core, &desk.placed.proxy, &elsewhere);
    let words = reason().await;
    assert!(words.contains("points at"), "{words}");
    let error = desk.verify().await.unwrap_err();
    assert_eq!(error.code(), "chain/code-differs");
}

#[tokio::test]
async fn an_explorer_in_trouble_is_asked_again() {
    let desk = Desk::new(ExplorerSpace::Espace).await;
    let faults = [
        ExplorerFault::Busy(2),
        ExplorerFault::BusyButTaken(1),
        ExplorerFault::Limited(2),
        ExplorerFault::BadGateway(2),
        ExplorerFault::Silent(1),
        ExplorerFault::NotIndexed(1),
        ExplorerFault::Broken(1),
    ];
    let verify = desk.steps().unwrap().pop().unwrap();
    for fault in faults {
        desk.explorer
            .forget(ExplorerSpace::Espace, &desk.placed.proxy);
        desk.explorer.set(fault.clone());
        desk.carry_out(&verify)
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(
            desk.explorer
                .verified(ExplorerSpace::Espace, &desk.placed.proxy)
                .is_some(),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn what_is_verified_is_not_handed_in_again() {
    let desk = Desk::new(ExplorerSpace::Core).await;
    desk.verify().await.unwrap();
    // Each submission would be refused from now on.
    desk.explorer.set(ExplorerFault::Busy(1000));
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_told_in_the_explorers_words() {
    let desk = Desk::new(ExplorerSpace::Core).await;
    let verify = desk.steps().unwrap().pop().unwrap();
    let message = "The parameter is wrong: parameter sourceCode is too old".to_owned();
    desk.explorer.set(ExplorerFault::Answered {
        times: 1,
        code: 510,
        message: message.clone(),
    });
    let error = desk.carry_out(&verify).await.unwrap_err();
    assert_eq!(error.code(), "chain/verification-refused");
    let text = error.to_string();
    assert!(
        text.contains(&message) && text.contains("the proxy of"),
        "{text}"
    );
}

#[tokio::test]
async fn a_slow_explorer_stops_nothing_and_the_next_run_begins_again() {
    let desk = Desk::waiting(ExplorerSpace::Core, Duration::from_millis(600)).await;
    let verify = desk.steps().unwrap().pop().unwrap();
    desk.explorer.set(ExplorerFault::Held(true));
    let error = desk.carry_out(&verify).await.unwrap_err();
    assert!(matches!(error, ProviderError::Converging { .. }), "{error}");
    // The next run settles first; it must not wait for an explorer.
    let error = desk.settle(&verify).await.unwrap_err();
    assert_eq!(error.code(), "chain/verification-unfinished");
    assert!(matches!(error, ProviderError::Refused { .. }));
    desk.explorer.set(ExplorerFault::Held(false));
    let patient = Desk::new(ExplorerSpace::Core).await;
    patient.verify().await.unwrap();
    let verify = patient.steps().unwrap().pop().unwrap();
    patient.settle(&verify).await.unwrap();
}

/// A copy of the stand-ins with one byte changed in the pools.
fn one_byte_changed() -> tempfile::TempDir {
    let copy = stand_ins::copy_with_change("comment");
    let changes = [
        ("PoSPool.sol", "\"1.9.0\"", "\"1.9.1\""),
        ("eSpace/eSpacePoSPool.sol", "_begin(9600,", "_begin(9601,"),
    ];
    for (file, from, to) in changes {
        let path = copy.path().join("contracts").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let other = text.replacen(from, to, 1);
        assert_ne!(text, other, "{file}");
        std::fs::write(path, other).unwrap();
    }
    copy
}

async fn take(desk: &mut Desk, folder: &Path) {
    desk.take_source(compiled(folder).await);
}

#[tokio::test]
async fn one_changed_byte_of_source_is_refused_by_the_comparison_and_by_the_explorer() {
    let copy = one_byte_changed();
    for space in SPACES {
        let mut desk = Desk::new(space).await;
        take(&mut desk, copy.path()).await;
        // At plan, before anything is handed in.
        let found = desk.look(None).await;
        assert_eq!(found.problems[0].1.code, "chain/code-differs");
        let words = &found.problems[0].1.summary;
        assert!(words.contains("differs from byte"), "{words}");
        // At apply.
        let steps = desk.steps().unwrap();
        let error = desk.carry_out(&steps[0]).await.unwrap_err();
        assert_eq!(error.code(), "chain/code-differs");
        // And if the comparison were not: the explorer.
        let error = desk.carry_out(&steps[1]).await.unwrap_err();
        assert_eq!(error.code(), "chain/verification-refused");
        assert!(error.to_string().contains("no_match"), "{error}");
        let place = &desk.placed.implementation;
        assert_eq!(desk.explorer.verified(space, place), None);
    }
}

#[tokio::test]
async fn another_comment_is_named_and_no_difference() {
    let mut desk = Desk::new(ExplorerSpace::Core).await;
    let copy = stand_ins::copy_with_change("comment");
    take(&mut desk, copy.path()).await;
    let same = Value::from("the same but for the metadata");
    assert_eq!(desk.verify().await.unwrap()["local"], same);
    let place = &desk.placed.implementation;
    let verified = desk.explorer.verified(ExplorerSpace::Core, place).unwrap();
    assert_eq!(verified.runtime, Some(Match::Partial));
    assert_eq!(desk.seen().await, (Value::Bool(true), same));
}

#[tokio::test]
async fn before_the_first_run_there_is_nothing() {
    let desk = Desk::new(ExplorerSpace::Core).await;
    for complete in [None, Some(false)] {
        let found = desk.look(complete).await;
        assert!(found.problems.is_empty());
        assert_eq!(found.objects[&address()], Observed::Absent);
    }
}
