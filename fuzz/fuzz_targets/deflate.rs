//! libFuzzer's door to `fuzz::deflate::run`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::deflate::run(input));
