//! Ringbook: a desktop SIP softphone with a client book inside.

use std::process::ExitCode;

fn main() -> ExitCode {
    ringbook::cli::main(std::env::args_os())
}
