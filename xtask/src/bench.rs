//! Runs every bench: each figure stands beside its floor or peer from the same run; JSON goes to `target/bench/`.
//!
//! Owns: no tables. Calls: the benches, as programs. Called by: `cargo xtask bench`, `make bench`.
//! Invariants: arguments go to the benches as they are (`--tenants N`, `--samples N`). After a crash: nothing is left.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

/// A package and its bench.
const BENCHES: [(&str, &str); 5] = [
    ("tenantry-pg", "scope"),
    ("tenantry", "provisioning"),
    ("tenantry", "life"),
    ("tenantry", "identity"),
    ("tenantry", "isolation"),
];

pub(super) fn run(root: &Path, arguments: &[String]) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for (package, bench) in BENCHES {
        let mut command = Command::new(&cargo);
        command.current_dir(root).args([
            "bench",
            "--quiet",
            "--locked",
            "--package",
            package,
            "--bench",
            bench,
            "--",
        ]);
        // The others have fleets of their own size.
        if bench == "provisioning" {
            command.args(arguments);
        }
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => {
                eprintln!("bench: {bench} ended with {status}");
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("bench: cargo cannot be run: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
