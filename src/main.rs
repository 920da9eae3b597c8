//! The `shakedown` program.

/// Big clusters are millions of small objects: a seventh of a run's time with the allocator of the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    shakedown::cli::main()
}
