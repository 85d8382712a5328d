//! Since when the node's epoch stands, and why conflux was ended: what a single look cannot say.
//!
//! - Reads: one look after the other.
//! - Returns: a part of the report.

use pospool_model::guard::{EndedFor, PosLoop, SyncFacts};

use crate::faults::Fault;
use crate::observe::{LocalView, VotingFlag};

/// What is kept between looks. Times are in seconds since 1970.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulse {
    /// The newest epoch, and since when it is that one.
    epoch: Option<(u64, u64)>,
    ended_for: Option<EndedFor>,
}

impl Pulse {
    /// Takes a look in.
    pub(crate) fn take(&mut self, view: &LocalView, now: u64) {
        let Some(epoch) = view.epoch else {
            return;
        };
        if self.epoch.is_none_or(|(before, _)| before != epoch) {
            self.epoch = Some((epoch, now));
        }
    }

    /// conflux is ended for a fault.
    pub(crate) fn end_for(&mut self, fault: Fault, now: u64) {
        self.ended_for = Some(EndedFor {
            fault: fault.id().to_owned(),
            at: now,
        });
    }

    /// A part of the report; without a view the node does not answer, and nothing is said of it.
    pub(crate) fn facts(&self, view: Option<&LocalView>) -> SyncFacts {
        let epoch = view.and(self.epoch);
        SyncFacts {
            epoch: epoch.map(|(epoch, _)| epoch),
            epoch_since: epoch.map(|(_, since)| since),
            sessions: view.map(|view| view.sessions as u64),
            pos_loop: view.map(|view| word(view.flag)),
            ended_for: self.ended_for.clone(),
        }
    }
}

fn word(flag: VotingFlag) -> PosLoop {
    match flag {
        VotingFlag::On => PosLoop::Voting,
        VotingFlag::Off => PosLoop::Silent,
        VotingFlag::NotStarted => PosLoop::NotStarted,
        VotingFlag::Dead => PosLoop::Dead,
        VotingFlag::Unknown => PosLoop::Hung,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::tests::synced_view;

    #[test]
    fn an_epoch_stands_since_it_was_seen_first() {
        let mut pulse = Pulse::default();
        let mut view = synced_view(VotingFlag::On);
        for (epoch, now, since) in [(7, 100, 100), (7, 160, 100), (8, 170, 170)] {
            view.epoch = Some(epoch);
            pulse.take(&view, now);
            let facts = pulse.facts(Some(&view));
            assert_eq!((facts.epoch, facts.epoch_since), (Some(epoch), Some(since)));
        }
        // An answer without an epoch forgets nothing.
        view.epoch = None;
        pulse.take(&view, 200);
        assert_eq!(pulse.facts(Some(&view)).epoch_since, Some(170));
        // A node that does not answer has none now.
        assert_eq!(pulse.facts(None), SyncFacts::default());
    }

    #[test]
    fn why_conflux_was_ended_stays_known_over_its_restart() {
        let mut pulse = Pulse::default();
        pulse.end_for(Fault::DeadPos, 300);
        let facts = pulse.facts(None);
        let ended = EndedFor {
            fault: "dead-pos".to_owned(),
            at: 300,
        };
        assert_eq!(facts.ended_for, Some(ended));
        let hung = pulse.facts(Some(&synced_view(VotingFlag::Unknown)));
        assert_eq!(hung.pos_loop, Some(PosLoop::Hung));
    }
}
