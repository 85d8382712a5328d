//! Which endpoint's look counts, and whether the others contradict it.
//!
//! - Reads: looks of several endpoints at the same transaction.
//! - Returns: the index of the best look, and what the others say of it.
//! - Never: mixes looks: what one endpoint shows stays together. An endpoint that does not know the transaction
//!   contradicts nothing, since nodes forget receipts and pools.

use std::cmp::Reverse;

use super::sight::{Ours, Sight};
use super::situation::{Age, Endpoints, Nonce, Pool};

/// Compares looks; `None` if there are none. What has a receipt wins over what has it in a block, that over what
/// has it in its pool, and that over what does not know it; then the one that has finalised most.
pub(crate) fn best_sight(sights: &[Sight], ours: Ours) -> Option<(usize, Endpoints)> {
    let rank = |sight: &Sight| {
        let known = match sight.pool {
            _ if sight.is_executed() => 3,
            Pool::InBlock => 2,
            pool => u8::from(pool.is_pooled()),
        };
        (known, sight.heads.finalised, sight.heads.newest)
    };
    let (best, chosen) = sights
        .iter()
        .enumerate()
        .max_by_key(|(index, sight)| (rank(sight), Reverse(*index)))?;
    let others = sights
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != best);
    let words = others.map(|(_, other)| against(chosen, other, ours));
    Some((best, words.max().unwrap_or(Endpoints::Agree)))
}

/// What another endpoint's look says against the best one.
fn against(best: &Sight, other: &Sight, ours: Ours) -> Endpoints {
    if best.is_executed() {
        return if other.is_executed() && other.outcome() != best.outcome() {
            Endpoints::Disagree
        } else {
            Endpoints::Agree
        };
    }
    let differ = |which: fn(&Sight) -> u64| {
        if which(other) < which(best) {
            Endpoints::Behind
        } else {
            Endpoints::Disagree
        }
    };
    let (nonce, other_nonce) = (best.nonce(ours), other.nonce(ours));
    let finally = (nonce == Nonce::UsedFinally) != (other_nonce == Nonce::UsedFinally);
    let expired = (best.age(ours) == Age::Expired) != (other.age(ours) == Age::Expired);
    if finally || expired {
        return differ(|sight| sight.heads.finalised);
    }
    if (nonce == Nonce::Used) != (other_nonce == Nonce::Used) {
        return differ(|sight| sight.heads.newest);
    }
    Endpoints::Agree
}
