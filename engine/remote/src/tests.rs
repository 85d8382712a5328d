//! The hold on a state, over a store in memory that can fail on demand.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use pospool_engine::store::{
    Medium, Mode, ResealEnd, SealChange, StateKey, Store, StoreError, decode_snapshot,
    reseal_state, seal_medium,
};
use pospool_model::Secret;

use crate::document::Document;
use crate::lease::Lease;
use crate::medium;
use crate::place::Backend;

/// What happens to the next writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It does not arrive.
    Before,
    /// It arrives, and the answer is lost.
    After,
}

#[derive(Clone, Debug, Default)]
struct Faulty {
    inner: Arc<InMemory>,
    faults: Arc<Mutex<Vec<Fault>>>,
    /// Conditions are ignored.
    careless: bool,
    writes: Arc<AtomicUsize>,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

fn cut() -> Error {
    Error::Generic {
        store: "faulty",
        source: "the connection was cut".into(),
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        at: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let fault = self.faults.lock().unwrap().pop();
        match fault {
            Some(Fault::Before) => Err(cut()),
            Some(Fault::After) => {
                self.inner.put_opts(at, bytes, options).await?;
                Err(cut())
            }
            None if self.careless => self.inner.put_opts(at, bytes, PutOptions::default()).await,
            None => self.inner.put_opts(at, bytes, options).await,
        }
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl Faulty {
    /// The next writes, the first one first.
    fn plan(&self, faults: &[Fault]) {
        *self.faults.lock().unwrap() = faults.iter().rev().copied().collect();
    }

    fn open(&self) -> std::result::Result<Store, StoreError> {
        self.open_as(Lease::new("apply", 60))
    }

    fn open_as(&self, lease: Lease) -> std::result::Result<Store, StoreError> {
        let medium = medium::open_locked(Backend::over(self.clone()), lease)?;
        Store::over(Box::new(medium), "memory".as_ref(), Mode::Write)
    }

    fn look(&self) -> Store {
        let medium = medium::open_unlocked(Backend::over(self.clone())).unwrap();
        Store::over(Box::new(medium), "memory".as_ref(), Mode::Read).unwrap()
    }
}

/// A lease of a process that has ended.
fn of_the_dead() -> Lease {
    let mut lease = Lease::new("apply", 60);
    lease.started = Some(1);
    lease
}

fn set(store: &mut Store, name: &str) -> std::result::Result<(), StoreError> {
    store.update(|state| {
        state.outputs.insert(name.to_owned(), true.into());
    })
}

#[test]
fn one_holds_the_state_and_the_other_is_told_who() {
    let faulty = Faulty::default();
    let mut first = faulty.open().unwrap();
    set(&mut first, "a").unwrap();
    let refused = faulty.open().unwrap_err();
    assert_eq!(refused.code(), "state/locked");
    let told = refused.to_string();
    assert!(told.contains("`pospool apply`"), "{told}");
    assert!(
        told.contains(&format!("process {}", std::process::id())),
        "{told}"
    );
    assert!(faulty.look().exists(), "who only looks needs no lock");
    drop(first);
    assert!(faulty.open().unwrap().state().outputs.contains_key("a"));
}

#[test]
fn a_holder_that_wakes_up_late_can_write_no_more() {
    let faulty = Faulty::default();
    let mut late = faulty.open_as(of_the_dead()).unwrap();
    set(&mut late, "a").unwrap();
    let mut next = faulty.open().unwrap();
    assert!(next.state().outputs.contains_key("a"));
    for name in ["late", "later"] {
        assert_eq!(set(&mut late, name).unwrap_err().code(), "state/lock-lost");
    }
    drop(late);
    set(&mut next, "b").unwrap();
    assert!(faulty.look().state().outputs.contains_key("b"));
    assert!(!faulty.look().state().outputs.contains_key("late"));
    assert!(
        faulty.open().is_err(),
        "the late one did not take the lock along"
    );
}

#[test]
fn a_write_whose_answer_is_lost_counts_once() {
    let faulty = Faulty::default();
    let mut store = faulty.open().unwrap();
    set(&mut store, "a").unwrap();
    for faults in [
        vec![Fault::After],
        vec![Fault::Before],
        vec![Fault::Before, Fault::After],
    ] {
        faulty.plan(&faults);
        let before = faulty.look().state().serial;
        set(&mut store, &format!("{faults:?}")).unwrap();
        let after = faulty.look();
        assert_eq!(after.state().serial, before + 1, "{faults:?}");
        assert_eq!(after.state(), store.state());
    }
}

#[test]
fn a_lock_whose_answer_is_lost_is_ours() {
    let faulty = Faulty::default();
    faulty.plan(&[Fault::After]);
    let mut store = faulty.open().unwrap();
    set(&mut store, "a").unwrap();
    drop(store);
    faulty.plan(&[Fault::After]);
    set(&mut faulty.open().unwrap(), "b").unwrap();
    assert_eq!(faulty.look().state().outputs.len(), 2);
}

#[test]
fn a_store_that_ignores_conditions_is_refused() {
    let faulty = Faulty {
        careless: true,
        ..Faulty::default()
    };
    let refused = faulty.open().unwrap_err();
    assert_eq!(refused.code(), "state/keeper");
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("ignores the conditions"), "{why}");
}

#[test]
fn case_no_backup_the_states_that_an_object_store_held_come_with_the_document() {
    let faulty = Faulty::default();
    for name in ["a", "b", "c"] {
        let mut store = faulty.open().unwrap();
        // The answer of the write that replaces the state and keeps the one before is lost.
        faulty.plan(&[Fault::After]);
        let address = format!("record.{name}").parse().unwrap();
        let updated = store.update(|state| _ = state.resources.entry(address).or_default());
        updated.unwrap();
    }
    let backups = faulty.look().backups().unwrap();
    let held = backups.iter().map(|it| {
        let state = decode_snapshot("memory".as_ref(), &it.bytes).unwrap();
        (it.number, state.resources.len())
    });
    assert_eq!(held.collect::<Vec<_>>(), [(1, 1), (2, 2)]);
}

#[tokio::test]
async fn it_can_be_used_from_within_a_runtime() {
    let faulty = Faulty::default();
    let mut store = faulty.open().unwrap();
    set(&mut store, "a").unwrap();
    assert!(faulty.look().exists());
}

#[test]
fn signs_of_life_are_given_and_change_nothing() {
    let faulty = Faulty::default();
    let mut store = faulty.open_as(Lease::new("apply", 1)).unwrap();
    set(&mut store, "a").unwrap();
    let before = faulty.writes.load(Ordering::Relaxed);
    let given = (0..1000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        faulty.writes.load(Ordering::Relaxed) >= before + 2
    });
    assert!(given);
    set(&mut store, "b").unwrap();
    assert_eq!(faulty.look().state(), store.state());
}

/// A key of one digit, again and again.
fn key(digit: char) -> Arc<StateKey> {
    let secret = Secret::new(digit.to_string().repeat(64));
    Arc::new(StateKey::new(&secret, digit == '2').unwrap())
}

impl Faulty {
    fn medium(&self) -> Box<dyn Medium> {
        let place = Backend::over(self.clone());
        Box::new(medium::open_locked(place, Lease::new("apply", 60)).unwrap())
    }

