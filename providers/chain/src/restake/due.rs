//! What of a pool's votes can be staked again, and when: a table over what PoS, the register and the pool say.
//!
//! - Reads: numbers.
//! - Returns: votes that are due now, and the next ones with their view.
//! - Never: counts a vote that users have asked back, or that the register still has.
//!
//! A pool (`PoSPool.sol` of the reference) counts as available what its users have staked and not asked back. The register of
//! Core Space counts what is bound to the key: on its way to PoS, at work, or leaving. Without a retirement the second is never
//! less than the first; what it is less is due. What leaves still counts as bound, so that what users have asked back is free
//! before anything is staked again: 12 available, 14 bound of which 14 leave, 2 asked back. When 6 are free, 8 are bound and 4 are
//! due: 2 stay for whoever asked for them.

use pospool_conflux::abi;

use crate::registration::votes::{PosVotes, QueuedVotes};

/// What Core Space says of a pool's votes, at one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeenStake {
    /// Votes that users have not asked back.
    pub(crate) available: u64,
    /// Votes that were ever registered for the key, and those of them that came free again.
    pub(crate) registered: u64,
    pub(crate) freed: u64,
}

impl SeenStake {
    /// Reads the answers of a pool and of the register.
    pub(crate) fn read(pool: &[u8], register: &[u8]) -> Option<Self> {
        let number = |answer, nth| u64::try_from(abi::read_nth_number(answer, nth)?).ok();
        Some(Self {
            available: number(pool, 0)?,
            registered: number(register, 0)?,
            freed: number(register, 1)?,
        })
    }

    fn bound(&self) -> u64 {
        self.registered.saturating_sub(self.freed)
    }

    /// Votes that work for nobody, and that nobody has asked back.
    pub(crate) fn idle(&self) -> u64 {
        self.available.saturating_sub(self.bound())
    }
}

/// What can be staked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DueRestake {
    /// So many votes, now.
    pub(crate) now: u64,
    /// So many more from a view on; it is the view of the look where nobody tells it, since PoS itself says when.
    pub(crate) later: Option<QueuedVotes>,
}

