//! Another seal for a state in files, whole and cut.

use std::fs;
use std::path::{Path, PathBuf};

use pospool_model::plan::EffectId;
use pospool_model::provider::Ticket;

use super::super::super::{
    Backup, JournalEntry, KeptState, Medium, Mode, ResealEnd, Resealed, SealChange, Store,
    StoreError, decode_snapshot, reseal_state,
};
use super::{Key, Place, key, lines, names};

impl Place {
    /// Seals the state anew as if there were no journal, which stays.
    fn reseal_without_journal(&self, from: &Key, to: &Key) {
        let journal = fs::read(self.journal()).unwrap();
        fs::remove_file(self.journal()).unwrap();
        self.reseal(from, to).unwrap();
        fs::write(self.journal(), journal).unwrap();
    }

    /// What a run that was killed left in its journal.
    fn leave(&self, key: &Key, left: Left) {
        if left == Left::Nothing {
            return;
        }
        self.leave_journal(key, &["d"]);
        let whole = fs::read(self.journal()).unwrap();
        let header = lines(&whole)[0];
        let journal = match left {
            Left::TornHeader => &header[..header.len() / 2],
            Left::Header => header,
            _ => &whole,
        };
        fs::write(self.journal(), journal).unwrap();
    }
}

fn begin(label: &str) -> JournalEntry {
    let address = format!("record.{label}").parse().unwrap();
    JournalEntry::Begin {
        id: EffectId {
            address,
            name: "make".to_owned(),
        },
        provider: "fake".to_owned(),
        ticket: Ticket {
            key: String::new(),
            payload: serde_json::Value::Null,
        },
        depends_on: Vec::new(),
    }
}

#[test]
fn a_seal_is_put_on_changed_and_taken_off_with_all_that_is_kept() {
    let (one, two) = (key('1', false), key('2', true));
    let place = Place::new();
    place.fill(&None, &["a", "b", "c"]);
    let plain = place.files();
    let version = |key: &Key| place.open(key).unwrap().state().clone();
    let state = version(&None);
    for (from, to) in [(&None, &one), (&one, &two), (&two, &None)] {
        let done = place.reseal(from, to).unwrap();
        assert_eq!((done.state, done.backups, done.left.len()), (true, 2, 0));
        assert_eq!(version(to), state, "it says the same");
        let again = place.files();
        assert_eq!(place.reseal(from, to).unwrap(), Resealed::default());
        assert_eq!(place.files(), again, "a second time changes nothing");
    }
    assert_eq!(place.files(), plain, "byte by byte as it was");
}

#[test]
fn a_change_of_the_seal_that_was_cut_is_finished_and_strangers_are_left() {
    let (one, two) = (key('1', false), key('2', false));
    let place = Place::new();
    place.fill(&one, &["a", "b", "c"]);
    let before = place.files();
    place.reseal(&one, &two).unwrap();
    // The state of before with what is kept of after: it is written last.
    fs::write(place.state(), &before[&place.state()]).unwrap();
    let done = place.reseal(&one, &two).unwrap();
    assert_eq!((done.state, done.backups), (true, 0));
    let kept = before
        .keys()
        .find(|path| path.to_string_lossy().contains("000001-"))
        .unwrap();
    let stranger = stranger();
    fs::write(kept, &stranger).unwrap();
    let done = place.reseal(&two, &one).unwrap();
    assert_eq!((done.state, done.backups, done.left), (true, 1, vec![1]));
    assert_eq!(fs::read(kept).unwrap(), stranger);
    // With neither key it is refused, and so is a journal that would be lost.
    let left = place.files();
    assert_eq!(
        place.reseal(&two, &key('3', false)).unwrap_err().code(),
        "state/other-key"
    );
    assert_eq!(
        place.reseal(&None, &two).unwrap_err().code(),
        "state/other-key"
    );
    assert_eq!(place.files(), left);
    // A journal of another seal that says something new was not left by a cut.
    place.leave_journal(&one, &["d"]);
    place.reseal_without_journal(&one, &two);
    let left = place.files();
    for (from, to) in [(&one, &two), (&two, &one)] {
        let refused = place.reseal(from, to).unwrap_err();
        assert_eq!(refused.code(), "state/journal-foreign");
        assert_eq!(place.files(), left);
    }
}

/// Cuts a command before its write of this number, or after the state is written and before its journal is removed.
struct CutMedium {
    inner: Box<dyn Medium>,
    writes_left: usize,
    journal: PathBuf,
}

impl CutMedium {
    fn step(&mut self) -> Result<(), StoreError> {
        let cut = || StoreError::io("go on with", &self.journal, std::io::Error::other("cut"));
        self.writes_left = self.writes_left.checked_sub(1).ok_or_else(cut)?;
        Ok(())
    }
}

impl Medium for CutMedium {
    fn load(&mut self) -> Result<KeptState, StoreError> {
        self.inner.load()
    }

