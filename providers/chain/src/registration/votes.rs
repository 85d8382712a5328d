//! What PoS counts for a key, and what is wrong with it.
//!
//! - Reads: the answer of `pos_getAccount`, and the time of the look.
//! - Returns: votes by what they do, and a finding where they do not work.
//! - Never: calls a key well whose votes were not seen.

use std::time::{Duration, UNIX_EPOCH};

use pospool_conflux_rpc::quantity::field_u64;
use pospool_model::{Address, Finding, FindingKind};
use serde_json::Value as Json;

use crate::codes;

/// Votes that change at one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueuedVotes {
    pub(crate) view: u64,
    pub(crate) votes: u64,
}

/// What PoS counts for a key. Views are blocks of PoS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PosVotes {
    /// The view at which it was asked; 0 for a key that PoS does not know (a zeroed account), or where it is not said.
    pub(crate) view: u64,
    /// Votes that can be elected: those that are coming, and those that are locked.
    pub(crate) working: u64,
    /// Votes that work and cannot leave yet.
    pub(crate) coming: Vec<QueuedVotes>,
    pub(crate) locked: u64,
    /// Votes that do not work any more, and when their stake is free.
    pub(crate) leaving: Vec<QueuedVotes>,
    /// Votes that ever became free.
    pub(crate) unlocked: u64,
    /// The view at which PoS retired the key, while that bars new stake.
    pub(crate) retired_at: Option<u64>,
    pub(crate) forfeited: u64,
}

impl PosVotes {
    /// Reads an answer. An unknown key has a zeroed account; a node without PoS answers an error.
    pub(crate) fn read(account: &Json) -> Option<Self> {
        let status = account.get("status")?;
        let number = |name: &str| field_u64(status, name).unwrap_or_default();
        Some(Self {
            view: field_u64(account, "blockNumber").unwrap_or_default(),
            working: field_u64(status, "availableVotes")?,
            coming: read_queue(status.get("inQueue")),
            locked: number("locked"),
            leaving: read_queue(status.get("outQueue")),
            unlocked: number("unlocked"),
            retired_at: field_u64(status, "forceRetired"),
            forfeited: number("forfeited"),
        })
    }

    /// All votes that are on their way out.
    pub(crate) fn leaving_votes(&self) -> u64 {
        self.leaving.iter().map(|queued| queued.votes).sum()
    }

    /// The view at which the last of them is free.
    fn last_free(&self) -> Option<u64> {
        self.leaving.iter().map(|queued| queued.view).max()
    }

    /// Whether votes are held for longer than any way out of the public networks takes that is no penalty. Where nobody says
    /// at which view that is, only forfeited votes tell of a dispute: counted from view 0, every way out would look too long.
    pub(crate) fn is_disputed(&self) -> bool {
        let longest = self.view.saturating_add(IN_QUEUE + OUT_QUEUE);
        let held = self.last_free().is_some_and(|free| free > longest);
        self.forfeited > 0 || (self.view > 0 && held)
    }

    fn is_unknown_key(&self) -> bool {
        self.working == 0
            && self.unlocked == 0
            && self.forfeited == 0
            && self.leaving.is_empty()
            && self.retired_at.is_none()
    }
}

fn read_queue(queue: Option<&Json>) -> Vec<QueuedVotes> {
    let queue = queue.and_then(Json::as_array);
    let read = |item: &Json| {
        Some(QueuedVotes {
            view: field_u64(item, "endBlockNumber")?,
            votes: field_u64(item, "power")?,
        })
    };
    queue.into_iter().flatten().filter_map(read).collect()
}

/// Times of the public networks (conflux-rust `pos_state_config`, CIP-136). Nobody tells those of a private network.
const ROUND: u64 = 30;
const IN_QUEUE: u64 = 37_440;
const OUT_QUEUE: u64 = 2_880;
/// Chain ids of Core Space whose times those are.
const PUBLIC: [u32; 2] = [1, 1029];
/// The end of the year 9999, in seconds since 1970: what is later has no form as text.
const LAST: u64 = 253_402_300_799;

/// Whether a network has the times of the public ones.
fn is_public(network: u32) -> bool {
    PUBLIC.contains(&network)
}

/// How many views a retirement bars new stake on a network, if that is known.
pub(crate) fn bar_of(network: u32) -> Option<u64> {
    is_public(network).then_some(OUT_QUEUE)
}

/// How long so many views are likely to take on a network, if that is known.
pub(crate) fn time_of(views: u64, network: u32) -> Option<Duration> {
    is_public(network).then(|| Duration::from_secs(views.saturating_mul(ROUND)))
}

/// When and where the votes were seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VotesSeen {
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// Chain id of Core Space.
    pub(crate) network: u32,
}

impl VotesSeen {
    fn is_public(self) -> bool {
        is_public(self.network)
    }

