//! When a round needs no look: nothing is open, and a short question finds what the last look found.
//!
//! - Reads: how the last round went; asks the services' providers.
//! - Returns: the round that goes on as the last one, or nothing: then it is time to look.
//! - Never: takes the place of a look for longer than [`LONGEST`], or while anything is open.

use std::collections::BTreeMap;
use std::time::Duration;

use pospool_engine::registry::Registry;
use pospool_model::provider::Facts;
use tokio::time::Instant;

use crate::wiring;

use super::report::{Conduct, SyncProblem};
use super::round::SyncRound;

/// Every so many rounds there is a look in any case: it sees what no short question does.
const ROUNDS: u32 = 20;
/// Longest time without a look.
const LONGEST: Duration = Duration::from_mins(10);

/// What the last look left.
#[derive(Debug, Default)]
pub(super) struct Rest(Option<LastRound>);

#[derive(Debug)]
struct LastRound {
    /// By the position of the provider.
    facts: BTreeMap<usize, Facts>,
    until: Instant,
    conduct: Conduct,
    errors: Vec<SyncProblem>,
}

impl Rest {
    /// Remembers how a round with a look went.
    pub(super) fn after(&mut self, round: &SyncRound, every: Duration) {
        let longest = every.saturating_mul(ROUNDS).min(LONGEST);
        self.0 = is_calm(round).then(|| LastRound {
            facts: round.facts.clone(),
            until: Instant::now() + longest,
            conduct: round.conduct,
            errors: round.errors.clone(),
        });
    }

    /// The round that goes on as the last one did, if that is all there is to do.
    pub(super) async fn goes_on(&self, registry: &Registry) -> Option<SyncRound> {
        let last = self.0.as_ref()?;
        if Instant::now() >= last.until {
            return None;
        }
        for kind in wiring::SERVICES {
            let position = registry.position(kind)?;
            let (provider, facts) = (registry.of_kind(kind)?, last.facts.get(&position)?);
            if !provider.still(facts).await {
                return None;
            }
        }
        let mut round = SyncRound::new(last.conduct);
        round.errors.clone_from(&last.errors);
        Some(round)
    }
}

/// Whether a round left nothing open: what was under way, failed or was only listened to wants to be looked at again. A
/// syncer that stands by counts its rounds with open duties.
fn is_calm(round: &SyncRound) -> bool {
    let services = round.services.as_deref().unwrap_or_default();
    let idle = services.iter().all(|service| service.duties.is_empty());
    let rests = matches!(round.conduct, Conduct::Idle | Conduct::StandingBy);
    rests && idle && !services.is_empty() && round.open_effects == 0
}

#[cfg(test)]
mod tests {
    use super::super::report::ServiceStatus;
    use super::*;

    fn round(conduct: Conduct, duties: &[&str], open_effects: usize) -> SyncRound {
        let mut round = SyncRound::new(conduct);
        round.open_effects = open_effects;
        round.services = Some(vec![ServiceStatus {
            duties: duties.iter().map(ToString::to_string).collect(),
            ..ServiceStatus::default()
        }]);
        round
    }

    #[test]
    fn only_a_calm_round_is_followed_by_rest() {
        use Conduct as C;
        for (conduct, duties, open, calm) in [
            (C::Idle, &[][..], 0, true),
            (C::StandingBy, &[], 0, true),
            (C::StandingBy, &["withdraw 1"], 0, false),
            (C::Idle, &[], 1, false),
            (C::Sent, &[], 0, false),
            (C::Listening, &[], 0, false),
            (C::UnderWay, &[], 0, false),
            (C::Failed, &[], 0, false),
        ] {
            let round = round(conduct, duties, open);
            assert_eq!(is_calm(&round), calm, "{conduct:?} {duties:?} {open}");
        }
        // Nothing was seen: another process has the state.
        assert!(!is_calm(&SyncRound::new(C::StandingBy)));
        assert!(!is_calm(&SyncRound::new(C::Idle)));
    }
}
