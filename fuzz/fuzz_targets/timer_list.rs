//! libFuzzer's door to `fuzz::timer_list::local`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::timer_list::local(input));
