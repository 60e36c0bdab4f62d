//! libFuzzer's door to `fuzz::connection::run`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::connection::run(input));
