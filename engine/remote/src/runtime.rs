//! A runtime of our own, on a thread of its own.
//!
//! - Reads: nothing.
//! - Does: lets plain code wait for the network, also when it was called from another runtime.
//! - Never: outlives what it was started for.

use std::future::Future;
use std::thread;

use tokio::runtime::{Builder, Runtime};

/// Waits for something on a thread of its own: a runtime must not be entered from within another.
pub(crate) fn block_on_thread<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let thread = thread::spawn(move || build_runtime().block_on(work));
    match thread.join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A runtime for the thread that it is made on.
pub(crate) fn build_runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives a process its timers and sockets")
}
