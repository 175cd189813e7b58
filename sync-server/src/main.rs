//! The program `ailchin-server`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ailchin_server::cli::main()
}
