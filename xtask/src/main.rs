//! Repository tasks, run as `cargo xtask <task>`.
//!
//! Owns: no tables. Calls: its tasks; the product only as a program. Called by: people, the Makefile.
//! Invariants: a failed task ends with status 1, an unknown one with 2.
//! After a crash: nothing is left.

mod bench;
mod codegen;
mod tidy;

use std::{env, path::Path, process::ExitCode};

const HELP: &str = "\
usage: cargo xtask <task>

  bench     measures: each figure beside its floor, JSON in target/bench (--tenants N, --samples N)
  codegen   writes the files that are made from the code; with --check, names those that are stale
  tidy      checks what no compiler checks: walls, module heads, table ownership, links (no compilation)
";

fn main() -> ExitCode {
    // This crate's folder is part of the repository, wherever that lies.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let task = env::args().nth(1);
    match task.as_deref() {
        Some("bench") => bench::run(root, &env::args().skip(2).collect::<Vec<_>>()),
        Some("codegen") => codegen::run(root, env::args().any(|argument| argument == "--check")),
        Some("tidy") => tidy::run(root),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{HELP}");
            ExitCode::from(2)
        }
    }
}
