//! libFuzzer's door to `fuzz::handshake::run`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::handshake::run(input));
