//! Fuzzes `variables`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pospool_fuzz::targets::variables(bytes));
