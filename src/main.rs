//! Ringbook: a desktop SIP softphone with a client book inside.

fn main() {}
