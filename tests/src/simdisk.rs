//! A disk in memory that knows what a power cut would leave of it.
//!
//! - Reads and writes: files in memory, with what was not synced yet told apart.
//! - Returns: every disk that may be found after a crash, each once.
//! - Never: keeps more than was promised: without a sync nothing is sure to be there, neither
//!   bytes nor names, and names do not wait for bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pospool_engine::store::{Disk, DiskFile, Stamp};

/// What a disk holds: bytes by path.
pub type DiskImage = BTreeMap<PathBuf, Vec<u8>>;

/// What the disk does when it is told to make something durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Honesty {
    /// It does so.
    #[default]
    Honest,
    /// It says so, and leaves bytes of files unsynced: as if the program had forgotten the sync.
    ForgetsFiles,
    /// It says so, and leaves names unsynced.
    ForgetsFolders,
}

/// Which part of what was not synced is there after the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CutKind {
    /// Nothing of it.
    Lost,
    /// All of it: only the process was killed.
    Kept,
    /// Of the bytes a beginning, a piece, or zeros in their place.
    Torn,
    /// Of the names some, or of names and bytes only the ones.
    Mixed,
}

/// One disk that may be found after a crash.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Which part is there.
    pub kind: CutKind,
    /// The same in words, for a report.
    pub how: String,
    /// What is there.
    pub image: DiskImage,
}

/// How much of the ways to cut is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// Everything lost, and everything there.
    Two,
    /// Every one that the model knows.
    All,
}

/// Bytes that reach the medium together or not at all.
const SECTOR: usize = 512;

/// Most names whose fates are combined freely.
const FREE_NAMES: usize = 6;

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<DiskState>>);

#[derive(Debug, Default)]
struct DiskState {
    honesty: Honesty,
    files: BTreeMap<u64, FileContent>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// Changes of names since the folder was synced.
    changes: Vec<Change>,
    clock: u64,
}

#[derive(Clone, Debug, Default)]
struct FileContent {
    now: Vec<u8>,
    durable: Vec<u8>,
    changed: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Create(PathBuf, u64),
    Rename(PathBuf, PathBuf, u64),
    Remove(PathBuf),
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    number: u64,
}

impl SimDisk {
    /// A disk that holds what another one held after its cut.
    #[must_use]
    pub fn holding(image: &DiskImage) -> Self {
        let mut inner = DiskState::default();
        for (path, bytes) in image {
            let number = inner.tick();
            inner.names.insert(path.clone(), number);
            inner.files.insert(
                number,
                FileContent {
                    now: bytes.clone(),
                    durable: bytes.clone(),
                    changed: number,
                },
            );
        }
        inner.durable_names.clone_from(&inner.names);
        Self(Arc::new(Mutex::new(inner)))
    }

    /// The same disk, less honest.
    #[must_use]
    pub fn with(self, honesty: Honesty) -> Self {
        self.lock().honesty = honesty;
        self
    }

    /// What a reader sees now.
    #[must_use]
    pub fn now(&self) -> DiskImage {
        let inner = self.lock();
        inner.image(&inner.names, |content| content.now.clone())
    }

    /// The disks that may be found if the machine stops now: all different, the one with
    /// nothing of what was not synced first, the one with all of it second.
    #[must_use]
    pub fn cuts(&self, wanted: Cuts) -> Vec<Cut> {
        let inner = self.lock();
        let mut cuts = vec![
            inner.cut(CutKind::Lost, "nothing unsynced".to_owned(), &[], &durable),
            inner.cut(CutKind::Kept, "all of it".to_owned(), &inner.all(), &now),
        ];
        if wanted == Cuts::All {
            cuts.extend(inner.mixed());
            cuts.extend(inner.torn());
        }
        let mut seen = BTreeSet::new();
        cuts.retain(|cut| seen.insert(cut.image.clone()));
        cuts
    }

