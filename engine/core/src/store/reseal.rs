//! Another seal for a state: the first one, none any more, or one of another key.
//!
//! - Reads: the state and what is kept of replaced ones, by the old seal or the new one.
//! - Does: seals each of them anew, the state last. Cut at any moment, it can be run again.
//! - Never: changes what a state says, or seals something that neither seal vouches for.

use std::path::Path;

use super::backups::Backup;
use super::error::StoreError;
use super::medium::Medium;
use super::paths::with_suffix;
use super::repair::recover_state;
use super::seal::{StateKey, draw_salt, is_sealed_state, open_journal, open_state, seal_state};
use super::{KeptState, decode_snapshot};

/// What was sealed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Whether the state was, and not only what is kept.
    pub state: bool,
    /// How many replaced states.
    pub backups: usize,
    /// Numbers of replaced states that neither seal vouches for; they stay as they are.
    pub left: Vec<u64>,
}

/// Opens with `from` and seals with `to`; none of them is no seal. `None` if there is no state. A journal that the state goes
/// on in must have been folded in before.
pub fn reseal_state(
    medium: &mut dyn Medium,
    name: &Path,
    from: Option<&StateKey>,
    to: Option<&StateKey>,
) -> Result<Option<Resealed>, StoreError> {
    let kept = medium.load()?;
    let Some(there) = kept.snapshot.clone() else {
        return Ok(None);
    };
    let done = open(name, &there, to);
    let is_done = done.is_ok();
    let snapshot = match done {
        Ok(snapshot) => snapshot,
        Err(_) => open(name, &there, from)?,
    };
    check_journal(
        name,
        &snapshot,
        kept.journal.as_deref(),
        if is_done { to } else { from },
    )?;
    let salt = draw_salt();
    let seal = |bytes: &[u8]| match to {
        Some(key) => seal_state(bytes, key, &salt),
        None => Ok(bytes.to_owned()),
    };
    let mut resealed = Resealed::default();
    for backup in medium.backups()? {
        if open(name, &backup.bytes, to).is_ok() {
            continue;
        }
        let Ok(plain) = open(name, &backup.bytes, from) else {
            resealed.left.push(backup.number);
            continue;
        };
        medium.rewrite_backup(&Backup {
            bytes: seal(&plain)?,
            ..backup
        })?;
        resealed.backups += 1;
    }
    if !is_done || resealed.backups > 0 {
        // A remote state gets its replaced ones with this write.
        medium.replace(&seal(&snapshot)?)?;
        resealed.state = !is_done;
    }
    Ok(Some(resealed))
}

/// A whole snapshot that is sealed with this key, or with none.
fn open(name: &Path, bytes: &[u8], key: Option<&StateKey>) -> Result<Vec<u8>, StoreError> {
    let plain = match key {
        Some(key) => open_state(name, bytes, key)?.0,
        None if is_sealed_state(bytes) => {
            let path = name.to_owned();
            return Err(StoreError::Sealed { path });
        }
        None => bytes.to_owned(),
    };
    decode_snapshot(name, &plain)?;
    Ok(plain)
}

/// Refuses a journal that the state goes on in: it would be lost with the replacement.
fn check_journal(
    name: &Path,
    snapshot: &[u8],
    journal: Option<&[u8]>,
    key: Option<&StateKey>,
) -> Result<(), StoreError> {
    let path = with_suffix(name, ".journal");
    let journal = match (journal, key) {
        (Some(bytes), Some(key)) => Some(open_journal(&path, bytes, key)?.plain),
        (bytes, _) => bytes.map(<[u8]>::to_vec),
    };
    let kept = KeptState {
        snapshot: Some(snapshot.to_owned()),
        journal,
    };
    match recover_state(name, kept)? {
        Some((
            _,
            KeptState {
                journal: Some(_), ..
            },
        )) => Err(StoreError::ForeignJournal { path }),
        _ => Ok(()),
    }
}
