//! What was searched, and what was found there.
//!
//! - Reads: bytes, folders, archives.
//! - Returns: findings, and how much of each kind of place was searched: a search that saw
//!   nothing finds nothing.
//! - Never: follows a link, or stops at a file that is gone again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::scan::{Finding, Scanner};

/// A search over many places.
pub(super) struct Search {
    pub(super) scanner: Arc<Scanner>,
    pub(super) findings: BTreeSet<Finding>,
    /// Places and bytes by kind of place.
    searched: BTreeMap<&'static str, (u64, u64)>,
}

impl Search {
    pub(super) fn new(scanner: Arc<Scanner>) -> Self {
        Self {
            scanner,
            findings: BTreeSet::new(),
            searched: BTreeMap::new(),
        }
    }

    /// Searches some bytes, and the name of their place.
    pub(super) fn look(&mut self, kind: &'static str, place: &str, bytes: &[u8]) {
        self.count(kind, bytes.len());
        let name = self.scanner.scan("the name of a place", place.as_bytes());
        self.findings.extend(name);
        let place = format!("{kind}: {place}");
        self.findings.extend(self.scanner.scan(&place, bytes));
    }

    pub(super) fn count(&mut self, kind: &'static str, bytes: usize) {
        let (places, sum) = self.searched.entry(kind).or_default();
        *places += 1;
        *sum += bytes as u64;
    }

    /// Searches every file below a folder.
    pub(super) fn folder(&mut self, kind: &'static str, folder: &Path) {
        self.folder_without(kind, folder, &[]);
    }

    /// The same without folders of these names.
    pub(super) fn folder_without(&mut self, kind: &'static str, folder: &Path, without: &[&str]) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(form) = entry.file_type() else {
                continue;
            };
            if form.is_dir() && !without.iter().any(|it| name == *it) {
                self.folder_without(kind, &path, without);
            } else if form.is_file()
                && let Ok(bytes) = fs::read(&path)
            {
                self.look(kind, &path.display().to_string(), &bytes);
            }
        }
    }

    /// Searches every file of a tar archive, and of the archives in it.
    pub(super) fn archive(&mut self, kind: &'static str, name: &str, archive: impl Read) {
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let place = format!("{name}/{path}");
            if Path::new(&path).extension().is_some_and(|end| end == "tar") {
                self.archive(kind, &place, &bytes[..]);
            } else {
                self.look(kind, &place, &bytes);
            }
        }
    }

    /// Takes over what another search did.
    pub(super) fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        for (kind, (places, bytes)) in other.searched {
            let sum = self.searched.entry(kind).or_default();
            *sum = (sum.0 + places, sum.1 + bytes);
        }
    }

    /// How many places of a kind were searched.
    pub(super) fn places(&self, kind: &str) -> u64 {
        self.searched.get(kind).map_or(0, |(places, _)| *places)
    }

    /// Prints how much was searched.
    pub(super) fn print(&self) {
        for (kind, (places, bytes)) in &self.searched {
            println!("  {kind:<24} {places:>8} places {:>8} kB", bytes / 1000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::marks;
    use super::*;

    const TEXT: &str = "marked 0123456789abcdef by a test";

    fn search() -> Search {
        Search::new(Arc::new(Scanner::new(marks::of_text("text", TEXT))))
    }

    fn places(search: &Search) -> BTreeSet<&str> {
        search.findings.iter().map(|it| it.place.as_str()).collect()
    }

    #[test]
    fn files_in_folders_and_in_archives_in_archives_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("leak"), TEXT).unwrap();
        fs::write(folder.path().join("clean"), "nothing").unwrap();
        let mut inner = tar::Builder::new(Vec::new());
        inner.append_dir_all("in", folder.path()).unwrap();
        let inner = inner.into_inner().unwrap();
        let mut outer = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(inner.len() as u64);
        outer
            .append_data(&mut header, "layer.tar", &inner[..])
            .unwrap();
        let outer = outer.into_inner().unwrap();

        let mut search = search();
        search.folder("files", folder.path());
        search.archive("archive", "image", &outer[..]);
        let file = format!("files: {}", deep.join("leak").display());
        let packed = "archive: image/layer.tar/in/a/b/leak";
        assert_eq!(places(&search), [packed, file.as_str()].into());
        assert_eq!(search.places("files"), 2);
    }

    #[test]
    fn a_name_can_hold_a_secret_too() {
        let mut search = search();
        search.look("files", TEXT, b"");
        assert_eq!(places(&search), ["the name of a place"].into());
    }
}