    /// A view, with the time at which it is likely to come, as far as that can be told from the view that it is now.
    pub(crate) fn describe_view(self, from: u64, view: u64) -> String {
        if !self.is_public() || from == 0 {
            return format!("view {view}");
        }
        let seconds = view.saturating_sub(from).saturating_mul(ROUND);
        let then = self.now.saturating_add(seconds).min(LAST);
        let then = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(then));
        format!("view {view}, about {then}")
    }
}

/// What is wrong with the votes of a registered key; `why` says why they are not known.
pub(crate) fn find_vote_troubles(
    registration: &Address,
    votes: Result<&PosVotes, &str>,
    seen: VotesSeen,
) -> Option<Finding> {
    let wrong = |code, what: String| Finding::new(FindingKind::Wrong, registration, code, what);
    let votes = match votes {
        Ok(votes) => votes,
        Err(why) => {
            let what = format!("how many votes PoS counts for the key is not known: {why}");
            let unknown = FindingKind::Unknown;
            return Some(Finding::new(
                unknown,
                registration,
                codes::VOTES_NOT_SEEN,
                what,
            ));
        }
    };
    let queue = describe_queue(votes, seen);
    // A dispute does not end a retirement, and holds the votes for longer.
    if votes.working == 0 && votes.is_disputed() {
        let what = format!(
            "two different votes of the key for one round were proven, and all of its votes are held: none works, {queue}"
        );
        let last = votes
            .last_free()
            .map(|last| seen.describe_view(votes.view, last));
        let until = last.map_or_else(|| "for ever".to_owned(), |last| format!("until {last}"));
        return Some(wrong(codes::DISPUTED, what).remedy(format!(
            "stop every node with this key, find out which two voted, and tell the users of the pool: the stake is held {until}. \
             Do not add stake to this key: it would be held too"
        )));
    }
    if let Some(view) = votes.retired_at {
        let until = match (seen.is_public(), votes.last_free()) {
            (true, _) => seen.describe_view(votes.view, view.saturating_add(OUT_QUEUE)),
            // As long as a vote that leaves takes: the last of those that left then is not before.
            (false, Some(last)) => format!("view {last} at the latest"),
            (false, None) => "some views more".to_owned(),
        };
        let what = format!(
            "PoS retired the key at view {view}, because it was elected and did not vote for three PoS epochs; {}, {queue}",
            count_votes(votes.working, "works", "work")
        );
        return Some(wrong(codes::FORCE_RETIRED, what).remedy(format!(
            "see that the node votes again, or it is retired again. Until {until}, do not add stake: it would go straight to \
             the exit queue, without reward. From then on `pospool apply` stakes again what is free"
        )));
    }
    if votes.working > 0 {
        return None;
    }
    if votes.is_unknown_key() {
        let what = format!(
            "PoS knows no vote of the key at view {}, though the register has it",
            votes.view
        );
        return Some(wrong(codes::NO_VOTES, what).remedy(
            "the first vote counts about ten minutes after the registration is finalised; if it lasts, ask another `core_rpc`",
        ));
    }
    let what = format!("no vote of the key works, {queue}");
    Some(wrong(codes::NO_VOTES, what))
}

fn count_votes(votes: u64, one: &str, many: &str) -> String {
    match votes {
        0 => format!("no vote {one}"),
        1 => format!("1 vote {one}"),
        votes => format!("{votes} votes {many}"),
    }
}

