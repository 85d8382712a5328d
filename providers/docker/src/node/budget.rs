//! How long a key may stay without a vote before PoS retires it.
//!
//! - Reads: what the chain says of the committee, the coming terms and the newest block; the last vote that was seen.
//! - Returns: the end of the epoch in which PoS would retire the key, at the earliest; words for a plan.
//! - Never: makes up what was not seen.
//!
//! At the end of an epoch PoS retires each member of its committee that has no vote in it and in the two before
//! (conflux-rust `executor/src/lib.rs`), whether or not it was elected in those.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::rpc::{PosAnswers, quantity};
use crate::time_text::format_time;

/// An elected key needs one vote in so many epochs, the one that ends among them.
const EPOCHS: u64 = 3;
/// A guard that was away for longer watches its key again before the node votes (decision 24).
const WATCHED_AFTER: u64 = 600;

/// What the budget follows from. Views are blocks of PoS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BudgetFacts {
    pub(crate) epoch: u64,
    pub(crate) view: u64,
    /// Whether the key is in the committee of this epoch.
    pub(crate) elected: bool,
    /// First view of each epoch that comes, and whether the key is elected for it.
    pub(crate) coming: Vec<(u64, bool)>,
    /// Epoch of the last vote of the key that was seen.
    pub(crate) last_vote: Option<u64>,
    /// Seconds between two blocks.
    pub(crate) gap: Option<u64>,
}

/// How long the key may stay without a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VoteBudget {
    /// It is elected neither now nor for a coming epoch that is known: nothing is expected of it.
    NotElected,
    /// It is not known; what is missing.
    Unknown(&'static str),
    /// It is retired at the end of this epoch, so many blocks from now, if it has no vote until then. Who is elected
    /// later than the chain says now is taken to be elected: the end is not earlier.
    Until { epoch: u64, blocks: u64 },
}

/// Finds the end of the first epoch, from this one on, in which the key is elected and without a vote in it and in the two
/// before, if it does not vote any more.
pub(crate) fn find_budget(facts: &BudgetFacts) -> VoteBudget {
    let [(next, _), (after, _), ..] = facts.coming[..] else {
        return VoteBudget::Unknown("the chain does not name the coming terms");
    };
    let Some(rounds) = after.checked_sub(next).filter(|rounds| *rounds > 0) else {
        return VoteBudget::Unknown("the coming terms have no length");
    };
    let position = facts.coming.iter().position(|(_, elected)| *elected);
    let coming = position.and_then(|at| u64::try_from(at).ok());
    let first = match (facts.elected, coming) {
        (true, _) => facts.epoch,
        (false, Some(at)) => facts.epoch + 1 + at,
        (false, None) => return VoteBudget::NotElected,
    };
    let epoch = match facts.last_vote {
        Some(last) => first.max(last.saturating_add(EPOCHS)),
        // Who was not elected may have no vote in the two before.
        None if !facts.elected => first,
        None => return VoteBudget::Unknown("no vote of the key was seen"),
    };
    let whole = (epoch - facts.epoch).saturating_mul(rounds);
    let blocks = next.saturating_sub(facts.view).saturating_add(whole);
    VoteBudget::Until { epoch, blocks }
}

/// Reads what a node says; `last_vote` is the epoch of the last vote that its guard has seen.
pub(crate) fn read_budget(
    answers: &PosAnswers,
    key: &str,
    last_vote: Option<u64>,
) -> Option<BudgetFacts> {
    let number = |value: &Json, name: &str| quantity(value.get(name)?);
    let has_key = |nodes: Option<&Json>| {
        let nodes = nodes.and_then(Json::as_array);
        let mut nodes = nodes.into_iter().flatten();
        nodes.any(|node| {
            let address = node.get("address").and_then(Json::as_str);
            address.is_some_and(|address| address.eq_ignore_ascii_case(key))
        })
    };
    let current = answers.committee.get("currentCommittee")?;
    let terms = answers.committee.get("elections").and_then(Json::as_array);
    let terms = terms.into_iter().flatten();
    let coming = terms.filter_map(|term| {
        let start = number(term, "startBlockNumber")?;
        Some((start, has_key(term.get("topElectingNodes"))))
    });
    Some(BudgetFacts {
        epoch: number(current, "epochNumber")?,
        view: number(&answers.status, "latestCommitted")?,
        elected: has_key(current.get("nodes")),
        coming: coming.collect(),
        last_vote,
        gap: answers.gap(),
    })
}

