//! Ctrl-C and SIGTERM.
//!
//! - Reads: the process's signals.
//! - Does: the first signal while something is under way asks the run to stop; the
//!   second one, or one while nothing is under way, ends the process at once.
//! - Never: breaks a promise: whatever moment the process ends in, the journal on
//!   disk says what was begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::wiring;

/// How often a pause looks whether the user wants to stop.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// What a signal may reach.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    cancel: Arc<AtomicBool>,
    working: Arc<AtomicBool>,
}

/// What a signal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    Stop,
    Leave,
}

impl Interrupt {
    /// Set when the user asked to stop.
    #[must_use]
    pub fn cancel(&self) -> &Arc<AtomicBool> {
        &self.cancel
    }

    /// Says that from now on something is under way outside.
    pub fn working(&self, working: bool) {
        self.working.store(working, Ordering::Relaxed);
    }

    /// Waits while something is under way; returns whether the user wants to stop.
    pub async fn pause(&self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            tokio::time::sleep(left.min(HEARTBEAT)).await;
        }
    }

    /// Listens to the signals from now on; needs a runtime of several threads, as
    /// the main one may be blocked by a question.
    pub fn listen(&self) -> Result<(), Failure> {
        let listen =
            |kind| signal(kind).map_err(|source| Failure::System("listen to signals", source));
        let mut interrupts = listen(SignalKind::interrupt())?;
        let mut terminations = listen(SignalKind::terminate())?;
        // A lost connection, and Ctrl-\: what was started goes with them, too.
        // Under `nohup` a lost connection is to mean nothing.
        let is_heard = !is_ignored(SignalKind::hangup());
        let mut hangups = is_heard.then(|| listen(SignalKind::hangup())).transpose()?;
        let mut quits = listen(SignalKind::quit())?;
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                    () = heard(hangups.as_mut()) => {}
                    _ = quits.recv() => {}
                }
                match this.react() {
                    Reaction::Stop => eprintln!("{}", view::STOPPING),
                    Reaction::Leave => {
                        // They hear no signal of the terminal.
                        wiring::end_tools();
                        eprintln!("{}", view::STOPPED);
                        std::process::exit(Exit::Cancelled.code().into());
                    }
                }
            }
        });
        Ok(())
    }

    fn react(&self) -> Reaction {
        let working = self.working.load(Ordering::Relaxed);
        if working && !self.cancel.swap(true, Ordering::Relaxed) {
            Reaction::Stop
        } else {
            Reaction::Leave
        }
    }
}

/// Waits for a signal, or for ever where none is listened to.
async fn heard(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether this process was started with a signal ignored.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    let bit = kind.as_raw_value() - 1;
    ignored.is_some_and(|ignored| ignored >> bit & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_stops_a_run_and_the_second_leaves_it() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.react(), Reaction::Leave);
        interrupt.working(true);
        assert!(!interrupt.cancel().load(Ordering::Relaxed));
        assert_eq!(interrupt.react(), Reaction::Stop);
        assert!(interrupt.cancel().load(Ordering::Relaxed));
        assert_eq!(interrupt.react(), Reaction::Leave);
    }

    /// If it did not, this would take a day.
    #[tokio::test]
    async fn a_pause_ends_when_the_user_wants_to_stop() {
        let interrupt = Interrupt::default();
        interrupt.working(true);
        assert!(!interrupt.pause(Duration::ZERO).await);
        let stops = async {
            tokio::task::yield_now().await;
            assert_eq!(interrupt.react(), Reaction::Stop);
        };
        let day = Duration::from_hours(24);
        let (stopped, ()) = tokio::join!(interrupt.pause(day), stops);
        assert!(stopped);
    }
}
