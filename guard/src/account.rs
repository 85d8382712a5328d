//! Whether the guards before this one account for what the key did.

use crate::journal::History;

/// A guard that begins so many seconds after the last word of the one before it cannot account for what was in between.
const LONG_GAP: u64 = 600;
/// How far a clock may go back before a journal of the future is one that was copied here.
const BACK: u64 = 120;

/// Why they do not; `None` if they do.
pub(crate) fn find_gap(history: &History, now: u64) -> Option<&'static str> {
    if let Some(lost) = history.lost {
        return Some(lost);
    }
    let Some(last) = history.last else {
        return Some("there is no journal of this volume");
    };
    if !history.cleared {
        return Some("the key was not watched yet");
    }
    if last > now + BACK {
        return Some("the journal is of the future");
    }
    (now.saturating_sub(last) > LONG_GAP).then_some("the node was off for more than ten minutes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_gap_of_a_watched_key_is_accounted_for() {
        let history = History {
            last: Some(1000),
            cleared: true,
            ..History::default()
        };
        assert_eq!(find_gap(&history, 1600), None);
        assert_eq!(
            find_gap(&history, 900),
            None,
            "a clock that was set back a little"
        );
        let gap = |change: &dyn Fn(&mut History), now| {
            let mut history = history.clone();
            change(&mut history);
            find_gap(&history, now).unwrap()
        };
        assert!(gap(&|_| {}, 1601).contains("ten minutes"));
        assert!(gap(&|_| {}, 800).contains("future"));
        assert!(gap(&|it| it.last = None, 1000).contains("no journal"));
        assert!(gap(&|it| it.cleared = false, 1000).contains("not watched"));
        assert!(gap(&|it| it.lost = Some("copied"), 1000).contains("copied"));
    }
}
