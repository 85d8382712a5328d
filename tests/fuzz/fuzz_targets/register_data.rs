//! Fuzzes `register_data`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pospool_fuzz::targets::register_data(bytes));
