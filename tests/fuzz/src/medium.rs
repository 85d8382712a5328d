//! A state that is kept in memory.
//!
//! - Reads: bytes as they were found.
//! - Returns: bytes as a store leaves them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pospool_engine::store::{Backup, KeptState, Medium, StoreError};

/// Snapshot and journal in memory, shared with who looks at them afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<KeptState>>);

impl Memory {
    /// Keeps these bytes.
    pub(crate) fn new(snapshot: Option<Vec<u8>>, journal: Option<Vec<u8>>) -> Self {
        Self(Arc::new(Mutex::new(KeptState { snapshot, journal })))
    }

    /// What is kept now.
    pub(crate) fn kept(&self) -> MutexGuard<'_, KeptState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Medium for Memory {
    fn load(&mut self) -> Result<KeptState, StoreError> {
        Ok(self.kept().clone())
    }

    fn start_journal(&mut self, line: &[u8]) -> Result<(), StoreError> {
        self.kept().journal = Some(line.to_vec());
        Ok(())
    }

    fn resume_journal(&mut self, good_bytes: u64) -> Result<(), StoreError> {
        let length = usize::try_from(good_bytes).expect("it was in memory");
        let mut kept = self.kept();
        let journal = kept.journal.as_mut().expect("it was read");
        assert!(length <= journal.len());
        journal.truncate(length);
        Ok(())
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let journal = kept.journal.as_mut().expect("it was started");
        journal.extend_from_slice(lines);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn replace(&mut self, snapshot: &[u8]) -> Result<(), StoreError> {
        let (snapshot, journal) = (Some(snapshot.to_vec()), None);
        *self.kept() = KeptState { snapshot, journal };
        Ok(())
    }

    /// A fuzzer looks at what is there now.
    fn keep(&mut self, _: &[u8], _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn backups(&mut self) -> Result<Vec<Backup>, StoreError> {
        Ok(Vec::new())
    }

    fn rewrite_backup(&mut self, _: &Backup) -> Result<(), StoreError> {
        Ok(())
    }

    fn let_go(&mut self) {}
}
