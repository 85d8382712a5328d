//! Fuzzes `remote_document`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pospool_fuzz::targets::remote_document(bytes));
