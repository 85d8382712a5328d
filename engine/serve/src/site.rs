//! The page as a table: path to bytes.
//!
//! - Reads: a folder, once.
//! - Returns: every file with its type, its tag and its compressed form, and the headers of all answers.
//! - Never: follows a link, or holds more than a page can have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use pospool_model::hex;
use sha2::{Digest, Sha256};

use crate::ServeError;
use crate::headers;
use crate::types::{cache_control, content_type};

/// What an unknown path without an extension gets: the page finds its own way.
pub(crate) const INDEX: &str = "/index.html";
/// Most files of a page.
const MOST_FILES: usize = 20_000;
/// Most bytes of a page.
const MOST_BYTES: u64 = 256 << 20;
/// How deep folders may lie in each other.
const DEEPEST: usize = 32;
/// End of the name of a file's compressed form.
const GZIP: &str = ".gz";

/// A page, ready to be served.
#[derive(Debug)]
pub struct Site {
    files: BTreeMap<String, Asset>,
    headers: Vec<(&'static str, String)>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// As it is.
    pub(crate) plain: TaggedBytes,
    /// Compressed, if that was made beforehand.
    pub(crate) gzip: Option<TaggedBytes>,
    /// Content type.
    pub(crate) content_type: &'static str,
    /// Value of `Cache-Control`.
    pub(crate) caching: &'static str,
}

/// Bytes and their tag.
#[derive(Debug)]
pub(crate) struct TaggedBytes {
    pub(crate) bytes: Bytes,
    pub(crate) etag: String,
}

impl TaggedBytes {
    fn new(bytes: Vec<u8>) -> Self {
        let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&bytes)[..16]));
        Self {
            bytes: bytes.into(),
            etag,
        }
    }
}

impl Site {
    /// Reads the folder of a page that may connect to these origins, and to its own.
    pub fn load(folder: &Path, connect: &[String]) -> Result<Self, ServeError> {
        let mut read = Reader {
            folder,
            files: BTreeMap::new(),
            bytes: 0,
        };
        read.folder(folder, "", 0)?;
        let mut plain = read.files;
        let Some(index) = plain.get(INDEX) else {
            return Err(refused(folder, "it has no index.html"));
        };
        let policy = headers::content_security_policy(connect, &String::from_utf8_lossy(index))?;
        let names: Vec<String> = plain.keys().cloned().collect();
        let mut files = BTreeMap::new();
        for name in names.iter().filter(|name| !is_compressed(name, &names)) {
            let gzip = plain.remove(&format!("{name}{GZIP}"));
            let asset = Asset {
                plain: TaggedBytes::new(plain.remove(name).unwrap_or_default()),
                gzip: gzip.map(TaggedBytes::new),
                content_type: content_type(name),
                caching: cache_control(name),
            };
            files.insert(name.clone(), asset);
        }
        Ok(Self {
            files,
            headers: headers::response_headers(policy),
        })
    }

    /// Number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file, which cannot be: there is an index.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file at a decoded path that starts with `/`.
    pub(crate) fn file(&self, path: &str) -> Option<&Asset> {
        self.files.get(if path == "/" { INDEX } else { path })
    }

    /// Headers of every answer.
    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }
}

/// Whether a file is only the compressed form of another one.
fn is_compressed(name: &str, names: &[String]) -> bool {
    name.strip_suffix(GZIP).is_some_and(|plain| {
        names
            .binary_search_by(|other| other.as_str().cmp(plain))
            .is_ok()
    })
}

/// The one folder with a dot that is there to be read (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

struct Reader<'a> {
    folder: &'a Path,
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), ServeError> {
        if depth > DEEPEST {
            return Err(refused(
                self.folder,
                "its folders lie too deep in each other",
            ));
        }
        let failed = |source| ServeError::Read {
            path: folder.to_owned(),
            source,
        };
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned) else {
                return Err(refused(&path, "its name is not UTF-8"));
            };
            // What begins with a dot is somebody's own, such as `.git` and `.env`.
            if name.starts_with('.') && name != WELL_KNOWN {
                continue;
            }
            let name = format!("{prefix}/{name}");
            // Of the entry itself: a link is neither a folder nor a file here.
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                self.folder(&path, &name, depth + 1)?;
            } else if kind.is_file() {
                self.file(path, name)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, name: String) -> Result<(), ServeError> {
        let bytes = std::fs::read(&path).map_err(|source| ServeError::Read { path, source })?;
        self.bytes += bytes.len() as u64;
        self.files.insert(name, bytes);
        if self.files.len() > MOST_FILES || self.bytes > MOST_BYTES {
            let why = format!("it has more than {MOST_FILES} files or {MOST_BYTES} bytes");
            return Err(refused(self.folder, &why));
        }
        Ok(())
    }
}

fn refused(path: &Path, why: &str) -> ServeError {
    ServeError::Folder {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_begin_with_a_dot_are_not_served() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "index.html",
            ".env",
            ".git/config",
            "a/.secret",
            ".well-known/security.txt",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let site = Site::load(folder.path(), &[]).unwrap();
        let served: Vec<_> = site.files.keys().collect();
        assert_eq!(served, ["/.well-known/security.txt", "/index.html"]);
    }

    #[test]
    fn links_are_not_followed_and_compressed_forms_are_no_files_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("index.html", "<p>page</p>");
        put("index.html.gz", "packed");
        put("alone.gz", "data");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("passwd")).unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("etc")).unwrap();
        let site = Site::load(folder.path(), &[]).unwrap();
        let names: Vec<&String> = site.files.keys().collect();
        assert_eq!(names, ["/alone.gz", "/index.html"]);
        let index = site.file("/").unwrap();
        assert_eq!(index.gzip.as_ref().unwrap().bytes, "packed");
        assert_ne!(index.gzip.as_ref().unwrap().etag, index.plain.etag);
    }

    #[test]
    fn a_folder_without_an_index_is_no_page() {
        let folder = tempfile::tempdir().unwrap();
        let error = Site::load(folder.path(), &[]).unwrap_err();
        assert_eq!(error.code(), "serve/folder");
        let error = Site::load(&folder.path().join("gone"), &[]).unwrap_err();
        assert_eq!(error.code(), "serve/read");
    }
}
