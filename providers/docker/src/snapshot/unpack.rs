//! From the archive of a snapshot to one that the engine unpacks: only chain data passes.
//!
//! - Reads: bytes of a .tar.gz or .tar that nobody here made.
//! - Returns: a tar archive with `blockchain_data/` and `pos_db/`, owned by the node's user; what was seen on the way.
//! - Never: lets through a key, a safety file, a network identity, a link, a device, or a path that leads elsewhere.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use pospool_model::hex;
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, Entry, EntryType, Header};

use crate::image::hash_bytes;
use crate::user::{GROUP_ID, USER_ID};

/// Largest `initial_nodes.json` that is read.
const NODES_LIMIT: u64 = 4 << 20;
/// Folders that the layout may lie in, below the archive's top.
const DEEPEST: usize = 2;
const BUFFER: usize = 1 << 18;

/// What was seen on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ArchiveReport {
    /// Bytes of files that passed.
    pub(super) bytes: u64,
    /// Files that passed.
    pub(super) files: u64,
    /// Keys, safety files and network identities that did not pass.
    pub(super) kept_out: u64,
    /// SHA-256 of the archive, in hex.
    pub(super) sha256: String,
    /// SHA-256 and our own hash of its `initial_nodes.json`.
    pub(super) nodes: Option<(String, String)>,
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveRefusal {
    /// It holds something that chain data never has.
    #[error("`{0}` is {1}")]
    Entry(String, &'static str),
    /// It holds no chain data.
    #[error("it holds no folder `blockchain_data`")]
    Layout,
    /// It is packed in another way.
    #[error("it is packed with {0}, and only .tar.gz and .tar are read")]
    Packing(&'static str),
    /// It ends too early, or is not what it says.
    #[error("it cannot be unpacked")]
    Corrupt(#[source] io::Error),
    /// The bytes could not be passed on.
    #[error("it was not taken to its end")]
    Taker(#[source] io::Error),
}

/// Passes an archive on; blocks.
pub(super) fn transfer_archive(
    from: impl Read,
    to: impl Write,
) -> Result<ArchiveReport, ArchiveRefusal> {
    let mut source = Hashing {
        inner: BufReader::with_capacity(BUFFER, from),
        hasher: Sha256::new(),
    };
    let start = source.inner.fill_buf().map_err(ArchiveRefusal::Corrupt)?;
    let mut report = ArchiveReport::default();
    let mut out = Builder::new(Taker {
        inner: to,
        error: None,
    });
    let passed = match start {
        [0x1f, 0x8b, ..] => {
            let plain = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, &mut source));
            pass(plain, &mut out, &mut report)
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return Err(ArchiveRefusal::Packing("zstd")),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => return Err(ArchiveRefusal::Packing("xz")),
        [b'P', b'K', ..] => return Err(ArchiveRefusal::Packing("zip")),
        _ => pass(&mut source, &mut out, &mut report),
    };
    let whole = passed.and_then(|()| out.finish().map_err(ArchiveRefusal::Corrupt));
    // An error of whoever takes the bytes comes through the archive's own errors.
    if let Some(error) = out.get_mut().error.take() {
        return Err(ArchiveRefusal::Taker(error));
    }
    whole?;
    out.get_mut().flush().map_err(ArchiveRefusal::Taker)?;
    report.sha256 = hex::encode(&source.hasher.finalize());
    if report.files == 0 {
        return Err(ArchiveRefusal::Layout);
    }
    Ok(report)
}

fn pass<R: Read, W: Write>(
    plain: R,
    out: &mut Builder<W>,
    report: &mut ArchiveReport,
) -> Result<(), ArchiveRefusal> {
    let mut archive = Archive::new(plain);
    let mut has_chain = false;
    for entry in archive.entries().map_err(ArchiveRefusal::Corrupt)? {
        let entry = entry.map_err(ArchiveRefusal::Corrupt)?;
        let path = checked(&entry)?;
        match place(&path) {
            EntryTarget::Chain(path) => {
                has_chain |= path.starts_with("blockchain_data");
                copy(entry, &path, out, report)?;
            }
            EntryTarget::Nodes => report.nodes = Some(nodes(entry)?),
            EntryTarget::Secret => report.kept_out += 1,
            EntryTarget::Other => {}
        }
    }
    // To the very end: only there it shows that nothing is missing.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(ArchiveRefusal::Corrupt)?;
    if has_chain {
        Ok(())
    } else {
        Err(ArchiveRefusal::Layout)
    }
}

/// Where an entry belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum EntryTarget {
    /// Chain data, with its path on the volume.
    Chain(PathBuf),
    /// The network's first PoS nodes: they tell which network it is.
    Nodes,
    /// A key, a safety file or a network identity.
    Secret,
    /// Nothing that a node needs.
    Other,
}

fn place(path: &Path) -> EntryTarget {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let name = parts.last().copied().unwrap_or_default();
    if is_secret(name)
        || parts
            .windows(2)
            .any(|two| two == ["blockchain_data", "net_config"])
    {
        return EntryTarget::Secret;
    }
    let tops = ["blockchain_data", "pos_db", "pos_config"];
    let top = parts
        .iter()
        .take(DEEPEST + 1)
        .position(|part| tops.contains(part));
    let Some(top) = top else {
        return EntryTarget::Other;
    };
    match parts[top..] {
        ["pos_config", "initial_nodes.json"] => EntryTarget::Nodes,
        ["pos_config", ..] => EntryTarget::Other,
        // An archive may name the folder itself as a file; only what is a folder or lies in one passes.
        _ => EntryTarget::Chain(parts[top..].iter().collect()),
    }
}

fn is_secret(name: &str) -> bool {
    name.starts_with("pos_key") || name.starts_with("secure_storage.json")
}

/// Checks an entry, whether it is used or not: an archive that tries one thing may try others.
fn checked<R: Read>(entry: &Entry<'_, R>) -> Result<PathBuf, ArchiveRefusal> {
    let raw = entry.path_bytes();
    let shown: String = String::from_utf8_lossy(&raw).chars().take(200).collect();
    let refuse = |what| {
        Err(ArchiveRefusal::Entry(
            shown.escape_debug().to_string(),
            what,
        ))
    };
    match entry.header().entry_type() {
        EntryType::Regular
        | EntryType::Continuous
        | EntryType::GNUSparse
        | EntryType::Directory => {}
        EntryType::XGlobalHeader => return Ok(PathBuf::new()),
        EntryType::Symlink => return refuse("a symbolic link"),
        EntryType::Link => return refuse("a hard link"),
        EntryType::Char | EntryType::Block | EntryType::Fifo => {
            return refuse("a device or a pipe");
        }
        _ => return refuse("of an unknown kind"),
    }
    let Ok(text) = std::str::from_utf8(&raw) else {
        return refuse("no text");
    };
    if text.chars().any(char::is_control) || text.contains('\\') {
        return refuse("a path with a control character or a backslash");
    }
    let mut path = PathBuf::new();
    for part in Path::new(text).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return refuse("a path that leads out of the archive"),
        }
    }
    Ok(path)
}

