//! Results of the compiler, kept by what they were made of.
//!
//! - Reads and writes: `compiled/<key>.json` with its seal, and `compiled/<key>.input.json` of the cache.
//! - Returns: what was kept, or nothing; a file that cannot be read or whose seal is broken counts as nothing.
//! - Never: leaves half a file under its name.

use std::{fs, io::Write, path::Path, path::PathBuf};

use crate::{
    artifact::CompiledFile,
    bounded,
    error::{SourceError, io_error},
    lock::Package,
    seal::SealKey,
    text::{encode_hex, hash_keccak},
};

/// Changes when [`CompiledFile`] changes its form, so that old files are not looked at.
const FORM: &[u8] = b"pospool-source/1";
/// Most bytes of a kept file: four times what the compiler may print, since the cache keeps it in another form.
const KEPT_LIMIT: usize = 256 << 20;

/// Returns the key of a compiler and its input.
pub(crate) fn cache_key(compiler: &Package, input: &[u8]) -> String {
    let (version, integrity) = (compiler.version.as_bytes(), compiler.integrity.as_bytes());
    encode_hex(&hash_keccak(&[FORM, version, integrity, input]))
}

/// Returns a kept result, with its input beside it: that one is known, so it is put there again where it is another.
pub(crate) fn read_cached(
    cache: &Path,
    key: &str,
    input: &[u8],
    seals: &SealKey,
) -> Result<Option<CompiledFile>, SourceError> {
    let store = cache.join("compiled");
    let path = store.join(format!("{key}.json"));
    if !seals.holds(&path) {
        return Ok(None);
    }
    let Ok(bytes) = bounded::read_bounded(&path, KEPT_LIMIT) else {
        return Ok(None);
    };
    let kept_input = bounded::read_bounded(&input_file(cache, key), KEPT_LIMIT);
    if kept_input.ok().as_deref() != Some(input) {
        write(&store, &input_name(key), input)?;
    }
    Ok(serde_json::from_slice(&bytes).ok())
}

/// Keeps a result and the input that it came from.
pub(crate) fn write_cached(
    cache: &Path,
    key: &str,
    input: &[u8],
    compiled: &CompiledFile,
    seals: &SealKey,
) -> Result<(), SourceError> {
    let store = cache.join("compiled");
    fs::create_dir_all(&store).map_err(io_error("create", &store))?;
    write(&store, &input_name(key), input)?;
    let bytes = serde_json::to_vec(compiled).map_err(|error| SourceError::CompilerAnswer {
        file: key.to_owned(),
        problem: error.to_string(),
    })?;
    let name = format!("{key}.json");
    write(&store, &name, &bytes)?;
    seals.put(&store.join(name))
}

/// Returns a kept input.
pub(crate) fn read_cached_input(cache: &Path, key: &str) -> Result<String, SourceError> {
    if key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let problem = format!("`{key}` is not the key of a compiler input");
        return Err(SourceError::Request { problem });
    }
    let path = input_file(cache, key);
    let bytes = bounded::read_bounded(&path, KEPT_LIMIT).map_err(io_error("read", &path))?;
    String::from_utf8(bytes).map_err(|_| SourceError::Request {
        problem: format!("the kept compiler input `{key}` is not UTF-8"),
    })
}

/// Where the input of a key is kept.
pub(crate) fn input_file(cache: &Path, key: &str) -> PathBuf {
    cache.join("compiled").join(input_name(key))
}

fn input_name(key: &str) -> String {
    format!("{key}.input.json")
}

fn write(store: &Path, name: &str, bytes: &[u8]) -> Result<(), SourceError> {
    let path = store.join(name);
    let fill = || {
        let mut file = tempfile::NamedTempFile::new_in(store)?;
        file.write_all(bytes)?;
        file.persist(&path).map_err(|error| error.error)
    };
    fill().map(drop).map_err(io_error("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_key_follows_the_compiler_and_the_input() {
        let compiler = crate::solc::solc_package("0.8.4", None).unwrap();
        let base = cache_key(&compiler, b"input");
        assert_eq!(base, cache_key(&compiler.clone(), b"input"));
        assert_ne!(base, cache_key(&compiler, b"other"));
        assert_ne!(
            base,
            cache_key(
                &crate::solc::solc_package("0.8.19", None).unwrap(),
                b"input"
            )
        );
        let forged = Package {
            integrity: "sha512-y".into(),
            ..compiler
        };
        assert_ne!(base, cache_key(&forged, b"input"));
    }

    #[test]
    fn case_poisoned_cache_what_is_put_comes_back_and_a_torn_or_replaced_file_counts_as_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let seals = SealKey::open(None).unwrap();
        let key = "a".repeat(64);
        let read = || read_cached(cache.path(), &key, b"{}", &seals).unwrap();
        assert!(read().is_none());
        let unlinked = BTreeMap::from([("A".to_owned(), vec!["L".to_owned()])]);
        let compiled = CompiledFile {
            contracts: BTreeMap::new(),
            unlinked,
        };
        let write = || write_cached(cache.path(), &key, b"{}", &compiled, &seals).unwrap();
        write();
        assert_eq!(read().as_ref(), Some(&compiled));
        assert_eq!(read_cached_input(cache.path(), &key).unwrap(), "{}");

        let file = |name: &str| cache.path().join("compiled").join(format!("{key}.{name}"));
        fs::write(file("input.json"), "poison").unwrap();
        assert_eq!(read().as_ref(), Some(&compiled));
        assert_eq!(read_cached_input(cache.path(), &key).unwrap(), "{}");

        let good = fs::read_to_string(file("json")).unwrap();
        for bad in ["{\"contr".to_owned(), good.replace("\"L\"", "\"M\"")] {
            fs::write(file("json"), bad).unwrap();
            assert!(read().is_none());
            write();
            assert_eq!(read().as_ref(), Some(&compiled));
        }
        assert_eq!(
            read_cached_input(cache.path(), "../../x")
                .unwrap_err()
                .code(),
            "source/request"
        );
    }
}
