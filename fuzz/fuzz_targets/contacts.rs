#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| parsers::parser("contacts").try_on(octets));