impl BudgetFacts {
    /// Rounds of an epoch.
    fn rounds(&self) -> Option<u64> {
        let [(next, _), (after, _), ..] = self.coming[..] else {
            return None;
        };
        after.checked_sub(next)
    }

    /// Why it is better to stop the node later, if it is.
    pub(crate) fn bad_moment(&self) -> Option<String> {
        match find_budget(self) {
            VoteBudget::NotElected => None,
            VoteBudget::Unknown(why) => Some(format!(
                "how long the key may stay without a vote is not known: {why}"
            )),
            VoteBudget::Until { .. } if self.last_vote >= Some(self.epoch) => None,
            VoteBudget::Until { .. } => Some(format!(
                "the key has no vote in PoS epoch {} yet; after its next one it has {EPOCHS} whole epochs",
                self.epoch
            )),
        }
    }

    /// What a plan says that stops the node.
    pub(crate) fn describe(&self) -> String {
        let time = |blocks: u64| match self.gap {
            Some(gap) => format!(", about {}", format_time(blocks.saturating_mul(gap))),
            None => String::new(),
        };
        let (epoch, blocks) = match find_budget(self) {
            VoteBudget::NotElected => {
                return format!(
                    "the key is elected neither for PoS epoch {} nor for the ones after it that are known: nothing is lost \
                     while the node does not vote",
                    self.epoch
                );
            }
            VoteBudget::Unknown(why) => return unknown_budget(why),
            VoteBudget::Until { epoch, blocks } => (epoch, blocks),
        };
        let mut text = format!(
            "the key is retired at the end of PoS epoch {epoch} if it has no vote until then: {blocks} blocks from now{}",
            time(blocks)
        );
        if let Some((gap, rounds)) = self.gap.zip(self.rounds()) {
            let all = blocks.saturating_mul(gap).max(1);
            let share = |seconds: u64| (seconds.saturating_mul(100) / all).min(100);
            let short = WATCHED_AFTER + 2 * gap;
            let long = WATCHED_AFTER + (2 + rounds / 2) * gap;
            let _ = write!(
                text,
                ". The guard lets the node in 2 blocks after it is in sync where the whole takes less than 10 minutes (up to \
                 {} % of that), else after {} to {} blocks more (10 minutes are {} % then, and each further one adds to it)",
                share(short),
                rounds / 6,
                rounds / 2,
                share(long),
            );
        }
        text
    }
}

