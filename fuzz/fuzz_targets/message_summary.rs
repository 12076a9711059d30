#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| parsers::parser("message_summary").try_on(octets));
