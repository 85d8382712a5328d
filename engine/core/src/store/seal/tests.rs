//! Sealed states in files, as a store reads and writes them.

mod changes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pospool_model::Secret;
use pospool_model::state::Recorded;
use tempfile::TempDir;

use super::super::{
    JournalEntry, Medium, Mode, ResealEnd, Resealed, SealChange, Store, StoreError, decode_journal,
    decode_snapshot, reseal_state,
};
use super::{StateKey, open_journal, open_state, seal_medium};

type Key = Option<Arc<StateKey>>;

// As everywhere else a key is optional.
#[allow(clippy::unnecessary_wraps)]
fn key(digit: char, encrypt: bool) -> Key {
    let secret = Secret::new(digit.to_string().repeat(64));
    Some(Arc::new(StateKey::new(&secret, encrypt).unwrap()))
}

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state.json")
    }

    fn journal(&self) -> PathBuf {
        self.0.path().join("state.json.journal")
    }

    fn open(&self, key: &Key) -> Result<Store, StoreError> {
        let medium = Store::keeper(&self.state(), Mode::Write, "test")?;
        let medium = match key {
            Some(key) => seal_medium(medium, &self.state(), Arc::clone(key)),
            None => medium,
        };
        Store::over(medium, &self.state(), Mode::Write)
    }

    fn code(&self, key: &Key) -> &'static str {
        self.open(key).unwrap_err().code().as_str()
    }

    /// A state with these resources, each of a run of its own.
    fn fill(&self, key: &Key, labels: &[&str]) {
        for label in labels {
            let mut store = self.open(key).unwrap();
            store.record(put(label)).unwrap();
            store.sync().unwrap();
            store.save().unwrap();
        }
    }

    /// A journal with these entries, each of them synced.
    fn leave_journal(&self, key: &Key, labels: &[&str]) {
        let mut store = self.open(key).unwrap();
        for label in labels {
            store.record(put(label)).unwrap();
            store.sync().unwrap();
        }
    }

    fn reseal(&self, from: &Key, to: &Key) -> Result<Resealed, StoreError> {
        let mut medium = Store::keeper(&self.state(), Mode::Write, "test")?;
        self.reseal_on(medium.as_mut(), from, to)
    }

    fn reseal_on(
        &self,
        medium: &mut dyn Medium,
        from: &Key,
        to: &Key,
    ) -> Result<Resealed, StoreError> {
        let change = SealChange {
            from: from.as_deref(),
            to: to.as_deref(),
            unsealed_by_hand: false,
        };
        match reseal_state(medium, &self.state(), change)? {
            ResealEnd::Done(done) => Ok(done),
            end => panic!("{end:?}"),
        }
    }

    /// Everything that lies there but the lock.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let folders = [
            self.0.path().to_owned(),
            self.0.path().join("state.json.backups"),
        ];
        let list = |folder: &PathBuf| fs::read_dir(folder).into_iter().flatten();
        let paths = folders
            .iter()
            .flat_map(list)
            .map(|entry| entry.unwrap().path());
        let is_file =
            |path: &PathBuf| path.is_file() && path.extension().is_none_or(|it| it != "lock");
        paths
            .filter(is_file)
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }
}

fn put(label: &str) -> JournalEntry {
    JournalEntry::Put {
        address: format!("record.{label}").parse().unwrap(),
        recorded: Recorded::default(),
    }
}

