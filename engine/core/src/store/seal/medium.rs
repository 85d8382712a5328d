//! A keeper whose bytes are sealed: around any other keeper, for a store that knows nothing of seals.
//!
//! - Reads and writes: what the keeper keeps, sealed.
//! - Returns: it without its seal.
//! - Never: hands out what is not authentic.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::backups::Backup;
use super::super::error::StoreError;
use super::super::medium::{KeptState, Medium};
use super::super::paths::with_suffix;
use super::document::{open_state, seal_state};
use super::key::{Salt, StateKey, draw_salt};
use super::lines::{LineSealer, OpenedJournal, open_journal};
use super::seen::{Memory, SeenVersion};

/// A keeper behind a seal.
struct SealedMedium {
    inner: Box<dyn Medium>,
    /// The state's name in messages.
    name: PathBuf,
    key: Arc<StateKey>,
    /// That of the snapshot.
    salt: Option<Salt>,
    /// Goes on with the journal.
    sealer: Option<LineSealer>,
    /// Which state was the newest here.
    memory: Option<Memory>,
    /// Where the lines of the journal that was loaded end, without and with their seal.
    ends: Vec<(u64, u64)>,
}

/// Seals what a keeper keeps. `name` is the state's name in messages.
#[must_use]
pub fn seal_medium(inner: Box<dyn Medium>, name: &Path, key: Arc<StateKey>) -> Box<dyn Medium> {
    let memory = key.memory().map(|file| Memory::new(file, name));
    Box::new(SealedMedium {
        inner,
        memory,
        name: name.to_owned(),
        key,
        salt: None,
        sealer: None,
        ends: Vec::new(),
    })
}

impl SealedMedium {
    /// All files of a state have one salt, so that a passphrase costs its work once.
    fn salt(&mut self) -> Salt {
        *self.salt.get_or_insert_with(draw_salt)
    }

    /// Refuses what was read now if it cannot be the newest state. The note of one that was moved says where that is.
    fn remember(&self, snapshot: Option<&[u8]>) -> Result<(), StoreError> {
        let Some(memory) = &self.memory else {
            return Ok(());
        };
        let version = snapshot.and_then(SeenVersion::of);
        if version.is_some() || snapshot.is_none() {
            memory.check(version.as_ref())?;
        }
        if let Some(version) = &version {
            memory.note_found(version);
        }
        Ok(())
    }
}

impl Medium for SealedMedium {
    fn load(&mut self) -> Result<KeptState, StoreError> {
        let kept = self.inner.load()?;
        let snapshot = match kept.snapshot {
            None => None,
            Some(bytes) => {
                let (plain, salt) = open_state(&self.name, &bytes, &self.key)?;
                self.salt = salt.or(self.salt);
                Some(plain)
            }
        };
        self.remember(snapshot.as_deref())?;
        let journal = match kept.journal {
            None => None,
            Some(bytes) => {
                let path = with_suffix(&self.name, ".journal");
                let OpenedJournal {
                    plain,
                    ends,
                    sealer,
                } = open_journal(&path, &bytes, &self.key)?;
                (self.ends, self.sealer) = (ends, sealer);
                Some(plain)
            }
        };
        Ok(KeptState { snapshot, journal })
    }

    fn start_journal(&mut self, line: &[u8]) -> Result<(), StoreError> {
        let salt = self.salt();
        let mut sealer = LineSealer::new(&self.key, &salt);
        let line = sealer.header(line)?;
        self.inner.start_journal(&line)?;
        self.sealer = Some(sealer);
        Ok(())
    }

    fn resume_journal(&mut self, good_bytes: u64) -> Result<(), StoreError> {
        // Only whole lines were handed out, so it is the end of one.
        let end = self.ends.iter().find(|(plain, _)| *plain == good_bytes);
        match end {
            Some((_, sealed)) => self.inner.resume_journal(*sealed),
            None => Err(no_journal(&self.name)),
        }
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        let Some(sealer) = &mut self.sealer else {
            return Err(no_journal(&self.name));
        };
        let lines = sealer.lines(lines);
        self.inner.append(&lines)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.inner.sync()
    }

    fn replace(&mut self, snapshot: &[u8]) -> Result<(), StoreError> {
        let salt = self.salt();
        let sealed = seal_state(snapshot, &self.key, &salt)?;
        self.inner.replace(&sealed)?;
        if let (Some(memory), Some(version)) = (&self.memory, SeenVersion::of(snapshot)) {
            memory.note_written(&version);
        }
        self.sealer = None;
        Ok(())
    }

    fn keep(&mut self, snapshot: &[u8], kept_at: u64) -> Result<(), StoreError> {
        // A run that was cut may have kept it already; encrypted anew it would look like another one.
        let last = self.inner.backups()?.pop();
        if let Some(last) = last
            && self
                .open_backup(&self.name, &last.bytes)
                .is_ok_and(|it| it == snapshot)
        {
            return Ok(());
        }
        let salt = self.salt();
        let sealed = seal_state(snapshot, &self.key, &salt)?;
        self.inner.keep(&sealed, kept_at)
    }

    fn backups(&mut self) -> Result<Vec<Backup>, StoreError> {
        self.inner.backups()
    }

    fn open_backup(&self, name: &Path, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        open_state(name, bytes, &self.key).map(|(plain, _)| plain)
    }

    fn set_aside(&mut self, kept_at: u64) -> Result<bool, StoreError> {
        let kept = self.inner.load()?;
        if kept.journal.is_some() {
            return Ok(false);
        }
        if let Some(snapshot) = kept.snapshot {
            self.inner.keep(&snapshot, kept_at)?;
        }
        Ok(true)
    }

    fn rewrite_backup(&mut self, backup: &Backup) -> Result<(), StoreError> {
        self.inner.rewrite_backup(backup)
    }

    fn let_go(&mut self) {
        self.inner.let_go();
    }
}

fn no_journal(name: &Path) -> StoreError {
    let source = std::io::Error::from(std::io::ErrorKind::NotFound);
    StoreError::io("append to", &with_suffix(name, ".journal"), source)
}
