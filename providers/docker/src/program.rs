//! The files of a container that runs pospool itself: this very program, and the libraries that it has loaded.
//!
//! - Reads: `/proc/self/exe`, and which libraries lie in the memory of this process.
//! - Returns: files for an image, and the words that start it there.
//! - Never: needs a tool of the machine, or an image of a registry: such an image can be made without a network.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pospool_model::ProviderError;

use crate::codes;
use crate::image::{hash_bytes, parts_digest};

/// The program that goes into images, where it is not the one of this process.
static OTHER: OnceLock<PathBuf> = OnceLock::new();

/// Puts another program into images than the one of this process: for tests, whose process is none that a container
/// could run.
pub fn use_program(path: PathBuf) {
    // The first one that was named stays.
    let _ = OTHER.set(path);
}

/// Digest over this program, and over certificates that go in beside it. The program is read once: it is the same as long as
/// the process lives, and its digest costs more than the rest of an image.
pub(crate) fn inside_digest(certificates: &[u8]) -> Result<String, ProviderError> {
    static THIS: OnceLock<String> = OnceLock::new();
    if THIS.get().is_none() {
        let digest = Program::for_image()?.digest();
        THIS.get_or_init(|| digest);
    }
    let program = THIS.get().map_or("", String::as_str);
    Ok(parts_digest(&[program, &hash_bytes(certificates)]))
}

/// Folder of the program in its image.
const FOLDER: &str = "pospool";

/// The program and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Program {
    /// Bytes by path in the image, without a leading slash.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// What starts it: itself, or the loader of its libraries.
    pub(crate) entry: Vec<String>,
}

impl Program {
    /// Reads the files of this process, for an image.
    pub(crate) fn for_image() -> Result<Self, ProviderError> {
        Self::read().map_err(|what| ProviderError::refused(codes::PROGRAM, what))
    }

    /// Digest over its files and the words that start it.
    fn digest(&self) -> String {
        let files = self.files.iter();
        let files: Vec<(&String, String)> = files
            .map(|(path, bytes)| (path, hash_bytes(bytes)))
            .collect();
        hash_bytes(
            serde_json::json!([files, self.entry])
                .to_string()
                .as_bytes(),
        )
    }

    fn read() -> Result<Self, String> {
        let maps = PathBuf::from("/proc/self/maps");
        let maps = std::fs::read_to_string(&maps)
            .map_err(|error| format!("`{}` cannot be read: {error}", maps.display()))?;
        let mut files = vec![(
            format!("{FOLDER}/pospool"),
            bytes(
                OTHER
                    .get()
                    .map_or(Path::new("/proc/self/exe"), PathBuf::as_path),
            )?,
        )];
        let libraries = libraries(&maps);
        for library in &libraries {
            files.push((in_image(library), bytes(library)?));
        }
        Ok(Self {
            files,
            entry: entry(&libraries),
        })
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
}

/// Shared libraries that a process has in its memory; a static program has none.
fn libraries(maps: &str) -> BTreeSet<PathBuf> {
    maps.lines()
        .filter_map(|line| line.find('/').map(|at| Path::new(&line[at..])))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            // `libc.so.6` and `libc.so` alike.
            name.is_some_and(|name| name.split('.').skip(1).any(|part| part == "so"))
        })
        .map(Path::to_owned)
        .collect()
}

fn in_image(library: &Path) -> String {
    let name = library.file_name().unwrap_or_default().to_string_lossy();
    format!("{FOLDER}/lib/{name}")
}

/// The loader is called by its name: where the program would look for it is a matter of the machine that built it.
fn entry(libraries: &BTreeSet<PathBuf>) -> Vec<String> {
    let is_loader = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("ld-") || name.starts_with("ld.")
    };
    let program = format!("/{FOLDER}/pospool");
    match libraries.iter().find(is_loader) {
        None => vec![program],
        Some(loader) => vec![
            format!("/{}", in_image(loader)),
            "--library-path".to_owned(),
            format!("/{FOLDER}/lib"),
            program,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_the_memory_of_the_process() {
        let maps = "55-56 r-xp 00001000 fe:00 1  /usr/bin/pospool\n\
             7f-80 r--p 00000000 fe:00 2  /usr/lib/x86_64-linux-gnu/libc.so.6\n\
             7f-80 r-xp 00000000 fe:00 2  /usr/lib/x86_64-linux-gnu/libc.so.6\n\
             7f-80 r--p 00000000 fe:00 3  /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2\n\
             7f-80 r--p 00000000 00:00 0  [vdso]\n\
             7f-80 r--p 00000000 fe:00 4  /usr/lib/locale/C.utf8/LC_CTYPE\n";
        let found = libraries(maps);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(
            entry(&found),
            [
                "/pospool/lib/ld-linux-x86-64.so.2",
                "--library-path",
                "/pospool/lib",
                "/pospool/pospool"
            ]
        );
        assert_eq!(entry(&BTreeSet::new()), ["/pospool/pospool"]);
    }

    #[test]
    fn another_program_library_or_certificate_is_another_digest() {
        let program = |bytes: &[u8], library: &str| Program {
            files: vec![
                ("pospool/pospool".to_owned(), bytes.to_owned()),
                (library.to_owned(), vec![2]),
            ],
            entry: vec!["/pospool/pospool".to_owned()],
        };
        let digests = [
            program(b"one", "pospool/lib/libc.so.6").digest(),
            program(b"two", "pospool/lib/libc.so.6").digest(),
            program(b"one", "pospool/lib/libc.so.7").digest(),
        ];
        let different: BTreeSet<&String> = digests.iter().collect();
        assert_eq!(different.len(), digests.len());
        let again = program(b"one", "pospool/lib/libc.so.6").digest();
        assert_eq!(again, digests[0]);
        assert_ne!(
            inside_digest(b"CA").unwrap(),
            inside_digest(b"other CA").unwrap()
        );
    }

    #[test]
    fn this_very_program_can_be_read() {
        let program = Program::read().unwrap();
        assert!(program.files[0].1.starts_with(b"\x7fELF"));
    }
}
