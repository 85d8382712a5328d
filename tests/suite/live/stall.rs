//! A network that stands, since a voter that it needs was away: the voter goes on by the word of its own journal. One that
//! waited for the next block first would wait for ever.

use std::time::Duration;

use pospool_devnet::ChainConfig;
use serde_json::json;

use super::networks::{use_own_chain, usual_chain};
use super::project::{network, number, rpc};
use super::staker::{Staker, StakerPlace};
use super::voter::{newest, signed_rounds};

/// Votes of the genesis: alone they are no two thirds.
const OTHERS: u64 = 12;
const FIRST: u64 = 1;
const MORE: u64 = 8;

#[test]
#[ignore = "takes long: a part of `make chaos`"]
fn live_stall_s9_the_whole_network_stands_and_goes_on() {
    use_own_chain(ChainConfig {
        genesis_votes: OTHERS,
        ..usual_chain()
    });
    let staker = Staker::new(StakerPlace {
        host: None,
        docker_network: &network().docker_network,
        account: 7,
    });
    // Watched while the network can do without it; then it cannot any more.
    staker.is_a_voter(FIRST);
    staker.add_votes(MORE);
    staker.voter.becomes("no quorum without it", |_| {
        seats(&staker.voter.key) == FIRST + MORE
    });
    staker.voter.docker(&["stop", &staker.voter.container]);
    let stood = newest();
    std::thread::sleep(Duration::from_secs(20));
    // What was in flight when it stopped may still be committed.
    assert!(newest() <= stood + 4, "the network goes on without it");
    staker.voter.docker(&["start", &staker.voter.container]);
    staker
        .voter
        .becomes("the network goes on", |_| newest() > stood + 10);
    let blocks = signed_rounds(&staker.voter.key, stood + 5, newest());
    assert!(blocks.iter().any(|(_, signed)| *signed), "{blocks:?}");
    staker.is_undisputed();
}

/// Votes of a key in the committee.
fn seats(key: &str) -> u64 {
    let committee = rpc("pos_getCommittee", &json!([]))["currentCommittee"].take();
    let nodes = committee["nodes"].as_array().cloned().unwrap_or_default();
    let own = nodes.iter().find(|node| {
        let address = node["address"].as_str().unwrap_or_default();
        address.eq_ignore_ascii_case(key)
    });
    own.map_or(0, |node| number(&node["votingPower"]))
}
