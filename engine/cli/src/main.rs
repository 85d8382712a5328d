//! The process: hands its arguments to the library and ends with the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(pospool_cli::run_program().code())
}
