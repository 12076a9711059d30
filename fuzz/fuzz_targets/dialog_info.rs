#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| parsers::parser("dialog_info").try_on(octets));