    fn lock(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn durable(_: u64, content: &FileContent) -> Vec<u8> {
    content.durable.clone()
}

fn now(_: u64, content: &FileContent) -> Vec<u8> {
    content.now.clone()
}

impl DiskState {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn image(
        &self,
        names: &BTreeMap<PathBuf, u64>,
        bytes: impl Fn(&FileContent) -> Vec<u8>,
    ) -> DiskImage {
        let entries = names.iter();
        entries
            .map(|(path, number)| (path.clone(), bytes(&self.files[number])))
            .collect()
    }

    fn all(&self) -> Vec<usize> {
        (0..self.changes.len()).collect()
    }

    /// The disk with these changes of names, and these bytes in each file.
    fn cut(
        &self,
        kind: CutKind,
        how: String,
        changes: &[usize],
        bytes: &dyn Fn(u64, &FileContent) -> Vec<u8>,
    ) -> Cut {
        let mut names = self.durable_names.clone();
        for &change in changes {
            match &self.changes[change] {
                Change::Create(path, number) => {
                    names.insert(path.clone(), *number);
                }
                Change::Rename(from, to, number) => {
                    // The name may be gone already, or never have been there.
                    names.remove(from);
                    names.insert(to.clone(), *number);
                }
                Change::Remove(path) => {
                    names.remove(path);
                }
            }
        }
        let entries = names.into_iter();
        let image = entries
            .map(|(path, number)| (path, bytes(number, &self.files[&number])))
            .collect();
        Cut { kind, how, image }
    }

    /// Names and bytes independently, and any of the names.
    fn mixed(&self) -> Vec<Cut> {
        let mut cuts = Vec::new();
        let count = self.changes.len().min(FREE_NAMES);
        let always = self.changes.len() - count;
        for chosen in 0..1_usize << count {
            let kept: Vec<usize> = (0..self.changes.len())
                .filter(|&change| change < always || chosen >> (change - always) & 1 == 1)
                .collect();
            let how = format!("names {kept:?} of {}", self.changes.len());
            let bare = format!("{how}, no bytes");
            cuts.push(self.cut(CutKind::Mixed, bare, &kept, &durable));
            cuts.push(self.cut(CutKind::Mixed, how, &kept, &now));
        }
        cuts
    }

    /// All names, and of the bytes of one file a beginning at each byte, pieces, or zeros.
    fn torn(&self) -> Vec<Cut> {
        let mut cuts = Vec::new();
        let dirty = self.files.iter();
        for (&file, content) in dirty.filter(|(_, content)| content.now != content.durable) {
            for (how, bytes) in pieces(content) {
                let torn = |number: u64, content: &FileContent| {
                    if number == file {
                        bytes.clone()
                    } else {
                        content.now.clone()
                    }
                };
                cuts.push(self.cut(CutKind::Torn, how, &self.all(), &torn));
            }
        }
        cuts
    }
}

/// What may be in a file whose last bytes were not synced.
fn pieces(content: &FileContent) -> Vec<(String, Vec<u8>)> {
    let (now, durable) = (&content.now, &content.durable);
    // A file that was emptied first may also be found empty.
    let sure = if now.starts_with(durable) {
        durable.len()
    } else {
        0
    };
    let mut pieces: Vec<_> = (sure..now.len())
        .map(|end| {
            (
                format!("{} of {} bytes", end, now.len()),
                now[..end].to_vec(),
            )
        })
        .collect();
    let zeros = |from: usize, to: usize| {
        let mut bytes = now.clone();
        bytes[from..to].fill(0);
        bytes
    };
    pieces.push(("zeros for bytes".to_owned(), zeros(sure, now.len())));
    let mut from = sure;
    while from < now.len() {
        let to = ((from / SECTOR + 1) * SECTOR).min(now.len());
        pieces.push((format!("zeros from {from} to {to}"), zeros(from, to)));
        from = to;
    }
    pieces
}

impl Disk for SimDisk {
    fn read(&self, path: &Path, _: u64) -> io::Result<Option<Vec<u8>>> {
        let inner = self.lock();
        let number = inner.names.get(path);
        Ok(number.map(|number| inner.files[number].now.clone()))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.lock();
        let tick = inner.tick();
        let there = inner.names.get(path).copied();
        let number = there.unwrap_or_else(|| {
            inner.names.insert(path.to_owned(), tick);
            inner.changes.push(Change::Create(path.to_owned(), tick));
            tick
        });
        let content = inner.files.entry(number).or_default();
        content.now.clear();
        content.changed = tick;
        Ok(self.file(number))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.lock();
        let tick = inner.tick();
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let number = *inner.names.get(path).ok_or_else(gone)?;
        let content = inner.files.get_mut(&number).ok_or_else(gone)?;
        content
            .now
            .truncate(usize::try_from(length).unwrap_or(usize::MAX));
        content.changed = tick;
        drop(inner);
        self.sync_file(number);
        Ok(self.file(number))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let number = inner.names.remove(from).ok_or_else(gone)?;
        inner.names.insert(to.to_owned(), number);
        let change = Change::Rename(from.to_owned(), to.to_owned(), number);
        inner.changes.push(change);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.names.remove(path).is_some() {
            inner.changes.push(Change::Remove(path.to_owned()));
        }
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.honesty != Honesty::ForgetsFolders {
            inner.durable_names = inner.names.clone();
            inner.changes.clear();
        }
        Ok(())
    }

    /// Folders are there as soon as something is in them.
    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let inner = self.lock();
        let inside = inner.names.keys().filter(|it| it.parent() == Some(folder));
        let names = inside.filter_map(|path| path.file_name()?.to_str());
        Ok(names.map(ToOwned::to_owned).collect())
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        let inner = self.lock();
        let stamp = inner.names.get(path).map(|number| {
            let content = &inner.files[number];
            Stamp([0, *number, content.now.len() as u64, content.changed])
        });
        Ok(stamp)
    }
}

impl SimDisk {
    fn file(&self, number: u64) -> Box<dyn DiskFile> {
        let disk = self.clone();
        Box::new(SimFile { disk, number })
    }

