//! A remote state for the engine's store: bytes in, bytes out, from any kind of code.
//!
//! - Reads and writes: one document, through a thread that also gives the signs of life.
//! - Never: goes on after a write that failed: what is kept then is not known.

use std::path::PathBuf;
use std::thread::JoinHandle;

use pospool_engine::store::{Backup, KeptState, Medium, StoreError};
use tokio::sync::mpsc;

use crate::backups::{self, PackedBackup};
use crate::failure::cause_of_text;
use crate::hold::{Hold, Write};
use crate::lease::Lease;
use crate::place::Backend;
use crate::runtime::{self, build_runtime};

/// A remote state.
pub(crate) struct Remote {
    name: PathBuf,
    kept: KeptState,
    backups: Vec<PackedBackup>,
    holder: Option<Holding>,
    broken: bool,
}

/// The thread that holds the lock. It ends when nobody can ask it any more.
struct Holding {
    asks: mpsc::UnboundedSender<Write>,
    thread: JoinHandle<()>,
}

/// Reads a state without its lock: a document is always whole, and nothing is written.
pub(crate) fn open_unlocked(place: Backend) -> Result<Remote, StoreError> {
    let name = place.name.clone();
    let document = runtime::block_on_thread(async move {
        let seen = place.look().await?;
        place.document(seen.as_ref())
    })?;
    Ok(Remote {
        name,
        kept: document.kept(),
        backups: document.backups,
        holder: None,
        broken: false,
    })
}

/// Takes the lock of a state and reads it.
pub(crate) fn open_locked(place: Backend, lease: Lease) -> Result<Remote, StoreError> {
    let name = place.name.clone();
    let (asks, asked) = mpsc::unbounded_channel();
    let (ready, taken) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        build_runtime().block_on(async move {
            match Hold::acquire(place, lease).await {
                Ok(hold) => {
                    // If nobody waits for it, the channel of asks is closed too.
                    let _ = ready.send(Ok(hold.kept()));
                    hold.serve(asked).await;
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            }
        });
    });
    let (kept, backups) = taken.recv().unwrap_or_else(|_| Err(ended(&name)))?;
    let holder = Some(Holding { asks, thread });
    Ok(Remote {
        name,
        kept,
        backups,
        holder,
        broken: false,
    })
}

impl Remote {
    /// Has everything kept as it is here now.
    fn write(&mut self) -> Result<(), StoreError> {
        if self.broken {
            let text = cause_of_text("an earlier write failed");
            return Err(crate::failure::backend_error(
                "go on with",
                &self.name,
                text,
            ));
        }
        let written = self.ask();
        // Who lost the state is told so each time.
        self.broken = !matches!(written, Ok(()) | Err(StoreError::LockLost { .. }));
        written
    }

    fn ask(&self) -> Result<(), StoreError> {
        let Some(holding) = &self.holder else {
            let text = cause_of_text("it was opened only to look");
            return Err(crate::failure::backend_error("write", &self.name, text));
        };
        let (answer, answered) = std::sync::mpsc::channel();
        let asked = holding.asks.send(Write {
            kept: self.kept.clone(),
            backups: self.backups.clone(),
            answer,
        });
        asked.map_err(|_| ended(&self.name))?;
        answered.recv().unwrap_or_else(|_| Err(ended(&self.name)))
    }

    fn journal(&mut self) -> Result<&mut Vec<u8>, StoreError> {
        let name = &self.name;
        let none =
            || crate::failure::backend_error("append to", name, cause_of_text("it has no journal"));
        self.kept.journal.as_mut().ok_or_else(none)
    }
}

impl Medium for Remote {
    fn load(&mut self) -> Result<KeptState, StoreError> {
        Ok(self.kept.clone())
    }

    fn start_journal(&mut self, line: &[u8]) -> Result<(), StoreError> {
        self.kept.journal = Some(line.to_owned());
        self.write()
    }

    fn resume_journal(&mut self, good_bytes: u64) -> Result<(), StoreError> {
        let good = usize::try_from(good_bytes).unwrap_or(usize::MAX);
        self.journal()?.truncate(good);
        Ok(())
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        self.journal()?.extend_from_slice(lines);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.write()
    }

    fn replace(&mut self, snapshot: &[u8]) -> Result<(), StoreError> {
        self.kept = KeptState {
            snapshot: Some(snapshot.to_owned()),
            journal: None,
        };
        self.write()
    }

    /// It goes out with the replacement, in one write.
    fn keep(&mut self, snapshot: &[u8], kept_at: u64) -> Result<(), StoreError> {
        backups::keep(&mut self.backups, snapshot, kept_at)
    }

    fn backups(&mut self) -> Result<Vec<Backup>, StoreError> {
        backups::unpack_all(&self.name, &self.backups)
    }

    /// It goes out with the replacement, in one write.
    fn rewrite_backup(&mut self, backup: &Backup) -> Result<(), StoreError> {
        backups::rewrite(&mut self.backups, backup)
    }

    fn let_go(&mut self) {
        if let Some(Holding { asks, thread }) = self.holder.take() {
            drop(asks);
            // A thread that panicked has nothing left to let go.
            let _ = thread.join();
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.let_go();
    }
}

fn ended(name: &std::path::Path) -> StoreError {
    crate::failure::backend_error(
        "write",
        name,
        cause_of_text("the thread that keeps it has ended"),
    )
}
