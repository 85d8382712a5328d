//! A question in place of a whole look: is what the last look saw still all that there is to do?
//!
//! - Reads: the views that duties follow from, in one call; where an endpoint does not take that, two of them.
//! - Returns: yes, or that it is time for a whole look.
//! - Never: is sure of what it was not told, and never says of which chain the answer is: the looks do.
//!
//! | duty | its cause | seen by one call | by two views |
//! |---|---|---|---|
//! | `cross_stake` | somebody buys votes in eSpace; their money arrives | yes | the votes |
//! | `unstake` | somebody in eSpace gives votes back; a lock period ends | yes | the request |
//! | `withdraw` | an unlock period ends | yes | no |
//! | `claim_interest` | PoS pays; blocks pass since the last claim | yes | no |
//! | `sync_locks`, `sync_votes` | somebody in eSpace locks or votes; a round begins | yes | no |
//! | another owner, a failed view that works again | a transaction of the owner | no, unless a duty is open | no |
//!
//! What is not seen waits for the next whole look.

use futures_util::future::join_all;
use pospool_conflux::abi;
use pospool_conflux_rpc::{At, Batch, CountingTransport, Rpc, RpcError};

use super::duties::{self, SeenBridge};
use super::views::{self, BridgeView, LastViews};
use crate::facts::ChainProviderFacts;

/// Whether nothing has changed for all bridges of a look.
pub(crate) async fn is_still(link: &CountingTransport, facts: &ChainProviderFacts) -> bool {
    let lasts = facts.bridges.values().map(|known| &known.last);
    let glances = join_all(lasts.map(|last| still_one(link, last))).await;
    let all = |result: Result<bool, RpcError>| result.unwrap_or(false);
    !glances.is_empty() && glances.into_iter().all(all)
}

async fn still_one(link: &CountingTransport, last: &LastViews) -> Result<bool, RpcError> {
    let rpc = Rpc::over(link, &last.endpoints)?;
    let seen = &last.views.seen;
    if last.views.together {
        let now = views::ask_together(&last.subject, At::LatestState, &rpc).await?;
        return Ok(now.is_some_and(|now| is_same(seen, &now.seen)));
    }
    let mut batch = Batch::default();
    let [crossing, unstakes] = [BridgeView::Crossing, BridgeView::Unstakes].map(|view| {
        let (to, data) = view.question(&last.subject);
        batch.view(to, &data, At::LatestState)
    });
    let answers = batch.send(&rpc).await?;
    let number = |slot| abi::read_number(&answers.bytes(slot)?);
    let now = (number(crossing), number(unstakes));
    Ok(now == (Some(seen.crossing), Some(seen.unstakes)))
}

/// Whether the same is to be done, and the same waits. A node that is behind the last look is not believed.
fn is_same(last: &SeenBridge, now: &SeenBridge) -> bool {
    now.block >= last.block && duties::duties_of(last) == duties::duties_of(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_model::Drip;

    /// Every way in which something comes to be done or waits: with each, it is time for a look.
    #[test]
    #[allow(clippy::too_many_lines, reason = "a table of cases is one piece")]
    fn whatever_is_to_be_done_is_noticed() {
        type Change = fn(&mut SeenBridge);
        let quiet = SeenBridge {
            owns: true,
            block: 10_000,
            claimed_block: Some(9_000),
            claim_every: 3_600,
            interest: Drip::PER_CFX,
            ..SeenBridge::default()
        };
        let table: &[(&str, Change, bool)] = &[
            ("blocks pass", |now| now.block += 100, true),
            (
                "interest grows before it is due",
                |now| now.interest += 1,
                true,
            ),
            ("votes are bought", |now| now.crossing = 1, false),
            (
                "votes and their money",
                |now| (now.crossing, now.mapped) = (1, 1000 * Drip::PER_CFX),
                false,
            ),
            (
                "votes are given back",
                |now| (now.unstakes, now.first_unstake) = (1, 1),
                false,
            ),
            ("votes are unlocked", |now| now.unlocked = 1, false),
            ("a claim is due", |now| now.block = 12_600, false),
            ("locks changed", |now| now.locks_changed = true, false),
            ("votes changed", |now| now.votes_changed = true, false),
            ("the node is behind", |now| now.block = 9_999, false),
        ];
        for (what, change, same) in table {
            let mut now = quiet.clone();
            change(&mut now);
            assert_eq!(is_same(&quiet, &now), *same, "{what}");
        }
        // What waits is noticed when it can go on, and when the reason is another one.
        let waiting = SeenBridge {
            crossing: 2,
            mapped: 1,
            unstakes: 1,
            first_unstake: 2,
            locked: 1,
            ..quiet
        };
        let table: &[(&str, Change, bool)] = &[
            ("nothing", |_| {}, true),
            (
                "money arrives",
                |now| now.mapped = 2000 * Drip::PER_CFX,
                false,
            ),
            ("a lock period ends", |now| now.locked = 2, false),
            ("more votes are bought", |now| now.crossing = 3, false),
            ("the owner is another one", |now| now.owns = false, false),
        ];
        for (what, change, same) in table {
            let mut now = waiting.clone();
            change(&mut now);
            assert_eq!(is_same(&waiting, &now), *same, "{what}");
        }
    }
}
