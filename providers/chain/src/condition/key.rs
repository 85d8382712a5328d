//! How a registered key is.

use pospool_model::Value;
use pospool_model::provider::{StatusContext, Target};
use pospool_model::status::{Figure, KeyStatus, QueuedVotes, Votes};

use super::pos::{RPC, SeenPos};
use crate::facts::{ChainProviderFacts, RegistrationFacts};
use crate::observe::chain_of;
use crate::registration::RegistrationSpec;
use crate::registration::votes::{PosVotes, time_of};

/// How a registered key is.
pub(super) fn key_status(
    target: &Target<'_>,
    context: &StatusContext<'_>,
    facts: &ChainProviderFacts,
    pos: Result<&SeenPos, &String>,
) -> KeyStatus {
    let mut status = KeyStatus::new(target.address);
    let block = target.wanted.map(RegistrationSpec::read);
    status.node = block.and_then(|block| block.node.known().cloned());
    let outputs = context.scene.outputs.get(target.address);
    let key = outputs.and_then(|outputs| outputs.get("pos_address").and_then(Value::as_text));
    let unseen = context.unseen.get(target.address).map(String::as_str);
    let Some(key) = key else {
        return match unseen {
            Some(why) => unseen_key(status, why),
            None => unregistered_key(status),
        };
    };
    status.key = Figure::seen(RPC, key.to_owned());
    let found = facts.registrations.get(target.address);
    let chain = chain_of(target.wanted, &context.scene).and_then(|it| facts.chains.get(it));
    let network = chain.map(|chain| chain.network);
    let votes = found.and_then(|found| found.votes.as_ref());
    let no_votes = unseen.unwrap_or("the RPC does not say what PoS counts for it");
    let read = votes.map(|votes| votes_of(votes, network.unwrap_or_default()));
    status.votes = Figure::said(RPC, read, 0, no_votes);
    status.restake_due = Figure::said(RPC, votes.map(|_| restake_due(found)), 0, no_votes);
    let pos = match pos {
        Ok(pos) => pos,
        Err(why) => {
            status.elected = Figure::not_seen(RPC, why);
            status.elected_until_view = Figure::not_seen(RPC, why);
            status.missed = Figure::not_seen(RPC, why);
            return status;
        }
    };
    let elected = pos.is_elected(key);
    let until = elected.map(|_| pos.elected_until(key));
    let no_committee = "the RPC does not name the committee";
    status.elected = Figure::said(RPC, elected, 0, no_committee);
    status.elected_until_view = Figure::said(RPC, until, 0, no_committee);
    let no_blocks = "the RPC does not give the last blocks of PoS";
    status.missed = Figure::said(RPC, pos.missed(key), 0, no_blocks);
    status
}

/// A key that could not be looked at.
fn unseen_key(status: KeyStatus, why: &str) -> KeyStatus {
    KeyStatus {
        key: Figure::not_seen(RPC, why),
        votes: Figure::not_seen(RPC, why),
        elected: Figure::not_seen(RPC, why),
        elected_until_view: Figure::not_seen(RPC, why),
        missed: Figure::not_seen(RPC, why),
        restake_due: Figure::not_seen(RPC, why),
        ..status
    }
}

/// A key that is not registered: there is nothing to see, and that is no trouble.
fn unregistered_key(status: KeyStatus) -> KeyStatus {
    const WHY: &str = "no key is registered yet";
    KeyStatus {
        key: Figure::not_collected(WHY),
        votes: Figure::not_collected(WHY),
        elected: Figure::not_collected(WHY),
        elected_until_view: Figure::not_collected(WHY),
        missed: Figure::not_collected(WHY),
        restake_due: Figure::not_collected(WHY),
        ..status
    }
}

fn restake_due(found: Option<&RegistrationFacts>) -> u64 {
    let restake = found.and_then(|found| found.restake.as_ref());
    restake.map_or(0, |restake| restake.due.now)
}

fn votes_of(votes: &PosVotes, network: u32) -> Votes {
    let queue = |queue: &[crate::registration::votes::QueuedVotes]| {
        let read = queue.iter().map(|one| {
            let left = one.view.saturating_sub(votes.view);
            let time = time_of(left, network).filter(|_| votes.view > 0);
            QueuedVotes {
                view: one.view,
                votes: one.votes,
                in_seconds: time.map(|time| time.as_secs()),
            }
        });
        read.collect()
    };
    Votes {
        view: votes.view,
        working: votes.working,
        locking: queue(&votes.coming),
        locked: votes.locked,
        leaving: queue(&votes.leaving),
        unlocked: votes.unlocked,
        retired_at: votes.retired_at,
        forfeited: votes.forfeited,
        disputed: votes.is_disputed(),
    }
}
