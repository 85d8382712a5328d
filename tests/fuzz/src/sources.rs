//! Source code, its lock file, and what the compiler says of it.
//!
//! - Reads: any bytes as what the compiler's program prints; as a Solidity file; as a `package-lock.json`.
//! - Checks: no panic; code that is given out is hexadecimal and survives the cache; an import never leads out of
//!   its project or package; an ABI of a compiled contract can be read the way a deployment reads it.

use pospool_source::fuzzing as source;

use crate::texts::contract_abi;

/// Source name of the file that is compiled.
const FILE: &str = "contracts/A.sol";

/// One run with what the compiler printed; behind a `{` only its answer, since a fuzzer should not waste its time on
/// the line with the version.
pub fn compiler_output(bytes: &[u8]) {
    let with_version;
    let printed = if bytes.first() == Some(&b'{') {
        with_version = [b"0.8.4+commit.c7e474f2.Emscripten.clang\n", bytes].concat();
        &with_version
    } else {
        bytes
    };
    for abi in source::compiler_output(printed, FILE) {
        contract_abi(&abi);
    }
}

/// One run with files of a source: JSON is a lock file, anything else Solidity.
pub fn fuzz_source_files(bytes: &[u8]) {
    if bytes.first() == Some(&b'{') {
        source::lock_file(bytes);
    } else {
        source::outline_solidity(&String::from_utf8_lossy(bytes));
    }
}
