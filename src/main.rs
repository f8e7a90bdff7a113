//! The `mamacare` binary: see `mamacare --help`.

/// Many small allocations of many threads: the system's own allocator keeps half as much again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    mamacare::cli::main()
}