/// Says what is due; `bar` is how many views a retirement bars new stake, if that is known.
pub(crate) fn restake_due(votes: &PosVotes, stake: &SeenStake, bar: Option<u64>) -> DueRestake {
    if votes.is_disputed() {
        return DueRestake::default();
    }
    let barred_until = votes.retired_at.map(|view| {
        let end = bar.map(|bar| view.saturating_add(bar));
        end.unwrap_or(votes.view)
    });
    let idle = stake.idle();
    if let Some(view) = barred_until.filter(|_| idle > 0) {
        let later = Some(QueuedVotes { view, votes: idle });
        return DueRestake { now: 0, later };
    }
    // PoS let go of these, and Core Space has not heard of it.
    let unheard = QueuedVotes {
        view: votes.view,
        votes: votes.unlocked.saturating_sub(stake.freed),
    };
    let mut leaving: Vec<QueuedVotes> = votes.leaving.iter().copied().chain([unheard]).collect();
    leaving.sort_by_key(|queued| queued.view);
    let mut bound = stake.bound().saturating_add(idle);
    let later = leaving.into_iter().find_map(|queued| {
        bound = bound.saturating_sub(queued.votes);
        let due = stake.available.saturating_sub(bound);
        let view = barred_until.map_or(queued.view, |until| until.max(queued.view));
        (due > 0).then_some(QueuedVotes { view, votes: due })
    });
    DueRestake { now: idle, later }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETIRED: u64 = 1_000;

    fn queue(items: &[(u64, u64)]) -> Vec<QueuedVotes> {
        let items = items.iter();
        items
            .map(|(view, votes)| QueuedVotes {
                view: *view,
                votes: *votes,
            })
            .collect()
    }

    /// A key of 14 votes at view 1,100, of which these work, and these leave; the rest came free.
    fn key(working: u64, leaving: &[(u64, u64)], retired: bool) -> PosVotes {
        let leaving = queue(leaving);
        let out: u64 = leaving.iter().map(|queued| queued.votes).sum();
        PosVotes {
            view: 1_100,
            working,
            leaving,
            unlocked: 14 - working - out,
            retired_at: retired.then_some(RETIRED),
            ..PosVotes::default()
        }
    }

    fn due(votes: &PosVotes, available: u64, freed: u64) -> (u64, Option<(u64, u64)>) {
        let stake = SeenStake {
            available,
            registered: 14,
            freed,
        };
        let due = restake_due(votes, &stake, Some(200));
        (due.now, due.later.map(|later| (later.view, later.votes)))
    }

    #[test]
    fn what_is_free_and_nobody_asked_back_is_due() {
        let waves = [(1_200, 6), (1_500, 8)];
        let rows = [
            // At work, all of it or without what users have asked back.
            (key(14, &[], false), 14, 0, (0, None)),
            (key(12, &[(1_150, 2)], false), 12, 0, (0, None)),
            (key(12, &[], false), 12, 2, (0, None)),
            // Retired: nothing is free yet. Of the first wave two votes are for whoever asked for them.
            (key(0, &waves, true), 14, 0, (0, Some((1_200, 6)))),
            (key(0, &waves, true), 12, 0, (0, Some((1_200, 4)))),
            // Users have asked for more than the first wave.
            (key(0, &waves, true), 7, 0, (0, Some((1_500, 7)))),
            // Free, and barred until PoS forgets the retirement.
            (key(0, &[(1_500, 8)], true), 14, 6, (0, Some((1_200, 6)))),
            (key(0, &[(1_500, 8)], false), 14, 6, (6, Some((1_500, 8)))),
            (key(0, &[(1_500, 8)], false), 12, 6, (4, Some((1_500, 8)))),
            (key(0, &[(1_500, 8)], false), 7, 6, (0, Some((1_500, 7)))),
            (key(0, &[], false), 14, 14, (14, None)),
            // PoS let go of all, and Core Space has heard of the first wave.
            (key(0, &[], false), 14, 6, (6, Some((1_100, 8)))),
            // Nobody wants to stay.
            (key(0, &[(1_500, 8)], false), 0, 6, (0, None)),
        ];
        for (number, (votes, available, freed, expected)) in rows.into_iter().enumerate() {
            assert_eq!(due(&votes, available, freed), expected, "row {number}");
        }
    }

    /// The register counts what was staked again before PoS has heard of it.
    #[test]
    fn what_is_on_its_way_to_pos_is_not_staked_again() {
        let stake = SeenStake {
            available: 14,
            registered: 20,
            freed: 6,
        };
        let votes = key(0, &[(1_500, 8)], false);
        let due = restake_due(&votes, &stake, Some(200));
        assert_eq!((due.now, due.later.map(|later| later.votes)), (0, Some(8)));
        // Ordinary new stake of users.
        let stake = SeenStake {
            available: 17,
            registered: 17,
            freed: 0,
        };
        let due = restake_due(&key(14, &[], false), &stake, Some(200));
        assert_eq!(due, DueRestake::default());
    }

    #[test]
    fn disputed_votes_stay_where_they_are() {
        let disputed = key(0, &[(600_000, 8)], false);
        assert_eq!(due(&disputed, 14, 6), (0, None));
    }

    #[test]
    fn where_nobody_tells_how_long_a_retirement_lasts_pos_says_when_it_is_over() {
        let stake = SeenStake {
            available: 14,
            registered: 14,
            freed: 14,
        };
        let due = restake_due(&key(0, &[], true), &stake, None);
        assert_eq!(
            due.later.map(|later| (later.view, later.votes)),
            Some((1_100, 14))
        );
        let stake = SeenStake { freed: 6, ..stake };
        let due = restake_due(&key(0, &[(1_500, 8)], true), &stake, None);
        assert_eq!(
            due.later.map(|later| (later.view, later.votes)),
            Some((1_100, 6))
        );
    }
}
