//! Fuzzes `rpc_answer`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pospool_fuzz::targets::rpc_answer(bytes));
