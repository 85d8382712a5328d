//! The journal of a run, whole or cut.
//!
//! - Reads: any bytes as a journal; or, behind a `+`, where to cut (two bytes), how to turn a byte, and lines without
//!   their checksums, which are put in front of them here, since no fuzzer finds a hash. A line behind a `+` of its own
//!   is one that was written before the line above it was synced.
//! - Checks: no panic; a cut journal yields a part of the whole one's entries, in order, and all lines before the
//!   cut; a turned byte never yields an entry that was not written; what was read can be written and read again. All of it
//!   holds behind a seal too, and where there is a key, no entry without one counts.

use std::fmt::Write as _;
use std::path::Path;

use pospool_cli::view::{self, Paint};
use pospool_engine::store::{
    Header, JournalEntry, Mode, Read, Store, StoreError, decode_journal, reseal_state,
};
use serde::Serialize;
use sha3::{Digest as _, Sha3_256};

use crate::medium::Memory;
use crate::sealed;
use crate::shown;

const LINEAGE: &str = "5f0c1a7be2d94c3386a1f4e0b7d29c55";
const SNAPSHOT: &str = r#"{"format":"pospool-state","version":1,"state":{"lineage":"5f0c1a7be2d94c3386a1f4e0b7d29c55","serial":7,"version":"v","chains":{},"resources":{},"outputs":{}}}"#;

/// One run.
pub fn fuzz_journal(bytes: &[u8]) {
    let Some((b'+', rest)) = bytes.split_first() else {
        whole(bytes);
        unbelieved(bytes);
        return;
    };
    let Some((&[cut_high, cut_low, turn], lines)) = rest
        .split_at_checked(3)
        .and_then(|(head, lines)| Some((<&[u8; 3]>::try_from(head).ok()?, lines)))
    else {
        return;
    };
    let header = Header {
        name: "j".to_owned(),
        state: "v".to_owned(),
        ..Header::new(LINEAGE, 7)
    };
    let mut journal = line(&header);
    for line in lines.split(|&byte| byte == b'\n') {
        match line.split_first() {
            Some((b'+', line)) => journal.extend(with_checksum(line, "+")),
            Some(_) => journal.extend(with_checksum(line, "")),
            None => {}
        }
    }
    let Some(read) = whole(&journal) else {
        return;
    };
    let at = usize::from(u16::from_be_bytes([cut_high, cut_low])) % (journal.len() + 1);
    cut(&journal, &read, at);
    turned(&journal, &read, at, turn);
    opened(&journal, &read);
    unbelieved(&journal);
    sealed(&read, at, turn);
}

fn decode(bytes: &[u8]) -> Result<Option<Read>, StoreError> {
    decode_journal(Path::new("state.json.journal"), bytes)
}

/// Reads a journal; what it yields must be written and read again.
fn whole(bytes: &[u8]) -> Option<Read> {
    let read = decode(bytes).ok()??;
    let good = usize::try_from(read.good_bytes).expect("it is in memory");
    assert!(bytes[..good].ends_with(b"\n"));
    let mut written = line(&read.header);
    for entry in &read.entries {
        written.extend(line(entry));
    }
    let again = decode(&written)
        .expect("what was written can be read")
        .expect("its first line is whole");
    assert_eq!(
        (&again.header, &again.entries),
        (&read.header, &read.entries)
    );
    assert_eq!(again.good_bytes, written.len() as u64);
    Some(read)
}

/// A run that was killed leaves the first bytes.
fn cut(journal: &[u8], read: &Read, at: usize) {
    let found = decode(&journal[..at]).expect("a cut end is no damage");
    let lines = journal[..at].split(|&byte| byte == b'\n').count() - 1;
    match found {
        None => assert_eq!(lines, 0),
        Some(found) => {
            assert_eq!(found.entries[..], read.entries[..lines - 1]);
            assert!(usize::try_from(found.good_bytes).expect("small") <= at);
        }
    }
}