    fn sync_file(&self, number: u64) {
        let mut inner = self.lock();
        let forgets = inner.honesty == Honesty::ForgetsFiles;
        if let Some(content) = inner.files.get_mut(&number).filter(|_| !forgets) {
            content.durable.clone_from(&content.now);
        }
    }
}

impl DiskFile for SimFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.disk.lock();
        let tick = inner.tick();
        if let Some(content) = inner.files.get_mut(&self.number) {
            content.now.extend_from_slice(bytes);
            content.changed = tick;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.sync_file(self.number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        Path::new("/sim").join(name)
    }

    /// What each cut leaves of one file, as text.
    fn texts(cuts: &[Cut], name: &str) -> BTreeSet<Option<String>> {
        let texts = cuts.iter().map(|cut| {
            let bytes = cut.image.get(&path(name))?;
            Some(String::from_utf8_lossy(bytes).replace('\0', "0"))
        });
        texts.collect()
    }

    fn set(texts: &[Option<&str>]) -> BTreeSet<Option<String>> {
        let owned = texts.iter();
        owned.map(|text| text.map(ToOwned::to_owned)).collect()
    }

    #[test]
    fn a_new_file_may_be_gone_empty_torn_zeros_or_whole() {
        let disk = SimDisk::default();
        let mut file = disk.create(&path("a")).unwrap();
        file.write(b"xyz").unwrap();
        let found = texts(&disk.cuts(Cuts::All), "a");
        let expected = [
            None,
            Some(""),
            Some("x"),
            Some("xy"),
            Some("xyz"),
            Some("000"),
        ];
        assert_eq!(found, set(&expected));
        file.sync().unwrap();
        let found = texts(&disk.cuts(Cuts::All), "a");
        assert_eq!(found, set(&[None, Some("xyz")]), "its name is not sure yet");
        disk.sync_folder(&path("a")).unwrap();
        assert_eq!(disk.cuts(Cuts::All).len(), 1);
    }

    #[test]
    fn a_rename_without_its_syncs_may_leave_the_old_file_or_an_empty_one() {
        let disk = SimDisk::holding(&DiskImage::from([(path("a"), b"old".to_vec())]));
        disk.create(&path("b")).unwrap().write(b"new").unwrap();
        disk.rename(&path("b"), &path("a")).unwrap();
        let found = texts(&disk.cuts(Cuts::All), "a");
        for text in ["old", "", "new"] {
            assert!(
                found.contains(&Some(text.to_owned())),
                "{text:?} in {found:?}"
            );
        }
    }

    #[test]
    fn names_survive_independently() {
        let old = [(path("a"), b"1".to_vec()), (path("b"), b"2".to_vec())];
        let disk = SimDisk::holding(&DiskImage::from(old));
        disk.remove(&path("a")).unwrap();
        disk.remove(&path("b")).unwrap();
        let cuts = disk.cuts(Cuts::All);
        let counts: BTreeSet<_> = cuts.iter().map(|cut| cut.image.len()).collect();
        assert_eq!((cuts.len(), counts), (4, BTreeSet::from([0, 1, 2])));
    }

    #[test]
    fn a_dishonest_disk_keeps_nothing_sure() {
        for honesty in [Honesty::ForgetsFiles, Honesty::ForgetsFolders] {
            let disk = SimDisk::default().with(honesty);
            let mut file = disk.create(&path("a")).unwrap();
            file.write(b"xyz").unwrap();
            file.sync().unwrap();
            disk.sync_folder(&path("a")).unwrap();
            let lost = &disk.cuts(Cuts::Two)[0].image;
            assert_ne!(lost.get(&path("a")), Some(&b"xyz".to_vec()));
        }
    }
}
