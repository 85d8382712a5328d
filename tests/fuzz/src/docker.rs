//! What a Docker Engine says, and a node inside of its container.
//!
//! - Reads: any bytes, by their first letter: `i` an inspected container, `l` a list of containers, `p` lines of a
//!   pull, `n` an answer of the node.
//! - Checks: no panic; the identity of a node is hexadecimal and names one key; no secret among the attributes.

use pospool_docker::fuzzing as docker;

/// One run.
pub fn fuzz_docker(bytes: &[u8]) {
    match bytes.split_first() {
        Some((b'i', json)) => docker::fuzz_inspected(json),
        Some((b'l', json)) => docker::fuzz_listing(json),
        Some((b'p', lines)) => docker::fuzz_pulled(lines),
        Some((b'n', text)) => docker::fuzz_node_answer(&String::from_utf8_lossy(text)),
        _ => {}
    }
}
