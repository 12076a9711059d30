#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| parsers::parser("headset").try_on(octets));
