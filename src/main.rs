//! The `mamacare` binary: see `mamacare --help`.

fn main() -> std::process::ExitCode {
    mamacare::cli::main()
}