fn copy<R: Read, W: Write>(
    mut entry: Entry<'_, R>,
    path: &Path,
    out: &mut Builder<W>,
    report: &mut ArchiveReport,
) -> Result<(), ArchiveRefusal> {
    let is_folder = entry.header().entry_type() == EntryType::Directory;
    let mut header = Header::new_gnu();
    header.set_uid(u64::from(USER_ID));
    header.set_gid(u64::from(GROUP_ID));
    header.set_mtime(entry.header().mtime().unwrap_or_default());
    if is_folder {
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o700);
        header.set_size(0);
        return out
            .append_data(&mut header, path, io::empty())
            .map_err(ArchiveRefusal::Corrupt);
    }
    if path.components().count() < 2 {
        let shown = path.display().to_string();
        return Err(ArchiveRefusal::Entry(
            shown,
            "a file where a folder belongs",
        ));
    }
    let size = entry.size();
    header.set_mode(0o600);
    header.set_size(size);
    out.append_data(&mut header, path, &mut entry)
        .map_err(ArchiveRefusal::Corrupt)?;
    report.bytes = report.bytes.saturating_add(size);
    report.files += 1;
    Ok(())
}

fn nodes<R: Read>(entry: Entry<'_, R>) -> Result<(String, String), ArchiveRefusal> {
    if entry.size() > NODES_LIMIT {
        return Err(ArchiveRefusal::Entry(
            "initial_nodes.json".to_owned(),
            "too large",
        ));
    }
    let mut bytes = Vec::new();
    entry
        .take(NODES_LIMIT)
        .read_to_end(&mut bytes)
        .map_err(ArchiveRefusal::Corrupt)?;
    Ok((hex::encode(&Sha256::digest(&bytes)), hash_bytes(&bytes)))
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.hasher.update(&into[..count]);
        Ok(count)
    }
}

/// Remembers that it was the taker who failed, and not the archive.
struct Taker<W> {
    inner: W,
    error: Option<io::Error>,
}

impl<W: Write> Write for Taker<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            io::Error::from(kind)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;
