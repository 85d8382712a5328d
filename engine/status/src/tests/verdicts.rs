use pospool_model::status::{Budget, Figure, MissedVotes, PoolStatus};

use super::{seen, well};
use crate::{Light, Verdict, diagnose, find_verdict};

fn verdict(status: &PoolStatus) -> Verdict {
    find_verdict(status, &diagnose(status))
}

fn lights(status: &PoolStatus) -> [Light; 3] {
    let verdict = verdict(status);
    [
        verdict.safe.light,
        verdict.earning.light,
        verdict.may_restart.light,
    ]
}

#[test]
fn what_is_well_and_seen_is_well() {
    assert_eq!(lights(&well()), [Light::Yes; 3], "{:?}", verdict(&well()));
    assert_eq!(
        verdict(&well()).sentence,
        "safe; earning; may be restarted now"
    );
}

#[test]
fn what_cannot_be_seen_is_never_well() {
    let mut blind = well();
    blind.nodes[0].guard = Figure::not_seen("guard", "it is silent");
    blind.nodes[0].budget = Figure::not_seen("guard", "it is silent");
    blind.keys[0].votes = Figure::not_seen("chain", "no answer");
    assert_eq!(lights(&blind), [Light::Unknown; 3]);
    let said = verdict(&blind);
    assert!(said.safe.why.contains("it is silent"), "{said:?}");
    // A limit of this version alone is no reason to worry.
    let mut limited = well();
    limited.nodes[0].counters_stand_seconds = Figure::default();
    limited.nodes[0].gained_epochs_per_hour = Figure::default();
    assert_eq!(lights(&limited), [Light::Yes; 3]);
    // Nothing is not well either.
    let mut nothing = PoolStatus::default();
    assert_eq!(lights(&nothing), [Light::Unknown; 3]);
    // Where everything was asked, no key is none.
    nothing.changes = seen(Vec::new());
    assert_eq!(lights(&nothing)[1], Light::No);
}

#[test]
fn a_key_that_has_not_voted_in_this_epoch_is_left_alone() {
    let mut early = well();
    early.nodes[0].budget = seen(Budget::Left {
        epoch: 17,
        blocks: 300,
        seconds: Some(9900),
        voted: false,
    });
    assert_eq!(lights(&early), [Light::Yes, Light::Yes, Light::No]);
    assert!(verdict(&early).may_restart.why.contains("2 h 45 min left"));
    early.nodes[0].budget = seen(Budget::NotElected);
    assert_eq!(lights(&early)[2], Light::Yes);
    early.open_effects = 1;
    assert_eq!(lights(&early)[2], Light::No);
}

#[test]
fn an_elected_key_without_votes_earns_nothing() {
    let mut silent = well();
    silent.keys[0].missed = seen(MissedVotes {
        blocks: 20,
        missed: 6,
        in_a_row: 6,
    });
    assert_eq!(lights(&silent)[..2], [Light::No, Light::No]);
    assert!(verdict(&silent).safe.why.ends_with("(V1)"));
    silent.keys[0].elected = seen(false);
    assert_eq!(lights(&silent)[..2], [Light::Yes, Light::No]);
}
