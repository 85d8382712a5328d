//! Submissions on their way.
//!
//! - Reads: orders that were taken, and polls.
//! - Returns: an id for each; "pending" for a number of polls, then the end, for which a poll waits.
//! - Never: counts time. An id that is not known is pending for ever, as in the original.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ethers_core::utils::{hex, keccak256};
use tokio::sync::watch;

use crate::address::ContractAddress;
use crate::failure::VerifyFailure;

/// How a submission ended; nothing as long as it runs.
pub(crate) type JobEnd = Option<Result<(), VerifyFailure>>;

#[derive(Debug)]
struct VerifyJob {
    address: ContractAddress,
    /// Polls that are still answered with "pending".
    pending: u32,
    end: watch::Receiver<JobEnd>,
}

/// The submissions of one space.
#[derive(Debug, Default)]
pub(crate) struct Jobs(Mutex<BTreeMap<String, VerifyJob>>);

impl Jobs {
    /// Adds a job; who works on it says the end through the sender. There is none while another job of the same
    /// contract runs.
    pub(crate) fn add(
        &self,
        address: ContractAddress,
        pending: u32,
    ) -> Option<(String, watch::Sender<JobEnd>)> {
        self.with(|jobs| {
            let runs = |job: &VerifyJob| job.address == address && job.end.borrow().is_none();
            if jobs.values().any(runs) {
                return None;
            }
            let id = id(&[b"job", &jobs.len().to_be_bytes()]);
            let (sender, end) = watch::channel(None);
            let job = VerifyJob {
                address,
                pending,
                end,
            };
            jobs.insert(id.clone(), job);
            Some((id, sender))
        })
    }

    /// Asks for the end of a job; `held` says that nothing ends just now.
    pub(crate) async fn poll(&self, id: &str, held: bool) -> JobEnd {
        let mut end = self.with(|jobs| {
            let job = jobs.get_mut(id)?;
            if held || job.pending > 0 {
                job.pending = job.pending.saturating_sub(1);
                return None;
            }
            Some(job.end.clone())
        })?;
        // Without a sender there is no end either: the explorer is going down.
        let found = end.wait_for(Option::is_some).await.ok()?;
        found.clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, VerifyJob>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An id in the form of a UUID, different in each run.
fn id(parts: &[&[u8]]) -> String {
    let text = derive_digits(parts);
    let (a, b, c, d) = (&text[..8], &text[8..12], &text[13..16], &text[17..20]);
    format!("{a}-{b}-4{c}-a{d}-{}", &text[20..32])
}

/// Sixty-four digits that depend on the parts and on the run.
pub(crate) fn derive_digits(parts: &[&[u8]]) -> String {
    use std::hash::{BuildHasher as _, RandomState};
    use std::sync::LazyLock;
    static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0u8));
    let run = RUN.to_be_bytes();
    hex::encode(keccak256([&run, parts.concat().as_slice()].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: ContractAddress = ContractAddress([1; 20]);

    #[tokio::test]
    async fn a_job_is_pending_for_its_polls_and_then_ends() {
        let jobs = Jobs::default();
        let (id, sender) = jobs.add(CONTRACT, 2).unwrap();
        sender.send_replace(Some(Ok(())));
        assert_eq!(jobs.poll(&id, false).await, None);
        assert_eq!(jobs.poll(&id, false).await, None);
        assert_eq!(jobs.poll(&id, false).await, Some(Ok(())));
        assert_eq!(jobs.poll(&id, true).await, None, "held");
        assert_eq!(jobs.poll("another", false).await, None);
    }

    #[tokio::test]
    async fn one_job_of_a_contract_runs_at_a_time() {
        let jobs = Jobs::default();
        let (first, sender) = jobs.add(CONTRACT, 0).unwrap();
        assert!(jobs.add(CONTRACT, 0).is_none());
        assert!(jobs.add(ContractAddress([2; 20]), 0).is_some());
        let failure = VerifyFailure::no_match("differs");
        sender.send_replace(Some(Err(failure.clone())));
        let (second, _sender) = jobs.add(CONTRACT, 0).unwrap();
        assert_ne!(first, second);
        assert_eq!(jobs.poll(&first, false).await, Some(Err(failure)));
    }

    #[test]
    fn an_id_looks_like_a_uuid() {
        let id = id(&[b"x"]);
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(derive_digits(&[b"x"]).len(), 64);
        assert_ne!(derive_digits(&[b"x"]), derive_digits(&[b"y"]));
    }
}
