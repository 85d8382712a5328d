//! What goes wrong on demand, for the tests of clients.
//!
//! - Reads: [`ExplorerFault`]s that a test sets.
//! - Returns: whether the next request or submission meets one.
//! - Never: makes anything go wrong by itself, by time or by chance.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// Something that goes wrong. A number says how many times; setting it again replaces what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplorerFault {
    /// Submissions are answered with "Business is busy, please try again later", and are not taken.
    Busy(u32),
    /// The same, but they were taken: the verifier behind was only slow to say so.
    BusyButTaken(u32),
    /// Requests of any kind are over the rate limit.
    Limited(u32),
    /// Requests of any kind are answered with an HTTP status 502 and a page, by the gate before the explorer.
    BadGateway(u32),
    /// Requests of any kind are carried out, and the connection is closed without an answer.
    Silent(u32),
    /// Requests of any kind are answered with a code and a message, such as 501 or 510.
    Answered {
        /// How many.
        times: u32,
        /// The code; eSpace shows only that it is not 0.
        code: u32,
        /// The message.
        message: String,
    },
    /// Submissions end with `contract_not_deployed`: the explorer is behind the chain.
    NotIndexed(u32),
    /// Submissions end with `internal_error`.
    Broken(u32),
    /// Submissions stay in the queue until this is taken back.
    Held(bool),
    /// A submission of what is verified exactly, in both codes, is refused at once, as Sourcify's own server does.
    Conflict(bool),
}

#[derive(Debug, Default)]
struct Left {
    busy: u32,
    busy_but_taken: u32,
    limited: u32,
    bad_gateway: u32,
    silent: u32,
    answered: (u32, u32, String),
    not_indexed: u32,
    broken: u32,
    conflict: bool,
}

/// What is left of the faults.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    left: Mutex<Left>,
    held: watch::Sender<bool>,
}

impl Faults {
    pub(crate) fn set(&self, fault: ExplorerFault) {
        if let ExplorerFault::Held(held) = fault {
            self.held.send_replace(held);
            return;
        }
        self.with(|left| match fault {
            ExplorerFault::Busy(times) => left.busy = times,
            ExplorerFault::BusyButTaken(times) => left.busy_but_taken = times,
            ExplorerFault::Limited(times) => left.limited = times,
            ExplorerFault::BadGateway(times) => left.bad_gateway = times,
            ExplorerFault::Silent(times) => left.silent = times,
            ExplorerFault::Answered {
                times,
                code,
                message,
            } => left.answered = (times, code, message),
            ExplorerFault::NotIndexed(times) => left.not_indexed = times,
            ExplorerFault::Broken(times) => left.broken = times,
            ExplorerFault::Conflict(on) => left.conflict = on,
            ExplorerFault::Held(_) => {}
        });
    }

    pub(crate) fn busy(&self) -> bool {
        self.with(|left| take(&mut left.busy))
    }

    pub(crate) fn busy_but_taken(&self) -> bool {
        self.with(|left| take(&mut left.busy_but_taken))
    }

    pub(crate) fn limited(&self) -> bool {
        self.with(|left| take(&mut left.limited))
    }

    pub(crate) fn bad_gateway(&self) -> bool {
        self.with(|left| take(&mut left.bad_gateway))
    }

    pub(crate) fn silent(&self) -> bool {
        self.with(|left| take(&mut left.silent))
    }

    /// Code and message of an answer that is made up.
    pub(crate) fn answered(&self) -> Option<(u32, String)> {
        self.with(|left| {
            let (times, code, message) = &mut left.answered;
            take(times).then(|| (*code, message.clone()))
        })
    }

    pub(crate) fn not_indexed(&self) -> bool {
        self.with(|left| take(&mut left.not_indexed))
    }

    pub(crate) fn broken(&self) -> bool {
        self.with(|left| take(&mut left.broken))
    }

    pub(crate) fn conflict(&self) -> bool {
        self.with(|left| left.conflict)
    }

    pub(crate) fn held(&self) -> bool {
        *self.held.borrow()
    }

    /// Waits until submissions are not held back.
    pub(crate) async fn released(&self) {
        // It fails only when the sender is gone, and the sender is here.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
    }

    fn with<T>(&self, work: impl FnOnce(&mut Left) -> T) -> T {
        work(&mut self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn take(times: &mut u32) -> bool {
    let some = *times > 0;
    *times -= u32::from(some);
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_met_as_often_as_it_was_set() {
        let faults = Faults::default();
        assert!(!faults.busy());
        faults.set(ExplorerFault::Busy(2));
        assert_eq!(
            [faults.busy(), faults.busy(), faults.busy()],
            [true, true, false]
        );
        assert!(!faults.limited(), "another one");
        faults.set(ExplorerFault::Answered {
            times: 1,
            code: 501,
            message: "absent".into(),
        });
        assert_eq!(faults.answered(), Some((501, "absent".to_owned())));
        assert_eq!(faults.answered(), None);
    }
}