fn names(store: &Store) -> Vec<String> {
    store
        .state()
        .resources
        .keys()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_sealed_state_is_read_with_its_key_alone_and_nothing_is_changed_otherwise() {
    for encrypt in [false, true] {
        let (place, ours) = (Place::new(), key('1', encrypt));
        place.fill(&ours, &["one", "two"]);
        place.leave_journal(&ours, &["three"]);
        let before = place.files();
        assert_eq!(before.len(), 3, "state, journal and one that was replaced");
        assert_eq!(place.code(&key('2', encrypt)), "state/other-key");
        assert_eq!(place.code(&None), "state/sealed");
        assert_eq!(place.files(), before);
        for bytes in before.values() {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(text.contains("record."), !encrypt, "{text}");
        }
        assert!(
            before[&place.state()].starts_with(b"{\"format\":\"pospool-state\",\"version\":3,")
        );
        // Who writes the other way reads what is there.
        let mut store = place.open(&key('1', !encrypt)).unwrap();
        assert_eq!(names(&store), ["record.one", "record.three", "record.two"]);
        store.update(|_| {}).unwrap();
        let text = fs::read_to_string(place.state()).unwrap();
        assert_eq!(text.contains("record."), encrypt);
    }
}

#[test]
fn a_state_without_a_seal_is_refused_where_there_is_a_key() {
    let (place, ours) = (Place::new(), key('1', false));
    place.fill(&None, &["one"]);
    assert_eq!(place.code(&ours), "state/not-sealed");
    place.leave_journal(&None, &["two"]);
    let plain = fs::read(place.journal()).unwrap();
    fs::remove_file(place.journal()).unwrap();
    place.reseal(&None, &ours).unwrap();
    fs::write(place.journal(), plain).unwrap();
    assert_eq!(place.code(&ours), "state/not-sealed");
    // Without the state, its journal is no more believed.
    fs::remove_file(place.state()).unwrap();
    assert_eq!(place.code(&ours), "state/not-sealed");
}

#[test]
fn no_byte_of_a_sealed_state_can_be_another() {
    for encrypt in [false, true] {
        let (place, ours) = (Place::new(), key('1', encrypt));
        place.fill(&ours, &["one"]);
        let whole = fs::read(place.state()).unwrap();
        let refused = |bytes: &[u8]| {
            let name = Path::new("state");
            let opened = open_state(name, bytes, ours.as_deref().unwrap());
            let read = opened.and_then(|(plain, _)| decode_snapshot(name, &plain));
            read.unwrap_err().code().as_str()
        };
        for at in 0..whole.len() {
            for turn in [1, 0x20, 0x80] {
                let mut other = whole.clone();
                other[at] ^= turn;
                let code = refused(&other);
                let known = [
                    "state/not-authentic",
                    "state/damaged",
                    "state/foreign",
                    "state/other-key",
                    "state/not-sealed",
                    "state/too-new",
                ];
                assert!(known.contains(&code), "{at}: {code}");
            }
            let cut = if at == 0 {
                "state/empty"
            } else {
                "state/damaged"
            };
            assert_eq!(refused(&whole[..at]), cut);
        }
        // Neither is a file of both ways, or of none, one of ours.
        let text = String::from_utf8(whole).unwrap();
        let start = &text[..text.find("},\"").unwrap()];
        for end in ["}}", "},\"plain\":{},\"encrypted\":\"\"}"] {
            let text = format!("{start}{end}");
            assert_eq!(refused(text.as_bytes()), "state/not-authentic");
        }
    }
}

#[test]
fn a_genuine_seal_does_not_fit_other_content() {
    let (place, other, ours) = (Place::new(), Place::new(), key('1', false));
    place.fill(&ours, &["one"]);
    other.fill(&ours, &["two"]);
    let read = |place: &Place| -> serde_json::Value {
        serde_json::from_slice(&fs::read(place.state()).unwrap()).unwrap()
    };
    let mut mixed = read(&place);
    mixed["plain"] = read(&other)["plain"].clone();
    fs::write(place.state(), mixed.to_string()).unwrap();
    assert_eq!(place.code(&ours), "state/not-authentic");
}

/// The lines of a text, each with its line feed.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&b| b == b'\n').collect()
}

#[test]
fn a_journal_that_was_cut_goes_on() {
    for encrypt in [false, true] {
        let (place, ours) = (Place::new(), key('1', encrypt));
        place.fill(&ours, &["zero"]);
        place.leave_journal(&ours, &["a", "b", "c"]);
        let state = fs::read(place.state()).unwrap();
        let whole = fs::read(place.journal()).unwrap();
        let ends = (1..=4).map(|count| lines(&whole)[..count].concat().len());
        let near = ends.flat_map(|end| [end - 1, end, (end + 1).min(whole.len())]);
        for at in near.chain((0..whole.len()).step_by(37)) {
            fs::write(place.state(), &state).unwrap();
            fs::write(place.journal(), &whole[..at]).unwrap();
            let good = lines(&whole[..at])
                .iter()
                .filter(|it| it.ends_with(b"\n"))
                .count();
            let mut store = place.open(&ours).unwrap();
            assert_eq!(store.replayed(), good.saturating_sub(1), "cut at {at}");
            store.record(put("z")).unwrap();
            store.sync().unwrap();
            drop(store);
            let found = names(&place.open(&ours).unwrap());
            assert!(found.contains(&"record.z".to_owned()), "cut at {at}");
        }
    }
}

