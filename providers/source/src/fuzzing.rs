//! The narrow way in for the fuzz targets (`tests/fuzz`): readers that are pure and not public otherwise.
//!
//! - Reads: bytes that a fuzzer chose.
//! - Returns: what the reader made of them; a broken promise is a panic.
//! - Never: is called by the program.

use std::path::Path;

use crate::artifact::{self, CompiledFile};
use crate::lock::Lockfile;
use crate::{imports, scan, solc, text};

/// Reads what the compiler's program printed, as after a compilation of `file`; returns the ABIs that a deployment
/// would read.
#[must_use]
pub fn compiler_output(printed: &[u8], file: &str) -> Vec<String> {
    let Ok((version, answer)) = solc::split_solc_output(printed, file) else {
        return Vec::new();
    };
    let Ok(compiled) = artifact::read_compiler_output(answer, file, &version, "key") else {
        return Vec::new();
    };
    for (name, artifact) in &compiled.contracts {
        let code = artifact.bytecode.strip_prefix("0x").unwrap_or("-");
        assert!(code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(compiled.take(file, name).ok().as_ref(), Some(artifact));
    }
    // The cache keeps it in this form.
    let kept = serde_json::to_vec(&compiled).expect("plain data with text keys has a JSON form");
    let again: CompiledFile = serde_json::from_slice(&kept).expect("what was kept can be read");
    assert_eq!(again, compiled);
    let contracts = compiled.contracts.values();
    contracts.map(|artifact| artifact.abi.to_string()).collect()
}

/// Reads a lock file, and asks for a package that a fuzzer can easily put there.
pub fn lock_file(bytes: &[u8]) {
    if let Ok(lock) = Lockfile::parse(Path::new("package-lock.json"), bytes)
        && let Ok(package) = lock.package("@a/b", "contracts/A.sol")
    {
        let again = crate::lock::Package::new(
            &package.name,
            &package.registered,
            &package.version,
            &package.integrity,
        );
        assert_eq!(again.ok(), Some(package));
    }
}

/// Reads a Solidity file as far as pospool does: its imports and definitions.
pub fn outline_solidity(source: &str) {
    let outline = scan::outline_file(source);
    for definition in &outline.definitions {
        assert!(!definition.name.is_empty() && source.contains(&definition.name));
    }
    for import in &outline.imports {
        for importer in ["contracts/a/A.sol", "@scope/name/a/A.sol", "name/A.sol"] {
            let Ok(name) = imports::resolve_import(import, importer) else {
                continue;
            };
            assert!(!name.starts_with('/') && name.split('/').all(|part| part != ".."));
            let relative = import.starts_with("./") || import.starts_with("../");
            if relative && importer.starts_with('@') {
                assert!(name.starts_with("@scope/name"));
            }
        }
    }
    assert!(text::shorten_text(source, 40).len() <= 40 + " …".len());
}