    fn open_sealed(&self, key: &Arc<StateKey>) -> std::result::Result<Store, StoreError> {
        let medium = seal_medium(self.medium(), "memory".as_ref(), Arc::clone(key));
        Store::over(medium, "memory".as_ref(), Mode::Write)
    }

    /// The document, changed by somebody who can write it.
    fn edit(&self, change: impl FnOnce(&mut Document)) -> Document {
        let place = Backend::over(self.clone());
        let seen = crate::runtime::block_on_thread(async move { place.look().await });
        let mut document =
            Document::decode("memory".as_ref(), &seen.unwrap().unwrap().bytes).unwrap();
        change(&mut document);
        let (inner, bytes) = (Arc::clone(&self.inner), document.encode().unwrap());
        crate::runtime::block_on_thread(async move {
            let all: Vec<_> = futures_util::TryStreamExt::try_collect(inner.list(None)).await?;
            let at = &all[0].location;
            inner
                .put_opts(at, bytes.into(), PutOptions::default())
                .await
        })
        .unwrap();
        document
    }
}

#[test]
fn case_sealed_state_a_document_holds_nothing_without_a_seal() {
    for digit in ['1', '2'] {
        let (store, ours) = (Faulty::default(), key(digit));
        let mut open = store.open_sealed(&ours).unwrap();
        let recorded = pospool_model::state::Recorded::default();
        for name in ["record.a", "record.b"] {
            let (address, recorded) = (name.parse().unwrap(), recorded.clone());
            open.record(pospool_engine::store::JournalEntry::Put { address, recorded })
                .unwrap();
            open.save().unwrap();
        }
        let address = "record.c".parse().unwrap();
        open.record(pospool_engine::store::JournalEntry::Put { address, recorded })
            .unwrap();
        open.sync().unwrap();
        drop(open);
        let document = store.edit(|_| {});
        let snapshot = document.snapshot.unwrap();
        assert!(
            snapshot
                .get()
                .starts_with("{\"format\":\"pospool-state\",\"version\":3,")
        );
        let read = || {
            store
                .open_sealed(&ours)
                .map(|it| it.state().resources.len())
        };
        assert_eq!(read().unwrap(), 3);
        assert_eq!(store.open().unwrap_err().code(), "state/sealed");
        assert_eq!(
            store.open_sealed(&key('3')).unwrap_err().code(),
            "state/other-key"
        );

        // Who can write the document can take the journal away, and change nothing.
        let journal = document.journal.unwrap();
        let again = journal.lines().nth(1).unwrap();
        store.edit(|it| it.journal = Some(format!("{journal}{again}\n")));
        assert_eq!(read().unwrap_err().code(), "state/not-authentic");
        let raw = |text: String| serde_json::value::RawValue::from_string(text).ok();
        let forged = snapshot.get().replacen("\"mac\":\"", "\"mac\":\"00", 1);
        let plain = r#"{"format":"pospool-state","version":1,"state":{"lineage":"a","serial":1,"chains":{},"resources":{}}}"#;
        for (text, code) in [
            (forged.as_str(), "state/not-authentic"),
            (plain, "state/not-sealed"),
        ] {
            store.edit(|it| {
                (it.snapshot, it.journal) = (raw(text.to_owned()), Some(journal.clone()));
            });
            assert_eq!(read().unwrap_err().code(), code);
        }
        store.edit(|it| it.snapshot = Some(snapshot.clone()));
        assert_eq!(read().unwrap(), 3);
    }
}

#[test]
fn case_sealed_state_a_document_gets_another_seal_in_one_write() {
    let store = Faulty::default();
    let mut open = store.open().unwrap();
    set(&mut open, "a").unwrap();
    for name in ["record.a", "record.b"] {
        open.update(|state| {
            state.resources.insert(
                name.parse().unwrap(),
                pospool_model::state::Recorded::default(),
            );
        })
        .unwrap();
    }
    drop(open);
    let mut again = store.open().unwrap();
    again.conclude(|state| state.resources.clear()).unwrap();
    let state = again.state().clone();
    drop(again);
    let (one, two) = (key('1'), key('2'));
    for (from, to) in [(None, Some(&one)), (Some(&one), Some(&two))] {
        let mut medium = store.medium();
        let before = store.writes.load(Ordering::Relaxed);
        let change = SealChange {
            from: from.map(Arc::as_ref),
            to: to.map(Arc::as_ref),
            unsealed_by_hand: false,
        };
        let end = reseal_state(medium.as_mut(), "memory".as_ref(), change).unwrap();
        let ResealEnd::Done(done) = end else {
            panic!("{end:?}");
        };
        assert_eq!((done.state, done.backups, done.left), (true, 1, vec![]));
        assert_eq!(store.writes.load(Ordering::Relaxed), before + 1);
    }
    let mut open = store.open_sealed(&two).unwrap();
    assert_eq!(*open.state(), state);
    let kept = open.backups().unwrap();
    assert!(!String::from_utf8_lossy(&kept[0].bytes).contains("record.a"));
    let bytes = open.open_backup("kept".as_ref(), &kept[0]).unwrap();
    assert_eq!(
        decode_snapshot("kept".as_ref(), &bytes)
            .unwrap()
            .resources
            .len(),
        2
    );
}