/// What a plan says where the budget was not seen.
pub(crate) fn unknown_budget(why: &str) -> String {
    format!(
        "how long the key may stay without a vote is not known: {why}. An elected key without a vote in {EPOCHS} PoS epochs ({EPOCHS} \
         hours on the public networks) is retired, and one that was not elected lately has a single epoch"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Epoch 15 with ten rounds, at its fifth; epoch 16 begins at view 160.
    fn facts(elected: bool, coming: [bool; 2], last_vote: Option<u64>) -> BudgetFacts {
        BudgetFacts {
            epoch: 15,
            view: 155,
            elected,
            coming: vec![(160, coming[0]), (170, coming[1])],
            last_vote,
            gap: Some(30),
        }
    }

    #[test]
    fn v11_the_end_is_that_of_the_first_elected_epoch_without_a_vote_in_three() {
        const IN: [bool; 2] = [true, true];
        const OUT: [bool; 2] = [false, false];
        let until = |epoch, blocks| VoteBudget::Until { epoch, blocks };
        let unseen = VoteBudget::Unknown("no vote of the key was seen");
        for (elected, coming, last_vote, expected) in [
            // Measured on the real node: the last vote in epoch 15, retired at the end of epoch 18.
            (true, IN, Some(15), until(18, 35)),
            (true, IN, Some(14), until(17, 25)),
            (true, IN, Some(13), until(16, 15)),
            (true, IN, Some(12), until(15, 5)),
            // It is too late already, and the end of this epoch is when it is seen.
            (true, IN, Some(3), until(15, 5)),
            (true, OUT, Some(15), until(18, 35)),
            (true, IN, None, unseen),
            // Elected for the next epoch, or the one after it, and silent for long: one epoch.
            (false, IN, Some(3), until(16, 15)),
            (false, [false, true], Some(3), until(17, 25)),
            (false, [false, true], Some(15), until(18, 35)),
            (false, IN, None, until(16, 15)),
            // Out of the committee nothing is retired, however long.
            (false, OUT, Some(3), VoteBudget::NotElected),
            (false, OUT, None, VoteBudget::NotElected),
        ] {
            let found = find_budget(&facts(elected, coming, last_vote));
            assert_eq!(found, expected, "{elected} {coming:?} {last_vote:?}");
        }
    }

    #[test]
    fn what_the_chain_does_not_say_stays_unknown() {
        let mut dumb = facts(true, [true, true], Some(15));
        dumb.coming.pop();
        assert!(matches!(find_budget(&dumb), VoteBudget::Unknown(_)));
        assert!(dumb.describe().contains("not known"), "{}", dumb.describe());
        assert!(dumb.bad_moment().is_some());
        dumb.coming = vec![(160, true), (160, true)];
        assert!(matches!(find_budget(&dumb), VoteBudget::Unknown(_)));
        let mut timeless = facts(true, [true, true], Some(15));
        timeless.gap = None;
        assert!(timeless.describe().ends_with("35 blocks from now"));
    }

    #[test]
    fn a_plan_says_what_a_stop_eats() {
        let mut mainnet = facts(true, [true, true], Some(15));
        mainnet.coming = vec![(160, true), (280, true)];
        mainnet.view = 152;
        // 8 and 360 blocks of 30 s are 3 h 4 min: 11,040 s; 660 s are 5 % of that, and 2,460 s are 22 %.
        let said = mainnet.describe();
        for part in [
            "at the end of PoS epoch 18",
            "368 blocks from now, about 3 h 4 min",
            "up to 5 % of that",
            "after 20 to 60 blocks more (10 minutes are 22 % then",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let out = facts(false, [false, false], None);
        assert!(out.describe().contains("nothing is lost"));
    }

    #[test]
    fn a_good_moment_is_right_after_a_vote_or_when_nothing_is_expected() {
        let moment = |elected, coming, last| facts(elected, coming, last).bad_moment();
        assert_eq!(moment(true, [true, true], Some(15)), None);
        assert_eq!(moment(false, [false, false], Some(3)), None);
        assert!(
            moment(true, [true, true], Some(14))
                .unwrap()
                .contains("epoch 15")
        );
        assert!(moment(false, [true, true], Some(3)).is_some());
        assert!(moment(true, [true, true], None).is_some());
    }

    #[test]
    fn a_node_says_it_in_its_words() {
        let answers = PosAnswers {
            status: json!({ "epoch": "0xf", "latestCommitted": "0x9b" }),
            committee: json!({
                "currentCommittee": { "epochNumber": "0xf", "nodes": [{ "address": "0xAB", "votingPower": "0x1" }] },
                "elections": [
                    { "startBlockNumber": "0xa0", "isFinalized": true, "topElectingNodes": [{ "address": "0xab" }] },
                    { "startBlockNumber": "0xaa", "isFinalized": false, "topElectingNodes": [] },
                ],
            }),
            blocks: vec![
                json!({ "height": "0x9b", "timestamp": "0x11e1a300" }),
                json!({ "height": "0x91", "timestamp": "0x0" }),
            ],
        };
        let read = read_budget(&answers, "0xab", Some(15)).unwrap();
        assert_eq!(read, facts(true, [true, false], Some(15)));
    }
}