#[test]
fn a_journal_with_another_line_is_refused_and_left_as_it_is() {
    for encrypt in [false, true] {
        let (place, ours) = (Place::new(), key('1', encrypt));
        place.fill(&ours, &["zero"]);
        place.leave_journal(&ours, &["a", "b", "c"]);
        let whole = fs::read(place.journal()).unwrap();
        let our = lines(&whole);
        // Another journal of the same state and key.
        fs::remove_file(place.journal()).unwrap();
        place.leave_journal(&ours, &["a", "x"]);
        let second = fs::read(place.journal()).unwrap();
        let other = lines(&second);
        let stranger = Place::new();
        stranger.fill(&None, &["zero"]);
        stranger.leave_journal(&None, &["x"]);
        let plain = fs::read(stranger.journal()).unwrap();
        // With the number that its new place asks for.
        let numbered = |line: &[u8], number: u64| {
            let text = String::from_utf8(line.to_owned()).unwrap();
            let mut words = text.splitn(3, ' ');
            let (mac, _, rest) = (words.next(), words.next(), words.next());
            format!("{} {number} {}", mac.unwrap(), rest.unwrap()).into_bytes()
        };
        let (moved, next) = (numbered(our[2], 1), numbered(our[3], 2));
        for (what, journal) in [
            ("left out", vec![our[0], our[2], our[3]]),
            ("all but the last left out", vec![our[0], our[3]]),
            ("swapped", vec![our[0], our[2], our[1], our[3]]),
            ("left out and numbered anew", vec![our[0], &moved, &next]),
            ("at the end under another number", vec![our[0], &moved]),
            ("said twice", vec![our[0], our[1], our[1]]),
            ("said again", vec![&whole, our[1]]),
            ("without a code", vec![&whole, lines(&plain)[1]]),
            ("of another journal", vec![our[0], our[1], other[2]]),
            ("under another head", vec![other[0], our[1]]),
        ] {
            let journal = journal.concat();
            fs::write(place.journal(), &journal).unwrap();
            assert_eq!(place.code(&ours), "state/not-authentic", "{what}");
            assert_eq!(fs::read(place.journal()).unwrap(), journal, "{what}");
        }
    }
}

#[test]
fn no_byte_of_a_sealed_journal_can_be_another() {
    for encrypt in [false, true] {
        let (place, ours) = (Place::new(), key('1', encrypt));
        place.fill(&ours, &["zero"]);
        place.leave_journal(&ours, &["a", "b"]);
        let whole = fs::read(place.journal()).unwrap();
        let name = Path::new("journal");
        let open = |bytes: &[u8]| open_journal(name, bytes, ours.as_deref().unwrap());
        let plain = open(&whole).unwrap().plain;
        for at in 0..whole.len() {
            for turn in [1, 0x20, 0x80] {
                let mut other = whole.clone();
                other[at] ^= turn;
                let opened =
                    open(&other).and_then(|it| decode_journal(name, &it.plain).map(|_| it));
                match opened {
                    // The end is torn, as by a crash.
                    Ok(opened) => {
                        let cut = opened.plain.len() < plain.len();
                        assert!(cut && plain.starts_with(&opened.plain), "{at}");
                    }
                    Err(error) => {
                        let code = error.code().as_str();
                        let known = ["state/not-authentic", "state/journal-damaged"];
                        assert!(known.contains(&code), "{at}: {code}");
                    }
                }
            }
        }
    }
}

#[test]
fn lines_since_the_last_sync_may_be_lost_in_any_order() {
    let (place, ours) = (Place::new(), key('1', false));
    place.fill(&ours, &["zero"]);
    let mut store = place.open(&ours).unwrap();
    store.record(put("a")).unwrap();
    store.sync().unwrap();
    for label in ["b", "c", "d"] {
        store.record(put(label)).unwrap();
    }
    store.sync().unwrap();
    drop(store);
    let whole = fs::read(place.journal()).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|&b| b == b'\n').collect();
    let zeros = |line: &[u8]| vec![0; line.len()];
    for (lost, left) in [
        (3, vec!["record.a", "record.b", "record.zero"]),
        (2, vec!["record.a", "record.zero"]),
    ] {
        let journal: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| {
                if at == lost {
                    zeros(line)
                } else {
                    line.to_vec()
                }
            })
            .collect();
        fs::write(place.journal(), journal.concat()).unwrap();
        assert_eq!(names(&place.open(&ours).unwrap()), left);
    }
    // A line that was synced before another one was written is never lost alone.
    let journal = [lines[0], &zeros(lines[1]), lines[2], lines[3]].concat();
    fs::write(place.journal(), journal).unwrap();
    assert_eq!(names(&place.open(&ours).unwrap()), ["record.zero"]);
}
