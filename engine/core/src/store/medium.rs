//! Where a state is kept: in files beside the spec, or with a remote keeper.

use std::path::Path;

use super::backups::Backup;
use super::error::StoreError;

/// Keeps one snapshot and one journal, for one writer at a time.
///
/// The keeper knows bytes only: what they mean is for [`super::Store`]. Making one
/// takes the lock, dropping it lets go.
pub trait Medium: Send {
    /// What is kept now.
    fn load(&mut self) -> Result<KeptState, StoreError>;

    /// Begins a journal with its first line; it is durable when this returns.
    fn start_journal(&mut self, line: &[u8]) -> Result<(), StoreError>;

    /// Goes on with the journal that was loaded, after cutting it to its good bytes.
    fn resume_journal(&mut self, good_bytes: u64) -> Result<(), StoreError>;

    /// Appends to the journal; durable after the next [`Medium::sync`].
    fn append(&mut self, lines: &[u8]) -> Result<(), StoreError>;

    /// Makes everything appended durable. It must fail when somebody else became the
    /// writer or replaced what is kept: nothing may be sent after that.
    fn sync(&mut self) -> Result<(), StoreError>;

    /// Puts a snapshot in the place of the one before, then removes the journal: what
    /// is found after a crash is the old pair, the new snapshot with the old journal,
    /// or the new snapshot alone.
    fn replace(&mut self, snapshot: &[u8]) -> Result<(), StoreError>;

    /// Keeps a snapshot that the next [`Medium::replace`] takes away, with the time in seconds since 1970, and forgets
    /// all but the last [`super::MOST_BACKUPS`]. It is durable before that replacement is.
    fn keep(&mut self, snapshot: &[u8], kept_at: u64) -> Result<(), StoreError>;

    /// The snapshots that are kept, the oldest first.
    fn backups(&mut self) -> Result<Vec<Backup>, StoreError>;

    /// A replaced snapshot as it was when it was kept; `name` is for messages.
    fn open_backup(&self, name: &Path, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        let _ = name;
        Ok(bytes.to_vec())
    }

    /// Keeps a snapshot that cannot be believed, as it is, so that another one may take its place. `false` where there is a
    /// journal, or where everything is believed.
    fn set_aside(&mut self, kept_at: u64) -> Result<bool, StoreError> {
        let _ = kept_at;
        Ok(false)
    }

    /// Puts other bytes in the place of a replaced snapshot, which keeps its number and its time. It is durable before the
    /// next [`Medium::replace`] is.
    fn rewrite_backup(&mut self, backup: &Backup) -> Result<(), StoreError>;

    /// Lets other readers and writers in; what was loaded stays as it is.
    fn let_go(&mut self);
}

/// Bytes of a kept state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptState {
    /// The snapshot; `None` if there never was one.
    pub snapshot: Option<Vec<u8>>,
    /// The journal; `None` if there is none.
    pub journal: Option<Vec<u8>>,
}

impl KeptState {
    /// Whether there is a snapshot and no journal that might go on from it.
    pub(super) fn is_lone(&self) -> bool {
        self.snapshot.is_some() && self.journal.is_none()
    }
}