/// A byte that is not what was written.
fn turned(journal: &[u8], read: &Read, at: usize, turn: u8) {
    let mut journal = journal.to_vec();
    let Some(byte) = journal.get_mut(at).filter(|_| turn != 0) else {
        return;
    };
    *byte ^= turn;
    if let Ok(Some(found)) = decode(&journal) {
        assert_eq!(found.header, read.header);
        assert_eq!(found.entries[..], read.entries[..found.entries.len()]);
        assert!(found.entries.len() < read.entries.len());
    }
}

/// Where there is a key, no entry counts: at most it was cut before its first line was whole.
fn unbelieved(journal: &[u8]) {
    let memory = Memory::new(None, Some(journal.to_vec()));
    if let Ok(store) = sealed::open(&memory, Mode::Write) {
        assert!(!store.exists() && store.replayed() == 0);
    }
}

/// The same entries behind a seal: a cut or turned journal yields the first ones of them.
fn sealed(read: &Read, at: usize, turn: u8) {
    let name = Path::new("state.json");
    let mut memory = Memory::new(Some(SNAPSHOT.into()), None);
    reseal_state(&mut memory, name, sealed::first_seal()).expect("a good snapshot");
    let mut store = sealed::open(&memory, Mode::Write).expect("what was sealed can be opened");
    let mut states = vec![store.state().clone()];
    for entry in &read.entries {
        store
            .record(entry.clone())
            .expect("memory takes everything");
        store.sync().expect("memory takes everything");
        states.push(store.state().clone());
    }
    drop(store);
    let kept = memory.kept().clone();
    let journal = kept.journal.unwrap_or_default();
    let opened = |journal: &[u8]| {
        let memory = Memory::new(kept.snapshot.clone(), Some(journal.to_vec()));
        let store = sealed::open(&memory, Mode::Write).ok()?;
        assert_eq!(*store.state(), states[store.replayed()]);
        Some(store.replayed())
    };
    if read.entries.is_empty() {
        return;
    }
    let is_good = opened(&journal).is_some_and(|count| count == read.entries.len());
    // Entries that make a state which nobody could write are refused when they are read.
    if !is_good {
        return;
    }
    let at = at % journal.len();
    opened(&journal[..at]).expect("a cut end is no damage");
    let mut other = journal.clone();
    other[at] ^= turn;
    if turn != 0 {
        assert!(opened(&other).is_none_or(|count| count < read.entries.len()));
    }
}

/// A store goes on from it.
fn opened(journal: &[u8], read: &Read) {
    let memory = Memory::new(Some(SNAPSHOT.into()), Some(journal.to_vec()));
    let name = Path::new("state.json");
    let mut store = Store::over(Box::new(memory.clone()), name, Mode::Write)
        .expect("the journal is of this state");
    assert_eq!(store.replayed(), read.entries.len());
    shown::check_shown(&view::state::format_state(
        store.state(),
        &store,
        Paint::PLAIN,
    ));
    let (state, open) = (store.state().clone(), store.open_effects().to_vec());
    let address = "record.after".parse().expect("a good address");
    store
        .record(JournalEntry::Remove { address })
        .expect("memory takes everything");
    store.sync().expect("memory takes everything");
    let kept = memory.kept().clone();
    let again = Store::over(
        Box::new(Memory::new(kept.snapshot, kept.journal)),
        name,
        Mode::Read,
    )
    .expect("what was written can be read");
    let mut expected = state;
    expected
        .resources
        .retain(|address, _| address.as_str() != "record.after");
    assert_eq!(
        (again.state(), again.open_effects()),
        (&expected, &open[..])
    );
}

/// One line as the store writes it.
fn line<T: Serialize>(content: &T) -> Vec<u8> {
    with_checksum(
        &serde_json::to_vec(content).expect("plain data has a JSON form"),
        "",
    )
}

/// `sign` is what the checksum covers beside the JSON: a `+` for a line before which not all was synced.
fn with_checksum(json: &[u8], sign: &str) -> Vec<u8> {
    let digest = Sha3_256::new()
        .chain_update(sign)
        .chain_update(json)
        .finalize();
    let mut line = digest[..4]
        .iter()
        .fold(String::new(), |mut line, byte| {
            let _ = write!(line, "{byte:02x}");
            line
        })
        .into_bytes();
    line.push(sign.bytes().next().unwrap_or(b' '));
    line.extend_from_slice(json);
    line.push(b'\n');
    line
}
