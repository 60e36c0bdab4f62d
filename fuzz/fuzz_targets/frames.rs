//! libFuzzer's door to `fuzz::frames::run`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::frames::run(input));
