//! The files of a private network, in one folder.
//!
//! - Reads: `node.toml`, `pos_config.yaml`, `initial_nodes.json`, and what those name.
//! - Returns: the lines of `node.toml`, and a digest of each file; the contents are read again when they are used,
//!   and must be the same then.
//! - Never: takes a file that nothing names: the folder may also hold keys.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use pospool_model::{Problem, Value};

use crate::codes;
use crate::config_keys;
use crate::image::hash_bytes;
use crate::names::Name;
use crate::render::layout::CONFIG_DIR;
use crate::toml::{self, TomlLine};

/// Largest file that is taken.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// Files that every node of a network needs.
const REQUIRED: &[&str] = &["initial_nodes.json", "pos_config.yaml"];
/// A file that `pos_config.yaml` of release 3.0 names.
const GENESIS: &str = "genesis_file";

/// What a private network gives to its nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PrivateNetworkFiles {
    /// Lines of `node.toml`, without keys that pospool owns; file names point into the image.
    pub(crate) lines: Vec<TomlLine>,
    /// Digest of each file by its name.
    pub(crate) digests: BTreeMap<String, String>,
}

impl PrivateNetworkFiles {
    /// Reads a folder.
    pub(crate) fn read(folder: &str) -> Result<Self, Problem> {
        let root = Path::new(folder);
        let text = read_file(root, "node.toml")?;
        let text =
            String::from_utf8(text).map_err(|_| bad(folder, "node.toml is not UTF-8 text"))?;
        let mut lines =
            toml::parse_flat(&text).map_err(|what| bad(folder, &format!("node.toml: {what}")))?;
        lines.retain(|(key, _)| !config_keys::is_owned(key));
        let mut files = Self {
            lines,
            digests: BTreeMap::new(),
        };
        for name in REQUIRED {
            files.take(root, name)?;
        }
        if root.join(GENESIS).is_file() {
            files.take(root, GENESIS)?;
        }
        files.take_named(root)?;
        files.refuse_public_apis(folder)?;
        Ok(files)
    }

    /// Takes the files that `node.toml` names, and makes it name their place in the image.
    fn take_named(&mut self, root: &Path) -> Result<(), Problem> {
        let mut names = Vec::new();
        for (_, value) in &mut self.lines {
            let Some(name) = toml::plain_string(value).and_then(|path| path.rsplit('/').next())
            else {
                continue;
            };
            if Name::new(name).is_ok() && root.join(name).is_file() {
                names.push(name.to_owned());
                *value = toml::toml_string(&format!("{CONFIG_DIR}/{name}"));
            }
        }
        names.iter().try_for_each(|name| self.take(root, name))
    }

    fn take(&mut self, root: &Path, name: &str) -> Result<(), Problem> {
        let bytes = read_file(root, name)?;
        self.digests.insert(name.to_owned(), hash_bytes(&bytes));
        Ok(())
    }

    fn refuse_public_apis(&self, folder: &str) -> Result<(), Problem> {
        for (key, value) in &self.lines {
            let text = Value::from(toml::plain_string(value).unwrap_or_default());
            if let Some(api) = config_keys::private_api(key, &text) {
                return Err(bad(
                    folder,
                    &format!("node.toml: `{key}` makes `{api}` public; use `safe,pos`"),
                ));
            }
        }
        Ok(())
    }
}

fn read_file(root: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let path = root.join(name);
    let shown = path.display();
    read_bounded(&path).map_err(|error| {
        Problem::new(
            codes::NODE_FILES,
            &[],
            format!("`{shown}` of the chain cannot be read: {error}"),
        )
        .help("`node_files` of the chain is a folder with node.toml, initial_nodes.json and pos_config.yaml")
    })
}

/// Reads a file that is not larger than a network's file can sensibly be.
pub(crate) fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    // Before it is opened: to open a pipe is to wait for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other("it is larger than 4 MB"));
    }
    Ok(bytes)
}

fn bad(place: &str, what: &str) -> Problem {
    Problem::new(
        codes::NODE_FILES,
        &[],
        format!("`{place}` of the chain: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_without_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let read = || PrivateNetworkFiles::read(folder.path().to_str().unwrap()).unwrap_err();
        let problem = read();
        assert_eq!(problem.code, "docker/node-files");
        assert!(
            problem.summary.contains("not a regular file"),
            "{problem:?}"
        );
        fs::remove_file(&path).unwrap();
        File::create(&path).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert!(read().summary.contains("larger than 4 MB"));
    }
}
