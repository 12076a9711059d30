#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| parsers::parser("rtp").try_on(octets));