/// `3 are leaving (the last at view 900), and 2 are free`.
fn describe_queue(votes: &PosVotes, seen: VotesSeen) -> String {
    let last = votes.last_free().map_or_else(String::new, |last| {
        format!(
            " (the last is free at {})",
            seen.describe_view(votes.view, last)
        )
    });
    let leaving = count_votes(votes.leaving_votes(), "is leaving", "are leaving");
    // It counts what was free and was withdrawn or staked again too.
    let free = count_votes(votes.unlocked, "ever became free", "ever became free");
    format!("{leaving}{last}, {free}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HERE: VotesSeen = VotesSeen {
        now: 0,
        network: 1029,
    };
    const DEVNET: VotesSeen = VotesSeen {
        now: 0,
        network: 1234,
    };

    fn account(status: &Json) -> PosVotes {
        let answer = json!({ "blockNumber": "0x64", "status": status });
        PosVotes::read(&answer).unwrap()
    }

    fn find(votes: &PosVotes, seen: VotesSeen) -> Option<Finding> {
        let registration = "pos_registration.main".parse().unwrap();
        find_vote_troubles(&registration, Ok(votes), seen)
    }

    #[test]
    fn v12_case_retired_has_a_code_a_date_and_a_way() {
        // As the real node says it: conflux-rust v3.0.2, frozen for four terms of ten rounds.
        let votes = account(&json!({
            "inQueue": [], "locked": "0x0", "outQueue": [{ "endBlockNumber": "0x73", "power": "0x13" }],
            "unlocked": "0x0", "availableVotes": "0x0", "forceRetired": "0x5f", "forfeited": "0x0",
        }));
        assert_eq!((votes.working, votes.leaving_votes()), (0, 19));
        let found = find(&votes, HERE).unwrap();
        assert_eq!(
            (found.kind, found.code),
            (FindingKind::Wrong, codes::FORCE_RETIRED)
        );
        assert!(
            found.reason.contains("19 votes are leaving"),
            "{}",
            found.reason
        );
        // 95 + 2880 - 100 views of 30 s.
        assert!(
            found
                .remedy
                .contains("view 2975, about 1970-01-01T23:57:30Z"),
            "{}",
            found.remedy
        );
        let found = find(&votes, DEVNET).unwrap();
        assert!(
            found.remedy.contains("view 115 at the latest"),
            "{}",
            found.remedy
        );
        // A day later it may be staked again, and still does not vote.
        let free = account(&json!({ "availableVotes": "0x0", "unlocked": "0x13" }));
        assert_eq!(find(&free, HERE).unwrap().code, codes::NO_VOTES);
    }

    #[test]
    fn v10_disputed_is_told_from_what_leaves() {
        let held = |end: &str| {
            account(&json!({
                "availableVotes": "0x0", "forceRetired": null,
                "outQueue": [{ "endBlockNumber": end, "power": "0x1" }],
            }))
        };
        // 100 + 37440 + 2880, and one more.
        assert_eq!(find(&held("0x9de4"), HERE).unwrap().code, codes::NO_VOTES);
        let found = find(&held("0x9de5"), HERE).unwrap();
        assert_eq!(found.code, codes::DISPUTED);
        assert!(
            found.remedy.contains("until view 40421"),
            "{}",
            found.remedy
        );
        // Both at once: until then, more stake is of no use.
        let both = account(&json!({
            "availableVotes": "0x0", "forceRetired": "0x5f",
            "outQueue": [{ "endBlockNumber": "0x9de5", "power": "0x1" }],
        }));
        assert_eq!(find(&both, HERE).unwrap().code, codes::DISPUTED);
        let forfeited = account(&json!({ "availableVotes": "0x0", "forfeited": "0x2" }));
        let found = find(&forfeited, HERE).unwrap();
        assert_eq!(found.code, codes::DISPUTED);
        assert!(found.remedy.contains("for ever"), "{}", found.remedy);
    }

    /// Views of mainnet are in the millions: from 0 on, each way out is longer than any dispute holds votes.
    #[test]
    fn without_a_view_a_way_out_is_no_dispute() {
        let status = |forfeited: &str| {
            json!({
                "availableVotes": "0x0", "forceRetired": null, "forfeited": forfeited,
                "outQueue": [{ "endBlockNumber": "0x394000", "power": "0x1" }],
            })
        };
        for answer in [
            json!({ "status": status("0x0") }),
            json!({ "blockNumber": "0x0", "status": status("0x0") }),
        ] {
            let votes = PosVotes::read(&answer).unwrap();
            assert_eq!(find(&votes, HERE).unwrap().code, codes::NO_VOTES);
        }
        let forfeited = PosVotes::read(&json!({ "status": status("0x1") })).unwrap();
        assert_eq!(find(&forfeited, HERE).unwrap().code, codes::DISPUTED);
        // Where PoS does say it, the same is one.
        let answer = json!({ "blockNumber": "0x384000", "status": status("0x0") });
        let votes = PosVotes::read(&answer).unwrap();
        assert_eq!(find(&votes, HERE).unwrap().code, codes::DISPUTED);
    }

    #[test]
    fn v8_votes_that_work_are_well_whatever_else_leaves() {
        let well = account(&json!({
            "inQueue": [{ "endBlockNumber": "0x90", "power": "0x2" }], "locked": "0x3",
            "outQueue": [{ "endBlockNumber": "0x73", "power": "0x1" }],
            "unlocked": "0x7", "availableVotes": "0x5", "forceRetired": null, "forfeited": "0x0",
        }));
        assert_eq!(find(&well, HERE), None);
        assert_eq!((well.locked, well.coming[0].votes), (3, 2));
    }

    #[test]
    fn votes_that_were_not_seen_are_not_well() {
        let registration = "pos_registration.main".parse().unwrap();
        let found = find_vote_troubles(&registration, Err("no such method"), HERE).unwrap();
        assert_eq!(
            (found.kind, found.code),
            (FindingKind::Unknown, codes::VOTES_NOT_SEEN)
        );
        assert!(found.reason.ends_with("no such method"));
        assert_eq!(PosVotes::read(&json!({ "address": "0x1" })), None);
        assert_eq!(PosVotes::read(&json!({ "status": {} })), None);
        let nothing = account(&json!({ "availableVotes": "0x0" }));
        assert_eq!(find(&nothing, HERE).unwrap().code, codes::NO_VOTES);
    }
}
