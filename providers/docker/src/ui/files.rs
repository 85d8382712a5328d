//! A folder as a table, bounded.
//!
//! - Reads: a folder of this machine.
//! - Returns: path and bytes of each file, and one digest over all of them.
//! - Never: follows a link, or takes in a folder that no page has.

use std::collections::BTreeMap;
use std::path::Path;

use pospool_model::Problem;

use crate::codes;
use crate::image::hash_bytes;

/// Most files of a page or its sources.
const MOST_FILES: usize = 20_000;
/// Most bytes of a page's sources.
const MOST_SOURCES: usize = 256 << 20;
/// Most bytes of a page: its server has it in memory, with its compressed forms.
pub(crate) const MOST_PAGE: usize = 40 << 20;
const DEEPEST: usize = 32;
/// Folders that are no part of sources.
const LEFT_OUT: [&str; 2] = [".git", "node_modules"];

/// Bytes by path, without a leading slash.
pub(crate) type PageFiles = BTreeMap<String, Vec<u8>>;

/// Reads a folder of sources.
pub(crate) fn read_folder(folder: &Path) -> Result<PageFiles, String> {
    bounded(folder, MOST_SOURCES)
}

fn bounded(folder: &Path, mut left: usize) -> Result<PageFiles, String> {
    let mut files = PageFiles::new();
    walk(folder, "", 0, &mut files, &mut left)?;
    Ok(files)
}

/// Reads a page that is built: it must have an index.
pub(crate) fn read_built(folder: &Path) -> Result<PageFiles, String> {
    let files = bounded(folder, MOST_PAGE)?;
    if files.contains_key("index.html") {
        return Ok(files);
    }
    Err(format!("`{}` has no index.html", folder.display()))
}

/// One digest over paths and bytes.
pub(crate) fn digest_files(files: &PageFiles) -> String {
    let table: BTreeMap<&String, String> = files
        .iter()
        .map(|(path, bytes)| (path, hash_bytes(bytes)))
        .collect();
    // Texts by text always have a JSON form.
    hash_bytes(serde_json::to_string(&table).unwrap_or_default().as_bytes())
}

/// What a problem of a page's folder looks like.
pub(crate) fn folder_problem(attribute: &str, what: String) -> Problem {
    Problem::new(codes::PAGE_FILES, &[attribute], what)
        .help("name a folder of this machine; relative paths start at the spec's folder")
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut PageFiles,
    left: &mut usize,
) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("`{}` lies too deep", folder.display()));
    }
    let failed = |error| format!("`{}` cannot be read: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned) else {
            return Err(format!("the name of `{}` is not UTF-8", path.display()));
        };
        let kind = entry.file_type().map_err(failed)?;
        let inner = format!("{prefix}{name}");
        if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
            walk(&path, &format!("{inner}/"), depth + 1, files, left)?;
        } else if kind.is_file() {
            let bytes = std::fs::read(&path)
                .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
            *left = left
                .checked_sub(bytes.len())
                .filter(|_| files.len() < MOST_FILES)
                .ok_or_else(|| format!("`{}` is too large, or has more than {MOST_FILES} files: is it the right folder?", path.display()))?;
            files.insert(inner, bytes);
        }
    }
    Ok(())
}

/// Most bytes of a lock file.
const LOCK_LIMIT: u64 = 64 << 20;

/// Reads a lock file, bounded.
pub(crate) fn read_lock(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error| format!("`{}` cannot be read: {error}", path.display());
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LOCK_LIMIT {
        return Err(format!("`{}` is too large for a lock file", path.display()));
    }
    std::fs::read(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_names_and_bytes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("index.html", "page");
        std::fs::create_dir(folder.path().join("static")).unwrap();
        put("static/a.js", "1");
        let first = digest_files(&read_built(folder.path()).unwrap());
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        put(".git/HEAD", "ref");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        assert_eq!(digest_files(&read_built(folder.path()).unwrap()), first);
        put("static/a.js", "2");
        let second = digest_files(&read_built(folder.path()).unwrap());
        assert_ne!(second, first);
        put("static/b.js", "");
        assert_ne!(digest_files(&read_built(folder.path()).unwrap()), second);
        std::fs::remove_file(folder.path().join("index.html")).unwrap();
        assert!(
            read_built(folder.path())
                .unwrap_err()
                .contains("index.html")
        );
    }
}