    fn replace(&mut self, snapshot: &[u8]) -> Result<(), StoreError> {
        self.step()?;
        let journal = fs::read(&self.journal).ok();
        self.inner.replace(snapshot)?;
        let Some(journal) = journal else {
            return Ok(());
        };
        let removed = self.step();
        if removed.is_err() {
            fs::write(&self.journal, journal).unwrap();
        }
        removed
    }

    fn backups(&mut self) -> Result<Vec<Backup>, StoreError> {
        self.inner.backups()
    }

    fn rewrite_backup(&mut self, backup: &Backup) -> Result<(), StoreError> {
        self.step()?;
        self.inner.rewrite_backup(backup)
    }

    fn start_journal(&mut self, _: &[u8]) -> Result<(), StoreError> {
        unreachable!("no journal is begun")
    }

    fn resume_journal(&mut self, _: u64) -> Result<(), StoreError> {
        unreachable!("no journal goes on")
    }

    fn append(&mut self, _: &[u8]) -> Result<(), StoreError> {
        unreachable!("no journal goes on")
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        unreachable!("no journal goes on")
    }

    fn keep(&mut self, _: &[u8], _: u64) -> Result<(), StoreError> {
        unreachable!("nothing is replaced by something else")
    }

    fn let_go(&mut self) {
        self.inner.let_go();
    }
}

/// What lies in the journal when the command begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    TornHeader,
    Header,
    Entries,
}

#[test]
fn each_cut_of_a_change_of_the_seal_is_finished_by_the_same_command() {
    let (one, two) = (key('1', false), key('2', true));
    for (from, to) in [(&None, &one), (&one, &None), (&one, &two)] {
        for left in [Left::Nothing, Left::TornHeader, Left::Header, Left::Entries] {
            let mut cuts = 0;
            loop {
                let place = Place::new();
                place.fill(from, &["a", "b", "c"]);
                place.leave(from, left);
                let before = names(&place.open(from).unwrap());
                let keeper = Store::keeper(&place.state(), Mode::Write, "test").unwrap();
                let mut medium = CutMedium {
                    inner: keeper,
                    writes_left: cuts,
                    journal: place.journal(),
                };
                let cut = place.reseal_on(&mut medium, from, to);
                drop(medium);
                if cut.is_err() {
                    let done = place.reseal(from, to);
                    let done = done.unwrap_or_else(|error| panic!("{left:?} {cuts}: {error}"));
                    assert_eq!(done.left, [0; 0]);
                }
                let store = place.open(to).unwrap();
                assert_eq!((names(&store), store.replayed()), (before, 0));
                drop(store);
                assert!(!place.journal().exists(), "{left:?} {cuts}");
                assert_eq!(place.reseal(from, to).unwrap(), Resealed::default());
                if cut.is_ok() {
                    break;
                }
                cuts += 1;
            }
            // Two replaced states, the state, and its journal.
            let writes = if left == Left::Nothing { 3 } else { 4 };
            assert_eq!(cuts, writes, "{left:?}");
        }
    }
}

/// Who thought better of it after the cut goes the other way.
#[test]
fn a_change_of_the_seal_that_was_cut_is_undone_by_the_command_for_that() {
    let (one, two) = (key('1', false), key('2', true));
    for (from, to) in [(&None, &one), (&one, &None), (&one, &two)] {
        let place = Place::new();
        place.fill(from, &["a", "b"]);
        place.leave(from, Left::Header);
        let keeper = Store::keeper(&place.state(), Mode::Write, "test").unwrap();
        let mut medium = CutMedium {
            inner: keeper,
            // The replaced state and the state.
            writes_left: 2,
            journal: place.journal(),
        };
        place.reseal_on(&mut medium, from, to).unwrap_err();
        drop(medium);
        assert!(place.journal().exists());
        let done = place.reseal(to, from).unwrap();
        assert_eq!((done.state, done.backups), (true, 1));
        assert_eq!(names(&place.open(from).unwrap()), ["record.a", "record.b"]);
        assert!(!place.journal().exists());
    }
}

#[test]
fn what_is_under_way_is_no_matter_of_a_seal() {
    let (place, ours) = (Place::new(), key('1', false));
    place.fill(&None, &["a"]);
    let mut store = place.open(&None).unwrap();
    store.record(begin("a")).unwrap();
    store.sync().unwrap();
    drop(store);
    let before = place.files();
    let mut medium = Store::keeper(&place.state(), Mode::Write, "test").unwrap();
    let change = SealChange {
        to: ours.as_deref(),
        ..SealChange::default()
    };
    let end = reseal_state(medium.as_mut(), &place.state(), change).unwrap();
    assert_eq!(end, ResealEnd::UnderWay(1));
    assert_eq!(place.files(), before);
}

/// A good state without a seal.
fn stranger() -> Vec<u8> {
    let place = Place::new();
    place.fill(&None, &["stranger"]);
    let bytes = fs::read(place.state()).unwrap();
    decode_snapshot(Path::new("state"), &bytes).unwrap();
    bytes
}
